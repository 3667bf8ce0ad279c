//! A guest for tests: one primitive on the bytes it is given. It judges nothing.
//!
//! The input is two hints: a byte that names the primitive ([`run`]), and the primitive's bytes. With 128 added to the byte it
//! is revm's software that answers. The public values are a byte, 0 or 1 where the primitive refuses its input, and the
//! result's bytes. An unknown primitive ends the guest, and bytes that are too few for one.
#![no_main]
#![allow(unsafe_code, reason = "sp1-zkvm's entry point")]

use alloy_consensus::crypto::backend::get_default_provider;
use revm::precompile::{Crypto, DefaultCrypto, crypto};

mod curves;

sp1_zkvm::entrypoint!(main);

/// Reads the hints and commits to the result.
pub fn main() {
    let primitive = sp1_zkvm::io::read_vec();
    let input = sp1_zkvm::io::read_vec();
    kohala_sp1_runtime::install();
    let crypto = if primitive[0] < 128 { crypto() } else { &DefaultCrypto };
    match run(crypto, primitive[0] % 128, &input) {
        Some(output) => sp1_zkvm::io::commit_slice(&[&[0], output.as_slice()].concat()),
        None => sp1_zkvm::io::commit_slice(&[1]),
    }
}

/// The result of a primitive; `None` where it refuses the input.
fn run(crypto: &dyn Crypto, primitive: u8, input: &[u8]) -> Option<Vec<u8>> {
    let part = |start, end| &input[start..end];
    Some(match primitive {
        // Nothing but the hints and the commitment: what every other primitive takes less.
        0 => input.to_vec(),
        1 => keccak256(input[0].into(), input[1].into(), &input[2..]),
        2 => crypto.sha256(input).to_vec(),
        3 => {
            let (signature, hash) = (part(0, 64).try_into().unwrap(), part(65, 97).try_into().unwrap());
            crypto.secp256k1_ecrecover(signature, input[64], hash).ok()?.to_vec()
        }
        4 => {
            let (signature, hash) = (part(0, 65).try_into().unwrap(), part(65, 97).try_into().unwrap());
            get_default_provider().recover_signer_unchecked(signature, hash).ok()?.to_vec()
        }
        5 => {
            let (key, signature) = (part(0, 65).try_into().unwrap(), part(65, 129).try_into().unwrap());
            let hash = part(129, 161).try_into().unwrap();
            get_default_provider().verify_and_compute_signer_unchecked(key, signature, hash).ok()?.to_vec()
        }
        6 => {
            let (hash, signature) = (part(0, 32).try_into().unwrap(), part(32, 96).try_into().unwrap());
            let key = part(96, 160).try_into().unwrap();
            vec![crypto.secp256r1_verify_signature(hash, signature, key).into()]
        }
        _ => return curves::run(crypto, primitive, input),
    })
}

/// The hash of `input`, which is laid `from` bytes behind a place where a word can lie, and written `to` bytes behind another.
fn keccak256(from: usize, to: usize, input: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 8 + from + input.len()];
    let at = bytes.as_ptr().align_offset(8) + from;
    bytes[at..at + input.len()].copy_from_slice(input);
    let mut hash = [0; 48];
    let to = hash.as_ptr().align_offset(8) + to;
    kohala_sp1_runtime::keccak256(&bytes[at..at + input.len()], (&mut hash[to..to + 32]).try_into().unwrap());
    hash[to..to + 32].to_vec()
}
