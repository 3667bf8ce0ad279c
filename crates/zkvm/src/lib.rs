//! The fault proof program in a zkVM: a proof that a claim is right, instead of a dispute about it.
//!
//! A guest is some lines around this crate: it implements [`Machine`] and commits to what [`judge`] says of its input, or to
//! what [`join_proven`] does, which joins proofs of consecutive ranges of blocks. What is proven is a [`Statement`], the
//! guest's public values. What the guest reads is a witness: everything that the program will ask for, in the order in
//! which it asks, so that each byte is hashed once, when it is read, and none is copied. [`Recorder`] makes one while the
//! program runs natively.
//!
//! There is no verdict «wrong» in a zkVM: a guest whose claim is not right, or whose witness lacks something or holds
//! something else, ends with a failure, and of that there is no proof. A proof says nothing but its statement.
//!
//! This crate knows no machine, no prover and no proof's format. It trusts the witness in nothing, and the machine in
//! all: how it hashes, multiplies points and commits.
//!
//! ```
//! use alloy_primitives::Bytes;
//! use kohala_zkvm::{ClaimError, Machine, Statement, Weighted, judge};
//!
//! /// A machine without circuits, for which nobody has shown a blob.
//! struct Native;
//!
//! impl Machine for Native {
//!     fn opens(_: &[Weighted], _: &[u8; 32], _: &[u8; 32], _: &[u8; 48]) -> bool {
//!         false
//!     }
//! }
//!
//! // A guest does this with its input, and commits to the statement. An empty witness shows nothing.
//! let proven: Result<Statement, ClaimError> = judge::<Native>(Bytes::new());
//! assert!(proven.is_err());
//! ```
#![no_std]

extern crate alloc;

mod aggregation;
mod blobs;
mod chain;
mod claim;
mod machine;
mod recorder;
mod statement;
mod witness;
mod words;

pub use aggregation::{Aggregate, AggregationError, AggregationInput, Link, join, join_proven};
pub use blobs::Weighted;
pub use chain::{chain_hash, decode_chain, encode_chain};
pub use claim::{ClaimError, judge};
pub use machine::{Machine, Phase};
pub use recorder::{Recorded, Recorder};
pub use statement::{STATEMENT_BYTES, Statement, VERSION};
pub use witness::{Part, WitnessError};
