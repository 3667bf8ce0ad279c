//! What is not there is never taken for an invalid block, and what is invalid leaves the state as it was.

use crate::{
    rules::{Sandbox, account, call, slot},
    support::{Memory, Missing, attributes, open},
};
use alloy_primitives::{Address, hex};
use kohala_execute::{ExecuteError, InvalidBlock, InvalidTransaction, State};
use kohala_protocol::{Attributes, Fork, RollupConfig};
use kohala_testdata::chain;
use kohala_trie::TrieError;

/// Executes the attributes once for each request to the source, that one failing; the failed state has to make the
/// right block as soon as the source answers. Returns how many requests there were.
fn fails_at_each_request(state: &State, attributes: &Attributes, memory: &mut Memory) -> usize {
    let mut undisturbed = state.clone();
    memory.asked.clear();
    let expected = undisturbed.execute(attributes, memory).unwrap().header;
    let requests = memory.asked.len();
    for k in 0..requests {
        let mut state = state.clone();
        let head = state.head().hash();
        memory.asked.clear();
        memory.fail_at = Some(k);
        let failed = state.execute(attributes, memory);
        memory.fail_at = None;
        let missing = Missing(*memory.asked.last().unwrap());
        assert!(
            matches!(failed, Err(ExecuteError::State(TrieError::Source(found))) if found == missing),
            "request {k}: {failed:?}"
        );
        assert_eq!(memory.asked.len(), k + 1, "nothing is asked after a failure");
        assert_eq!(state.head().hash(), head);
        let retried = state.execute(attributes, memory).unwrap();
        assert_eq!(retried.header, expected, "request {k}");
    }
    requests
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
            requests += fails_at_each_request(&state, &attributes, &mut memory);
            state.execute(&attributes, &mut memory).unwrap();
        }
        assert!(requests > expected, "{name}: {requests}");
    }
}

/// Slots that are cleared and an account that is destroyed fold branches: the nodes next to them are asked for when
/// all transactions are through.
#[test]
fn missing_sibling_is_no_verdict() {
    // PUSH1 0 PUSH1 1 SSTORE, the same for 2 and 3; and SLOAD POP in the place of SSTORE
    let clears = hex!("600060015560006002556000600355");
    let reads = hex!("600060015450600060025450600060035450");
    let requests = [&clears[..], &reads[..]].map(|code| {
        let slots = (1..=4).map(|key| slot(key, 7)).collect();
        let storing = account(Address::with_last_byte(0x71), code, slots);
        // PUSH0 SELFDESTRUCT
        let destroyed = account(Address::with_last_byte(0x72), &hex!("5fff"), vec![]);
        let calls = vec![call(storing.address, 100_000), call(destroyed.address, 100_000)];
        let mut sandbox = Sandbox::new(Fork::Canyon, vec![storing, destroyed]);
        let attributes = sandbox.attributes(calls);
        fails_at_each_request(&sandbox.state, &attributes, &mut sandbox.memory)
    });
    assert_eq!(requests[0], requests[1] + 1, "one storage branch is folded");
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
