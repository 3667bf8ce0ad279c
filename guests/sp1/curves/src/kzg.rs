//! KZG proofs over BLS12-381, with the trusted setup of Ethereum's ceremony (EIP-4844).

use crate::{
    bls12_381::curve::{B, Fq, G1, PointOfG2, WORDS, is_in_g1, is_product_one},
    field::{element, from_be_bytes, plain, words_of_be_bytes},
    group::{Group, weighted_sum},
    quadratic::Quadratic,
};
use alloc::vec::Vec;
use ark_bls12_381::{FqConfig, Fr, g1, g2};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{BigInt, Field, PrimeField};
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
pub fn opens(commitments: &[([u8; 48], [u8; 32])], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> bool {
    opening(commitments, point, value, proof).unwrap_or(false)
}

/// [`opens`]: `None` if anything is not in canonical form.
fn opening(commitments: &[([u8; 48], [u8; 32])], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> Option<bool> {
    let proof = read_compressed(proof)?;
    let mut terms = Vec::with_capacity(commitments.len() + 2);
    for (commitment, weight) in commitments {
        terms.push((read_compressed(commitment)?, read_scalar(weight)?));
    }
    terms.push((proof, read_scalar(point)?));
    terms.push((GENERATOR1.opposite(), read_scalar(value)?));
    let sum = weighted_sum(&terms);
    let pairs: Vec<_> =
        [(sum, GENERATOR2.opposite()), (proof, TAU)].into_iter().filter_map(|(a, b)| Some((a.0?, b))).collect();
    Some(pairs.is_empty() || is_product_one(&pairs))
}

const GENERATOR1: G1 = G1::new(&plain(&g1::Config::GENERATOR.x), &plain(&g1::Config::GENERATOR.y));

const GENERATOR2: PointOfG2 =
    PointOfG2 { x: Quadratic::plain(&g2::Config::GENERATOR.x), y: Quadratic::plain(&g2::Config::GENERATOR.y) };

/// τ·G2 of the trusted setup.
const TAU: PointOfG2 = PointOfG2 {
    x: Quadratic::<FqConfig, WORDS>::new(
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
    y: Quadratic::new(
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
};

/// A big-endian integer below G1's order.
fn read_scalar(bytes: &[u8; 32]) -> Option<[u64; 4]> {
    let words = words_of_be_bytes(bytes);
    (BigInt(words) < Fr::MODULUS).then_some(words)
}

/// A point of G1 in compressed form: the first coordinate, big-endian, with three flags in its highest bits: compressed, infinity, and
/// the greater of two second coordinates. The outer option says whether the form is right.
fn read_compressed(bytes: &[u8; 48]) -> Option<G1> {
    let flags = bytes[0] >> 5;
    let mut bytes = *bytes;
    bytes[0] &= 0b0001_1111;
    match flags {
        0b110 => (bytes == [0; 48]).then_some(G1::INFINITY),
        0b100 | 0b101 => {
            let x: Fq = from_be_bytes(&bytes)?;
            let y = (x.square() * x + B).sqrt()?;
            let is_greater = y > -y;
            let point = G1::new(&x, &if is_greater == (flags == 0b101) { y } else { -y });
            is_in_g1(&point).then_some(point)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bls12_381::curve::is_in_g2;
    use revm_precompile::bls12_381_const::TRUSTED_SETUP_TAU_G2_BYTES;

    /// The compressed form names one of two points of the twist: this one.
    #[test]
    fn tau_is_the_trusted_setups() {
        let (c1, c0) = TRUSTED_SETUP_TAU_G2_BYTES.split_at(48);
        let mut c1 = c1.to_vec();
        assert_eq!(c1[0] >> 5, 0b101);
        c1[0] &= 0b0001_1111;
        assert!(TAU.x == Quadratic::new(from_be_bytes(c0).unwrap(), from_be_bytes(&c1).unwrap()));
        assert!(TAU.is_on_curve() && is_in_g2(&TAU));
        let c1 = |y: &Quadratic<FqConfig, WORDS>| element::<FqConfig, WORDS>(y.0[1]);
        assert!(c1(&TAU.y) > -c1(&TAU.y));
    }
}
