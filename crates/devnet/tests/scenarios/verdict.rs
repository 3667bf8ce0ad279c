//! Claims about short chains: at their end, beyond it, and before it.

use crate::support::{Judge, NEWEST, config, posting};
use alloy_primitives::B256;
use kohala_devnet::chain::{Config, Devnet, Fork, Posting};

/// So many empty blocks, and one L1 block with all of them.
fn posted(fork: Fork, count: usize) -> Devnet {
    let mut devnet = Devnet::new(config(fork));
    devnet.l2_blocks(count);
    devnet.l1_block(|block| block.batch(1..=count as u64, Posting::default()));
    devnet
}

/// One empty block, one L1 block with it, on every fork; blobs are dear where there are any (T-SIMPLE).
#[test]
fn empty_chain_is_proven_on_every_fork() {
    for fork in Fork::ALL {
        let mut devnet = Devnet::new(Config { excess_blob_gas: 100_000_000, ..config(fork) });
        devnet.l2_blocks(1);
        devnet.l1_block(|block| block.batch(1..=1, posting(fork)));
        let run = Judge::of(&devnet).safe_head(1);
        assert!(run.reasons().is_empty() && run.rejected.is_empty(), "{fork:?}");
        Judge::of(&devnet).until(0).safe_head(0);
    }
}

/// L1 has nothing beyond the agreed block: its root, and no other, is the truth about all that follows (T-EOS).
#[test]
fn agreed_root_stands_where_l1_has_no_more_data() {
    for fork in [Fork::Granite, Fork::Holocene, NEWEST] {
        let devnet = posted(fork, 1);
        let judge = Judge::agreed(&devnet, 1);
        let verdict = |root| judge.claim(2, root).verdict;
        let truth = verdict(devnet.output_root(1));
        assert!(truth.is_valid());
        assert_eq!((truth.block_number, truth.output_root), (1, devnet.output_root(1)));
        for lie in [B256::repeat_byte(0xde), B256::ZERO, devnet.output_root(0)] {
            assert!(!verdict(lie).is_valid(), "{lie}");
        }
        judge.safe_head(1);
    }
}

/// A claim beyond the safe head is valid with the safe head's root and with no other (T-TRACE-SAFE).
#[test]
fn safe_heads_root_stands_for_the_block_after_it() {
    for fork in [Fork::Granite, NEWEST] {
        let devnet = posted(fork, 1);
        let verdict = |root| Judge::of(&devnet).claim(2, root).verdict;
        assert!(verdict(devnet.output_root(1)).is_valid());
        assert_eq!(verdict(devnet.output_root(1)).block_number, 1);
        for lie in [B256::repeat_byte(0xde), B256::ZERO, devnet.output_root(0)] {
            assert!(!verdict(lie).is_valid(), "{lie}");
        }
    }
}

/// The agreed root is no truth about the next block where that can be reached (T-TRACE-LEAF).
#[test]
fn agreed_root_does_not_stand_for_a_block_that_can_be_reached() {
    for fork in [Fork::Granite, NEWEST] {
        let devnet = posted(fork, 2);
        let judge = Judge::agreed(&devnet, 1);
        assert!(judge.claim(2, devnet.output_root(2)).verdict.is_valid());
        let repeated = judge.claim(2, devnet.output_root(1)).verdict;
        assert!(!repeated.is_valid());
        assert_eq!((repeated.block_number, repeated.output_root), (2, devnet.output_root(2)));
    }
}
