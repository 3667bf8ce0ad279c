use super::{
    BATCH_INBOX, Carrier, Config, ConfigUpdate, DEPOSIT_CONTRACT, Posting, SYSTEM_CONFIG, Signer, batcher,
    config::abi_bytes, l2::L2Block,
};
use alloy_consensus::{
    EthereumTxEnvelope, Header, ReceiptEnvelope, ReceiptWithBloom, Sealable, Sealed, Transaction, TxEip1559, TxEip4844,
    TxType, Typed2718, proofs,
};
use alloy_eips::{
    eip1559::BaseFeeParams, eip4844::DATA_GAS_PER_BLOB, eip7685::EMPTY_REQUESTS_HASH, eip7840::BlobParams,
};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, Log, LogData, TxKind, U256, keccak256};
use alloy_trie::EMPTY_ROOT_HASH;
use op_alloy_consensus::{TxDeposit, UserDepositSource};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, ops::RangeInclusive};

/// A transaction of L1. Blobs are kept beside it, as blocks have it.
pub type L1Transaction = EthereumTxEnvelope<TxEip4844>;

/// A block of L1.
#[derive(Clone, Debug)]
pub struct L1Block {
    /// The header.
    pub header: Sealed<Header>,
    /// The transactions in order.
    pub transactions: Vec<L1Transaction>,
    /// Who sent them.
    pub senders: Vec<Address>,
    /// A receipt for each.
    pub receipts: Vec<ReceiptEnvelope>,
    /// The blobs of all transactions in order.
    pub blobs: Vec<Blob>,
    /// What it deposits on L2.
    pub deposits: Vec<TxDeposit>,
    /// How it changes the system config.
    pub updates: Vec<ConfigUpdate>,
    /// The L2 blocks that [`L1Script::batch`] posts in it.
    pub posted: Vec<RangeInclusive<u64>>,
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
    fn log(&self) -> Log {
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

/// What happens in an L1 block, in this order.
pub struct L1Script<'a> {
    genesis_time: u64,
    l2: &'a [L2Block],
    events: Vec<Event>,
    posted: Vec<RangeInclusive<u64>>,
}

/// One transaction of an L1 block, unsigned.
struct Event {
    signer: u32,
    to: Address,
    input: Bytes,
    blobs: Vec<Bytes>,
    effect: Effect,
}

/// What a transaction does besides being there.
enum Effect {
    None,
    Deposit(Deposit),
    Update(ConfigUpdate),
}

impl<'a> L1Script<'a> {
    pub(crate) fn new(l2: &'a [L2Block], genesis_time: u64) -> Self {
        Self { genesis_time, l2, events: Vec::new(), posted: Vec::new() }
    }

    /// A user deposits.
    pub fn deposit(self, deposit: Deposit) -> Self {
        self.event(super::USER, DEPOSIT_CONTRACT, Bytes::new(), Effect::Deposit(deposit))
    }

    /// The system config's owner changes it.
    pub fn config_update(self, update: ConfigUpdate) -> Self {
        self.event(super::USER, SYSTEM_CONFIG, Bytes::new(), Effect::Update(update))
    }

    /// Somebody calls somebody, and nothing comes of it.
    pub fn call(self, signer: u32, to: Address, input: Bytes) -> Self {
        self.event(signer, to, input, Effect::None)
    }

    /// The batcher posts a channel with these L2 blocks. How many blobs fit into one L1 block is the script's to know.
    ///
    /// # Panics
    ///
    /// If one of the blocks isn't made yet, or the genesis block is among them.
    pub fn batch(mut self, blocks: RangeInclusive<u64>, posting: Posting) -> Self {
        let (first, last) = (*blocks.start() as usize, *blocks.end() as usize);
        let frames = batcher::post(&self.l2[first - 1], &self.l2[first..=last], self.genesis_time, posting);
        self.posted.push(blocks);
        match posting.carrier {
            Carrier::Calldata => frames.into_iter().fold(self, |script, frame| script.calldata(posting.signer, frame)),
            Carrier::Blobs => {
                let most = BlobParams::prague().max_blob_count as usize;
                frames.chunks(most).fold(self, |script, frames| {
                    script.blobs(posting.signer, frames.iter().map(|frame| batcher::blob(frame)).collect())
                })
            }
        }
    }

