//! Proves a claim about a range of blocks: the fault proof program on a witness. The input is one frame, the witness.
//!
//! RISC Zero's own circuits compute keccak256 and sha256; all else is plain software.

mod hash;
mod kzg;
mod machine;

/// Commits to the statement, or panics: then there is no proof.
fn main() {
    revm::precompile::install_crypto(hash::Accelerated);
    match kohala_zkvm::judge::<machine::Risc0>(machine::input()) {
        Ok(statement) => risc0_zkvm::guest::env::commit_slice(&statement.encode()),
        Err(error) => panic!("nothing is proven: {error}"),
    }
}
