//! BN254, BLS12-381 and KZG proofs on SP1's precompiles.
//!
//! arkworks' towers, pairings and maps to curves run here over fields whose elements are plain integers (no Montgomery form), so
//! that addition, subtraction and multiplication are one system call each ([`field`]). Points of G1 are added by system calls for whole
//! points. No pairing, tower or map is written here: what a curve is made of is taken over from arkworks' own
//! configurations by converting their constants.
//!
//! [`bn254`], [`bls12_381`] and [`kzg`] have the functions of revm's `Crypto`, with its results and its errors. Off the zkVM
//! the same code runs on stand-ins for the precompiles, so that all but the system calls is tested natively.

#![no_std]

extern crate alloc;

pub mod bls12_381;
pub mod bn254;
pub mod field;
mod g1;
pub mod kzg;
mod precompiles;
mod tower;
