//! What a batcher may post to exhaust whoever reads it, and what reading it may cost: read by the test that measures
//! memory and by the one that counts allocations.

use alloy_primitives::{Bytes, hex};
use kohala_protocol::{
    Batch, BatchDecodeError, BatchError, BlobError, ChannelError, ChannelReader, FrameError, MAX_BLOB_DATA_SIZE,
    SpanContext, decode_blob, parse_frames,
};

/// F10 from Fjord on.
const LIMIT: u64 = 100_000_000;
/// F13.
const ELEMENTS: u64 = 10_000_000;
const CONTEXT: SpanContext = SpanContext { genesis_time: 0, block_time: 2, chain_id: 10 };
/// The ring of decoded bytes of a brotli stream, at its largest.
const BROTLI_WINDOW: usize = 1 << 24;

/// An item of 99 million zeros, by brotli at quality 5 with a window of 16 MB.
const BROTLI_ZEROS: [u8; 87] = hex!(
    "01cfffff7f000436e09244749265a3e3b640d0deffd767f0ffff1f000980382c00ddfb7ffeffff032001108705a07bffcfffff7f002400e2"
    "b00074effff9ffff0f8004401c1680eefd7f127b9a03900088c302f8b33407"
);

/// One of them, built before it is read.
pub(crate) struct Bomb {
    pub(crate) name: &'static str,
    /// Bytes that have to be held at once to read it, beside itself and less than a fifth of a megabyte.
    pub(crate) held: usize,
    /// How many values it has that need memory of their own, for as long as they are looked at.
    pub(crate) values: usize,
    /// Reads it and checks what comes of it.
    pub(crate) read: Box<dyn Fn()>,
}

fn bomb(name: &'static str, held: usize, values: usize, read: impl Fn() + 'static) -> Bomb {
    Bomb { name, held, values, read: Box::new(read) }
}

/// All of them.
pub(crate) fn bombs() -> Vec<Bomb> {
    [channels(), frames_and_blobs(), singular_batches(), span_counts(), span_transactions()]
        .into_iter()
        .flatten()
        .collect()
}

fn zlib(stream: &[u8]) -> Bytes {
    miniz_oxide::deflate::compress_to_vec_zlib(stream, 6).into()
}

/// Reads a channel to its end: how many items, how many bytes in them, and the flaw.
fn read(channel: &Bytes, limit: u64) -> (usize, usize, Option<ChannelError>) {
    let mut reader = ChannelReader::new(vec![channel.clone()], limit, true).unwrap();
    let (mut items, mut bytes) = (0, 0);
    while let Some(item) = reader.next_item() {
        match item {
            Ok(item) => (items, bytes) = (items + 1, bytes + item.len()),
            Err(error) => return (items, bytes, Some(error)),
        }
    }
    (items, bytes, None)
}

/// A channel that is read to its end, and what comes of it.
fn channel(
    name: &'static str,
    channel: Bytes,
    held: usize,
    (items, bytes, error): (usize, usize, Option<ChannelError>),
) -> Bomb {
    bomb(name, held, items, move || assert_eq!(read(&channel, LIMIT), (items, bytes, error), "{name}"))
}

fn channels() -> Vec<Bomb> {
    let long = 99_000_000;
    let item = alloy_rlp::encode(vec![0; long].as_slice());
    let declared = |header: &[u8]| zlib(header);
    let huge = [&[0xbf][..], &[0xff; 8]].concat();
    let crossing = [&[0xbb, 5, 0xf5, 0xe1, 1][..], &[0; 1_000_000]].concat();
    let crossing_later = [&[0x83, 1, 1, 1, 0xbb, 5, 0xf5, 0xe0, 0xf8][..], &[0; 1000]].concat();
    vec![
        channel("zlib: 99 MB of zeros in 100 kB", zlib(&item), long, (1, long, None)),
        channel("brotli: the same 99 MB in 87 bytes", BROTLI_ZEROS.into(), long + BROTLI_WINDOW, (1, long, None)),
        channel("zlib: two million items", zlib(&[0x83, 1, 1, 1].repeat(2_000_000)), 0, (2_000_000, 6_000_000, None)),
        channel("zlib: two million empty items", zlib(&[0x80].repeat(2_000_000)), 0, (2_000_000, 0, None)),
        channel(
            "an item that declares 99 MB",
            declared(&[0xbb, 5, 0xe6, 0x9e, 0xc0]),
            0,
            (0, 0, Some(ChannelError::Truncated)),
        ),
        channel("an item that declares 2^64 bytes", declared(&huge), 0, (0, 0, Some(ChannelError::TooLarge(u64::MAX)))),
        channel("an item beyond the limit", zlib(&crossing), 0, (0, 0, Some(ChannelError::TooLarge(100_000_001)))),
        channel(
            "an item that crosses the limit by its start",
            zlib(&crossing_later),
            0,
            (1, 3, Some(ChannelError::TooLarge(99_999_992))),
        ),
        // A window of 16 MB, and nothing in it.
        channel("brotli: the largest window for nothing", Bytes::from_static(&[1, 0x3f]), 0, (0, 0, None)),
        // The same window, and a block that declares 16 MB and has one byte.
        channel(
            "brotli: the largest window and block, cut short",
            Bytes::from_static(&[1, 0xcf, 0xff, 0xff, 0xff, 1]),
            BROTLI_WINDOW,
            (1, 1, Some(ChannelError::Truncated)),
        ),
        // Windows above 16 MB are another format.
        channel(
            "brotli: a window of 1 GB",
            Bytes::from_static(&[1, 0x11, 0x1e, 0xff, 0xff, 0xff]),
            0,
            (0, 0, Some(ChannelError::Corrupt)),
        ),
    ]
}

