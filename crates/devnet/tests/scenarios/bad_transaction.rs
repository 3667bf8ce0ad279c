//! Batches of blocks that execution refuses.

use crate::support::{Judge, NEWEST, config};
use alloy_consensus::SignableTransaction;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Signature, U256};
use kohala_devnet::chain::{Batch, Channel, ConfigUpdate, Devnet, Fork, Origin, Posting, RICH, Singular};
use kohala_program::Reason;

const FORKS: [Fork; 4] = [Fork::Granite, Fork::Holocene, Fork::Isthmus, NEWEST];

/// A transfer of Alice's that nobody has signed.
fn unsigned(devnet: &Devnet) -> Bytes {
    let transaction = devnet.user(0).prepare(Address::repeat_byte(0xb0), U256::from(1), Bytes::new());
    transaction.into_signed(Signature::new(U256::ZERO, U256::ZERO, false)).encoded_2718().into()
}

/// A transfer by somebody without coins.
fn unpaid(devnet: &Devnet) -> Bytes {
    devnet.user(RICH).transfer(Address::repeat_byte(0xb0), U256::from(1))
}

/// What a batch says of the next block if its transaction is bad; then that block with a good one in its place.
fn bad_and_good(devnet: &mut Devnet, bad: fn(&Devnet) -> Bytes) -> Singular {
    let draft = devnet.draft(Origin::Next, &[bad(devnet)]);
    let good = devnet.user(0).transfer(Address::repeat_byte(0xb0), U256::from(1));
    devnet.l2_block(&[good]);
    draft
}

/// What is dropped for a bad last block of a channel: the block, and from Holocene on the channel.
fn dropped(fork: Fork) -> &'static [Reason] {
    if fork < Fork::Holocene { &[Reason::Rejected] } else { &[Reason::Rejected, Reason::Flushed] }
}

/// Posts a batch that execution refuses the last block of. Before Holocene none of its blocks comes across until it is
/// posted anew as the chain has it; from Holocene on the last block has nothing but its deposits.
fn spoils_the_last_block(fork: Fork, devnet: &mut Devnet, batch: impl Into<Batch>) {
    let last = devnet.head().header.number;
    let check = |devnet: &Devnet, safe_head| {
        let run = Judge::of(devnet).safe_head(safe_head);
        assert_eq!((run.rejected.as_slice(), run.reasons().as_slice()), (&[last][..], dropped(fork)), "{fork:?}");
        Judge::agreed(devnet, last - 1).safe_head(safe_head.max(last - 1));
    };
    let channel = Channel::of([batch]);
    devnet.l1_block(|block| block.channel(&channel));
    if fork < Fork::Holocene {
        check(devnet, 0);
        devnet.l1_block(|block| block.batch(1..=last, Posting::default()));
    } else {
        devnet.rewind(last - 1);
        devnet.l2_block_at(Origin::Stay, &[]);
    }
    check(devnet, last);
}

/// Before Holocene a bad transaction loses its batch, and another one can bring the block; from Holocene on the block
/// is there with nothing but its deposits (T-BADTX-1, T-BADTX-2).
fn one_bad_block(bad: fn(&Devnet) -> Bytes) {
    for (fork, as_span) in FORKS.into_iter().flat_map(|fork| [(fork, false), (fork, true)]) {
        let mut devnet = Devnet::new(config(fork));
        let draft = bad_and_good(&mut devnet, bad);
        let batch: Batch = if as_span { devnet.span_of(&[draft]).into() } else { draft.into() };
        spoils_the_last_block(fork, &mut devnet, batch);
    }
}

#[test]
fn bad_signature_spoils_the_block() {
    one_bad_block(unsigned);
}

#[test]
fn missing_coins_spoil_the_block() {
    one_bad_block(unpaid);
}

/// Before Holocene a span with a bad second block loses the first one too, and is posted anew; from Holocene on the
/// second block has only deposits (T-BADTX-3, T-BADTX-4).
fn bad_second_block(bad: fn(&Devnet) -> Bytes) {
    for fork in FORKS {
        let mut devnet = Devnet::new(config(fork));
        let good = devnet.user(0).transfer(Address::repeat_byte(0xb0), U256::from(1));
        devnet.l2_block(&[good]);
        let draft = bad_and_good(&mut devnet, bad);
        let span = devnet.span_of(&[devnet.singular(1), draft]);
        spoils_the_last_block(fork, &mut devnet, span);
    }
}

#[test]
fn bad_signature_in_the_second_block_spoils_the_span() {
    bad_second_block(unsigned);
}

#[test]
fn missing_coins_in_the_second_block_spoil_the_span() {
    bad_second_block(unpaid);
}

/// More transactions than a block has gas for: derivation looks at no more of them than that takes, and the block is as
/// invalid as it would be with all.
#[test]
fn more_transactions_than_gas_spoil_the_block() {
    for fork in FORKS {
        let mut devnet = Devnet::new(config(fork).initially(ConfigUpdate::GasLimit(1_200_000)));
        let mut alice = devnet.user(0);
        let transfers: Vec<_> = (0..100).map(|_| alice.transfer(Address::repeat_byte(0xb0), U256::from(1))).collect();
        // The L1 info transaction leaves room for these.
        let fitting = &transfers[..20];
        let draft = devnet.draft(Origin::Next, &transfers);
        devnet.l2_block(fitting);
        spoils_the_last_block(fork, &mut devnet, draft);
    }
}
