use super::{Config, ConfigUpdate, DEPOSIT_CONTRACT, L1Fork, l1_state::L1State, system_config::abi_bytes};
use alloy_consensus::{
    EthereumTxEnvelope, Header, ReceiptEnvelope, Sealable, Sealed, TxEip4844, proofs::ordered_trie_root_with_encoder,
};
use alloy_eips::{
    eip1559::BaseFeeParams, eip2718::Encodable2718, eip4844::DATA_GAS_PER_BLOB, eip7685::EMPTY_REQUESTS_HASH,
    eip7840::BlobParams,
};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, Log, LogData, TxKind, U256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::EMPTY_ROOT_HASH;
use op_alloy_consensus::{TxDeposit, UserDepositSource};
use sha2::{Digest, Sha256};
use std::ops::RangeInclusive;

/// A transaction of L1. Blobs are kept beside it, as blocks have it.
pub type L1Transaction = EthereumTxEnvelope<TxEip4844>;

/// A block of L1.
#[derive(Clone, Debug)]
pub struct L1Block {
    /// The header.
    pub header: Sealed<Header>,
    /// Transactions of types that nobody knows yet, EIP-2718 encoded. They come before all others, and nothing comes of
    /// them.
    pub unknown: Vec<Bytes>,
    /// The other transactions in order.
    pub transactions: Vec<L1Transaction>,
    /// Who sent them.
    pub senders: Vec<Address>,
    /// A receipt for each of those.
    pub receipts: Vec<ReceiptEnvelope>,
    /// The blobs of all transactions in order.
    pub blobs: Vec<Blob>,
    /// What it deposits on L2.
    pub deposits: Vec<TxDeposit>,
    /// How it changes the system config.
    pub updates: Vec<ConfigUpdate>,
    /// The L2 blocks that [`L1Script::batch`](super::L1Script::batch) posts in it.
    pub posted: Vec<RangeInclusive<u64>>,
    /// The parameters of its blob market.
    pub(crate) blob_params: Option<BlobParams>,
}

/// A blob with what commits to it.
#[derive(Clone, Debug)]
pub struct Blob {
    /// Its name in transactions.
    pub versioned_hash: B256,
    /// 48 bytes.
    pub commitment: Bytes,
    /// 48 bytes: that the commitment is that of the blob.
    pub proof: Bytes,
    /// 131,072 bytes.
    pub data: Bytes,
}

/// A transaction that a user sends on L1 to have it executed on L2.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deposit {
    /// Who sends it on L2.
    pub from: Address,
    /// Whom it calls, if it creates no contract.
    pub to: TxKind,
    /// Wei that come into being on L2.
    pub mint: u128,
    /// Wei that go with the call.
    pub value: U256,
    /// Gas on L2.
    pub gas_limit: u64,
    /// The call's input.
    pub data: Bytes,
}

impl Deposit {
    /// The log of the deposit contract: `TransactionDeposited(address indexed, address indexed, uint256 indexed, bytes)`.
    pub fn log(&self) -> Log {
        let mut opaque = U256::from(self.mint).to_be_bytes::<32>().to_vec();
        opaque.extend_from_slice(&self.value.to_be_bytes::<32>());
        opaque.extend_from_slice(&self.gas_limit.to_be_bytes());
        opaque.push(self.to.is_create().into());
        opaque.extend_from_slice(&self.data);
        let to = self.to.to().copied().unwrap_or_default();
        let event = keccak256("TransactionDeposited(address,address,uint256,bytes)");
        let topics = vec![event, self.from.into_word(), to.into_word(), B256::ZERO];
        Log { address: DEPOSIT_CONTRACT, data: LogData::new_unchecked(topics, abi_bytes(&opaque)) }
    }

    /// What the log makes happen on L2.
    fn transaction(&self, l1_block_hash: B256, log_index: u64) -> TxDeposit {
        TxDeposit {
            source_hash: UserDepositSource::new(l1_block_hash, log_index).source_hash(),
            from: self.from,
            to: self.to,
            mint: self.mint,
            value: self.value,
            gas_limit: self.gas_limit,
            is_system_transaction: false,
            input: self.data.clone(),
        }
    }
}

