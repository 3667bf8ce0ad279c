use crate::script::Script;
use alloy_primitives::Bytes;
use alloy_rlp::Header;
use brotli::enc::BrotliEncoderParams;
use kohala_protocol::ChannelReader;

/// The items of a channel, and whether a flaw ends it.
type Items = (Vec<Bytes>, bool);

/// A compressed stream, arbitrary: however it is cut into frames its items are the same, together they stay below the
/// limit, and where another decoder finds the stream whole, they are the first of what it decompresses.
pub fn channel_stream(input: &[u8]) {
    let mut script = Script::new(input);
    let limit = u64::from(u16::from_be_bytes(script.array()));
    let is_fjord = !script.rarely(8);
    let cut = 1 + script.pick(64);
    let channel = script.rest();

    let whole = read(vec![Bytes::copy_from_slice(channel)], limit, is_fjord);
    let frames = channel.chunks(cut).flat_map(|piece| [Bytes::new(), Bytes::copy_from_slice(piece)]).collect();
    assert_eq!(read(frames, limit, is_fjord), whole, "cut into frames of {cut} bytes");
    assert!(whole.0.iter().map(|item| item.len() as u64).sum::<u64>() <= limit, "beyond the limit");

    if let Ok(stream) = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(channel, 1 << 17) {
        let (items, is_flawed) = items_of(&stream, limit);
        if whole.1 {
            assert_eq!(items[..whole.0.len().min(items.len())], whole.0[..], "not what is in the stream");
        } else {
            assert_eq!((items, is_flawed), whole);
        }
    }
}

/// A channel of known content: what comes out is what went in, by zlib and by brotli at any setting, up to the limit.
pub fn channel_items(input: &[u8]) {
    let mut script = Script::new(input);
    let compression = script.array::<2>();
    let limit = if script.rarely(4) { u64::from(u16::from_be_bytes(script.array())) } else { 10_000_000 };
    let cut = 1 + usize::from(u16::from_be_bytes(script.array()));
    let repetitions = if script.rarely(16) { 1 + script.pick(64) } else { 1 };
    let stream = if script.rarely(2) {
        let mut stream = Vec::new();
        while !script.is_empty() {
            alloy_rlp::Encodable::encode(script.string(), &mut stream);
        }
        stream
    } else {
        script.rest().to_vec()
    };
    let stream = stream.repeat(repetitions);

    let channel = compress(&stream, compression);
    let frames = channel.chunks(cut).map(Bytes::copy_from_slice).collect();
    let read = read(frames, limit, true);
    assert_eq!(read, items_of(&stream, limit), "compressed by {compression:?}, in frames of {cut} bytes");
}

/// Compresses a channel as the two bytes say.
pub(crate) fn compress(stream: &[u8], [kind, setting]: [u8; 2]) -> Vec<u8> {
    if kind % 8 > 0 && setting % 11 == 0 {
        return stored(stream);
    }
    if kind % 8 > 0 {
        return miniz_oxide::deflate::compress_to_vec_zlib(stream, setting % 11);
    }
    let params = BrotliEncoderParams {
        quality: i32::from(setting % 6),
        lgwin: 10 + i32::from(setting / 6 % 8),
        ..Default::default()
    };
    let mut channel = vec![1];
    brotli::BrotliCompress(&mut &*stream, &mut channel, &params).expect("memory to memory");
    channel
}

/// A zlib stream with nothing compressed, which takes far less time to make.
fn stored(stream: &[u8]) -> Vec<u8> {
    let mut channel = vec![0x78, 1];
    let count = stream.len().div_ceil(0xffff).max(1);
    for block in 0..count {
        let data = &stream[block * 0xffff..stream.len().min((block + 1) * 0xffff)];
        let length = data.len() as u16;
        channel.push((block + 1 == count).into());
        channel.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        channel.extend(data);
    }
    let (a, b) = stream.iter().fold((1, 0), |(a, b), byte| {
        let a: u32 = (a + u32::from(*byte)) % 65521;
        (a, (a + b) % 65521)
    });
    channel.extend((b << 16 | a).to_be_bytes());
    channel
}

fn read(frames: Vec<Bytes>, limit: u64, is_fjord: bool) -> Items {
    let Ok(mut reader) = ChannelReader::new(frames, limit, is_fjord) else { return (Vec::new(), true) };
    let mut items = Vec::new();
    loop {
        match reader.next_item() {
            None => return (items, false),
            Some(Ok(item)) => items.push(item),
            Some(Err(_)) => {
                assert_eq!(reader.next_item(), None, "something after a flaw");
                return (items, true);
            }
        }
    }
}

/// Takes byte strings off a stream that is there as a whole.
fn items_of(stream: &[u8], limit: u64) -> Items {
    let mut rest = &stream[..stream.len().min(limit as usize)];
    let mut items = Vec::new();
    while !rest.is_empty() {
        match Header::decode_bytes(&mut rest, false) {
            Ok(item) => items.push(Bytes::copy_from_slice(item)),
            Err(_) => return (items, true),
        }
    }
    (items, false)
}
