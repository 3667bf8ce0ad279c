//! L1 and L2 keep different time (T-DERIV).

use crate::support::{Judge, NEWEST, config};
use alloy_primitives::{Address, B256, U256};
use kohala_devnet::chain::{
    Batch, Carrier, Channel, Compression, Config, Devnet, Fork, L1_BLOCK, L1Fork, Posting, Schedule,
};
use kohala_program::Reason;

/// L1 blocks come in a hurry and after a long while: epochs have many blocks, or one. Whatever the batches' format, L2
/// has one block every two seconds.
#[test]
fn epochs_are_as_long_as_l1_takes() {
    for (fork, as_span) in [(Fork::Regolith, false), (Fork::Delta, true), (NEWEST, false), (NEWEST, true)] {
        let mut devnet = Devnet::new(config(fork));
        let mut alice = devnet.user(0);
        for seconds in [1, 60, 12, 1, 1, 30] {
            devnet.l1_block(|block| block.after(seconds));
        }
        while devnet.head().origin.number < 6 {
            devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
        }
        let last = devnet.head().header.number;
        let epochs: Vec<_> = devnet.l2()[1..].chunk_by(|a, b| a.origin == b.origin).map(<[_]>::len).collect();
        assert_eq!(epochs, [30, 6, 1, 1, 14, 1], "epoch 0 has only the genesis block");
        let batches: Vec<Batch> = match as_span {
            true => vec![devnet.span(1..=last).into()],
            false => devnet.singulars(1..=last).into_iter().map(Batch::from).collect(),
        };
        let channel = Channel::compressed(batches, Compression::ZLIB);
        devnet.l1_block(|block| block.channel(&channel));
        assert_eq!(Judge::of(&devnet).safe_head(last).reasons(), []);
        Judge::agreed(&devnet, 33).safe_head(last);
    }
}

/// L1 pauses for longer than the sequencer may drift: L2 goes on with empty blocks until it can adopt the next epoch, and
/// has to adopt it then. A transaction meanwhile, or a block that stays behind, is dropped.
#[test]
fn beyond_the_drift_blocks_are_empty_until_the_next_epoch() {
    for as_span in [false, true] {
        let mut devnet = Devnet::new(Config { max_sequencer_drift: 10, ..config(Fork::Ecotone) });
        let mut alice = devnet.user(0);
        let mut transfer = || alice.transfer(Address::repeat_byte(0xb0), U256::from(1));
        devnet.l1_block(|block| block.after(30));
        let full: Vec<_> = (1..=5).map(|_| transfer()).collect();
        full.into_iter().for_each(|transaction| {
            devnet.l2_block(&[transaction]);
        });
        devnet.l2_blocks(10);
        assert_eq!((devnet.l2()[14].origin.number, devnet.head().origin.number), (0, 1));
        let late = transfer();

        let good = devnet.singulars(1..=15);
        let mut too_full = good.clone();
        too_full[5].transactions.push(late);
        let mut behind = good.clone();
        (behind[14].epoch_number, behind[14].epoch_hash) = (0, devnet.l1()[0].header.hash());
        for (batches, alone, head) in [(too_full, 5, 0), (behind, 14, 0), (good, 15, 15)] {
            let mut devnet = devnet.clone();
            let expected = if as_span { head } else { alone };
            let batches: Vec<Batch> = match as_span {
                true => vec![devnet.span_of(&batches).into()],
                false => batches.into_iter().map(Batch::from).collect(),
            };
            let channel = Channel::compressed(batches, Compression::ZLIB);
            devnet.l1_block(|block| block.channel(&channel));
            let reasons = Judge::of(&devnet).safe_head(expected).reasons();
            assert_eq!(reasons, if expected == 15 { vec![] } else { vec![Reason::SequencerDrift] });
        }
    }
}

/// Ecotone is there before L1 knows blobs: there is no root of a beacon block, blobs cost 1 wei, and batches are
/// calldata. When Cancun begins on L1, blobs carry batches at once.
#[test]
fn ecotone_begins_before_cancun() {
    let cancun = Config { l1_forks: Schedule::default(), ..config(Fork::Ecotone) }.then_l1(L1Fork::Cancun, 36);
    let mut devnet = Devnet::new(cancun);
    devnet.l1_blocks(1);
    devnet.catch_up();
    let posting = Posting { compression: Compression::ZLIB, carrier: Carrier::Calldata, ..Posting::default() };
    devnet.l1_block(|block| block.batch(1..=6, posting));
    devnet.catch_up();
    devnet.l1_block(|block| block.batch(7..=12, Posting { carrier: Carrier::Blobs, ..posting }));
    devnet.catch_up();
    devnet.l1_block(|block| block.batch(13..=18, Posting { carrier: Carrier::Blobs, ..posting }));
    let has_excess = devnet.l1().iter().map(|block| block.header.excess_blob_gas.is_some());
    assert!(has_excess.eq([false, false, false, true, true]));
    for block in &devnet.l2()[1..] {
        let root = block.header.parent_beacon_block_root.unwrap();
        assert_eq!(root == B256::ZERO, block.origin.number < 3);
        assert_eq!(block.state.accounts[&L1_BLOCK].storage[&U256::from(7)], U256::from(1));
    }
    assert_eq!(Judge::of(&devnet).safe_head(18).reasons(), []);
    Judge::of(&devnet).until(3).safe_head(12);
    Judge::agreed(&devnet, 9).safe_head(18);
}
