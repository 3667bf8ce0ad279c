use alloy_primitives::Bytes;
use kohala_protocol::{BLOB_SIZE, BlobError, MAX_BLOB_DATA_SIZE, decode_blob};
use proptest::prelude::*;

/// Lays data out as the spec's encoder does: 127 bytes in four field elements, round by round.
fn encode(data: &[u8]) -> Vec<u8> {
    let header = [[0].as_slice(), &(data.len() as u32).to_be_bytes()[1..]].concat();
    let mut bytes = header.into_iter().chain(data.iter().copied());
    let mut take = |count: usize| -> Vec<u8> { (0..count).map(|_| bytes.next().unwrap_or(0)).collect() };
    let mut blob = Vec::new();
    for _ in 0..1024 {
        let (a, x) = (take(31), take(1)[0]);
        let (b, y) = (take(31), take(1)[0]);
        let (c, z) = (take(31), take(1)[0]);
        let d = take(31);
        let sextets = [x & 63, y & 15 | x >> 6 << 4, z & 63, y >> 4 | z >> 6 << 4];
        for (sextet, rest) in sextets.into_iter().zip([a, b, c, d]) {
            blob.push(sextet);
            blob.extend(rest);
        }
    }
    blob
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 251 + index / 7 + 1) as u8).collect()
}

#[test]
fn data_of_every_length_around_a_round_comes_back() {
    let lengths = (0..=260).chain([1000, 65_536]).chain(MAX_BLOB_DATA_SIZE - 130..=MAX_BLOB_DATA_SIZE);
    for length in lengths {
        let data = pattern(length);
        assert_eq!(decode_blob(&encode(&data)).unwrap(), data, "{length}");
    }
}

#[test]
fn an_empty_blob_is_an_empty_datum() {
    assert_eq!(decode_blob(&[0; BLOB_SIZE]), Ok(Bytes::new()));
}

#[test]
fn drops_a_blob_that_is_too_long() {
    assert_eq!(decode_blob(&[0; BLOB_SIZE + 1]), Err(BlobError::Size(BLOB_SIZE + 1)));
}

#[test]
fn zeros_at_the_end_may_be_left_out() {
    let zeros_inside = [pattern(200), vec![0; 5_000]].concat();
    let mut blobs: Vec<_> = [0, 1, 27, 122, 123, 1_000].map(|length| encode(&pattern(length))).into();
    blobs.push(encode(&zeros_inside));
    // One that is dropped, and by the same reason.
    let mut beyond = encode(&pattern(300));
    beyond[3 * 128] = 1;
    blobs.push(beyond);
    for blob in blobs {
        let whole = decode_blob(&blob);
        let end = blob.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        for length in (end..end + 300).chain([BLOB_SIZE - 1]) {
            assert_eq!(decode_blob(&blob[..length]), whole, "{end}, {length}");
        }
    }
}

#[test]
fn drops_a_blob_of_another_version() {
    let mut blob = encode(b"data");
    blob[1] = 1;
    assert_eq!(decode_blob(&blob), Err(BlobError::Version(1)));
}

#[test]
fn drops_a_blob_that_declares_more_than_fits() {
    let mut blob = vec![0; BLOB_SIZE];
    blob[2..5].copy_from_slice(&(MAX_BLOB_DATA_SIZE as u32 + 1).to_be_bytes()[1..]);
    assert_eq!(decode_blob(&blob), Err(BlobError::Length(MAX_BLOB_DATA_SIZE + 1)));
    blob[4] -= 1;
    assert_eq!(decode_blob(&blob).unwrap(), vec![0; MAX_BLOB_DATA_SIZE]);
}

#[test]
fn drops_a_blob_with_a_high_bit_in_a_used_field_element() {
    for bit in [0x40, 0x80] {
        let mut blob = encode(&pattern(1000));
        blob[5 * 32] |= bit;
        assert_eq!(decode_blob(&blob), Err(BlobError::FieldElement(5)));
    }
}

#[test]
fn the_first_field_element_may_have_its_high_bits_set() {
    let data = pattern(1000);
    let mut blob = encode(&data);
    blob[0] |= 0x40;
    assert_eq!(decode_blob(&blob).unwrap(), data);
}

#[test]
fn drops_a_blob_with_anything_after_its_data() {
    let blob = encode(&pattern(1000));
    let used = 8 * 128;
    for position in (used..BLOB_SIZE).step_by(977).chain([used, BLOB_SIZE - 1]) {
        let mut blob = blob.clone();
        blob[position] = 1;
        assert_eq!(decode_blob(&blob), Err(BlobError::ExtraneousData), "{position}");
    }
    let mut shortened = blob;
    shortened[4] -= 1;
    assert_eq!(decode_blob(&shortened), Err(BlobError::ExtraneousData));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_blob_that_is_read_has_one_encoding(position in 1..BLOB_SIZE, bit in 0..8u32, length in 0..3000usize) {
        let mut blob = encode(&pattern(length));
        blob[position] ^= 1 << bit;
        if let Ok(data) = decode_blob(&blob) {
            prop_assert!(encode(&data) == blob);
        }
    }
}
