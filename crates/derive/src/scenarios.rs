//! The pipeline as a whole, on chains made for a rule each.

use crate::{
    Halted, IndexedBlobHash, L1Block, Mismatch, Need, NextError, Pipeline, Reason, SafeHead, Source, Step,
    next_attributes, steps_back, testing::*,
};
use alloc::{vec, vec::Vec};
use alloy_consensus::{TxEip1559, TxEip2930, TxEip7702};
use alloy_primitives::{Address, Bytes, TxKind, keccak256};
use alloy_rlp::Encodable;
use kohala_protocol::{Fork, Frame, RollupConfig, SingularBatch};
use proptest::prelude::*;

/// Safe head and reasons after deriving from L1 blocks with these data.
fn derive(config: RollupConfig, blocks: &[&[Bytes]]) -> (u64, World) {
    let mut world = World::new(config);
    blocks.iter().for_each(|data| world.push(data));
    (world.derive(), world)
}

/// Safe head of a chain whose batcher posted blocks in this order, in one channel.
fn derive_order(fork: Fork, order: &[u64]) -> u64 {
    derive(config(fork), &[&[post_blocks(1, order.iter().copied())]]).0
}

// Data from L1.

#[test]
fn reads_only_the_batchers_transactions_to_the_inbox() {
    let data = post_blocks(1, 1..=3);
    let tx = to_inbox(data.clone());
    let (to, input, chain_id) = (tx.to, data.clone(), 900);
    let dynamic_fee = TxEip1559 { chain_id, to, input: input.clone(), gas_limit: 1, ..Default::default() };
    let access_list = TxEip2930 { chain_id, to, input: input.clone(), gas_limit: 1, ..Default::default() };
    let set_code = TxEip7702 { chain_id, to: INBOX, input: input.clone(), ..Default::default() };
    let mut l3_deposit = kohala_protocol::Deposit {
        source_hash: Default::default(),
        from: BATCHER.address(),
        to,
        mint: Default::default(),
        value: Default::default(),
        gas: 0,
        is_system: false,
        data,
    };
    let deposit = l3_deposit.encode();
    l3_deposit.from = Address::ZERO;
    let cases = [
        (BATCHER.seal(tx.clone()), true),
        (BATCHER.seal(alloy_consensus::TxLegacy { chain_id: None, ..tx.clone() }), true),
        (BATCHER.seal(access_list.clone()), true),
        (BATCHER.seal(dynamic_fee.clone()), true),
        (BATCHER.seal(blobs_to_inbox(vec![], input)), false),
        (BATCHER.seal(set_code), false),
        (deposit, true),
        (l3_deposit.encode(), false),
        (Key(2).seal(tx.clone()), false),
        (Key(2).seal(dynamic_fee.clone()), false),
        (BATCHER.seal(alloy_consensus::TxLegacy { chain_id: Some(901), ..tx.clone() }), false),
        (BATCHER.seal(TxEip1559 { chain_id: 901, ..dynamic_fee.clone() }), false),
        (BATCHER.seal(TxEip1559 { to: TxKind::Call(PORTAL), ..dynamic_fee.clone() }), false),
        (BATCHER.seal(TxEip1559 { to: TxKind::Create, ..dynamic_fee }), false),
        (Bytes::from_static(&[0x05, 0xC0]), false),
        (Bytes::from_static(&[0xC1]), false),
        (Bytes::new(), false),
    ];
    for (index, (transaction, counts)) in cases.into_iter().enumerate() {
        let mut world = World::new(config(Fork::Jovian));
        world.push_transactions(vec![transaction]);
        assert_eq!(world.derive(), if counts { 3 } else { 0 }, "case {index}");
    }
}

/// Types that L1 adds may mean anything: what follows them in the block counts as ever (rules Z19).
#[test]
fn transactions_of_unknown_types_stop_nothing() {
    let mut world = World::new(config(Fork::Jovian));
    let batch = |numbers| BATCHER.seal(to_inbox(post_blocks(1, numbers)));
    let unknown = [
        Bytes::from_static(&[0x05, 0xC3, 1, 2, 3]),
        Bytes::from_static(&[0x06]),
        Bytes::from_static(&[0x7D, 0xFF, 0xFF]),
        Bytes::from_static(&[0x80]),
        Bytes::from_static(&[0xBF, 0xC0]),
    ];
    let mut transactions = unknown.to_vec();
    transactions.push(batch(1..=3));
    transactions.extend(unknown);
    world.push_transactions(transactions);
    assert_eq!(world.derive(), 3);
}

#[test]
fn blob_transactions_carry_calldata_only_before_ecotone() {
    for (fork, head) in [(Fork::Delta, 3), (Fork::Ecotone, 0)] {
        let mut world = World::new(config(fork));
        world.push_transactions(vec![BATCHER.seal(blobs_to_inbox(vec![], post_blocks(1, 1..=3)))]);
        assert_eq!(world.derive(), head);
    }
}

