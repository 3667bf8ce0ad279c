//! KZG proofs over BLS12-381, with the trusted setup of Ethereum's ceremony (EIP-4844).

use crate::{
    bls12_381::curve::{self, Bls12_381, Fq, Fq2, G1, G2, WORDS, is_in_g1},
    field::{element, from_be_bytes, words_of_be_bytes},
    g1::{self, Sum},
    precompiles::Point,
};
use alloc::vec::Vec;
use ark_bls12_381::{Fr, FqConfig};
use ark_ec::{
    pairing::Pairing,
    short_weierstrass::{Affine, SWCurveConfig},
};
use ark_ff::{BigInt, Field, One, PrimeField};
use revm_precompile::PrecompileHalt;

/// Whether the polynomial that `commitment` commits to has the value `y` at `z`, both big-endian.
///
/// # Errors
///
/// [`PrecompileHalt::BlobVerifyKzgProofFailed`] if it hasn't, or the proof doesn't show it, or anything is not in canonical form.
pub fn verify_kzg_proof(
    z: &[u8; 32],
    y: &[u8; 32],
    commitment: &[u8; 48],
    proof: &[u8; 48],
) -> Result<(), PrecompileHalt> {
    let mut one = [0; 32];
    one[31] = 1;
    opens(&[(*commitment, one)], z, y, proof).then_some(()).ok_or(PrecompileHalt::BlobVerifyKzgProofFailed)
}

/// Whether a sum of polynomials, each times a weight, has the value `value` at `point`, as `proof` shows: a proof for the
/// sum of the commitments, each times its weight. Integers are big-endian.
///
/// Checked by e(Σ wᵢCᵢ - value·G1 + point·proof, -G2) · e(proof, τ·G2) = 1. False, too, if a commitment or the proof is not the compressed form
/// of a point of G1, or an integer is not below G1's order.
pub fn opens(
    commitments: &[([u8; 48], [u8; 32])],
    point: &[u8; 32],
    value: &[u8; 32],
    proof: &[u8; 48],
) -> bool {
    opening(commitments, point, value, proof).unwrap_or(false)
}

/// [`opens`]: `None` if anything is not in canonical form.
fn opening(
    commitments: &[([u8; 48], [u8; 32])],
    point: &[u8; 32],
    value: &[u8; 32],
    proof: &[u8; 48],
) -> Option<bool> {
    let proof = read_compressed(proof)?;
    let mut terms = Vec::with_capacity(commitments.len() + 2);
    for (commitment, weight) in commitments {
        let weight = read_scalar(weight)?;
        terms.extend(read_compressed(commitment)?.map(|commitment| (commitment, weight)));
    }
    let point = read_scalar(point)?;
    terms.extend(proof.map(|proof| (proof, point)));
    let generator = Point::new::<FqConfig>(G1::GENERATOR.x, G1::GENERATOR.y);
    terms.push((generator.opposite::<FqConfig>(), read_scalar(value)?));
    let sum = g1::weighted_sum::<FqConfig, WORDS>(&terms);
    let product = Bls12_381::multi_pairing([curve::affine(&sum), curve::affine(&proof)], [-G2::GENERATOR, TAU]);
    Some(product.0.is_one())
}

/// τ·G2 of the trusted setup.
const TAU: Affine<G2> = Affine::new_unchecked(
    Fq2::new(
        element([
            0xc98edada20c1def2,
            0x087041de621000ed,
            0xa36851477ba4c60b,
            0x3926c911cceceac9,
            0x734429b7b38608e2,
            0x185cbfee53492714,
        ]),
        element([
            0xafaaab24f3499f72,
            0x2914e5870cb452d2,
            0x1009a2ce615ac53d,
            0x26187075cbfbefa8,
            0x843bc287230af389,
            0x15bfd7dd8cdeb128,
        ]),
    ),
    Fq2::new(
        element([
            0xee689bfbbb832a99,
            0x4ce26d105941f383,
            0xe82451a496a9c979,
            0x131569490e28de18,
            0xd7d5ee8599d1fca2,
            0x014353bdb96b626d,
        ]),
        element([
            0x23048ef30d0a154f,
            0x9495346f3d7ac9cd,
            0xda5ed1ba9bfa0789,
            0xef79de09fc63671f,
            0x03432fcae0181b4b,
            0x1666c54b0a325295,
        ]),
    ),
);

/// A big-endian integer below G1's order.
fn read_scalar(bytes: &[u8; 32]) -> Option<[u64; 4]> {
    let words = words_of_be_bytes(bytes);
    (BigInt(words) < Fr::MODULUS).then_some(words)
}

/// A point of G1 in compressed form: the first coordinate, big-endian, with three flags in its highest bits: compressed, infinity, and
/// the greater of two second coordinates. The outer option says whether the form is right.
fn read_compressed(bytes: &[u8; 48]) -> Option<Sum<WORDS>> {
    let flags = bytes[0] >> 5;
    let mut bytes = *bytes;
    bytes[0] &= 0b0001_1111;
    match flags {
        0b110 if bytes == [0; 48] => Some(None),
        0b100 | 0b101 => {
            let x: Fq = from_be_bytes(&bytes)?;
            let y = (x.square() * x + G1::COEFF_B).sqrt()?;
            let point = Point::new::<FqConfig>(x, y);
            let opposite = point.opposite::<FqConfig>();
            let is_greater = BigInt(point.y) > BigInt(opposite.y);
            let point = if is_greater == (flags == 0b101) { point } else { opposite };
            is_in_g1(&point).then_some(Some(point))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::AffineRepr;
    use revm_precompile::bls12_381_const::TRUSTED_SETUP_TAU_G2_BYTES;

    /// The compressed form names one of two points of the twist: this one.
    #[test]
    fn tau_is_the_trusted_setups() {
        let bytes: [&[u8; 48]; 2] =
            [&TRUSTED_SETUP_TAU_G2_BYTES[..48], &TRUSTED_SETUP_TAU_G2_BYTES[48..]].map(|half| half.try_into().unwrap());
        let mut c1 = *bytes[0];
        assert_eq!(c1[0] >> 5, 0b101);
        c1[0] &= 0b0001_1111;
        assert_eq!(TAU.x, Fq2::new(from_be_bytes(bytes[1]).unwrap(), from_be_bytes(&c1).unwrap()));
        assert!(TAU.is_on_curve() && TAU.y > -TAU.y);
        assert!(TAU.is_in_correct_subgroup_assuming_on_curve() && !TAU.is_zero());
    }
}
