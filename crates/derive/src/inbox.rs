//! What the batcher sent to the inbox in one L1 block (rules D03 to D05; spec: derivation, «L1 retrieval»).

use crate::{
    Batcher, IndexedBlobHash, Mismatch, Need, Reason, Subject,
    event::Events,
    pull::{Pause, Pull},
};
use alloc::{collections::VecDeque, vec::Vec};
use alloy_consensus::crypto::secp256k1::recover_signer;
use alloy_primitives::{Address, B256, Bytes, Keccak256, Signature, U256};
use alloy_rlp::{Decodable, Encodable, Header};
use core::convert::Infallible;
use kohala_protocol::{BLOB_SIZE, BlockInfo, Fork, RollupConfig, decode_blob};

/// The data of one L1 block, in order of transactions and of blobs within them.
#[derive(Debug)]
pub(crate) struct Inbox {
    block: BlockInfo,
    data: VecDeque<Datum>,
    /// Hashes of the blobs among `data` until they are provided; they are asked for when the first one is its turn.
    missing: Vec<IndexedBlobHash>,
}

#[derive(Debug)]
enum Datum {
    Calldata(Bytes),
    /// The bytes are empty until they are provided.
    Blob(B256, Bytes),
}

impl Inbox {
    /// Selects the batcher's transactions of `block`.
    ///
    /// Transactions are read no further than their recipient unless that is the inbox, but for how many blobs they carry;
    /// the sender is recovered last. What can't be read is no batcher transaction: L1 may know types that we don't.
    pub(crate) fn open(
        config: &RollupConfig,
        block: BlockInfo,
        transactions: &[Bytes],
        senders: Option<Senders>,
        batcher: Batcher,
        events: &mut Events,
    ) -> Self {
        let blobs_count = config.is_active(Fork::Ecotone, block.timestamp);
        let mut inbox = Self { block, data: VecDeque::new(), missing: Vec::new() };
        let mut senders = senders.unwrap_or_default().into_iter();
        let mut blob_index = 0;
        for (place, bytes) in transactions.iter().enumerate() {
            let Some(transaction) = Transaction::read(bytes) else { continue };
            let first_blob = blob_index;
            blob_index += transaction.blob_hashes().count() as u64;
            if transaction.to() != Some(config.batch_inbox_address) {
                continue;
            }
            let sender = senders.next().unwrap_or_else(|| transaction.sender(config.l1_chain_id));
            match sender {
                None => events.push(Subject::Transaction(place), Reason::Signature),
                Some(sender) if sender != batcher.0 => events.push(Subject::Transaction(place), Reason::NotTheBatcher),
                Some(_) if blobs_count && transaction.kind == BLOB => {
                    for (index, hash) in (first_blob..).zip(transaction.blob_hashes()) {
                        inbox.missing.push(IndexedBlobHash { index, hash });
                        inbox.data.push_back(Datum::Blob(hash, Bytes::new()));
                    }
                }
                Some(_) => {
                    let data = transaction.data().map_or_else(Bytes::new, |data| bytes.slice_ref(data));
                    inbox.data.push_back(Datum::Calldata(data));
                }
            }
        }
        inbox
    }

    /// The next datum; blobs that hold none are skipped (rules D05).
    pub(crate) fn next_datum(&mut self, events: &mut Events) -> Pull<Bytes> {
        loop {
            if matches!(self.data.front(), Some(Datum::Blob(..))) && !self.missing.is_empty() {
                return Pull::Pause(Pause::Need(Need::Blobs { block: self.block, hashes: self.missing.clone() }));
            }
            match self.data.pop_front() {
                None => return Pull::Pause(Pause::End),
                Some(Datum::Calldata(data)) => return Pull::Item(data),
                Some(Datum::Blob(hash, blob)) => match decode_blob(&blob) {
                    Ok(data) => return Pull::Item(data),
                    Err(error) => events.push(Subject::Blob(hash), Reason::Blob(error)),
                },
            }
        }
    }

    /// Takes the blobs that [`Self::next_datum`] asked for.
    pub(crate) fn provide_blobs(&mut self, blobs: Vec<Bytes>) -> Result<(), Mismatch> {
        if blobs.len() != self.missing.len() {
            return Err(Mismatch::BlobCount { expected: self.missing.len(), given: blobs.len() });
        }
        if blobs.iter().any(|blob| blob.len() > BLOB_SIZE) {
            return Err(Mismatch::BlobSize);
        }
        let places = self.data.iter_mut().filter_map(|datum| match datum {
            Datum::Blob(_, place) => Some(place),
            Datum::Calldata(_) => None,
        });
        places.zip(blobs).for_each(|(place, blob)| *place = blob);
        self.missing.clear();
        Ok(())
    }
}

/// Who sent the transactions of an L1 block that go to the batch inbox, in order; `None` for one that nobody signed.
pub type Senders = Vec<Option<Address>>;

/// The senders of an L1 block's transactions to the batch inbox. `recover` says who made a signature of a hash: for a source
/// that has a faster way to it than this crate.
///
/// # Errors
/// The first of `recover`.
pub fn inbox_senders<E>(
    config: &RollupConfig,
    transactions: &[Bytes],
    mut recover: impl FnMut(&Signature, B256) -> Result<Option<Address>, E>,
) -> Result<Senders, E> {
    let to_inbox = transactions
        .iter()
        .filter_map(|bytes| Transaction::read(bytes))
        .filter(|transaction| transaction.to() == Some(config.batch_inbox_address));
    to_inbox.map(|transaction| transaction.sender_by(config.l1_chain_id, &mut recover)).collect()
}