#[test]
fn reads_blobs_in_order_and_skips_those_without_data() {
    let pieces = frames(1, &channel(&[singular_item(&singular(1, 1)), singular_item(&singular(2, 1))]), 4);
    let mut world = World::new(config(Fork::Holocene));
    let mut hashes: Vec<_> =
        pieces.iter().map(|frame| world.add_blob(blob(&datum(core::slice::from_ref(frame))))).collect();
    hashes.insert(1, world.add_blob(vec![0; 131_072].into()));
    hashes.insert(1, world.add_blob(vec![0xFF; 131_072].into()));
    let foreign = Key(2).seal(blobs_to_inbox(vec![keccak256("a"), keccak256("b")], Bytes::new()));
    let transactions = vec![
        BATCHER.seal(blobs_to_inbox(hashes[..4].to_vec(), Bytes::new())),
        foreign,
        BATCHER.seal(to_inbox(Bytes::from_static(b"no frames"))),
        BATCHER.seal(blobs_to_inbox(hashes[4..].to_vec(), Bytes::new())),
    ];
    world.push_transactions(transactions);
    let mut pipeline = world.pipeline();
    assert_eq!(pipeline.step(), Step::Need(Need::L1Block { number: 1 }));
    pipeline.provide_l1_block(world.l1_block(1).unwrap().unwrap()).unwrap();
    let indices = [0, 1, 2, 3, 6, 7];
    let hashes = indices.into_iter().zip(hashes).map(|(index, hash)| IndexedBlobHash { index, hash }).collect();
    assert_eq!(pipeline.step(), Step::Need(Need::Blobs { block: l1_header(1).info(), hashes }));
    assert_eq!(world.derive(), 2);
    assert!(world.reasons.iter().any(|reason| matches!(reason, Reason::Blob(_))));
}

#[test]
fn refuses_blobs_that_were_not_asked_for() {
    let mut world = World::new(config(Fork::Holocene));
    let whole: Bytes = vec![0; 131_072].into();
    let hash = world.add_blob(whole.clone());
    world.push_transactions(vec![BATCHER.seal(blobs_to_inbox(vec![hash], Bytes::new()))]);
    let mut pipeline = world.pipeline();
    pipeline.step();
    assert_eq!(pipeline.provide_blobs(vec![whole.clone()]), Err(Mismatch::NotAsked));
    pipeline.provide_l1_block(world.l1_block(1).unwrap().unwrap()).unwrap();
    let need = pipeline.step();
    assert_eq!(pipeline.provide_blobs(vec![]), Err(Mismatch::BlobCount { expected: 1, given: 0 }));
    assert_eq!(pipeline.provide_blobs(vec![[&whole[..], &[0]].concat().into()]), Err(Mismatch::BlobSize));
    assert_eq!(pipeline.step(), need);
    pipeline.provide_blobs(vec![whole]).unwrap();
    assert_eq!(pipeline.step(), Step::Need(Need::L1Block { number: 2 }));
}

#[test]
fn refuses_an_l1_block_that_does_not_follow() {
    let mut world = World::new(config(Fork::Holocene));
    world.push_until(2);
    let mut pipeline = world.pipeline();
    let block = |number| L1Block { header: l1_header(number), transactions: vec![], receipts: None, senders: None };
    assert_eq!(pipeline.provide_l1_block(block(1)), Err(Mismatch::NotAsked));
    let need = pipeline.step();
    assert_eq!(pipeline.provide_l1_block(block(2)), Err(Mismatch::L1Number { expected: 1, given: 2 }));
    let mut reorganised = block(1);
    reorganised.header.parent_hash = l1_hash(7);
    assert_eq!(pipeline.provide_l1_block(reorganised), Err(Mismatch::L1Parent { number: 1 }));
    let mut with_logs = block(1);
    batcher_change(INBOX).logs.iter().for_each(|log| with_logs.header.logs_bloom.accrue_log(log));
    assert_eq!(pipeline.provide_l1_block(with_logs), Err(Mismatch::NoReceipts { number: 1 }));
    assert_eq!(pipeline.step(), need);
    assert_eq!(pipeline.origin(), l1_header(0).info());
}

#[test]
fn batcher_changes_with_the_block_of_its_log() {
    for (key, head) in [(BATCHER, 0), (Key(2), 3)] {
        let mut world = World::new(config(Fork::Granite));
        world.push_transactions(vec![key.seal(to_inbox(post_blocks(1, 1..=3)))]);
        world.receipts(vec![batcher_change(Key(2).address())]);
        assert_eq!(world.derive(), head);
    }
}

#[test]
fn failed_transactions_change_no_batcher() {
    let mut world = World::new(config(Fork::Granite));
    world.push(&[post_blocks(1, 1..=3)]);
    let mut failed = batcher_change(Key(2).address());
    failed.succeeded = false;
    world.receipts(vec![failed]);
    assert_eq!(world.derive(), 3);
}

