//! Blocks of OP Sepolia with all that it takes to execute them: they come with the sources of the crate kona-executor,
//! and are read from there.
//!
//! Each block is a tar archive with its attributes, its parent's header and a database of RocksDB. Of that only the log
//! is read, and the tables that a log was turned into: everything was put once, under its Keccak-256 hash, and nothing
//! was ever deleted.

use alloy_primitives::{B64, B256, Bytes, map::B256Map};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{
    env, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::Command,
};

/// The crate and the version whose blocks these are.
const PACKAGE: (&str, &str) = ("kona-executor", "0.4.0");

/// A block and what it takes to execute it on its parent's state.
#[derive(Debug)]
pub struct Block {
    /// The chain's configuration, as kona writes it.
    pub rollup_json: Box<RawValue>,
    /// The parent's header, as an RPC gives it.
    pub parent_json: Box<RawValue>,
    /// What the block is made from.
    pub attributes: Attributes,
    /// The hash that the chain has for the block.
    pub hash: B256,
    /// Trie nodes, codes and headers by their Keccak-256 hash: what the block reads, and more.
    pub preimages: B256Map<Bytes>,
}

/// Payload attributes, as the Engine API has them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attributes {
    /// In seconds.
    #[serde(deserialize_with = "quantity")]
    pub timestamp: u64,
    /// The L1 origin's.
    pub prev_randao: B256,
    /// The L1 origin's.
    pub parent_beacon_block_root: B256,
    /// EIP-2718 encoded, deposits first.
    pub transactions: Vec<Bytes>,
    /// Of the block.
    #[serde(deserialize_with = "quantity")]
    pub gas_limit: u64,
    /// Denominator and elasticity, four bytes each.
    pub eip1559_params: B64,
}

#[derive(Deserialize)]
struct Fixture {
    rollup_config: Box<RawValue>,
    parent_header: Box<RawValue>,
    executing_payload: Attributes,
    expected_block_hash: B256,
}

fn quantity<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    alloy_primitives::U64::deserialize(deserializer).map(|quantity| quantity.to())
}

/// All blocks, in order of number. Fetches the crate's sources if they are not there.
///
/// # Panics
/// If they can't be fetched, or are not what they were.
pub fn blocks() -> Vec<Block> {
    let folder = sources().join("testdata");
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    files.iter().map(|file| read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))).collect()
}

/// The folder with the crate's sources, in cargo's own store.
fn sources() -> PathBuf {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo"))).expect("cargo's home");
    let (name, version) = PACKAGE;
    let find = || {
        let registries = fs::read_dir(home.join("registry/src")).ok()?;
        let mut folders = registries.flatten().map(|registry| registry.path().join(format!("{name}-{version}")));
        folders.find(|folder| folder.join(".cargo-ok").exists())
    };
    find().unwrap_or_else(|| {
        // The one command that fetches a crate without all that it depends on.
        let info = Command::new("cargo").args(["info", "--quiet", &format!("{name}@{version}")]).output();
        let info = info.expect("cargo can be run");
        assert!(info.status.success(), "cargo info {name}: {}", String::from_utf8_lossy(&info.stderr));
        find().expect("cargo info fetched the crate")
    })
}

fn read(archive: &Path) -> io::Result<Block> {
    let mut fixture = None;
    let mut preimages = B256Map::default();
    // Called .tar.gz, but not compressed.
    for entry in tar::Archive::new(fs::File::open(archive)?).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        let content = Bytes::from(content);
        match &*name {
            // Attributes that the archiver's system gave the files.
            name if name.starts_with("._") => {}
            "fixture.json" => fixture = Some(serde_json::from_slice::<Fixture>(&content)?),
            name if name.ends_with(".log") => read_log(&content, &mut preimages),
            name if name.ends_with(".sst") => read_table(&content, &mut preimages)?,
            _ => {}
        }
    }
    let fixture = fixture.ok_or_else(|| io::Error::other("no fixture.json"))?;
    Ok(Block {
        rollup_json: fixture.rollup_config,
        parent_json: fixture.parent_header,
        attributes: fixture.executing_payload,
        hash: fixture.expected_block_hash,
        preimages,
    })
}