    /// Somebody sends these bytes to the batch inbox.
    pub fn calldata(self, signer: u32, data: Bytes) -> Self {
        self.event(signer, BATCH_INBOX, data, Effect::None)
    }

    /// Somebody sends these blobs, 131,072 bytes each, to the batch inbox.
    pub fn blobs(mut self, signer: u32, blobs: Vec<Bytes>) -> Self {
        self.events.push(Event { signer, to: BATCH_INBOX, input: Bytes::new(), blobs, effect: Effect::None });
        self
    }

    fn event(mut self, signer: u32, to: Address, input: Bytes, effect: Effect) -> Self {
        self.events.push(Event { signer, to, input, blobs: Vec::new(), effect });
        self
    }

    /// Makes the block that follows `parent`.
    pub(crate) fn build(self, config: &Config, parent: &Header, nonces: &mut BTreeMap<u32, u64>) -> L1Block {
        let mut block = L1Block::unsealed(child(config, parent));
        block.posted = self.posted;
        let (mut effects, mut gas_used) = (Vec::new(), 0);
        for event in self.events {
            let mut signer = Signer::new(config, event.signer, config.l1_chain_id);
            let nonce = nonces.entry(event.signer).or_default();
            signer.nonce = *nonce;
            let blobs: Vec<_> = event.blobs.iter().map(Blob::of).collect();
            let transaction = sign(&mut signer, &event, &blobs);
            *nonce = signer.nonce;
            gas_used += transaction.gas_limit();
            block.senders.push(signer.address());
            block.receipts.push(receipt(&transaction, event.effect.log(), gas_used));
            block.transactions.push(transaction);
            block.blobs.extend(blobs);
            effects.push(event.effect);
        }
        block.seal(gas_used, effects)
    }
}

impl Effect {
    fn log(&self) -> Option<Log> {
        match self {
            Self::None => None,
            Self::Deposit(deposit) => Some(deposit.log()),
            Self::Update(update) => Some(update.log()),
        }
    }
}

impl Blob {
    /// A blob of 131,072 bytes.
    fn of(data: &Bytes) -> Self {
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
    /// The genesis block.
    pub(crate) fn genesis(config: &Config) -> Self {
        let header = Header {
            timestamp: config.genesis_time,
            gas_limit: 36_000_000,
            state_root: config.noise("l1 state", 0),
            mix_hash: config.noise("randao", 0),
            base_fee_per_gas: Some(1_000_000_000),
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(config.noise("beacon block", 0)),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..amsterdam(config, 0)
        };
        Self::unsealed(header).seal(0, Vec::new())
    }

    fn unsealed(header: Header) -> Self {
        Self {
            header: Sealed::new_unchecked(header, B256::ZERO),
            transactions: Vec::new(),
            senders: Vec::new(),
            receipts: Vec::new(),
            blobs: Vec::new(),
            deposits: Vec::new(),
            updates: Vec::new(),
            posted: Vec::new(),
        }
    }

    /// Fills in what the header commits to, and reads the effects off the logs.
    fn seal(self, gas_used: u64, effects: Vec<Effect>) -> Self {
        let header = Header {
            gas_used,
            blob_gas_used: Some(self.blobs.len() as u64 * DATA_GAS_PER_BLOB),
            transactions_root: proofs::calculate_transaction_root(&self.transactions),
            receipts_root: proofs::calculate_receipt_root(&self.receipts),
            logs_bloom: self.receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom()),
            ..self.header.into_inner()
        };
        let mut block = Self { header: header.seal_slow(), deposits: Vec::new(), updates: Vec::new(), ..self };
        let mut log_index = 0;
        for effect in effects {
            match effect {
                Effect::None => continue,
                Effect::Deposit(deposit) => block.deposits.push(deposit.transaction(block.header.hash(), log_index)),
                Effect::Update(update) => block.updates.push(update),
            }
            log_index += 1;
        }
        block
    }

