//! `cargo xtask testdata`: recorded chains, as the recording tools write them, into `testdata/chains`.

use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use anyhow::{Context, Result, ensure};
use kohala_testdata::{BLOB_LEN, Chain, Claim, GenesisAccount, GenesisSlot, L1Blob, L1Record, L2Record};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::Path,
};

/// The chain of which the repository keeps a part only, and the last claim whose blocks it keeps: its transactions
/// are random bytes, which do not compress.
const PART: (&str, &str) = ("full", "20-21");

/// Compacts every recorded chain below `recordings`.
pub(crate) fn run(recordings: &Path) -> Result<()> {
    for name in kohala_testdata::CHAINS {
        let mut chain = read(&recordings.join(name)).with_context(|| format!("chain {name}"))?;
        if name == PART.0 {
            let last = chain.claim(PART.1).clone();
            cut(&mut chain, &last);
        }
        check_links(&chain).with_context(|| format!("chain {name}"))?;
        let directory = kohala_testdata::path("chains").join(name);
        chain.save(&directory)?;
        println!(
            "{}: {} L1 blocks, {} blobs, {} L2 blocks, {} claims",
            directory.display(),
            chain.l1.len(),
            chain.blobs.len(),
            chain.l2.len(),
            chain.claims.len()
        );
    }
    Ok(())
}

/// Drops what lies beyond the blocks that `last` needs.
fn cut(chain: &mut Chain, last: &Claim) {
    chain.l1.retain(|block| block.number <= last.l1_head_number);
    chain.l2.retain(|block| block.number <= last.claimed_l2_block_number);
    chain.claims.retain(|claim| {
        claim.l1_head_number <= last.l1_head_number && claim.claimed_l2_block_number <= last.claimed_l2_block_number
    });
    let named =
        |hash: &B256| chain.l1.iter().flat_map(|block| &block.transactions).any(|transaction| holds(transaction, hash));
    chain.blobs.retain(|hash, _| named(hash));
}

/// True if the transaction's bytes name the versioned hash: 32 bytes don't occur twice by accident.
fn holds(transaction: &[u8], hash: &B256) -> bool {
    transaction.windows(B256::len_bytes()).any(|window| window == hash.as_slice())
}

/// What the loader computes instead of reading must be what was recorded.
fn check_links(chain: &Chain) -> Result<()> {
    for (number, block) in chain.l1.iter().enumerate() {
        ensure!(block.number == number as u64, "L1 block {number} is missing");
        ensure!(keccak256(&block.header_rlp) == block.hash, "hash of L1 block {number}");
    }
    for (number, block) in chain.l2.iter().enumerate() {
        ensure!(block.number == number as u64, "L2 block {number} is missing");
        ensure!(keccak256(&block.header_rlp) == block.hash, "hash of L2 block {number}");
        let origin = chain.l1.get(block.l1_origin_number as usize).map(|origin| origin.hash);
        ensure!(origin == Some(block.l1_origin_hash), "origin of L2 block {number}");
    }
    Ok(())
}

#[derive(Deserialize)]
struct L1Line {
    number: u64,
    hash: B256,
    header: Bytes,
    transactions: Vec<Bytes>,
    receipts: Vec<Bytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlobLine {
    versioned_hash: B256,
    commitment: Bytes,
    blob: Bytes,
}

#[derive(Deserialize)]
struct L2Line {
    number: u64,
    hash: B256,
    header: Bytes,
    transactions: Vec<Bytes>,
    #[serde(rename = "outputRoot")]
    output_root: B256,
    l1origin: Origin,
    #[serde(rename = "sequenceNumber")]
    sequence_number: u64,
}

#[derive(Deserialize)]
struct Origin {
    hash: B256,
    number: u64,
}

#[derive(Deserialize)]
struct GenesisFile {
    alloc: BTreeMap<Address, AllocEntry>,
}

#[derive(Deserialize)]
struct AllocEntry {
    balance: U256,
    #[serde(default)]
    nonce: U64,
    #[serde(default)]
    code: Bytes,
    #[serde(default)]
    storage: BTreeMap<B256, B256>,
}

fn read(directory: &Path) -> Result<Chain> {
    let l1 = lines::<L1Line>(directory, "l1.jsonl")?.into_iter().map(|line| L1Record {
        number: line.number,
        hash: line.hash,
        header_rlp: line.header,
        transactions: line.transactions,
        receipts: line.receipts,
    });
    let blobs = lines::<BlobLine>(directory, "blobs.jsonl")?.into_iter().map(|line| {
        let mut data = line.blob.to_vec();
        data.resize(BLOB_LEN, 0);
        (line.versioned_hash, L1Blob { commitment: line.commitment, data: data.into() })
    });
    let l2 = lines::<L2Line>(directory, "l2.jsonl")?.into_iter().map(|line| L2Record {
        number: line.number,
        hash: line.hash,
        header_rlp: line.header,
        transactions: line.transactions,
        output_root: line.output_root,
        l1_origin_number: line.l1origin.number,
        l1_origin_hash: line.l1origin.hash,
        sequence_number: line.sequence_number,
    });
    Ok(Chain {
        rollup_json: fs::read(directory.join("rollup.json"))?,
        l1_config_json: fs::read(directory.join("l1-chain-config.json"))?,
        genesis_alloc: read_genesis(&directory.join("genesis-l2.json.gz"))?,
        l1: l1.collect(),
        blobs: blobs.collect(),
        l2: l2.collect(),
        claims: kohala_testdata::read_claims(&directory.join("claims"))?,
    })
}

fn read_genesis(file: &Path) -> Result<Vec<GenesisAccount>> {
    let file = File::open(file).with_context(|| file.display().to_string())?;
    let genesis: GenesisFile = serde_json::from_reader(BufReader::new(flate2::read::GzDecoder::new(file)))?;
    let accounts = genesis.alloc.into_iter().map(|(address, entry)| GenesisAccount {
        address,
        balance: entry.balance,
        nonce: entry.nonce.to(),
        code: entry.code,
        storage: entry
            .storage
            .into_iter()
            .filter(|(_, value)| !value.is_zero())
            .map(|(key, value)| GenesisSlot { key: key.into(), value: value.into() })
            .collect(),
    });
    Ok(accounts.collect())
}

/// The values of a file of JSON lines, which may lie there compressed by zstd under its name with `.zst`.
fn lines<T: DeserializeOwned>(directory: &Path, name: &str) -> Result<Vec<T>> {
    let plain = directory.join(name);
    let file: Box<dyn Read> = if plain.exists() {
        Box::new(File::open(&plain)?)
    } else {
        let compressed = directory.join(format!("{name}.zst"));
        let file = File::open(&compressed).with_context(|| compressed.display().to_string())?;
        let mut decoder = zstd::Decoder::new(file)?;
        decoder.window_log_max(27)?;
        Box::new(decoder)
    };
    BufReader::new(file).lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}
