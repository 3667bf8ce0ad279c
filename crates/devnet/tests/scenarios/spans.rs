//! Span batches where Delta begins, and mixed with batches of one block (T-DERIV).

use crate::support::{Judge, NEWEST, config, with_transfers};
use alloy_primitives::{Address, U256};
use kohala_devnet::chain::{Batch, Channel, Compression, Config, Devnet, Fork};
use kohala_program::Reason;

/// L1 blocks 1 and 2, and the eleven L2 blocks of the epochs 0 and 1, each with a transfer.
fn two_epochs(config: Config) -> Devnet {
    let mut devnet = Devnet::new(config);
    devnet.l1_blocks(2);
    let mut alice = devnet.user(0);
    for _ in 1..=11 {
        devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
    }
    assert_eq!((devnet.l2()[5].origin.number, devnet.l2()[6].origin.number, devnet.head().origin.number), (0, 1, 1));
    devnet
}

fn post(devnet: &mut Devnet, batches: impl IntoIterator<Item = Batch>) {
    let channel = Channel::compressed(batches, Compression::ZLIB);
    devnet.l1_block(|block| block.channel(&channel));
}

/// Spans are nothing before Delta, so that the blocks are empty when the sequencing window is over.
#[test]
fn span_before_delta_is_dropped() {
    let mut devnet = with_transfers(Config { seq_window_size: 4, ..config(Fork::Canyon) }, 5);
    let span = devnet.span(1..=5);
    post(&mut devnet, [span.into()]);
    devnet.l1_blocks(3);
    devnet.rewind(0);
    devnet.l2_blocks(5);
    let run = Judge::of(&devnet).safe_head(5);
    assert_eq!(run.reasons(), [Reason::SpanBeforeDelta]);
    assert!(devnet.l2()[1..].iter().all(|block| block.transactions.len() == 1));
}

/// Delta begins with epoch 1. A span that starts in epoch 0 is dropped, wherever it is posted; batches of one block bring
/// that epoch across, and a span the next.
#[test]
fn span_over_the_beginning_of_delta_is_dropped() {
    let mut devnet = two_epochs(config(Fork::Canyon).then(Fork::Delta, 12));
    let span = devnet.span(1..=11);
    post(&mut devnet, [span.into()]);
    assert_eq!(Judge::of(&devnet).safe_head(0).reasons(), [Reason::SpanBeforeDelta]);
    let mut batches: Vec<Batch> = devnet.singulars(1..=5).into_iter().map(Batch::from).collect();
    batches.push(devnet.span(6..=11).into());
    post(&mut devnet, batches);
    assert_eq!(Judge::of(&devnet).safe_head(11).reasons(), [Reason::SpanBeforeDelta]);
    Judge::agreed(&devnet, 7).safe_head(11);
}

/// Spans and batches of one block follow each other, in one channel and in several.
#[test]
fn spans_and_singular_batches_mix() {
    for fork in [Fork::Delta, Fork::Granite, NEWEST] {
        let mut devnet = two_epochs(config(fork));
        let batches: [Batch; 4] = [
            devnet.span(1..=2).into(),
            devnet.singular(3).into(),
            devnet.singular(4).into(),
            devnet.span(5..=7).into(),
        ];
        post(&mut devnet, batches);
        let single = devnet.singular(8).into();
        post(&mut devnet, [single]);
        let span = devnet.span(9..=11).into();
        post(&mut devnet, [span]);
        assert_eq!(Judge::of(&devnet).safe_head(11).reasons(), []);
        Judge::of(&devnet).until(3).safe_head(7);
        Judge::agreed(&devnet, 6).safe_head(11);
    }
}

/// A span of which some blocks are safe already brings the others; one that says something else of a safe block brings
/// none.
#[test]
fn span_overlaps_the_safe_chain() {
    for fork in [Fork::Delta, Fork::Granite, NEWEST] {
        for alters in [false, true] {
            let mut devnet = two_epochs(config(fork));
            let span = devnet.span(1..=7);
            post(&mut devnet, [span.into()]);
            let mut batches = devnet.singulars(4..=11);
            if alters {
                batches[1].transactions = vec![devnet.user(1).transfer(Address::ZERO, U256::from(1))];
            }
            let span = devnet.span_of(&batches);
            post(&mut devnet, [span.into()]);
            let reasons = Judge::of(&devnet).safe_head(if alters { 7 } else { 11 }).reasons();
            match (alters, fork < Fork::Holocene) {
                (false, _) => assert_eq!(reasons, []),
                (true, true) => assert_eq!(reasons, [Reason::Overlap]),
                (true, false) => assert_eq!(reasons, [Reason::Overlap, Reason::Flushed]),
            }
            Judge::agreed(&devnet, 7).safe_head(if alters { 7 } else { 11 });
        }
    }
}