fn frames_and_blobs() -> Vec<Bomb> {
    let frame = |length: u32, data: &[u8]| [&[0; 18][..], &length.to_be_bytes(), data, &[0]].concat();
    let huge = Bytes::from([&[0][..], &frame(u32::MAX, &[])].concat());
    let longest = Bytes::from([&[0][..], &frame(1_000_000, &[])].concat());
    let count = (MAX_BLOB_DATA_SIZE - 1) / 23;
    let empty = Bytes::from([&[0][..], &frame(0, &[]).repeat(count)].concat());
    // Declares all that fits.
    let mut full = vec![0; 131_072];
    full[2..5].copy_from_slice(&(MAX_BLOB_DATA_SIZE as u32).to_be_bytes()[1..]);
    let mut beyond = full.clone();
    beyond[4] += 1;
    vec![
        bomb("a frame that declares 4 GB", 0, 0, move || {
            assert_eq!(parse_frames(&huge), Err(FrameError::TooLong(u32::MAX)));
        }),
        bomb("a frame that declares 1 MB", 0, 0, move || {
            assert_eq!(parse_frames(&longest), Err(FrameError::Truncated));
        }),
        // 56 bytes a frame, which is 23 bytes of the datum; and a list that doubles.
        bomb("a blob of empty frames", 56 * count.next_power_of_two(), 0, move || {
            assert_eq!(parse_frames(&empty).map(|frames| frames.len()), Ok(count));
        }),
        bomb("a full blob", MAX_BLOB_DATA_SIZE, 0, move || {
            assert_eq!(decode_blob(&full).map(|data| data.len()), Ok(MAX_BLOB_DATA_SIZE));
        }),
        bomb("a blob that declares more than fits", 0, 0, move || {
            assert_eq!(decode_blob(&beyond), Err(BlobError::Length(MAX_BLOB_DATA_SIZE + 1)));
        }),
    ]
}

/// The item of a singular batch with this list of transactions.
fn singular(transactions: &[u8]) -> Vec<u8> {
    let list = |length: usize| {
        let mut header = Vec::new();
        alloy_rlp::Header { list: true, payload_length: length }.encode(&mut header);
        header
    };
    let fields = [&[0xa0; 33][..], &[7], &[0xa0; 33], &[9], &list(transactions.len()), transactions].concat();
    [&[0][..], &list(fields.len()), &fields].concat()
}

fn singular_batches() -> Vec<Bomb> {
    let count = 50_000_000;
    let tiny = Bytes::from(singular(&vec![1; count]));
    let spoilt = Bytes::from(singular(&[&vec![1; count / 10][..], &[0xc0]].concat()));
    let items = 100_000;
    let item = singular(&[]);
    let many = zlib(&alloy_rlp::encode(&item[..]).repeat(items));
    let context = CONTEXT;
    vec![
        // They stay where they are.
        bomb("50 million transactions of a byte", 0, 0, move || match Batch::decode(tiny.clone(), &context) {
            Ok(Batch::Singular(batch)) => assert_eq!(batch.transactions.iter().count(), count),
            other => panic!("{other:?}"),
        }),
        bomb("a list after five million transactions", 0, 0, move || {
            assert!(matches!(Batch::decode(spoilt.clone(), &context), Err(BatchError::Undecodable(_))));
        }),
        bomb("100,000 empty batches, one after the other", 0, 2 * items, move || {
            let mut reader = ChannelReader::new(vec![many.clone()], LIMIT, true).unwrap();
            let batches = core::iter::from_fn(|| reader.next_item());
            let batches = batches.map(|item| Batch::decode(item.unwrap(), &context));
            assert_eq!(batches.filter(|batch| matches!(batch, Ok(Batch::Singular(_)))).count(), items);
        }),
    ]
}

fn uvarint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A span batch that says this after its checks.
fn span(columns: &[&[u8]]) -> Bytes {
    [&[1; 43][..], &columns.concat()].concat().into()
}

