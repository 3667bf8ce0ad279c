//! Precompiles, called by a contract.

use super::sandbox::{CONTRACT, Sandbox, account, call, depositor, slot, succeeded};
use alloy_primitives::hex;
use kohala_protocol::Fork;

pub(crate) const PAIRING: u16 = 0x08;
pub(crate) const BLS_G1_MSM: u16 = 0x0c;
pub(crate) const BLS_G2_MSM: u16 = 0x0e;
pub(crate) const BLS_PAIRING: u16 = 0x0f;
pub(crate) const P256_VERIFY: u16 = 0x100;

/// What a contract sees that calls the precompile with so much gas: the length of its output, or that it fails. It makes
/// do without Canyon's instructions.
pub(crate) fn precompile(fork: Fork, precompile: u16, gas: u32, input: &[u8]) -> Option<usize> {
    let length = &(input.len() as u32).to_be_bytes()[1..];
    // CODECOPY of the input to memory; STATICCALL; SSTORE of success + output's length + 1 at slot 0.
    let program = |start: u8| {
        [
            &[0x62][..],
            length,
            &[0x60, start, 0x60, 0, 0x39, 0x60, 0, 0x60, 0, 0x62],
            length,
            &[0x60, 0, 0x61],
            &precompile.to_be_bytes(),
            &[0x63],
            &gas.to_be_bytes(),
            &hex!("fa3d0160010160005500"),
        ]
        .concat()
    };
    let code = [program(program(0).len() as u8), input.to_vec()].concat();
    let mut sandbox = Sandbox::new(fork, vec![account(CONTRACT, &code, vec![])]);
    let block = sandbox.block(vec![call(CONTRACT, 29_000_000)]);
    let deposits = block.receipts.len();
    assert!(succeeded(&block, deposits - 1));
    let mut is_outcome = |length: Option<usize>| {
        let value = length.map_or(1, |length| 2 + length as u64);
        let accounts = [account(CONTRACT, &code, vec![slot(0, value)]), depositor(deposits as u64)];
        sandbox.root(&accounts) == block.header.state_root
    };
    let lengths = [0, 1, 32, 64, 128, 256, 1024, 1025].map(Some);
    [None]
        .into_iter()
        .chain(lengths)
        .find(|length| is_outcome(*length))
        .expect("no precompile here gives other lengths")
}

/// The same at some length of output that the caller doesn't care for.
pub(crate) fn succeeds(fork: Fork, address: u16, gas: u32, input: &[u8]) -> bool {
    precompile(fork, address, gas, input).is_some()
}
