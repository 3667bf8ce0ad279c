//! The fault proof program: from dispute inputs to a verdict.
//!
//! Prologue ([`Boot`]), derivation and execution in turn ([`Program::step`]), epilogue ([`Verdict`]). The program
//! knows the world only through [`Inputs`]: [`OracleInputs`] reads them from a preimage oracle, [`MemoryInputs`] from
//! plain data. It is the same code natively, on fault proof VMs and in zkVMs.
//!
//! It does not fetch, retry, log or measure: whoever drives it may do so between two steps. It does not hash what the
//! oracle answers either: the oracle's boundary vouches for that (the host natively, the contract on a fault proof VM,
//! the verified witness in a zkVM).
//!
//! ```
//! use kohala_preimage::Oracle;
//! use kohala_program::{OracleInputs, ProgramError, ReadError, run};
//!
//! /// Whether the claim is right that the oracle's boot inputs make. An error is no verdict.
//! fn is_right<O: Oracle>(oracle: O) -> Result<bool, ProgramError<ReadError<O::Error>>> {
//!     Ok(run(OracleInputs::new(oracle))?.is_valid())
//! }
//! ```
//!
//! `examples/own_source.rs` runs it on inputs of one's own.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod blob;
mod boot;
mod error;
mod history;
mod inputs;
mod l1;
mod l2;
mod memory;
mod oracle;
mod run;
mod start;

pub use boot::{Boot, BootError, CUSTOM_CHAIN, KnownChain, LocalKey};
pub use error::{Contradiction, ProgramError};
pub use inputs::Inputs;
pub use kohala_derive::{Event, IndexedBlobHash, Reason, Subject};
pub use kohala_execute::{Block, PrecompileOutcome, is_accelerated};
pub use memory::{Absent, MemoryInputs};
pub use oracle::{Expected, OracleInputs, ReadError};
pub use run::{Program, Progress, UNSUPPORTED, Verdict, run, run_knowing};
