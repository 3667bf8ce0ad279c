//! Raw preimages, as other programs record them: checked, and blobs put together.
//!
//! A recording names every field element of a blob by a key of its own and keeps the preimage of each such key beside
//! it. Here all of that becomes one blob again, with a proof made once.

use crate::{
    StoreError, kzg,
    precompile::Call,
    store::{MAX_UNPACKED_BYTES, MAX_VALUE_BYTES},
};
use alloy_primitives::{Bytes, keccak256};
use kohala_preimage::{BLOB_BYTES, BlobError, BlobKeys, Key, KeyKind, Preimages, WrongPreimage, versioned_hash};
use rayon::prelude::*;
use std::{
    collections::{BTreeSet, HashMap},
    io::{self, BufReader, Read},
};

/// Bytes in the preimage of a blob key.
const BLOB_KEY_BYTES: usize = 80;

/// The key that a value hashes to, where `kind` is one of hashes.
pub(crate) fn key_of(kind: KeyKind, value: &[u8]) -> Option<Key> {
    match kind {
        KeyKind::Keccak256 => Some(Key::keccak256(keccak256(value))),
        KeyKind::Sha256 => Some(Key::sha256(versioned_hash(value))),
        _ => None,
    }
}

/// Checks a value that hashes to its key.
pub(crate) fn check(key: Key, kind: KeyKind, value: Bytes) -> Result<Bytes, StoreError> {
    if key_of(kind, &value) == Some(key) { Ok(value) } else { Err(WrongPreimage { key }.into()) }
}

/// Reads a stream of preimages: 32-byte key, big-endian length in four bytes, value, repeated. It may be compressed
/// with zstd.
///
/// # Errors
/// [`StoreError::Truncated`] where the stream ends within an entry, [`StoreError::TooLong`], [`StoreError::TooLarge`] where it
/// is compressed and unpacks to too much; otherwise as [`assemble`].
pub fn read_stream(reader: impl Read) -> Result<Preimages, StoreError> {
    const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    const MAX_WINDOW_LOG: u32 = 31;

    let mut start = Vec::new();
    let mut reader = BufReader::new(reader);
    reader.by_ref().take(4).read_to_end(&mut start)?;
    let compressed = start == ZSTD_MAGIC;
    let reader = io::Cursor::new(start).chain(reader);
    if compressed {
        let mut decoder = zstd::stream::read::Decoder::new(reader)?;
        decoder.window_log_max(MAX_WINDOW_LOG)?;
        assemble(Entries { reader: decoder, room: MAX_UNPACKED_BYTES })
    } else {
        // As long as the file is: nothing unpacks.
        assemble(Entries { reader, room: u64::MAX })
    }
}

struct Entries<R> {
    reader: R,
    /// Bytes that values may still take.
    room: u64,
}

impl<R: Read> Entries<R> {
    fn entry(&mut self) -> Result<Option<(Key, Bytes)>, StoreError> {
        let mut start = Vec::with_capacity(36);
        self.reader.by_ref().take(36).read_to_end(&mut start)?;
        if start.is_empty() {
            return Ok(None);
        }
        let (key, len) = start.split_first_chunk::<32>().ok_or(StoreError::Truncated)?;
        let len = u32::from_be_bytes(len.try_into().map_err(|_| StoreError::Truncated)?);
        if len as usize > MAX_VALUE_BYTES {
            return Err(StoreError::TooLong(Key::from(*key)));
        }
        self.room = self.room.checked_sub(len.into()).ok_or(StoreError::TooLarge)?;
        // Grows as bytes arrive: the length alone allocates nothing.
        let mut value = Vec::new();
        self.reader.by_ref().take(len.into()).read_to_end(&mut value)?;
        if value.len() != len as usize {
            return Err(StoreError::Truncated);
        }
        value.shrink_to_fit();
        Ok(Some((Key::from(*key), value.into())))
    }
}

impl<R: Read> Iterator for Entries<R> {
    type Item = Result<(Key, Bytes), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entry().transpose()
    }
}

/// Raw entries, sorted by what it takes to check them.
#[derive(Default)]
struct Sorted {
    preimages: Preimages,
    /// Field elements by key.
    elements: HashMap<Key, Bytes>,
    /// Keccak256 preimages that may be those of blob keys.
    blob_keys: HashMap<Key, Bytes>,
    commitments: BTreeSet<[u8; 48]>,
    outcomes: Vec<(Key, Bytes)>,
}

