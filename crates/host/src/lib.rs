//! The host's side of the preimage oracle: where preimages come from, where they are kept, and who answers the program.
//!
//! | module | what |
//! |---|---|
//! | [`judge`](mod@judge), [`dispute`] | one run of the program in this process, and what it is about |
//! | [`native`], [`server`] | the oracle of a program in this process, and of one behind file descriptors |
//! | [`online`] | both while the data is fetched |
//! | [`fetch`] | one piece of data at a time, from nodes into the cache |
//! | [`execution`], [`beacon`], [`rollup`] | what the nodes tell, checked |
//! | [`rpc`], [`meter`] | calls over HTTP: URLs, retries, limits; what was asked |
//! | [`discover`], [`probe`] | what is to be judged, found out from a number; what nodes can do, before a long run |
//! | [`cache`] | what was fetched: the newest in memory, all of it in a store |
//! | [`store`] | one view over all stores: memory, directory, packed file, database, cache |
//! | [`packed`] | the packed file: everything that a claim needs in one compressed file with an index |
//! | [`database`] | an embedded database, written while a program runs |
//! | [`directory`] | one file per preimage, as op-program, kona and op-challenger keep them |
//! | [`recorded`] | raw preimages of any origin, checked and brought into shape |
//! | [`witness`](mod@witness) | the preimages of one claim, and no others |
//! | [`guest_input`](mod@guest_input) | what a zkVM's guest reads of one claim |
//! | [`upload`] | the calls that load a preimage's part into L1's oracle |
//! | [`kzg`], [`precompile`] | commitments and proofs of blobs; precompiles: what their keys stand for, their cryptography |
//!
//! Nothing enters or leaves a store unchecked: hashes are computed again, blobs are checked against their commitment,
//! outcomes of precompiles are computed rather than believed. An outage is never a verdict. This crate decides nothing
//! about a claim: the program does.

pub mod beacon;
pub mod cache;
pub mod database;
pub mod directory;
pub mod discover;
pub mod dispute;
pub mod execution;
pub mod fetch;
pub mod guest_input;
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
pub mod upload;
pub mod witness;

mod ahead;
mod counts;
mod sibling;
mod state;

pub use cache::Cache;
pub use counts::{Count, Counts};
pub use dispute::{Chain, Dispute, Layout};
pub use fetch::{Agreed, FetchError};
pub use guest_input::{GuestInput, GuestInputError, guest_input};
pub use judge::{JudgeError, Judgement, Phases, Sight, judge};
pub use native::{HostError, NativeOracle, NotFetched, Request, Requests, Wanted};
pub use online::{Deal, Online, OnlineError, Sources};
pub use server::{Channels, Server, serve};
pub use store::{Store, StoreError};
pub use upload::{Argument, Upload, UploadError};
pub use witness::witness;

/// The boot inputs of one run, by identifier. Kept apart from the stores: they are the claim, not data about it.
pub type LocalInputs = std::collections::BTreeMap<u64, alloy_primitives::Bytes>;

/// A lock's content, even after a panic elsewhere: nothing here is left half written.
pub(crate) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
