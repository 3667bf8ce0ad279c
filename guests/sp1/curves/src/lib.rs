//! BN254, BLS12-381 and KZG proofs on SP1's precompiles.
//!
//! Elements are plain integers here (no Montgomery form), so that addition, subtraction and multiplication are one system call
//! each, in the prime fields as in their quadratic extensions, and so is the addition of two points of G1. Curves'
//! constants are arkworks', converted by the compiler. Its pairings would run on such fields, too, but in ten times the cycles:
//! they see nothing of the precompiles for the quadratic extensions, and their elements are copied again and again.
//!
//! [`bn254`], [`bls12_381`] and [`kzg`] have the functions of revm's `Crypto`, with its results and its errors. Off the zkVM
//! the same code runs on stand-ins for the precompiles, so that all but the system calls is tested natively.

#![no_std]

extern crate alloc;

pub mod bls12_381;
pub mod bn254;
mod field;
mod g1;
mod g2;
mod group;
pub mod kzg;
mod pairing;
mod precompiles;
mod quadratic;
