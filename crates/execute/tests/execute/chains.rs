//! Every block of the recorded chains, made again from its attributes, is the block that op-geth made.

use crate::support::recorded::{attributes, header, open};
use kohala_protocol::RollupConfig;
use kohala_testdata::chain;

/// Executes all blocks of a chain in one go, the state kept open.
fn executes_as_op_geth_did(name: &str) {
    let chain = chain(name);
    let config = RollupConfig::from_json(&chain.rollup_json).unwrap();
    let (mut state, mut memory) = open(&chain);
    for (parent, record) in chain.l2.iter().zip(&chain.l2[1..]) {
        let block = state.execute(&attributes(&config, parent, record), &mut memory);
        let block = block.unwrap_or_else(|error| panic!("{name} {}: {error:?}", record.number));
        assert_eq!(*block.header, *header(record), "{name} {}", record.number);
        assert_eq!(block.header.hash(), record.hash, "{name} {}", record.number);
        assert_eq!(block.receipts.len(), record.transactions.len(), "{name} {}", record.number);
        assert_eq!(state.output_root(&mut memory).unwrap(), record.output_root, "{name} {}", record.number);
    }
    assert_eq!(state.head().hash(), chain.l2.last().unwrap().hash);
}

#[test]
fn makes_the_blocks_of_a_jovian_chain() {
    executes_as_op_geth_did("main");
}

#[test]
fn makes_the_blocks_of_a_chain_through_its_upgrades() {
    executes_as_op_geth_did("staged");
}

#[test]
fn makes_blocks_whose_data_fills_blobs() {
    executes_as_op_geth_did("full");
}
