//! Single rules of execution, each on a chain made for it.

use crate::support::{
    memory::Memory,
    sandbox::{
        CONTRACT, DEPOSITOR, GENESIS_TIME, Sandbox, account, call, config, deposit, depositor, receipt, slot,
        succeeded, to,
    },
};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex, keccak256};
use kohala_protocol::Fork;
use kohala_testdata::{GenesisAccount, GenesisSlot};
use kohala_trie::EMPTY_ROOT;
use op_alloy_consensus::{OpReceiptEnvelope, TxDeposit};

/// Factory: CREATE2 of its input with salt 0.
const FACTORY: Address = address!("0000000000000000000000000000000000fac702");
/// CALLDATASIZE PUSH0 PUSH0 CALLDATACOPY PUSH0 CALLDATASIZE PUSH0 PUSH0 CREATE2 STOP
const FACTORY_CODE: [u8; 10] = hex!("365f5f375f365f5ff500");
/// PUSH1 9 PUSH1 1 SSTORE, then returns PUSH0 SELFDESTRUCT as the code: PUSH2 5fff PUSH0 MSTORE PUSH1 2 PUSH1 30 RETURN
const INIT_CODE: [u8; 15] = hex!("6009600155615fff5f526002601ef3");
const DESTRUCTIBLE: [u8; 2] = hex!("5fff");

/// A destructible contract at the address where the factory makes one.
fn destructible(storage: Vec<GenesisSlot>) -> GenesisAccount {
    account(FACTORY.create2(B256::ZERO, keccak256(INIT_CODE)), &DESTRUCTIBLE, storage)
}

fn create() -> Bytes {
    deposit(TxDeposit { input: INIT_CODE.into(), ..to(FACTORY, 1_000_000) })
}

#[test]
fn keeps_account_destroyed_and_created_again_in_one_block() {
    let before = destructible(vec![slot(1, 3), slot(5, 7)]);
    let mut sandbox = Sandbox::new(Fork::Canyon, vec![before.clone(), account(FACTORY, &FACTORY_CODE, vec![])]);
    let block = sandbox.block(vec![call(before.address, 100_000), create()]);
    assert!(succeeded(&block, 0) && succeeded(&block, 1));
    let factory = GenesisAccount { nonce: 2, ..account(FACTORY, &FACTORY_CODE, vec![]) };
    let expected = sandbox.root(&[destructible(vec![slot(1, 9)]), factory.clone(), depositor(2)]);
    assert_eq!(block.header.state_root, expected);

    // Destroyed once more, and a block later made again: the old storage doesn't come back either.
    let block = sandbox.block(vec![call(before.address, 100_000)]);
    assert_eq!(block.header.state_root, sandbox.root(&[factory, depositor(3)]));
    let block = sandbox.block(vec![create()]);
    let factory = GenesisAccount { nonce: 3, ..account(FACTORY, &FACTORY_CODE, vec![]) };
    let expected = sandbox.root(&[destructible(vec![slot(1, 9)]), factory, depositor(4)]);
    assert_eq!(block.header.state_root, expected);
}

#[test]
fn destroys_only_what_the_same_transaction_created_from_ecotone_on() {
    let before = destructible(vec![slot(5, 7)]);
    let mut sandbox = Sandbox::new(Fork::Ecotone, vec![before.clone()]);
    let block = sandbox.block(vec![call(before.address, 100_000)]);
    assert!(succeeded(&block, 0));
    assert_eq!(block.header.state_root, sandbox.root(&[before, depositor(1)]));

    // Init code that destroys itself leaves nothing but its creator's nonce.
    let mut sandbox = Sandbox::new(Fork::Ecotone, vec![account(FACTORY, &FACTORY_CODE, vec![])]);
    let block =
        sandbox.block(vec![deposit(TxDeposit { input: hex!("60096001555fff").into(), ..to(FACTORY, 1_000_000) })]);
    assert!(succeeded(&block, 0));
    let factory = GenesisAccount { nonce: 2, ..account(FACTORY, &FACTORY_CODE, vec![]) };
    assert_eq!(block.header.state_root, sandbox.root(&[factory, depositor(1)]));
}

