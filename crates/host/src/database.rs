//! Preimages in an embedded key-value database (a file `….db`): for runs that fetch for hours and may be killed.
//!
//! The library is redb 4: one file, one dependency of the licences that deny.toml allows. A million values of 350 bytes
//! (382 MB with their keys), put in by the thousand, take 22 s of processor time (33 s in all on two shared cores), 595 MB
//! on disk and 40 MB of memory; the file is opened in 2 ms, also after a kill. fjall 3 took 8 s, 413 MB and 80 MB, and
//! meets damage better; but it brings sixteen crates, two of them under licences that nobody has agreed to (BSL-1.0, 0BSD).
//!
//! | table | key | value |
//! |---|---|---|
//! | `values` | 32 bytes: a preimage's key | the preimage, whose key is of the kind keccak256 or sha256 |
//! | | a precompile's key | the call: address, required gas, input; the outcome is computed from it |
//! | `blobs` | 33 bytes: sha256 key of the commitment, number of the part | part of: commitment (48 bytes), blob without trailing zeros |
//!
//! Everything that is read is hashed, and a blob's commitment computed again. So damage is an error or a preimage that
//! isn't there, never a wrong answer: the library's own checksums are looked at only when a store is repaired. One process
//! at a time has the store open, for reading too. Nothing is ever removed from it.

