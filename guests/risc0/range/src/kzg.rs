//! KZG proofs of weighted sums of polynomials, by revm's software and arkworks'.

use ark_bls12_381::{Fr, G1Affine, G1Projective};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{BigInt, PrimeField};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use kohala_zkvm::Weighted;
use revm::precompile::crypto;

/// What [`Machine::opens`](kohala_zkvm::Machine::opens) says.
pub(crate) fn opens(sum: &[Weighted], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> bool {
    commitment(sum).is_some_and(|commitment| crypto().verify_kzg_proof(point, value, &commitment, proof).is_ok())
}

/// The commitment to the sum, a compressed point; `None` if a commitment is no point of the group, or a weight no field
/// element.
fn commitment(sum: &[Weighted]) -> Option<[u8; 48]> {
    let mut commitment = G1Projective::default();
    for (term, weight) in sum {
        let term = G1Affine::deserialize_compressed(&term[..]).ok()?;
        commitment += G1Projective::from(term).mul_bigint(scalar(weight)?.into_bigint());
    }
    let mut bytes = [0; 48];
    commitment.into_affine().serialize_compressed(&mut bytes[..]).ok()?;
    Some(bytes)
}

/// The field element with these bytes, the most significant first; `None` if they aren't below the order.
fn scalar(bytes: &[u8; 32]) -> Option<Fr> {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().rev().zip(bytes.as_chunks().0) {
        *limb = u64::from_be_bytes(*bytes);
    }
    Fr::from_bigint(BigInt(limbs))
}