/// Checks raw preimages and puts blobs together, on all cores. Boot inputs are left out.
///
/// # Errors
/// [`StoreError::Wrong`] for a value that is not its key's preimage, [`StoreError::Unproven`] for a field element or
/// precompile outcome that can't be checked because the preimage of its key is missing,
/// [`StoreError::IncompleteBlob`] where a blob lacks an element, and what reading them gives.
pub fn assemble(entries: impl IntoIterator<Item = Result<(Key, Bytes), StoreError>>) -> Result<Preimages, StoreError> {
    let mut sorted = Sorted::default();
    for entry in entries {
        let (key, value) = entry?;
        sorted.add(key, value)?;
    }
    sorted.finish()
}

impl Sorted {
    fn add(&mut self, key: Key, value: Bytes) -> Result<(), StoreError> {
        match key.kind() {
            Some(KeyKind::Local) => {}
            Some(kind @ KeyKind::Keccak256) if value.len() == BLOB_KEY_BYTES => {
                self.blob_keys.insert(key, check(key, kind, value)?);
            }
            Some(KeyKind::Keccak256) => self.preimages.insert(key, value)?,
            Some(KeyKind::Sha256) => {
                if let Ok(commitment) = value[..].try_into() {
                    self.commitments.insert(commitment);
                }
                self.preimages.insert(key, value)?;
            }
            Some(KeyKind::Blob) => {
                self.elements.insert(key, value);
            }
            Some(KeyKind::Precompile) => self.outcomes.push((key, value)),
            Some(KeyKind::GlobalGeneric) | None => return Err(WrongPreimage { key }.into()),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Preimages, StoreError> {
        for key in self.elements.keys() {
            if let Some(preimage) = self.blob_keys.get(&key.with_kind(KeyKind::Keccak256))
                && let Some(commitment) = preimage.first_chunk::<48>()
            {
                self.commitments.insert(*commitment);
            }
        }

        let commitments: Vec<_> = std::mem::take(&mut self.commitments).into_iter().collect();
        let blobs = commitments.par_iter().map(|commitment| self.blob(commitment)).collect::<Result<Vec<_>, _>>()?;
        for blob in blobs.into_iter().flatten() {
            for (key, _) in BlobKeys::new(blob.commitment) {
                self.elements.remove(&key);
                self.blob_keys.remove(&key.with_kind(KeyKind::Keccak256));
            }
            let hash = blob.versioned_hash();
            // The commitment was just computed from the data, which says more than the proof does.
            let inserted = self.preimages.insert_blob(blob, |_, _, _, _| true);
            inserted.map_err(|reason| StoreError::Blob { blob: hash, reason })?;
        }

        // kona keeps the proof of a blob as an element past the last. The proof is made anew, so nothing is lost.
        for key in self.elements.keys() {
            let preimage = self.blob_keys.get(&key.with_kind(KeyKind::Keccak256));
            let commitment = preimage.and_then(|preimage| preimage.first_chunk::<48>());
            let known = commitment.is_some_and(|known| self.preimages.whole_blob(versioned_hash(known)).is_some());
            if !known {
                return Err(StoreError::Unproven(*key));
            }
        }
        for (key, value) in self.blob_keys {
            self.preimages.insert(key, value)?;
        }
        for (key, outcome) in self.outcomes {
            let call = self.preimages.value(key.with_kind(KeyKind::Keccak256)).cloned();
            let call = call.as_ref().and_then(|call| Call::read(call)).ok_or(StoreError::Unproven(key))?;
            if call.outcome().as_ref() != Some(&outcome) {
                return Err(WrongPreimage { key }.into());
            }
            self.preimages.insert_precompile(call.address, call.gas, call.input, outcome);
        }
        Ok(self.preimages)
    }

    /// The blob with this commitment; `None` where no element of it was recorded.
    fn blob(&self, commitment: &[u8; 48]) -> Result<Option<kohala_preimage::Blob>, StoreError> {
        let mut bytes = Vec::with_capacity(BLOB_BYTES);
        let mut missing = None;
        for (key, _) in BlobKeys::new(*commitment) {
            match self.elements.get(&key) {
                Some(element) if element.len() == 32 => bytes.extend_from_slice(element),
                Some(_) => return Err(WrongPreimage { key }.into()),
                None => missing = Some(key),
            }
        }
        match missing {
            Some(_) if bytes.is_empty() => Ok(None),
            Some(key) => Err(StoreError::IncompleteBlob { blob: versioned_hash(commitment), key }),
            None => {
                let wrong = |reason| StoreError::Blob { blob: versioned_hash(commitment), reason };
                let blob = kzg::blob(&bytes).map_err(wrong)?;
                if blob.commitment == *commitment { Ok(Some(blob)) } else { Err(wrong(BlobError::Proof)) }
            }
        }
    }
}
