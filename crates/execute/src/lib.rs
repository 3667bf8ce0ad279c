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
//! `examples/witness.rs` executes one block from what `debug_executionWitness` of a node answers, and shows all that it
//! takes: a [`StateSource`], and attributes made from a block.
//!
//! Two kinds of failure never mix: [`ExecuteError::Invalid`] is a verdict on the attributes, reached with all data
//! at hand; everything else is the want of data, and a verdict on nothing.
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

pub use accelerated::{PrecompileOutcome, PrecompileSource, is_accelerated};
pub use error::{ExecuteError, InvalidBlock, InvalidTransaction};
pub use execute::Block;
pub use state::{State, StateSource};
