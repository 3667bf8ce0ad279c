//! How much memory the pipeline takes for what a batcher posts, beside the L1 block itself. Alone in its file because it
//! replaces the allocator.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_rlp::Encodable;
use kohala_derive::{Batcher, Event, L1Block, Need, Pipeline, Reason, SafeHead, Start, Step};
use kohala_protocol::{
    BlobParams, BlockId, BlockInfo, Deposit, Fork, ForkTimes, L1ChainConfig, L1Header, L2BlockInfo, RollupConfig,
    SystemConfig,
};
use peak_alloc::PeakAlloc;
use std::{fs, sync::Arc};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const INBOX: Address = Address::repeat_byte(0xff);
const BATCHER: Address = Address::repeat_byte(0xba);
const GENESIS_TIME: u64 = 1000;

fn hash(number: u64) -> B256 {
    B256::with_last_byte(number as u8 + 1)
}

fn l1_header(number: u64) -> L1Header {
    let parent_hash = number.checked_sub(1).map_or(B256::ZERO, hash);
    L1Header { hash: hash(number), parent_hash, number, timestamp: GENESIS_TIME + 12 * number, ..Default::default() }
}

/// A pipeline at genesis with every fork up to `fork` active.
fn pipeline(fork: Fork) -> Pipeline {
    let json = fs::read(kohala_testdata::path("chains/main/rollup.json")).unwrap();
    let mut config = RollupConfig::from_json(&json).unwrap();
    config.forks = ForkTimes::default();
    Fork::ALL.into_iter().skip(1).filter(|each| *each <= fork).for_each(|each| config.forks.set(each, Some(0)));
    let genesis = BlockId { number: 0, hash: hash(0) };
    let system_config = SystemConfig { batcher: BATCHER, gas_limit: 30_000_000, ..Default::default() };
    config.genesis.l1 = genesis;
    config.genesis.l2 = genesis;
    config.genesis.l2_time = GENESIS_TIME;
    config.genesis.system_config = system_config;
    config.block_time = 2;
    config.batch_inbox_address = INBOX;
    config.channel_timeout = 300;
    let block = BlockInfo { number: 0, hash: hash(0), parent_hash: B256::ZERO, timestamp: GENESIS_TIME };
    let start = Start {
        safe_head: SafeHead { info: L2BlockInfo { block, l1_origin: genesis, sequence_number: 0 }, system_config },
        origin: L1Block { header: l1_header(0), transactions: Vec::new(), receipts: None, senders: None },
        batcher: Batcher(BATCHER),
    };
    let l1 = L1ChainConfig {
        chain_id: config.l1_chain_id,
        blob_schedule: vec![(0, BlobParams { target: 6, max: 9, update_fraction: 5_007_716 })],
    };
    let mut pipeline = Pipeline::new(Arc::new(config), Arc::new(l1), start);
    assert_eq!(pipeline.step(), Step::Need(Need::L1Block { number: 1 }));
    pipeline
}

/// A transaction to the inbox as an L1 has them that is a rollup itself: nobody signs it.
fn carrier(datum: Vec<u8>) -> Bytes {
    let (mint, value) = Default::default();
    let to = TxKind::Call(INBOX);
    Deposit { source_hash: B256::ZERO, from: BATCHER, to, mint, value, gas: 0, is_system: false, data: datum.into() }
        .encode()
}

/// A frame as it is posted.
fn frame(id: u64, number: u16, data: &[u8], is_last: bool) -> Vec<u8> {
    let mut id = U256::from(id).to_be_bytes::<32>()[16..].to_vec();
    id.extend(number.to_be_bytes());
    id.extend((data.len() as u32).to_be_bytes());
    id.extend(data);
    id.push(is_last.into());
    id
}

/// Channels in data of many frames, a frame each time with this channel, number and closing flag, and without content.
fn empty_frames(frames: impl Iterator<Item = (u64, u16, bool)>) -> Vec<Bytes> {
    let frames: Vec<_> = frames.map(|(id, number, is_last)| frame(id, number, &[], is_last)).collect();
    frames.chunks(5000).map(|frames| carrier([&[0][..], &frames.concat()].concat())).collect()
}

/// One channel of these items, in frames as long as they may be.
fn channel(items: &[u8]) -> Bytes {
    let channel = miniz_oxide::deflate::compress_to_vec_zlib(items, 6);
    let pieces: Vec<_> = channel.chunks(1_000_000).collect();
    let is_last = |number: usize| number + 1 == pieces.len();
    let frames = pieces.iter().enumerate().map(|(number, piece)| frame(1, number as u16, piece, is_last(number)));
    carrier([&[0][..], &frames.collect::<Vec<_>>().concat()].concat())
}

/// The item of a singular batch for the block after genesis or for a later one.
fn singular(timestamp: u64, transactions: &[u8]) -> Vec<u8> {
    let mut fields = Vec::new();
    hash(0).encode(&mut fields);
    0u64.encode(&mut fields);
    hash(0).encode(&mut fields);
    timestamp.encode(&mut fields);
    alloy_rlp::Header { list: true, payload_length: transactions.len() }.encode(&mut fields);
    fields.extend(transactions);
    let mut item = vec![0];
    alloy_rlp::Header { list: true, payload_length: fields.len() }.encode(&mut item);
    item.extend(fields);
    item
}

