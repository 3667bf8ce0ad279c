//! Stateless execution of L2 blocks: payload attributes and the parent's state in, header and state out.
//!
//! [`State`] is a chain's state at its head, opened node by node from a [`StateSource`]; executing [`Attributes`] on
//! it moves the head by one block. op-revm runs the transactions; the state, the roots, the header and what the fees
//! depend on are ours.
//!
//! This crate does not derive: which attributes come next, and what becomes of a chain whose attributes turn out to
//! be invalid, is not decided here. It doesn't fetch either, knows no peer's block to compare with, and keeps no
//! history beyond the hashes that `BLOCKHASH` may ask for.
//!
//! ```
//! use alloy_consensus::{Header, Sealed};
//! use alloy_primitives::B256;
//! use kohala_execute::{ExecuteError, State, StateSource};
//! use kohala_protocol::{Attributes, RollupConfig};
//! use std::sync::Arc;
//!
//! /// The output root after the block that `attributes` make on `parent`.
//! fn output_root<S: StateSource>(
//!     config: RollupConfig,
//!     parent: Sealed<Header>,
//!     attributes: &Attributes,
//!     source: &mut S,
//! ) -> Result<B256, ExecuteError<S::Error>> {
//!     let mut state = State::at(Arc::new(config), parent);
//!     state.execute(attributes, source)?;
//!     state.output_root(source)
//! }
//! ```
//!
//! `cargo run -p kohala-execute --example witness` executes one block from what `debug_executionWitness` of a node answers,
//! and `examples/witness.rs` shows all that it takes: a [`StateSource`], and attributes made from a block.
//!
//! The source is trusted: a node, a code or a header is taken as it comes, so the source has to check it against the hash
//! that asks for it.
//!
//! Two kinds of failure never mix: [`ExecuteError::Invalid`] is a verdict on the attributes, reached with all data
//! at hand; everything else is the want of data, and a verdict on nothing.
//!
//! The feature `parallel` recovers who signed a block's transactions on all cores, ahead of the transactions' turns. It needs
//! an operating system, and changes nothing that comes of a block.
//!
//! [`Attributes`]: kohala_protocol::Attributes
#![no_std]

extern crate alloc;
#[cfg(feature = "parallel")]
extern crate std;

mod accelerated;
mod deposit;
mod error;
mod execute;
mod fee;
mod made;
mod overlay;
mod precompile;
mod receipt;
mod state;
mod transaction;
mod tries;

pub use accelerated::{G1_MSM, PrecompileOutcome, g1_msm_gas, is_accelerated, recover};
pub use error::{ExecuteError, InvalidBlock, InvalidTransaction};
pub use execute::Block;
pub use kohala_trie::{NodeSource, TrieError};
pub use op_revm::OpTransactionError;
pub use state::{State, StateSource};
