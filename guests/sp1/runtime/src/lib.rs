//! Hashes and signatures by SP1's precompiles, for alloy and revm. What they say is never another thing than their own
//! software says; it takes fewer cycles.

mod keccak;
mod machine;

pub use machine::Sp1;

/// Has alloy and revm use SP1's precompiles from now on. Keccak256 does without: its symbol is linked in.
pub fn install() {}
