//! What the OP Stack's specs define, and nothing that acts on it: configuration and forks, the encodings that a
//! batcher posts on L1 (frames, channels, batches, blobs), what L1 tells L2 (deposits, L1 info, system config,
//! upgrade transactions), and what L2 answers (payload attributes, output root).
//!
//! This crate does not read from anywhere, keeps no state between blocks and decides nothing about validity that
//! needs more than the bytes at hand: order, time-outs and sequencing windows belong to `kohala-derive`.
#![no_std]

extern crate alloc;

mod attributes;
mod block;
mod fork;
mod system_config;

pub use attributes::Attributes;
pub use block::{BlockId, BlockInfo, L2BlockInfo};
pub use fork::{Fork, ForkTimes};
pub use system_config::{Eip1559Params, OperatorFee, SystemConfig};
