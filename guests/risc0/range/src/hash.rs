//! Keccak-256 and SHA-256 by RISC Zero's circuits, for alloy and revm.

use revm::precompile::Crypto;
use risc0_zkvm::{
    guest::env,
    sha::{Impl, Sha256},
};

/// What revm's precompiles have of RISC Zero's. All else is revm's own software.
#[derive(Debug)]
pub(crate) struct Accelerated;

impl Crypto for Accelerated {
    fn sha256(&self, input: &[u8]) -> [u8; 32] {
        (*Impl::hash_bytes(input)).into()
    }
}

/// Bytes that one permutation of Keccak-256 takes in.
const RATE: usize = 136;

/// Writes the hash of `len` bytes at `bytes` to the 32 bytes at `output`, as alloy's `native-keccak` asks for it.
///
/// # Safety
/// The bytes must be valid for reads, and the 32 for writes, by nobody else.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "the binding to alloy's hook")]
unsafe extern "C" fn native_keccak256(bytes: *const u8, len: usize, output: *mut u8) {
    // SAFETY: alloy gives a slice's place and length, and the place of 32 bytes that are nowhere else in use.
    let (input, output) = unsafe { (core::slice::from_raw_parts(bytes, len), &mut *output.cast::<[u8; 32]>()) };
    keccak256(input, output);
}

fn keccak256(input: &[u8], output: &mut [u8; 32]) {
    let mut state = [0; 25];
    let (blocks, rest) = input.as_chunks::<RATE>();
    blocks.iter().for_each(|block| absorb(&mut state, block));
    let mut last = [0; RATE];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 1;
    last[RATE - 1] |= 0x80;
    absorb(&mut state, &last);
    for (bytes, lane) in output.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = lane.to_le_bytes();
    }
}

/// The permutations are proven by a circuit of their own, many at a time; what they were is part of what is proven.
fn absorb(state: &mut [u64; 25], block: &[u8; RATE]) {
    for (lane, bytes) in state.iter_mut().zip(block.as_chunks().0) {
        *lane ^= u64::from_le_bytes(*bytes);
    }
    env::risc0_keccak_update(state);
}
