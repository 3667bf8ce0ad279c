//! Proves a claim about a range of blocks: the fault proof program on a witness. The input is one hint, the witness.
#![no_main]
#![allow(unsafe_code, reason = "sp1-zkvm's entry point")]

use kohala_sp1_runtime::{self as runtime, Sp1};
use sp1_zkvm::io::commit_slice;

sp1_zkvm::entrypoint!(main);

/// Commits to the statement, or panics: then there is no proof.
pub fn main() {
    runtime::install();
    match kohala_zkvm::judge::<Sp1>(runtime::input()) {
        Ok(statement) => commit_slice(&statement.encode()),
        Err(error) => panic!("nothing is proven: {error}"),
    }
}
