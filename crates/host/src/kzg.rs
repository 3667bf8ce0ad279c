//! KZG commitments and proofs of blobs (EIP-4844), natively.
//!
//! Checking takes one pairing and two constants, so a run that only reads blobs never loads the trusted setup, which
//! costs more than most claims. Making commitments and proofs does load it: that happens when blobs are imported.

use alloy_primitives::{Keccak256, hex};
use blstrs::{Bls12, G1Affine, G1Projective, G2Affine, G2Prepared, Scalar};
use kohala_preimage::{BLOB_BYTES, Blob, BlobError};
use pairing::{
    MillerLoopResult, MultiMillerLoop,
    group::{Curve, Group, ff::Field, prime::PrimeCurveAffine},
};
use std::sync::LazyLock;

/// The trusted setup's secret times the generator of G2, compressed.
const TAU_G2: [u8; 96] = hex!(
    "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2"
);

/// Minus the generator of G2, and the secret times the generator: the only two points of G2 that a check needs, ready
/// for the pairing.
static G2: LazyLock<Option<(G2Prepared, G2Prepared)>> = LazyLock::new(|| {
    let tau = Option::<G2Affine>::from(G2Affine::from_compressed(&TAU_G2))?;
    Some(((-G2Affine::generator()).into(), tau.into()))
});

/// Whether `proof` shows that the polynomial behind `commitment` has the value `value` at `point`
/// (`verify_kzg_proof`). What is no point or no field element shows nothing.
pub fn verify_proof(commitment: &[u8; 48], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> bool {
    Opening::read(commitment, point, value, proof).is_some_and(|opening| hold(&[opening], Scalar::ONE))
}

/// The claim that the polynomial behind a commitment `C` has the value `y` at `z`, and its proof `π`.
struct Opening {
    commitment: G1Projective,
    point: Scalar,
    value: Scalar,
    proof: G1Projective,
}

impl Opening {
    fn read(commitment: &[u8; 48], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> Option<Self> {
        Some(Self {
            commitment: Option::<G1Affine>::from(G1Affine::from_compressed(commitment))?.into(),
            point: Option::from(Scalar::from_bytes_be(point))?,
            value: Option::from(Scalar::from_bytes_be(value))?,
            proof: Option::<G1Affine>::from(G1Affine::from_compressed(proof))?.into(),
        })
    }
}

/// Whether all openings hold. `weight` must be unforeseeable for who made them, unless there is only one.
///
/// For one opening the equation is `e(C - y, -1) · e(π, τ - z) = 1`, rearranged to `e(C - y + zπ, -1) · e(π, τ) = 1`: no
/// multiplication in G2, and both points there are known beforehand. Any number of openings is added up, each weighted
/// with another power of `weight`, and costs the same pairing.
fn hold(openings: &[Opening], weight: Scalar) -> bool {
    let Some((first, others)) = openings.split_first() else { return true };
    let Some((minus_one, tau)) = G2.as_ref() else { return false };
    // The first one's weight is one, which saves two multiplications; most calls have no others.
    let (mut left, mut right, mut value) = (first.commitment + first.proof * first.point, first.proof, first.value);
    if !others.is_empty() {
        let (mut points, mut scalars) = (Vec::new(), Vec::new());
        let (mut proofs, mut weights) = (Vec::new(), Vec::new());
        let mut power = weight;
        for opening in others {
            value += power * opening.value;
            points.extend([opening.commitment, opening.proof]);
            scalars.extend([power, power * opening.point]);
            proofs.push(opening.proof);
            weights.push(power);
            power *= weight;
        }
        left += G1Projective::multi_exp(&points, &scalars);
        right += G1Projective::multi_exp(&proofs, &weights);
    }
    left -= G1Projective::generator() * value;
    let loops = Bls12::multi_miller_loop(&[(&left.to_affine(), minus_one), (&right.to_affine(), tau)]);
    loops.final_exponentiation().is_identity().into()
}

/// Checks many blobs at once, at about a third of the price of each alone (EIP-4844 `verify_blob_kzg_proof_batch`).
///
/// # Errors
/// Where one of them is wrong, without saying which.
pub fn verify_all<'a>(blobs: impl IntoIterator<Item = &'a Blob>) -> Result<(), BlobError> {
    let mut openings = Vec::new();
    let mut transcript = Keccak256::new();
    for blob in blobs {
        blob.verify(|commitment, point, value, proof| {
            let parts: [&[u8]; 4] = [commitment, point, value, proof];
            parts.into_iter().for_each(|part| transcript.update(part));
            let opening = Opening::read(commitment, point, value, proof);
            let readable = opening.is_some();
            openings.extend(opening);
            readable
        })?;
    }
    // A hash of all that the makers of the blobs could choose, cut to the size of a field element.
    let mut weight = transcript.finalize().0;
    weight[0] &= 0x3f;
    let weight = Option::from(Scalar::from_bytes_be(&weight));
    if weight.is_some_and(|weight| hold(&openings, weight)) { Ok(()) } else { Err(BlobError::Proof) }
}

/// Checks a blob against its commitment by its proof.
///
/// # Errors
/// As [`Blob::verify`].
pub fn verify(blob: &Blob) -> Result<(), BlobError> {
    blob.verify(verify_proof)
}

/// The commitment to a blob's bytes. Loads the trusted setup.
///
/// # Errors
/// Where there are not 131072 bytes, or a field element is not canonical.
pub fn commitment(bytes: &[u8]) -> Result<[u8; 48], BlobError> {
    let (_, commitment) = commit(bytes)?;
    Ok(commitment)
}

/// Makes a blob out of its 131072 bytes: commitment, proof, and the data without trailing zeros. Loads the trusted
/// setup.
///
/// # Errors
/// As [`commitment`].
pub fn blob(bytes: &[u8]) -> Result<Blob, BlobError> {
    let (whole, commitment) = commit(bytes)?;
    let proof = c_kzg::ethereum_kzg_settings(0)
        .compute_blob_kzg_proof(&whole, &commitment.into())
        .map_err(|_| BlobError::Proof)?;
    let len = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    Ok(Blob { commitment, proof: proof.to_bytes().into_inner(), data: bytes[..len].to_vec().into() })
}

fn commit(bytes: &[u8]) -> Result<(Box<c_kzg::Blob>, [u8; 48]), BlobError> {
    if bytes.len() != BLOB_BYTES {
        return Err(BlobError::Length);
    }
    let whole = Box::new(c_kzg::Blob::from_bytes(bytes).map_err(|_| BlobError::Length)?);
    let (elements, _) = bytes.as_chunks::<32>();
    let canonical = |element| Option::<Scalar>::from(Scalar::from_bytes_be(element)).is_some();
    if let Some(index) = elements.iter().position(|element| !canonical(element)) {
        return Err(BlobError::NotCanonical(index));
    }
    let commitment = c_kzg::ethereum_kzg_settings(0).blob_to_kzg_commitment(&whole).map_err(|_| BlobError::Length)?;
    Ok((whole, commitment.to_bytes().into_inner()))
}
