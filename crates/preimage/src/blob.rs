//! Whole blobs, and the part of checking a KZG proof that is plain field arithmetic.

use crate::field::{self, MODULUS, montgomery};
use alloc::{vec, vec::Vec};
use alloy_primitives::{B256, Bytes, U256, hex};
use sha2::{Digest, Sha256};

/// Field elements in a blob.
pub const FIELD_ELEMENTS: usize = 4096;
/// Bytes in a blob.
pub const BLOB_BYTES: usize = FIELD_ELEMENTS * 32;

/// First byte of a versioned hash of a KZG commitment.
const VERSION_KZG: u8 = 1;

/// The versioned hash by which transactions name the blob with this commitment (EIP-4844 `kzg_to_versioned_hash`).
pub fn versioned_hash(commitment: &[u8]) -> B256 {
    let mut hash: [u8; 32] = Sha256::digest(commitment).into();
    hash[0] = VERSION_KZG;
    B256::new(hash)
}

/// Why a blob isn't what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// Not 131072 bytes, or more than that where zeros at the end may be left out.
    #[error("the blob has a wrong length")]
    Length,
    /// A field element is not below the field's order.
    #[error("field element {0} of the blob is not canonical")]
    NotCanonical(usize),
    /// The point to evaluate it at is not below the field's order.
    #[error("the evaluation point is not canonical")]
    Point,
    /// A weight is not below the field's order.
    #[error("a weight is not canonical")]
    Weight,
    /// The proof doesn't show that the data has this commitment.
    #[error("KZG proof does not hold")]
    Proof,
}

/// A blob with its commitment and the proof that both belong together.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob {
    /// KZG commitment to the data, a compressed point of G1.
    pub commitment: [u8; 48],
    /// Blob proof (EIP-4844 `compute_blob_kzg_proof`), a compressed point of G1.
    pub proof: [u8; 48],
    /// The blob's bytes without trailing zeros, at most 131072. Most blobs are nearly empty.
    pub data: Bytes,
}

impl Blob {
    /// The hash by which transactions name this blob.
    pub fn versioned_hash(&self) -> B256 {
        versioned_hash(&self.commitment)
    }

    /// All 131072 bytes.
    pub fn to_bytes(&self) -> Bytes {
        let mut bytes = vec![0; BLOB_BYTES.max(self.data.len())];
        bytes[..self.data.len()].copy_from_slice(&self.data);
        bytes.into()
    }

    /// Field element `index`, zero beyond the data.
    pub fn element(&self, index: usize) -> [u8; 32] {
        let mut element = [0; 32];
        let start = index.saturating_mul(32).min(self.data.len());
        let bytes = &self.data[start..self.data.len().min(start + 32)];
        element[..bytes.len()].copy_from_slice(bytes);
        element
    }

    /// Checks that the commitment commits to the data (EIP-4844 `verify_blob_kzg_proof`).
    ///
    /// Everything but the pairing happens here: `pairing` gets commitment, evaluation point, value and proof and says
    /// whether the proof shows that the committed polynomial has that value at that point (`verify_kzg_proof`).
    ///
    /// # Errors
    /// The first thing that is wrong; no panic whatever the bytes.
    pub fn verify(
        &self,
        pairing: impl FnOnce(&[u8; 48], &[u8; 32], &[u8; 32], &[u8; 48]) -> bool,
    ) -> Result<(), BlobError> {
        if self.data.len() > BLOB_BYTES {
            return Err(BlobError::Length);
        }
        let point = self.challenge();
        let value = value_at(&self.data, point)?;
        let holds = pairing(&self.commitment, &point.to_be_bytes(), &value.to_be_bytes(), &self.proof);
        if holds { Ok(()) } else { Err(BlobError::Proof) }
    }

