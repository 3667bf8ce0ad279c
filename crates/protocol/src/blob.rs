//! Blobs: how a datum is laid out in field elements (spec: Ecotone, «Blob encoding»; rules D05, F20).
use alloc::{borrow::Cow, vec::Vec};
use alloy_primitives::Bytes;

/// Size of a blob in bytes: 4096 field elements of 32.
pub const BLOB_SIZE: usize = 4096 * 32;

/// Longest datum that one blob holds, in bytes.
pub const MAX_BLOB_DATA_SIZE: usize = (4 * 31 + 3) * 1024 - 4;

/// Four field elements; together they carry 127 bytes.
const ROUND_SIZE: usize = 4 * 32;

/// What the first round carries: its first five bytes are the top byte of its first element, version and length.
const FIRST_ROUND_DATA: usize = ROUND_DATA - 4;

/// 31 bytes of each of four elements, and three bytes from the low six bits of the four first bytes.
const ROUND_DATA: usize = 4 * 31 + 3;

/// Why a blob holds no datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// It is longer than [`BLOB_SIZE`].
    #[error("blob is {0} bytes long")]
    Size(usize),
    /// Its version byte isn't 0.
    #[error("blob encoding version {0} is unknown")]
    Version(u8),
    /// It declares more data than fits.
    #[error("blob declares {0} bytes of data")]
    Length(usize),
    /// One of the two highest bits of a field element is set.
    #[error("field element {0} has a high bit set")]
    FieldElement(usize),
    /// Something other than zeros follows the declared data.
    #[error("data after the declared end")]
    ExtraneousData,
}

/// How many field elements of the blob with this first one hold a datum; those after them are zero, or the blob holds none.
pub fn blob_elements(first: &[u8; 32]) -> usize {
    let length = declared_length(first);
    if first[1] != 0 || length > MAX_BLOB_DATA_SIZE { 1 } else { 4 * rounds(length) }
}

const fn declared_length(first: &[u8]) -> usize {
    u32::from_be_bytes([0, first[2], first[3], first[4]]) as usize
}

const fn rounds(length: usize) -> usize {
    1 + length.saturating_sub(FIRST_ROUND_DATA).div_ceil(ROUND_DATA)
}

/// The datum in a blob (D05). Zeros at the blob's end may be left out.
///
/// The first element's two high bits are masked off and not checked, as op-node does: a blob that sets the lower of
/// the two is a possible blob, and counts.
///
/// # Errors
/// An invalid blob is skipped by the caller; it says nothing about the other blobs of its transaction.
pub fn decode_blob(blob: &[u8]) -> Result<Bytes, BlobError> {
    if blob.len() > BLOB_SIZE {
        return Err(BlobError::Size(blob.len()));
    }
    let first = round(blob, 0);
    if first[1] != 0 {
        return Err(BlobError::Version(first[1]));
    }
    let length = declared_length(&first[..]);
    if length > MAX_BLOB_DATA_SIZE {
        return Err(BlobError::Length(length));
    }
    let rounds = rounds(length);
    let mut data = Vec::with_capacity(rounds * ROUND_DATA);
    for index in 0..rounds {
        decode_round(index, &round(blob, index), &mut data)?;
    }
    if !is_zero(&data[length..]) || !is_zero(blob.get(rounds * ROUND_SIZE..).unwrap_or_default()) {
        return Err(BlobError::ExtraneousData);
    }
    data.truncate(length);
    Ok(data.into())
}

/// Four field elements of a blob, zeros where it has no more.
fn round(blob: &[u8], index: usize) -> Cow<'_, [u8; ROUND_SIZE]> {
    let rest = blob.get(index * ROUND_SIZE..).unwrap_or_default();
    match rest.first_chunk() {
        Some(whole) => Cow::Borrowed(whole),
        None => {
            let mut filled = [0; ROUND_SIZE];
            filled[..rest.len()].copy_from_slice(rest);
            Cow::Owned(filled)
        }
    }
}

/// Appends what four field elements carry.
fn decode_round(round: usize, elements: &[u8; ROUND_SIZE], data: &mut Vec<u8>) -> Result<(), BlobError> {
    for element in 0..4 {
        if elements[element * 32] & 0b1100_0000 != 0 && (round, element) != (0, 0) {
            return Err(BlobError::FieldElement(round * 4 + element));
        }
    }
    let [a, b, c, d] = [elements[0], elements[32], elements[64], elements[96]];
    data.extend_from_slice(&elements[if round == 0 { 5 } else { 1 }..32]);
    data.push(a & 0b0011_1111 | (b & 0b0011_0000) << 2);
    data.extend_from_slice(&elements[33..64]);
    data.push(b & 0b0000_1111 | (d & 0b0000_1111) << 4);
    data.extend_from_slice(&elements[65..96]);
    data.push(c & 0b0011_1111 | (d & 0b0011_0000) << 2);
    data.extend_from_slice(&elements[97..128]);
    Ok(())
}

/// True if there is nothing but zeros. Most of most blobs is, so they are looked at many at a time.
fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks();
    words.iter().fold(0, |seen, word| seen | u64::from_ne_bytes(*word)) == 0 && rest.iter().all(|byte| *byte == 0)
}
