//! Batches and frames in an order that isn't theirs: what Holocene no longer puts up with.

use crate::support::{Judge, NEWEST, config, with_transfers};
use kohala_devnet::chain::{Channel, Compression, Devnet, Fork, Frame};
use kohala_program::Reason::{self, Flushed, FrameOutOfOrder, FrameTwice, FrameWithoutChannel, Future, Past, Replaced};

/// What derivation makes of an order: the safe head, and why what was dropped.
type Outcome = (u64, &'static [Reason]);

fn assert_outcome(devnet: &Devnet, (safe_head, reasons): Outcome) {
    let run = Judge::of(devnet).safe_head(safe_head);
    assert_eq!((run.reasons().as_slice(), run.rejected.as_slice()), (reasons, &[][..]));
}

/// The batches of three blocks in one channel. Before Holocene those of later blocks wait for their turn; from then on
/// they take the rest of the channel with them (T-HOL-BATCH).
#[test]
fn batches_keep_their_order_from_holocene_on() {
    let orders: [(&[u64], Outcome, Outcome); 5] = [
        (&[1, 2, 3], (3, &[]), (3, &[])),
        (&[1, 3, 2], (3, &[]), (1, &[Future, Flushed])),
        (&[2, 1, 3], (3, &[]), (0, &[Future, Flushed])),
        (&[1, 1, 2, 3], (3, &[Past]), (3, &[Past])),
        (&[2, 2, 1, 3], (3, &[Past]), (0, &[Future, Flushed])),
    ];
    for (order, before, after) in orders {
        for (fork, outcome) in [(Fork::Granite, before), (NEWEST, after)] {
            let mut devnet = with_transfers(config(fork), 3);
            let channel = Channel::of(order.iter().map(|number| devnet.singular(*number)));
            devnet.l1_block(|block| block.channel(&channel));
            assert_outcome(&devnet, outcome);
        }
    }
}

/// Three frames, each in an L1 block of its own. Before Holocene the channel comes together whatever their order; from
/// then on a frame counts only as the next one of the channel that is open (T-HOL-FRAME).
#[test]
fn frames_keep_their_order_from_holocene_on() {
    let orders: [(&[usize], Outcome, Outcome); 4] = [
        (&[0, 1, 2], (3, &[]), (3, &[])),
        (&[2, 1, 0], (3, &[]), (0, &[FrameWithoutChannel, FrameWithoutChannel])),
        (&[0, 1, 0, 2], (3, &[FrameTwice]), (0, &[Replaced, FrameOutOfOrder])),
        (&[0, 1, 1, 2], (3, &[FrameTwice]), (3, &[FrameOutOfOrder])),
    ];
    for (order, before, after) in orders {
        for (fork, outcome) in [(Fork::Granite, before), (NEWEST, after)] {
            let (mut devnet, frames) = three_frames(fork);
            for number in order {
                devnet.l1_block(|block| block.frames(&frames[*number..=*number]));
            }
            assert_outcome(&devnet, outcome);
        }
    }
}

/// The same frames in one transaction: from Holocene on they are sorted out before the channel sees them, so that a first
/// frame which comes again doesn't reopen it (T-HOL-FRAME).
#[test]
fn frames_of_one_transaction_keep_their_order_from_holocene_on() {
    let orders: [(&[usize], Outcome, Outcome); 4] = [
        (&[0, 1, 2], (3, &[]), (3, &[])),
        // Nothing may follow a closing frame within its channel.
        (&[2, 1, 0], (3, &[]), (0, &[FrameOutOfOrder, FrameOutOfOrder, FrameWithoutChannel])),
        (&[0, 1, 0, 2], (3, &[FrameTwice]), (3, &[FrameOutOfOrder])),
        (&[0, 1, 1, 2], (3, &[FrameTwice]), (3, &[FrameOutOfOrder])),
    ];
    for (order, before, after) in orders {
        for (fork, outcome) in [(Fork::Granite, before), (NEWEST, after)] {
            let (mut devnet, frames) = three_frames(fork);
            let frames: Vec<_> = order.iter().map(|number| frames[*number].clone()).collect();
            devnet.l1_block(|block| block.frames(&frames));
            assert_outcome(&devnet, outcome);
        }
    }
}

fn three_frames(fork: Fork) -> (Devnet, Vec<Frame>) {
    let devnet = with_transfers(config(fork), 3);
    let frames = Channel::compressed(devnet.singulars(1..=3), Compression::ZLIB).cut(3);
    assert_eq!(frames.len(), 3);
    (devnet, frames)
}