#[test]
fn deletes_accounts_that_a_transaction_leaves_empty() {
    // Genesis may hold an empty account; a call of nothing to it touches it (EIP-161).
    let mut sandbox = Sandbox::new(Fork::Isthmus, vec![account(CONTRACT, &[], vec![])]);
    let block = sandbox.block(vec![call(CONTRACT, 100_000)]);
    assert_eq!(block.header.state_root, sandbox.root(&[depositor(1)]));
}

#[test]
fn reads_storage_of_absent_account_without_the_source() {
    // The only source request of an empty state is none: its root is the empty trie's.
    let mut sandbox = Sandbox::new(Fork::Jovian, vec![]);
    sandbox.memory.asked.clear();
    let block = sandbox.block(vec![call(CONTRACT, 100_000)]);
    assert!(succeeded(&block, 1));
    assert!(sandbox.memory.asked.is_empty(), "{:?}", sandbox.memory.asked);
}

#[test]
fn asks_for_no_node_that_it_made_itself() {
    // PUSH1 7 PUSH0 SSTORE; PUSH0 SLOAD PUSH1 1 SSTORE
    const WRITER: [u8; 4] = hex!("60075f55");
    const READER: [u8; 5] = hex!("5f54600155");
    let other = address!("0000000000000000000000000000000000002002");
    let mut sandbox =
        Sandbox::new(Fork::Jovian, vec![account(CONTRACT, &WRITER, vec![]), account(other, &READER, vec![slot(0, 7)])]);
    let storage = sandbox.memory.put_storage(&[slot(0, 7)]);
    sandbox.memory.nodes.remove(&storage);
    sandbox.try_block(vec![call(other, 100_000)]).expect_err("the node is not there");
    sandbox.memory.asked.clear();

    // The first contract's storage becomes the same trie as the second's.
    sandbox.block(vec![call(CONTRACT, 100_000)]);
    let block = sandbox.block(vec![call(other, 100_000)]);
    assert!(succeeded(&block, 1));
    assert!(!sandbox.memory.asked.contains(&storage));
}

#[test]
fn puts_the_create2_deployer_at_canyon_only() {
    let deployer = address!("13b0D85CcB8bf860b6b79AF3029fCA081AE9beF2");
    let code_hash = hex!("b0550b5b431e30d38000efb7107aaa0ade03d48a7198a140edda9d27134468b2");
    let mut config = config(Fork::Regolith);
    config.forks.set(Fork::Canyon, Some(GENESIS_TIME + 4));
    let mut sandbox = Sandbox::with(config.clone(), vec![], |_| ());
    assert_eq!(sandbox.block(vec![]).header.state_root, EMPTY_ROOT);
    let with_deployer = sandbox.block(vec![]).header.state_root;
    let code = include_bytes!("../../src/create2_deployer.bin");
    assert_eq!(keccak256(code), code_hash);
    let expected = GenesisAccount { nonce: 0, ..account(deployer, code, vec![]) };
    assert_eq!(with_deployer, sandbox.root(&[expected]));
    assert_eq!(sandbox.block(vec![]).header.state_root, with_deployer);

    // Whatever lies there keeps all else.
    let before =
        GenesisAccount { balance: U256::from(7), nonce: 3, ..account(deployer, &hex!("00"), vec![slot(1, 5)]) };
    let mut sandbox = Sandbox::with(config, vec![before.clone()], |_| ());
    sandbox.block(vec![]);
    let expected = GenesisAccount { code: Bytes::from_static(code), ..before };
    assert_eq!(sandbox.block(vec![]).header.state_root, sandbox.root(&[expected]));

    // Where Canyon is active since genesis there is no such block.
    assert_eq!(Sandbox::new(Fork::Canyon, vec![]).block(vec![]).header.state_root, EMPTY_ROOT);
}

#[test]
fn blob_base_fee_is_one_whatever_the_parents_footprint() {
    // BLOBBASEFEE PUSH0 SSTORE
    let code = hex!("4a5f5500");
    let head = |header: &mut Header| header.blob_gas_used = Some(29_000_000);
    let mut sandbox = Sandbox::with(config(Fork::Jovian), vec![account(CONTRACT, &code, vec![])], head);
    let block = sandbox.block(vec![call(CONTRACT, 100_000)]);
    assert_eq!(block.header.state_root, sandbox.root(&[account(CONTRACT, &code, vec![slot(0, 1)]), depositor(2)]));
}