#[test]
fn malformed_config_logs_are_ignored() {
    let mut world = World::new(config(Fork::Granite));
    world.push(&[post_blocks(1, 1..=3)]);
    let mut malformed = batcher_change(Key(2).address());
    malformed.logs[0].data =
        alloy_primitives::LogData::new_unchecked(malformed.logs[0].topics().to_vec(), Bytes::new());
    world.receipts(vec![malformed]);
    assert_eq!(world.derive(), 3);
    assert!(world.reasons.iter().any(|reason| matches!(reason, Reason::ConfigUpdate(_))));
}

#[test]
fn malformed_deposit_halts_when_its_epoch_begins() {
    let mut world = World::new(config(Fork::Granite));
    world.push(&[]);
    world.receipts(vec![deposit_log(Bytes::from_static(&[1, 2, 3]))]);
    world.push(&[post_blocks(1, 1..=6)]);
    let mut pipeline = world.pipeline();
    for number in 1..=5 {
        let attributes = next_attributes(&mut pipeline, &mut world).unwrap().unwrap();
        assert_eq!(attributes.number(), number);
        pipeline.accept(world.build(attributes));
    }
    let halted = next_attributes(&mut pipeline, &mut world);
    assert!(matches!(halted, Err(NextError::Halted(Halted::Deposit { number: 1, .. }))), "{halted:?}");
    assert_eq!(next_attributes(&mut pipeline, &mut world), halted);
}

// Frames and channels.

#[test]
fn holocene_takes_frames_in_order_only() {
    let whole = channel(&[1, 2, 3].map(|number| singular_item(&singular(number, 1))));
    let pieces = frames(1, &whole, 3);
    // Before Holocene any order will do. From Holocene on a first frame begins the channel anew, unless it is dropped
    // within its own datum because it does not follow the frame before it.
    for (order, one_datum, several) in [
        (&[0, 1, 2][..], 3, 3),
        (&[2, 1, 0], 0, 0),
        (&[0, 2, 1], 0, 0),
        (&[1, 0, 2], 0, 0),
        (&[0, 1, 1, 2], 3, 3),
        (&[0, 0, 1, 2], 3, 3),
        (&[0, 1, 0, 2], 3, 0),
        (&[0, 1, 0, 1, 2], 3, 3),
    ] {
        let chosen: Vec<Frame> = order.iter().map(|place| pieces[*place].clone()).collect();
        let data: Vec<Bytes> = chosen.iter().map(|frame| datum(core::slice::from_ref(frame))).collect();
        let blocks: Vec<&[Bytes]> = data.iter().map(core::slice::from_ref).collect();
        for (fork, one_datum, several) in [(Fork::Granite, 3, 3), (Fork::Holocene, one_datum, several)] {
            assert_eq!(derive(config(fork), &[&[datum(&chosen)]]).0, one_datum, "{fork:?} {order:?}, one datum");
            assert_eq!(derive(config(fork), &[&data]).0, several, "{fork:?} {order:?}, a datum each");
            assert_eq!(derive(config(fork), &blocks).0, several, "{fork:?} {order:?}, an L1 block each");
        }
    }
}

#[test]
fn garbage_between_frames_is_ignored() {
    let pieces = frames(1, &channel(&[singular_item(&singular(1, 1))]), 2);
    let [first, second] = [0, 1].map(|place: usize| datum(&pieces[place..=place]));
    let no_version = first.slice(1..);
    let truncated = second.slice(..second.len() - 1);
    let dirty: Bytes = [&second[..], &[1, 2, 3]].concat().into();
    for fork in [Fork::Granite, Fork::Holocene] {
        for garbage in
            [Bytes::from_static(b"garbage"), Bytes::new(), no_version.clone(), truncated.clone(), dirty.clone()]
        {
            let (head, world) = derive(config(fork), &[&[first.clone(), garbage, second.clone()]]);
            assert_eq!(head, 1);
            assert!(matches!(world.reasons[..], [Reason::Frames(_)]));
        }
    }
}

#[test]
fn channels_time_out() {
    let pieces = frames(1, &channel(&[singular_item(&singular(1, 1))]), 2);
    // The channel's first frame is in block 1.
    for (fork, timeout, last, head) in [
        (Fork::Ecotone, 60, 61, 1),
        (Fork::Ecotone, 60, 62, 0),
        (Fork::Granite, 60, 51, 1),
        (Fork::Granite, 60, 52, 0),
        (Fork::Holocene, 60, 51, 1),
        (Fork::Holocene, 60, 52, 0),
    ] {
        let mut config = config(fork);
        config.channel_timeout = timeout;
        let mut world = World::new(config);
        world.push(&[datum(&pieces[..1])]);
        world.push_until(last - 1);
        world.push(&[datum(&pieces[1..])]);
        assert_eq!(world.derive(), head, "{fork:?} {last}");
    }
}