use crate::{
    StoreError, kzg,
    precompile::{Call, is_accelerated},
    recorded::{check, key_of},
    store::MAX_VALUE_BYTES,
};
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{BLOB_BYTES, Blob, BlobError, Key, KeyKind, Preimages, WrongPreimage, versioned_hash};
use rayon::prelude::*;
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use std::{
    fs::{self, File},
    io::{self, Read},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

/// What a file of the library's begins with.
const MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";

const VALUES: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("values");
const BLOBS: TableDefinition<'_, &[u8; 33], &[u8]> = TableDefinition::new("blobs");

/// Bytes of a blob that lie together. A value has pages of its own, a power of two of them, and what they hold beside it
/// must fit too: a whole blob in one would take 256 KiB.
const PART_BYTES: usize = (32 << 10) - 64;
/// Most parts that a blob has.
const PARTS: usize = (48 + BLOB_BYTES).div_ceil(PART_BYTES);
/// Bytes of pages that are kept in memory.
const CACHE_BYTES: usize = 32 << 20;
/// Preimages that one transaction takes where a whole set is written.
const BATCH: usize = 4096;

/// A store in a database. Any number of threads may read and write.
pub struct Database {
    database: redb::Database,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Database {
    /// The ending of the file's name.
    pub const EXTENSION: &str = "db";

    /// Whether a file that begins like this is a database, of any version.
    pub fn is_database(start: &[u8]) -> bool {
        start.starts_with(&MAGIC)
    }

    /// Opens an existing store.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while anybody has it open, [`StoreError::Format`] where the file is no such store,
    /// [`StoreError::Database`] where it is damaged; otherwise where the file system does.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let mut start = Vec::new();
        File::open(path.as_ref())?.take(MAGIC.len() as u64).read_to_end(&mut start)?;
        if !Self::is_database(&start) {
            return Err(StoreError::Format);
        }
        let database = calmly(|| Ok(redb::Builder::new().set_cache_size(CACHE_BYTES).open(path)?))?;
        // Another's database lacks the tables.
        calmly(|| {
            let reading = database.begin_read()?;
            drop((reading.open_table(VALUES)?, reading.open_table(BLOBS)?));
            Ok(())
        })?;
        Ok(Self { database })
    }

    /// Opens the store at `path`, and makes it first where nothing is there.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        if !path.try_exists()? {
            Self::create(path)?;
        }
        Self::open(path)
    }

    /// Makes an empty store beside `path` and gives it that name: who is killed in between leaves nothing that can't be
    /// opened.
    fn create(path: &Path) -> Result<(), StoreError> {
        let temporary = PathBuf::from(format!("{}.{}", path.display(), std::process::id()));
        let make = || {
            calmly(|| {
                let database = redb::Builder::new().create(&temporary)?;
                let writing = database.begin_write()?;
                drop((writing.open_table(VALUES)?, writing.open_table(BLOBS)?));
                Ok(writing.commit()?)
            })?;
            match fs::hard_link(&temporary, path) {
                // Somebody else was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                linked => Ok(linked?),
            }
        };
        let made = make();
        fs::remove_file(&temporary)?;
        made
    }

    /// The preimage of `key`, checked. Field elements of blobs are never answered singly.
    ///
    /// # Errors
    /// [`StoreError::Wrong`] for a value that is not its key's preimage, [`StoreError::Database`] where the database is
    /// damaged.
    pub fn get(&self, key: Key) -> Result<Option<Bytes>, StoreError> {
        match key.kind() {
            Some(KeyKind::Keccak256) => match self.value(key)? {
                Some(value) => Ok(Some(value)),
                None => self.value(key.with_kind(KeyKind::Precompile)),
            },
            Some(KeyKind::Sha256) => match self.value(key)? {
                Some(value) => Ok(Some(value)),
                None => Ok(self.entry(key)?.map(|(commitment, _)| Bytes::copy_from_slice(&commitment))),
            },
            Some(KeyKind::Precompile) => {
                let call = self.value(key)?;
                Ok(call.and_then(|call| Call::read(&call)?.outcome()))
            }
            _ => Ok(None),
        }
    }

    /// All 131072 bytes of the blob with this versioned hash, checked by computing its commitment.
    ///
    /// # Errors
    /// [`StoreError::Blob`] where it is another, [`StoreError::Database`] where the database is damaged.
    pub fn blob(&self, versioned_hash: B256) -> Result<Option<Bytes>, StoreError> {
        let wrong = |reason| StoreError::Blob { blob: versioned_hash, reason };
        let Some((commitment, data)) = self.entry(Key::sha256(versioned_hash))? else { return Ok(None) };
        let bytes = whole(&data).map_err(wrong)?;
        if kzg::commitment(&bytes).map_err(wrong)? != commitment {
            return Err(wrong(BlobError::Proof));
        }
        Ok(Some(bytes.into()))
    }

    /// The commitments of all blobs. Reads the blobs too, so it is for who wants those next.
    ///
    /// # Errors
    /// [`StoreError::Wrong`] for a commitment under another's versioned hash, [`StoreError::Database`] where the
    /// database is damaged.
    pub fn commitments(&self) -> Result<Vec<[u8; 48]>, StoreError> {
        Ok(self.entries()?.into_iter().map(|(commitment, _)| commitment).collect())
    }

    /// Reads and checks everything. The proofs of blobs are made anew.
    ///
    /// # Errors
    /// At the first thing that is wrong.
    pub fn load(&self) -> Result<Preimages, StoreError> {
        let mut preimages = Preimages::new();
        for (key, value) in self.all_values()? {
            let wrong = || StoreError::from(WrongPreimage { key });
            if key.kind() == Some(KeyKind::Precompile) {
                let value = checked(key, value)?;
                let call = Call::read(&value).ok_or_else(wrong)?;
                let outcome = call.outcome().ok_or_else(wrong)?;
                preimages.insert_precompile(call.address, call.gas, call.input, outcome);
            } else {
                preimages.insert(key, value)?;
            }
        }
        let made = self.entries()?.into_par_iter().map(|(commitment, data)| {
            let wrong = |reason| StoreError::Blob { blob: versioned_hash(&commitment), reason };
            let blob = kzg::blob(&whole(&data).map_err(wrong)?).map_err(wrong)?;
            if blob.commitment == commitment { Ok(blob) } else { Err(wrong(BlobError::Proof)) }
        });
        for blob in made.collect::<Result<Vec<Blob>, StoreError>>()? {
            let hash = blob.versioned_hash();
            // The commitment was just computed from the data, which says more than the proof does.
            let inserted = preimages.insert_blob(blob, |_, _, _, _| true);
            inserted.map_err(|reason| StoreError::Blob { blob: hash, reason })?;
        }
        Ok(preimages)
    }

    /// Puts preimages of keccak256 and sha256 keys in, and blobs by their commitments, with trailing zeros or without.
    /// The outcome of a precompile is put in by its call, which is the keccak256 preimage of the key's digest.
    ///
    /// When this returns, all of it is in the store and survives a loss of power. Whatever happens before that, all of it
    /// or none is. That takes two writes to the disk: put much in at once. Threads that put something in wait for each
    /// other.
    ///
    /// Values are checked. Blobs are not: who has them has computed their commitment, and who reads them does it again.
    ///
    /// # Errors
    /// Nothing is put in then: [`StoreError::Wrong`] for a value that is not its key's preimage and for a key of another
    /// kind, [`StoreError::TooLong`] for a value and [`StoreError::Blob`] for a blob that is too long,
    /// [`StoreError::Database`] where the database is damaged, and where the file system fails. The store must be opened
    /// again after the last two.
    pub fn put(&self, values: &[(Key, Bytes)], blobs: &[([u8; 48], Bytes)]) -> Result<(), StoreError> {
        let values = values.iter().map(|(key, value)| Ok((place_of(*key, value)?, value)));
        let values = values.collect::<Result<Vec<_>, StoreError>>()?;
        if let Some((commitment, _)) = blobs.iter().find(|(_, data)| data.len() > BLOB_BYTES) {
            return Err(StoreError::Blob { blob: versioned_hash(commitment), reason: BlobError::Length });
        }
        calmly(|| {
            let mut writing = self.database.begin_write()?;
            // Without it a store that was not closed is read as a whole when it is opened again.
            writing.set_quick_repair(true);
            {
                let mut table = writing.open_table(VALUES)?;
                for (place, value) in &values {
                    table.insert(place.as_bytes(), &value[..])?;
                }
                let mut table = writing.open_table(BLOBS)?;
                for (commitment, data) in blobs {
                    let len = data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                    let entry = [&commitment[..], &data[..len]].concat();
                    let key = Key::sha256(versioned_hash(commitment));
                    // All parts, so that none is left of an entry that was longer.
                    let mut parts = entry.chunks(PART_BYTES);
                    for number in 0..PARTS {
                        match parts.next() {
                            Some(part) => drop(table.insert(&part_key(key, number), part)?),
                            None => drop(table.remove(&part_key(key, number))?),
                        }
                    }
                }
            }
            Ok(writing.commit()?)
        })
    }

    /// Puts all of `preimages` in, but boot inputs, in transactions of some thousand each.
    ///
    /// # Errors
    /// As [`Database::put`]; [`StoreError::Unproven`] for the outcome of a precompile without its call.
    pub fn write(&self, preimages: &Preimages) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for (key, value) in preimages.iter() {
            match key.kind() {
                Some(KeyKind::Precompile) => {
                    let call = preimages.value(key.with_kind(KeyKind::Keccak256));
                    let is_call =
                        call.and_then(|call| Call::read(call)).is_some_and(|call| is_accelerated(call.address));
                    is_call.then_some(()).ok_or(StoreError::Unproven(key))?;
                }
                // A blob brings its commitment.
                Some(KeyKind::Sha256) if preimages.whole_blob(versioned_hash(value)).is_some() => {}
                Some(KeyKind::Keccak256 | KeyKind::Sha256) => values.push((key, value.clone())),
                _ => {}
            }
        }
        // In order of key, so that what is written the same is written in the same order.
        values.sort_unstable_by_key(|(key, _)| *key);
        values.chunks(BATCH).try_for_each(|values| self.put(values, &[]))?;
        let mut blobs: Vec<_> = preimages.blobs().map(|blob| (blob.commitment, blob.data.clone())).collect();
        blobs.sort_unstable_by_key(|(commitment, _)| *commitment);
        blobs.chunks(BATCH / 64).try_for_each(|blobs| self.put(&[], blobs))
    }

    fn value(&self, key: Key) -> Result<Option<Bytes>, StoreError> {
        calmly(|| {
            let table = self.database.begin_read()?.open_table(VALUES)?;
            table.get(key.as_bytes())?.map(|value| checked(key, Bytes::copy_from_slice(value.value()))).transpose()
        })
    }

    /// Commitment and data of the blob whose commitment is the preimage of `key`; the data is not checked.
    fn entry(&self, key: Key) -> Result<Option<([u8; 48], Bytes)>, StoreError> {
        calmly(|| {
            let table = self.database.begin_read()?.open_table(BLOBS)?;
            let mut entry = Vec::new();
            for part in table.range::<&[u8; 33]>(&part_key(key, 0)..&part_key(key, PARTS))? {
                entry.extend_from_slice(part?.1.value());
            }
            if entry.is_empty() { Ok(None) } else { split(key, entry).map(Some) }
        })
    }

    /// All of them.
    fn entries(&self) -> Result<Vec<([u8; 48], Bytes)>, StoreError> {
        let keys = calmly(|| {
            let table = self.database.begin_read()?.open_table(BLOBS)?;
            let mut keys = Vec::new();
            for part in table.iter()? {
                let [key @ .., _] = *part?.0.value();
                keys.push(Key::from(key));
            }
            keys.dedup();
            Ok(keys)
        })?;
        let entry = |key| self.entry(key)?.ok_or_else(|| WrongPreimage { key }.into());
        keys.into_iter().map(entry).collect()
    }

    /// All values as they are.
    fn all_values(&self) -> Result<Vec<(Key, Bytes)>, StoreError> {
        calmly(|| {
            let table = self.database.begin_read()?.open_table(VALUES)?;
            let mut values = Vec::new();
            for entry in table.iter()? {
                let (key, value) = entry?;
                values.push((Key::from(*key.value()), Bytes::copy_from_slice(value.value())));
            }
            Ok(values)
        })
    }
}

