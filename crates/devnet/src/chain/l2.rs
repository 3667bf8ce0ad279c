use super::{
    Account, Config, Fork, Prestate, State, SystemConfig, Touched,
    genesis::{self, L1_BLOCK, MESSAGE_PASSER},
    l1::L1Block,
    state::Parent,
};
use alloy_consensus::{
    EMPTY_ROOT_HASH, Header, Sealable, Sealed, TxReceipt, constants::EMPTY_OMMER_ROOT_HASH,
    proofs::ordered_trie_root_with_encoder, transaction::SignerRecoverable,
};
use alloy_eips::{
    NumHash,
    eip1559::{BaseFeeParams, calc_next_block_base_fee},
    eip2718::{Decodable2718, Encodable2718},
    eip7685::EMPTY_REQUESTS_HASH,
};
use alloy_evm::{
    Evm, EvmFactory,
    block::{BlockExecutor, TxResult},
};
use alloy_op_evm::{
    OpBlockExecutionCtx, OpBlockExecutor, OpEvmFactory, OpTx, block::OpAlloyReceiptBuilder, evm_env_for_op_block,
};
use alloy_primitives::{Address, B256, Bloom, Bytes, TxKind, U256, address, keccak256};
use op_alloy_consensus::{
    L1InfoDepositSource, OpReceiptEnvelope, OpTxEnvelope, TxDeposit, decode_holocene_extra_data,
    decode_jovian_extra_data, encode_holocene_extra_data, encode_jovian_extra_data,
};
use op_revm::{L1BlockInfo, OpSpecId};
use revm::{
    Database,
    database::{State as Overlay, states::bundle_state::BundleRetention},
    state::EvmState,
};
use std::fmt::Debug;

/// Who sends the L1 info transaction.
const DEPOSITOR: Address = address!("deaddeaddeaddeaddeaddeaddeaddeaddead0001");
/// The fee recipient of every block.
const SEQUENCER_FEE_VAULT: Address = address!("4200000000000000000000000000000000000011");
/// Gas limit of the L1 info transaction.
const L1_INFO_GAS: u64 = 1_000_000;
/// The same before Regolith.
const L1_INFO_GAS_BEDROCK: u64 = 150_000_000;

/// A block of L2.
#[derive(Clone, Debug)]
pub struct L2Block {
    /// The header.
    pub header: Sealed<Header>,
    /// EIP-2718 encoded transactions in order.
    pub transactions: Vec<Bytes>,
    /// Who sent them.
    pub senders: Vec<Address>,
    /// A receipt for each.
    pub receipts: Vec<OpReceiptEnvelope>,
    /// The L1 block that it belongs to.
    pub origin: NumHash,
    /// How many blocks of the same epoch precede it.
    pub sequence_number: u64,
    /// The system config in force.
    pub system_config: SystemConfig,
    /// The state after it.
    pub state: State,
    /// What its execution read or wrote.
    pub touched: Touched,
    /// What each transaction found of what it looked at.
    pub prestates: Vec<Prestate>,
    /// Number of the oldest block whose hash its execution asked for.
    pub oldest_ancestor: Option<u64>,
    /// Root of the storage of the contract that holds the withdrawals.
    pub message_passer_root: B256,
}

impl L2Block {
    /// The genesis block.
    pub(crate) fn genesis(config: &Config, l1_genesis: &L1Block, system_config: SystemConfig) -> Self {
        let state = genesis::state(config);
        let header = Header {
            parent_hash: B256::ZERO,
            number: 0,
            base_fee_per_gas: Some(1_000_000_000),
            ..unexecuted(config, &system_config, config.genesis_time, B256::ZERO)
        };
        let block = Self {
            header: Sealed::new_unchecked(header, B256::ZERO),
            transactions: Vec::new(),
            senders: Vec::new(),
            receipts: Vec::new(),
            origin: NumHash::new(0, l1_genesis.header.hash()),
            sequence_number: 0,
            system_config,
            state,
            touched: Touched::new(),
            prestates: Vec::new(),
            oldest_ancestor: None,
            message_passer_root: EMPTY_ROOT_HASH,
        };
        block.seal(config, 0)
    }

    /// The transactions that the batcher has to post: all but the deposits.
    pub fn user_transactions(&self) -> impl Iterator<Item = &Bytes> {
        self.transactions.iter().filter(|transaction| transaction.first() != Some(&0x7e))
    }

    /// The output root.
    pub fn output_root(&self) -> B256 {
        keccak256([B256::ZERO, self.header.state_root, self.message_passer_root, self.header.hash()].concat())
    }

