//! Reading a blob that is mostly zeros by its elements, as a fault proof VM has to: only those that there are, and one more
//! value, which shows that all others are zero.

use crate::{
    BLOB_BYTES, BlobError, Hint, Key, KeyKind, Oracle, WrongPreimage,
    blob::{FIELD_ELEMENTS, elements},
    field::{evaluate, montgomery},
    key::{BlobKeys, blob_preimage},
};
use alloc::vec;
use alloy_primitives::{B256, Bytes, U256, keccak256};

/// Where a blob is opened: at a hash of its commitment, below the field's order. A point that whoever made the blob could
/// not choose: two polynomials of a degree below 4096 agree at it with a probability of 2^-242.
fn point(commitment: &[u8; 48]) -> [u8; 32] {
    const DOMAIN: &[u8; 19] = b"kohala blob opening";
    let mut input = [0; DOMAIN.len() + 48];
    input[..DOMAIN.len()].copy_from_slice(DOMAIN);
    input[DOMAIN.len()..].copy_from_slice(commitment);
    let mut point = keccak256(input).0;
    point[0] &= 0x3f;
    point
}

impl Key {
    /// The key of the opening of the blob with this commitment: what [`opening`] computes. It is of the same kind as the
    /// keys of field elements, and L1's contract loads it in the same way.
    pub fn blob_opening(commitment: &[u8; 48]) -> Self {
        Self::keccak256(keccak256(Self::blob_opening_preimage(commitment))).with_kind(KeyKind::Blob)
    }

    /// What [`Key::blob_opening`] is the digest of: commitment and evaluation point.
    pub fn blob_opening_preimage(commitment: &[u8; 48]) -> [u8; 80] {
        blob_preimage(commitment, &point(commitment))
    }
}

/// The value of a blob's polynomial at the point where [`Oracle::opened_blob`] opens it. `data` is what the blob with this
/// commitment holds, with trailing zeros or without.
///
/// # Errors
/// Where it is longer than a blob, or no blob.
pub fn opening(commitment: &[u8; 48], data: &[u8]) -> Result<[u8; 32], BlobError> {
    Ok(evaluate(elements(data)?, montgomery(U256::from_be_bytes(point(commitment)))).to_be_bytes())
}

/// [`Oracle::opened_blob`].
pub(crate) fn read<O: Oracle + ?Sized>(
    oracle: &mut O,
    versioned_hash: B256,
    index: u64,
    l1_time: u64,
    used: fn(&[u8; 32]) -> usize,
) -> Result<Bytes, O::Error> {
    oracle.hint(&Hint::L1Blob { versioned_hash, index: Some(index), l1_time })?;
    let commitment = oracle.commitment(versioned_hash)?;
    let mut keys = BlobKeys::new(commitment);
    let mut bytes = vec![0; BLOB_BYTES];
    let (places, _) = bytes.as_chunks_mut::<32>();
    let (first, rest) = places.split_at_mut(1);
    read_elements(oracle, &mut keys, first)?;
    let used = used(&first[0]).clamp(1, FIELD_ELEMENTS);
    read_elements(oracle, &mut keys, &mut rest[..used - 1])?;
    let key = Key::blob_opening(&commitment);
    if used < FIELD_ELEMENTS {
        let expected = opening(&commitment, &bytes[..used * 32]).map_err(|_| WrongPreimage { key })?;
        if element(oracle, key)? != expected {
            read_elements(oracle, &mut keys, &mut bytes.as_chunks_mut::<32>().0[used..])?;
        }
    }
    Ok(bytes.into())
}

fn read_elements<O: Oracle + ?Sized>(
    oracle: &mut O,
    keys: &mut BlobKeys,
    places: &mut [[u8; 32]],
) -> Result<(), O::Error> {
    places.iter_mut().zip(keys).try_for_each(|(place, (key, _))| {
        *place = element(oracle, key)?;
        Ok(())
    })
}

fn element<O: Oracle + ?Sized>(oracle: &mut O, key: Key) -> Result<[u8; 32], O::Error> {
    let answer = oracle.get(key)?;
    <[u8; 32]>::try_from(&answer[..]).map_err(|_| WrongPreimage { key }.into())
}
