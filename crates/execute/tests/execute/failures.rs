//! What is not there is never taken for an invalid block, and what is invalid leaves the state as it was.

use crate::support::{
    memory::{Memory, Missing},
    recorded::{attributes, header, open},
    sandbox::{Sandbox, account, call, deposit, refusal, slot, to},
};
use alloy_primitives::{Address, hex};
use kohala_execute::{ExecuteError, InvalidBlock, InvalidTransaction, State};
use kohala_protocol::{Attributes, Fork, RollupConfig};
use kohala_testdata::chain;
use kohala_trie::TrieError;
use op_alloy_consensus::TxDeposit;

/// What a source may refuse.
#[derive(Clone, Copy, Debug)]
enum Refused {
    /// The request of this number.
    Request(usize),
    /// The announcement of this number.
    Announcement(usize),
}

/// Executes the attributes once for each thing that the source is asked for or told, that one failing. The failed state
/// has to be as good as new: it makes the right block as soon as the source answers, and if another block comes in its
/// place, that one. Returns how many requests there were.
fn fails_at_everything(state: &State, attributes: &Attributes, other: &Attributes, memory: &mut Memory) -> usize {
    let mut make = |attributes| state.clone().execute(attributes, memory).unwrap().header;
    let expected = [other, attributes].map(&mut make);
    let [requests, announcements] = {
        memory.asked.clear();
        memory.announcements = 0;
        state.clone().execute(attributes, memory).unwrap();
        [memory.asked.len(), memory.announcements]
    };
    // Most announcements are of what is there already, and many of one kind.
    let announcements = (0..announcements).step_by(1 + announcements / 8).map(Refused::Announcement);
    let refused = (0..requests).map(Refused::Request).chain(announcements);
    for refused in refused {
        let mut failed = state.clone();
        fails(&mut failed, attributes, memory, refused);
        assert_eq!(failed.head(), state.head());
        let others = failed.clone().execute(other, memory).unwrap();
        assert_eq!(others.header, expected[0], "{refused:?}");
        let retried = failed.execute(attributes, memory).unwrap();
        assert_eq!(retried.header, expected[1], "{refused:?}");
    }
    requests
}

/// The source refuses, and that is what the error says.
fn fails(state: &mut State, attributes: &Attributes, memory: &mut Memory, refused: Refused) {
    memory.asked.clear();
    memory.announcements = 0;
    match refused {
        Refused::Request(at) => memory.fail_at = Some(at),
        Refused::Announcement(at) => memory.fail_at_announcement = Some(at),
    }
    let failed = state.execute(attributes, memory);
    (memory.fail_at, memory.fail_at_announcement) = (None, None);
    let Err(ExecuteError::State(TrieError::Source(Missing(missing)))) = failed else {
        panic!("{refused:?}: {failed:?}");
    };
    // Nothing is asked after a failure.
    match refused {
        Refused::Request(at) => {
            assert_eq!((memory.asked.len(), memory.asked.last()), (at + 1, Some(&missing)));
        }
        Refused::Announcement(at) => assert_eq!(memory.announcements, at + 1),
    }
}

#[test]
fn missing_data_is_no_verdict() {
    // The first blocks of these chains with calls into many contracts, and the forks from Holocene to Jovian.
    for (name, blocks, expected) in [("main", 22, 100), ("staged", 32, 50)] {
        let chain = chain(name);
        let config = RollupConfig::from_json(&chain.rollup_json).unwrap();
        let (mut state, mut memory) = open(&chain);
        let mut requests = 0;
        for (parent, record) in chain.l2.iter().zip(&chain.l2[1..]).take(blocks) {
            let attributes = attributes(&config, parent, record);
            requests += fails_at_everything(&state, &attributes, &attributes.clone().deposits_only(), &mut memory);
            state.execute(&attributes, &mut memory).unwrap();
        }
        assert!(requests > expected, "{name}: {requests}");
    }
}

