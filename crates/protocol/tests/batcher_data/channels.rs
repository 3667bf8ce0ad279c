use alloy_primitives::{Bytes, hex, keccak256};
use kohala_protocol::{Batch, BatchError, ChannelError, ChannelReader, SpanContext};
use proptest::prelude::*;
use std::fmt::Write;

const CASES: &str = include_str!("../../../../testdata/protocol/channels.txt");
const CONTEXT: SpanContext = SpanContext { genesis_time: 1000, block_time: 2, chain_id: 901 };

struct Case {
    name: &'static str,
    limit: u64,
    channel: Bytes,
    outcome: String,
}

fn cases() -> Vec<Case> {
    let text = CASES.split_once("\n\n").unwrap().1;
    let case = |text: &'static str| {
        let mut lines = text.lines();
        let name = lines.next().unwrap();
        let (limit, channel) = lines.next().unwrap().split_once(' ').unwrap();
        let channel = hex::decode(channel).unwrap().into();
        Case { name, limit: limit.parse().unwrap(), channel, outcome: lines.map(|line| format!("{line}\n")).collect() }
    };
    text.split("\n\n").map(case).collect()
}

fn transactions(transactions: impl Iterator<Item = Bytes>) -> String {
    let hashes: Vec<_> = transactions.map(keccak256).collect();
    format!("{} {}", hashes.len(), hex::encode(&keccak256(hashes.concat())[..8]))
}

/// Reads the channel to its end and writes down what it holds, as in the file of cases.
fn read(frames: Vec<Bytes>, limit: u64) -> String {
    let mut out = String::new();
    let Ok(mut reader) = ChannelReader::new(frames, limit, true) else { return out };
    while let Some(Ok(item)) = reader.next_item() {
        match Batch::decode(item, &CONTEXT) {
            Ok(Batch::Singular(batch)) => {
                let (parent, epoch) = (hex::encode(batch.parent_hash), hex::encode(batch.epoch.hash));
                let transactions = transactions(batch.transactions.slices());
                let (number, timestamp) = (batch.epoch.number, batch.timestamp);
                writeln!(out, "  singular {parent} {number} {epoch} {timestamp} {transactions}").unwrap();
            }
            Ok(Batch::Span(batch)) => {
                let (parent, origin) = (hex::encode(batch.parent_check()), hex::encode(batch.l1_origin_check()));
                write!(out, "  span {parent} {origin}").unwrap();
                for block in 0..batch.len() {
                    let (origin, timestamp) = (batch.origin_number(block), batch.timestamp(block));
                    write!(out, " {origin} {timestamp} {}", transactions(batch.transactions(block))).unwrap();
                }
                out.push('\n');
            }
            Err(BatchError::Underivable { .. }) => out.push_str("  skipped\n"),
            Err(BatchError::Undecodable(_)) => break,
        }
    }
    out
}

fn open(channel: &[u8], is_fjord: bool) -> Result<ChannelReader, ChannelError> {
    ChannelReader::new(vec![Bytes::copy_from_slice(channel)], 1000, is_fjord)
}

#[test]
fn a_channel_yields_what_op_node_reads() {
    for case in cases() {
        assert_eq!(read(vec![case.channel], case.limit), case.outcome, "{}", case.name);
    }
}

#[test]
fn how_a_channel_is_cut_into_frames_makes_no_difference() {
    for case in cases() {
        for size in [1, 7, 100] {
            let mut frames: Vec<_> = case.channel.chunks(size).map(Bytes::copy_from_slice).collect();
            frames.insert(frames.len() / 2, Bytes::new());
            assert_eq!(read(frames, case.limit), case.outcome, "{} in frames of {size}", case.name);
        }
    }
}

#[test]
fn drops_an_empty_channel() {
    assert_eq!(ChannelReader::new(vec![], 1000, true).err(), Some(ChannelError::Empty));
    assert_eq!(ChannelReader::new(vec![Bytes::new()], 1000, true).err(), Some(ChannelError::Empty));
}

#[test]
fn drops_a_channel_of_unknown_compression() {
    for version in (0..=255).filter(|version| !matches!(version & 15, 8 | 15) && *version != 1) {
        assert_eq!(open(&[version, 0, 0], true).err(), Some(ChannelError::Compression(version)));
    }
}

#[test]
fn brotli_needs_fjord() {
    assert_eq!(open(&[1, 6], false).err(), Some(ChannelError::BrotliBeforeFjord));
    assert!(open(&[1, 6], true).unwrap().next_item().is_none());
}

#[test]
fn there_is_nothing_after_a_flaw() {
    let case = cases().into_iter().find(|case| case.name == "items: a list").unwrap();
    let mut reader = ChannelReader::new(vec![case.channel], case.limit, true).unwrap();
    assert!(reader.next_item().unwrap().is_ok());
    assert_eq!(reader.next_item(), Some(Err(ChannelError::UnexpectedList)));
    assert_eq!(reader.next_item(), None);
}

/// A channel of one zlib stream with nothing compressed.
fn stored(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 0)
}

/// The items of a whole case's channel.
fn items(name: &str) -> Vec<Bytes> {
    let case = cases().into_iter().find(|case| case.name == name).unwrap();
    let mut reader = ChannelReader::new(vec![case.channel], case.limit, true).unwrap();
    std::iter::from_fn(|| reader.next_item()).map(Result::unwrap).collect()
}