#[test]
fn holocene_drops_oversized_channels() {
    let mut config = config(Fork::Holocene);
    config.forks.set(Fork::Fjord, None);
    let big = frames(1, &vec![0; 10_000_001].into(), 11);
    let small = frames(2, &channel(&[singular_item(&singular(1, 1))]), 1);
    let data: Vec<Bytes> = big.iter().chain(&small).map(|frame| datum(core::slice::from_ref(frame))).collect();
    let (head, world) = derive(config, &[&data]);
    assert_eq!(head, 1);
    assert_eq!(world.reasons, [Reason::TooLarge]);
}

#[test]
fn a_flawed_channel_costs_only_what_follows_the_flaw() {
    let good = [1, 2].map(|number| singular_item(&singular(number, 1)));
    let flawed = [good[0].clone(), Bytes::from_static(&[9, 9]), good[1].clone()];
    for fork in [Fork::Granite, Fork::Holocene] {
        let data = [post(1, &flawed), datum(&frames(2, &Bytes::from_static(b"?"), 1))];
        let (head, world) = derive(config(fork), &[&data]);
        assert_eq!(head, 1);
        assert!(matches!(world.reasons[..], [Reason::Batch(_), Reason::Channel(_)]), "{:?}", world.reasons);
    }
}

#[test]
fn brotli_counts_from_the_l1_block_that_begins_fjord_whatever_the_batches_times() {
    // An uncompressed block of brotli: the item as it is.
    let brotli = |item: &Bytes| {
        let mut stream = Vec::new();
        item.encode(&mut stream);
        let length = stream.len() as u32 - 1;
        // Version byte; window of 64 KiB; not last, 4 nibbles of length, uncompressed; data; the empty last block.
        let header = (length << 4) | 1 << 20;
        let mut channel = vec![1];
        channel.extend(&header.to_le_bytes()[..3]);
        channel.extend(stream);
        channel.push(3);
        Bytes::from(channel)
    };
    let item = singular_item(&singular(1, 1));
    for (posted, head) in [(1, 0), (2, 1)] {
        let mut config = config(Fork::Ecotone);
        config.forks.set(Fork::Fjord, Some(l1_header(2).timestamp));
        let mut world = World::new(config);
        world.push_until(posted - 1);
        world.push(&[datum(&frames(1, &brotli(&item), 1))]);
        assert_eq!(world.derive(), head, "posted in L1 block {posted}, for a block before Fjord");
    }
}

#[test]
fn holocene_begins_with_empty_hands() {
    let pieces = frames(1, &channel(&[singular_item(&singular(1, 1))]), 2);
    let waiting = post_blocks(2, [3]);
    let run = |resubmits: bool| {
        let mut config = config(Fork::Granite);
        config.forks.set(Fork::Holocene, Some(l1_header(2).timestamp));
        let mut world = World::new(config);
        world.push(&[datum(&pieces[..1]), waiting.clone()]);
        world.push(&[datum(&pieces[1..])]);
        if resubmits {
            world.push(&[post_blocks(3, 1..=14)]);
        }
        (world.derive(), world.reasons)
    };
    let (head, reasons) = run(false);
    assert_eq!(head, 0);
    assert_eq!(reasons, [Reason::Holocene, Reason::Holocene, Reason::FrameWithoutChannel]);
    assert_eq!(run(true).0, 14);
}

#[test]
fn holocene_begins_also_together_with_an_older_fork() {
    let mut config = config(Fork::Fjord);
    config.forks.set(Fork::Granite, Some(l1_header(1).timestamp));
    config.forks.set(Fork::Holocene, Some(l1_header(1).timestamp));
    assert_eq!(derive(config, &[&[post_blocks(1, [2, 1])]]).0, 0);
}

// Batches.

#[test]
fn holocene_takes_batches_in_order_only() {
    for (order, granite, holocene) in [
        (&[1, 2, 3][..], 3, 3),
        (&[1, 3, 2], 3, 1),
        (&[3, 2, 1], 3, 0),
        (&[1, 1, 2, 3], 3, 3),
        (&[1, 2, 1, 3], 3, 3),
        (&[2, 1, 2, 3], 3, 0),
    ] {
        assert_eq!(derive_order(Fork::Granite, order), granite, "{order:?}");
        assert_eq!(derive_order(Fork::Holocene, order), holocene, "{order:?}");
    }
}

#[test]
fn future_batches_wait_for_their_turn() {
    // The first block comes last; until then each search of the queue goes on where the one before it ended.
    let items: Vec<Bytes> = (2..3000).chain([1]).map(|number| singular_item(&singular(number, 1))).collect();
    let (head, world) = derive(config(Fork::Granite), &[&[post(1, &items)], &[]]);
    assert_eq!((head, world.batched()), (17, vec![1; 17]), "block 18 belongs to L1 block 3");
}

