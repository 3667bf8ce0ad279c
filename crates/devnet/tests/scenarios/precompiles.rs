//! Precompiles, called by a contract.

use crate::support::{Judge, answers, ask, config, with_asker};
use alloy_primitives::Bytes;
use kohala_devnet::chain::{Compression, Devnet, Fork, Posting};
use kohala_testdata::precompile_calls;

/// Each one answers as op-geth's by call and by delegation, and where a fork doesn't have it yet, there is nobody to
/// answer anything (T-PRE-2).
#[test]
fn precompiles_answer_by_call_and_delegation() {
    let calls = precompile_calls();
    assert_eq!(calls.len(), 13);
    for fork in Fork::ALL.into_iter().filter(|fork| *fork >= Fork::Ecotone) {
        let mut devnet = Devnet::new(with_asker(config(fork)));
        let mut alice = devnet.user(0);
        for calls in calls.chunks(5) {
            let questions: Vec<_> = calls.iter().map(|call| ask(&mut alice, call.address, &call.input)).collect();
            let block = devnet.l2_block(&questions);
            for (call, index) in calls.iter().zip(1..) {
                let since = Fork::ALL.into_iter().find(|fork| fork.name() == call.since).unwrap();
                let output = if fork < since { Bytes::new() } else { call.output.clone() };
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
