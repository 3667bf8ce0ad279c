//! What a script may make of batches, channels and frames before they are on L1, and of blocks that never are.

use crate::support::{Judge, config};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use kohala_derive::Reason;
use kohala_devnet::chain::{
    Batch, Channel, Compression, Config, Devnet, Fork, L1Call, Origin, Posting, Singular, Span, datum,
};

/// Three blocks with a transaction each.
fn three_blocks(fork: Fork) -> Devnet {
    let mut devnet = Devnet::new(config(fork));
    let mut alice = devnet.user(0);
    for _ in 0..3 {
        devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
    }
    devnet
}

/// Why derivation drops these batches, which bring no block across.
fn dropped(mut devnet: Devnet, batches: Vec<Batch>) -> Vec<Reason> {
    let channel = Channel::of(batches);
    devnet.l1_block(|block| block.channel(&channel));
    Judge::of(&devnet).safe_head(0).reasons()
}

#[test]
fn altered_span_is_dropped_for_what_is_wrong_with_it() {
    let alterations: [(fn(&mut Span), Reason); 5] = [
        (|span| span.parent_check = FixedBytes::ZERO, Reason::ParentHash),
        (|span| span.l1_origin_check = FixedBytes::ZERO, Reason::EpochHash),
        (|span| span.relative_timestamp += 1, Reason::Future),
        (|span| span.l1_origin_number += 2, Reason::EpochTooNew),
        (|span| span.transactions.data[1] = Bytes::from_static(&[5]), Reason::Flushed),
    ];
    for (alter, reason) in alterations {
        let devnet = three_blocks(Fork::Holocene);
        let mut span = devnet.span(1..=3);
        alter(&mut span);
        let reasons = dropped(devnet, vec![span.into()]);
        assert!(reasons.contains(&reason), "{reasons:?} instead of {reason:?}");
    }
}

#[test]
fn altered_singular_batch_is_dropped_for_what_is_wrong_with_it() {
    let alterations: [(fn(&mut Singular), Reason); 4] = [
        (|batch| batch.parent_hash = B256::ZERO, Reason::ParentHash),
        (|batch| batch.epoch_hash = B256::ZERO, Reason::EpochHash),
        (|batch| batch.timestamp += 2, Reason::Future),
        (|batch| batch.transactions.push(Bytes::new()), Reason::EmptyTransaction),
    ];
    for (alter, reason) in alterations {
        let devnet = three_blocks(Fork::Holocene);
        let mut batch = devnet.singular(1);
        alter(&mut batch);
        assert_eq!(dropped(devnet, vec![batch.into()]), [reason, Reason::Flushed]);
    }
}