#[test]
fn an_invalid_batch_costs_its_channel_and_no_other() {
    let (head, world) = derive(config(Fork::Holocene), &[&[post_blocks(1, [1, 3, 2]), post_blocks(2, [2])]]);
    assert_eq!(head, 2);
    assert_eq!(world.reasons, [Reason::Future, Reason::Flushed]);
}

#[test]
fn a_span_is_safe_as_a_whole_before_holocene() {
    let mut span = Span::of(1..=3, 1);
    span.blocks[2].0 = true;
    span.last_origin = l1_id(1);
    let (head, world) = derive(config(Fork::Granite), &[&[post(1, &[span.item()])]]);
    assert_eq!((head, &world.reasons[..]), (0, &[Reason::OlderThanEpoch][..]));
    let (head, world) = derive(config(Fork::Holocene), &[&[post(1, &[span.item()])]]);
    assert_eq!((head, world.batched()), (2, vec![1, 1]));
    assert_eq!(world.reasons[0], Reason::OlderThanEpoch);
}

#[test]
fn spans_may_repeat_safe_blocks() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let data = [post(1, &[Span::of(1..=3, 1).item()]), post(2, &[Span::of(2..=8, 1).item()])];
        let (head, world) = derive(config(fork), &[&[], &data]);
        assert_eq!((head, world.reasons.len()), (8, 0));
        // Before Holocene a batch is judged when it arrives and again when it is its turn.
        let times = if fork == Fork::Granite { 2 } else { 1 };
        assert_eq!(world.l2_blocks_asked, vec![[1..=1, 2..=3]; times].concat());
        let contradicting = [data[0].clone(), post(2, &[Span::of(2..=8, 2).item()])];
        let (head, world) = derive(config(fork), &[&[], &contradicting]);
        assert_eq!((head, world.reasons[0].clone()), (3, Reason::Overlap));
    }
}

#[test]
fn a_span_waits_for_its_last_epoch_before_holocene() {
    for (fork, head) in [(Fork::Granite, 14), (Fork::Holocene, 0)] {
        // Block 12 begins epoch 2; the span is in block 1.
        let data = post(1, &[Span::of(1..=14, 1).item()]);
        assert_eq!(derive(config(fork), &[&[data], &[], &[]]).0, head);
    }
}

#[test]
fn silence_beyond_the_window_makes_empty_blocks() {
    for fork in [Fork::Bedrock, Fork::Granite, Fork::Holocene, Fork::Jovian] {
        let mut config = config(fork);
        config.seq_window_size = 3;
        let mut world = World::new(config);
        world.push_until(2);
        assert_eq!(world.derive(), 0);
        world.push_until(8);
        // The window of epoch 5 ends with block 8.
        assert_eq!(world.derive(), 35, "{fork:?}");
        assert_eq!(world.batched(), [0; 35]);
        for (number, block) in &world.chain {
            assert_eq!((block.info.l1_origin, block.info.sequence_number), (l1_id(number / 6), number % 6));
        }
    }
}

#[test]
fn batches_in_the_windows_last_block_count() {
    for fork in [Fork::Granite, Fork::Holocene] {
        for (inclusion, expected) in [(3, vec![1, 1, 1, 1, 1]), (4, vec![0, 0, 0, 0, 0])] {
            let mut config = config(fork);
            config.seq_window_size = 3;
            let mut world = World::new(config);
            world.push_until(inclusion - 1);
            world.push(&[post_blocks(1, 1..=5)]);
            world.derive();
            assert_eq!(world.batched()[..5], expected, "{fork:?} {inclusion}");
        }
    }
}

#[test]
fn derivation_recovers_after_an_expired_window() {
    // Block 6 ends the window of epoch 3, so L2 blocks up to 23 are empty. From Holocene on, a batch of block 24 that
    // is read before they are made is lost.
    for (fork, inclusion, head) in
        [(Fork::Granite, 6, 29), (Fork::Granite, 7, 29), (Fork::Holocene, 6, 23), (Fork::Holocene, 7, 29)]
    {
        let mut config = config(fork);
        config.seq_window_size = 3;
        let mut world = World::new(config);
        world.push_until(inclusion - 1);
        world.push(&[post_blocks(1, 24..=29)]);
        assert_eq!(world.derive(), head, "{fork:?} {inclusion}");
        assert_eq!(world.batched()[..23], [0; 23]);
        assert!(world.batched()[23..].iter().all(|count| *count == 1));
    }
}

