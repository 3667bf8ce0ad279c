//! Executes one block from its execution witness, and nothing else.
//!
//! ```text
//! cargo run -p kohala-execute --example witness [file]
//! ```
//!
//! The file has three things, all of them from nodes: the chain's `rollup.json`, a block as `debug_getRawBlock` gives
//! it, and what `debug_executionWitness` gives for it. The one beside this file is of a chain in our tests, made by op-geth.
//!
//! From Isthmus on op-geth's witness is not all that a header takes where its block doesn't touch the message passer
//! (`0x4200000000000000000000000000000000000016`): the nodes on the way to that account are then to be had of `eth_getProof`
//! at the parent.

use alloy_consensus::{Block, Header, Sealable};
use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};
use alloy_rlp::Decodable;
use kohala_execute::{State, StateSource};
use kohala_protocol::{Attributes, BlockId, ExtraData, Fork, RollupConfig};
use kohala_trie::NodeSource;
use op_alloy_consensus::OpTxEnvelope;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{env, error::Error, fs, sync::Arc};

/// What op-geth and op-reth answer; op-reth adds `keys`, which execution has no use for.
#[derive(Deserialize)]
struct ExecutionWitness {
    /// Nodes of the state trie and of storage tries, in no order.
    state: Vec<Bytes>,
    codes: Vec<Bytes>,
    /// The parent, and more ancestors where the block asks for their hashes.
    headers: Vec<AnyHeader>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AnyHeader {
    /// op-reth's.
    Rlp(Bytes),
    /// op-geth's.
    Json(Box<Header>),
}

/// The witness by hash. Hashing it here is what makes it trustworthy: whatever a node sends, it is found only by the hash
/// that it has, and the first of these hashes is the state root of a header that we trust.
struct Witness {
    preimages: B256Map<Bytes>,
    headers: B256Map<Header>,
}

impl Witness {
    fn new(ExecutionWitness { state, codes, headers }: ExecutionWitness) -> alloy_rlp::Result<Self> {
        let header = |header| match header {
            AnyHeader::Rlp(rlp) => alloy_rlp::decode_exact::<Header>(&rlp),
            AnyHeader::Json(header) => Ok(*header),
        };
        let headers = headers.into_iter().map(header).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            preimages: state.into_iter().chain(codes).map(|value| (keccak256(&value), value)).collect(),
            headers: headers.into_iter().map(|header| (header.hash_slow(), header)).collect(),
        })
    }
}

/// What the witness lacks.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not in the witness")]
struct Missing(B256);

/// The state's tries are opened node by node.
impl NodeSource for Witness {
    type Error = Missing;

    fn node(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.preimages.get(&hash).cloned().ok_or(Missing(hash))
    }
}

/// What execution reads besides.
impl StateSource for Witness {
    fn code(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.node(hash)
    }

    fn header(&mut self, hash: B256) -> Result<Header, Missing> {
        self.headers.get(&hash).cloned().ok_or(Missing(hash))
    }
}

/// The attributes that a block was made of. Everything else in its header is for execution to find out.
fn attributes(config: &RollupConfig, block: &Block<OpTxEnvelope>) -> Result<Attributes, Box<dyn Error>> {
    let Block { header, body } = block;
    let active = |fork| config.is_active(fork, header.timestamp);
    let extra = match active(Fork::Holocene) {
        true => Some(ExtraData::decode(config, header.timestamp, &header.extra_data)?),
        false => None,
    };
    Ok(Attributes {
        parent: BlockId { number: header.number - 1, hash: header.parent_hash },
        timestamp: header.timestamp,
        prev_randao: header.mix_hash,
        gas_limit: header.gas_limit,
        parent_beacon_block_root: header.parent_beacon_block_root,
        eip1559_params: extra.as_ref().map(|extra| extra.eip1559_params),
        min_base_fee: extra.filter(|_| active(Fork::Jovian)).map(|extra| extra.min_base_fee),
        transactions: body.transactions.iter().map(|transaction| transaction.encoded_2718().into()).collect(),
        // Of derivation: execution doesn't look at these.
        deposits: 0,
        l1_origin: BlockId::default(),
        sequence_number: 0,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    #[derive(Deserialize)]
    struct File {
        rollup: Box<RawValue>,
        block: Bytes,
        witness: ExecutionWitness,
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/witness.json");
    let path = env::args().nth(1).filter(|_| !cfg!(test)).unwrap_or_else(|| path.to_owned());
    let File { rollup, block, witness } = serde_json::from_slice(&fs::read(path)?)?;
    let config = Arc::new(RollupConfig::from_json(rollup.get().as_bytes())?);
    let block: Block<OpTxEnvelope> = Decodable::decode(&mut block.as_ref())?;
    let mut witness = Witness::new(witness)?;

    // The state after the parent: its root is all that is known of it yet.
    let parent = witness.header(block.header.parent_hash)?.seal_unchecked(block.header.parent_hash);
    let mut state = State::at(Arc::clone(&config), parent);
    let executed = state.execute(&attributes(&config, &block)?, &mut witness)?;

    // All of a header is compared with its hash: roots, gas, fees, logs.
    let expected = block.header.hash_slow();
    println!("block {}: {}", executed.header.number, executed.header.hash());
    println!("  {} transactions, {} gas", executed.receipts.len(), executed.header.gas_used);
    println!("  output root {}", state.output_root(&mut witness)?);
    if executed.header.hash() != expected {
        return Err(format!("the block's hash is {expected}").into());
    }
    Ok(())
}

#[test]
fn the_block_has_op_geths_hash() {
    main().unwrap();
}
