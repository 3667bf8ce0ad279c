//! Blocks of OP Sepolia, made again from their attributes and what they read: the chain's own hashes judge.

use crate::support::memory::Memory;
use alloy_consensus::{Header, Sealed};
use alloy_primitives::{B256, Bytes};
use kohala_execute::State;
use kohala_protocol::{Attributes, BlockId, Eip1559Params, chains};
use kohala_testdata::sepolia::{self, Block};
use std::sync::Arc;

#[test]
fn makes_the_blocks_of_op_sepolia() {
    let blocks = sepolia::blocks();
    assert_eq!(blocks.len(), 8);
    let (config, _) = chains::by_id(11_155_420).expect("a known chain");
    let config = Arc::new(config);
    for block in blocks {
        let parent: Header = serde_json::from_str(block.parent_json.get()).unwrap();
        let parent_id = BlockId { number: parent.number, hash: parent.hash_slow() };
        let number = parent.number + 1;
        let mut state = State::at(config.clone(), Sealed::new_unchecked(parent, parent_id.hash));
        let made = state.execute(&attributes(&block, parent_id), &mut memory(&block));
        let made = made.unwrap_or_else(|error| panic!("{number}: {error:?}"));
        assert_eq!(made.header.hash(), block.hash, "{number}: {:?}", made.header);
    }
}

/// What was recorded for the block: a preimage doesn't say what it is of.
fn memory(block: &Block) -> Memory {
    let header = |(hash, preimage): (&B256, &Bytes)| Some((*hash, alloy_rlp::decode_exact(preimage).ok()?));
    let mut memory = Memory::default();
    memory.headers.extend(block.preimages.iter().filter_map(header));
    memory.nodes.clone_from(&block.preimages);
    memory.codes.clone_from(&block.preimages);
    memory
}

/// What the block is made from, as derivation gives it.
fn attributes(block: &Block, parent: BlockId) -> Attributes {
    let given = &block.attributes;
    Attributes {
        parent,
        timestamp: given.timestamp,
        prev_randao: given.prev_randao,
        gas_limit: given.gas_limit,
        parent_beacon_block_root: Some(given.parent_beacon_block_root),
        eip1559_params: Some(Eip1559Params::from_bytes(given.eip1559_params.0)),
        min_base_fee: None,
        transactions: given.transactions.clone(),
        // Neither matters to execution.
        deposits: 1,
        l1_origin: BlockId::default(),
        sequence_number: 0,
    }
}