#[test]
fn halts_on_a_batch_that_skips_an_epoch_whose_window_is_over() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut config = config(fork);
        config.seq_window_size = 4;
        let batch = |number, epoch| singular_item(&SingularBatch { epoch: l1_id(epoch), ..singular(number, 1) });
        // Thirty blocks of epoch 0, then silence. L1 block 4 ends the epoch, as block 31 may begin epoch 1 or 2.
        let mut world = World::new(config);
        world.push(&[post(1, &(1..=30).map(|number| batch(number, 0)).collect::<Vec<_>>())]);
        world.push_until(4);
        assert_eq!(world.derive(), 30);
        for (epoch, expected) in
            [(1, Ok(Some(31))), (2, Err(NextError::Halted(Halted::OriginMismatch { safe_head: 0, l1_block: 2 })))]
        {
            let mut world = world.clone();
            world.push(&[post(2, &[batch(31, epoch)])]);
            let mut pipeline = world.pipeline();
            for _ in 1..=30 {
                let attributes = next_attributes(&mut pipeline, &mut world).unwrap().unwrap();
                pipeline.accept(world.build(attributes));
            }
            let next = next_attributes(&mut pipeline, &mut world);
            assert_eq!(next.map(|attributes| attributes.map(|attributes| attributes.number())), expected, "{fork:?}");
        }
    }
}

#[test]
fn user_transactions_do_not_enter_the_first_jovian_block() {
    for (transactions, head) in [(1, 3), (0, 5)] {
        let mut config = config(Fork::Isthmus);
        config.forks.set(Fork::Jovian, Some(GENESIS_TIME + 8));
        let items = (1..=5).map(|number| singular_item(&singular(number, if number == 4 { transactions } else { 1 })));
        let (derived, world) = derive(config, &[&[post(1, &items.collect::<Vec<_>>())]]);
        assert_eq!(derived, head);
        if head == 5 {
            assert_eq!(world.chain[&4].attributes.transactions.len(), 6, "L1 info and five upgrades");
        }
    }
}

#[test]
fn spans_may_not_bring_transactions_into_the_first_jovian_block_either() {
    for (transactions, head) in [(1, 3), (0, 5)] {
        let mut config = config(Fork::Isthmus);
        config.forks.set(Fork::Jovian, Some(GENESIS_TIME + 8));
        let mut span = Span::of(1..=5, 1);
        span.blocks[3].1.truncate(transactions);
        let (derived, world) = derive(config, &[&[post(1, &[span.item()])]]);
        assert_eq!(derived, head);
        assert_eq!(world.reasons.first(), (head == 3).then_some(&Reason::NotEmptyAtActivation));
    }
}

// Start, end, verdicts on blocks.

#[test]
fn the_walk_back_reaches_a_channel_time_out_before_the_head() {
    // L2 block 600 belongs to L1 block 100.
    for (fork, genesis_l1, genesis_l2, expected) in
        [(Fork::Fjord, 0, 0, 90), (Fork::Granite, 0, 0, 50), (Fork::Fjord, 95, 0, 95), (Fork::Fjord, 0, 590, 98)]
    {
        let mut config = config(fork);
        (config.genesis.l1.number, config.genesis.l2.number) = (genesis_l1, genesis_l2);
        let steps = |number| steps_back(&config, &l2_block(600), &l2_block(number), 0);
        let (mut number, mut leaping) = (600, 600);
        while steps(number) > 0 {
            number -= 1;
        }
        assert_eq!(l2_block(number).l1_origin.number, expected, "{fork:?} {genesis_l1} {genesis_l2}");
        while steps(leaping) > 0 {
            leaping -= steps(leaping);
        }
        assert_eq!(leaping, number, "whole steps lead to the same block as single ones");
    }
}

#[test]
fn the_walk_back_stops_where_the_time_out_was_shorter() {
    // Before Granite, which L1 block 80 began, ten blocks; fifty since.
    let mut config = config(Fork::Fjord);
    config.forks.set(Fork::Granite, Some(l1_header(80).timestamp));
    let mut number = 600;
    loop {
        let l2 = l2_block(number);
        match steps_back(&config, &l2_block(600), &l2, l1_header(l2.l1_origin.number).timestamp) {
            0 => break,
            steps => number -= steps,
        }
    }
    assert_eq!(number, 479, "the last block of epoch 79");
}

#[test]
fn end_of_l1_is_no_attributes() {
    let mut world = World::new(config(Fork::Jovian));
    let mut pipeline = world.pipeline();
    assert_eq!(next_attributes(&mut pipeline, &mut world), Ok(None));
    assert_eq!(next_attributes(&mut pipeline, &mut world), Ok(None));
    assert_eq!(pipeline.safe_head().info, l2_block(0));
}

#[test]
fn looks_back_for_channels_that_began_before_the_safe_head() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let pieces = frames(1, &channel(&(25..=30).map(|n| singular_item(&singular(n, 1))).collect::<Vec<_>>()), 2);
        let mut world = World::new(config(fork));
        world.push(&[post_blocks(9, 1..=3)]);
        world.push(&[datum(&pieces[..1])]);
        world.push_until(5);
        world.push(&[datum(&pieces[1..])]);
        let mut world = world.starting_at(24, 0);
        assert_eq!(world.derive(), 30, "{fork:?}");
        assert_eq!(world.reasons, [Reason::BehindSafeHead]);
        assert_eq!(world.starting_at(24, 3).derive(), 24, "its first frame was not read");
    }
}

