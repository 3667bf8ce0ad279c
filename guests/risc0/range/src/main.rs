//! Proves a claim about a range of blocks: the fault proof program on a witness. The input is one frame, the witness.
//!
//! RISC Zero's own circuits compute keccak256 and sha256; all else is plain software.

mod hash;
mod kzg;
mod machine;

/// Commits to the statement, or panics.
fn main() {
    revm::precompile::install_crypto(hash::Accelerated);
    kohala_zkvm::prove_range::<machine::Risc0>();
}
