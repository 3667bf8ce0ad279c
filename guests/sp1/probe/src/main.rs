//! A guest for tests: one primitive on the bytes it is given. It judges nothing.
//!
//! The input is two hints: a byte that names the primitive ([`run`]), and the primitive's bytes. The public values are a
//! byte, 0 or 1 where the primitive refuses its input, and the result's bytes. An unknown primitive ends the guest.
#![no_main]
#![allow(unsafe_code, reason = "sp1-zkvm's entry point")]

mod curves;

sp1_zkvm::entrypoint!(main);

/// Reads the hints and commits to the result.
pub fn main() {
    kohala_sp1_runtime::install();
    let primitive = sp1_zkvm::io::read_vec();
    let input = sp1_zkvm::io::read_vec();
    match run(primitive[0], &input) {
        Some(output) => sp1_zkvm::io::commit_slice(&[&[0], output.as_slice()].concat()),
        None => sp1_zkvm::io::commit_slice(&[1]),
    }
}

/// The result of a primitive; `None` where it refuses the input.
fn run(primitive: u8, input: &[u8]) -> Option<Vec<u8>> {
    Some(match primitive {
        0 => alloy_primitives::keccak256(input).to_vec(),
        _ => return curves::run(primitive, input),
    })
}
