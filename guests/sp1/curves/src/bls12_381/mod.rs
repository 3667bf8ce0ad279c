//! BLS12-381: the precompiles of EIP-2537, as revm's `Crypto` has them.

pub(crate) mod curve;
mod map;

use crate::{
    field::{from_be_bytes, words_of_be_bytes, write_be_bytes},
    g1::{self, Sum},
    precompiles::Point,
};
use alloc::vec::Vec;
use ark_bls12_381::{Fr, FqConfig};
use ark_ec::{
    AffineRepr, CurveGroup, VariableBaseMSM,
    hashing::{curve_maps::wb::WBMap, map_to_curve_hasher::MapToCurve},
    pairing::Pairing,
    short_weierstrass::{Affine, Projective, SWCurveConfig},
};
use ark_ff::{One, PrimeField, Zero};
use curve::{Bls12_381, Fq, Fq2, G1, G2, WORDS};
use revm_precompile::{
    PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
};

/// Bytes of an element.
const ELEMENT: usize = 48;

/// The sum of two points of the curve, in G1 or not.
///
/// # Errors
///
/// [`PrecompileHalt::NonCanonicalFp`] for a coordinate that is not below the modulus, [`PrecompileHalt::Bls12381G1NotOnCurve`] for
/// a point off the curve.
pub fn bls12_381_g1_add(a: G1Point, b: G1Point) -> Result<[u8; 96], PrecompileHalt> {
    let mut sum = read_curve(&a)?;
    if let Some(b) = read_curve(&b)? {
        g1::add::<FqConfig, WORDS>(&mut sum, &b);
    }
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
        if let Some(point) = read_g1(&point)? {
            terms.push((point, words_of_be_bytes(&scalar)));
        }
    }
    Ok(g1_bytes(&g1::weighted_sum::<FqConfig, WORDS>(&terms)))
}

/// The sum of two points of the twist, in G2 or not.
///
/// # Errors
///
/// [`PrecompileHalt::NonCanonicalFp`] for a coordinate that is not below the modulus, [`PrecompileHalt::Bls12381G2NotOnCurve`] for
/// a point off the twist.
pub fn bls12_381_g2_add(a: G2Point, b: G2Point) -> Result<[u8; 192], PrecompileHalt> {
    let a: Projective<G2> = read_twist(&a)?.into();
    Ok(g2_bytes(&(a + read_twist(&b)?).into_affine()))
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
    let (mut points, mut scalars) = (Vec::new(), Vec::new());
    for pair in pairs {
        let (point, scalar) = pair?;
        points.push(read_g2(&point)?);
        scalars.push(Fr::from_be_bytes_mod_order(&scalar));
    }
    Ok(g2_bytes(&Projective::<G2>::msm_unchecked(&points, &scalars).into_affine()))
}

/// Whether the product of the pairings of points of G1 with points of G2 is one.
///
/// # Errors
///
/// As of [`bls12_381_g1_msm`] and [`bls12_381_g2_msm`].
pub fn bls12_381_pairing_check(pairs: &[(G1Point, G2Point)]) -> Result<bool, PrecompileHalt> {
    let (mut a, mut b) = (Vec::with_capacity(pairs.len()), Vec::with_capacity(pairs.len()));
    for (point, twisted) in pairs {
        a.push(curve::affine(&read_g1(point)?));
        b.push(read_g2(twisted)?);
    }
    Ok(Bls12_381::multi_pairing(a, b).0.is_one())
}

/// Maps an element to G1.
///
/// # Errors
///
/// [`PrecompileHalt::NonCanonicalFp`] for an element that is not below the modulus.
pub fn bls12_381_fp_to_g1(element: &[u8; 48]) -> Result<[u8; 96], PrecompileHalt> {
    let point = WBMap::<G1>::map_to_curve(read_element(element)?).expect("the map has no errors");
    let point = curve::clear_cofactor(&Point::new(point.x, point.y));
    Ok(g1_bytes(&point))
}

/// Maps an element of the quadratic extension to G2.
///
/// # Errors
///
/// As of [`bls12_381_fp_to_g1`].
pub fn bls12_381_fp2_to_g2((c0, c1): ([u8; 48], [u8; 48])) -> Result<[u8; 192], PrecompileHalt> {
    let element = Fq2::new(read_element(&c0)?, read_element(&c1)?);
    let point = WBMap::<G2>::map_to_curve(element).expect("the map has no errors");
    Ok(g2_bytes(&point.clear_cofactor()))
}

fn read_element(bytes: &[u8; 48]) -> Result<Fq, PrecompileHalt> {
    from_be_bytes(bytes).ok_or(PrecompileHalt::NonCanonicalFp)
}

/// A point of the curve. Zeros are infinity.
fn read_curve((x, y): &G1Point) -> Result<Sum<WORDS>, PrecompileHalt> {
    let (x, y) = (read_element(x)?, read_element(y)?);
    if x.is_zero() && y.is_zero() {
        Ok(None)
    } else if g1::is_on_curve(&x, &y, &G1::COEFF_B) {
        Ok(Some(Point::new(x, y)))
    } else {
        Err(PrecompileHalt::Bls12381G1NotOnCurve)
    }
}

/// A point of G1. Zeros are infinity.
fn read_g1(bytes: &G1Point) -> Result<Sum<WORDS>, PrecompileHalt> {
    let point = read_curve(bytes)?;
    match &point {
        Some(point) if !curve::is_in_g1(point) => Err(PrecompileHalt::Bls12381G1NotInSubgroup),
        _ => Ok(point),
    }
}

/// A point of the twist. Zeros are infinity.
fn read_twist((x0, x1, y0, y1): &G2Point) -> Result<Affine<G2>, PrecompileHalt> {
    let x = Fq2::new(read_element(x0)?, read_element(x1)?);
    let y = Fq2::new(read_element(y0)?, read_element(y1)?);
    if x.is_zero() && y.is_zero() {
        return Ok(Affine::zero());
    }
    let point = Affine::<G2>::new_unchecked(x, y);
    if point.is_on_curve() { Ok(point) } else { Err(PrecompileHalt::Bls12381G2NotOnCurve) }
}

/// A point of G2. Zeros are infinity.
fn read_g2(bytes: &G2Point) -> Result<Affine<G2>, PrecompileHalt> {
    let point = read_twist(bytes)?;
    if point.is_zero() || point.is_in_correct_subgroup_assuming_on_curve() {
        Ok(point)
    } else {
        Err(PrecompileHalt::Bls12381G2NotInSubgroup)
    }
}

fn g1_bytes(point: &Sum<WORDS>) -> [u8; 96] {
    let mut bytes = [0; 96];
    if let Some(point) = point {
        write_be_bytes(&point.x, &mut bytes[..ELEMENT]);
        write_be_bytes(&point.y, &mut bytes[ELEMENT..]);
    }
    bytes
}

fn g2_bytes(point: &Affine<G2>) -> [u8; 192] {
    let mut bytes = [0; 192];
    if let Some((x, y)) = point.xy() {
        for (element, bytes) in [x.c0, x.c1, y.c0, y.c1].iter().zip(bytes.chunks_exact_mut(ELEMENT)) {
            write_be_bytes(&element.0.0, bytes);
        }
    }
    bytes
}
