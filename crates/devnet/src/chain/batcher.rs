//! What a batcher makes of L2 blocks: batches, a channel, frames, and what carries them on L1.

use super::L2Block;
use alloy_consensus::{Transaction, Typed2718};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{B256, Bytes, Signature, TxKind, U256};
use alloy_rlp::{Encodable, Header};
use op_alloy_consensus::OpTxEnvelope;

/// How blocks are posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// One batch per block, or one for all.
    pub batches: Batches,
    /// How the channel is compressed.
    pub compression: Compression,
    /// What carries its frames.
    pub carrier: Carrier,
    /// Bytes of the channel in one frame at most.
    pub frame_size: usize,
    /// Number of the key that signs.
    pub signer: u32,
}

impl Default for Posting {
    /// One span batch, brotli, in blobs as full as they get, by the batcher.
    fn default() -> Self {
        Self {
            batches: Batches::Span,
            compression: Compression::Brotli,
            carrier: Carrier::Blobs,
            frame_size: BLOB_CAPACITY - 1 - FRAME_OVERHEAD,
            signer: super::BATCHER,
        }
    }
}

/// The format of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batches {
    /// One per block.
    Singular,
    /// One for all blocks.
    Span,
}

/// How a channel is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// zlib.
    Zlib,
    /// brotli, with the version byte before it.
    Brotli,
}

/// What carries a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A transaction's input.
    Calldata,
    /// A blob.
    Blobs,
}

/// Bytes that a blob carries.
pub const BLOB_CAPACITY: usize = (4 * 31 + 3) * 1024 - 4;

/// Bytes of a frame besides its data.
pub const FRAME_OVERHEAD: usize = 16 + 2 + 4 + 1;

/// The frames of one channel with `blocks`, which follow each other; `parent` precedes them.
pub(crate) fn post(parent: &L2Block, blocks: &[L2Block], genesis_time: u64, posting: Posting) -> Vec<Bytes> {
    let batches = match posting.batches {
        Batches::Singular => blocks.iter().map(singular_batch).collect(),
        Batches::Span => vec![span_batch(parent, blocks, genesis_time)],
    };
    let id = blocks.last().map(|block| block.header.hash()).unwrap_or_default();
    frames(id, &channel(&batches, posting.compression), posting.frame_size)
}

/// A singular batch with its type byte.
pub fn singular_batch(block: &L2Block) -> Vec<u8> {
    let transactions: Vec<Bytes> = block.user_transactions().cloned().collect();
    let fields: [&dyn Encodable; 5] =
        [&block.header.parent_hash, &block.origin.number, &block.origin.hash, &block.header.timestamp, &transactions];
    [&[0][..], &rlp_list(&fields)].concat()
}

/// A span batch of `blocks`, which follow `parent`, with its type byte.
pub fn span_batch(parent: &L2Block, blocks: &[L2Block], genesis_time: u64) -> Vec<u8> {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return vec![1] };
    let mut batch = vec![1];
    uvarint(&mut batch, first.header.timestamp - genesis_time);
    uvarint(&mut batch, last.origin.number);
    batch.extend_from_slice(&first.header.parent_hash[..20]);
    batch.extend_from_slice(&last.origin.hash[..20]);
    uvarint(&mut batch, blocks.len() as u64);
    let origins: Vec<u64> = std::iter::once(parent).chain(blocks).map(|block| block.origin.number).collect();
    bits(&mut batch, origins.windows(2).map(|pair| pair[0] != pair[1]));
    for block in blocks {
        uvarint(&mut batch, block.user_transactions().count() as u64);
    }
    let decode = |encoded: &Bytes| OpTxEnvelope::decode_2718(&mut &encoded[..]).expect("the block was executed");
    let transactions: Vec<_> = blocks.iter().flat_map(L2Block::user_transactions).map(decode).collect();
    span_transactions(&mut batch, &transactions);
    batch
}

/// The transactions of a span batch, field by field.
fn span_transactions(batch: &mut Vec<u8>, transactions: &[OpTxEnvelope]) {
    let signatures: Vec<_> = transactions.iter().map(signature).collect();
    bits(batch, transactions.iter().map(|transaction| transaction.kind().is_create()));
    bits(batch, signatures.iter().map(Signature::v));
    for signature in &signatures {
        batch.extend_from_slice(&signature.r().to_be_bytes::<32>());
        batch.extend_from_slice(&signature.s().to_be_bytes::<32>());
    }
    for transaction in transactions {
        if let TxKind::Call(to) = transaction.kind() {
            batch.extend_from_slice(to.as_slice());
        }
    }
    for transaction in transactions {
        batch.extend_from_slice(&span_transaction_data(transaction));
    }
    transactions.iter().for_each(|transaction| uvarint(batch, transaction.nonce()));
    transactions.iter().for_each(|transaction| uvarint(batch, transaction.gas_limit()));
    let legacy = transactions.iter().filter(|transaction| transaction.is_legacy());
    bits(batch, legacy.map(|transaction| transaction.chain_id().is_some()));
}

