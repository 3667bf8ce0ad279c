//! Blobs, as op-batcher packs them.

/// Bytes that a blob carries.
pub(super) const CAPACITY: usize = ROUND * 1024 - 4;

/// Bytes of a whole blob.
pub(super) const SIZE: usize = 4096 * 32;

/// Bytes that four field elements carry: 31 each, and three in the six bits that each has besides.
const ROUND: usize = 4 * 31 + 3;

/// Packs up to [`CAPACITY`] bytes. The zeros at the blob's end are left out.
pub(super) fn pack(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u32).to_be_bytes();
    let stream = [&[0, length[1], length[2], length[3]], data].concat();
    let mut blob = Vec::new();
    for chunk in stream.chunks(ROUND) {
        let mut round = [0; ROUND];
        round[..chunk.len()].copy_from_slice(chunk);
        let (x, y, z) = (round[31], round[63], round[95]);
        let high = [x & 0x3F, y & 0x0F | (x & 0xC0) >> 2, z & 0x3F, (z & 0xC0) >> 2 | (y & 0xF0) >> 4];
        for (index, high) in high.into_iter().enumerate() {
            blob.push(high);
            blob.extend(&round[index * 32..index * 32 + 31]);
        }
    }
    blob
}
