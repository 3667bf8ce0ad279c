//! The program judges the chain: derivation and execution against blocks that none of our code made.

use crate::{
    story::{every_kind, tell},
    support::{Judge, boot, inputs, posting},
};
use alloy_primitives::{Bytes, U256, keccak256};
use kohala_devnet::chain::{
    BATCHER, Batches, Carrier, Compression, Config, ConfigUpdate, DEPOSIT_CONTRACT, Devnet, Fork, Posting, USER,
    batcher,
};
use kohala_program::{Program, Progress};

/// A block's witness, without anything else of the state, is enough to execute the block.
#[test]
fn witnesses_are_enough() {
    let devnet = tell(Config::default(), Posting::default());
    for number in 1..=12 {
        let (parent, block) = (&devnet.l2()[number as usize - 1], &devnet.l2()[number as usize]);
        let witness = parent.state.witness(&block.touched, &block.state);
        let mut inputs = inputs(&devnet, number - 1);
        assert!(witness.len() < inputs.nodes.len(), "block {number}");
        inputs.nodes = witness.into_iter().map(|node| (keccak256(&node), node)).collect();
        let mut program = Program::start(boot(&devnet, devnet.claim(number - 1, number)), inputs).unwrap();
        let verdict = loop {
            if let Progress::Judged(verdict) = program.step().unwrap() {
                break verdict;
            }
        };
        assert!(verdict.is_valid(), "block {number}");
    }
}

/// The true claim is valid, up to the end and in between; junk is not.
fn honest_wins_and_junk_loses(config: Config, posting: Posting) {
    let devnet = tell(config, posting);
    Judge::of(&devnet).safe_head(12);
    for (agreed, claimed) in [(0, 4), (5, 9), (12, 12)] {
        let run = Judge::agreed(&devnet, agreed).claim(claimed, devnet.output_root(claimed));
        assert!(run.verdict.is_valid() && run.verdict.block_number == claimed, "{posting:?}: {:?}", run.verdict);
    }
}

#[test]
fn every_way_of_posting_brings_the_chain_across() {
    for batches in [Batches::Singular, Batches::Span] {
        for compression in [Compression::ZLIB, Compression::BROTLI] {
            for (carrier, frame_size) in [
                (Carrier::Calldata, 100_000),
                (Carrier::Calldata, 300),
                (Carrier::Blobs, 130_000),
                (Carrier::Blobs, 700),
            ] {
                let posting = Posting { batches, compression, carrier, frame_size, ..Posting::default() };
                honest_wins_and_junk_loses(Config::default(), posting);
            }
        }
    }
}

#[test]
fn every_fork_has_a_chain() {
    for fork in Fork::ALL {
        honest_wins_and_junk_loses(Config::up_to(fork), posting(fork));
    }
}

#[test]
fn posts_of_strangers_do_not_count() {
    let mut devnet = Devnet::new(Config::default());
    devnet.l2_block(&[]);
    devnet.l1_block(|block| block.batch(1..=1, Posting { signer: USER, ..Posting::default() }));
    Judge::of(&devnet).safe_head(0);
    devnet.l1_block(|block| block.batch(1..=1, Posting::default()));
    Judge::of(&devnet).safe_head(1);
}

#[test]
fn a_new_batcher_takes_over() {
    let mut devnet = Devnet::new(Config::default());
    let successor = BATCHER + 7;
    let update = ConfigUpdate::Batcher(devnet.l1_user(successor).address());
    devnet.l2_block(&[]);
    devnet.l1_block(|block| block.config_update(update));
    devnet.l2_blocks(5);
    assert_eq!(devnet.l2()[6].system_config.batcher, devnet.l1_user(successor).address());
    devnet.l1_block(|block| block.batch(1..=6, Posting::default()));
    Judge::of(&devnet).safe_head(0);
    devnet.l1_block(|block| block.batch(1..=6, Posting { signer: successor, ..Posting::default() }));
    Judge::of(&devnet).safe_head(6);
    Judge::of(&devnet).until(2).safe_head(0);
}

#[test]
fn garbage_between_the_frames_is_no_hindrance() {
    let mut devnet = Devnet::new(Config::default());
    let mut alice = devnet.user(0);
    devnet.l2_block(&[alice.transfer(alice.address(), U256::from(1))]);
    devnet.l1_block(|block| {
        block
            .calldata(BATCHER, Bytes::from_static(&[0; 40]))
            .blobs(BATCHER, vec![batcher::blob(b"no frame"), Bytes::from(vec![0; 131_072])])
            .call(BATCHER, DEPOSIT_CONTRACT, Bytes::from_static(b"no deposit"))
            .batch(1..=1, Posting { carrier: Carrier::Calldata, frame_size: 50, ..Posting::default() })
    });
    Judge::of(&devnet).safe_head(1);
}

#[test]
fn every_kind_of_transaction_comes_across() {
    let devnet = every_kind();
    let (kinds, created) = (&devnet.l2()[1], &devnet.l2()[2]);
    assert!(kinds.receipts.iter().chain(&created.receipts).all(|receipt| receipt.is_success()));
    let bob = &kinds.state.accounts[&devnet.user(1).address()];
    assert_eq!((bob.code.len(), bob.storage.len()), (23, 1), "bob runs the contract's code on his own storage");
    Judge::of(&devnet).safe_head(2);
    Judge::agreed(&devnet, 1).safe_head(2);
}
