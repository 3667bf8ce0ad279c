//! Preimages as files, one each: the key-value stores of op-program and kona, which op-challenger reads.
//!
//! | format | path of the key `0x02ab…` | marker `kvformat` |
//! |---|---|---|
//! | directory | `02ab/<other 60 digits>.txt` | `directory` |
//! | file | `0x02ab….txt` | `file`, or none |
//!
//! A file holds the preimage in lower-case hexadecimal without `0x`. There is a file for every field element of a blob
//! and another for the preimage of its key, 8193 files a blob.
//!
//! Many may read while one writes: a file appears with all that is in it. Who writes holds a lock on the file `lock`, as
//! long as the store is open; readers and other programs know nothing of it.

use crate::{
    StoreError, kzg, lock,
    precompile::Call,
    recorded::{self, check, key_of},
    store::{MAX_VALUE_BYTES, create_anew},
};
use alloy_primitives::{B256, Bytes, hex};
use kohala_preimage::{BLOB_BYTES, Blob, BlobError, BlobKeys, FIELD_ELEMENTS, Key, KeyKind, Preimages, WrongPreimage};
use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

/// Name of the file that says how the others are named.
const MARKER: &str = "kvformat";
/// Bytes that are read of it.
const MARKER_BYTES: u64 = 64;
/// Name of the file that a writer holds a lock on.
const LOCK: &str = "lock";

/// How the files are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Directory,
    File,
}

/// A store of one file per preimage. Any number of threads may read and write.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    layout: Layout,
    writer: Option<Writer>,
}

/// What only the one that writes has.
#[derive(Debug)]
struct Writer {
    /// The first two bytes of keys whose folder there is: making a folder that there is costs as much as a file.
    folders: Mutex<HashSet<[u8; 2]>>,
    /// Closed, and so unlocked, with the store.
    _lock: File,
}

