//! For every block of the recorded chains, from L1 data alone: its attributes, its header, its output root.

use crate::support::{Recording, l2_header};
use kohala_program::{Block, Progress};
use kohala_protocol::{Attributes, Fork, output_root};

/// Attributes say of a block what op-geth's block says.
fn assert_derived(recording: &Recording, attributes: &Attributes) {
    let number = attributes.number();
    let record = &recording.chain.l2[number as usize];
    let header = l2_header(record);
    assert_eq!(attributes.transactions, record.transactions, "transactions of {number}");
    assert_eq!(attributes.parent.hash, header.parent_hash, "parent of {number}");
    assert_eq!(attributes.timestamp, header.timestamp, "time of {number}");
    assert_eq!(attributes.prev_randao, header.mix_hash, "randao of {number}");
    assert_eq!(attributes.gas_limit, header.gas_limit, "gas limit of {number}");
    assert_eq!(attributes.parent_beacon_block_root, header.parent_beacon_block_root, "beacon root of {number}");
    assert_eq!(attributes.l1_origin.hash, record.l1_origin_hash, "origin of {number}");
    assert_eq!(attributes.sequence_number, record.sequence_number, "sequence number of {number}");
}

/// An executed block is op-geth's block. Its header commits to the output root from Isthmus on.
fn assert_executed(recording: &Recording, block: &Block) {
    let number = block.header.number;
    let record = &recording.chain.l2[number as usize];
    assert_eq!(*block.header, *l2_header(record), "header of {number}");
    assert_eq!(block.header.hash(), record.hash, "hash of {number}");
    if recording.boot.rollup.is_active(Fork::Isthmus, block.header.timestamp) {
        let message_passer = block.header.withdrawals_root.unwrap();
        let root = output_root(block.header.state_root, message_passer, record.hash);
        assert_eq!(root, record.output_root, "output root of {number}");
    }
}

/// The whole chain in one run. Returns how many blocks it has.
fn comes_to_op_nodes_blocks(name: &str) -> u64 {
    let recording = Recording::load(name);
    let mut program = recording.start().unwrap();
    let last = recording.boot.claimed_block_number;
    for number in 1..=last {
        match program.step().unwrap() {
            Progress::Derived(attributes) if attributes.number() == number => assert_derived(&recording, &attributes),
            other => panic!("{name} {number}: {other:?}"),
        }
        match program.step().unwrap() {
            Progress::Executed(block) if block.header.number == number => assert_executed(&recording, &block),
            other => panic!("{name} {number}: {other:?}"),
        }
        assert_eq!(program.head().number, number);
    }
    for _ in 0..2 {
        let Progress::Judged(verdict) = program.step().unwrap() else { panic!("{name} goes on") };
        assert!(verdict.is_valid(), "{name}");
        assert_eq!((verdict.block_number, verdict.output_root), (last, recording.root(last)), "{name}");
    }
    last
}

#[test]
fn comes_to_the_blocks_of_a_jovian_chain() {
    assert_eq!(comes_to_op_nodes_blocks("main"), 170);
}

#[test]
fn comes_to_the_blocks_of_a_chain_through_its_upgrades() {
    assert_eq!(comes_to_op_nodes_blocks("staged"), 82);
}

#[test]
fn comes_to_blocks_whose_data_fills_blobs() {
    assert_eq!(comes_to_op_nodes_blocks("full"), 21);
}

/// Before Isthmus no header commits to the output root: each is had by claiming it.
#[test]
fn comes_to_every_output_root_before_isthmus_and_just_after() {
    let recording = Recording::load("staged");
    let l1_end = recording.chain.l1.len() - 1;
    for number in 0..=21 {
        let right = recording.claiming(l1_end, number, recording.root(number)).verdict();
        assert!(right.is_valid(), "{number}");
        assert_eq!((right.block_number, right.claimed_block_number), (number, number));
        let next = recording.claiming(l1_end, number, recording.root(number + 1)).verdict();
        assert_eq!((next.is_valid(), next.output_root), (false, recording.root(number)), "{number}");
    }
}
