//! Which transactions keep a block from being one, and at which forks (rules D102).

use crate::support::{
    fees::{self, l1_fee, operator_fee},
    memory::{Memory, Missing},
    sandbox::{BASE_FEE, FORKS, GENESIS_TIME, L1_BLOCK, RECEIVER, Sandbox, account, call, config, refusal, sign},
};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{Encodable2718, eip7702::Authorization};
use alloy_primitives::{Bytes, Signature, TxKind, U256, hex};
use kohala_execute::{Block, ExecuteError, InvalidTransaction};
use kohala_protocol::Fork;
use kohala_testdata::GenesisAccount;

/// A transfer of nothing, which pays the base fee.
fn transfer() -> TxEip1559 {
    TxEip1559 {
        chain_id: 901,
        gas_limit: 21_000,
        max_fee_per_gas: BASE_FEE.into(),
        to: TxKind::Call(RECEIVER),
        ..TxEip1559::default()
    }
}

fn legacy() -> TxLegacy {
    TxLegacy { gas_limit: 21_000, gas_price: BASE_FEE.into(), to: TxKind::Call(RECEIVER), ..TxLegacy::default() }
}

fn set_code(authorizations: usize) -> TxEip7702 {
    let authorization = Authorization { chain_id: U256::from(901), address: RECEIVER, nonce: 0 };
    let signed = authorization.into_signed(Signature::new(U256::ONE, U256::ONE, false));
    TxEip7702 {
        chain_id: 901,
        gas_limit: 100_000,
        max_fee_per_gas: BASE_FEE.into(),
        to: RECEIVER,
        authorization_list: vec![signed; authorizations],
        ..TxEip7702::default()
    }
}

/// What a block makes of the transaction behind a deposit.
fn outcome(
    fork: Fork,
    accounts: Vec<GenesisAccount>,
    encoded: Bytes,
) -> (Sandbox, Result<Block, ExecuteError<Missing>>) {
    let mut sandbox = Sandbox::new(fork, accounts);
    let outcome = sandbox.try_block(vec![call(RECEIVER, 50_000), encoded]);
    (sandbox, outcome)
}

/// The transaction is valid at these forks and no others, and where it is not, it is what the verdict names, and a block
/// without it can be made.
fn valid(name: &str, (encoded, sender): (Bytes, GenesisAccount), is_valid: impl Fn(Fork) -> bool) {
    for fork in FORKS {
        let (mut sandbox, outcome) = outcome(fork, vec![sender.clone()], encoded.clone());
        if is_valid(fork) {
            let block = outcome.unwrap_or_else(|error| panic!("{name}, {fork:?}: {error:?}"));
            assert_eq!(block.receipts.len(), 2 + usize::from(fork >= Fork::Jovian));
            continue;
        }
        assert_eq!(refusal(outcome).0, 1 + usize::from(fork >= Fork::Jovian), "{name}, {fork:?}");
        let next = sandbox.block(vec![call(RECEIVER, 50_000)]);
        let undisturbed = Sandbox::new(fork, vec![sender.clone()]).block(vec![call(RECEIVER, 50_000)]);
        assert_eq!(next.header, undisturbed.header, "{name}, {fork:?}");
    }
}