    /// Wei per unit of blob gas.
    pub fn blob_base_fee(&self) -> u128 {
        BlobParams::prague().calc_blob_fee(self.header.excess_blob_gas.unwrap_or_default())
    }
}

/// The header of the block after `parent`, as far as it doesn't depend on the block's content. The state is nobody's:
/// L1 executes nothing here.
fn child(config: &Config, parent: &Header) -> Header {
    let number = parent.number + 1;
    let [excess, used] = [parent.excess_blob_gas, parent.blob_gas_used].map(Option::unwrap_or_default);
    let target = BlobParams::prague().target_blob_count * DATA_GAS_PER_BLOB;
    Header {
        parent_hash: parent.hash_slow(),
        number,
        timestamp: parent.timestamp + config.l1_block_time,
        gas_limit: parent.gas_limit,
        state_root: config.noise("l1 state", number),
        mix_hash: config.noise("randao", number),
        base_fee_per_gas: parent.next_block_base_fee(BaseFeeParams::ethereum()),
        withdrawals_root: Some(EMPTY_ROOT_HASH),
        excess_blob_gas: Some((excess + used).saturating_sub(target)),
        parent_beacon_block_root: Some(config.noise("beacon block", number)),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        nonce: B64::ZERO,
        ..amsterdam(config, number)
    }
}

/// A header of nothing but what Amsterdam adds, if L1 is there: a hash of the block's access list (EIP-7928) and the
/// beacon chain's slot (EIP-7843).
fn amsterdam(config: &Config, number: u64) -> Header {
    Header {
        block_access_list_hash: config.l1_amsterdam.then(|| config.noise("access list", number)),
        slot_number: config.l1_amsterdam.then_some(number + 1_000),
        ..Header::default()
    }
}

/// Signs what a script says. The gas limit is what data costs at least (EIP-7623), all of which is used.
fn sign(signer: &mut Signer, event: &Event, blobs: &[Blob]) -> L1Transaction {
    let tokens: u64 = event.input.iter().map(|byte| if *byte == 0 { 1 } else { 4 }).sum();
    let transaction = TxEip1559 {
        chain_id: signer.chain_id(),
        nonce: signer.take_nonce(),
        gas_limit: 21_000 + 10 * tokens,
        max_fee_per_gas: 1_000_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(event.to),
        input: event.input.clone(),
        ..TxEip1559::default()
    };
    if blobs.is_empty() {
        return signer.sign(transaction).into();
    }
    let TxEip1559 { chain_id, nonce, gas_limit, max_fee_per_gas, max_priority_fee_per_gas, input, .. } = transaction;
    let blob_versioned_hashes = blobs.iter().map(|blob| blob.versioned_hash).collect();
    let max_fee_per_blob_gas = 1_000_000_000_000;
    let transaction = TxEip4844 {
        chain_id,
        nonce,
        gas_limit,
        max_fee_per_gas,
        max_priority_fee_per_gas,
        to: event.to,
        input,
        blob_versioned_hashes,
        max_fee_per_blob_gas,
        ..TxEip4844::default()
    };
    signer.sign(transaction).into()
}

/// The receipt of a transaction that succeeded.
fn receipt(transaction: &L1Transaction, log: Option<Log>, cumulative_gas_used: u64) -> ReceiptEnvelope {
    let logs = log.into_iter().collect();
    let receipt = alloy_consensus::Receipt { status: true.into(), cumulative_gas_used, logs };
    let receipt: ReceiptWithBloom<_> = receipt.with_bloom();
    if transaction.ty() == TxType::Eip4844 as u8 {
        ReceiptEnvelope::Eip4844(receipt)
    } else {
        ReceiptEnvelope::Eip1559(receipt)
    }
}