/// A log of a transaction on L1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum L1Log {
    /// A user deposits.
    Deposit(Deposit),
    /// The system config's owner changes it.
    Update(ConfigUpdate),
    /// Any log. The chain takes it for one that changes nothing on L2.
    Raw(Log),
}

impl L1Log {
    /// The log as receipts have it.
    pub fn log(&self) -> Log {
        match self {
            Self::Deposit(deposit) => deposit.log(),
            Self::Update(update) => update.log(),
            Self::Raw(log) => log.clone(),
        }
    }
}

impl Blob {
    /// A blob of 131,072 bytes.
    pub(crate) fn of(data: &Bytes) -> Self {
        let settings = c_kzg::ethereum_kzg_settings(0);
        let blob = c_kzg::Blob::from_bytes(data).expect("a blob has 131,072 bytes");
        let commitment = settings.blob_to_kzg_commitment(&blob).expect("a blob of field elements").to_bytes();
        let proof = settings.compute_blob_kzg_proof(&blob, &commitment).expect("its own commitment").to_bytes();
        let mut versioned_hash = B256::from_slice(&Sha256::digest(commitment.as_slice()));
        versioned_hash[0] = 1;
        let bytes = |bytes: &c_kzg::Bytes48| Bytes::copy_from_slice(bytes.as_slice());
        Self { versioned_hash, commitment: bytes(&commitment), proof: bytes(&proof), data: data.clone() }
    }
}

impl L1Block {
    /// The genesis block, and its state if it has one.
    pub(super) fn genesis(config: &Config, state: Option<&L1State>) -> Self {
        let timestamp = config.genesis_time;
        let has = |fork| config.is_active_on_l1(fork, timestamp);
        let header = Header {
            timestamp,
            gas_limit: 36_000_000,
            state_root: state.map_or_else(|| config.noise("l1 state", 0), L1State::root),
            mix_hash: config.noise("randao", 0),
            base_fee_per_gas: Some(1_000_000_000),
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            excess_blob_gas: has(L1Fork::Cancun).then_some(config.excess_blob_gas),
            parent_beacon_block_root: has(L1Fork::Cancun).then(|| config.noise("beacon block", 0)),
            requests_hash: has(L1Fork::Prague).then_some(EMPTY_REQUESTS_HASH),
            ..amsterdam(config, 0, timestamp)
        };
        Self::unsealed(config, header).seal(0, Vec::new())
    }

    /// The block after `parent`, `seconds` later, as far as it doesn't depend on its content. Of the parent's state
    /// it makes its own, if there is one: L1 executes nothing here but what every block begins with.
    pub(super) fn child(config: &Config, parent: &Header, seconds: u64, state: Option<&mut L1State>) -> Self {
        let number = parent.number + 1;
        let timestamp = parent.timestamp + seconds;
        let blob_params = config.blob_params(timestamp);
        let is_prague = config.is_active_on_l1(L1Fork::Prague, timestamp);
        let state_root = match state {
            Some(state) => {
                state.advance(parent, is_prague);
                state.root()
            }
            None => config.noise("l1 state", number),
        };
        // A block before Cancun leaves no excess.
        let excess = blob_params.map(|params| parent.next_block_excess_blob_gas(params).unwrap_or_default());
        let header = Header {
            parent_hash: parent.hash_slow(),
            number,
            timestamp,
            gas_limit: parent.gas_limit,
            state_root,
            mix_hash: config.noise("randao", number),
            base_fee_per_gas: parent.next_block_base_fee(BaseFeeParams::ethereum()),
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            excess_blob_gas: excess,
            parent_beacon_block_root: blob_params.map(|_| config.noise("beacon block", number)),
            requests_hash: is_prague.then_some(EMPTY_REQUESTS_HASH),
            nonce: B64::ZERO,
            ..amsterdam(config, number, timestamp)
        };
        Self::unsealed(config, header)
    }

