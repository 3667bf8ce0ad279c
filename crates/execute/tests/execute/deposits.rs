//! What becomes of deposits, fork by fork (rules X05).

use crate::support::sandbox::{
    CONTRACT, FORKS, Sandbox, account, deposit, depositor, receipt, refusal, slot, succeeded, to,
};
use alloy_primitives::{Address, TxKind, U256, address, hex};
use kohala_execute::InvalidTransaction;
use kohala_protocol::Fork;
use kohala_testdata::GenesisAccount;
use op_alloy_consensus::{OpReceiptEnvelope, TxDeposit};
use op_revm::OpTransactionError;

const SENDER: Address = address!("0000000000000000000000000000000000005e4d");
const GAS_LIMIT: u64 = 70_000;

/// A deposit of these tests' sender, which mints 5 wei.
fn call() -> TxDeposit {
    TxDeposit { from: SENDER, mint: 5, ..to(CONTRACT, GAS_LIMIT) }
}

/// What a block with the deposit makes of the contract's code and slots: whether it succeeds, the gas it uses, and the
/// state root.
fn outcome(fork: Fork, code: &[u8], slots: &[(u64, u64)], transaction: TxDeposit) -> (bool, u64, Sandbox) {
    let mut sandbox = Sandbox::new(fork, contract(code, slots));
    let l1_info = Sandbox::new(fork, vec![]).block(vec![]).header.gas_used;
    let block = sandbox.block(vec![deposit(transaction)]);
    (succeeded(&block, block.receipts.len() - 1), block.header.gas_used - l1_info, sandbox)
}

/// The contract, if there is any.
fn contract(code: &[u8], slots: &[(u64, u64)]) -> Vec<GenesisAccount> {
    let slots = slots.iter().map(|&(key, value)| slot(key, value)).collect();
    (!code.is_empty()).then(|| account(CONTRACT, code, slots)).into_iter().collect()
}

/// The state root where the sender has this much after its one deposit.
fn root(sandbox: &mut Sandbox, fork: Fork, sender: u64, mut others: Vec<GenesisAccount>) -> alloy_primitives::B256 {
    others.push(GenesisAccount { balance: U256::from(sender), nonce: 1, ..account(SENDER, &[], vec![]) });
    // The L1 info deposit's.
    others.extend((fork >= Fork::Jovian).then(|| depositor(1)));
    sandbox.root(&others)
}

/// Every way to fail: the sender has its mint and a nonce more, and nothing else changes. Before Regolith the limit is
/// what a deposit uses, and a system transaction nothing.
#[test]
fn failed_deposits_keep_their_mint_and_count_their_nonce() {
    let creation = |input: &'static [u8]| TxDeposit { to: TxKind::Create, input: input.into(), ..call() };
    // 600 bytes that are not zero cost 16 gas each, but no less than 40 in all (EIP-7623).
    let floor = TxDeposit { input: vec![1; 600].into(), gas_limit: 44_999, ..call() };
    // Its name, the first fork at which it fails, the contract's code, and the gas it uses if not all.
    type Case = (&'static str, Fork, TxDeposit, &'static [u8], Option<u64>);
    let cases: [Case; 11] = [
        ("less gas than it takes to begin", Fork::Bedrock, TxDeposit { gas_limit: 20_999, ..call() }, &[], None),
        ("more value than there is", Fork::Bedrock, TxDeposit { value: U256::from(6), ..call() }, &[], None),
        ("less gas than its data's floor", Fork::Isthmus, floor, &[], None),
        ("INVALID", Fork::Bedrock, call(), &hex!("fe"), None),
        ("JUMPDEST PUSH1 0 JUMP", Fork::Bedrock, call(), &hex!("5b600056"), None),
        ("REVERT", Fork::Bedrock, call(), &hex!("60006000fd"), Some(21_006)),
        ("SSTORE, REVERT", Fork::Bedrock, call(), &hex!("600160015560006000fd"), Some(21_006 + 22_106)),
        // 53,000 to begin with.
        ("a creation with too little gas", Fork::Bedrock, TxDeposit { gas_limit: 52_999, ..creation(&[]) }, &[], None),
        ("a creation with more value", Fork::Bedrock, TxDeposit { value: U256::from(6), ..creation(&[]) }, &[], None),
        ("a creation that halts", Fork::Bedrock, creation(&hex!("fe")), &[], None),
        // 32,000 for a creation, 5 bytes of init code (two of them zero); from Canyon on 2 for a word of it.
        ("a creation that reverts", Fork::Bedrock, creation(&hex!("60006000fd")), &[], Some(53_000 + 56 + 6)),
    ];
    for (name, since, failing, code, gas) in cases {
        for fork in FORKS.into_iter().filter(|fork| *fork >= since) {
            let system = (fork < Fork::Regolith).then_some(true);
            for is_system_transaction in [Some(false), system].into_iter().flatten() {
                let transaction = TxDeposit { is_system_transaction, ..failing.clone() };
                let (success, used, mut sandbox) = outcome(fork, code, &[], transaction);
                let word = u64::from(name == "a creation that reverts" && fork >= Fork::Canyon) * 2;
                let expected = match (is_system_transaction, gas.filter(|_| fork >= Fork::Regolith)) {
                    (true, _) => 0,
                    (false, Some(gas)) => gas + word,
                    (false, None) => failing.gas_limit,
                };
                assert_eq!((success, used), (false, expected), "{name}, {fork:?}");
                let expected = root(&mut sandbox, fork, 5, contract(code, &[]));
                assert_eq!(sandbox.state.head().state_root, expected, "{name}, {fork:?}");
            }
        }
    }
}