/// Slots that are cleared and accounts that are destroyed fold branches: the nodes next to them are asked for when
/// all transactions are through, some when half of the tries are written.
#[test]
fn missing_sibling_is_no_verdict() {
    // CALLDATASIZE PUSH1 20 JUMPI; PUSH1 0 PUSH1 1 SSTORE, the same for 2 and 3; STOP. With input JUMPDEST; SLOADs of
    // 1 to 4, ADD, ADD, ADD, PUSH1 9 SSTORE.
    let clears = hex!("36601457600060015560006002556000600355005b60015460025460035460045401010160095500");
    // The same with SLOAD POP in the place of SSTORE, and so three bytes longer.
    let reads = hex!("36601757600060015450600060025450600060035450005b60015460025460035460045401010160095500");
    // PUSH0 SELFDESTRUCT
    let destroyed = hex!("5fff");
    let requests = [&clears[..], &reads[..]].map(|code| {
        let slots = || (1..=4).map(|key| slot(key, 7)).collect();
        let storing = (0x71..0x75).map(|last| account(Address::with_last_byte(last), code, slots()));
        let passing = (0x81..0x83).map(|last| account(Address::with_last_byte(last), &destroyed, vec![]));
        let accounts: Vec<_> = storing.chain(passing).collect();
        let calls = accounts.iter().map(|account| call(account.address, 100_000)).collect();
        let asks = |address| deposit(TxDeposit { input: vec![1].into(), ..to(address, 100_000) });
        let others = accounts[..4].iter().map(|account| asks(account.address)).collect();
        let mut sandbox = Sandbox::new(Fork::Canyon, accounts);
        let [attributes, other] = [calls, others].map(|transactions| sandbox.attributes(transactions));
        fails_at_everything(&sandbox.state, &attributes, &other, &mut sandbox.memory)
    });
    assert_eq!(requests[0], requests[1] + 4, "four storage branches are folded");
}