/// Bytes that compress to copies of every distance, between bytes that don't compress.
fn compressible(parts: &[(u8, usize, usize)]) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    for (seed, length, distance) in parts {
        let from = bytes.len().checked_sub(*distance);
        for index in 0..*length {
            let noise = (index * index * 31 + usize::from(*seed) * 7) as u8 ^ *seed;
            bytes.push(from.map_or(noise, |from| bytes[from + index]));
        }
    }
    bytes
}

/// What a channel yields, to the byte and the flaw.
fn yielded(frames: Vec<Bytes>) -> Vec<Result<Bytes, ChannelError>> {
    let reader = ChannelReader::new(frames, 10_000_000, true);
    reader.map_or_else(|error| vec![Err(error)], |mut reader| std::iter::from_fn(|| reader.next_item()).collect())
}

/// Copies of every alignment end at the window's end or cross it, and the stream ends there, goes on, or is flawed: the
/// window is handed out before the next symbol is read.
#[test]
fn copies_may_end_where_the_window_does() {
    const WINDOW: usize = 32 * 1024;
    // An item by its length with its header: bytes that nothing repeats, zeros to the window's end, noise after it.
    let item = |noise: usize, length: usize| {
        let header = if length > 0xffff { 4 } else { 3 };
        let mut item: Vec<u8> = (0..noise).map(|index| ((index * 193) >> 3) as u8 | 1).collect();
        item.resize(WINDOW - header, 0);
        item.extend((WINDOW..length).map(|index| ((index * 193) >> 3) as u8));
        item
    };
    for noise in 0..260 {
        for (length, is_flawed) in [(WINDOW, true), (WINDOW, false), (WINDOW + 1, false), (2 * WINDOW + 100, false)] {
            let item = item(noise, length);
            let mut channel = miniz_oxide::deflate::compress_to_vec_zlib(&alloy_rlp::encode(&item[..]), 9);
            if is_flawed {
                *channel.last_mut().unwrap() ^= 1;
            }
            channel.extend([0; 20]);
            let whole = yielded(vec![channel.clone().into()]);
            assert_eq!(whole[0], Ok(item.into()), "{noise} bytes of noise, {length} in all");
            assert_eq!(whole, yielded(channel.chunks(3).map(Bytes::copy_from_slice).collect()), "{noise} {length}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// In frames of three bytes there is never enough input at hand to decode ahead, so that every symbol is read with
    /// care.
    #[test]
    fn decoding_ahead_yields_what_careful_decoding_yields(
        parts in prop::collection::vec((any::<u8>(), 1..3000usize, 1..40_000usize), 1..80),
        items in 1..40usize,
        change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cut in prop::option::of(any::<prop::sample::Index>()),
        level in 1..10u8,
    ) {
        let bytes = compressible(&parts);
        let mut stream = Vec::new();
        for item in bytes.chunks(bytes.len().div_ceil(items)) {
            alloy_rlp::Encodable::encode(item, &mut stream);
        }
        let mut channel = miniz_oxide::deflate::compress_to_vec_zlib(&stream, level);
        if let Some((position, value)) = change {
            *position.get_mut(&mut channel) = value;
        }
        if let Some(cut) = cut {
            channel.truncate(cut.index(channel.len()));
        }
        let whole = yielded(vec![channel.clone().into()]);
        prop_assert!(change.is_some() || cut.is_some() || whole.iter().all(Result::is_ok));
        prop_assert_eq!(whole, yielded(channel.chunks(3).map(Bytes::copy_from_slice).collect()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Changed channels and changed items: any outcome but a panic, and no more bytes than the limit.
    #[test]
    fn nothing_in_a_channel_panics(
        index in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
        limit in 0..2000u64,
    ) {
        let cases = cases();
        let mut channel = index.get(&cases).channel.to_vec();
        for (position, value) in changes {
            *position.get_mut(&mut channel) = value;
        }
        channel.truncate(channel.len() - length.index(channel.len()));
        read(vec![channel.clone().into()], 10_000_000);
        let Ok(mut reader) = ChannelReader::new(vec![channel.into()], limit, true) else { return Ok(()) };
        let items = std::iter::from_fn(|| reader.next_item());
        prop_assert!(items.flatten().map(|item| item.len() as u64).sum::<u64>() <= limit);
    }

    #[test]
    fn nothing_in_a_span_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
    ) {
        let mut span = items("span: every type of transaction")[0].to_vec();
        for (position, value) in changes {
            *position.get_mut(&mut span) = value;
        }
        span.truncate(span.len() - length.index(span.len()));
        if let Ok(Batch::Span(span)) = Batch::decode(span.into(), &CONTEXT) {
            for block in 0..span.len() {
                span.transactions(block).for_each(drop);
            }
        }
    }

    #[test]
    fn every_item_comes_back_whole(sizes in prop::collection::vec(0..9000usize, 1..8), level in 0..10u8) {
        let items: Vec<_> = sizes.iter().map(|size| (0..*size).map(|i| (i * i / 97) as u8).collect::<Vec<_>>()).collect();
        let mut stream = Vec::new();
        for item in &items {
            alloy_rlp::Encodable::encode(&item[..], &mut stream);
        }
        let channel = if level == 0 { stored(&stream) } else { miniz_oxide::deflate::compress_to_vec_zlib(&stream, level) };
        let mut reader = ChannelReader::new(vec![channel.into()], stream.len() as u64, true).unwrap();
        let read: Vec<_> = std::iter::from_fn(|| reader.next_item()).map(|item| item.unwrap().to_vec()).collect();
        prop_assert_eq!(read, items);
    }
}
