//! Preimages that are fetched while a program runs: the newest in memory, all of them in a store if there is one.

use crate::{Store, StoreError, beacon::CheckedBlob, lock, precompile::Call};
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{BLOB_BYTES, Key, KeyKind, versioned_hash};
use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Preimages on their way from the sources to the program. Whoever puts them in has checked them.
///
/// Memory holds what came in last, up to a bound. What falls out is in the store below, or is fetched again.
#[derive(Debug)]
pub struct Cache {
    memory: Mutex<Memory>,
    came: Condvar,
    below: Option<Below>,
}

/// The store below and the thread that writes to it: transactions cost the same for one value and for thousands, and
/// nobody waits for them.
#[derive(Debug)]
struct Below {
    store: Arc<Store>,
    writer: Option<(Sender<Piece>, JoinHandle<()>)>,
    /// Bytes that wait to be written.
    waiting: Arc<AtomicUsize>,
    failure: Arc<Mutex<Option<StoreError>>>,
}

/// What came in at once.
type Piece = (Vec<(Key, Bytes)>, Vec<CheckedBlob>);

/// Bytes that may wait to be written before nobody works ahead any more. What the program waits for is never held up.
const QUEUE: usize = 64 << 20;
/// Bytes of values in one transaction at most, but for the last piece in it.
const TRANSACTION: usize = 4 << 20;

impl Below {
    fn new(store: Store) -> Self {
        let (sender, pieces) = channel();
        let (store, failure, waiting) = (Arc::new(store), Arc::new(Mutex::new(None)), Arc::new(AtomicUsize::new(0)));
        let (target, failed, queued) = (Arc::clone(&store), Arc::clone(&failure), Arc::clone(&waiting));
        let thread = std::thread::spawn(move || {
            if let Err(error) = write(&target, &pieces, &queued) {
                tracing::error!("what is fetched can't be kept: {error}");
                *lock(&failed) = Some(error);
            }
        });
        Self { store, writer: Some((sender, thread)), waiting, failure }
    }

    fn put(&self, piece: Piece) -> Result<(), StoreError> {
        self.waiting.fetch_add(size(&piece), Ordering::AcqRel);
        let sent = self.writer.as_ref().is_some_and(|(sender, _)| sender.send(piece).is_ok());
        match sent {
            true => Ok(()),
            // The thread ends by a failure only. Whoever comes second is told less, but told.
            false => Err(lock(&self.failure).take().unwrap_or(StoreError::ReadOnly)),
        }
    }
}

impl Drop for Below {
    /// Waits until all is written.
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.writer.take() {
            drop(sender);
            // A panic there has been reported by its own thread already.
            let _ = thread.join();
        }
    }
}

/// Bytes in a piece.
fn size((values, blobs): &Piece) -> usize {
    values.iter().map(|(_, value)| value.len() + OVERHEAD).sum::<usize>() + blobs.len() * BLOB_BYTES
}

/// Writes pieces until there are no more, as many in one transaction as wait together.
fn write(store: &Store, pieces: &Receiver<Piece>, waiting: &AtomicUsize) -> Result<(), StoreError> {
    while let Ok(mut piece) = pieces.recv() {
        let mut bytes = size(&piece);
        while bytes < TRANSACTION
            && let Ok(next) = pieces.try_recv()
        {
            bytes += size(&next);
            piece.0.extend(next.0);
            piece.1.extend(next.1);
        }
        let (values, blobs) = piece;
        let blobs: Vec<_> = blobs.into_iter().map(|blob| (blob.commitment, blob.bytes)).collect();
        store.put(&values, &blobs)?;
        waiting.fetch_sub(bytes, Ordering::AcqRel);
    }
    Ok(())
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
        Self { memory: Mutex::new(memory), came: Condvar::new(), below: below.map(Below::new) }
    }

    /// The store below.
    pub fn below(&self) -> Option<&Store> {
        self.below.as_ref().map(|below| &*below.store)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
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
        self.below().map_or(Ok(None), |store| store.get(key))
    }

    /// All 131072 bytes of a blob.
    ///
    /// # Errors
    /// Where the store below is damaged.
    pub fn blob(&self, versioned_hash: B256) -> Result<Option<Bytes>, StoreError> {
        if let Some(blob) = self.memory().blob(versioned_hash) {
            return Ok(Some(blob));
        }
        self.below().map_or(Ok(None), |store| store.blob(versioned_hash))
    }

    /// The commitments of all blobs that there is a list of.
    ///
    /// # Errors
    /// Where the store below is damaged.
    pub fn commitments(&self) -> Result<Vec<[u8; 48]>, StoreError> {
        let memory = self.memory();
        let blobs = memory.young.blobs.values().chain(memory.old.blobs.values());
        let mut commitments: Vec<[u8; 48]> = blobs.map(|blob| blob.commitment).collect();
        drop(memory);
        if let Some(store) = self.below() {
            commitments.extend(store.commitments()?);
        }
        Ok(commitments)
    }

    /// Puts values and blobs in and wakes whoever waits. They are written to the store below a little later: all of them
    /// once this cache is gone.
    ///
    /// # Errors
    /// Where something could not be written to the store below, now or before.
    pub fn put(&self, values: &[(Key, Bytes)], blobs: &[CheckedBlob]) -> Result<(), StoreError> {
        if let Some(below) = &self.below {
            below.put((values.to_vec(), blobs.to_vec()))?;
        }
        let mut memory = self.memory();
        values.iter().for_each(|(key, value)| memory.put(*key, value.clone()));
        blobs.iter().for_each(|blob| memory.put_blob(blob.clone()));
        drop(memory);
        self.came.notify_all();
        Ok(())
    }

    /// Waits while too much waits to be written: for those who work ahead.
    pub(crate) async fn caught_up(&self) {
        let is_behind = || self.below.as_ref().is_some_and(|below| below.waiting.load(Ordering::Acquire) > QUEUE);
        while is_behind() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
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