#[test]
fn holocene_replaces_an_invalid_block_by_deposits_only() {
    let mut world = World::new(config(Fork::Holocene)).rejecting(&[2]);
    world.push(&[post_blocks(1, 1..=4), post_blocks(2, 3..=3)]);
    // The rest of the channel refers to a chain that isn't; here blocks are named by number, so another channel fits.
    assert_eq!(world.derive(), 3);
    assert_eq!(world.batched(), [1, 0, 1]);
    assert_eq!(world.reasons, [Reason::Rejected, Reason::Flushed]);
}

#[test]
fn deposits_only_keeps_users_deposits_and_upgrades() {
    let mut config = config(Fork::Holocene);
    config.forks.set(Fork::Isthmus, Some(l2_block(6).block.timestamp));
    let mut world = World::new(config).rejecting(&[6]);
    world.push(&[post_blocks(1, 1..=6)]);
    // Where the opaque data is, how long it is, and it: 73 zeros.
    let mut data = vec![0; 32 + 32 + 96];
    (data[31], data[63]) = (32, 73);
    world.receipts(vec![deposit_log(data.into())]);
    assert_eq!(world.derive(), 6);
    assert_eq!(world.batched(), [1, 1, 1, 1, 1, 0]);
    let transactions = &world.chain[&6].attributes.transactions;
    assert_eq!(transactions.len(), 10, "L1 info, the user's, eight upgrades");
    assert!(transactions.iter().all(|transaction| transaction[0] == 0x7e));
}

#[test]
fn an_invalid_block_of_a_span_costs_the_rest_of_it() {
    let span = [post(1, &[Span::of(1..=4, 1).item()])];
    let mut world = World::new(config(Fork::Holocene)).rejecting(&[2]);
    world.push(&span);
    assert_eq!((world.derive(), world.batched()), (2, vec![1, 0]));
    // Before Holocene the blocks before it go too.
    let mut world = World::new(config(Fork::Granite)).rejecting(&[2]);
    world.push(&span);
    assert_eq!(world.derive(), 0);
    world.push(&span);
    let mut world = world.rejecting(&[2]);
    assert_eq!(world.derive(), 4, "posted again, it is valid the second time");
}

#[test]
fn before_holocene_an_invalid_block_is_dropped_and_may_come_again() {
    let mut world = World::new(config(Fork::Granite)).rejecting(&[2]);
    world.push(&[post_blocks(1, 1..=3)]);
    assert_eq!((world.derive(), world.batched()), (1, vec![1]));
    let mut world = World::new(config(Fork::Granite)).rejecting(&[2]);
    world.push(&[post_blocks(1, 1..=3), post_blocks(2, [2])]);
    assert_eq!((world.derive(), world.batched()), (3, vec![1, 1, 1]));
}

#[test]
fn the_fallback_follows_the_l1_blocks_time() {
    // Holocene is active for L2 block 3 already, but not for L1 block 1 that holds its batch.
    let mut config = config(Fork::Granite);
    config.forks.set(Fork::Holocene, Some(l1_header(1).timestamp + 1));
    let mut world = World::new(config.clone());
    world.push(&[post_blocks(1, 1..=3)]);
    let mut pipeline = world.pipeline();
    assert!(next_attributes(&mut pipeline, &mut world).unwrap().is_some());
    assert_eq!(pipeline.reject(), None);
    config.forks.set(Fork::Holocene, Some(l1_header(1).timestamp));
    world.config = config;
    let mut pipeline = world.pipeline();
    let attributes = next_attributes(&mut pipeline, &mut world).unwrap().unwrap();
    assert_eq!(attributes.eip1559_params, None, "the L2 block is older than Holocene");
    assert_eq!(pipeline.reject(), Some(attributes.deposits_only()));
}

#[test]
fn rejected_deposits_are_the_end() {
    let mut world = World::new(config(Fork::Holocene));
    world.push(&[post_blocks(1, 1..=3)]);
    let mut pipeline = world.pipeline();
    next_attributes(&mut pipeline, &mut world).unwrap();
    let deposits_only = pipeline.reject().unwrap();
    assert_eq!(pipeline.step(), Step::Attributes(deposits_only.into()));
    assert_eq!(pipeline.reject(), None);
    assert_eq!(pipeline.step(), Step::Halted(Halted::DepositsOnlyRejected { number: 1 }));
    pipeline.accept(SafeHead { info: l2_block(1), system_config: world.config.genesis.system_config });
    assert_eq!(pipeline.step(), Step::Halted(Halted::DepositsOnlyRejected { number: 1 }));
}

