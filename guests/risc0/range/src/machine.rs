//! RISC Zero's zkVM as the program's machine.

use crate::kzg;
use alloy_primitives::Bytes;
use kohala_zkvm::{Machine, Weighted};
use risc0_zkvm::guest::env;

/// The machine that a guest runs on.
pub(crate) struct Risc0;

impl Machine for Risc0 {
    fn opens(sum: &[Weighted], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> bool {
        kzg::opens(sum, point, value, proof)
    }
}

/// The guest's input: a frame, as RISC Zero's hosts write one: the length in four bytes, little-endian, and as many bytes.
pub(crate) fn input() -> Bytes {
    let mut length = [0_u32];
    env::read_slice(&mut length);
    let mut input = vec![0_u8; length[0] as usize];
    env::read_slice(&mut input);
    input.into()
}