#[test]
fn transactions_are_valid_by_the_rules_of_their_fork() {
    let always = |_| true;
    let never = |_| false;
    let before_isthmus = |fork| fork < Fork::Isthmus;
    let from_isthmus = |fork| fork >= Fork::Isthmus;
    let with = |(encoded, sender), change: &dyn Fn(&mut GenesisAccount)| {
        let mut changed: GenesisAccount = sender;
        change(&mut changed);
        (encoded, changed)
    };
    let code = |code: &'static [u8]| with(sign(transfer()), &|sender| sender.code = code.into());
    let data = |gas_limit| sign(TxEip1559 { input: vec![1; 600].into(), gas_limit, ..transfer() });

    valid("a transfer", sign(transfer()), always);
    valid("a legacy transfer for any chain", sign(legacy()), always);
    valid("a legacy transfer", sign(TxLegacy { chain_id: Some(901), ..legacy() }), always);
    valid("a legacy transfer of another chain", sign(TxLegacy { chain_id: Some(902), ..legacy() }), never);
    valid("a transfer of another chain", sign(TxEip1559 { chain_id: 902, ..transfer() }), never);
    let list = TxEip2930 { chain_id: 901, gas_limit: 21_000, gas_price: BASE_FEE.into(), ..TxEip2930::default() };
    valid("one with an access list", sign(TxEip2930 { to: TxKind::Call(RECEIVER), ..list }), always);
    valid("a nonce too high", sign(TxEip1559 { nonce: 1, ..transfer() }), never);
    valid("a nonce too low", with(sign(transfer()), &|sender| sender.nonce = 1), never);
    let last = sign(TxEip1559 { nonce: u64::MAX, ..transfer() });
    valid("the last nonce", with(last, &|sender| sender.nonce = u64::MAX), never);
    let last = sign(TxEip1559 { nonce: u64::MAX - 1, ..transfer() });
    valid("the last nonce but one", with(last, &|sender| sender.nonce = u64::MAX - 1), always);
    valid("less than the base fee", sign(TxEip1559 { max_fee_per_gas: (BASE_FEE - 1).into(), ..transfer() }), never);
    let tip = u128::from(BASE_FEE) + 1;
    valid("a tip above its cap", sign(TxEip1559 { max_priority_fee_per_gas: tip, ..transfer() }), never);
    valid("too little gas to begin", sign(TxEip1559 { gas_limit: 20_999, ..transfer() }), never);
    valid("gas for its data", data(30_600), before_isthmus);
    valid("too little gas for its data", data(30_599), never);
    valid("gas for the floor of its data", data(45_000), always);
    valid("too little gas for the floor of its data", data(44_999), before_isthmus);
    valid("more value than there is", sign(TxEip1559 { value: U256::MAX, ..transfer() }), never);
    // EIP-3607; EIP-7702.
    valid("a sender with code", code(&hex!("00")), never);
    // Before Isthmus no account can have come to such a code.
    let (encoded, sender) = code(&hex!("ef01000000000000000000000000000000000000002002"));
    assert!(outcome(Fork::Isthmus, vec![sender], encoded).1.is_ok());
    valid("one that sets code", sign(set_code(1)), from_isthmus);
    valid("one that sets no code", sign(set_code(0)), never);
    valid(
        "more fees than 256 bits hold",
        sign(TxEip1559 { max_fee_per_gas: u128::MAX, gas_limit: 1 << 24, ..transfer() }),
        never,
    );
}