/// Derives with this L1 block as far as it goes: what comes, why something was dropped, and how many bytes were
/// allocated at most.
fn derive(fork: Fork, transactions: Vec<Bytes>) -> (Step, Vec<Reason>, usize) {
    let mut pipeline = pipeline(fork);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    pipeline.provide_l1_block(L1Block { header: l1_header(1), transactions, receipts: None, senders: None }).unwrap();
    let step = pipeline.step();
    let peak = MEMORY.peak_usage() - before;
    (step, pipeline.events().map(|event: Event| event.reason).collect(), peak)
}

const MORE: Step = Step::Need(Need::L1Block { number: 2 });

/// One test: the tests of a file run side by side, and would count each other's memory.
#[test]
fn memory_follows_what_arrives() {
    transactions_of_a_byte();
    bank_at_its_limit();
    frames_that_are_slices();
    batches_of_later_blocks();
    ten_million_blocks();
}

/// They are the batch, which is there twice while it grows.
fn transactions_of_a_byte() {
    let size = 99_000_000;
    let transactions = channel(&alloy_rlp::encode(&singular(GENESIS_TIME + 2, &vec![1; size])[..]));
    for fork in [Fork::Fjord, Fork::Jovian] {
        let (step, reasons, peak) = derive(fork, vec![transactions.clone()]);
        assert!(matches!(step, Step::Attributes(_)), "{reasons:?}");
        assert!(peak < 2 * size, "{fork:?}: {peak}");
    }
}

/// The bank's memory is within its limit (F11), whatever channels are in it: a frame counts 200 bytes.
fn bank_at_its_limit() {
    const LIMIT: usize = 100_000_000;
    let most = LIMIT as u64 / 200;
    let lonely = empty_frames((0..most + 2000).map(|number| (number, 0, false)));
    let (step, reasons, peak) = derive(Fork::Canyon, lonely);
    assert_eq!(step, MORE);
    assert_eq!(reasons.iter().filter(|reason| **reason == Reason::Pruned).count(), 1024, "and no more are told");
    assert!(peak < LIMIT, "channels of one frame: {peak}");

    // From the last one to the first, so that none is ready before its last frame.
    let full = empty_frames((0..most).map(|number| (number >> 16, 0xffff - number as u16, number % 0x1_0000 == 0)));
    let (step, _, peak) = derive(Fork::Canyon, full);
    assert_eq!(step, MORE);
    assert!(peak < LIMIT, "channels of 65,536 frames: {peak}");
}

/// A frame takes a place in a list and no more: its data stays in the L1 block, until there is too much of it (F10).
fn frames_that_are_slices() {
    let frames = empty_frames((0..=u16::MAX).map(|number| (1, number, number == u16::MAX)));
    let (step, reasons, peak) = derive(Fork::Jovian, frames);
    assert_eq!(step, MORE);
    assert!(matches!(reasons[..], [Reason::Channel(_)]), "{reasons:?}");
    assert!(peak < 10_000_000, "65,536 empty frames: {peak}");

    let megabyte = vec![7; 1_000_000];
    let frames = (0..100).map(|number| carrier([&[0][..], &frame(1, number, &megabyte, false)].concat()));
    let (step, reasons, peak) = derive(Fork::Jovian, frames.collect());
    assert_eq!(step, MORE);
    assert_eq!(reasons, [Reason::TooLarge]);
    assert!(peak < 1_000_000, "a channel beyond the limit: {peak}");
}

/// Before Holocene they wait, each a value of its own, in a queue that doubles.
fn batches_of_later_blocks() {
    for transactions in [&[][..], &[1]] {
        let item = alloy_rlp::encode(&singular(GENESIS_TIME + 4, transactions)[..]);
        let items = item.repeat(9_900_000 / item.len());
        let (step, _, peak) = derive(Fork::Canyon, vec![channel(&items)]);
        assert_eq!(step, MORE);
        assert!(peak < 6 * items.len(), "{} bytes of batches: {peak}", items.len());
    }
}

/// 8 bytes a block, beside the item.
fn ten_million_blocks() {
    let count: u32 = 10_000_000;
    let mut span = vec![1, 2, 0];
    span.extend([&hash(0)[..20], &hash(0)[..20]].concat());
    span.extend([0x80, 0xad, 0xe2, 4]);
    span.resize(span.len() + count as usize / 8 * 9, 0);
    let blocks = channel(&alloy_rlp::encode(&span[..]));
    for fork in [Fork::Fjord, Fork::Jovian] {
        let (step, reasons, peak) = derive(fork, vec![blocks.clone()]);
        // Each block is judged before Holocene, and only the next one from then on.
        match fork {
            Fork::Jovian => assert!(matches!(step, Step::Attributes(_)), "{reasons:?}"),
            _ => assert_eq!((step, reasons), (MORE, vec![Reason::SequencerDrift])),
        }
        assert!(peak < 2 * span.len() + 8 * count as usize, "{fork:?}: {peak}");
    }
}