const LEGACY: u8 = 0;
const ACCESS_LIST: u8 = 1;
const DYNAMIC_FEE: u8 = 2;
const BLOB: u8 = 3;
/// An L1 that is itself an OP chain carries deposits (L3).
const DEPOSIT: u8 = 0x7E;

/// An L1 transaction of a type that may carry batches, as slices of its encoding. A block's transactions obey the
/// rules of L1, so this looks only at what it needs.
#[derive(Debug)]
struct Transaction<'a> {
    kind: u8,
    /// Payload of the outer list.
    body: &'a [u8],
}

impl<'a> Transaction<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (kind, mut list) = match *bytes.first()? {
            kind @ (ACCESS_LIST | DYNAMIC_FEE | BLOB | DEPOSIT) => (kind, &bytes[1..]),
            0xC0.. => (LEGACY, bytes),
            _ => return None,
        };
        let body = Header::decode_bytes(&mut list, true).ok()?;
        Some(Self { kind, body })
    }

    /// The payload of the field at `index`.
    fn field(&self, index: usize) -> Option<&'a [u8]> {
        let mut rest = self.body;
        for _ in 0..index {
            skip_item(&mut rest)?;
        }
        skip_item(&mut rest)
    }

    const fn to_index(&self) -> usize {
        match self.kind {
            LEGACY => 3,
            ACCESS_LIST => 4,
            DEPOSIT => 2,
            _ => 5,
        }
    }

    fn to(&self) -> Option<Address> {
        Address::try_from(self.field(self.to_index())?).ok()
    }

    fn data(&self) -> Option<&'a [u8]> {
        self.field(if self.kind == DEPOSIT { 7 } else { self.to_index() + 2 })
    }

    /// Versioned hashes of the blobs; none for other types.
    fn blob_hashes(&self) -> impl Iterator<Item = B256> + use<'a> {
        let hashes = if self.kind == BLOB { self.field(10) } else { None };
        let mut rest = hashes.unwrap_or_default();
        core::iter::from_fn(move || B256::decode(&mut rest).ok())
    }

    /// Who sent it, recovered from its signature.
    fn sender(&self, chain_id: u64) -> Option<Address> {
        self.sender_by(chain_id, |signature, hash| Ok(recover_signer(signature, hash).ok()))
            .unwrap_or_else(|never: Infallible| match never {})
    }

    /// Who signed it for the chain `chain_id`, as `recover` says; a deposit names its sender.
    fn sender_by<E>(
        &self,
        chain_id: u64,
        recover: impl FnOnce(&Signature, B256) -> Result<Option<Address>, E>,
    ) -> Result<Option<Address>, E> {
        match self.kind {
            DEPOSIT => Ok(self.field(1).and_then(|field| Address::try_from(field).ok())),
            _ => self.signature(chain_id).map_or(Ok(None), |(signature, hash)| recover(&signature, hash)),
        }
    }

    /// The signature for the chain `chain_id`, and the hash that it signs.
    fn signature(&self, chain_id: u64) -> Option<(Signature, B256)> {
        let unsigned_fields = match self.kind {
            LEGACY => 6,
            ACCESS_LIST => 8,
            DYNAMIC_FEE => 9,
            _ => 11,
        };
        let mut rest = self.body;
        for _ in 0..unsigned_fields {
            skip_item(&mut rest)?;
        }
        let unsigned = &self.body[..self.body.len() - rest.len()];
        let v = u64::decode(&mut rest).ok()?;
        let (r, s) = (U256::decode(&mut rest).ok()?, U256::decode(&mut rest).ok()?);

        // What a legacy signature for one chain signs beside the fields (EIP-155).
        let mut replay_protection = Vec::new();
        let odd = match (self.kind, v) {
            (LEGACY, 27 | 28) => v == 28,
            (LEGACY, 35..) if (v - 35) / 2 == chain_id => {
                chain_id.encode(&mut replay_protection);
                replay_protection.extend_from_slice(&[alloy_rlp::EMPTY_STRING_CODE; 2]);
                (v - 35) % 2 == 1
            }
            (ACCESS_LIST | DYNAMIC_FEE | BLOB, 0 | 1) if u64::decode(&mut &*self.body) == Ok(chain_id) => v == 1,
            _ => return None,
        };
        let mut head = Vec::new();
        if self.kind != LEGACY {
            head.push(self.kind);
        }
        Header { list: true, payload_length: unsigned.len() + replay_protection.len() }.encode(&mut head);
        let mut hasher = Keccak256::new();
        hasher.update(&head);
        hasher.update(unsigned);
        hasher.update(&replay_protection);
        Some((Signature::new(r, s, odd), hasher.finalize()))
    }
}

/// Steps over an RLP item and returns its payload.
fn skip_item<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let header = Header::decode(rest).ok()?;
    let (payload, after) = rest.split_at_checked(header.payload_length)?;
    *rest = after;
    Some(payload)
}
