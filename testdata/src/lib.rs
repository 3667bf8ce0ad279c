//! Chains that op-geth, op-node and op-batcher made, as data for tests: [`chain`] loads one by its name. [`sepolia`] has
//! blocks of a public chain.
//!
//! This crate is a dev-dependency only. It says what was recorded and judges nothing; apart from hashing headers it
//! knows no protocol rule, so that the crates under test meet data that their own code has not touched.
//! What the files hold and how to make them anew: `testdata/README.md`.

pub mod sepolia;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// The names of the recorded chains.
pub const CHAINS: [&str; 3] = ["main", "staged", "full"];

/// Bytes of a whole blob.
pub const BLOB_LEN: usize = 131_072;

/// A recorded chain: its configuration, the L1 side that op-batcher wrote, the L2 side that op-node derived.
#[derive(Clone, Debug)]
pub struct Chain {
    /// `rollup.json` as op-node reads it.
    pub rollup_json: Vec<u8>,
    /// The L1 chain's configuration as geth writes it.
    pub l1_config_json: Vec<u8>,
    /// The L2 accounts before block 0, in order of address.
    pub genesis_alloc: Vec<GenesisAccount>,
    /// L1 blocks from 0 on without a gap: `l1[n]` is block n.
    pub l1: Vec<L1Record>,
    /// Every blob of these L1 blocks by its versioned hash.
    pub blobs: BTreeMap<B256, L1Blob>,
    /// L2 blocks from 0 on without a gap: `l2[n]` is block n.
    pub l2: Vec<L2Record>,
    /// True claims about these blocks, in order of claimed and agreed block.
    pub claims: Vec<Claim>,
}

/// An account of the L2 genesis.
#[derive(Clone, Debug, Default, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct GenesisAccount {
    /// Where it lies.
    pub address: Address,
    /// In wei.
    pub balance: U256,
    /// The nonce.
    pub nonce: u64,
    /// The code itself, empty if there is none.
    pub code: Bytes,
    /// The slots that are not zero, in order of key.
    pub storage: Vec<GenesisSlot>,
}

/// A storage slot of the L2 genesis; the key is not hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct GenesisSlot {
    /// The slot.
    pub key: U256,
    /// Its value.
    pub value: U256,
}

/// An L1 block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1Record {
    /// The number.
    pub number: u64,
    /// Keccak of `header_rlp`.
    pub hash: B256,
    /// The header as it is hashed.
    pub header_rlp: Bytes,
    /// EIP-2718 encoded transactions; those with blobs without their sidecars.
    pub transactions: Vec<Bytes>,
    /// EIP-2718 encoded receipts, one for each transaction.
    pub receipts: Vec<Bytes>,
}

/// A blob and its KZG commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1Blob {
    /// 48 bytes.
    pub commitment: Bytes,
    /// The whole blob, [`BLOB_LEN`] bytes.
    pub data: Bytes,
}

/// An L2 block as op-geth built it from op-node's attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L2Record {
    /// The number.
    pub number: u64,
    /// Keccak of `header_rlp`.
    pub hash: B256,
    /// The header as it is hashed.
    pub header_rlp: Bytes,
    /// EIP-2718 encoded transactions.
    pub transactions: Vec<Bytes>,
    /// The output root at this block.
    pub output_root: B256,
    /// Number of the L1 origin.
    pub l1_origin_number: u64,
    /// Hash of the L1 origin.
    pub l1_origin_hash: B256,
    /// How many blocks of the same epoch precede it.
    pub sequence_number: u64,
}

/// A true claim: an output root that op-program v1.17.0 judged valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Number of the agreed L2 block.
    pub agreed_block: u64,
    /// Hash of the agreed L2 block.
    pub agreed_l2_head_hash: B256,
    /// The output root at the agreed block.
    pub agreed_l2_output_root: B256,
    /// Number of the claimed L2 block.
    pub claimed_l2_block_number: u64,
    /// The output root at the claimed block.
    pub claimed_l2_output_root: B256,
    /// Hash of the claimed L2 block.
    pub claimed_block_hash: B256,
    /// Hash of the L1 block that the derivation ends at.
    pub l1_head: B256,
    /// Number of that L1 block.
    pub l1_head_number: u64,
    /// L1 origin of the claimed block.
    pub claim_l1_origin: u64,
    /// L1 origin of the agreed block.
    pub agreed_l1_origin: u64,
}