/// Reads a write-ahead log: records of a checksum (4 bytes), a length (2) and a kind (1), none across a boundary of
/// 32 KiB; the pieces of a batch of writes have the kinds first, middle and last, a whole one the kind full.
fn read_log(log: &Bytes, preimages: &mut B256Map<Bytes>) {
    const BOUNDARY: usize = 32_768;
    const FULL: u8 = 1;
    const FIRST: u8 = 2;
    const LAST: u8 = 4;
    let mut batch = Vec::new();
    for block in log.chunks(BOUNDARY) {
        let mut rest = block;
        while let Some((head, after)) = rest.split_at_checked(7) {
            let (piece, after) = after.split_at(usize::from(u16::from_le_bytes([head[4], head[5]])));
            rest = after;
            if matches!(head[6], FULL | FIRST) {
                batch.clear();
            }
            batch.extend_from_slice(piece);
            if matches!(head[6], FULL | LAST) {
                read_batch(&batch, preimages);
            }
        }
    }
}

/// Reads a batch of writes: a sequence number (8 bytes), their number (4), and each put as a one and two strings.
fn read_batch(batch: &[u8], preimages: &mut B256Map<Bytes>) {
    let mut rest = &batch[12..];
    while let Some((kind, after)) = rest.split_first() {
        assert_eq!(*kind, 1, "a put");
        rest = after;
        let key = string(&mut rest);
        preimages.insert(B256::from_slice(key), Bytes::copy_from_slice(string(&mut rest)));
    }
}

/// Reads a block-based table of format 6: from its footer to the block that names the index, and to the blocks that
/// that names.
fn read_table(table: &[u8], preimages: &mut B256Map<Bytes>) -> io::Result<()> {
    const FOOTER: usize = 53;
    let footer = table.len() - FOOTER;
    let length = u32::from_le_bytes(table[footer + 13..footer + 17].try_into().expect("four bytes")) as usize;
    let names = entries(&table[footer - TRAILER - length..footer - TRAILER], false);
    let (_, mut handle) = names.into_iter().find(|(key, _)| key == b"rocksdb.index").expect("an index");
    let (start, length) = (number(&mut handle), number(&mut handle));
    for (_, mut handle) in entries(&table[start..start + length], true) {
        let (start, length) = (number(&mut handle), number(&mut handle));
        let block = &table[start..start + length];
        let block = match table[start + length] {
            0 => block.to_vec(),
            1 => snap::raw::Decoder::new().decompress_vec(block)?,
            kind => return Err(io::Error::other(format!("a block of the kind {kind}"))),
        };
        // A key ends with a sequence number.
        preimages.extend(
            entries(&block, false)
                .into_iter()
                .map(|(key, value)| (B256::from_slice(&key[..32]), Bytes::copy_from_slice(value))),
        );
    }
    Ok(())
}

/// Bytes after each block of a table: its kind and a checksum.
const TRAILER: usize = 5;

/// The entries of a table's block: how much of the key is that of the entry before, the rest's length, the value's
/// length, the rest, the value. The index's values have no length: they are two numbers. At the block's end is a list
/// of positions, and its length.
fn entries(block: &[u8], is_index: bool) -> Vec<(Vec<u8>, &[u8])> {
    let (block, positions) = block.split_at(block.len() - 4);
    let positions = u32::from_le_bytes(positions.try_into().expect("four bytes")) as usize;
    let mut rest = &block[..block.len() - 4 * positions];
    let mut key = Vec::new();
    let mut entries = Vec::new();
    while !rest.is_empty() {
        key.truncate(number(&mut rest));
        let length = number(&mut rest);
        let value = if is_index { None } else { Some(number(&mut rest)) };
        let (own, after) = rest.split_at(length);
        key.extend_from_slice(own);
        let length = value.unwrap_or_else(|| {
            let mut handle = after;
            let _ = (number(&mut handle), number(&mut handle));
            after.len() - handle.len()
        });
        let (value, after) = after.split_at(length);
        entries.push((key.clone(), value));
        rest = after;
    }
    entries
}

/// The next string: its length and its bytes.
fn string<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let length = number(bytes);
    let (string, rest) = bytes.split_at(length);
    *bytes = rest;
    string
}

/// The next number: seven bits a byte, the lowest first.
fn number(bytes: &mut &[u8]) -> usize {
    let last = bytes.iter().position(|byte| byte & 0x80 == 0).expect("a number ends");
    let (number, rest) = bytes.split_at(last + 1);
    *bytes = rest;
    number.iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f))
}
