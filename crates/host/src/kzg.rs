//! KZG commitments and proofs of blobs (EIP-4844), natively.
//!
//! Checking a proof takes one pairing and two constants. Making commitments and proofs takes the trusted setup's points,
//! which lie here ready for use: c-kzg needs over a second of every process to make its own of them, more than most
//! claims cost. The tests hold all of it to c-kzg.

use alloy_primitives::{Bytes, Keccak256, hex};
use blstrs::{Bls12, G1Affine, G1Projective, G2Affine, G2Prepared, Scalar};
use kohala_preimage::{BLOB_BYTES, Blob, BlobError, BlobKeys, evaluate};
use pairing::{
    MillerLoopResult, MultiMillerLoop,
    group::{
        Curve, Group,
        ff::{BatchInverter, Field},
        prime::PrimeCurveAffine,
    },
};
use std::sync::LazyLock;

/// The trusted setup's secret times the generator of G2, compressed.
const TAU_G2: [u8; 96] = hex!(
    "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2"
);

/// The trusted setup's points of G1 in Lagrange form, in the order of a blob's elements, uncompressed: point `i` is the
/// commitment to the blob whose element `i` is one and all others zero. `cargo xtask kzg` makes the file.
static LAGRANGE: &[u8] = include_bytes!("kzg_lagrange.bin");

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

/// The same of the sum of polynomials, each with the number that it is multiplied by.
pub fn verify_sum(sum: &[([u8; 48], [u8; 32])], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> bool {
    let term = |(commitment, weight): &([u8; 48], [u8; 32])| {
        let point = G1Projective::from(Option::<G1Affine>::from(G1Affine::from_compressed(commitment))?);
        Some((point, Option::<Scalar>::from(Scalar::from_bytes_be(weight))?))
    };
    let Some((points, weights)) = sum.iter().map(term).collect::<Option<(Vec<_>, Vec<_>)>>() else { return false };
    let commitment = G1Projective::multi_exp(&points, &weights).to_affine().to_compressed();
    verify_proof(&commitment, point, value, proof)
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

/// The commitment to a blob's bytes (EIP-4844 `blob_to_kzg_commitment`).
///
/// # Errors
/// Where there are not 131072 bytes, or a field element is not canonical.
pub fn commitment(bytes: &[u8]) -> Result<[u8; 48], BlobError> {
    Ok(commit(&elements(bytes)?).to_compressed())
}

/// Makes a blob out of its 131072 bytes: commitment, proof (EIP-4844 `compute_blob_kzg_proof`), and the data without
/// trailing zeros.
///
/// # Errors
/// As [`commitment`].
pub fn blob(bytes: &[u8]) -> Result<Blob, BlobError> {
    let values = elements(bytes)?;
    let len = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let (commitment, data) = (commit(&values).to_compressed(), Bytes::copy_from_slice(&bytes[..len]));
    let mut blob = Blob { commitment, proof: [0; 48], data };
    let mut opened = None;
    // Nothing is checked here: it is where a proof has to open the polynomial that is asked for.
    let _ = blob.verify(|_, point, value, _| {
        opened = Option::from(Scalar::from_bytes_be(point)).zip(Option::from(Scalar::from_bytes_be(value)));
        true
    });
    let (point, value) = opened.ok_or(BlobError::Proof)?;
    blob.proof = commit(&quotient(&values, point, value).ok_or(BlobError::Proof)?).to_compressed();
    Ok(blob)
}

/// What a blob's polynomial is at one point, and what proves it to L1's point evaluation precompile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluation {
    /// The value, a field element.
    pub value: [u8; 32],
    /// KZG proof of it, a compressed point of G1.
    pub proof: [u8; 48],
}

/// Opens a blob at any point of the field (EIP-4844 `compute_kzg_proof`), of its 131072 bytes.
///
/// # Errors
/// As [`commitment`], and where the point is not below the field's order.
pub fn open(bytes: &[u8], point: &[u8; 32]) -> Result<Evaluation, BlobError> {
    let values = elements(bytes)?;
    let value = evaluate(bytes, point)?;
    let scalar = |bytes| Option::from(Scalar::from_bytes_be(bytes)).ok_or(BlobError::Point);
    let quotient = quotient(&values, scalar(point)?, scalar(&value)?).ok_or(BlobError::Point)?;
    Ok(Evaluation { value, proof: commit(&quotient).to_compressed() })
}

/// The field elements of a blob.
fn elements(bytes: &[u8]) -> Result<Vec<Scalar>, BlobError> {
    if bytes.len() != BLOB_BYTES {
        return Err(BlobError::Length);
    }
    let elements = bytes.as_chunks::<32>().0.iter().enumerate();
    let scalar = |(index, element)| Option::from(Scalar::from_bytes_be(element)).ok_or(BlobError::NotCanonical(index));
    elements.map(scalar).collect()
}

/// The commitment to the polynomial with these values at the roots of unity. Costs as much as there are values other
/// than zero: most blobs are nearly empty.
fn commit(values: &[Scalar]) -> G1Affine {
    let terms = LAGRANGE.as_chunks::<96>().0.iter().zip(values).filter(|(_, value)| !bool::from(value.is_zero()));
    let (points, scalars): (Vec<G1Projective>, Vec<Scalar>) = terms
        .filter_map(|(point, value)| {
            Some((Option::<G1Affine>::from(G1Affine::from_uncompressed_unchecked(point))?, value))
        })
        .map(|(point, value)| (G1Projective::from(point), *value))
        .unzip();
    match points.is_empty() {
        true => G1Affine::identity(),
        false => G1Projective::multi_exp(&points, &scalars).to_affine(),
    }
}

/// The values at the roots of unity of `q = (p - y) / (X - z)`, where `y` is `p`'s value at `z`.
///
/// At `z` itself, if it is such a root, that says nothing. There `q` follows from its degree, which is below 4095: so the
/// sum of `q(w) · w` over all roots `w` is zero.
fn quotient(values: &[Scalar], point: Scalar, value: Scalar) -> Option<Vec<Scalar>> {
    // The preimage of a blob key ends with its root.
    let roots = BlobKeys::new([0; 48]).map(|(_, preimage)| preimage);
    let roots = roots.map(|preimage| Option::from(Scalar::from_bytes_be(preimage.last_chunk()?)));
    let roots = roots.collect::<Option<Vec<Scalar>>>()?;
    let mut divisors: Vec<_> = roots.iter().map(|root| root - point).collect();
    let mut scratch = vec![Scalar::ZERO; divisors.len()];
    // Leaves a zero as it is.
    BatchInverter::invert_with_external_scratch(&mut divisors, &mut scratch);
    let mut quotient: Vec<_> = values.iter().zip(divisors).map(|(one, inverse)| (*one - value) * inverse).collect();
    if let Some(place) = roots.iter().position(|root| *root == point) {
        let sum: Scalar = quotient.iter().zip(&roots).map(|(one, root)| *one * root).sum();
        quotient[place] = -sum * Option::<Scalar>::from(point.invert())?;
    }
    Some(quotient)
}
