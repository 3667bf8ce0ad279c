//! Single rules of execution, each on a chain made for it.

use crate::support::{Memory, Missing};
use alloy_consensus::{
    Eip658Value, Header, Sealable, Sealed, SignableTransaction, Signed, Transaction, TxEip1559,
    transaction::SignerRecoverable,
};
use alloy_eips::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address, hex, keccak256};
use kohala_execute::{Block, ExecuteError, InvalidBlock, InvalidTransaction, State};
use kohala_protocol::{Attributes, BaseFeeConfig, BlockId, Eip1559Params, Fork, ForkTimes, Genesis, RollupConfig};
use kohala_testdata::{GenesisAccount, GenesisSlot, chain};
use kohala_trie::EMPTY_ROOT;
use op_alloy_consensus::{OpReceiptEnvelope, OpTxEnvelope, TxDeposit};
use std::sync::Arc;

const DEPOSITOR: Address = address!("00000000000000000000000000000000000d0d0d");
const CONTRACT: Address = address!("0000000000000000000000000000000000001001");
pub(crate) const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
pub(crate) const GENESIS_TIME: u64 = 1_000;
pub(crate) const BASE_FEE: u64 = 1_000_000_000;

/// A chain of its own with a few accounts.
pub(crate) struct Sandbox {
    pub(crate) state: State,
    pub(crate) memory: Memory,
    pub(crate) config: Arc<RollupConfig>,
}

impl Sandbox {
    /// All forks up to `fork` are active since genesis.
    pub(crate) fn new(fork: Fork, accounts: Vec<GenesisAccount>) -> Self {
        Self::with(config(fork), accounts, |_| ())
    }

    /// A chain on a head that `change` makes of the genesis.
    pub(crate) fn with(config: RollupConfig, accounts: Vec<GenesisAccount>, change: impl FnOnce(&mut Header)) -> Self {
        let mut memory = Memory::default();
        let active = |fork| config.is_active(fork, GENESIS_TIME);
        let mut extra_data = Vec::new();
        if active(Fork::Holocene) {
            extra_data.push(u8::from(active(Fork::Jovian)));
            extra_data.extend(hex!("000000fa00000006"));
        }
        if active(Fork::Jovian) {
            extra_data.extend([0; 8]);
        }
        let mut head = Header {
            state_root: memory.put_state(&accounts),
            gas_limit: 30_000_000,
            gas_used: 5_000_000,
            timestamp: GENESIS_TIME,
            base_fee_per_gas: Some(BASE_FEE),
            extra_data: extra_data.into(),
            withdrawals_root: active(Fork::Canyon).then_some(EMPTY_ROOT),
            blob_gas_used: active(Fork::Ecotone).then_some(0),
            excess_blob_gas: active(Fork::Ecotone).then_some(0),
            parent_beacon_block_root: active(Fork::Ecotone).then_some(B256::ZERO),
            requests_hash: active(Fork::Isthmus).then_some(B256::ZERO),
            ..Header::default()
        };
        change(&mut head);
        let config = Arc::new(config);
        Self { state: State::at(config.clone(), head.seal_slow()), memory, config }
    }

    /// Attributes of the next block. From Jovian on an L1 info deposit is put first, so that the block has a scalar.
    pub(crate) fn attributes(&self, mut transactions: Vec<Bytes>) -> Attributes {
        let head = self.state.head();
        let timestamp = head.timestamp + 2;
        let active = |fork| self.config.is_active(fork, timestamp);
        if active(Fork::Jovian) {
            let mut input = vec![0; 178];
            input[..4].copy_from_slice(&hex!("3db6be2b"));
            transactions.insert(0, deposit(TxDeposit { input: input.into(), ..to(L1_BLOCK, 100_000) }));
        }
        Attributes {
            parent: BlockId { number: head.number, hash: head.hash() },
            timestamp,
            prev_randao: B256::ZERO,
            gas_limit: 30_000_000,
            parent_beacon_block_root: active(Fork::Ecotone).then_some(B256::ZERO),
            eip1559_params: active(Fork::Holocene).then_some(Eip1559Params::default()),
            min_base_fee: active(Fork::Jovian).then_some(0),
            deposits: transactions.iter().take_while(|transaction| transaction[0] == 0x7e).count(),
            transactions,
            l1_origin: BlockId::default(),
            sequence_number: 0,
        }
    }

