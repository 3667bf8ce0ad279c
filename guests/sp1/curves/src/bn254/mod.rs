//! BN254: the precompiles of EIP-196 and EIP-197, as revm's `Crypto` has them.

mod curve;

use crate::{
    field::{from_be_bytes, words_of_be_bytes, write_be_bytes},
    g1::{self, Sum},
    precompiles::Point,
};
use alloc::vec::Vec;
use ark_bn254::FqConfig;
use ark_ec::{
    AffineRepr,
    pairing::Pairing,
    short_weierstrass::{Affine, SWCurveConfig},
};
use ark_ff::{One, Zero};
use curve::{Bn254, Fq, Fq2, G1, G2, WORDS};
use revm_precompile::PrecompileHalt;

/// Bytes of an element.
const ELEMENT: usize = 32;

/// The sum of two points of 64 bytes.
///
/// # Errors
///
/// [`PrecompileHalt::Bn254FieldPointNotAMember`] for a coordinate that is not below the modulus,
/// [`PrecompileHalt::Bn254AffineGFailedToCreate`] for a point off the curve.
pub fn bn254_g1_add(a: &[u8], b: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
    let mut sum = read_g1(a)?;
    if let Some(b) = read_g1(b)? {
        g1::add::<FqConfig, WORDS>(&mut sum, &b);
    }
    Ok(g1_bytes(&sum))
}

/// A point of 64 bytes times a factor of 32 bytes.
///
/// # Errors
///
/// As of [`bn254_g1_add`].
pub fn bn254_g1_mul(point: &[u8], scalar: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
    let product = read_g1(point)?
        .and_then(|point| g1::weighted_sum::<FqConfig, WORDS>(&[(point, words_of_be_bytes(scalar))]));
    Ok(g1_bytes(&product))
}

/// Whether the product of the pairings of points of G1, of 64 bytes, with points of G2, of 128 bytes, is one.
///
/// # Errors
///
/// As of [`bn254_g1_add`]; [`PrecompileHalt::Bn254AffineGFailedToCreate`] for a point of the twist outside G2, too.
pub fn bn254_pairing_check(pairs: &[(&[u8], &[u8])]) -> Result<bool, PrecompileHalt> {
    let (mut a, mut b) = (Vec::with_capacity(pairs.len()), Vec::with_capacity(pairs.len()));
    for (point, twisted) in pairs {
        let (point, twisted) = (read_g1(point)?, read_g2(twisted)?);
        if let Some(point) = point && !twisted.is_zero() {
            let (x, y) = point.coordinates::<FqConfig>();
            a.push(Affine::<G1>::new_unchecked(x, y));
            b.push(twisted);
        }
    }
    Ok(Bn254::multi_pairing(a, b).0.is_one())
}

fn read_element(bytes: &[u8]) -> Result<Fq, PrecompileHalt> {
    from_be_bytes(bytes).ok_or(PrecompileHalt::Bn254FieldPointNotAMember)
}

/// The coefficient of u comes first.
fn read_element2(bytes: &[u8]) -> Result<Fq2, PrecompileHalt> {
    let c1 = read_element(&bytes[..ELEMENT])?;
    Ok(Fq2::new(read_element(&bytes[ELEMENT..2 * ELEMENT])?, c1))
}

/// Zeros are infinity. The curve's order is prime: what is on it is in G1.
fn read_g1(bytes: &[u8]) -> Result<Sum<WORDS>, PrecompileHalt> {
    let x = read_element(&bytes[..ELEMENT])?;
    let y = read_element(&bytes[ELEMENT..2 * ELEMENT])?;
    if x.is_zero() && y.is_zero() {
        Ok(None)
    } else if g1::is_on_curve(&x, &y, &G1::COEFF_B) {
        Ok(Some(Point::new(x, y)))
    } else {
        Err(PrecompileHalt::Bn254AffineGFailedToCreate)
    }
}

/// Zeros are infinity.
fn read_g2(bytes: &[u8]) -> Result<Affine<G2>, PrecompileHalt> {
    let x = read_element2(&bytes[..2 * ELEMENT])?;
    let y = read_element2(&bytes[2 * ELEMENT..4 * ELEMENT])?;
    if x.is_zero() && y.is_zero() {
        return Ok(Affine::zero());
    }
    let point = Affine::<G2>::new_unchecked(x, y);
    if !point.is_on_curve() || !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(PrecompileHalt::Bn254AffineGFailedToCreate);
    }
    Ok(point)
}

fn g1_bytes(point: &Sum<WORDS>) -> [u8; 64] {
    let mut bytes = [0; 64];
    if let Some(point) = point {
        write_be_bytes(&point.x, &mut bytes[..ELEMENT]);
        write_be_bytes(&point.y, &mut bytes[ELEMENT..]);
    }
    bytes
}