impl Claim {
    /// What the claim is called, which is also its file: agreed and claimed block.
    pub fn name(&self) -> String {
        format!("{}-{}", self.agreed_block, self.claimed_l2_block_number)
    }
}

/// The file or folder at `relative` in `testdata/`.
pub fn path(relative: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Loads a recorded chain; `name` is one of [`CHAINS`].
///
/// # Panics
///
/// If the chain's files are absent or damaged: a test has nothing to go on then.
pub fn chain(name: &str) -> Chain {
    let directory = path("chains").join(name);
    load(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
}

/// The encoded deposits that upgrade contracts in a fork's activation block, by the fork's name as in `rollup.json`:
/// those of op-node, from Ecotone to Karst.
///
/// # Panics
///
/// If the file is absent or damaged.
pub fn upgrades() -> BTreeMap<String, Vec<Bytes>> {
    let file = fs::read(path("protocol/upgrades.json.zst")).expect("the file is there");
    let json = zstd::decode_all(&*file).expect("the file is compressed");
    serde_json::from_slice(&json).expect("the file is JSON")
}

/// The creation code of L1's `PreimageOracle`. Its constructor takes two numbers: from how many bytes on a preimage may be
/// proposed in pieces, and how many seconds such a proposal may be challenged for.
///
/// # Panics
///
/// If the file is absent.
pub fn preimage_oracle() -> Bytes {
    fs::read(path("contracts/preimage-oracle.bin")).expect("the file is there").into()
}

/// A call of a precompile that succeeds, and what op-geth answers.
#[derive(Clone, Debug)]
pub struct PrecompileCall {
    /// What the precompile is called.
    pub name: String,
    /// The fork that has it first, by its name as in `rollup.json`, from Ecotone on.
    pub since: String,
    /// Where it lies.
    pub address: Address,
    /// What it is given.
    pub input: Bytes,
    /// What it answers.
    pub output: Bytes,
}

/// Calls of thirteen precompiles.
///
/// # Panics
///
/// If the file is absent or damaged.
pub fn precompile_calls() -> Vec<PrecompileCall> {
    let bytes = |digits: &str| digits.parse::<Bytes>().expect("hexadecimal digits");
    let call = |line: &str| {
        let [name, since, address, input, output] = *line.split(' ').collect::<Vec<_>>() else { panic!("{line}") };
        PrecompileCall {
            name: name.to_owned(),
            since: since.to_owned(),
            address: Address::left_padding_from(&bytes(address)),
            input: bytes(input),
            output: bytes(output),
        }
    };
    let file = fs::read_to_string(path("protocol/precompiles.txt")).expect("the file is there");
    file.lines().map(call).collect()
}

impl Chain {
    /// The claim of that [`Claim::name`].
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn claim(&self, name: &str) -> &Claim {
        self.claims.iter().find(|claim| claim.name() == name).unwrap_or_else(|| panic!("no claim {name}"))
    }

    /// Writes the chain into `directory`, as [`chain`] reads it.
    pub fn save(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory.join("claims"))?;
        fs::write(directory.join("rollup.json"), &self.rollup_json)?;
        fs::write(directory.join("l1-chain-config.json"), &self.l1_config_json)?;
        for claim in &self.claims {
            let json = serde_json::to_string_pretty(claim)?;
            fs::write(directory.join("claims").join(format!("{}.json", claim.name())), json + "\n")?;
        }
        write_packed(&directory.join("genesis.rlp.zst"), &self.genesis_alloc)?;
        write_packed(&directory.join("blocks.rlp.zst"), &Blocks::of(self))
    }
}

/// The content of `blocks.rlp.zst`: what can't be computed from the rest.
#[derive(RlpEncodable, RlpDecodable)]
struct Blocks {
    l1: Vec<PackedL1Block>,
    blobs: Vec<PackedBlob>,
    l2: Vec<PackedL2Block>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct PackedL1Block {
    header: Bytes,
    transactions: Vec<Bytes>,
    receipts: Vec<Bytes>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct PackedBlob {
    versioned_hash: B256,
    commitment: Bytes,
    /// Without the zeros at its end.
    data: Bytes,
}

#[derive(RlpEncodable, RlpDecodable)]
struct PackedL2Block {
    header: Bytes,
    transactions: Vec<Bytes>,
    output_root: B256,
    l1_origin_number: u64,
    sequence_number: u64,
}

impl Blocks {
    fn of(chain: &Chain) -> Self {
        let l1 = chain.l1.iter().map(|block| PackedL1Block {
            header: block.header_rlp.clone(),
            transactions: block.transactions.clone(),
            receipts: block.receipts.clone(),
        });
        let blobs = chain.blobs.iter().map(|(versioned_hash, blob)| {
            let used = blob.data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            PackedBlob {
                versioned_hash: *versioned_hash,
                commitment: blob.commitment.clone(),
                data: blob.data.slice(..used),
            }
        });
        let l2 = chain.l2.iter().map(|block| PackedL2Block {
            header: block.header_rlp.clone(),
            transactions: block.transactions.clone(),
            output_root: block.output_root,
            l1_origin_number: block.l1_origin_number,
            sequence_number: block.sequence_number,
        });
        Self { l1: l1.collect(), blobs: blobs.collect(), l2: l2.collect() }
    }
}

fn load(directory: &Path) -> io::Result<Chain> {
    let blocks: Blocks = read_packed(&directory.join("blocks.rlp.zst"))?;
    let l1 = blocks.l1.into_iter().zip(0..).map(|(block, number)| L1Record {
        number,
        hash: keccak256(&block.header),
        header_rlp: block.header,
        transactions: block.transactions,
        receipts: block.receipts,
    });
    let l1: Vec<_> = l1.collect();
    let blobs = blocks.blobs.into_iter().map(|blob| {
        let mut data = blob.data.to_vec();
        data.resize(BLOB_LEN, 0);
        (blob.versioned_hash, L1Blob { commitment: blob.commitment, data: data.into() })
    });
    let l2 = blocks.l2.into_iter().zip(0..).map(|(block, number)| {
        let origin = l1.get(block.l1_origin_number as usize).ok_or(io::ErrorKind::InvalidData)?;
        Ok(L2Record {
            number,
            hash: keccak256(&block.header),
            header_rlp: block.header,
            transactions: block.transactions,
            output_root: block.output_root,
            l1_origin_number: block.l1_origin_number,
            l1_origin_hash: origin.hash,
            sequence_number: block.sequence_number,
        })
    });
    Ok(Chain {
        rollup_json: fs::read(directory.join("rollup.json"))?,
        l1_config_json: fs::read(directory.join("l1-chain-config.json"))?,
        genesis_alloc: read_packed(&directory.join("genesis.rlp.zst"))?,
        blobs: blobs.collect(),
        l2: l2.collect::<io::Result<_>>()?,
        claims: read_claims(&directory.join("claims"))?,
        l1,
    })
}

/// Reads the claims of a folder, in order of claimed and agreed block.
pub fn read_claims(directory: &Path) -> io::Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for entry in fs::read_dir(directory)? {
        claims.push(serde_json::from_slice::<Claim>(&fs::read(entry?.path())?)?);
    }
    claims.sort_by_key(|claim| (claim.claimed_l2_block_number, claim.agreed_block));
    Ok(claims)
}

fn read_packed<T: Decodable>(file: &Path) -> io::Result<T> {
    let rlp = zstd::decode_all(&*fs::read(file)?)?;
    alloy_rlp::decode_exact(&rlp).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn write_packed<T: Encodable>(file: &Path, value: &T) -> io::Result<()> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 19)?;
    // Code and headers repeat over the whole length of a file.
    encoder.long_distance_matching(true)?;
    encoder.window_log(24)?;
    encoder.include_checksum(true)?;
    io::Write::write_all(&mut encoder, &alloy_rlp::encode(value))?;
    fs::write(file, encoder.finish()?)
}