    pub(crate) fn try_block(&mut self, transactions: Vec<Bytes>) -> Result<Block, ExecuteError<Missing>> {
        let attributes = self.attributes(transactions);
        self.state.execute(&attributes, &mut self.memory)
    }

    pub(crate) fn block(&mut self, transactions: Vec<Bytes>) -> Block {
        self.try_block(transactions).unwrap()
    }

    /// The state root that these accounts have.
    pub(crate) fn root(&mut self, accounts: &[GenesisAccount]) -> B256 {
        self.memory.put_state(accounts)
    }
}

pub(crate) fn config(fork: Fork) -> RollupConfig {
    let mut forks = ForkTimes::default();
    for active in Fork::ALL.into_iter().filter(|active| (Fork::Regolith..=fork).contains(active)) {
        forks.set(active, Some(0));
    }
    RollupConfig {
        genesis: Genesis::default(),
        block_time: 2,
        max_sequencer_drift: 600,
        seq_window_size: 3600,
        channel_timeout: 300,
        l1_chain_id: 900,
        l2_chain_id: 901,
        forks,
        pectra_blob_schedule_time: None,
        keep_karst_upgrade_gas: false,
        batch_inbox_address: Address::ZERO,
        deposit_contract_address: Address::ZERO,
        l1_system_config_address: Address::ZERO,
        base_fee: BaseFeeConfig::default(),
    }
}

pub(crate) fn account(address: Address, code: &[u8], storage: Vec<GenesisSlot>) -> GenesisAccount {
    GenesisAccount {
        address,
        balance: U256::ZERO,
        nonce: u64::from(!code.is_empty()),
        code: Bytes::copy_from_slice(code),
        storage,
    }
}

pub(crate) fn slot(key: u64, value: u64) -> GenesisSlot {
    GenesisSlot { key: U256::from(key), value: U256::from(value) }
}

/// A deposit that calls a contract without input.
pub(crate) fn call(contract: Address, gas_limit: u64) -> Bytes {
    deposit(to(contract, gas_limit))
}

pub(crate) fn to(address: Address, gas_limit: u64) -> TxDeposit {
    TxDeposit {
        source_hash: B256::with_last_byte(1),
        from: DEPOSITOR,
        to: TxKind::Call(address),
        gas_limit,
        ..TxDeposit::default()
    }
}

pub(crate) fn deposit(deposit: TxDeposit) -> Bytes {
    deposit.encoded_2718().into()
}

/// The depositor after so many deposits, as the only thing it has.
pub(crate) fn depositor(nonce: u64) -> GenesisAccount {
    GenesisAccount { nonce, ..account(DEPOSITOR, &[], vec![]) }
}

/// The transaction with a signature of no known key, paying the base fee and no more, and who has sent it then.
pub(crate) fn signed(unsigned: TxEip1559) -> (Bytes, GenesisAccount) {
    sign(TxEip1559 { chain_id: 901, max_fee_per_gas: 2 * u128::from(BASE_FEE), ..unsigned })
}

/// The transaction with a signature of no known key, and who has sent it then: somebody rich.
pub(crate) fn sign<T>(unsigned: T) -> (Bytes, GenesisAccount)
where
    T: SignableTransaction<Signature> + Clone,
    Signed<T>: SignerRecoverable + Encodable2718,
{
    let signed = (1..)
        .map(|r| unsigned.clone().into_signed(Signature::new(U256::from(r), U256::ONE, false)))
        .find(|signed| signed.recover_signer().is_ok())
        .unwrap();
    let rich = U256::from(10).pow(U256::from(24));
    let sender = GenesisAccount { balance: rich, ..account(signed.recover_signer().unwrap(), &[], vec![]) };
    (signed.encoded_2718().into(), sender)
}

