//! One view over every store of preimages.

use crate::{Cache, Counts, LocalInputs, database::Database, directory::Directory, packed::Packed, recorded};
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{Blob, BlobError, Key, KeyKind, Preimages, WrongPreimage};
use std::{fs, io, io::Read, path::Path};

/// Bytes in a value at most. None on any chain comes near: the gas that it would take is not there.
pub const MAX_VALUE_BYTES: usize = 128 << 20;

/// Bytes that a compressed store unpacks to at most where it is read whole: a hundred times what a recorded chain takes.
pub(crate) const MAX_UNPACKED_BYTES: u64 = 4 << 30;

/// Makes a file that is renamed when it is whole. What an ended run has left there is removed, a link in its place too: it is
/// not followed.
pub(crate) fn create_anew(path: &Path) -> io::Result<fs::File> {
    match fs::File::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            fs::File::create_new(path)
        }
        made => made,
    }
}

/// Where preimages are kept. What it answers is checked.
///
/// Single field elements of blobs are not answered here, nor the preimages of their keys: who needs those asks the
/// [`Server`](crate::Server), which makes them out of whole blobs.
#[derive(Debug)]
pub enum Store {
    /// In memory.
    Memory(Preimages),
    /// One file per preimage.
    Directory(Directory),
    /// One file for all.
    Packed(Packed),
    /// An embedded database.
    Database(Database),
    /// What is fetched while a program runs.
    Cache(Cache),
}

/// Why a store has no right answer. That a preimage isn't there is not an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system doesn't.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Not a store, or of a format that we don't read.
    #[error("not a store of preimages in a known format")]
    Format,
    /// A packed file of a version that we don't read.
    #[error("packed store of version {0}, which is not known here")]
    Version(u32),
    /// Shorter or longer than it says it is.
    #[error("the store is truncated")]
    Truncated,
    /// A checksum or a bound doesn't hold.
    #[error("the store is damaged: {0} has been altered")]
    Altered(Part),
    /// Another process has the store open: a database at all, a directory for writing.
    #[error("another process has the store open")]
    InUse,
    /// Packed, or opened for reading only.
    #[error("the store can't be added to")]
    ReadOnly,
    /// The database is damaged, or a write to it has failed.
    #[error("the database is damaged or can't be written")]
    Database(#[source] Box<redb::Error>),
    /// Longer than [`MAX_VALUE_BYTES`].
    #[error("the value for {0} is longer than {len} MiB", len = MAX_VALUE_BYTES >> 20)]
    TooLong(Key),
    /// Compressed, and too much to be read whole.
    #[error(
        "the store unpacks to more than {len} GiB, too much to be read whole: ask whoever made it for a directory or a database",
        len = MAX_UNPACKED_BYTES >> 30
    )]
    TooLarge,
    /// A value is not its key's preimage.
    #[error(transparent)]
    Wrong(#[from] WrongPreimage),
    /// A blob is not what its commitment says.
    #[error("the blob {blob} is wrong: {reason}")]
    Blob {
        /// The blob's versioned hash.
        blob: B256,
        /// What is wrong with it.
        reason: BlobError,
    },
    /// Nothing in the store proves this value.
    #[error("nothing in the store proves the value for {0}")]
    Unproven(Key),
    /// Some field elements of a blob are there, and one is not.
    #[error("the field element {key} of the blob {blob} is missing")]
    IncompleteBlob {
        /// The blob's versioned hash.
        blob: B256,
        /// The missing element's key.
        key: Key,
    },
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::InUse,
            redb::Error::Io(error) => Self::Io(error),
            redb::Error::TableDoesNotExist(_) | redb::Error::TableTypeMismatch { .. } => Self::Format,
            error => Self::Database(Box::new(error)),
        }
    }
}

/// The library has an error for each of its operations, and one that all of them convert into.
macro_rules! from_database {
    ($($error:ty),*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

from_database!(redb::CommitError, redb::DatabaseError, redb::StorageError, redb::TableError, redb::TransactionError);

/// A part of a packed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What says where everything is.
    Header,
    /// Where each preimage is.
    Index,
    /// A block of preimages, by its number.
    Block(u32),
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::Index => f.write_str("the index"),
            Self::Block(number) => write!(f, "block {number}"),
        }
    }
}

