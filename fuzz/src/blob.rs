use crate::script::Script;
use alloy_primitives::Bytes;
use kohala_protocol::{BLOB_SIZE, MAX_BLOB_DATA_SIZE, decode_blob};

/// A blob: made of data, it gives the data back; spoilt, it either holds none or is what its data makes.
///
/// The script is a length, places to spoil, and the data, which is repeated to fill the length.
pub fn blob(input: &[u8]) {
    let mut script = Script::new(input);
    let length = usize::from(u16::from_be_bytes(script.array())) * 2 % (MAX_BLOB_DATA_SIZE + 1);
    let changes: Vec<_> = (0..script.pick(5)).map(|_| (script.array::<3>(), script.byte())).collect();
    let pattern = script.rest();
    let data: Vec<u8> = pattern.iter().copied().cycle().take(if pattern.is_empty() { 0 } else { length }).collect();
    let mut blob = encode(&data);
    assert_eq!(decode_blob(&blob), Ok(Bytes::from(data)));

    for ([a, b, c], value) in changes {
        // Half of the changes hit the header or the first bytes of elements, where the rules are.
        let place = usize::from(b) << 8 | usize::from(c);
        let place = match a % 4 {
            0 => place % 8,
            1 => place % 4096 * 32,
            _ => (usize::from(a) << 16 | place) % BLOB_SIZE,
        };
        blob[place] = value;
    }
    if let Ok(data) = decode_blob(&blob) {
        assert!(data.len() <= MAX_BLOB_DATA_SIZE);
        // The two highest bits of all are not looked at.
        blob[0] &= 0x3f;
        assert_eq!(encode(&data), blob);
    }
    // Zeros at the end may be left out, and no byte may be too much.
    match BLOB_SIZE.checked_sub(input.len()) {
        Some(zeros) => assert_eq!(decode_blob(input), decode_blob(&[input, &vec![0; zeros]].concat())),
        None => assert!(decode_blob(input).is_err()),
    }
}

/// Lays data out bit by bit: of each field element the low six bits of the first byte are part of three more bytes for
/// four elements, in an order of its own; the other 31 bytes are plain.
pub(crate) fn encode(data: &[u8]) -> Vec<u8> {
    let mut carried = vec![0];
    carried.extend(&(data.len() as u32).to_be_bytes()[1..]);
    carried.extend(data);
    carried.resize(127 * 1024, 0);
    let mut blob = Vec::with_capacity(BLOB_SIZE);
    for round in carried.chunks_exact(127) {
        let (a, x) = (&round[..31], round[31]);
        let (b, y) = (&round[32..63], round[63]);
        let (c, z) = (&round[64..95], round[95]);
        let d = &round[96..];
        let firsts = [x & 63, (y & 15) | (x >> 6 << 4), z & 63, (y >> 4) | (z >> 6 << 4)];
        for (first, plain) in firsts.into_iter().zip([a, b, c, d]) {
            blob.push(first);
            blob.extend_from_slice(plain);
        }
    }
    blob
}