    /// Executes the block that follows this one, with `origin` as its L1 origin.
    ///
    /// # Panics
    ///
    /// If one of the transactions is invalid: no sequencer would include it.
    pub(crate) fn child(&self, config: &Config, origin: &L1Block, block_hashes: &[B256], users: &[Bytes]) -> Self {
        let timestamp = self.header.timestamp + config.l2_block_time;
        let advances = origin.header.number != self.origin.number;
        let sequence_number = if advances { 0 } else { self.sequence_number + 1 };
        let mut system_config = self.system_config;
        let mut transactions = Vec::new();
        if advances {
            let updates = origin.updates.iter();
            updates.for_each(|update| system_config.apply(*update, config, origin.header.timestamp));
        }
        transactions.push(l1_info(config, &system_config, origin, sequence_number, timestamp).encoded_2718().into());
        if advances {
            transactions.extend(origin.deposits.iter().map(|deposit| Bytes::from(deposit.encoded_2718())));
        }
        transactions.extend(config.upgrade_transactions(timestamp).cloned());
        transactions.extend_from_slice(users);
        let beacon_root = origin.header.parent_beacon_block_root.unwrap_or_default();
        let unexecuted = unexecuted(config, &system_config, timestamp, beacon_root);
        let header = Header {
            parent_hash: self.header.hash(),
            number: self.header.number + 1,
            mix_hash: origin.header.mix_hash,
            base_fee_per_gas: Some(self.next_base_fee(config)),
            gas_limit: unexecuted.gas_limit + upgrade_gas(config, timestamp),
            ..unexecuted
        };
        let system_config = system_config.carried(config, timestamp);
        let block = Self {
            header: Sealed::new_unchecked(header, B256::ZERO),
            transactions,
            senders: Vec::new(),
            receipts: Vec::new(),
            origin: NumHash::new(origin.header.number, origin.header.hash()),
            sequence_number,
            system_config,
            state: self.state.clone(),
            touched: Touched::new(),
            prestates: Vec::new(),
            oldest_ancestor: None,
            message_passer_root: EMPTY_ROOT_HASH,
        };
        block.execute(config, block_hashes)
    }

    /// Runs the transactions on the state, which is the parent's yet, and completes the block.
    fn execute(mut self, config: &Config, block_hashes: &[B256]) -> Self {
        let parent = Parent { state: &self.state, block_hashes };
        let mut overlay = Overlay::builder().with_database_ref(parent).with_bundle_update().build();
        let environment = evm_env_for_op_block(self.header.inner(), config.hardforks(), config.l2_chain_id);
        let evm = OpEvmFactory::<OpTx>::default().create_evm(&mut overlay, environment);
        let context = OpBlockExecutionCtx {
            parent_hash: self.header.parent_hash,
            parent_beacon_block_root: self.header.parent_beacon_block_root,
            extra_data: self.header.extra_data.clone(),
        };
        let mut executor = OpBlockExecutor::new(evm, context, config.hardforks(), OpAlloyReceiptBuilder::default());
        executor.apply_pre_execution_changes().expect("system calls don't fail");
        for encoded in &self.transactions {
            let transaction =
                OpTxEnvelope::decode_2718(&mut &encoded[..]).expect("the script's transaction is encoded");
            let transaction = transaction.try_into_recovered().expect("the script's transaction is signed");
            self.senders.push(transaction.signer());
            if config.is_activation_block(Fork::Ecotone, self.header.timestamp) {
                let known = !config.is_active(Fork::Fjord, self.header.timestamp) || transaction.is_deposit();
                assert!(known, "the executor doesn't know fees where Ecotone and Fjord begin at once");
                let evm = executor.evm_mut();
                let fees = bedrock_fees(evm.db_mut(), &self.header);
                evm.ctx_mut().chain = fees;
            }
            let executed = executor.execute_transaction_without_commit(&transaction);
            let executed = executed.expect("the script's transaction is valid");
            self.prestates.push(prestate(&executed.result().state, executor.evm_mut().db_mut()));
            executor.commit_transaction(executed).expect("memory doesn't fail");
        }
        let result = executor.apply_post_execution_changes().expect("nothing is left to do");
        for (address, account) in &overlay.cache.accounts {
            let slots = account.account.iter().flat_map(|account| account.storage.keys().copied());
            self.touched.entry(*address).or_default().extend(slots);
        }
        self.oldest_ancestor = overlay.block_hashes.lowest().map(|(number, _)| number);
        // The header holds the root of its storage, so whoever executes the block reads the account.
        self.touched.entry(MESSAGE_PASSER).or_default();
        overlay.merge_transitions(BundleRetention::PlainState);
        let changes = overlay.take_bundle();
        drop(overlay);
        self.state.apply(&changes.state);
        self.receipts = result.receipts;
        if config.is_active(Fork::Jovian, self.header.timestamp) {
            let header = Header { blob_gas_used: Some(result.blob_gas_used), ..self.header.into_inner() };
            self.header = Sealed::new_unchecked(header, B256::ZERO);
        }
        self.seal(config, result.gas_used)
    }