    /// The evaluation point that nobody could choose: a hash of data and commitment (EIP-4844 `compute_challenge`).
    fn challenge(&self) -> U256 {
        const ZEROS: [u8; 4096] = [0; 4096];
        let mut hasher = Sha256::new();
        hasher.update(b"FSBLOBVERIFY_V1_");
        hasher.update((FIELD_ELEMENTS as u128).to_be_bytes());
        hasher.update(&self.data);
        let mut missing = BLOB_BYTES - self.data.len();
        while missing > 0 {
            let some = missing.min(ZEROS.len());
            hasher.update(&ZEROS[..some]);
            missing -= some;
        }
        hasher.update(self.commitment);
        U256::from_be_bytes::<32>(hasher.finalize().into()).reduce_mod(MODULUS)
    }
}

/// The value at `point` of the polynomial that a blob's field elements are values of, at any point of the field: at the
/// 4096 roots of unity it is the element itself. All numbers are big-endian; `data` may lack zeros at the end.
///
/// # Errors
/// Where the data is too long, or an element or the point is not below the field's order.
pub fn evaluate(data: &[u8], point: &[u8; 32]) -> Result<[u8; 32], BlobError> {
    let point = canonical(point).ok_or(BlobError::Point)?;
    value_at(data, point).map(|value| value.to_be_bytes())
}

/// The sum of blobs, each multiplied by a weight, as field elements: what a sum of their commitments, weighted likewise,
/// commits to. Blobs may lack zeros at the end, and so does the sum. Weights are big-endian.
///
/// # Errors
/// Where data is too long, or an element or a weight is not below the field's order.
pub fn weighted_sum<'a>(blobs: impl IntoIterator<Item = (&'a [u8], &'a [u8; 32])>) -> Result<Vec<U256>, BlobError> {
    let mut sum = Vec::new();
    for (data, weight) in blobs {
        if data.len() > BLOB_BYTES {
            return Err(BlobError::Length);
        }
        let weight = montgomery(canonical(weight).ok_or(BlobError::Weight)?);
        sum.resize(sum.len().max(data.len().div_ceil(32)), U256::ZERO);
        for (index, (bytes, sum)) in data.chunks(32).zip(&mut sum).enumerate() {
            *sum = field::add_product(*sum, element(index, bytes)?, weight);
        }
    }
    Ok(sum)
}

/// The value at `point` of the polynomial that is given by field elements, as [`weighted_sum`] makes them. Big-endian.
///
/// # Errors
/// Where the point is not below the field's order.
pub fn evaluate_elements(elements: Vec<U256>, point: &[u8; 32]) -> Result<[u8; 32], BlobError> {
    let point = canonical(point).ok_or(BlobError::Point)?;
    Ok(field::evaluate(elements, montgomery(point)).to_be_bytes())
}

/// Field element `index` of a blob, of which these are the bytes; fewer than 32 at the data's end.
fn element(index: usize, bytes: &[u8]) -> Result<U256, BlobError> {
    let element = match bytes.first_chunk() {
        Some(whole) => canonical(whole),
        None => {
            let mut element = [0; 32];
            element[..bytes.len()].copy_from_slice(bytes);
            canonical(&element)
        }
    };
    element.ok_or(BlobError::NotCanonical(index))
}

/// A number, big-endian, that is below the field's order.
fn canonical(bytes: &[u8; 32]) -> Option<U256> {
    Some(U256::from_be_bytes(*bytes)).filter(|number| *number < MODULUS)
}

/// The polynomial's value at `z` (EIP-4844 `evaluate_polynomial_in_evaluation_form`). Only the elements that there are
/// cost something: those beyond the data are zero.
fn value_at(data: &[u8], z: U256) -> Result<U256, BlobError> {
    if data.len() > BLOB_BYTES {
        return Err(BlobError::Length);
    }
    let values = data.chunks(32).enumerate().map(|(index, bytes)| element(index, bytes)).collect::<Result<_, _>>()?;
    Ok(field::evaluate(values, montgomery(z)))
}

impl core::fmt::Debug for Blob {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Blob {{ commitment: 0x{}, {} bytes }}", hex::encode(self.commitment), self.data.len())
    }
}
