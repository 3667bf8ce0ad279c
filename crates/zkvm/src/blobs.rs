//! All blobs of a witness checked at once.
//!
//! A blob's commitment is fixed by its versioned hash on L1. That the data is what is committed to, one proof shows for all
//! blobs together: the sum of their polynomials, weighted by numbers that nobody could foresee, is opened at one point that
//! nobody could foresee. Were one blob's data another, the sum would have that value at that point with a chance below
//! `(blobs + 4096) / 2^128`. It takes one pairing, and one evaluation of one polynomial.

use crate::Machine;
use alloc::vec::Vec;
use alloy_primitives::{Bytes, U256, keccak256};
use kohala_preimage::{BlobError, evaluate_elements, weighted_sum};

/// A commitment and the number that it is multiplied by, big-endian.
pub type Weighted = ([u8; 48], [u8; 32]);

/// A blob of a witness.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    /// KZG commitment, a compressed point.
    pub(crate) commitment: [u8; 48],
    /// Its bytes without zeros at the end.
    pub(crate) data: Bytes,
}

/// What begins the hash that weights and point come from.
const DOMAIN: &[u8] = b"kohala blobs 1";

/// Where, and weighted how, blobs are opened.
pub(crate) struct Challenge {
    pub(crate) sum: Vec<Weighted>,
    pub(crate) point: [u8; 32],
}

impl Challenge {
    /// The challenge to these blobs, which follows from every byte of them.
    pub(crate) fn to(blobs: &[Blob]) -> Self {
        let mut transcript = Vec::from(DOMAIN);
        for Blob { commitment, data } in blobs {
            transcript.extend_from_slice(commitment);
            transcript.extend_from_slice(&(data.len() as u64).to_be_bytes());
            transcript.extend_from_slice(keccak256(data).as_slice());
        }
        let seed = keccak256(transcript);
        let draw = |index: u64| keccak256([seed.as_slice(), &index.to_be_bytes()].concat()).0;
        let weight = |index: usize| match index {
            // The first needs none: what counts is their ratios.
            0 => U256::ONE.to_be_bytes(),
            // Half as long as a field element is safe enough, and half the work.
            _ => {
                let mut weight = draw(index as u64);
                weight[..16].fill(0);
                weight
            }
        };
        let sum = blobs.iter().enumerate().map(|(index, blob)| (blob.commitment, weight(index))).collect();
        let mut point = draw(0);
        // Below the field's order, which is above 2^254.
        point[0] &= 0x3f;
        Self { sum, point }
    }

    /// The weighted sum of the blobs' field elements.
    pub(crate) fn elements(&self, blobs: &[Blob]) -> Result<Vec<U256>, BlobError> {
        weighted_sum(blobs.iter().zip(&self.sum).map(|(blob, (_, weight))| (&blob.data[..], weight)))
    }
}

/// Checks that the blobs are what their commitments commit to; `proof` opens them.
pub(crate) fn verify<M: Machine>(blobs: &[Blob], proof: &[u8; 48]) -> Result<(), BlobError> {
    let challenge = Challenge::to(blobs);
    let value = evaluate_elements(challenge.elements(blobs)?, &challenge.point)?;
    if M::opens(&challenge.sum, &challenge.point, &value, proof) { Ok(()) } else { Err(BlobError::Proof) }
}