/// EIP-2: of the two signatures with an `s` each only the lower counts.
#[test]
fn signatures_with_a_high_s_are_nobodys() {
    let order = U256::from_be_bytes(hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    for s in [order - U256::ONE, order / U256::from(2) + U256::ONE, U256::ZERO, order] {
        for r in [1, 2, 3, 4].map(U256::from) {
            let encoded = transfer().into_signed(Signature::new(r, s, true)).encoded_2718();
            for fork in [Fork::Bedrock, Fork::Karst] {
                let (_, outcome) = outcome(fork, vec![], encoded.clone().into());
                assert_eq!(refusal(outcome).1, InvalidTransaction::Signature, "{r} {s}");
            }
        }
    }
}

/// The sender has to have all the gas at its cap, the value, the L1 fee and the operator's for all of the gas.
#[test]
fn senders_need_every_wei_that_could_be_due() {
    let transaction =
        TxEip1559 { gas_limit: 60_000, max_fee_per_gas: 3 * u128::from(BASE_FEE), value: U256::from(11), ..transfer() };
    let (encoded, sender) = sign(transaction);
    for fork in FORKS {
        let gas = 60_000 * 3 * u128::from(BASE_FEE) + operator_fee(fork, 60_000);
        let due = U256::from(gas + l1_fee(fork, &encoded, 0, fees::L1_BASE_FEE) + 11);
        for (balance, enough) in [(due, true), (due - U256::ONE, false)] {
            let sender = GenesisAccount { balance, ..sender.clone() };
            let accounts = vec![account(L1_BLOCK, &[0], fees::slots()), sender];
            let (_, outcome) = outcome(fork, accounts, encoded.clone());
            match enough {
                true => drop(outcome.unwrap_or_else(|error| panic!("{fork:?}: {error:?}"))),
                false => assert!(matches!(refusal(outcome).1, InvalidTransaction::Refused(_)), "{fork:?}"),
            }
        }
    }
}

/// What transactions before it have used is gone from the block, what they have left is not. A deposit that finds too
/// little is not a failed one: it keeps the block from being one as well.
#[test]
fn transactions_have_the_gas_that_others_left() {
    let limit = 2_000_000;
    for fork in FORKS {
        let used = Sandbox::new(fork, vec![]).block(vec![call(RECEIVER, 1_000_000)]).header.gas_used;
        for (gas_limit, fits) in [(limit - used, true), (limit - used + 1, false)] {
            let (encoded, sender) = sign(TxEip1559 { gas_limit, ..transfer() });
            for last in [encoded, call(RECEIVER, gas_limit)] {
                let mut sandbox = Sandbox::new(fork, vec![sender.clone()]);
                let mut attributes = sandbox.attributes(vec![call(RECEIVER, 1_000_000), last]);
                attributes.gas_limit = limit;
                let outcome = sandbox.state.execute(&attributes, &mut sandbox.memory);
                match fits {
                    true => drop(outcome.unwrap_or_else(|error| panic!("{fork:?}: {error:?}"))),
                    false => assert_eq!(
                        refusal(outcome).1,
                        InvalidTransaction::GasPool { gas_limit, available: limit - used },
                        "{fork:?}"
                    ),
                }
            }
        }
    }
}

/// From Jovian on a fork's first block is for upgrades: op-reth makes none of attributes with a user's transaction.
#[test]
fn users_are_not_let_into_the_first_block_of_a_fork_from_jovian_on() {
    for (before, fork) in FORKS.into_iter().zip(&FORKS[1..]) {
        // The first block comes at the fork's time or, as blocks are two seconds apart, one later.
        for late in [0, 1] {
            let mut config = config(before);
            config.forks.set(*fork, Some(GENESIS_TIME + 4 - late));
            let (encoded, sender) = sign(transfer());
            let mut sandbox = Sandbox::with(config, vec![sender], |_| ());
            sandbox.block(vec![]);
            let outcome = sandbox.try_block(vec![call(RECEIVER, 50_000), encoded.clone()]);
            if *fork < Fork::Jovian {
                outcome.unwrap();
                continue;
            }
            assert_eq!(refusal(outcome), (2, InvalidTransaction::Activation), "{fork:?}");
            sandbox.block(vec![call(RECEIVER, 50_000)]);
            // The next block is like any other.
            sandbox.block(vec![encoded]);
        }
    }
}

/// A client that looks at all signatures first knows of no state for such a block, and its host recorded none.
#[test]
fn what_nobody_signed_makes_no_block_whatever_is_missing() {
    let (good, sender) = sign(transfer());
    // No point of the curve has 5 for its x.
    let signature = Signature::new(U256::from(5), U256::ONE, false);
    let bad = Bytes::from(transfer().into_signed(signature).encoded_2718());
    for fork in FORKS {
        let mut sandbox = Sandbox::new(fork, vec![sender.clone()]);
        let valid = sandbox.attributes(vec![good.clone()]);
        let invalid = sandbox.attributes(vec![good.clone(), bad.clone()]);
        let index = invalid.transactions.len() - 1;
        let outcome = sandbox.state.execute(&invalid, &mut Memory::default());
        assert_eq!(refusal(outcome), (index, InvalidTransaction::Signature), "{fork:?}");
        // Without it, it is the want of data.
        let outcome = sandbox.state.execute(&valid, &mut Memory::default());
        assert!(matches!(outcome, Err(ExecuteError::State(_))), "{fork:?}: {outcome:?}");
        sandbox.state.execute(&valid, &mut sandbox.memory).unwrap();
    }
}
