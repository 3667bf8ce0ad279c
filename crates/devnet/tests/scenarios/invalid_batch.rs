//! Channels with one invalid batch: what of them stands before Holocene and from then on (T-HOL-INV).

use crate::support::{Judge, NEWEST, config, with_transfers};
use alloy_consensus::SignableTransaction;
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use kohala_devnet::chain::{Batch, Channel, Config, Devnet, Fork, Origin, Singular};
use kohala_program::Reason;
use op_alloy_consensus::OpTxEnvelope;

/// The same transaction, signed by nobody.
fn without_signature(encoded: &Bytes) -> Bytes {
    let OpTxEnvelope::Eip1559(signed) = OpTxEnvelope::decode_2718(&mut &encoded[..]).unwrap() else {
        panic!("users sign transactions of type 2")
    };
    let nobodys = Signature::new(U256::ZERO, U256::ZERO, false);
    signed.strip_signature().into_signed(nobodys).encoded_2718().into()
}

/// Batches of three blocks with a transfer each, the second of which has no valid signature.
fn invalid_payload(fork: Fork) -> (Devnet, Vec<Singular>) {
    let devnet = with_transfers(config(fork), 3);
    let mut batches = devnet.singulars(1..=3);
    batches[1].transactions[0] = without_signature(&batches[1].transactions[0]);
    (devnet, batches)
}

fn post<B: Into<Batch>>(devnet: &mut Devnet, batches: impl IntoIterator<Item = B>) {
    let channel = Channel::of(batches);
    devnet.l1_block(|block| block.channel(&channel));
}

#[test]
fn valid_batches_all_stand() {
    for fork in [Fork::Granite, NEWEST] {
        let mut devnet = with_transfers(config(fork), 3);
        let batches = devnet.singulars(1..=3);
        post(&mut devnet, batches);
        assert_eq!(Judge::of(&devnet).safe_head(3).reasons(), []);
    }
}

/// Before Holocene the block is not there; from then on it is, with its deposits only, and nothing after it.
#[test]
fn invalid_payload_ends_the_channel() {
    let (mut devnet, batches) = invalid_payload(Fork::Granite);
    post(&mut devnet, batches);
    let run = Judge::of(&devnet).safe_head(1);
    assert_eq!((run.rejected.as_slice(), run.reasons().as_slice()), (&[2][..], &[Reason::Rejected][..]));

    let (mut devnet, batches) = invalid_payload(NEWEST);
    post(&mut devnet, batches);
    devnet.rewind(1);
    devnet.l2_block_at(Origin::Stay, &[]);
    let run = Judge::of(&devnet).safe_head(2);
    assert_eq!(run.rejected, [2]);
    assert_eq!(run.reasons(), [Reason::Rejected, Reason::Flushed]);
}

/// Before Holocene a span stands as a whole or not at all.
#[test]
fn invalid_payload_ends_the_span() {
    let (mut devnet, batches) = invalid_payload(Fork::Granite);
    let span = devnet.span_of(&batches);
    post(&mut devnet, [span]);
    let run = Judge::of(&devnet).safe_head(0);
    assert_eq!(run.rejected, [2]);
    assert_eq!(run.reasons(), [Reason::Rejected, Reason::SpanInterrupted], "block 3 is left");

    let (mut devnet, batches) = invalid_payload(NEWEST);
    let span = devnet.span_of(&batches);
    post(&mut devnet, [span]);
    devnet.rewind(1);
    devnet.l2_block_at(Origin::Stay, &[]);
    let run = Judge::of(&devnet).safe_head(2);
    assert_eq!(run.rejected, [2]);
    assert_eq!(run.reasons(), [Reason::Rejected, Reason::Flushed, Reason::Flushed], "the span and its channel");
}

#[test]
fn batch_with_another_parent_ends_the_channel() {
    for (fork, reasons) in
        [(Fork::Granite, &[Reason::ParentHash][..]), (NEWEST, &[Reason::ParentHash, Reason::Flushed])]
    {
        let mut devnet = with_transfers(config(fork), 3);
        let mut batches = devnet.singulars(1..=3);
        batches[1].parent_hash = B256::repeat_byte(0xff);
        post(&mut devnet, batches);
        assert_eq!(Judge::of(&devnet).safe_head(1).reasons(), reasons);
    }
}

/// What is dropped with a block of a span that is invalid for this reason.
fn dropped_span(reason: Reason, fork: Fork) -> Vec<Reason> {
    if fork < Fork::Holocene { vec![reason] } else { vec![reason, Reason::Flushed, Reason::Flushed] }
}

/// A span of blocks that stay with L1's genesis block for more than half an hour. Up to that they may have
/// transactions: block 1,800 still has one, and 1,801 must not.
#[test]
fn span_beyond_the_sequencer_drift_stands_up_to_it_from_holocene_on() {
    for (fork, safe_head) in [(Fork::Granite, 0), (NEWEST, 1800)] {
        let mut devnet = Devnet::new(Config { l2_block_time: 1, ..config(fork) });
        devnet.l2_blocks(1799);
        let mut alice = devnet.user(0);
        for _ in 1800..=1803 {
            devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
        }
        assert_eq!(devnet.head().origin.number, 0);
        let span = devnet.span(1..=1803);
        post(&mut devnet, [span]);
        let judge = Judge::of(&devnet);
        assert_eq!(judge.reaches(safe_head).reasons(), dropped_span(Reason::SequencerDrift, fork));
        assert!(!judge.claim(1803, devnet.output_root(1803)).verdict.is_valid());
        if safe_head > 0 {
            Judge::agreed(&devnet, 1795).safe_head(1800);
        }
    }
}

/// Block 3 names an L1 block that is younger than itself.
#[test]
fn span_with_an_epoch_of_the_future_stands_up_to_it_from_holocene_on() {
    for (fork, safe_head) in [(Fork::Granite, 0), (NEWEST, 2)] {
        let mut devnet = with_transfers(config(fork), 2);
        devnet.l1_blocks(1);
        let mut alice = devnet.user(0);
        for origin in [Origin::Advance, Origin::Stay] {
            devnet.l2_block_at(origin, &[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
        }
        assert!(devnet.l2()[3].header.timestamp < devnet.l1()[1].header.timestamp);
        let span = devnet.span(1..=4);
        post(&mut devnet, [span]);
        let run = Judge::of(&devnet).safe_head(safe_head);
        assert_eq!(run.reasons(), dropped_span(Reason::OlderThanEpoch, fork));
    }
}
