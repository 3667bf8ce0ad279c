//! The packed file: all preimages of a chain's claims in one compressed file (extension `.kohala`).
//!
//! ```text
//! header   magic 8 | version 4 | blocks 4 | values 8 | blobs 4 | crc of the index 4 | crc of the header so far 4
//! blocks   zstd frames, one after the other
//! index    per block: compressed length 4 | raw length 4 | crc of the compressed bytes 4
//!          per value, sorted by key: first eight bytes of the key | block 4 | offset 4 | length 4
//!          per blob, sorted by commitment: commitment 48 | KZG proof 48 | block 4
//! ```
//!
//! Numbers are little-endian, checksums CRC-32. Values lie in blocks of about 256 KiB in the order of their length:
//! values of one length are mostly of one sort, headers beside headers. That packs as well as one frame over all does
//! (to 4% on the recorded chains), so there is no dictionary.
//!
//! The boot inputs of the claim that the file is a witness of, if it is one, are a single value under a key of kind local:
//! per input identifier 8 | length 4 | value, the numbers little-endian.
//!
//! What can be computed is not stored: a blob's field elements, their keys and its commitment's sha256 preimage; the
//! outcomes of precompiles, of which only the call is kept, under the key that it is the preimage of.
//!
//! Opening reads the index only, and every byte of the file is under a checksum that is looked at before the byte is
//! used. A value is hashed when it is read and a blob checked by its proof: the checksums are there to say what is
//! wrong, not to be trusted.

use crate::{
    LocalInputs, StoreError, kzg, lock,
    precompile::Call,
    recorded::key_of,
    store::{MAX_UNPACKED_BYTES, MAX_VALUE_BYTES, Part, create_anew},
};
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{BLOB_BYTES, Blob, BlobError, Key, KeyKind, Preimages, WrongPreimage, versioned_hash};
use rayon::prelude::*;
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::Mutex,
};

const MAGIC: [u8; 8] = *b"\x89KOHALA\n";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 36;
const BLOCK_BYTES: usize = 12;
const VALUE_BYTES: usize = 20;
const BLOB_ENTRY_BYTES: usize = 100;

/// Raw bytes at which a block is closed.
const BLOCK_TARGET: usize = 256 << 10;
/// Raw bytes of blocks kept after they were read.
const CACHE_BYTES: usize = 16 << 20;
/// Best ratio that doesn't take minutes; reading costs the same at every level.
const LEVEL: i32 = 19;

/// A packed file, open for reading. Any number of threads may read.
#[derive(Debug)]
pub struct Packed {
    file: Source,
    blocks: Vec<Block>,
    /// Values as they are in the file: sorted, so they are searched in place.
    values: Vec<u8>,
    /// Blobs likewise.
    blobs: Vec<u8>,
    cache: Mutex<Cache>,
    verified: Mutex<Verified>,
}

/// Blobs that were verified together with one that was asked for, before they were asked for themselves.
#[derive(Debug, Default)]
struct Verified {
    /// By place in the index. Each is taken out when it is asked for: a blob is read once.
    waiting: HashMap<usize, Blob>,
    /// Blobs asked for so far.
    asked: usize,
}

/// Where a packed file's bytes are.
#[derive(Debug)]
enum Source {
    File(File),
    Memory(Bytes),
}