impl Directory {
    /// Opens an existing store for reading.
    ///
    /// # Errors
    /// [`StoreError::Format`] where the marker names a format that is neither `directory` nor `file`; otherwise where
    /// the file system does.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let layout = match opened(&path.join(MARKER))? {
            Some((file, _)) => {
                let mut marker = String::new();
                file.take(MARKER_BYTES).read_to_string(&mut marker)?;
                match marker.trim() {
                    "directory" => Layout::Directory,
                    "file" => Layout::File,
                    _ => return Err(StoreError::Format),
                }
            }
            // A missing marker means the older format, but a missing directory means nothing.
            None => {
                fs::read_dir(&path)?;
                Layout::File
            }
        };
        Ok(Self { path, layout, writer: None })
    }

    /// Opens the store at `path` for writing. Where there is none it is made, of the format `directory`.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while somebody else has it open for writing; otherwise as [`Directory::open`].
    pub fn open_or_create(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        fs::create_dir_all(&path)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse,
            TryLockError::Error(error) => error.into(),
        })?;
        let marker = path.join(MARKER);
        if !marker.exists() && !holds_older_files(&path)? {
            let temporary = path.join(format!("{MARKER}.{}", std::process::id()));
            fs::write(&temporary, "directory")?;
            fs::rename(temporary, marker)?;
        }
        Ok(Self { writer: Some(Writer { folders: Mutex::default(), _lock: lock }), ..Self::open(path)? })
    }

    /// Puts preimages of keccak256 and sha256 keys in, and blobs by their commitments, with trailing zeros or without:
    /// all that a foreign program or contract may ask for, so of blobs also all field elements and the preimages of
    /// their keys, and with a call of a precompile its outcome.
    ///
    /// A blob's commitment comes last: who finds it finds the blob. Values are checked, blobs are not: who has them has
    /// computed their commitment, and who reads them does it again.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] where the store was not opened for writing, [`StoreError::Wrong`] for a value that is not
    /// its key's preimage and for a key of another kind, [`StoreError::TooLong`] for a value and [`StoreError::Blob`]
    /// for a blob that is too long; otherwise where the file system does. What came before the error is in the store.
    pub fn put(&self, values: &[(Key, Bytes)], blobs: &[([u8; 48], Bytes)]) -> Result<(), StoreError> {
        for (key, value) in values {
            let kind = key.kind().ok_or(WrongPreimage { key: *key })?;
            if key_of(kind, value) != Some(*key) {
                return Err(WrongPreimage { key: *key }.into());
            }
            let call = Call::read(value).filter(|_| kind == KeyKind::Keccak256);
            if let Some(outcome) = call.and_then(|call| call.outcome()) {
                self.write_file(key.with_kind(KeyKind::Precompile), &outcome)?;
            }
            self.write_file(*key, value)?;
        }
        blobs.iter().try_for_each(|(commitment, data)| {
            self.write_blob(&Blob { commitment: *commitment, proof: [0; 48], data: data.clone() })
        })
    }

    /// Writes every preimage that there is, as [`Directory::put`] does; outcomes of precompiles as they are.
    ///
    /// # Errors
    /// As [`Directory::put`].
    pub fn write(&self, preimages: &Preimages) -> Result<(), StoreError> {
        preimages.blobs().try_for_each(|blob| self.write_blob(blob))?;
        let mut values = preimages.iter().filter(|(key, _)| key.kind() != Some(KeyKind::Local));
        values.try_for_each(|(key, value)| self.write_file(key, value))
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
        let Some((file, len)) = opened(&self.path_of(key))? else { return Ok(None) };
        if len > 2 * MAX_VALUE_BYTES as u64 {
            return Err(StoreError::TooLong(key));
        }
        let mut text = Vec::with_capacity(len as usize);
        // No further, should it grow meanwhile.
        file.take(len).read_to_end(&mut text)?;
        Ok(Some(hex::decode(text).map_err(|_| WrongPreimage { key })?.into()))
    }

    fn write_blob(&self, blob: &Blob) -> Result<(), StoreError> {
        let hash = blob.versioned_hash();
        if blob.data.len() > BLOB_BYTES {
            return Err(StoreError::Blob { blob: hash, reason: BlobError::Length });
        }
        for (index, (key, preimage)) in BlobKeys::new(blob.commitment).enumerate() {
            self.write_file(key.with_kind(KeyKind::Keccak256), &preimage)?;
            self.write_file(key, &blob.element(index))?;
        }
        self.write_file(Key::sha256(hash), &blob.commitment)
    }

    /// Writes beside the target and then renames: a reader never sees half a file. The same folder, because renaming
    /// within one is what file systems do best; a blob takes about half a second, and several where all its folders are new.
    fn write_file(&self, key: Key, value: &[u8]) -> Result<(), StoreError> {
        let writer = self.writer.as_ref().ok_or(StoreError::ReadOnly)?;
        if value.len() > MAX_VALUE_BYTES {
            return Err(StoreError::TooLong(key));
        }
        let target = self.path_of(key);
        // Held to the end: no two threads write the same file.
        let mut folders = lock(&writer.folders);
        if let (Some(start), Some(folder)) = (key.as_bytes().first_chunk(), target.parent())
            && !folders.contains(start)
        {
            fs::create_dir_all(folder)?;
            folders.insert(*start);
        }
        let temporary = target.with_extension(format!("txt.{}", std::process::id()));
        let write = || {
            create_anew(&temporary)?.write_all(hex::encode(value).as_bytes())?;
            fs::rename(&temporary, &target)
        };
        write().inspect_err(|_| drop(fs::remove_file(&temporary))).map_err(StoreError::from)
    }
}

/// A file and its length, if there is one. What is something else under a file's name is not opened: a pipe would be waited for,
/// a device has no end.
fn opened(path: &Path) -> Result<Option<(File, u64)>, StoreError> {
    match fs::metadata(path) {
        Ok(about) if about.is_file() => Ok(Some((File::open(path)?, about.len()))),
        Ok(_) => Err(StoreError::Format),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether there are files of the format `file`, which need no marker.
fn holds_older_files(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        if entry?.file_name().as_encoded_bytes().starts_with(b"0x") {
            return Ok(true);
        }
    }
    Ok(false)
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
