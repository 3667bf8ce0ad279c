//! Batches, in parts that can each be wrong.

use super::transaction::Transaction;
use crate::rlp;
use alloy_primitives::{B256, Bytes, TxKind};

/// A batch.
#[derive(Clone, Debug)]
pub(super) enum Batch {
    Singular(Singular),
    Span(Span),
    /// An item that is no batch, or hardly.
    Raw(Vec<u8>),
}

/// A block by itself.
#[derive(Clone, Debug)]
pub(super) struct Singular {
    pub(super) parent: B256,
    pub(super) epoch: (u64, B256),
    pub(super) timestamp: u64,
    pub(super) transactions: Vec<Bytes>,
}

/// A row of blocks.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// Seconds after genesis.
    pub(super) relative_time: u64,
    pub(super) last_epoch: u64,
    pub(super) parent_check: [u8; 20],
    pub(super) epoch_check: [u8; 20],
    pub(super) blocks: Vec<SpanBlock>,
    /// What becomes of its parts once they are encoded.
    pub(super) damage: Vec<Damage>,
}

/// A block of a span batch.
#[derive(Clone, Debug)]
pub(super) struct SpanBlock {
    pub(super) begins_epoch: bool,
    pub(super) transactions: Vec<Transaction>,
}

/// Something done to an encoded part of a span batch. `part` counts modulo the number of parts.
#[derive(Clone, Debug)]
pub(super) enum Damage {
    /// Bits of the first byte are set.
    Bits { part: usize, mask: u8 },
    /// The first number of the part is not in its shortest form.
    NotMinimal { part: usize, longer: usize },
    /// The first number of the part is replaced.
    Number { part: usize, number: u64 },
    /// The part loses its last bytes.
    Cut { part: usize, bytes: usize },
    /// A byte is replaced.
    Byte { part: usize, place: usize, byte: u8 },
    /// The batch ends in this part.
    End { part: usize },
    /// The batch goes on after its end.
    More(Vec<u8>),
}

/// Parts of a span batch, in order.
pub(super) mod part {
    pub(crate) const TIME: usize = 0;
    pub(crate) const EPOCH: usize = 1;
    pub(crate) const BLOCK_COUNT: usize = 4;
    pub(crate) const ORIGIN_BITS: usize = 5;
    pub(crate) const TRANSACTION_COUNTS: usize = 6;
    pub(crate) const CREATION_BITS: usize = 7;
    pub(crate) const PARITY_BITS: usize = 8;
    pub(crate) const REST: usize = 11;
    pub(crate) const NONCES: usize = 12;
    pub(crate) const GAS: usize = 13;
    pub(crate) const PROTECTED_BITS: usize = 14;
    pub(crate) const COUNT: usize = 15;
}

impl Batch {
    /// A channel's item, before it becomes an RLP string.
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Singular(batch) => {
                let (number, hash) = batch.epoch;
                let list = rlp::list(&[&batch.parent, &number, &hash, &batch.timestamp, &batch.transactions]);
                [&[0][..], &list].concat()
            }
            Self::Span(span) => span.encode(),
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}

impl Span {
    fn encode(&self) -> Vec<u8> {
        let mut parts = self.parts();
        let mut end = parts.len();
        let mut more: &[u8] = &[];
        for damage in &self.damage {
            match damage {
                Damage::Bits { part, mask } => {
                    if let Some(byte) = parts[part % part::COUNT].first_mut() {
                        *byte |= mask;
                    }
                }
                Damage::NotMinimal { part, longer } => {
                    let part = &mut parts[part % part::COUNT];
                    if let Some(last) = part.iter().position(|byte| byte & 0x80 == 0) {
                        let zeros = (0..*longer).map(|index| if index + 1 == *longer { 0 } else { 0x80 });
                        part[last] |= 0x80;
                        part.splice(last + 1..last + 1, zeros);
                    }
                }
                Damage::Number { part, number } => {
                    let part = &mut parts[part % part::COUNT];
                    if let Some(last) = part.iter().position(|byte| byte & 0x80 == 0) {
                        let mut replacement = Vec::new();
                        uvarint(&mut replacement, *number);
                        part.splice(..=last, replacement);
                    }
                }
                Damage::Cut { part, bytes } => {
                    let part = &mut parts[part % part::COUNT];
                    part.truncate(part.len().saturating_sub(*bytes));
                }
                Damage::Byte { part, place, byte } => {
                    let part = &mut parts[part % part::COUNT];
                    let length = part.len().max(1);
                    if let Some(target) = part.get_mut(place % length) {
                        *target = *byte;
                    }
                }
                Damage::End { part } => {
                    end = part % part::COUNT + 1;
                    let length = parts[end - 1].len();
                    parts[end - 1].truncate(length / 2);
                }
                Damage::More(bytes) => more = bytes,
            }
        }
        [&[1][..], &parts[..end].concat(), more].concat()
    }

    fn parts(&self) -> Vec<Vec<u8>> {
        let transactions: Vec<&Transaction> = self.blocks.iter().flat_map(|block| &block.transactions).collect();
        let counts = self.blocks.iter().map(|block| block.transactions.len() as u64);
        let legacy = transactions.iter().filter(|transaction| transaction.kind == 0);
        let each = |part: fn(&Transaction) -> Vec<u8>| transactions.iter().flat_map(|each| part(each)).collect();
        vec![
            uvarints([self.relative_time]),
            uvarints([self.last_epoch]),
            self.parent_check.to_vec(),
            self.epoch_check.to_vec(),
            uvarints([self.blocks.len() as u64]),
            bits(self.blocks.iter().map(|block| block.begins_epoch)),
            uvarints(counts),
            bits(transactions.iter().map(|transaction| transaction.to == TxKind::Create)),
            bits(transactions.iter().map(|transaction| transaction.signature.v())),
            each(|transaction| {
                let signature = &transaction.signature;
                [signature.r().to_be_bytes::<32>(), signature.s().to_be_bytes::<32>()].concat()
            }),
            each(|transaction| transaction.to.to().map_or_else(Vec::new, |to| to.to_vec())),
            each(|transaction| transaction.rest.clone()),
            uvarints(transactions.iter().map(|transaction| transaction.nonce)),
            uvarints(transactions.iter().map(|transaction| transaction.gas)),
            bits(legacy.map(|transaction| transaction.is_protected)),
        ]
    }
}

fn uvarints(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut out = Vec::new();
    numbers.into_iter().for_each(|number| uvarint(&mut out, number));
    out
}

fn uvarint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// One big-endian number: bit i is item i.
fn bits(items: impl Iterator<Item = bool>) -> Vec<u8> {
    let items: Vec<bool> = items.collect();
    let mut bytes = vec![0; items.len().div_ceil(8)];
    for (index, _) in items.iter().enumerate().filter(|(_, item)| **item) {
        let byte = bytes.len() - 1 - index / 8;
        bytes[byte] |= 1 << (index % 8);
    }
    bytes
}
