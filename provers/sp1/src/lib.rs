//! SP1's side of Kohala: runs guests in SP1's executor, makes proofs of their runs, checks them, joins them.
//!
//! `kohala prove` starts the binary of this crate. It lies apart because of what it takes to build SP1's prover.

pub mod aggregation;
pub mod execution;
pub mod guest;
mod in_order;
pub mod key;
pub mod phases;
pub mod proof;
pub mod requirements;
pub mod statement;
