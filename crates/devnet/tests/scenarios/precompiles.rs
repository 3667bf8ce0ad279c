//! Precompiles, called by a contract.

use crate::support::{Judge, answers, ask, config, with_asker};
use alloy_primitives::{Address, Bytes, hex};
use kohala_devnet::chain::{Compression, Devnet, Fork, Posting};

/// A call of a precompile.
struct Call {
    name: &'static str,
    since: Fork,
    address: Address,
    input: Vec<u8>,
    output: Bytes,
}

/// Thirteen calls. A line of the file: name, the fork that has it first, address, input, op-geth's output.
fn calls() -> Vec<Call> {
    let line = |line: &'static str| {
        let fields: Vec<_> = line.split(' ').collect();
        let [name, since, address, input, output] = fields[..] else { panic!("{line}") };
        let bytes = |digits| hex::decode(digits).unwrap();
        Call {
            name,
            since: Fork::ALL.into_iter().find(|fork| fork.name() == since).unwrap(),
            address: Address::left_padding_from(&bytes(address)),
            input: bytes(input),
            output: bytes(output).into(),
        }
    };
    include_str!("precompiles.txt").lines().map(line).collect()
}

/// Each one answers as op-geth's by call and by delegation, and where a fork doesn't have it yet, there is nobody to
/// answer anything (T-PRE-2).
#[test]
fn precompiles_answer_by_call_and_delegation() {
    let calls = calls();
    assert_eq!(calls.len(), 13);
    for fork in Fork::ALL.into_iter().filter(|fork| *fork >= Fork::Ecotone) {
        let mut devnet = Devnet::new(with_asker(config(fork)));
        let mut alice = devnet.user(0);
        for calls in calls.chunks(5) {
            let questions: Vec<_> = calls.iter().map(|call| ask(&mut alice, call.address, &call.input)).collect();
            let block = devnet.l2_block(&questions);
            for (call, index) in calls.iter().zip(1..) {
                let output = if fork < call.since { Bytes::new() } else { call.output.clone() };
                let expected = [Some(output.clone()), Some(output)];
                assert_eq!(answers(block, index), expected, "{} in {fork:?}", call.name);
            }
        }
        let posting = match fork < Fork::Fjord {
            true => Posting { compression: Compression::ZLIB, ..Posting::default() },
            false => Posting::default(),
        };
        devnet.l1_block(|block| block.batch(1..=3, posting));
        Judge::of(&devnet).safe_head(3);
    }
}