/// What of a transaction is not kept apart from it in a span batch.
fn span_transaction_data(transaction: &OpTxEnvelope) -> Vec<u8> {
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
    if transaction.is_legacy() { list } else { [&[transaction.ty()][..], &list].concat() }
}

fn signature(transaction: &OpTxEnvelope) -> Signature {
    match transaction {
        OpTxEnvelope::Legacy(signed) => *signed.signature(),
        OpTxEnvelope::Eip2930(signed) => *signed.signature(),
        OpTxEnvelope::Eip1559(signed) => *signed.signature(),
        OpTxEnvelope::Eip7702(signed) => *signed.signature(),
        _ => Signature::new(U256::ZERO, U256::ZERO, false),
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
fn bits(out: &mut Vec<u8>, items: impl Iterator<Item = bool>) {
    let items: Vec<bool> = items.collect();
    let mut bytes = vec![0; items.len().div_ceil(8)];
    let last = bytes.len().wrapping_sub(1);
    for (index, _) in items.iter().enumerate().filter(|(_, item)| **item) {
        bytes[last - index / 8] |= 1 << (index % 8);
    }
    out.extend(bytes);
}

/// A channel's bytes: the batches as RLP strings, compressed.
pub fn channel(batches: &[Vec<u8>], compression: Compression) -> Vec<u8> {
    let mut rlp = Vec::new();
    batches.iter().for_each(|batch| batch.as_slice().encode(&mut rlp));
    match compression {
        Compression::Zlib => miniz_oxide::deflate::compress_to_vec_zlib(&rlp, 6),
        Compression::Brotli => {
            let params = brotli::enc::BrotliEncoderParams { quality: 9, ..Default::default() };
            let mut compressed = vec![1];
            brotli::BrotliCompress(&mut rlp.as_slice(), &mut compressed, &params).expect("memory doesn't fail");
            compressed
        }
    }
}

/// Cuts a channel into frames, each with the version byte before it: what one transaction or blob carries.
pub fn frames(id: B256, channel: &[u8], size: usize) -> Vec<Bytes> {
    let count = channel.chunks(size).len();
    let frame = |(number, data): (usize, &[u8])| {
        let mut frame = vec![0];
        frame.extend_from_slice(&id[..16]);
        frame.extend_from_slice(&(number as u16).to_be_bytes());
        frame.extend_from_slice(&(data.len() as u32).to_be_bytes());
        frame.extend_from_slice(data);
        frame.push((number + 1 == count).into());
        frame.into()
    };
    channel.chunks(size).enumerate().map(frame).collect()
}

/// Packs up to [`BLOB_CAPACITY`] bytes into a blob. A field element's first byte has only six bits to give; three of
/// the bytes of a round are spread over four of those.
///
/// # Panics
///
/// If there are more bytes.
pub fn blob(data: &[u8]) -> Bytes {
    assert!(data.len() <= BLOB_CAPACITY, "a blob carries {BLOB_CAPACITY} bytes");
    let length = (data.len() as u32).to_be_bytes();
    // A version byte, three bytes of length, the data, then zeros without end.
    let mut stream =
        [0, length[1], length[2], length[3]].into_iter().chain(data.iter().copied()).chain(std::iter::repeat(0));
    let mut blob = Vec::with_capacity(131_072);
    for _ in 0..1024 {
        let mut elements = [[0; 32]; 4];
        let mut spread = [0; 3];
        for (index, element) in elements.iter_mut().enumerate() {
            element[1..].fill_with(|| stream.next().unwrap_or_default());
            if let Some(byte) = spread.get_mut(index) {
                *byte = stream.next().unwrap_or_default();
            }
        }
        let [x, y, z] = spread;
        elements[0][0] = x & 0x3f;
        elements[1][0] = y & 0x0f | (x & 0xc0) >> 2;
        elements[2][0] = z & 0x3f;
        elements[3][0] = (z & 0xc0) >> 2 | (y & 0xf0) >> 4;
        blob.extend(elements.concat());
    }
    blob.into()
}
