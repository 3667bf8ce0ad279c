//! BLS12-381: the precompiles of EIP-2537, as revm's `Crypto` has them.

pub(crate) mod curve;
mod map;

use crate::{
    field::{from_be_bytes, words_of_be_bytes},
    group::{Group, weighted_sum},
    quadratic::Quadratic,
};
use alloc::vec::Vec;
use ark_bls12_381::FqConfig;
use curve::{Fq, G1, G2, PointOfG2, WORDS};
use revm_precompile::{
    PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
};

/// The sum of two points of the curve, in G1 or not.
///
/// # Errors
///
/// [`PrecompileHalt::NonCanonicalFp`] for a coordinate that is not below the modulus, [`PrecompileHalt::Bls12381G1NotOnCurve`] for
/// a point off the curve.
pub fn bls12_381_g1_add(a: G1Point, b: G1Point) -> Result<[u8; 96], PrecompileHalt> {
    let mut sum = read_curve(&a)?;
    sum.add(&read_curve(&b)?);
    Ok(g1_bytes(&sum))
}

/// The sum of points of G1, each times a factor.
///
/// # Errors
///
/// As of [`bls12_381_g1_add`]; [`PrecompileHalt::Bls12381G1NotInSubgroup`] for a point of the curve outside G1; and what the
/// iterator says.
pub fn bls12_381_g1_msm(
    pairs: &mut dyn Iterator<Item = Result<G1PointScalar, PrecompileHalt>>,
) -> Result<[u8; 96], PrecompileHalt> {
    let mut terms = Vec::with_capacity(pairs.size_hint().0);
    for pair in pairs {
        let (point, scalar) = pair?;
        terms.push((read_g1(&point)?, words_of_be_bytes(&scalar)));
    }
    Ok(g1_bytes(&weighted_sum(&terms)))
}

/// The sum of two points of the twist, in G2 or not.
///
/// # Errors
///
/// [`PrecompileHalt::NonCanonicalFp`] for a coordinate that is not below the modulus, [`PrecompileHalt::Bls12381G2NotOnCurve`] for
/// a point off the twist.
pub fn bls12_381_g2_add(a: G2Point, b: G2Point) -> Result<[u8; 192], PrecompileHalt> {
    let mut sum = G2::from(read_twist(&a)?);
    sum.add(&read_twist(&b)?.into());
    Ok(g2_bytes(&sum))
}

/// The sum of points of G2, each times a factor.
///
/// # Errors
///
/// As of [`bls12_381_g2_add`]; [`PrecompileHalt::Bls12381G2NotInSubgroup`] for a point of the twist outside G2; and what the
/// iterator says.
pub fn bls12_381_g2_msm(
    pairs: &mut dyn Iterator<Item = Result<G2PointScalar, PrecompileHalt>>,
) -> Result<[u8; 192], PrecompileHalt> {
    let mut terms = Vec::with_capacity(pairs.size_hint().0);
    for pair in pairs {
        let (point, scalar) = pair?;
        terms.push((G2::from(read_g2(&point)?), words_of_be_bytes(&scalar)));
    }
    Ok(g2_bytes(&weighted_sum(&terms)))
}

/// Whether the product of the pairings of points of G1 with points of G2 is one.
///
/// # Errors
///
/// As of [`bls12_381_g1_msm`] and [`bls12_381_g2_msm`].
pub fn bls12_381_pairing_check(pairs: &[(G1Point, G2Point)]) -> Result<bool, PrecompileHalt> {
    let mut finite = Vec::with_capacity(pairs.len());
    for (a, b) in pairs {
        if let (Some(a), Some(b)) = (read_g1(a)?.0, read_g2(b)?) {
            finite.push((a, b));
        }
    }
    Ok(finite.is_empty() || curve::is_product_one(&finite))
}

/// Maps an element to G1.
///
/// # Errors
///
/// [`PrecompileHalt::NonCanonicalFp`] for an element that is not below the modulus.
pub fn bls12_381_fp_to_g1(element: &[u8; 48]) -> Result<[u8; 96], PrecompileHalt> {
    let point = map::map_to_curve(read_element(element)?);
    Ok(g1_bytes(&curve::clear_cofactor1(&point)))
}

/// Maps an element of the quadratic extension to G2.
///
/// # Errors
///
/// As of [`bls12_381_fp_to_g1`].
pub fn bls12_381_fp2_to_g2((c0, c1): ([u8; 48], [u8; 48])) -> Result<[u8; 192], PrecompileHalt> {
    let point = map::map_to_twist(read_element(&c0)?, read_element(&c1)?);
    Ok(g2_bytes(&curve::clear_cofactor2(&Some(point).into())))
}

fn read_element(bytes: &[u8; 48]) -> Result<Fq, PrecompileHalt> {
    from_be_bytes(bytes).ok_or(PrecompileHalt::NonCanonicalFp)
}

/// A point of the curve. Zeros are infinity.
fn read_curve((x, y): &G1Point) -> Result<G1, PrecompileHalt> {
    let (x, y) = (read_element(x)?, read_element(y)?);
    G1::on_curve(&x, &y, &curve::B).ok_or(PrecompileHalt::Bls12381G1NotOnCurve)
}

/// A point of G1. Zeros are infinity.
fn read_g1(bytes: &G1Point) -> Result<G1, PrecompileHalt> {
    let point = read_curve(bytes)?;
    if curve::is_in_g1(&point) { Ok(point) } else { Err(PrecompileHalt::Bls12381G1NotInSubgroup) }
}

/// A point of the twist; `None` is infinity, of which the bytes are zeros.
fn read_twist((x0, x1, y0, y1): &G2Point) -> Result<Option<PointOfG2>, PrecompileHalt> {
    let x = Quadratic::<FqConfig, WORDS>::new(read_element(x0)?, read_element(x1)?);
    let y = Quadratic::new(read_element(y0)?, read_element(y1)?);
    if x.is_zero() && y.is_zero() {
        return Ok(None);
    }
    let point = PointOfG2 { x, y };
    if point.is_on_curve() { Ok(Some(point)) } else { Err(PrecompileHalt::Bls12381G2NotOnCurve) }
}

/// A point of G2; `None` is infinity, of which the bytes are zeros.
fn read_g2(bytes: &G2Point) -> Result<Option<PointOfG2>, PrecompileHalt> {
    let point = read_twist(bytes)?;
    if point.as_ref().is_none_or(curve::is_in_g2) { Ok(point) } else { Err(PrecompileHalt::Bls12381G2NotInSubgroup) }
}

fn g1_bytes(point: &G1) -> [u8; 96] {
    let mut bytes = [0; 96];
    point.write(&mut bytes);
    bytes
}

fn g2_bytes(point: &G2) -> [u8; 192] {
    let mut bytes = [0; 192];
    point.write(&mut bytes);
    bytes
}