/// A source that has nothing, and is given a thing whenever it turns out to be missing.
#[test]
fn a_block_comes_about_however_often_it_fails() {
    let chain = chain("main");
    let config = RollupConfig::from_json(&chain.rollup_json).unwrap();
    let (mut state, all) = open(&chain);
    let mut source = Memory::default();
    let mut failures = 0;
    for (parent, record) in chain.l2.iter().zip(&chain.l2[1..]).take(20) {
        let attributes = attributes(&config, parent, record);
        let block = loop {
            match state.execute(&attributes, &mut source) {
                Ok(block) => break block,
                Err(ExecuteError::State(TrieError::Source(Missing(hash)))) => {
                    source.nodes.extend(all.nodes.get(&hash).map(|node| (hash, node.clone())));
                    source.codes.extend(all.codes.get(&hash).map(|code| (hash, code.clone())));
                    source.headers.extend(all.headers.get(&hash).map(|header| (hash, header.clone())));
                    failures += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
        };
        assert_eq!(block.header.hash(), record.hash);
    }
    assert_eq!(failures, source.nodes.len() + source.codes.len() + source.headers.len());
    assert!(failures > 100, "{failures}");
}

/// Blocks that turn out to be invalid when all but their last transaction are through, blocks that fail for want of
/// data, and blocks that are taken back, in any order: the state is always that of its head.
#[test]
fn neither_verdicts_nor_failures_nor_ways_back_leave_a_trace() {
    for name in ["main", "staged"] {
        let chain = chain(name);
        let config = RollupConfig::from_json(&chain.rollup_json).unwrap();
        let (mut state, mut memory) = open(&chain);
        let mut undisturbed = state.clone();
        let mut invalid = 0;
        for (index, (parent, record)) in chain.l2.iter().zip(&chain.l2[1..]).enumerate().take(40) {
            let good = attributes(&config, parent, record);
            let deposits = good.clone().deposits_only();
            if !good.is_deposits_only() {
                // The last transaction once more: its nonce is used up.
                let mut twice = good.clone();
                twice.transactions.push(twice.transactions[twice.transactions.len() - 1].clone());
                let refused = state.execute(&twice, &mut memory);
                assert_eq!(refusal(refused).0, good.transactions.len(), "{name} {index}");
                invalid += 1;
            }
            let expected = undisturbed.clone().execute(&deposits, &mut memory).unwrap().header;
            memory.announcements = 0;
            undisturbed.execute(&good, &mut memory).unwrap();
            let halfway = Refused::Announcement(memory.announcements / 2);
            fails(&mut state, &good, &mut memory, halfway);
            // A block in its place, and back; op-geth's own; at times back over all there is, and on again.
            assert_eq!(state.execute(&deposits, &mut memory).unwrap().header, expected, "{name} {index}");
            state.rewind(header(parent));
            assert_eq!(state.execute(&good, &mut memory).unwrap().header.hash(), record.hash, "{name} {index}");
            if index % 3 > 0 {
                continue;
            }
            let back = index.saturating_sub(5);
            state.rewind(header(&chain.l2[back]));
            for (parent, record) in chain.l2[back..=index].iter().zip(&chain.l2[back + 1..]) {
                let again = state.execute(&attributes(&config, parent, record), &mut memory).unwrap();
                assert_eq!(again.header.hash(), record.hash, "{name} {index}");
            }
        }
        assert!(invalid > 10, "{name}: {invalid}");
    }
}

#[test]
fn invalid_transactions_are_verdicts_and_leave_the_state() {
    let chain = chain("main");
    let config = RollupConfig::from_json(&chain.rollup_json).unwrap();
    let (mut state, mut memory) = open(&chain);
    let index =
        chain.l2.iter().position(|record| record.transactions.len() > 3 && record.transactions[1][0] != 0x7e).unwrap();
    for (parent, record) in chain.l2.iter().zip(&chain.l2[1..]).take(index - 1) {
        state.execute(&attributes(&config, parent, record), &mut memory).unwrap();
    }
    let good = attributes(&config, &chain.l2[index - 1], &chain.l2[index]);
    let with = |change: &dyn Fn(&mut Attributes)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    let mut verdict = |attributes: &Attributes| match state.execute(attributes, &mut memory) {
        Err(ExecuteError::Invalid(invalid)) => invalid,
        other => panic!("{other:?}"),
    };
    let reason = |invalid| match invalid {
        InvalidBlock::Transaction { index, reason } => (index, reason),
        other => panic!("{other:?}"),
    };

    let twice = with(&|attributes| attributes.transactions.insert(2, attributes.transactions[1].clone()));
    assert!(matches!(reason(verdict(&twice)), (2, InvalidTransaction::Refused(_))));
    let blob = with(&|attributes| attributes.transactions.push(vec![3, 0xc0].into()));
    assert_eq!(reason(verdict(&blob)), (good.transactions.len(), InvalidTransaction::Type(3)));
    let post_execution = with(&|attributes| attributes.transactions.push(vec![0x7d, 0xc0].into()));
    assert_eq!(reason(verdict(&post_execution)), (good.transactions.len(), InvalidTransaction::Type(0x7d)));
    let cut = with(&|attributes| attributes.transactions[1] = attributes.transactions[1].slice(1..));
    assert!(matches!(reason(verdict(&cut)).0, 1));
    let pool = with(&|attributes| attributes.gas_limit = 1_000_000);
    assert!(matches!(reason(verdict(&pool)).1, InvalidTransaction::GasPool { .. }));
    let scalar = with(&|attributes| {
        let mut l1_info = attributes.transactions[0].to_vec();
        let length = l1_info.len();
        l1_info[length - 2..].fill(0xff);
        attributes.transactions[0] = l1_info.into();
    });
    let footprint = 0xffff * 100;
    assert!(matches!(verdict(&with(&|changed| {
        *changed = scalar.clone();
        changed.gas_limit = footprint - 1;
    })), InvalidBlock::DaFootprint(found) if found >= footprint));
    assert_eq!(verdict(&with(&|attributes| drop(attributes.transactions.remove(0)))), InvalidBlock::L1Info);
    assert_eq!(verdict(&with(&|attributes| attributes.gas_limit = 1 << 63)), InvalidBlock::GasLimit(1 << 63));
    assert_eq!(verdict(&with(&|attributes| attributes.timestamp -= 2)), InvalidBlock::Timestamp(good.timestamp - 2));
    assert_eq!(verdict(&with(&|attributes| attributes.min_base_fee = None)), InvalidBlock::Fields);
    assert_eq!(verdict(&with(&|attributes| attributes.parent_beacon_block_root = None)), InvalidBlock::Fields);

    let block = state.execute(&good, &mut memory).unwrap();
    assert_eq!(block.header.hash(), chain.l2[index].hash);
}
