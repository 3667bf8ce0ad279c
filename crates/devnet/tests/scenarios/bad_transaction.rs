//! Batches of blocks that execution refuses.

use crate::support::{Judge, config};
use alloy_consensus::SignableTransaction;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Signature, U256};
use kohala_devnet::chain::{Channel, Devnet, Fork, Origin, Posting, Singular};
use kohala_program::Reason;

/// A chain with one block, and what a batch says of that block if its transaction has no signature.
fn unsigned(fork: Fork) -> (Devnet, Singular) {
    let mut devnet = Devnet::new(config(fork));
    let mut alice = devnet.user(0);
    let transaction = alice.prepare(Address::repeat_byte(0xb0), U256::from(1), Default::default());
    let nobodys = transaction.clone().into_signed(Signature::new(U256::ZERO, U256::ZERO, false));
    let draft = devnet.draft(Origin::Next, &[nobodys.encoded_2718().into()]);
    devnet.l2_block(&[alice.encode(transaction)]);
    (devnet, draft)
}

/// Before Holocene the batch is lost, and another one can bring the block (T-BADTX-1).
#[test]
fn bad_signature_loses_the_batch_before_holocene() {
    let (mut devnet, bad) = unsigned(Fork::Granite);
    let channel = Channel::of([bad]);
    devnet.l1_block(|block| block.channel(&channel));
    let run = Judge::of(&devnet).safe_head(0);
    assert_eq!((run.rejected.as_slice(), run.reasons().as_slice()), (&[1][..], &[Reason::Rejected][..]));
    devnet.l1_block(|block| block.batch(1..=1, Posting::default()));
    Judge::of(&devnet).safe_head(1);
}

/// From Holocene on the block keeps its deposits and nothing else (T-BADTX-1).
#[test]
fn bad_signature_leaves_deposits_only_from_holocene_on() {
    let (mut devnet, bad) = unsigned(Fork::Holocene);
    let channel = Channel::of([bad]);
    devnet.l1_block(|block| block.channel(&channel));
    devnet.rewind(0);
    devnet.l2_block_at(Origin::Stay, &[]);
    let run = Judge::of(&devnet).safe_head(1);
    assert_eq!(run.rejected, [1]);
}
