//! Execution from what op-geth says that a block needs, and nothing else.

use alloy_consensus::{Block, Header, Sealable};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, address, keccak256, map::B256Map};
use alloy_rlp::Decodable;
use anyhow::{Context, Result};
use kohala_execute::{State, StateSource};
use kohala_interop::{call, shared};
use kohala_protocol::{Attributes, BlockId, ExtraData, RollupConfig};
use kohala_trie::NodeSource;
use op_alloy_consensus::OpTxEnvelope;
use serde::Deserialize;
use serde_json::json;
use std::{fs, sync::Arc};

const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");

/// The last block whose witness is asked for.
const LAST: u64 = 120;

/// What `debug_executionWitness` answers; headers are asked for one by one, in the form that is hashed.
#[derive(Deserialize)]
struct Witness {
    state: Vec<Bytes>,
    codes: Vec<Bytes>,
    headers: Vec<Numbered>,
}

#[derive(Deserialize)]
struct Numbered {
    number: String,
}

/// What `eth_getProof` answers, of an account alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    account_proof: Vec<Bytes>,
}

/// All of it by hash, nodes and codes alike.
#[derive(Default)]
struct Source {
    preimages: B256Map<Bytes>,
    headers: B256Map<Header>,
}

impl NodeSource for Source {
    type Error = B256;

    fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.preimages.get(&hash).cloned().ok_or(hash)
    }
}

impl StateSource for Source {
    fn code(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.node(hash)
    }

    fn header(&mut self, hash: B256) -> Result<Header, B256> {
        self.headers.get(&hash).cloned().ok_or(hash)
    }
}

/// Each block of the chain, made on a state of its own: no node is asked for that op-geth's own execution did not read, but
/// for those on the way to the message passer. The header says its storage root, and op-geth looks that up when its witness
/// is done.
#[test]
fn op_geths_witnesses_are_all_that_its_blocks_take() -> Result<()> {
    let peers = shared()?;
    let url = &peers.chain.uncounted.l2;
    let config = Arc::new(RollupConfig::from_json(&fs::read(peers.chain.file("rollup.json"))?)?);
    let raw = |method: &str, number: &str| call::<Bytes>(url, method, json!([number]));
    let (mut nodes, mut ancestors, mut lacking) = (0, 0, 0);
    for number in 1..=LAST {
        let number = format!("0x{number:x}");
        let block = Block::<OpTxEnvelope>::decode(&mut raw("debug_getRawBlock", &number)?.as_ref())?;
        let witness: Witness = call(url, "debug_executionWitness", json!([number]))?;
        nodes += witness.state.len();
        ancestors += witness.headers.len() - 1;
        let mut source = Source::default();
        source.preimages.extend(witness.state.into_iter().chain(witness.codes).map(|value| (keccak256(&value), value)));
        for Numbered { number } in witness.headers {
            let header = Header::decode(&mut raw("debug_getRawHeader", &number)?.as_ref())?;
            source.headers.insert(header.hash_slow(), header);
        }
        let parent = format!("0x{:x}", block.header.number - 1);
        let Proof { account_proof } = call(url, "eth_getProof", json!([MESSAGE_PASSER, [], parent]))?;
        let path = account_proof.into_iter().map(|node| (keccak256(&node), node));
        let there = source.preimages.len();
        source.preimages.extend(path);
        lacking += usize::from(source.preimages.len() > there);

        let parent = source.headers.get(&block.header.parent_hash).context("the parent's header")?.clone().seal_slow();
        let mut state = State::at(Arc::clone(&config), parent);
        let executed = state.execute(&attributes(&config, &block)?, &mut source);
        let executed = executed.map_err(|error| anyhow::anyhow!("{number}: {error:?}"))?;
        assert_eq!(executed.header.into_inner(), block.header, "{number}");
    }
    println!(
        "{LAST} blocks: {nodes} nodes, {ancestors} headers for BLOCKHASH, {lacking} witnesses without the message passer"
    );
    assert!(nodes > 100 * LAST as usize && ancestors > 0);
    Ok(())
}

/// What makes a block of this chain, which is Jovian's from genesis on.
fn attributes(config: &RollupConfig, Block { header, body }: &Block<OpTxEnvelope>) -> Result<Attributes> {
    let extra = ExtraData::decode(config, header.timestamp, &header.extra_data)?;
    Ok(Attributes {
        parent: BlockId { number: header.number - 1, hash: header.parent_hash },
        timestamp: header.timestamp,
        prev_randao: header.mix_hash,
        gas_limit: header.gas_limit,
        parent_beacon_block_root: header.parent_beacon_block_root,
        eip1559_params: Some(extra.eip1559_params),
        min_base_fee: Some(extra.min_base_fee),
        transactions: body.transactions.iter().map(|transaction| transaction.encoded_2718().into()).collect(),
        deposits: 0,
        l1_origin: BlockId::default(),
        sequence_number: 0,
    })
}