impl Source {
    fn len(&self) -> io::Result<u64> {
        match self {
            Self::File(file) => Ok(file.metadata()?.len()),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    fn read_exact_at(&self, buffer: &mut [u8], start: u64) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact_at(buffer, start),
            Self::Memory(bytes) => {
                let start = usize::try_from(start).unwrap_or(usize::MAX);
                let end = start.saturating_add(buffer.len());
                buffer.copy_from_slice(bytes.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

/// Where a block is and what it must be.
#[derive(Debug, Clone, Copy)]
struct Block {
    start: u64,
    compressed: u32,
    raw: u32,
    crc: u32,
}

/// Blocks read last, latest last.
#[derive(Debug, Default)]
struct Cache {
    blocks: Vec<(u32, Bytes)>,
    bytes: usize,
}

impl Packed {
    /// The ending of a packed file's name.
    pub const EXTENSION: &str = "kohala";

    /// Whether a file that begins like this is a packed one, of any version.
    pub fn is_packed(start: &[u8]) -> bool {
        start.starts_with(&MAGIC)
    }

    /// Opens a packed file. Reads and checks header and index, and no block.
    ///
    /// # Errors
    /// [`StoreError::Format`], [`StoreError::Version`], [`StoreError::Truncated`] (also where there is too much), and
    /// [`StoreError::Altered`] for header or index.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::read(Source::File(File::open(path)?))
    }

    /// Opens a packed file that is in memory as a whole, such as one that was compiled in.
    ///
    /// # Errors
    /// As [`Packed::open`].
    pub fn from_bytes(bytes: Bytes) -> Result<Self, StoreError> {
        Self::read(Source::Memory(bytes))
    }

    fn read(file: Source) -> Result<Self, StoreError> {
        let len = file.len()?;
        let mut header = vec![0; len.min(HEADER_BYTES as u64) as usize];
        file.read_exact_at(&mut header, 0)?;
        if !Self::is_packed(&header) {
            return Err(StoreError::Format);
        }
        let header: [u8; HEADER_BYTES] = header.try_into().map_err(|_| StoreError::Truncated)?;
        let mut fields = Fields(&header[MAGIC.len()..]);
        let version = fields.u32();
        if version != VERSION {
            return Err(StoreError::Version(version));
        }
        let (blocks, values, blobs) = (fields.u32(), fields.u64(), fields.u32());
        let (index_crc, header_crc) = (fields.u32(), fields.u32());
        if crc32fast::hash(&header[..HEADER_BYTES - 4]) != header_crc {
            return Err(StoreError::Altered(Part::Header));
        }

        let size = |count: u64, bytes: usize| count.checked_mul(bytes as u64).filter(|size| *size <= len);
        let sizes = (size(blocks.into(), BLOCK_BYTES), size(values, VALUE_BYTES), size(blobs.into(), BLOB_ENTRY_BYTES));
        let (Some(blocks), Some(values), Some(blobs)) = sizes else { return Err(StoreError::Truncated) };
        let index = blocks + values + blobs; // each at most the file's length
        let start = len.checked_sub(index).filter(|start| *start >= HEADER_BYTES as u64);
        let start = start.ok_or(StoreError::Truncated)?;
        let mut index = vec![0; index as usize];
        file.read_exact_at(&mut index, start)?;
        let blobs = index.split_off((blocks + values) as usize);
        let values = index.split_off(blocks as usize);
        let blocks = read_blocks(&index);
        // Lengths before checksum: a file that was cut is said to be cut.
        if blocks.last().map_or(HEADER_BYTES as u64, |last| last.start + u64::from(last.compressed)) != start {
            return Err(StoreError::Truncated);
        }
        let mut crc = crc32fast::Hasher::new();
        [&index, &values, &blobs].into_iter().for_each(|part| crc.update(part));
        if crc.finalize() != index_crc {
            return Err(StoreError::Altered(Part::Index));
        }
        Ok(Self { file, blocks, values, blobs, cache: Mutex::default(), verified: Mutex::default() })
    }

    /// The preimage of `key`, checked.
    pub(crate) fn get(&self, key: Key) -> Result<Option<Bytes>, StoreError> {
        match key.kind() {
            Some(KeyKind::Keccak256) => match self.value(key, KeyKind::Keccak256)? {
                Some(value) => Ok(Some(value)),
                None => self.value(key, KeyKind::Precompile),
            },
            Some(KeyKind::Precompile) => {
                let call = self.value(key, KeyKind::Precompile)?;
                Ok(call.and_then(|call| Call::read(&call)?.outcome()))
            }
            Some(KeyKind::Sha256) => match self.commitments().find(|it| Key::sha256(versioned_hash(it)) == key) {
                Some(commitment) => Ok(Some(Bytes::copy_from_slice(&commitment))),
                None => self.value(key, KeyKind::Sha256),
            },
            _ => Ok(None),
        }
    }

    /// The blob with this versioned hash, checked by its proof.
    ///
    /// Many proofs are checked for little more than the price of one, so every blob that must be read brings others
    /// with it: as many as were asked for so far, which at worst doubles the work and mostly saves two thirds.
    pub(crate) fn blob(&self, hash: B256) -> Result<Option<Blob>, StoreError> {
        let entries = self.blobs.as_chunks::<BLOB_ENTRY_BYTES>().0;
        let Some(place) = entries.iter().position(|entry| versioned_hash(&entry[..48]) == hash) else {
            return Ok(None);
        };
        let mut verified = lock(&self.verified);
        let others = verified.asked;
        verified.asked += 1;
        if let Some(blob) = verified.waiting.remove(&place) {
            return Ok(Some(blob));
        }
        let wanted = self.read_blob(&entries[place])?;
        let unread = entries.iter().enumerate().cycle().skip(place + 1).take(entries.len() - 1);
        let unread = unread.filter(|(place, _)| !verified.waiting.contains_key(place));
        // What is wrong with another blob is said when that one is asked for.
        let batch: Vec<_> =
            unread.take(others).filter_map(|(place, entry)| Some((place, self.read_blob(entry).ok()?))).collect();
        if kzg::verify_all(batch.iter().map(|(_, blob)| blob).chain([&wanted])).is_ok() {
            verified.waiting.extend(batch);
        } else {
            kzg::verify(&wanted).map_err(|reason| StoreError::Blob { blob: hash, reason })?;
        }
        Ok(Some(wanted))
    }

    /// The commitments of all blobs.
    pub(crate) fn commitments(&self) -> impl Iterator<Item = [u8; 48]> {
        self.blobs.as_chunks::<BLOB_ENTRY_BYTES>().0.iter().map(|entry| Fields(entry).array())
    }

    /// The boot inputs of the claim that this is a witness of.
    pub(crate) fn inputs(&self) -> Result<LocalInputs, StoreError> {
        let entries = self.values.as_chunks::<VALUE_BYTES>().0;
        // Local is the first of all kinds.
        let Some(entry) = entries.first().filter(|entry| entry[0] == KeyKind::Local as u8) else {
            return Ok(LocalInputs::new());
        };
        let value = self.read_value(entry)?;
        let altered = StoreError::Altered(Part::Index);
        let mut inputs = LocalInputs::new();
        let mut rest = &value[..];
        while let Some((head, after)) = rest.split_first_chunk::<12>() {
            let mut fields = Fields(head);
            let (ident, len) = (fields.u64(), fields.u32() as usize);
            let Some((input, after)) = after.split_at_checked(len) else { return Err(altered) };
            inputs.insert(ident, value.slice_ref(input));
            rest = after;
        }
        if rest.is_empty() { Ok(inputs) } else { Err(altered) }
    }

    /// Reads and checks everything, unless it is more than memory should hold.
    pub(crate) fn load(&self) -> Result<Preimages, StoreError> {
        let mut preimages = Preimages::new();
        let altered = || StoreError::Altered(Part::Index);
        // Entries may name a block many times, and a block be a few bytes that unpack to very many.
        let values = self.values.as_chunks::<VALUE_BYTES>().0;
        let blobs = self.blobs.as_chunks::<BLOB_ENTRY_BYTES>().0;
        let block = |entry: &[u8; BLOB_ENTRY_BYTES]| self.blocks.get(Fields(&entry[96..]).u32() as usize);
        let blob_bytes = blobs.iter().filter_map(block).map(|block| u64::from(block.raw));
        let value_bytes = values.iter().map(|entry| u64::from(Fields(&entry[16..]).u32()));
        if value_bytes.chain(blob_bytes).sum::<u64>() > MAX_UNPACKED_BYTES {
            return Err(StoreError::TooLarge);
        }
        for entry in values {
            let value = self.read_value(entry)?;
            match KeyKind::ALL.into_iter().find(|kind| *kind as u8 == entry[0]) {
                Some(KeyKind::Keccak256) => drop(preimages.insert_keccak256(value)),
                Some(KeyKind::Sha256) => preimages.insert(Key::sha256(versioned_hash(&value)), value)?,
                Some(KeyKind::Precompile) => {
                    let call = Call::read(&value).ok_or_else(altered)?;
                    let outcome = call.outcome().ok_or_else(altered)?;
                    preimages.insert_precompile(call.address, call.gas, call.input, outcome);
                }
                Some(KeyKind::Local) => {
                    self.inputs()?.into_iter().for_each(|(ident, value)| preimages.insert_local(ident, value));
                }
                _ => return Err(altered()),
            }
        }
        let blobs = blobs.iter().map(|entry| self.read_blob(entry)).collect::<Result<Vec<_>, _>>()?;
        let all = kzg::verify_all(&blobs);
        for blob in blobs {
            let hash = blob.versioned_hash();
            let inserted = preimages.insert_blob(blob, |commitment, point, value, proof| {
                all.is_ok() || kzg::verify_proof(commitment, point, value, proof)
            });
            inserted.map_err(|reason| StoreError::Blob { blob: hash, reason })?;
        }
        Ok(preimages)
    }

    /// The value filed under `kind` that is the preimage of `key`.
    ///
    /// The index knows eight bytes of a key. Values that share them lie side by side, and hashing tells them apart. One
    /// that doesn't hash to the bytes it is filed under was altered; one that does is another key's, as it happens where
    /// somebody mistypes the end of a hash.
    fn value(&self, key: Key, kind: KeyKind) -> Result<Option<Bytes>, StoreError> {
        let entries = self.values.as_chunks::<VALUE_BYTES>().0;
        let key = key.with_kind(kind);
        let prefix = &key.as_bytes()[..8];
        let first = entries.partition_point(|entry| &entry[..8] < prefix);
        // A call is the keccak256 preimage of its digest.
        let hashed = if kind == KeyKind::Precompile { KeyKind::Keccak256 } else { kind };
        for entry in entries[first..].iter().take_while(|entry| &entry[..8] == prefix) {
            let value = self.read_value(entry)?;
            match key_of(hashed, &value).map(|found| found.with_kind(kind)) {
                Some(found) if found == key => return Ok(Some(value)),
                Some(found) if &found.as_bytes()[..8] == prefix => {}
                _ => return Err(WrongPreimage { key }.into()),
            }
        }
        Ok(None)
    }

    fn read_value(&self, entry: &[u8; VALUE_BYTES]) -> Result<Bytes, StoreError> {
        let mut fields = Fields(&entry[8..]);
        let (block, offset, len) = (fields.u32(), fields.u32() as usize, fields.u32() as usize);
        let bytes = self.cached(block)?;
        let end = offset.checked_add(len).filter(|end| *end <= bytes.len());
        let value = offset..end.ok_or(StoreError::Altered(Part::Index))?;
        // Whoever keeps a value must not keep its whole block with it: an open trie keeps thousands.
        Ok(if len > bytes.len() / 2 { bytes.slice(value) } else { Bytes::copy_from_slice(&bytes[value]) })
    }

    /// Reads a blob without checking its proof.
    fn read_blob(&self, entry: &[u8; BLOB_ENTRY_BYTES]) -> Result<Blob, StoreError> {
        let mut fields = Fields(entry);
        let (commitment, proof, number) = (fields.array(), fields.array(), fields.u32());
        // Many are read at once before any is checked.
        if self.blocks.get(number as usize).is_some_and(|block| block.raw as usize > BLOB_BYTES) {
            return Err(StoreError::Blob { blob: versioned_hash(&commitment), reason: BlobError::Length });
        }
        // Not through the cache: a blob is read once.
        Ok(Blob { commitment, proof, data: self.read_block(number)? })
    }

    fn cached(&self, number: u32) -> Result<Bytes, StoreError> {
        let mut cache = lock(&self.cache);
        if let Some(found) = cache.blocks.iter().position(|(cached, _)| *cached == number) {
            let block = cache.blocks.remove(found);
            let bytes = block.1.clone();
            cache.blocks.push(block);
            return Ok(bytes);
        }
        let bytes = self.read_block(number)?;
        cache.bytes += bytes.len();
        cache.blocks.push((number, bytes.clone()));
        while cache.bytes > CACHE_BYTES && cache.blocks.len() > 1 {
            let (_, oldest) = cache.blocks.remove(0);
            cache.bytes -= oldest.len();
        }
        Ok(bytes)
    }

    fn read_block(&self, number: u32) -> Result<Bytes, StoreError> {
        let block = self.blocks.get(number as usize).ok_or(StoreError::Altered(Part::Index))?;
        let altered = || StoreError::Altered(Part::Block(number));
        if block.raw as usize > MAX_VALUE_BYTES {
            return Err(altered()); // only a block of one value is longer than the target
        }
        let mut compressed = vec![0; block.compressed as usize]; // within the file, or it had not been opened
        self.file.read_exact_at(&mut compressed, block.start)?;
        if crc32fast::hash(&compressed) != block.crc {
            return Err(altered());
        }
        // The stated length is only a first guess: no file makes us allocate more than it unpacks to.
        let mut raw = Vec::with_capacity((block.raw as usize).min(2 * BLOCK_TARGET));
        let decoder = zstd::stream::read::Decoder::with_buffer(&compressed[..]).map_err(|_| altered())?;
        decoder.take(u64::from(block.raw) + 1).read_to_end(&mut raw).map_err(|_| altered())?;
        if raw.len() != block.raw as usize {
            return Err(altered());
        }
        Ok(raw.into())
    }

    /// Writes all of `preimages` to a packed file at `path`, replacing what was there once the new file is whole.
    /// The same preimages give the same bytes.
    ///
    /// # Errors
    /// Where the file system does, [`StoreError::Unproven`] for an outcome of a precompile without its call, and
    /// [`StoreError::TooLong`].
    pub fn write(path: impl AsRef<Path>, preimages: &Preimages) -> Result<(), StoreError> {
        let path = path.as_ref();
        let Contents { blocks, mut values, blobs } = Contents::of(preimages)?;
        let compressed =
            blocks.par_iter().map(|raw| zstd::bulk::compress(raw, LEVEL)).collect::<Result<Vec<_>, _>>()?;

        let mut index = Vec::new();
        for (raw, compressed) in blocks.iter().zip(&compressed) {
            let numbers = [compressed.len() as u32, raw.len() as u32, crc32fast::hash(compressed)];
            numbers.iter().for_each(|number| index.extend_from_slice(&number.to_le_bytes()));
        }
        values.sort_unstable();
        index.extend_from_slice(values.as_flattened());
        index.extend_from_slice(blobs.as_flattened());

        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&(blocks.len() as u32).to_le_bytes());
        header.extend_from_slice(&(values.len() as u64).to_le_bytes());
        header.extend_from_slice(&(blobs.len() as u32).to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(&index).to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());

        let temporary = path.with_extension(format!("{}.{}", Self::EXTENSION, std::process::id()));
        let write = || {
            let mut file = BufWriter::new(create_anew(&temporary)?);
            file.write_all(&header)?;
            compressed.iter().try_for_each(|block| file.write_all(block))?;
            file.write_all(&index)?;
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&temporary, path)
        };
        write().inspect_err(|_| drop(fs::remove_file(&temporary))).map_err(StoreError::from)
    }
}

/// What goes into a file: raw blocks, and the entries that point into them.
struct Contents {
    blocks: Vec<Vec<u8>>,
    values: Vec<[u8; VALUE_BYTES]>,
    blobs: Vec<[u8; BLOB_ENTRY_BYTES]>,
}

impl Contents {
    fn of(preimages: &Preimages) -> Result<Self, StoreError> {
        let inputs = encoded_inputs(preimages);
        let mut stored = Vec::with_capacity(preimages.iter().len());
        if !inputs.is_empty() {
            stored.push((&inputs, Key::local(0)));
        }
        for (key, value) in preimages.iter() {
            let is_call = || preimages.value(key.with_kind(KeyKind::Precompile)).is_some();
            let is_commitment = || preimages.whole_blob(versioned_hash(value)).is_some();
            match key.kind() {
                Some(KeyKind::Keccak256) if is_call() => stored.push((value, key.with_kind(KeyKind::Precompile))),
                Some(KeyKind::Precompile) => {
                    preimages.value(key.with_kind(KeyKind::Keccak256)).ok_or(StoreError::Unproven(key))?;
                }
                Some(KeyKind::Sha256) if is_commitment() => {}
                Some(KeyKind::Keccak256 | KeyKind::Sha256) => stored.push((value, key)),
                _ => {}
            }
        }
        stored.sort_unstable_by_key(|(value, key)| (value.len(), *value, *key));

        let mut contents = Self { blocks: Vec::new(), values: Vec::with_capacity(stored.len()), blobs: Vec::new() };
        let mut block = Vec::new();
        for (value, key) in stored {
            if value.len() > MAX_VALUE_BYTES {
                return Err(StoreError::TooLong(key));
            }
            if !block.is_empty() && block.len() + value.len() > BLOCK_TARGET {
                contents.blocks.push(std::mem::take(&mut block));
            }
            let mut entry = [0; VALUE_BYTES];
            entry[..8].copy_from_slice(&key.as_bytes()[..8]);
            let numbers = [contents.blocks.len() as u32, block.len() as u32, value.len() as u32];
            entry[8..].copy_from_slice(numbers.map(u32::to_le_bytes).as_flattened());
            contents.values.push(entry);
            block.extend_from_slice(value);
        }
        if !block.is_empty() {
            contents.blocks.push(block);
        }

        let mut blobs: Vec<_> = preimages.blobs().collect();
        blobs.sort_unstable_by_key(|blob| blob.commitment);
        for blob in blobs {
            let mut entry = [0; BLOB_ENTRY_BYTES];
            entry[..48].copy_from_slice(&blob.commitment);
            entry[48..96].copy_from_slice(&blob.proof);
            entry[96..].copy_from_slice(&(contents.blocks.len() as u32).to_le_bytes());
            contents.blobs.push(entry);
            contents.blocks.push(blob.data[..blob.data.len().min(BLOB_BYTES)].to_vec());
        }
        Ok(contents)
    }
}

/// The boot inputs among the preimages as one value, by identifier.
fn encoded_inputs(preimages: &Preimages) -> Bytes {
    let inputs = preimages.iter().filter(|(key, _)| key.kind() == Some(KeyKind::Local));
    let ident = |key: Key| u64::from_be_bytes(*key.as_bytes().last_chunk().expect("a key has 32 bytes"));
    let inputs: LocalInputs = inputs.map(|(key, value)| (ident(key), value.clone())).collect();
    let mut encoded = Vec::new();
    for (ident, value) in inputs {
        encoded.extend_from_slice(&ident.to_le_bytes());
        encoded.extend_from_slice(&(value.len() as u32).to_le_bytes());
        encoded.extend_from_slice(&value);
    }
    encoded.into()
}

fn read_blocks(table: &[u8]) -> Vec<Block> {
    let mut start = HEADER_BYTES as u64;
    let entries = table.as_chunks::<BLOCK_BYTES>().0.iter();
    entries
        .map(|entry| {
            let mut fields = Fields(entry);
            let block = Block { start, compressed: fields.u32(), raw: fields.u32(), crc: fields.u32() };
            start += u64::from(block.compressed); // at most 2^32 times 2^32 in all
            block
        })
        .collect()
}

/// Fixed-width numbers from the front of an entry, whose length the caller has seen to.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("entries are as long as their fields");
        self.0 = rest;
        *field
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}
