//! A chain written to files, and judged with nothing but them.

use crate::{story::tell, support::real};
use alloy_consensus::{Header, TrieAccount};
use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256, map::B256Map};
use alloy_rlp::Decodable;
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};
use kohala_devnet::chain::{Config, Fork, MESSAGE_PASSER, Posting};
use kohala_program::{Boot, MemoryInputs, Program, Progress};
use kohala_protocol::{L1ChainConfig, L1Header, OutputRootPreimage, Receipt, RollupConfig};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

#[derive(Deserialize)]
struct BlockLine {
    number: u64,
    hash: B256,
    header: Bytes,
    transactions: Vec<Bytes>,
    #[serde(default)]
    receipts: Vec<Bytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlobLine {
    versioned_hash: B256,
    blob: Bytes,
}

#[derive(Deserialize)]
struct Genesis {
    alloc: BTreeMap<Address, GenesisAccount>,
}

#[derive(Deserialize)]
struct GenesisAccount {
    balance: U256,
    nonce: U64,
    code: Bytes,
    storage: BTreeMap<B256, B256>,
}

fn json<T: DeserializeOwned>(file: &Path) -> T {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn lines<T: DeserializeOwned>(file: &Path) -> Vec<T> {
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Adds the nodes of the trie with these leaves; its root.
fn add_trie(nodes: &mut B256Map<Bytes>, leaves: BTreeMap<B256, Vec<u8>>) -> B256 {
    let targets: ProofRetainer = leaves.keys().map(Nibbles::unpack).collect();
    let mut builder = HashBuilder::default().with_proof_retainer(targets);
    leaves.iter().for_each(|(key, value)| builder.add_leaf(Nibbles::unpack(key), value));
    let root = builder.root();
    nodes.extend(builder.take_proof_nodes().into_inner().into_values().map(|node| (keccak256(&node), node)));
    root
}

/// All that the files tell a program which starts at the genesis block.
fn read(directory: &Path) -> MemoryInputs {
    let mut inputs = MemoryInputs::default();
    for line in lines::<BlockLine>(&directory.join("l1.jsonl")) {
        inputs.l1_headers.insert(line.hash, L1Header::decode(keccak256(&line.header), &line.header).unwrap());
        inputs.l1_transactions.insert(line.hash, line.transactions);
        let receipts = line.receipts.iter().map(|receipt| Receipt::decode(receipt).unwrap());
        inputs.l1_receipts.insert(line.hash, receipts.collect());
    }
    for line in lines::<BlobLine>(&directory.join("blobs.jsonl")) {
        let mut blob = line.blob.to_vec();
        blob.resize(131_072, 0);
        inputs.blobs.insert(line.versioned_hash, blob.into());
    }
    let (mut leaves, mut message_passer_storage_root) = (BTreeMap::new(), alloy_trie::EMPTY_ROOT_HASH);
    for (address, account) in json::<Genesis>(&directory.join("genesis-l2.json")).alloc {
        let slots = account
            .storage
            .iter()
            .map(|(slot, value)| (keccak256(slot), alloy_rlp::encode(U256::from_be_bytes(value.0))));
        let storage_root = match account.storage.is_empty() {
            true => alloy_trie::EMPTY_ROOT_HASH,
            false => add_trie(&mut inputs.nodes, slots.collect()),
        };
        if address == MESSAGE_PASSER {
            message_passer_storage_root = storage_root;
        }
        let (nonce, code_hash) = (account.nonce.to(), keccak256(&account.code));
        inputs.codes.insert(code_hash, account.code);
        let leaf = TrieAccount { nonce, balance: account.balance, storage_root, code_hash };
        leaves.insert(keccak256(address), alloy_rlp::encode(leaf));
    }
    let state_root = add_trie(&mut inputs.nodes, leaves);
    let genesis = lines::<BlockLine>(&directory.join("l2.jsonl")).swap_remove(0);
    assert_eq!(genesis.number, 0);
    let block_hash = keccak256(&genesis.header);
    inputs.l2_headers.insert(block_hash, Header::decode(&mut &genesis.header[..]).unwrap());
    inputs.l2_transactions.insert(block_hash, genesis.transactions);
    let root = keccak256([B256::ZERO, state_root, message_passer_storage_root, block_hash].concat());
    inputs.outputs.insert(root, OutputRootPreimage { state_root, message_passer_storage_root, block_hash });
    inputs
}

/// Judges every claim in the files; how many there are.
fn replay(directory: &Path) -> usize {
    let inputs = read(directory);
    let rollup = RollupConfig::from_json(&fs::read(directory.join("rollup.json")).unwrap()).unwrap();
    let l1 = L1ChainConfig::from_json(&fs::read(directory.join("l1-chain-config.json")).unwrap()).unwrap();
    let (rollup, l1) = (Arc::new(rollup), Arc::new(l1));
    let claims = kohala_testdata::read_claims(&directory.join("claims")).unwrap();
    for claim in &claims {
        for (root, valid) in [(claim.claimed_l2_output_root, true), (B256::repeat_byte(0xde), false)] {
            let boot = Boot {
                l1_head: claim.l1_head,
                agreed_output_root: claim.agreed_l2_output_root,
                claimed_output_root: root,
                claimed_block_number: claim.claimed_l2_block_number,
                rollup: Arc::clone(&rollup),
                l1: Arc::clone(&l1),
            };
            let mut program = Program::start(boot, inputs.clone()).unwrap();
            let verdict = loop {
                if let Progress::Judged(verdict) = program.step().unwrap() {
                    break verdict;
                }
            };
            assert_eq!((verdict.is_valid(), verdict.block_number), (valid, claim.claimed_l2_block_number));
        }
    }
    claims.len()
}

#[test]
fn files_of_a_chain_are_enough_to_judge_it() {
    for (name, config) in [("minimal", Config::default()), ("real", real(Fork::Granite))] {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dump-{name}"));
        let devnet = tell(config, Posting::default());
        devnet.dump(&directory, &[1, 7, 12]).unwrap();
        assert_eq!(replay(&directory), 3);
        fs::remove_dir_all(directory).unwrap();
    }
}
