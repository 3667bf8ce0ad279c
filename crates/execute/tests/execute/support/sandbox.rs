//! Chains made for one rule: accounts, transactions, blocks, and what became of them.

use super::memory::{Memory, Missing};
use alloy_consensus::{
    Eip658Value, Header, Sealable, SignableTransaction, Signed, TxEip1559, transaction::SignerRecoverable,
};
use alloy_eips::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address, hex};
use kohala_execute::{Block, ExecuteError, InvalidBlock, InvalidTransaction, State};
use kohala_protocol::{Attributes, BaseFeeConfig, BlockId, Eip1559Params, Fork, ForkTimes, Genesis, RollupConfig};
use kohala_testdata::{GenesisAccount, GenesisSlot};
use kohala_trie::EMPTY_ROOT;
use op_alloy_consensus::{OpReceiptEnvelope, TxDeposit};
use std::sync::Arc;

pub(crate) const DEPOSITOR: Address = address!("00000000000000000000000000000000000d0d0d");
/// Where a test's contract lies, if it has one.
pub(crate) const CONTRACT: Address = address!("0000000000000000000000000000000000001001");
/// Somebody without code.
pub(crate) const RECEIVER: Address = address!("0000000000000000000000000000000000002002");
pub(crate) const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
pub(crate) const GENESIS_TIME: u64 = 1_000;
pub(crate) const BASE_FEE: u64 = 1_000_000_000;

/// All forks that change execution, in fork order.
pub(crate) const FORKS: [Fork; 10] = [
    Fork::Bedrock,
    Fork::Regolith,
    Fork::Canyon,
    Fork::Ecotone,
    Fork::Fjord,
    Fork::Granite,
    Fork::Holocene,
    Fork::Isthmus,
    Fork::Jovian,
    Fork::Karst,
];

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
