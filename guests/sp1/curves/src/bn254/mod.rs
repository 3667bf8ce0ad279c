//! BN254: the precompiles of EIP-196 and EIP-197, as revm's `Crypto` has them.

mod curve;

use crate::{
    field::{from_be_bytes, words_of_be_bytes},
    group::{Group, weighted_sum},
    quadratic::Quadratic,
};
use alloc::vec::Vec;
use ark_bn254::FqConfig;
use curve::{Fq, G1, PointOfG2, WORDS};
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
    sum.add(&read_g1(b)?);
    Ok(g1_bytes(&sum))
}

/// A point of 64 bytes times a factor of 32 bytes.
///
/// # Errors
///
/// As of [`bn254_g1_add`].
pub fn bn254_g1_mul(point: &[u8], scalar: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
    Ok(g1_bytes(&weighted_sum(&[(read_g1(point)?, words_of_be_bytes(scalar))])))
}

/// Whether the product of the pairings of points of G1, of 64 bytes, with points of G2, of 128 bytes, is one.
///
/// # Errors
///
/// As of [`bn254_g1_add`]; [`PrecompileHalt::Bn254AffineGFailedToCreate`] for a point of the twist outside G2, too.
pub fn bn254_pairing_check(pairs: &[(&[u8], &[u8])]) -> Result<bool, PrecompileHalt> {
    let mut finite = Vec::with_capacity(pairs.len());
    for (a, b) in pairs {
        if let (Some(a), Some(b)) = (read_g1(a)?.0, read_g2(b)?) {
            finite.push((a, b));
        }
    }
    Ok(finite.is_empty() || curve::is_product_one(&finite))
}

fn read_element(bytes: &[u8]) -> Result<Fq, PrecompileHalt> {
    from_be_bytes(bytes).ok_or(PrecompileHalt::Bn254FieldPointNotAMember)
}

/// The coefficient of u comes first.
fn read_quadratic(bytes: &[u8]) -> Result<Quadratic<FqConfig, WORDS>, PrecompileHalt> {
    let c1 = read_element(&bytes[..ELEMENT])?;
    Ok(Quadratic::new(read_element(&bytes[ELEMENT..2 * ELEMENT])?, c1))
}

/// Zeros are infinity.
fn read_g1(bytes: &[u8]) -> Result<G1, PrecompileHalt> {
    let x = read_element(&bytes[..ELEMENT])?;
    let y = read_element(&bytes[ELEMENT..2 * ELEMENT])?;
    G1::on_curve(&x, &y, &curve::B).ok_or(PrecompileHalt::Bn254AffineGFailedToCreate)
}

/// `None` is infinity, of which the bytes are zeros.
fn read_g2(bytes: &[u8]) -> Result<Option<PointOfG2>, PrecompileHalt> {
    let x = read_quadratic(&bytes[..2 * ELEMENT])?;
    let y = read_quadratic(&bytes[2 * ELEMENT..4 * ELEMENT])?;
    if x.is_zero() && y.is_zero() {
        return Ok(None);
    }
    let point = PointOfG2 { x, y };
    if !point.is_on_curve() || !curve::is_in_g2(&point) {
        return Err(PrecompileHalt::Bn254AffineGFailedToCreate);
    }
    Ok(Some(point))
}

fn g1_bytes(point: &G1) -> [u8; 64] {
    let mut bytes = [0; 64];
    point.write(&mut bytes);
    bytes
}
