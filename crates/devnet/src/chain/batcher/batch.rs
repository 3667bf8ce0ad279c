use super::super::L2Block;
use alloy_consensus::{Transaction, Typed2718};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{Address, B256, Bytes, FixedBytes, Signature, TxKind, U256};
use alloy_rlp::{Encodable, Header};
use op_alloy_consensus::OpTxEnvelope;

/// What a channel carries, before it is encoded: data that a script may alter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Batch {
    /// One block.
    Singular(Singular),
    /// Many blocks.
    Span(Span),
    /// Any bytes, with what should be the type byte.
    Raw(Bytes),
}

impl Batch {
    /// The bytes with the type byte before them.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Singular(batch) => batch.encode(),
            Self::Span(batch) => batch.encode(),
            Self::Raw(bytes) => bytes.to_vec(),
        }
    }
}

impl From<Singular> for Batch {
    fn from(batch: Singular) -> Self {
        Self::Singular(batch)
    }
}

impl From<Span> for Batch {
    fn from(batch: Span) -> Self {
        Self::Span(batch)
    }
}

/// What a batch says of one block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Singular {
    /// Hash of the block before it.
    pub parent_hash: B256,
    /// Number of its L1 origin.
    pub epoch_number: u64,
    /// Hash of its L1 origin.
    pub epoch_hash: B256,
    /// Its timestamp.
    pub timestamp: u64,
    /// Its transactions without the deposits, EIP-2718 encoded.
    pub transactions: Vec<Bytes>,
}

impl Singular {
    /// The truth about a block.
    pub fn of(block: &L2Block) -> Self {
        Self {
            parent_hash: block.header.parent_hash,
            epoch_number: block.origin.number,
            epoch_hash: block.origin.hash,
            timestamp: block.header.timestamp,
            transactions: block.user_transactions().cloned().collect(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let fields: [&dyn Encodable; 5] =
            [&self.parent_hash, &self.epoch_number, &self.epoch_hash, &self.timestamp, &self.transactions];
        [&[0][..], &rlp_list(&fields)].concat()
    }
}

/// What one batch says of many blocks, field by field as it is written. Nothing keeps the fields consistent: what
/// counts or leads elsewhere than the data does is written all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Seconds from L2's genesis block to the first block.
    pub relative_timestamp: u64,
    /// Number of the last block's L1 origin.
    pub l1_origin_number: u64,
    /// What the hash of the block before the first one starts with.
    pub parent_check: FixedBytes<20>,
    /// What the hash of the last block's L1 origin starts with.
    pub l1_origin_check: FixedBytes<20>,
    /// How many blocks it says there are.
    pub block_count: u64,
    /// For each block, whether its origin follows that of the block before. May be longer than the count says.
    pub origin_bits: Vec<bool>,
    /// How many transactions it says that each block has.
    pub transaction_counts: Vec<u64>,
    /// The transactions of all blocks.
    pub transactions: SpanTransactions,
}

/// The transactions of a span batch: a list for each of their fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanTransactions {
    /// Whether each creates a contract.
    pub creation_bits: Vec<bool>,
    /// The parity of each signature.
    pub y_parity_bits: Vec<bool>,
    /// The rest of each signature.
    pub signatures: Vec<(U256, U256)>,
    /// Whom those call that create nothing.
    pub to: Vec<Address>,
    /// Type and what isn't elsewhere of each.
    pub data: Vec<Bytes>,
    /// The nonces.
    pub nonces: Vec<u64>,
    /// The gas limits.
    pub gas_limits: Vec<u64>,
    /// Whether each legacy transaction names a chain.
    pub protected_bits: Vec<bool>,
}

