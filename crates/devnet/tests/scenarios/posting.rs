//! What a script may make of batches, channels and frames before they are on L1, and of blocks that never are.

use crate::support::{Judge, config, with_transfers};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, LogData, U256};
use kohala_devnet::chain::{
    Batch, Channel, Compression, Config, ConfigUpdate, Deposit, Devnet, Fork, L1Call, Origin, Posting, Singular, Span,
    USER, datum,
};
use kohala_program::{ProgramError, Reason};

/// What is done to a batch, and why it is dropped then.
type Alteration<T> = (fn(&mut T), Reason);

/// Three blocks with a transaction each.
fn three_blocks(fork: Fork) -> Devnet {
    with_transfers(config(fork), 3)
}

/// Why derivation drops these batches, which bring no block across.
fn dropped(mut devnet: Devnet, batches: Vec<Batch>) -> Vec<Reason> {
    let channel = Channel::of(batches);
    devnet.l1_block(|block| block.channel(&channel));
    Judge::of(&devnet).safe_head(0).reasons()
}

#[test]
fn altered_span_is_dropped_for_what_is_wrong_with_it() {
    let alterations: [Alteration<Span>; 4] = [
        (|span| span.parent_check = FixedBytes::ZERO, Reason::ParentHash),
        (|span| span.l1_origin_check = FixedBytes::ZERO, Reason::EpochHash),
        (|span| span.relative_timestamp += 1, Reason::Future),
        (|span| span.l1_origin_number += 2, Reason::EpochTooNew),
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
    let alterations: [Alteration<Singular>; 4] = [
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

#[test]
fn span_whose_fields_contradict_each_other_is_no_batch() {
    let alterations: [fn(&mut Span); 4] = [
        |span| span.block_count = 0,
        |span| span.origin_bits.push(true),
        |span| span.transaction_counts[0] = 7,
        |span| span.transactions.data[1] = Bytes::from_static(&[5]),
    ];
    for alter in alterations {
        let devnet = three_blocks(Fork::Holocene);
        let mut span = devnet.span(1..=3);
        alter(&mut span);
        let reasons = dropped(devnet, vec![span.into()]);
        assert!(matches!(reasons[..], [Reason::Batch(_)]), "{reasons:?}");
    }
}

/// Frames out of order, twice, of nobody and cut short: before Holocene the channel comes together all the same, as
/// long as all are there in the end.
#[test]
fn frames_come_in_any_order_before_holocene() {
    for (fork, head) in [(Fork::Granite, 3), (Fork::Holocene, 0)] {
        let mut devnet = three_blocks(fork);
        let frames = Channel::compressed(devnet.singulars(1..=3), Compression::Zlib(9)).cut(3);
        let cut_short = datum(&frames[..1]).slice(..20);
        devnet.l1_block(|block| {
            block
                .frames(&frames[2..])
                .send(L1Call::calldata(cut_short))
                .send(L1Call::calldata(datum(&frames[..1])).by(USER))
                .frames_in_blob(&[frames[1].clone(), frames[1].clone()])
        });
        Judge::of(&devnet).safe_head(0);
        devnet.l1_block(|block| block.frames(&frames[..1]));
        Judge::of(&devnet).safe_head(head);
    }
}

/// A channel of everything: what can't be read ends it, and what was read before stands.
#[test]
fn channel_carries_batches_of_all_kinds() {
    let mut devnet = three_blocks(Fork::Granite);
    let junk = Batch::Raw(Bytes::from_static(&[9, 9]));
    let batches: [Batch; 4] = [devnet.singular(1).into(), devnet.span(2..=2).into(), junk, devnet.singular(3).into()];
    let channel = Channel::of(batches);
    devnet.l1_block(|block| block.channel(&Channel::raw(Bytes::from_static(b"no channel"))).channel(&channel));
    let reasons = Judge::of(&devnet).safe_head(2).reasons();
    assert!(matches!(reasons[..], [Reason::Channel(_), Reason::Batch(_)]), "{reasons:?}");
}

/// Nothing is posted until the sequencing window is over: the blocks are empty then, whatever the sequencer had made
/// of them, and the batcher goes on from there (T-SWE-1).
#[test]
fn blocks_are_empty_after_the_sequencing_window() {
    let mut devnet = Devnet::new(Config { seq_window_size: 4, ..config(Fork::Holocene) });
    let mut alice = devnet.user(0);
    devnet.l1_blocks(10);
    for _ in 1..=41 {
        devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
    }
    let late = Channel::of([devnet.span(1..=41)]);
    devnet.rewind(0);
    devnet.l2_blocks(41);
    assert_eq!(devnet.head().origin.number, 6);
    Judge::of(&devnet).safe_head(41);
    devnet.l1_block(|block| block.channel(&late));
    devnet.l2_blocks(6);
    Judge::of(&devnet).safe_head(47);
    devnet.l2_block(&[devnet.user(0).transfer(Address::repeat_byte(0xb0), U256::from(2))]);
    devnet.l1_block(|block| block.batch(48..=48, Posting::default()));
    devnet.l2_blocks(5);
    Judge::agreed(&devnet, 47).safe_head(53);
}

/// A draft of the next block names the origin that the script wants, and isn't executed.
#[test]
fn draft_of_a_block_is_as_the_script_says() {
    let mut devnet = Devnet::new(config(Fork::Jovian));
    devnet.l1_blocks(1);
    let [stays, advances] = [Origin::Stay, Origin::Advance].map(|origin| devnet.draft(origin, &[Bytes::new()]));
    assert_eq!((stays.epoch_number, advances.epoch_number), (0, 1));
    assert_eq!(devnet.draft(Origin::Next, &[]).epoch_number, 0, "its time has not come yet");
    devnet.l2_block_at(Origin::Stay, &[]);
    assert_eq!(devnet.singular(1), Singular { transactions: vec![], ..stays });
}

/// A contract that logs nonsense: an update of the system config is passed over, a deposit is the end.
#[test]
fn malformed_logs_are_what_they_are_to_op_node() {
    let mut devnet = Devnet::new(config(Fork::Jovian));
    let mut update = ConfigUpdate::GasLimit(1).log();
    update.data = LogData::new_unchecked(update.topics().to_vec(), update.data.data.slice(..64));
    devnet.l1_block(|block| block.log(update).config_update(ConfigUpdate::GasLimit(25_000_000)));
    devnet.l2_blocks(6);
    assert_eq!(devnet.head().header.gas_limit, 25_000_000);
    devnet.l1_block(|block| block.batch(1..=6, Posting::default()));
    let reasons = Judge::of(&devnet).safe_head(6).reasons();
    assert!(matches!(reasons[..], [Reason::ConfigUpdate(_)]), "{reasons:?}");

    let mut deposit = Deposit::default().log();
    deposit.data = LogData::new_unchecked(deposit.topics().to_vec(), Bytes::new());
    devnet.l1_block(|block| block.log(deposit));
    devnet.l2_blocks(12);
    devnet.l1_block(|block| block.batch(7..=18, Posting::default()));
    let error = Judge::of(&devnet).try_claim(18, devnet.output_root(18)).unwrap_err();
    assert!(matches!(error, ProgramError::Halted(_)), "{error}");
}
