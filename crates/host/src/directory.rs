//! Preimages as files, one each: the key-value stores of op-program and kona, which op-challenger reads.
//!
//! | format | path of the key `0x02ab…` | marker `kvformat` |
//! |---|---|---|
//! | directory | `02ab/<other 60 digits>.txt` | `directory` |
//! | file | `0x02ab….txt` | `file`, or none |
//!
//! A file holds the preimage in lower-case hexadecimal without `0x`. There is a file for every field element of a blob
//! and another for the preimage of its key, 8193 files a blob.

use crate::{
    StoreError, kzg,
    precompile::Call,
    recorded::{self, check},
};
use alloy_primitives::{B256, Bytes, hex};
use kohala_preimage::{BLOB_BYTES, BlobError, BlobKeys, FIELD_ELEMENTS, Key, KeyKind, Preimages, WrongPreimage};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// Name of the file that says how the others are named.
const MARKER: &str = "kvformat";

/// How the files are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Directory,
    File,
}

/// A store of one file per preimage.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
    layout: Layout,
}

impl Directory {
    /// Opens an existing store.
    ///
    /// # Errors
    /// [`StoreError::Format`] where the marker names a format that is neither `directory` nor `file`; otherwise where
    /// the file system does.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let layout = match fs::read_to_string(path.join(MARKER)) {
            Ok(marker) => match marker.trim() {
                "directory" => Layout::Directory,
                "file" => Layout::File,
                _ => return Err(StoreError::Format),
            },
            // A missing marker means the older format, but a missing directory means nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::read_dir(&path)?;
                Layout::File
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { path, layout })
    }

    /// Makes the directory if it isn't there, and marks it as of the format `directory` unless it has a marker.
    ///
    /// # Errors
    /// As [`Directory::open`].
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        fs::create_dir_all(&path)?;
        if !path.join(MARKER).exists() {
            fs::write(path.join(MARKER), "directory")?;
        }
        Self::open(path)
    }

    /// Writes every preimage that a foreign program or contract may ask for: of blobs also all field elements, and the
    /// preimages of their keys.
    ///
    /// # Errors
    /// Where the file system does.
    pub fn write(&self, preimages: &Preimages) -> Result<(), StoreError> {
        for (key, value) in preimages.iter().filter(|(key, _)| key.kind() != Some(KeyKind::Local)) {
            self.put(key, value)?;
        }
        for blob in preimages.blobs() {
            for (index, (key, preimage)) in BlobKeys::new(blob.commitment).enumerate() {
                self.put(key.with_kind(KeyKind::Keccak256), &preimage)?;
                self.put(key, &blob.element(index))?;
            }
        }
        Ok(())
    }

    /// The preimage of `key`, checked. Field elements of blobs are never answered singly: alone they can't be checked.
    pub(crate) fn get(&self, key: Key) -> Result<Option<Bytes>, StoreError> {
        match key.kind() {
            Some(kind @ (KeyKind::Keccak256 | KeyKind::Sha256)) => {
                let value = self.read(key)?;
                value.map(|value| check(key, kind, value)).transpose()
            }
            Some(KeyKind::Precompile) => {
                let call = self.get(key.with_kind(KeyKind::Keccak256))?;
                Ok(call.and_then(|call| Call::read(&call)?.outcome()))
            }
            _ => Ok(None),
        }
    }

    /// The blob with this versioned hash, put together and checked by computing its commitment.
    pub(crate) fn blob(&self, versioned_hash: B256) -> Result<Option<Bytes>, StoreError> {
        let Some(commitment) = self.get(Key::sha256(versioned_hash))? else { return Ok(None) };
        let Ok(commitment) = <[u8; 48]>::try_from(&commitment[..]) else { return Ok(None) };
        let mut bytes = Vec::with_capacity(BLOB_BYTES);
        for (key, _) in BlobKeys::new(commitment) {
            match self.read(key)? {
                Some(element) if element.len() == BLOB_BYTES / FIELD_ELEMENTS => bytes.extend_from_slice(&element),
                Some(_) => return Err(WrongPreimage { key }.into()),
                None => return Err(StoreError::IncompleteBlob { blob: versioned_hash, key }),
            }
        }
        let wrong = |reason| StoreError::Blob { blob: versioned_hash, reason };
        if kzg::commitment(&bytes).map_err(wrong)? != commitment {
            return Err(wrong(BlobError::Proof));
        }
        Ok(Some(bytes.into()))
    }

    /// Reads and checks everything.
    pub(crate) fn load(&self) -> Result<Preimages, StoreError> {
        let mut keys = Vec::new();
        match self.layout {
            Layout::File => list(&self.path, "0x", 64, &mut keys)?,
            Layout::Directory => {
                for entry in fs::read_dir(&self.path)? {
                    let entry = entry?;
                    let Some(start) = entry.file_name().to_str().filter(|name| is_hex(name, 4)).map(String::from)
                    else {
                        continue;
                    };
                    let first = keys.len();
                    list(&entry.path(), "", 60, &mut keys)?;
                    keys[first..].iter_mut().for_each(|key| key.insert_str(0, &start));
                }
            }
        }
        recorded::assemble(keys.into_iter().map(|digits| {
            let key = Key::from(hex::decode_to_array(&digits).map_err(|_| StoreError::Format)?);
            let value = self.read(key)?.ok_or(StoreError::Truncated)?;
            Ok((key, value))
        }))
    }

    fn path_of(&self, key: Key) -> PathBuf {
        let text = key.to_string();
        match self.layout {
            Layout::Directory => self.path.join(&text[2..6]).join(format!("{}.txt", &text[6..])),
            Layout::File => self.path.join(format!("{text}.txt")),
        }
    }

    fn read(&self, key: Key) -> Result<Option<Bytes>, StoreError> {
        match fs::read(self.path_of(key)) {
            Ok(text) => Ok(Some(hex::decode(text).map_err(|_| WrongPreimage { key })?.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes beside the target and then renames: a reader never sees half a file.
    fn put(&self, key: Key, value: &[u8]) -> Result<(), StoreError> {
        let target = self.path_of(key);
        let parent = target.parent().unwrap_or(&self.path);
        let temporary = self.path.join(format!("{key}.txt.{}", std::process::id()));
        let write = || {
            fs::create_dir_all(parent)?;
            let mut file = fs::File::create(&temporary)?;
            file.write_all(hex::encode(value).as_bytes())?;
            fs::rename(&temporary, &target)
        };
        write().inspect_err(|_| drop(fs::remove_file(&temporary))).map_err(StoreError::from)
    }
}

/// Collects the hexadecimal part of file names `<prefix><digits>.txt`; other files are none of ours.
fn list(path: &Path, prefix: &str, digits: usize, keys: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let name = name.to_str().and_then(|name| name.strip_prefix(prefix)?.strip_suffix(".txt"));
        keys.extend(name.filter(|name| is_hex(name, digits)).map(String::from));
    }
    Ok(())
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
