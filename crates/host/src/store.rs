//! One view over every store of preimages.

use crate::{Cache, Counts, LocalInputs, beacon::CheckedBlob, directory::Directory, packed::Packed, recorded};
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{Blob, BlobError, Key, KeyKind, Preimages, WrongPreimage};
use std::{fs, io, io::Read, path::Path};

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
    /// A packed file or a stream, of which nothing but the whole can be written.
    #[error("a store of this kind can't be added to")]
    ReadOnly,
    /// Shorter or longer than it says it is.
    #[error("the store is truncated")]
    Truncated,
    /// A checksum or a bound doesn't hold.
    #[error("the store is damaged: {0} has been altered")]
    Altered(Part),
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
    /// Opens whatever store there is: a directory by its marker, a file by its first bytes. What is neither a
    /// directory nor a packed file is taken for a [recorded stream](recorded::read_stream), and read whole.
    ///
    /// # Errors
    /// Where there is none, or it is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        if path.is_dir() {
            return Ok(Self::Directory(Directory::open(path)?));
        }
        let mut start = Vec::new();
        fs::File::open(path)?.take(8).read_to_end(&mut start)?;
        if Packed::is_packed(&start) {
            Ok(Self::Packed(Packed::open(path)?))
        } else {
            Ok(Self::Memory(recorded::read_stream(fs::File::open(path)?)?))
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
    pub fn commitments(&self) -> Vec<[u8; 48]> {
        match self {
            Self::Memory(preimages) => preimages.blobs().map(|blob| blob.commitment).collect(),
            Self::Directory(_) => Vec::new(),
            Self::Packed(packed) => packed.commitments().collect(),
            Self::Cache(cache) => cache.commitments(),
        }
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
        }
    }

    /// Puts checked preimages in.
    ///
    /// # Errors
    /// Where the file system does, and for a store that can't be added to.
    pub fn put(&self, values: &[(Key, Bytes)], blobs: &[CheckedBlob]) -> Result<(), StoreError> {
        match self {
            Self::Cache(cache) => cache.put(values, blobs),
            Self::Memory(_) | Self::Directory(_) | Self::Packed(_) => Err(StoreError::ReadOnly),
        }
    }

    /// Puts all of `preimages` into the store at `path`, and says what was put: a packed file, replaced as a whole,
    /// where the path ends in `.kohala`; otherwise a directory, made or added to.
    ///
    /// # Errors
    /// Where the file system does.
    pub fn write(path: impl AsRef<Path>, preimages: &Preimages) -> Result<Counts, StoreError> {
        let path = path.as_ref();
        if path.extension().is_some_and(|extension| extension == Packed::EXTENSION) {
            Packed::write(path, preimages)?;
        } else {
            Directory::create(path)?.write(preimages)?;
        }
        Ok(count(preimages))
    }
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