impl Store {
    /// Opens whatever store there is: a directory by its marker, a file by its first bytes. What is neither a directory
    /// nor a packed file nor a database is taken for a [recorded stream](recorded::read_stream), and read whole.
    ///
    /// # Errors
    /// Where there is none, or it is damaged, or a database that somebody else has open.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        if path.is_dir() {
            return Ok(Self::Directory(Directory::open(path)?));
        }
        let mut start = Vec::new();
        fs::File::open(path)?.take(16).read_to_end(&mut start)?;
        if Packed::is_packed(&start) {
            Ok(Self::Packed(Packed::open(path)?))
        } else if Database::is_database(&start) {
            Ok(Self::Database(Database::open(path)?))
        } else {
            Ok(Self::Memory(recorded::read_stream(fs::File::open(path)?)?))
        }
    }

    /// Opens the store at `path` for adding to it while a program runs, and makes it where there is none: a database
    /// where the path ends in `.db`, and otherwise a directory.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another process adds to it, [`StoreError::ReadOnly`] for another file; otherwise where it is
    /// damaged.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        if ends_in(path, Database::EXTENSION) {
            Ok(Self::Database(Database::open_or_create(path)?))
        } else if path.is_file() || ends_in(path, Packed::EXTENSION) {
            Err(StoreError::ReadOnly)
        } else {
            Ok(Self::Directory(Directory::open_or_create(path)?))
        }
    }

    /// Puts preimages of keccak256 and sha256 keys in, and blobs by their commitments. The outcome of a precompile is put
    /// in by its call. See [`Directory::put`] and [`Database::put`].
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] where the store was not opened by [`Store::open_or_create`]; otherwise as those.
    pub fn put(&self, values: &[(Key, Bytes)], blobs: &[([u8; 48], Bytes)]) -> Result<(), StoreError> {
        match self {
            Self::Directory(directory) => directory.put(values, blobs),
            Self::Database(database) => database.put(values, blobs),
            Self::Memory(_) | Self::Packed(_) | Self::Cache(_) => Err(StoreError::ReadOnly),
        }
    }

    /// The preimage of `key`. Boot inputs are in no store.
    ///
    /// # Errors
    /// Where the store is damaged.
    pub fn get(&self, key: Key) -> Result<Option<Bytes>, StoreError> {
        match self {
            _ if key.kind() == Some(KeyKind::Local) => Ok(None),
            Self::Memory(preimages) => Ok(preimages.value(key).cloned()),
            Self::Directory(directory) => directory.get(key),
            Self::Packed(packed) => packed.get(key),
            Self::Database(database) => database.get(key),
            Self::Cache(cache) => cache.get(key),
        }
    }

    /// All 131072 bytes of a blob.
    ///
    /// # Errors
    /// Where the store is damaged.
    pub fn blob(&self, versioned_hash: B256) -> Result<Option<Bytes>, StoreError> {
        match self {
            Self::Memory(preimages) => Ok(preimages.whole_blob(versioned_hash).map(|blob| blob.to_bytes())),
            Self::Directory(directory) => directory.blob(versioned_hash),
            Self::Packed(packed) => Ok(packed.blob(versioned_hash)?.map(|blob| blob.to_bytes())),
            Self::Database(database) => database.blob(versioned_hash),
            Self::Cache(cache) => cache.blob(versioned_hash),
        }
    }

    /// A blob with its proof, where the store keeps proofs.
    pub(crate) fn proven_blob(&self, versioned_hash: B256) -> Result<Option<Blob>, StoreError> {
        match self {
            Self::Memory(preimages) => Ok(preimages.whole_blob(versioned_hash).cloned()),
            Self::Packed(packed) => packed.blob(versioned_hash),
            _ => Ok(None),
        }
    }

    /// The boot inputs of the one claim that the store is a witness of; none where it isn't one.
    ///
    /// # Errors
    /// Where the store is damaged.
    pub fn inputs(&self) -> Result<LocalInputs, StoreError> {
        match self {
            Self::Packed(packed) => packed.inputs(),
            _ => Ok(LocalInputs::new()),
        }
    }

    /// The commitments of all blobs, where the store keeps a list of them: a directory doesn't, but has the preimage of
    /// every field element's key instead.
    ///
    /// # Errors
    /// Where the store is damaged.
    pub fn commitments(&self) -> Result<Vec<[u8; 48]>, StoreError> {
        Ok(match self {
            Self::Memory(preimages) => preimages.blobs().map(|blob| blob.commitment).collect(),
            Self::Directory(_) => Vec::new(),
            Self::Packed(packed) => packed.commitments().collect(),
            Self::Cache(cache) => cache.commitments()?,
            Self::Database(database) => database.commitments()?,
        })
    }

    /// Reads and checks everything in the store. Blobs are whole in the result.
    ///
    /// # Errors
    /// At the first thing that is wrong.
    pub fn load(&self) -> Result<Preimages, StoreError> {
        match self {
            Self::Memory(preimages) => Ok(preimages.clone()),
            Self::Directory(directory) => directory.load(),
            Self::Packed(packed) => packed.load(),
            Self::Cache(cache) => cache.below().map_or_else(|| Ok(Preimages::new()), Self::load),
            Self::Database(database) => database.load(),
        }
    }

    /// Puts all of `preimages` into the store at `path`, and says what was put: a packed file, replaced as a whole,
    /// where the path ends in `.kohala`; a database where it ends in `.db`, and otherwise a directory, both made or added
    /// to.
    ///
    /// # Errors
    /// Where the file system does, or somebody else writes to the same.
    pub fn write(path: impl AsRef<Path>, preimages: &Preimages) -> Result<Counts, StoreError> {
        let path = path.as_ref();
        if ends_in(path, Packed::EXTENSION) {
            Packed::write(path, preimages)?;
        } else {
            match Self::open_or_create(path)? {
                Self::Database(database) => database.write(preimages)?,
                Self::Directory(directory) => directory.write(preimages)?,
                Self::Memory(_) | Self::Packed(_) | Self::Cache(_) => return Err(StoreError::ReadOnly),
            }
        }
        Ok(count(preimages))
    }
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension == ending)
}

/// What a set of preimages holds, without boot inputs. Blobs are counted with their data only, without trailing zeros.
pub fn count(preimages: &Preimages) -> Counts {
    let mut counts = Counts::default();
    for (key, value) in preimages.iter() {
        if let Some(kind) = key.kind().filter(|kind| *kind != KeyKind::Local) {
            counts.add(kind, value.len());
        }
    }
    preimages.blobs().for_each(|blob| counts.blobs.add(blob.data.len()));
    counts
}
