//! Preimages that are fetched while a program runs: the newest in memory, all of them in a store if there is one.

use crate::{Store, StoreError, beacon::CheckedBlob, precompile::Call};
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{BLOB_BYTES, Key, KeyKind, versioned_hash};
use std::{
    collections::HashMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Preimages on their way from the sources to the program. Whoever puts them in has checked them.
///
/// Memory holds what came in last, up to a bound. What falls out is in the store below, or is fetched again.
#[derive(Debug)]
pub struct Cache {
    memory: Mutex<Memory>,
    came: Condvar,
    below: Option<Box<Store>>,
}

/// Two generations: what is used moves to the young one, and when that has half of the bytes the old one goes.
#[derive(Debug)]
struct Memory {
    young: Generation,
    old: Generation,
    bound: usize,
}

#[derive(Debug, Default)]
struct Generation {
    values: HashMap<Key, Bytes>,
    blobs: HashMap<B256, CheckedBlob>,
    bytes: usize,
}

/// What a value costs beside its bytes.
const OVERHEAD: usize = 96;

impl Cache {
    /// Bytes in memory at most, unless it is said otherwise.
    pub const DEFAULT_BOUND: usize = 192 << 20;

    /// A cache of `bound` bytes above `below`, which is written to.
    pub fn new(below: Option<Store>, bound: usize) -> Self {
        let memory = Memory { young: Generation::default(), old: Generation::default(), bound };
        Self { memory: Mutex::new(memory), came: Condvar::new(), below: below.map(Box::new) }
    }

    /// The store below.
    pub fn below(&self) -> Option<&Store> {
        self.below.as_deref()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The preimage of `key`; the outcome of a precompile is computed from its call.
    ///
    /// # Errors
    /// Where the store below is damaged.
    pub fn get(&self, key: Key) -> Result<Option<Bytes>, StoreError> {
        if key.kind() == Some(KeyKind::Precompile) {
            let call = self.get(key.with_kind(KeyKind::Keccak256))?;
            return Ok(call.and_then(|call| Call::read(&call)?.outcome()));
        }
        if let Some(value) = self.memory().value(key) {
            return Ok(Some(value));
        }
        self.below.as_ref().map_or(Ok(None), |store| store.get(key))
    }

    /// All 131072 bytes of a blob.
    ///
    /// # Errors
    /// Where the store below is damaged.
    pub fn blob(&self, versioned_hash: B256) -> Result<Option<Bytes>, StoreError> {
        if let Some(blob) = self.memory().blob(versioned_hash) {
            return Ok(Some(blob));
        }
        self.below.as_ref().map_or(Ok(None), |store| store.blob(versioned_hash))
    }

    /// The commitments of all blobs that there is a list of.
    pub fn commitments(&self) -> Vec<[u8; 48]> {
        let memory = self.memory();
        let blobs = memory.young.blobs.values().chain(memory.old.blobs.values());
        let mut commitments: Vec<[u8; 48]> = blobs.map(|blob| blob.commitment).collect();
        drop(memory);
        commitments.extend(self.below.as_ref().map(|store| store.commitments()).unwrap_or_default());
        commitments
    }

    /// Puts values in, each under the Keccak-256 key of `keys`, and blobs, and wakes whoever waits.
    ///
    /// # Errors
    /// Where the store below can't be written.
    pub fn put(&self, values: &[(Key, Bytes)], blobs: &[CheckedBlob]) -> Result<(), StoreError> {
        if let Some(store) = &self.below {
            store.put(values, blobs)?;
        }
        let mut memory = self.memory();
        values.iter().for_each(|(key, value)| memory.put(*key, value.clone()));
        blobs.iter().for_each(|blob| memory.put_blob(blob.clone()));
        drop(memory);
        self.came.notify_all();
        Ok(())
    }

    /// Waits until something was put in, no longer than `at_most`.
    pub fn wait(&self, at_most: Duration) {
        let memory = self.memory();
        drop(self.came.wait_timeout(memory, at_most));
    }
}

impl Memory {
    fn value(&mut self, key: Key) -> Option<Bytes> {
        if let Some(value) = self.young.values.get(&key) {
            return Some(value.clone());
        }
        let value = self.old.values.remove(&key)?;
        self.old.bytes -= value.len() + OVERHEAD;
        self.put(key, value.clone());
        Some(value)
    }

    fn blob(&mut self, hash: B256) -> Option<Bytes> {
        if let Some(blob) = self.young.blobs.get(&hash) {
            return Some(blob.bytes.clone());
        }
        let blob = self.old.blobs.remove(&hash)?;
        self.old.bytes -= BLOB_BYTES;
        let bytes = blob.bytes.clone();
        self.put_blob(blob);
        Some(bytes)
    }

    fn put(&mut self, key: Key, value: Bytes) {
        let bytes = value.len() + OVERHEAD;
        if self.young.values.insert(key, value).is_none() {
            self.grew(bytes);
        }
    }

    fn put_blob(&mut self, blob: CheckedBlob) {
        let hash = versioned_hash(&blob.commitment);
        self.put(Key::sha256(hash), Bytes::copy_from_slice(&blob.commitment));
        if self.young.blobs.insert(hash, blob).is_none() {
            self.grew(BLOB_BYTES);
        }
    }

    fn grew(&mut self, bytes: usize) {
        self.young.bytes += bytes;
        if self.young.bytes > self.bound / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }
}