#[test]
fn deposits_may_send_what_they_mint() {
    for fork in FORKS {
        let (success, used, mut sandbox) = outcome(fork, &[], &[], TxDeposit { value: U256::from(4), ..call() });
        assert_eq!((success, used), (true, if fork < Fork::Regolith { GAS_LIMIT } else { 21_000 }), "{fork:?}");
        let receiver = GenesisAccount { balance: U256::from(4), ..account(CONTRACT, &[], vec![]) };
        let expected = root(&mut sandbox, fork, 1, vec![receiver]);
        assert_eq!(sandbox.state.head().state_root, expected, "{fork:?}");
    }
}

#[test]
fn deposits_are_refunded_gas_from_regolith_on() {
    // PUSH1 0 PUSH1 1 SSTORE: 5,000 and two pushes, of which 4,800 are given back (EIP-3529).
    let code = hex!("6000600155");
    for fork in FORKS {
        let (success, used, mut sandbox) = outcome(fork, &code, &[(1, 7)], call());
        assert_eq!((success, used), (true, if fork < Fork::Regolith { GAS_LIMIT } else { 21_206 }), "{fork:?}");
        let expected = root(&mut sandbox, fork, 5, contract(&code, &[]));
        assert_eq!(sandbox.state.head().state_root, expected, "{fork:?}");
    }
}

/// EIP-7623: nothing of the floor is spared deposits.
#[test]
fn deposits_use_no_less_than_the_floor_of_their_data_from_isthmus_on() {
    for fork in FORKS {
        let data = TxDeposit { input: vec![1; 600].into(), gas_limit: 45_000, ..call() };
        let (success, used, _) = outcome(fork, &[], &[], data);
        let expected = if (Fork::Regolith..Fork::Isthmus).contains(&fork) { 21_000 + 600 * 16 } else { 45_000 };
        assert_eq!((success, used), (true, expected), "{fork:?}");
    }
}

/// At every fork by the nonce that the sender has (rules F31), and not where there is a contract already.
#[test]
fn deposits_create_at_the_address_of_their_senders_nonce() {
    // PUSH1 0 PUSH1 0 MSTORE8, RETURN(0, 1): code 00.
    let creation = || {
        let input = hex!("600060005360016000f3").into();
        deposit(TxDeposit { to: TxKind::Create, input, gas_limit: 100_000, ..call() })
    };
    for fork in FORKS {
        let taken = account(SENDER.create(1), &hex!("fe"), vec![]);
        let mut sandbox = Sandbox::new(fork, vec![taken.clone()]);
        let block = sandbox.block(vec![creation(), creation(), creation()]);
        let first = block.receipts.len() - 3;
        let outcomes = [0, 1, 2].map(|index| succeeded(&block, first + index));
        assert_eq!(outcomes, [true, false, true], "{fork:?}");
        let created = |nonce| account(SENDER.create(nonce), &[0], vec![]);
        let sender = GenesisAccount { balance: U256::from(15), nonce: 3, ..account(SENDER, &[], vec![]) };
        let mut accounts = vec![taken, created(0), created(2), sender];
        accounts.extend((fork >= Fork::Jovian).then(|| depositor(1)));
        assert_eq!(block.header.state_root, sandbox.root(&accounts), "{fork:?}");
    }
}

/// Where they succeed as well, and though their limit is above the block's.
#[test]
fn system_transactions_before_regolith_use_no_gas() {
    let system = TxDeposit { is_system_transaction: true, gas_limit: 150_000_000, ..call() };
    let mut sandbox = Sandbox::new(Fork::Bedrock, vec![]);
    let block = sandbox.block(vec![deposit(system), deposit(call())]);
    assert_eq!(block.header.gas_used, GAS_LIMIT);
    let OpReceiptEnvelope::Deposit(first) = receipt(&block, 0) else { panic!() };
    assert!(succeeded(&block, 0));
    assert_eq!((first.receipt.deposit_nonce, first.receipt.inner.cumulative_gas_used), (None, 0));
}

/// From Regolith on there are none: op-geth takes no block with one, and neither does it count as a failed deposit.
#[test]
fn system_transactions_are_refused_from_regolith_on() {
    for fork in FORKS.into_iter().filter(|fork| *fork >= Fork::Regolith) {
        let mut sandbox = Sandbox::new(fork, vec![]);
        let refused = sandbox.try_block(vec![deposit(TxDeposit { is_system_transaction: true, ..call() })]);
        let expected = InvalidTransaction::Refused(OpTransactionError::DepositSystemTxPostRegolith);
        assert_eq!(refusal(refused).1, expected, "{fork:?}");
    }
}
