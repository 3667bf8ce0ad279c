//! Joins proofs of consecutive ranges of blocks into one. The input is one hint, what was proven; the proofs come beside it.
#![no_main]
#![allow(unsafe_code, reason = "sp1-zkvm's entry point")]

use kohala_sp1_runtime as runtime;
use sp1_zkvm::io::commit_slice;

sp1_zkvm::entrypoint!(main);

/// Commits to the joined statement, or panics: then there is no proof.
pub fn main() {
    runtime::install();
    match kohala_zkvm::join_proven(&runtime::input(), runtime::verify) {
        Ok(joined) => commit_slice(&joined.encode()),
        Err(error) => panic!("nothing is proven: {error}"),
    }
}