impl Span {
    /// A span of these blocks, which follow a block with L1 origin `parent_epoch`.
    ///
    /// # Panics
    ///
    /// If one of the transactions is none: span batches can't carry it. Such bytes go into the span's own fields.
    pub fn of(batches: &[Singular], parent_epoch: u64, genesis_time: u64) -> Self {
        let (Some(first), Some(last)) = (batches.first(), batches.last()) else { return Self::default() };
        let epochs: Vec<u64> =
            std::iter::once(parent_epoch).chain(batches.iter().map(|batch| batch.epoch_number)).collect();
        let mut transactions = SpanTransactions::default();
        batches.iter().flat_map(|batch| &batch.transactions).for_each(|encoded| transactions.push(encoded));
        Self {
            relative_timestamp: first.timestamp - genesis_time,
            l1_origin_number: last.epoch_number,
            parent_check: FixedBytes::from_slice(&first.parent_hash[..20]),
            l1_origin_check: FixedBytes::from_slice(&last.epoch_hash[..20]),
            block_count: batches.len() as u64,
            origin_bits: epochs.windows(2).map(|pair| pair[0] != pair[1]).collect(),
            transaction_counts: batches.iter().map(|batch| batch.transactions.len() as u64).collect(),
            transactions,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut batch = vec![1];
        uvarint(&mut batch, self.relative_timestamp);
        uvarint(&mut batch, self.l1_origin_number);
        batch.extend_from_slice(self.parent_check.as_slice());
        batch.extend_from_slice(self.l1_origin_check.as_slice());
        uvarint(&mut batch, self.block_count);
        bits(&mut batch, &self.origin_bits);
        self.transaction_counts.iter().for_each(|count| uvarint(&mut batch, *count));
        self.transactions.encode(&mut batch);
        batch
    }
}

impl SpanTransactions {
    /// Adds a transaction.
    ///
    /// # Panics
    ///
    /// If the bytes are none, or of a type that spans don't know.
    pub fn push(&mut self, encoded: &Bytes) {
        let transaction = OpTxEnvelope::decode_2718(&mut &encoded[..]).expect("a span carries transactions only");
        let signature = signature(&transaction);
        self.creation_bits.push(transaction.kind().is_create());
        self.y_parity_bits.push(signature.v());
        self.signatures.push((signature.r(), signature.s()));
        if let TxKind::Call(to) = transaction.kind() {
            self.to.push(to);
        }
        self.data.push(transaction_data(&transaction));
        self.nonces.push(transaction.nonce());
        self.gas_limits.push(transaction.gas_limit());
        if transaction.is_legacy() {
            self.protected_bits.push(transaction.chain_id().is_some());
        }
    }

    fn encode(&self, batch: &mut Vec<u8>) {
        bits(batch, &self.creation_bits);
        bits(batch, &self.y_parity_bits);
        for (r, s) in &self.signatures {
            batch.extend_from_slice(&r.to_be_bytes::<32>());
            batch.extend_from_slice(&s.to_be_bytes::<32>());
        }
        self.to.iter().for_each(|to| batch.extend_from_slice(to.as_slice()));
        self.data.iter().for_each(|data| batch.extend_from_slice(data));
        self.nonces.iter().for_each(|nonce| uvarint(batch, *nonce));
        self.gas_limits.iter().for_each(|gas| uvarint(batch, *gas));
        bits(batch, &self.protected_bits);
    }
}

/// What of a transaction is not kept apart from it in a span batch.
fn transaction_data(transaction: &OpTxEnvelope) -> Bytes {
    let (value, input) = (transaction.value(), transaction.input());
    let access_list = transaction.access_list().cloned().unwrap_or_default();
    let tip = transaction.max_priority_fee_per_gas().unwrap_or_default();
    let max_fee = transaction.max_fee_per_gas();
    let authorizations = transaction.authorization_list().unwrap_or_default().to_vec();
    let fields: Vec<&dyn Encodable> = match transaction.ty() {
        0 => vec![&value, &max_fee, input],
        1 => vec![&value, &max_fee, input, &access_list],
        2 => vec![&value, &tip, &max_fee, input, &access_list],
        _ => vec![&value, &tip, &max_fee, input, &access_list, &authorizations],
    };
    let list = rlp_list(&fields);
    if transaction.is_legacy() { list.into() } else { [&[transaction.ty()][..], &list].concat().into() }
}

fn signature(transaction: &OpTxEnvelope) -> Signature {
    match transaction {
        OpTxEnvelope::Legacy(signed) => *signed.signature(),
        OpTxEnvelope::Eip2930(signed) => *signed.signature(),
        OpTxEnvelope::Eip1559(signed) => *signed.signature(),
        OpTxEnvelope::Eip7702(signed) => *signed.signature(),
        _ => panic!("a span doesn't know transactions of type {}", transaction.ty()),
    }
}

fn rlp_list(fields: &[&dyn Encodable]) -> Vec<u8> {
    let payload_length = fields.iter().map(|field| field.length()).sum();
    let mut list = Vec::new();
    Header { list: true, payload_length }.encode(&mut list);
    fields.iter().for_each(|field| field.encode(&mut list));
    list
}

/// LEB128.
fn uvarint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// One big-endian number: bit i is item i.
fn bits(out: &mut Vec<u8>, items: &[bool]) {
    let mut bytes = vec![0; items.len().div_ceil(8)];
    let last = bytes.len().wrapping_sub(1);
    for (index, _) in items.iter().enumerate().filter(|(_, item)| **item) {
        bytes[last - index / 8] |= 1 << (index % 8);
    }
    out.extend(bytes);
}