/// EIP-3607 is for those who sign; a contract of L1 deposits under its own address, whoever has that on L2.
#[test]
fn deposits_may_come_from_accounts_with_code() {
    for fork in [Fork::Bedrock, Fork::Isthmus] {
        let sender = account(CONTRACT, &hex!("00"), vec![]);
        let mut sandbox = Sandbox::new(fork, vec![sender.clone()]);
        let block = sandbox.block(vec![deposit(TxDeposit { from: CONTRACT, ..to(DEPOSITOR, 50_000) })]);
        assert!(succeeded(&block, 0));
        let sender = GenesisAccount { nonce: 2, ..sender };
        assert_eq!(block.header.state_root, sandbox.root(&[sender]), "{fork:?}");
    }
}

/// The limit of EIP-3860 is for what users send to L2; L1 bounds what deposits carry (specification, «Deposits»). So
/// op-reth has it; to op-geth such a deposit has failed.
#[test]
fn deposits_may_create_with_more_init_code_than_transactions() {
    let mut init_code = vec![0; 50_000];
    init_code[..INIT_CODE.len()].copy_from_slice(&INIT_CODE);
    let creation = TxDeposit { input: init_code.into(), to: TxKind::Create, ..to(CONTRACT, 2_000_000) };
    let mut sandbox = Sandbox::new(Fork::Jovian, vec![]);
    let block = sandbox.block(vec![deposit(creation)]);
    assert!(succeeded(&block, 1));
    // The nonce is 1 by then: the L1 info deposit of the block is of the same sender.
    let created = account(DEPOSITOR.create(1), &DESTRUCTIBLE, vec![slot(1, 9)]);
    assert_eq!(block.header.state_root, sandbox.root(&[created, depositor(2)]));
}

#[test]
fn receipts_hold_the_deposit_nonce_from_canyon_on() {
    for (fork, expected) in [(Fork::Regolith, None), (Fork::Canyon, Some(1)), (Fork::Isthmus, Some(1))] {
        let mut sandbox = Sandbox::new(fork, vec![]);
        let block = sandbox.block(vec![call(CONTRACT, 50_000), call(CONTRACT, 50_000)]);
        let OpReceiptEnvelope::Deposit(second) = receipt(&block, 1) else { panic!() };
        assert_eq!(second.receipt.deposit_nonce, expected);
        assert_eq!(second.receipt.deposit_receipt_version, expected.map(|_| 1));
        assert_eq!(second.receipt.inner.cumulative_gas_used, 42_000);
    }
}

#[test]
fn message_passer_root_is_part_of_the_header_from_isthmus_on() {
    let message_passer = address!("4200000000000000000000000000000000000016");
    // PUSH1 7 PUSH1 1 SSTORE
    let code = hex!("600760015500");
    let storage_root = |value| Memory::default().put_storage(&[slot(1, value)]);
    for (fork, expected) in [
        (Fork::Regolith, None),
        (Fork::Canyon, Some(EMPTY_ROOT)),
        (Fork::Granite, Some(EMPTY_ROOT)),
        (Fork::Isthmus, Some(storage_root(7))),
    ] {
        let mut sandbox = Sandbox::new(fork, vec![account(message_passer, &code, vec![slot(1, 3)])]);
        let block = sandbox.block(vec![call(message_passer, 50_000)]);
        assert_eq!(block.header.withdrawals_root, expected, "{fork:?}");
        let output_root = sandbox.state.output_root(&mut sandbox.memory).unwrap();
        let expected = kohala_protocol::output_root(block.header.state_root, storage_root(7), block.header.hash());
        assert_eq!(output_root, expected, "{fork:?}");
    }
}

/// A source that knows codes by accounts only can answer whenever an account was read before its code (support's source
/// holds that).
#[test]
fn code_is_asked_for_after_its_own_account_was_announced() {
    let (reader, read) = (CONTRACT, Address::with_last_byte(0x77));
    // BALANCE of the other account, then a slot of its own.
    let code = [&hex!("73")[..], read.as_slice(), &hex!("31505f545000")].concat();
    let accounts = vec![account(reader, &code, vec![]), account(read, &hex!("5f5f5500"), vec![])];
    let mut sandbox = Sandbox::new(Fork::Isthmus, accounts);
    let block = sandbox.block(vec![deposit(to(reader, 100_000)), deposit(to(read, 100_000))]);
    assert_eq!(block.receipts.len(), 2);
}