    /// Fills in what the header commits to.
    fn seal(self, config: &Config, gas_used: u64) -> Self {
        let message_passer_root = self.state.storage_root(MESSAGE_PASSER);
        let active = |fork| config.is_active(fork, self.header.timestamp);
        let withdrawals_root = if active(Fork::Isthmus) { message_passer_root } else { EMPTY_ROOT_HASH };
        let header = Header {
            gas_used,
            state_root: self.state.root(),
            transactions_root: ordered_trie_root_with_encoder(&self.transactions, |bytes, out| {
                out.extend_from_slice(bytes)
            }),
            receipts_root: receipts_root(&self.receipts, active(Fork::Canyon)),
            logs_bloom: self.receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom()),
            withdrawals_root: active(Fork::Canyon).then_some(withdrawals_root),
            ..self.header.into_inner()
        };
        Self { header: header.seal_slow(), message_passer_root, ..self }
    }

    /// Base fee of the block after this one: EIP-1559 with the parameters that this header carries.
    fn next_base_fee(&self, config: &Config) -> u64 {
        let header = &self.header;
        let (params, floor) = match header.extra_data.len() {
            0 => (config.base_fee_at(header.timestamp + config.l2_block_time), 0),
            9 => {
                let (elasticity, denominator) = decode_holocene_extra_data(&header.extra_data).expect("made here");
                (BaseFeeParams::new(denominator.into(), elasticity.into()), 0)
            }
            _ => {
                let (elasticity, denominator, floor) = decode_jovian_extra_data(&header.extra_data).expect("made here");
                (BaseFeeParams::new(denominator.into(), elasticity.into()), floor)
            }
        };
        let jovian = config.is_active(Fork::Jovian, header.timestamp);
        let footprint = if jovian { header.blob_gas_used.unwrap_or_default() } else { 0 };
        let gas_used = header.gas_used.max(footprint);
        calc_next_block_base_fee(gas_used, header.gas_limit, header.base_fee_per_gas.unwrap_or_default(), params)
            .max(floor)
    }
}

/// What L1 fees depend on in Ecotone's activation block, where they still are Bedrock's. The executor would look for
/// the scalar where the contract keeps it from the next block on.
fn bedrock_fees<D: Database<Error: Debug>>(database: &mut D, header: &Header) -> L1BlockInfo {
    let fees = L1BlockInfo::try_fetch(database, U256::from(header.number), OpSpecId::REGOLITH);
    let fees = fees.expect("memory doesn't fail");
    L1BlockInfo { empty_ecotone_scalars: true, l1_blob_base_fee: Some(U256::ZERO), ..fees }
}

/// The accounts and slots in `touched` as they are in `before`, but for those accounts that come into being.
fn prestate<D: Database<Error: Debug>>(touched: &EvmState, before: &mut D) -> Prestate {
    let existing = touched.iter().filter(|(_, account)| !account.is_created());
    let account = |(address, account): (&Address, &revm::state::Account)| {
        let info = before.basic(*address).expect("memory doesn't fail").unwrap_or_default();
        let (nonce, balance) = (info.nonce, info.balance);
        let code = info.code.map(|code| code.original_bytes()).unwrap_or_default();
        let storage = account.storage.iter().map(|(slot, value)| (*slot, value.original_value)).collect();
        (*address, Account { nonce, balance, code, storage })
    };
    existing.map(account).collect()
}

/// Root of the receipts. Between Regolith and Canyon it leaves out the nonces that receipts of deposits have.
fn receipts_root(receipts: &[OpReceiptEnvelope], canyon: bool) -> B256 {
    ordered_trie_root_with_encoder(receipts, |receipt, out| match receipt {
        OpReceiptEnvelope::Deposit(deposit) if !canyon => {
            let mut deposit = deposit.clone();
            deposit.receipt.deposit_nonce = None;
            OpReceiptEnvelope::Deposit(deposit).encode_2718(out);
        }
        _ => receipt.encode_2718(out),
    })
}

/// What the upgrade transactions of the block at `timestamp` add to its gas limit: all their gas from Karst on.
pub(crate) fn upgrade_gas(config: &Config, timestamp: u64) -> u64 {
    if !config.is_activation_block(Fork::Karst, timestamp) {
        return 0;
    }
    let gas = |encoded: &Bytes| TxDeposit::decode_2718(&mut &encoded[..]).expect("upgrades are deposits").gas_limit;
    config.upgrades.get(&Fork::Karst).into_iter().flatten().map(gas).sum()
}

