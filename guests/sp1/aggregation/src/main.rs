//! Joins proofs of consecutive ranges of blocks into one. The input is one hint, what was proven; the proofs come beside it.
#![no_main]
#![allow(unsafe_code, reason = "sp1-zkvm's entry point")]

use kohala_sp1_runtime::Sp1;

sp1_zkvm::entrypoint!(main);

/// Commits to the statement, or panics.
pub fn main() {
    kohala_sp1_runtime::install();
    kohala_zkvm::prove_aggregation::<Sp1>();
}