/// A span that is refused for its form.
fn refused(name: &'static str, held: usize, columns: &[&[u8]], expected: BatchDecodeError) -> Bomb {
    let (item, context) = (span(columns), CONTEXT);
    bomb(name, held, 0, move || {
        assert_eq!(Batch::decode(item.clone(), &context), Err(BatchError::Undecodable(expected)), "{name}");
    })
}

fn span_counts() -> Vec<Bomb> {
    use BatchDecodeError::{TooLarge, Truncated};
    let most = uvarint(ELEMENTS);
    let bits = vec![0; ELEMENTS as usize / 8];
    let empty = span(&[&most, &bits, &vec![0; ELEMENTS as usize]]);
    let context = CONTEXT;
    vec![
        refused("a span of 2^64 blocks", 0, &[&uvarint(u64::MAX)], TooLarge),
        refused("a span of a block too many", 0, &[&uvarint(ELEMENTS + 1)], TooLarge),
        refused("a span of ten million blocks, of which none is there", 0, &[&most], Truncated),
        refused("a span of ten million blocks, of which the origins are there", 0, &[&most, &bits], Truncated),
        refused("a block of 2^64 transactions", 0, &[&[1, 0], &uvarint(u64::MAX)], TooLarge),
        refused("a block of ten million transactions, of which none is there", 0, &[&[1, 0], &most], Truncated),
        refused("two blocks with a transaction too many", 0, &[&[2, 0], &most, &[1]], TooLarge),
        refused(
            "many blocks with too many transactions",
            800,
            &[&[100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &most.repeat(100)],
            TooLarge,
        ),
        refused("ten million transactions, of which the bits are there", 0, &[&[1, 0], &most, &bits, &bits], Truncated),
        // 8 bytes a block, which is nine eighths of a byte of the item.
        bomb("a span of ten million empty blocks", 8 * ELEMENTS as usize, 1, move || {
            match Batch::decode(empty.clone(), &context) {
                Ok(Batch::Span(span)) => assert_eq!(span.len() as u64, ELEMENTS),
                other => panic!("{other:?}"),
            }
        }),
    ]
}

/// A span of one block whose transactions, all calls, have this data.
fn span_of(data: &[&[u8]]) -> Bytes {
    let count = data.len();
    let bits = vec![0; count.div_ceil(8)];
    let (signatures, recipients, numbers) = (vec![1; 64 * count], vec![2; 20 * count], vec![3; 2 * count]);
    let protected = data.iter().filter(|data| data[0] > 0x7f).count();
    let data = data.concat();
    let columns: [&[u8]; 9] = [
        &[1, 0],
        &uvarint(count as u64),
        &bits,
        &bits,
        &signatures,
        &recipients,
        &data,
        &numbers,
        &vec![0; protected.div_ceil(8)],
    ];
    span(&columns)
}

fn list(payload: &[u8]) -> Vec<u8> {
    let mut list = Vec::new();
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut list);
    list.extend(payload);
    list
}

fn span_transactions() -> Vec<Bomb> {
    let context = CONTEXT;
    let count = 100_000;
    let many = span_of(&vec![&[0xc3, 1, 1, 0x80][..]; count]);
    // An access list of almost ten million bytes.
    let keys = list(&[0xa0; 33].repeat(300_000));
    let access = list(&list(&[&[0x94; 21][..], &keys].concat()));
    let accessing = span_of(&[&[&[2][..], &list(&[&[1, 1, 1, 0x80], &access[..]].concat())].concat()]);
    let size = accessing.len();
    // Two million lists, one in the other.
    let mut nested = Vec::new();
    let mut length = 0;
    while length < 8_000_000 {
        let mut header = Vec::new();
        alloy_rlp::Header { list: true, payload_length: length }.encode(&mut header);
        length += header.len();
        header.reverse();
        nested.extend(header);
    }
    nested.reverse();
    let nested = span_of(&[&[&[2][..], &list(&[&[1, 1, 1, 0x80], &nested[..]].concat())].concat()]);
    vec![
        // 32 bytes a transaction, of which none takes less than 67 of the item; and each one as it is made.
        bomb("100,000 small transactions in a span", 32 * count, 2 * count, move || {
            match Batch::decode(many.clone(), &context) {
                Ok(Batch::Span(span)) => {
                    assert_eq!(span.transactions(0).filter(|bytes| bytes.len() > 90).count(), count)
                }
                other => panic!("{other:?}"),
            }
        }),
        bomb("an access list of ten million bytes", size, 3, move || {
            match Batch::decode(accessing.clone(), &context) {
                Ok(Batch::Span(span)) => assert!(span.transactions(0).all(|bytes| bytes.len() > 9_900_000)),
                other => panic!("{other:?}"),
            }
        }),
        bomb("an access list of lists in lists", 0, 0, move || {
            let decoded = Batch::decode(nested.clone(), &context);
            assert!(matches!(decoded, Err(BatchError::Underivable { index: 0, .. })), "{decoded:?}");
        }),
    ]
}