/// The part of a header that configuration, time and the L1 origin's beacon root decide.
fn unexecuted(config: &Config, system_config: &SystemConfig, timestamp: u64, beacon_root: B256) -> Header {
    let active = |fork| config.is_active(fork, timestamp);
    let params = system_config.eip1559_bytes();
    let extra_data = if active(Fork::Jovian) {
        encode_jovian_extra_data(params, config.base_fee, system_config.min_base_fee)
    } else if active(Fork::Holocene) {
        encode_holocene_extra_data(params, config.base_fee)
    } else {
        Ok(Bytes::new())
    };
    Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: SEQUENCER_FEE_VAULT,
        timestamp,
        gas_limit: system_config.gas_limit,
        extra_data: extra_data.expect("the chain's constants are not zero"),
        blob_gas_used: active(Fork::Ecotone).then_some(0),
        excess_blob_gas: active(Fork::Ecotone).then_some(0),
        parent_beacon_block_root: active(Fork::Ecotone).then_some(beacon_root),
        requests_hash: active(Fork::Isthmus).then_some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}

/// The first transaction of a block: what L2 is told of its L1 origin.
fn l1_info(
    config: &Config,
    system_config: &SystemConfig,
    origin: &L1Block,
    sequence_number: u64,
    timestamp: u64,
) -> TxDeposit {
    let input = match config.is_settled(Fork::Ecotone, timestamp) {
        true => packed_l1_info(config, system_config, origin, sequence_number, timestamp),
        false => bedrock_l1_info(system_config, origin, sequence_number),
    };
    let regolith = config.is_active(Fork::Regolith, timestamp);
    TxDeposit {
        source_hash: L1InfoDepositSource::new(origin.header.hash(), sequence_number).source_hash(),
        from: DEPOSITOR,
        to: TxKind::Call(L1_BLOCK),
        gas_limit: if regolith { L1_INFO_GAS } else { L1_INFO_GAS_BEDROCK },
        is_system_transaction: !regolith,
        input: input.into(),
        ..TxDeposit::default()
    }
}

/// Before Ecotone: ABI words.
fn bedrock_l1_info(system_config: &SystemConfig, origin: &L1Block, sequence_number: u64) -> Vec<u8> {
    let header = &origin.header;
    let function = "setL1BlockValues(uint64,uint64,uint256,bytes32,uint64,bytes32,uint256,uint256)";
    let number = |number: u64| B256::from(U256::from(number));
    let words = [
        number(header.number),
        number(header.timestamp),
        number(header.base_fee_per_gas.unwrap_or_default()),
        header.hash(),
        number(sequence_number),
        system_config.batcher.into_word(),
        system_config.overhead,
        system_config.scalar,
    ];
    [&keccak256(function)[..4], &words.concat()].concat()
}

/// From Ecotone on: fields without padding, and with each layout more of them.
fn packed_l1_info(
    config: &Config,
    system_config: &SystemConfig,
    origin: &L1Block,
    sequence_number: u64,
    timestamp: u64,
) -> Vec<u8> {
    let settled = |fork| config.is_settled(fork, timestamp);
    let (isthmus, jovian) = (settled(Fork::Isthmus), settled(Fork::Jovian));
    let function = match (isthmus, jovian) {
        (_, true) => "setL1BlockValuesJovian()",
        (true, _) => "setL1BlockValuesIsthmus()",
        _ => "setL1BlockValuesEcotone()",
    };
    let header = &origin.header;
    let blob_base_fee = match config.has_cancun_blob_fee(header.timestamp) {
        true => origin.cancun_blob_base_fee(),
        false => origin.blob_base_fee(),
    };
    let (base_fee_scalar, blob_base_fee_scalar) = system_config.fee_scalars();
    let mut input = keccak256(function)[..4].to_vec();
    input.extend_from_slice(&base_fee_scalar.to_be_bytes());
    input.extend_from_slice(&blob_base_fee_scalar.to_be_bytes());
    for number in [sequence_number, header.timestamp, header.number] {
        input.extend_from_slice(&number.to_be_bytes());
    }
    let base_fee = U256::from(header.base_fee_per_gas.unwrap_or_default());
    for word in [base_fee.into(), U256::from(blob_base_fee).into(), header.hash()] {
        let word: B256 = word;
        input.extend_from_slice(word.as_slice());
    }
    input.extend_from_slice(system_config.batcher.into_word().as_slice());
    if isthmus {
        input.extend_from_slice(&system_config.operator_fee_scalar.to_be_bytes());
        input.extend_from_slice(&system_config.operator_fee_constant.to_be_bytes());
    }
    if jovian {
        input.extend_from_slice(&system_config.da_footprint_gas_scalar().to_be_bytes());
    }
    input
}
