//! How often what a batcher posts makes us allocate while it is read. Alone in its file because it replaces the
//! allocator.

mod bombs;

use alloy_consensus::{Transaction, TxEnvelope};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::Bytes;
use alloy_rlp::Encodable;
use kohala_protocol::{Batch, ChannelId, ChannelReader, Frame, SpanContext, decode_blob, parse_frames};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, collections::BTreeMap};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The frames' data of every whole channel of a recorded chain.
fn recorded(name: &str) -> Vec<Vec<Bytes>> {
    let chain = kohala_testdata::chain(name);
    let transactions = chain.l1.iter().flat_map(|block| &block.transactions);
    let calldata = transactions.filter_map(|bytes| Some(TxEnvelope::decode_2718_exact(bytes).ok()?.input().clone()));
    let blobs = chain.blobs.values().filter_map(|blob| decode_blob(&blob.data).ok());
    let mut channels: BTreeMap<ChannelId, BTreeMap<u16, Frame>> = BTreeMap::new();
    for frame in calldata.chain(blobs).flat_map(|datum| parse_frames(&datum).unwrap_or_default()) {
        channels.entry(frame.id).or_default().insert(frame.number, frame);
    }
    let is_whole = |frames: &BTreeMap<u16, Frame>| {
        frames.last_key_value().is_some_and(|(number, last)| last.is_last && frames.len() > usize::from(*number))
    };
    let data = |frames: BTreeMap<u16, Frame>| frames.into_values().map(|frame| frame.data).collect();
    channels.into_values().filter(is_whole).map(data).collect()
}

/// Reads a channel down to its transactions; its items, and how many transactions had to be put together.
fn walk(channel: Vec<Bytes>) -> (Vec<Bytes>, usize) {
    let context = SpanContext { genesis_time: 0, block_time: 2, chain_id: 10 };
    let mut reader = ChannelReader::new(channel, 100_000_000, true).unwrap();
    let (mut items, mut assembled) = (Vec::new(), 0);
    while let Some(item) = reader.next_item() {
        let item = item.unwrap();
        match Batch::decode(item.clone(), &context).unwrap() {
            Batch::Singular(batch) => assert!(batch.transactions.slices().all(|bytes| !bytes.is_empty())),
            Batch::Span(span) => {
                assembled += (0..span.len())
                    .flat_map(|block| span.transactions(block))
                    .filter(|bytes| !bytes.is_empty())
                    .count();
            }
        }
        items.push(item);
    }
    (items, assembled)
}

/// The allocations of one run, and their bytes in all.
fn counted<T>(run: impl FnOnce() -> T) -> (usize, usize, T) {
    let region = Region::new(ALLOCATOR);
    let result = run();
    let stats = region.change();
    let bytes = stats.bytes_allocated + usize::try_from(stats.bytes_reallocated).unwrap_or(0);
    (stats.allocations + stats.reallocations, bytes, result)
}

/// One test: the tests of a file run side by side, and would count each other's allocations.
#[test]
fn allocations_follow_what_arrives() {
    for bombs::Bomb { name, held, values, read } in bombs::bombs() {
        let (count, bytes, ()) = counted(&read);
        // A value is allocated once; what grows doubles, and a decoder has its tables.
        assert!(count <= values + 100, "{name}: {count} allocations for {values} values");
        assert!(bytes <= 3 * held + 64 * values + 200_000, "{name}: {bytes} bytes in all");
    }

    let mut singular_items = Vec::new();
    for channel in kohala_testdata::CHAINS.into_iter().flat_map(recorded) {
        let size = channel.iter().map(|frame| frame.len()).sum::<usize>();
        let (count, bytes, (items, assembled)) = counted(|| walk(channel));
        assert!(count <= 20 + 5 * items.len() + 2 * assembled, "a recorded channel: {count} allocations");
        assert!(size > 3000 || bytes < 100_000, "a recorded channel of {size} bytes: {bytes} bytes");
        singular_items.extend(items.into_iter().filter(|item| item[0] == 0));
    }

    // As many as in the channel for which another implementation allocates 21,822 times.
    let items: Vec<Bytes> = singular_items.into_iter().cycle().take(143).collect();
    let mut stream = Vec::new();
    items.iter().for_each(|item| item.encode(&mut stream));
    let channel = miniz_oxide::deflate::compress_to_vec_zlib(&stream, 6).into();
    let (count, _, (items, _)) = counted(|| walk(vec![channel]));
    assert_eq!(items.len(), 143);
    assert!(count < 800, "143 batches: {count} allocations");
}