#[test]
fn halts_on_a_safe_head_of_another_l1_chain() {
    let mut world = World::new(config(Fork::Holocene)).starting_at(6, 0);
    world.push_until(3);
    let mut pipeline: Pipeline = world.pipeline();
    let mut foreign = world.l1_block(1).unwrap().unwrap();
    foreign.header.hash = l1_hash(77);
    pipeline.step();
    pipeline.provide_l1_block(foreign).unwrap();
    pipeline.step();
    let mut next = world.l1_block(2).unwrap().unwrap();
    next.header.parent_hash = l1_hash(77);
    pipeline.provide_l1_block(next).unwrap();
    assert_eq!(pipeline.step(), Step::Halted(Halted::OriginMismatch { safe_head: 1, l1_block: 1 }));
}

#[test]
fn events_are_bounded() {
    let mut world = World::new(config(Fork::Holocene));
    world.push_transactions(vec![BATCHER.seal(to_inbox(Bytes::from_static(b"?"))); 1030]);
    world.derive();
    assert_eq!(world.reasons.len(), 1025);
    assert_eq!(world.reasons[0], Reason::Lost(6));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing in an L1 block that looks like a transaction stops the pipeline.
    #[test]
    fn survives_mutated_transactions(
        kind in 0..4usize,
        place in any::<prop::sample::Index>(),
        length in any::<prop::sample::Index>(),
        mask in any::<u8>(),
    ) {
        let input = post_blocks(1, 1..=2);
        let hashes = vec![keccak256("blob"), keccak256("other")];
        let transaction = match kind {
            0 => BATCHER.seal(to_inbox(input)),
            1 => BATCHER.seal(TxEip1559 { chain_id: 900, to: TxKind::Call(INBOX), input, ..Default::default() }),
            2 => BATCHER.seal(blobs_to_inbox(hashes, Bytes::new())),
            _ => [&[0x7E, 0xC4, 0x80, 0x80, 0x80, 0x80][..], &input].concat().into(),
        };
        let mut mutated = transaction.to_vec();
        let place = place.index(mutated.len());
        mutated[place] ^= mask;
        if mask == 0 {
            mutated.truncate(length.index(mutated.len()));
        }
        let mut world = World::new(config(Fork::Jovian));
        world.push_transactions(vec![mutated.into(), BATCHER.seal(to_inbox(post_blocks(1, 1..=3)))]);
        let mut pipeline = world.pipeline();
        pipeline.step();
        pipeline.provide_l1_block(world.l1_block(1).unwrap().unwrap()).unwrap();
        if let Step::Need(Need::Blobs { hashes, .. }) = pipeline.step() {
            pipeline.provide_blobs(vec![vec![0; 131_072].into(); hashes.len()]).unwrap();
        }
        let derived = next_attributes(&mut pipeline, &mut world).unwrap();
        prop_assert_eq!(derived.map(|attributes| attributes.number()), Some(1));
    }

    /// Nothing that a batcher posts stops the pipeline, and what it derives is a chain.
    #[test]
    fn survives_mutated_data(
        fork in 0..4usize,
        frames_of_channel in 1..4usize,
        changes in prop::collection::vec((0..6usize, any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let fork = [Fork::Bedrock, Fork::Delta, Fork::Granite, Fork::Jovian][fork];
        let spans = post(1, &[Span::of(1..=4, 2).item(), Span::of(3..=7, 2).item()]);
        let plain = channel(&(8..=11).map(|number| singular_item(&singular(number, 1))).collect::<Vec<_>>());
        let raw = frames(2, &plain, frames_of_channel);
        let mut data = vec![spans, datum(&raw), Bytes::new()];
        for (kind, place, byte) in changes {
            let at = place.index(data.len());
            let mut changed = data[at].to_vec();
            match kind {
                0 if !changed.is_empty() => { let i = place.index(changed.len()); changed[i] ^= byte; }
                1 => changed.truncate(byte.into()),
                2 => data.push(changed.clone().into()),
                3 => data.swap(at, 0),
                4 => changed.push(byte),
                _ => changed.extend(post_blocks(byte, [u64::from(byte % 14)])),
            }
            data[at] = changed.into();
        }
        let mut config = config(fork);
        config.seq_window_size = 4;
        let mut world = World::new(config);
        data.chunks(2).for_each(|chunk| world.push(chunk));
        world.push_until(10);
        let head = world.derive();
        prop_assert!(head >= 41, "the window of epoch 6 is over");
        prop_assert!(world.chain.keys().copied().eq(1..=head));
        for (number, block) in &world.chain {
            prop_assert_eq!(block.info.block.timestamp, GENESIS_TIME + number * 2);
            prop_assert!(l1_header(block.info.l1_origin.number).timestamp <= block.info.block.timestamp);
        }
    }
}
