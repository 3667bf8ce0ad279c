//! Proves a claim about a range of blocks: the fault proof program on a witness. The input is one hint, the witness.
#![no_main]
#![allow(unsafe_code, reason = "sp1-zkvm's entry point")]

use kohala_sp1_runtime::Sp1;

sp1_zkvm::entrypoint!(main);

/// Commits to the statement, or panics.
pub fn main() {
    kohala_sp1_runtime::install();
    kohala_zkvm::prove_range::<Sp1>();
}
