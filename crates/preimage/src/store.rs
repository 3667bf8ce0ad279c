//! Preimages in memory, every one checked.

use crate::{Blob, BlobError, Hint, Key, KeyKind, Missing, Oracle, WrongPreimage};
use alloy_primitives::{
    Address, B256, Bytes, keccak256,
    map::{HashMap, hash_map::Entry},
};
use sha2::{Digest, Sha256};

/// A set of preimages that were checked when they came in.
///
/// It is the store of tests, and what the host's stores are converted through. Whole blobs are kept as such: [`Oracle::blob`] answers them, [`Oracle::get`] answers their commitments but not their single
/// field elements.
#[derive(Debug, Clone, Default)]
pub struct Preimages {
    values: HashMap<Key, Bytes>,
    blobs: HashMap<B256, Blob>,
    hint: Option<Hint>,
}

impl Preimages {
    /// No preimages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the preimage of a keccak256 or sha256 key.
    ///
    /// # Errors
    /// Where the value doesn't hash to the key, and for every other kind of key: those can't be checked by the value
    /// alone and have methods of their own.
    pub fn insert(&mut self, key: Key, value: Bytes) -> Result<(), WrongPreimage> {
        let found = match key.kind() {
            Some(KeyKind::Keccak256) => Key::keccak256(keccak256(&value)),
            Some(KeyKind::Sha256) => Key::sha256(B256::new(Sha256::digest(&value).into())),
            _ => return Err(WrongPreimage { key }),
        };
        if found != key {
            return Err(WrongPreimage { key });
        }
        self.values.insert(key, value);
        Ok(())
    }

    /// Adds `value` under the keccak256 key that it hashes to, which is returned.
    pub fn insert_keccak256(&mut self, value: Bytes) -> Key {
        let key = Key::keccak256(keccak256(&value));
        self.values.insert(key, value);
        key
    }

    /// Sets the boot input `ident`.
    pub fn insert_local(&mut self, ident: u64, value: Bytes) {
        self.values.insert(Key::local(ident), value);
    }

    /// Adds the outcome of a precompile call, and the call itself as the keccak256 preimage that proves the key.
    ///
    /// `outcome` is the caller's word: a status byte, then the output.
    pub fn insert_precompile(&mut self, address: Address, gas: u64, input: &[u8], outcome: Bytes) {
        let mut call = alloc::vec::Vec::with_capacity(28 + input.len());
        call.extend_from_slice(address.as_slice());
        call.extend_from_slice(&gas.to_be_bytes());
        call.extend_from_slice(input);
        let key = self.insert_keccak256(call.into());
        self.values.insert(key.with_kind(KeyKind::Precompile), outcome);
    }

    /// Adds a blob and its commitment, if its proof holds. `pairing` is as in [`Blob::verify`].
    ///
    /// # Errors
    /// As [`Blob::verify`].
    pub fn insert_blob(
        &mut self,
        blob: Blob,
        pairing: impl FnOnce(&[u8; 48], &[u8; 32], &[u8; 32], &[u8; 48]) -> bool,
    ) -> Result<(), BlobError> {
        if let Entry::Vacant(entry) = self.blobs.entry(blob.versioned_hash()) {
            blob.verify(pairing)?;
            self.values.insert(Key::sha256(*entry.key()), Bytes::copy_from_slice(&blob.commitment));
            entry.insert(blob);
        }
        Ok(())
    }

    /// Takes one preimage out.
    pub fn remove(&mut self, key: Key) -> Option<Bytes> {
        self.values.remove(&key)
    }

    /// Takes one blob out. Its commitment stays.
    pub fn remove_blob(&mut self, versioned_hash: B256) -> Option<Blob> {
        self.blobs.remove(&versioned_hash)
    }

    /// The preimage of `key`.
    pub fn value(&self, key: Key) -> Option<&Bytes> {
        self.values.get(&key)
    }

    /// The blob with this versioned hash.
    pub fn whole_blob(&self, versioned_hash: B256) -> Option<&Blob> {
        self.blobs.get(&versioned_hash)
    }

    /// All preimages but the field elements of blobs, in no order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Key, &Bytes)> {
        self.values.iter().map(|(key, value)| (*key, value))
    }

    /// All blobs, in no order.
    pub fn blobs(&self) -> impl ExactSizeIterator<Item = &Blob> {
        self.blobs.values()
    }
}

/// Why a set of preimages has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreimageError {
    /// It isn't in the set.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// What is in the set can't be used.
    #[error(transparent)]
    Wrong(#[from] WrongPreimage),
}

impl Oracle for Preimages {
    type Error = PreimageError;

    fn hint(&mut self, hint: &Hint) -> Result<(), PreimageError> {
        self.hint = Some(hint.clone());
        Ok(())
    }

    fn get(&mut self, key: Key) -> Result<Bytes, PreimageError> {
        match self.values.get(&key) {
            Some(value) => Ok(value.clone()),
            None => Err(Missing { key, hint: self.hint.clone() }.into()),
        }
    }

    fn blob(&mut self, versioned_hash: B256, index: u64, l1_time: u64) -> Result<Bytes, PreimageError> {
        match self.blobs.get(&versioned_hash) {
            Some(blob) => Ok(blob.to_bytes()),
            None => {
                let hint = Some(Hint::L1Blob { versioned_hash, index: Some(index), l1_time });
                Err(Missing { key: Key::sha256(versioned_hash), hint }.into())
            }
        }
    }
}
