//! How much memory a channel takes while it is read. Alone in its file because it replaces the allocator.

use alloy_primitives::Bytes;
use kohala_protocol::{Batch, ChannelError, ChannelReader, SpanContext};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const LIMIT: u64 = 100_000_000;

/// Runs `read` and returns how many bytes it had allocated at most.
fn peak(read: impl FnOnce()) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    read();
    MEMORY.peak_usage() - before
}

/// The channel of a recorded case.
fn recorded(name: &str) -> Bytes {
    let cases = include_str!("../../../testdata/protocol/channels.txt");
    let (_, case) = cases.split_once(&format!("recorded: {name}\n")).unwrap();
    let (_, channel) = case.lines().next().unwrap().split_once(' ').unwrap();
    alloy_primitives::hex::decode(channel).unwrap().into()
}

/// One test: the tests of a file run side by side, and would count each other's memory.
#[test]
fn memory_follows_what_arrives() {
    let zlib = |bytes: &[u8]| Bytes::from(miniz_oxide::deflate::compress_to_vec_zlib(bytes, 9));
    let read = |channel: &Bytes, limit: u64| {
        let mut reader = ChannelReader::new(vec![channel.clone()], limit, true).unwrap();
        let mut last = None;
        while let Some(item) = reader.next_item() {
            last = Some(item);
        }
        last.unwrap()
    };

    // An item that declares 99 MB and has none.
    let declared = zlib(&[0xbb, 5, 0xe6, 0x9e, 0xc0]);
    let used = peak(|| assert_eq!(read(&declared, LIMIT), Err(ChannelError::Truncated)));
    assert!(used < 200_000, "declared item: {used}");

    // Small items, many of them, in a stream of 8 MB.
    let many = zlib(&[0x83, 1, 1, 1].repeat(2_000_000));
    let used = peak(|| assert_eq!(read(&many, LIMIT).unwrap()[..], [1, 1, 1]));
    assert!(used < 200_000, "small items: {used}");

    // The limit ends the reading; what lies beyond it takes nothing.
    let mut long = vec![0xba, 0xff, 0xff, 0xff];
    long.resize(12_000_000, 0);
    let long = zlib(&long);
    let used = peak(|| assert_eq!(read(&long, 10_000_000), Err(ChannelError::TooLarge(0xff_ffff))));
    assert!(used < 200_000, "item beyond the limit: {used}");

    // A recorded brotli channel of 2 kB, whose header allows a window of 4 MB.
    let brotli = recorded("a brotli channel with a window of 4 MB");
    let used = peak(|| assert!(read(&brotli, LIMIT).unwrap().len() > 3000));
    assert!(used < 200_000, "brotli: {used}");

    let context = SpanContext { genesis_time: 0, block_time: 2, chain_id: 10 };

    // A batch of transactions of one byte: each takes a slice of the item and no more.
    let count = 1_100_000;
    let list = |length: usize| [&[0xfa][..], &(length as u32).to_be_bytes()[1..]].concat();
    let fields = [&[0xa0; 33][..], &[7], &[0xa0; 33], &[9], &list(count)].concat();
    let batch = [&[0][..], &list(fields.len() + count), &fields, &vec![1; count]].concat().into();
    let used = peak(|| match Batch::decode(batch, &context) {
        Ok(Batch::Singular(batch)) => assert_eq!(batch.transactions.len(), count),
        other => panic!("{other:?}"),
    });
    assert!(used < 33 * count, "small transactions: {used}");

    // A span that declares ten million blocks or transactions and has none.
    for counts in [&[0x80, 0xad, 0xe2, 4][..], &[1, 0, 0x80, 0xad, 0xe2, 4]] {
        let span = Bytes::from([&[1; 43], counts].concat());
        let used = peak(|| assert!(Batch::decode(span, &context).is_err()));
        assert!(used < 1000, "span: {used}");
    }
}
