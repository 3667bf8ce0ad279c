//! What the OP Stack's specs define, and nothing that acts on it: configuration and forks, the encodings that a
//! batcher posts on L1 (frames, channels, batches, blobs), what L1 tells L2 (deposits, L1 info, system config,
//! upgrade transactions), and what L2 answers (payload attributes, output root).
//!
//! This crate does not read from anywhere, keeps no state between blocks and decides nothing about validity that
//! needs more than the bytes at hand: order, time-outs and sequencing windows belong to `kohala-derive`.
//!
//! ```
//! use kohala_protocol::{Fork, chains};
//!
//! let (rollup, l1) = chains::by_name("op-mainnet").expect("a known chain");
//! assert_eq!((rollup.l2_chain_id, l1.chain_id), (10, 1));
//! assert!(rollup.is_active(Fork::Bedrock, rollup.genesis.l2_time));
//! ```
#![no_std]

extern crate alloc;

mod attributes;
mod batch;
mod blob;
mod block;
pub mod chains;
mod channel;
mod config;
mod config_update;
mod deposit;
mod extra_data;
mod fork;
mod frame;
mod l1_chain;
mod l1_header;
mod l1_info;
mod output;
pub mod predeploys;
mod receipt;
mod system_config;
mod upgrade;

pub use attributes::Attributes;
pub use batch::{
    Batch, BatchDecodeError, BatchError, SingularBatch, SpanBatch, SpanContext, SpanTransactionError, Transactions,
};
pub use blob::{BLOB_SIZE, BlobError, MAX_BLOB_DATA_SIZE, blob_elements, decode_blob};
pub use block::{BlockId, BlockInfo, L2BlockError, L2BlockInfo, L2BlockParts};
pub use channel::{ChannelError, ChannelReader};
pub use config::{BaseFeeConfig, ConfigError, Genesis, RollupConfig};
pub use config_update::{ConfigUpdate, ConfigUpdateError, config_updates};
pub use deposit::{Deposit, DepositDecodeError, DepositError, MalformedDeposit, Source, user_deposits};
pub use extra_data::{ExtraData, ExtraDataError};
pub use fork::{Fork, ForkTimes};
pub use frame::{ChannelId, Frame, FrameError, parse_frames};
pub use l1_chain::{BlobParams, L1ChainConfig, blob_base_fee};
pub use l1_header::L1Header;
pub use l1_info::{L1Info, L1InfoError, L1InfoLayout, L1InfoTransactionError, l1_info_transaction};
pub use output::{OutputRootPreimage, output_root};
pub use receipt::{Receipt, may_hold_deposits_or_config};
pub use system_config::{EcotoneScalars, Eip1559Params, OperatorFee, ScalarError, SystemConfig};
pub use upgrade::{upgrade_gas, upgrade_transactions};