    fn unsealed(config: &Config, header: Header) -> Self {
        Self {
            blob_params: config.blob_params(header.timestamp),
            header: Sealed::new_unchecked(header, B256::ZERO),
            unknown: Vec::new(),
            transactions: Vec::new(),
            senders: Vec::new(),
            receipts: Vec::new(),
            blobs: Vec::new(),
            deposits: Vec::new(),
            updates: Vec::new(),
            posted: Vec::new(),
        }
    }

    /// Fills in what the header commits to, and what of the logs concerns L2; `None` stands for a log that doesn't.
    pub(crate) fn seal(self, gas_used: u64, logs: Vec<Option<L1Log>>) -> Self {
        let header = Header {
            gas_used,
            blob_gas_used: self.blob_params.map(|_| self.blobs.len() as u64 * DATA_GAS_PER_BLOB),
            transactions_root: list_root(&self.encoded_transactions()),
            receipts_root: list_root(&self.encoded_receipts()),
            logs_bloom: self.receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom()),
            ..self.header.into_inner()
        };
        let mut block = Self { header: header.seal_slow(), deposits: Vec::new(), updates: Vec::new(), ..self };
        for (log, index) in logs.into_iter().zip(0..) {
            match log {
                Some(L1Log::Deposit(deposit)) => {
                    block.deposits.push(deposit.transaction(block.header.hash(), index));
                }
                Some(L1Log::Update(update)) => block.updates.push(update),
                Some(L1Log::Raw(_)) | None => {}
            }
        }
        block
    }

    /// All transactions, EIP-2718 encoded.
    pub fn encoded_transactions(&self) -> Vec<Bytes> {
        let known = self.transactions.iter().map(|transaction| transaction.encoded_2718().into());
        self.unknown.iter().cloned().chain(known).collect()
    }

    /// A receipt for each, EIP-2718 encoded.
    pub fn encoded_receipts(&self) -> Vec<Bytes> {
        let unknown = self.unknown.iter().map(unknown_receipt);
        unknown.chain(self.receipts.iter().map(|receipt| receipt.encoded_2718().into())).collect()
    }

    /// Wei per unit of blob gas by the parameters in force; 1 before there is any.
    pub fn blob_base_fee(&self) -> u128 {
        match (self.blob_params, self.header.excess_blob_gas) {
            (Some(params), Some(excess)) => params.calc_blob_fee(excess),
            _ => 1,
        }
    }

    /// The same by Cancun's parameters, whatever is in force.
    pub(crate) fn cancun_blob_base_fee(&self) -> u128 {
        self.header.excess_blob_gas.map_or(1, |excess| BlobParams::cancun().calc_blob_fee(excess))
    }
}

/// Root of a list of transactions or receipts.
fn list_root(items: &[Bytes]) -> B256 {
    ordered_trie_root_with_encoder(items, |bytes, out| out.extend_from_slice(bytes))
}

/// The receipt of a transaction of a type that nobody knows: success without logs, and one field more than receipts have
/// today.
fn unknown_receipt(transaction: &Bytes) -> Bytes {
    let mut fields = Vec::new();
    true.encode(&mut fields);
    0u64.encode(&mut fields);
    Bloom::ZERO.encode(&mut fields);
    Vec::<Log>::new().encode(&mut fields);
    1u64.encode(&mut fields);
    let mut receipt = transaction[..1].to_vec();
    alloy_rlp::Header { list: true, payload_length: fields.len() }.encode(&mut receipt);
    receipt.extend(fields);
    receipt.into()
}

/// A header of nothing but what Amsterdam adds, where L1 is there.
fn amsterdam(config: &Config, number: u64, timestamp: u64) -> Header {
    let is_active = config.is_active_on_l1(L1Fork::Amsterdam, timestamp);
    Header {
        block_access_list_hash: is_active.then(|| config.noise("access list", number)),
        slot_number: is_active.then_some(number + 1_000),
        ..Header::default()
    }
}