/// The key that a value is filed under, if it is right: a call under the kind precompile, so that it is known for one.
fn place_of(key: Key, value: &[u8]) -> Result<Key, StoreError> {
    if value.len() > MAX_VALUE_BYTES {
        return Err(StoreError::TooLong(key));
    }
    if key.kind().and_then(|kind| key_of(kind, value)) != Some(key) {
        return Err(WrongPreimage { key }.into());
    }
    let is_call =
        key.kind() == Some(KeyKind::Keccak256) && Call::read(value).is_some_and(|call| is_accelerated(call.address));
    Ok(if is_call { key.with_kind(KeyKind::Precompile) } else { key })
}

/// The key of a blob's part.
fn part_key(key: Key, number: usize) -> [u8; 33] {
    let mut part = [number as u8; 33];
    part[..32].copy_from_slice(key.as_bytes());
    part
}

/// Runs what may read damaged files. The library expects some things of them, and panics where they aren't so; that is
/// damage like any other.
fn calmly<T>(access: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let panicked = |_| Err(redb::Error::Corrupted("its pages contradict each other".to_owned()).into());
    panic::catch_unwind(AssertUnwindSafe(access)).unwrap_or_else(panicked)
}

/// A value from the table `values`, checked. A call is the keccak256 preimage of its key's digest.
fn checked(key: Key, value: Bytes) -> Result<Bytes, StoreError> {
    let (hashed, kind) = match key.kind() {
        Some(KeyKind::Precompile) => (key.with_kind(KeyKind::Keccak256), KeyKind::Keccak256),
        Some(kind) => (key, kind),
        None => return Err(WrongPreimage { key }.into()),
    };
    check(hashed, kind, value)
}

/// An entry of the table `blobs`: the commitment, checked, and the data.
fn split(key: Key, entry: Vec<u8>) -> Result<([u8; 48], Bytes), StoreError> {
    let commitment = entry.first_chunk::<48>().filter(|it| key_of(KeyKind::Sha256, &it[..]) == Some(key));
    let commitment = *commitment.ok_or(WrongPreimage { key })?;
    Ok((commitment, Bytes::from(entry).slice(48..)))
}

/// All of a blob's bytes.
fn whole(data: &[u8]) -> Result<Vec<u8>, BlobError> {
    let mut bytes = vec![0; BLOB_BYTES];
    bytes.get_mut(..data.len()).ok_or(BlobError::Length)?.copy_from_slice(data);
    Ok(bytes)
}
