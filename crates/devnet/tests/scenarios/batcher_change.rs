//! The batcher changes while what the old one posted still matters.

use crate::support::{Judge, NEWEST, config};
use alloy_primitives::B128;
use kohala_devnet::chain::{
    BATCHER, Carrier, Config, ConfigUpdate, Devnet, Fork, Frame, L1Call, OpenChannel, Posting, datum,
};
use kohala_program::Reason;

const SUCCESSOR: u32 = BATCHER + 7;

/// A frame, posted by `signer`.
fn posted(frame: Frame, signer: u32) -> L1Call {
    L1Call::calldata(datum(&[frame])).by(signer)
}

/// Each batcher's posts count as long as it is the batcher, from wherever the program starts: it learns who that was
/// from the L2 block it goes back to, not from the one that is agreed on (T-BATCHER-CHANGE).
#[test]
fn old_batchers_post_counts_after_the_change() {
    for fork in [Fork::Granite, Fork::Jovian, NEWEST] {
        let mut devnet = Devnet::new(config(fork));
        let update = ConfigUpdate::Batcher(devnet.l1_user(SUCCESSOR).address());
        devnet.l1_blocks(1);
        devnet.catch_up();
        let posting = Posting { carrier: Carrier::Calldata, ..Posting::default() };
        devnet.l1_block(|block| block.batch(1..=6, posting));
        Judge::of(&devnet).safe_head(6);
        devnet.l1_block(|block| block.config_update(update));
        devnet.catch_up();
        assert_eq!(devnet.head().header.number, 18);
        devnet.l1_block(|block| block.batch(7..=18, posting));
        let run = Judge::of(&devnet).safe_head(6);
        assert_eq!(run.reasons(), [Reason::NotTheBatcher]);
        devnet.l1_block(|block| block.batch(7..=18, Posting { signer: SUCCESSOR, ..posting }));
        Judge::of(&devnet).safe_head(18);
        for agreed in [5, 6, 7, 18] {
            let run = Judge::agreed(&devnet, agreed).safe_head(18);
            let strangers = run.reasons().iter().filter(|reason| **reason == Reason::NotTheBatcher).count();
            assert_eq!(strangers, 1, "the old batcher's first post counted, its second did not");
        }
    }
}

/// The old batcher opens a channel that its successor closes. A program that starts at a block which names the
/// successor needs the old one's frame all the same (T-BATCHER-CHANGE).
#[test]
fn successor_closes_the_old_batchers_channel() {
    for fork in [Fork::Granite, Fork::Jovian, NEWEST] {
        let mut devnet = Devnet::new(Config { l2_block_time: 12, ..config(fork) });
        let update = ConfigUpdate::Batcher(devnet.l1_user(SUCCESSOR).address());
        let mut channel = OpenChannel::new(B128::repeat_byte(7));
        devnet.l1_blocks(1);
        devnet.catch_up();
        let first = channel.frame([devnet.singular(1)]);
        devnet.l1_block(|block| block.send(posted(first, BATCHER)));
        devnet.l1_block(|block| block.config_update(update));
        devnet.l1_blocks(1);
        devnet.catch_up();
        let last = channel.last_frame(devnet.singulars(2..=4));
        devnet.l1_block(|block| block.send(posted(last, SUCCESSOR)));
        assert_eq!(devnet.l2()[3].system_config.batcher, devnet.l1_user(SUCCESSOR).address());
        for agreed in 0..=4 {
            Judge::agreed(&devnet, agreed).safe_head(4);
        }
    }
}
