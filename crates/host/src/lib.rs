//! The host's side of the preimage oracle: stores of preimages, and who answers the program from them.
//!
//! | module | what |
//! |---|---|
//! | [`store`] | one view over all stores: memory, directory, packed file, database |
//! | [`packed`] | the packed file: everything that a claim needs in one compressed file with an index |
//! | [`database`] | an embedded database, written while a program runs |
//! | [`directory`] | one file per preimage, as op-program, kona and op-challenger keep them |
//! | [`recorded`] | raw preimages of any origin, checked and brought into shape |
//! | [`judge`](mod@judge) | one run of the program in this process |
//! | [`native`] | the oracle of a program that runs in this process |
//! | [`server`] | the oracle of a program behind file descriptors |
//! | [`kzg`] | checking and making the proofs of blobs |
//! | [`witness`](mod@witness) | the preimages of one claim, and no others |
//! | [`probe`] | what nodes can and can't do, found out before a long run |
//! | [`precompile`] | precompiles: what their keys stand for, their native cryptography |
//!
//! Nothing leaves a store unchecked: hashes are computed again, blobs are checked against their commitment, outcomes
//! of precompiles are computed rather than believed. This crate asks nobody over the network and knows nothing of
//! blocks.

pub mod beacon;
pub mod cache;
pub mod database;
pub mod directory;
pub mod discover;
pub mod dispute;
pub mod execution;
pub mod fetch;
pub mod judge;
pub mod kzg;
pub mod meter;
pub mod native;
pub mod online;
pub mod packed;
pub mod precompile;
pub mod probe;
pub mod recorded;
pub mod rollup;
pub mod rpc;
pub mod server;
pub mod store;
pub mod witness;

mod ahead;
mod counts;
mod sibling;

pub use cache::Cache;
pub use counts::{Count, Counts};
pub use dispute::{Chain, Dispute, Layout};
pub use fetch::{Agreed, FetchError};
pub use judge::{JudgeError, Judgement, Phases, Sight, judge};
pub use native::{HostError, NativeOracle, NotFetched, Request, Requests, Wanted, answer_offline};
pub use online::{Deal, Online, OnlineError, Sources};
pub use server::{Channels, Server, serve};
pub use store::{Store, StoreError};
pub use witness::witness;

/// The boot inputs of one run, by identifier. Kept apart from the stores: they are the claim, not data about it.
pub type LocalInputs = std::collections::BTreeMap<u64, alloy_primitives::Bytes>;