/// Which transaction keeps a block from being one, and why.
pub(crate) fn refusal(outcome: Result<Block, ExecuteError<Missing>>) -> (usize, InvalidTransaction) {
    match outcome {
        Err(ExecuteError::Invalid(InvalidBlock::Transaction { index, reason })) => (index, reason),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn receipt(block: &Block, index: usize) -> OpReceiptEnvelope {
    OpReceiptEnvelope::decode_2718_exact(&block.receipts[index]).unwrap()
}

pub(crate) fn succeeded(block: &Block, index: usize) -> bool {
    receipt(block, index).as_receipt().unwrap().status == Eip658Value::Eip658(true)
}

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

/// A chain at height 300 whose headers the source has, and a contract that stores the hash of the block that its input
/// names at slot 0.
fn with_history(fork: Fork) -> (Sandbox, Vec<B256>) {
    let mut headers: Vec<Sealed<Header>> = Vec::new();
    for number in 0..300 {
        let parent_hash = headers.last().map_or(B256::ZERO, Sealed::hash);
        headers.push(Header { number, parent_hash, ..Header::default() }.seal_slow());
    }
    let parent_hash = headers[299].hash();
    let keeper = account(CONTRACT, &HASH_KEEPER, vec![]);
    let mut sandbox = Sandbox::with(config(fork), vec![keeper], |head| {
        head.number = 300;
        head.parent_hash = parent_hash;
    });
    let mut hashes: Vec<B256> = headers.iter().map(Sealed::hash).collect();
    hashes.push(sandbox.state.head().hash());
    sandbox.memory.headers.extend(headers.into_iter().map(Sealed::split).map(|(header, hash)| (hash, header)));
    (sandbox, hashes)
}

/// PUSH0 CALLDATALOAD BLOCKHASH PUSH0 SSTORE
pub(crate) const HASH_KEEPER: [u8; 6] = hex!("5f35405f5500");

pub(crate) fn keep_hash_of(number: u64) -> Bytes {
    deposit(TxDeposit { input: B256::from(U256::from(number)).to_vec().into(), ..to(CONTRACT, 100_000) })
}

/// Which hash the contract holds after a block that asks for `number`, and how many headers were asked for.
fn block_hash(sandbox: &mut Sandbox, hashes: &[B256], number: u64) -> usize {
    let mut sandbox = Sandbox {
        state: sandbox.state.clone(),
        memory: std::mem::take(&mut sandbox.memory),
        config: sandbox.config.clone(),
    };
    sandbox.memory.asked.clear();
    let block = sandbox.block(vec![keep_hash_of(number)]);
    let asked = sandbox.memory.asked.iter().filter(|hash| sandbox.memory.headers.contains_key(*hash)).count();
    let hash = hashes.get(number as usize).filter(|_| number + 256 > 300);
    let storage = hash.map(|hash| GenesisSlot { key: U256::ZERO, value: (*hash).into() }).into_iter().collect();
    let expected = sandbox.root(&[account(CONTRACT, &HASH_KEEPER, storage), depositor(1)]);
    assert_eq!(block.header.state_root, expected, "hash of {number}");
    asked
}

#[test]
fn block_hash_walks_back_over_headers() {
    for (number, walked) in [(300, 0), (299, 0), (298, 1), (290, 9), (45, 254), (44, 0), (301, 0), (302, 0)] {
        for fork in [Fork::Granite, Fork::Isthmus] {
            let (mut sandbox, hashes) = with_history(fork);
            assert_eq!(block_hash(&mut sandbox, &hashes, number), walked, "hash of {number}, {fork:?}");
        }
    }
}

#[test]
fn block_hash_walks_once() {
    let (mut sandbox, _) = with_history(Fork::Granite);
    sandbox.block(vec![keep_hash_of(60)]);
    sandbox.memory.asked.clear();
    sandbox.block(vec![keep_hash_of(61)]);
    assert!(sandbox.memory.asked.iter().all(|hash| !sandbox.memory.headers.contains_key(hash)));
}

#[test]
fn deposits_before_regolith_use_their_gas_limit() {
    let system = TxDeposit { is_system_transaction: true, gas_limit: 150_000_000, ..to(CONTRACT, 0) };
    let transactions = vec![deposit(system), call(CONTRACT, 1_000_000)];
    let mut sandbox = Sandbox::new(Fork::Bedrock, vec![]);
    let block = sandbox.block(transactions);
    assert_eq!(block.header.gas_used, 1_000_000, "nothing for the system transaction, though above the block's limit");
    let OpReceiptEnvelope::Deposit(first) = receipt(&block, 0) else { panic!() };
    assert_eq!((first.receipt.deposit_nonce, first.receipt.inner.cumulative_gas_used), (None, 0));

    let mut sandbox = Sandbox::new(Fork::Regolith, vec![]);
    let block = sandbox.block(vec![call(CONTRACT, 1_000_000)]);
    assert_eq!(block.header.gas_used, 21_000);
}

#[test]
fn deposits_don_t_absorb_an_exhausted_block() {
    for fork in [Fork::Bedrock, Fork::Regolith, Fork::Jovian] {
        let mut sandbox = Sandbox::new(fork, vec![]);
        let error = sandbox.try_block(vec![call(CONTRACT, 30_000_001)]).unwrap_err();
        let ExecuteError::Invalid(InvalidBlock::Transaction { reason, .. }) = error else { panic!("{error:?}") };
        assert!(matches!(reason, InvalidTransaction::GasPool { gas_limit: 30_000_001, .. }));
    }
}

/// Whether for want of balance or of gas, in every fork once and no more.
#[test]
fn deposit_that_creates_nothing_raises_its_senders_nonce() {
    for fork in [Fork::Bedrock, Fork::Regolith, Fork::Isthmus] {
        for (value, gas_limit) in [(6, 100_000), (6, 50_000), (5, 50_000)] {
            let creation =
                TxDeposit { to: TxKind::Create, mint: 5, value: U256::from(value), ..to(CONTRACT, gas_limit) };
            let mut sandbox = Sandbox::new(fork, vec![]);
            let block = sandbox.block(vec![deposit(creation)]);
            assert!(!succeeded(&block, 0));
            assert_eq!(block.header.gas_used, gas_limit, "{fork:?}");
            let depositor = GenesisAccount { balance: U256::from(5), ..depositor(1) };
            assert_eq!(block.header.state_root, sandbox.root(&[depositor]), "{fork:?}, {value} wei, {gas_limit} gas");
        }
    }
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

#[test]
fn first_block_of_ecotone_charges_bedrocks_l1_fee() {
    // A recorded transaction; its sender gets what it needs in this chain.
    let recorded = chain("main");
    let mut transactions = recorded.l2.iter().flat_map(|block| &block.transactions);
    let (encoded, transaction) = transactions
        .find_map(|encoded| {
            let transaction = OpTxEnvelope::decode_2718_exact(encoded).unwrap();
            (transaction.is_legacy() && transaction.to().is_some() && transaction.input().is_empty())
                .then_some((encoded.clone(), transaction))
        })
        .unwrap();
    let sender = transaction.recover_signer().unwrap();
    let rich = U256::from(10).pow(U256::from(24));
    // Slots 1, 5, 6: base fee, overhead, scalar as Bedrock left them; 3 and 7, Ecotone's, unset.
    let l1_block = account(L1_BLOCK, &[0], vec![slot(1, 1_000_000_000), slot(5, 188), slot(6, 684_000)]);
    let zeros = encoded.iter().filter(|byte| **byte == 0).count() as u64;
    let calldata_gas = zeros * 4 + (encoded.len() as u64 - zeros) * 16;
    let l1_fee = U256::from((calldata_gas + 188) * 684_000 / 1_000_000 * 1_000_000_000);
    for fork in [Fork::Ecotone, Fork::Granite] {
        let sender_before =
            GenesisAccount { balance: rich, nonce: transaction.nonce(), ..account(sender, &[], vec![]) };
        let mut sandbox = Sandbox::new(fork, vec![l1_block.clone(), sender_before]);
        let block = sandbox.block(vec![call(CONTRACT, 50_000), encoded.clone()]);
        let gas = U256::from(block.header.gas_used - 21_000);
        let base_fee = U256::from(block.header.base_fee_per_gas.unwrap());
        let price = U256::from(transaction.gas_price().unwrap());
        let has = |address, balance| GenesisAccount { balance, ..account(address, &[], vec![]) };
        let vault = |last, balance| {
            has(Address::with_last_byte(last).bit_or(address!("4200000000000000000000000000000000000000")), balance)
        };
        let l1_fee = l1_fee + U256::from(((calldata_gas + 188) * 684_000 % 1_000_000) * 1_000);
        let spent = transaction.value() + gas * price + l1_fee;
        let expected = sandbox.root(&[
            l1_block.clone(),
            GenesisAccount { nonce: transaction.nonce() + 1, ..has(sender, rich - spent) },
            has(transaction.to().unwrap(), transaction.value()),
            vault(0x11, gas * (price - base_fee)),
            vault(0x19, gas * base_fee),
            vault(0x1a, l1_fee),
            depositor(1),
        ]);
        assert_eq!(block.header.state_root, expected, "{fork:?}");
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
