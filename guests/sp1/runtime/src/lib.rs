//! Hashes and signatures by SP1's precompiles, for alloy and revm. What they say is never another thing than alloy's and
//! revm's own software says; it takes fewer cycles.
//!
//! Elsewhere than on SP1 hashes and signatures are computed by plain code, so that tests need no VM. [`Sp1`], the machine, and
//! [`input`] are of use on SP1 only.

mod curve;
mod ecdsa;
mod hint;
mod keccak;
mod machine;
#[cfg(any(test, target_os = "zkvm"))]
mod memory;
mod number;
mod provider;
mod secp256k1;
mod secp256r1;
mod sha256;
#[cfg(test)]
mod tests;

pub use keccak::keccak256;
#[cfg(feature = "aggregation")]
pub use machine::verify;
pub use machine::{Sp1, input};
use provider::Precompiles;
use std::sync::Arc;

/// Has alloy and revm use SP1's precompiles from now on, if nothing else was installed before. Keccak256 needs no such call:
/// alloy knows it by its symbol.
pub fn install() {
    revm::precompile::install_crypto(Precompiles);
    // The error is that there is one already.
    alloy_consensus::crypto::backend::install_default_provider(Arc::new(Precompiles)).ok();
}
