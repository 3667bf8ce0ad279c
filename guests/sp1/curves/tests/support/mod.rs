//! Points of every kind, made by arkworks' own curves from seeds.

#![allow(dead_code, reason = "each test uses a part")]

use ark_ec::{
    AffineRepr, CurveGroup,
    short_weierstrass::{Affine, SWCurveConfig},
};
use ark_ff::{BigInteger, Field, PrimeField};
use proptest::prelude::*;

/// What a point is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Infinity,
    /// In the group of prime order.
    Inside,
    /// On the curve, and almost never in the group of prime order, if that is not the whole curve.
    OnCurve,
    /// Coordinates of nothing.
    OffCurve,
    /// In the group, but the first coordinate has the modulus added.
    Unreduced,
    /// Zeros, but the second coordinate is the modulus.
    UnreducedInfinity,
}

/// A kind: mostly good points.
pub(crate) fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        1 => Just(Kind::Infinity),
        6 => Just(Kind::Inside),
        2 => Just(Kind::OnCurve),
        1 => Just(Kind::OffCurve),
        1 => Just(Kind::Unreduced),
        1 => Just(Kind::UnreducedInfinity),
    ]
}

/// A factor: any, with small ones, ones about the group's order, and the greatest.
pub(crate) fn scalar<F: PrimeField>() -> impl Strategy<Value = [u8; 32]> {
    let order: Vec<u8> = F::MODULUS.to_bytes_be();
    let order = <[u8; 32]>::try_from(order).unwrap();
    prop_oneof![
        4 => any::<[u8; 32]>(),
        2 => any::<u8>().prop_map(|byte| { let mut bytes = [0; 32]; bytes[31] = byte; bytes }),
        1 => (0u8..=2).prop_map(move |off| { let mut bytes = order; bytes[31] = bytes[31].wrapping_add(off).wrapping_sub(1); bytes }),
        1 => Just([0xff; 32]),
        1 => Just([0x88; 32]),
    ]
}

/// The first point on the curve at or after a coordinate that the seed gives.
fn on_curve<C: SWCurveConfig>(seed: u64) -> Affine<C> {
    let mut x = C::BaseField::from(seed);
    // Out of the prime field, where there is one to leave.
    x += C::GENERATOR.x.square();
    loop {
        if let Some(point) = Affine::get_point_from_x_unchecked(x, seed.is_multiple_of(2)) {
            return point;
        }
        x += C::BaseField::ONE;
    }
}

/// A point of the kind.
fn point<C: SWCurveConfig>(kind: Kind, seed: u64) -> Option<(C::BaseField, C::BaseField)> {
    match kind {
        Kind::Infinity | Kind::UnreducedInfinity => None,
        Kind::Inside | Kind::Unreduced => {
            let point = C::GENERATOR.mul_bigint([seed | 1, seed, seed]).into_affine();
            Some((point.x, point.y))
        }
        Kind::OnCurve => {
            let point = on_curve::<C>(seed);
            Some((point.x, point.y))
        }
        Kind::OffCurve => Some((C::BaseField::from(seed), C::BaseField::from(seed / 3))),
    }
}

/// Factors of the two groups' generators by which a product of two or three pairings is one: each pairing is the generators',
/// to the power of both factors.
pub(crate) fn product_of_one<F: PrimeField>() -> impl Strategy<Value = Vec<(F, F)>> {
    let factor = || (1u128..).prop_map(F::from);
    (proptest::collection::vec((factor(), factor()), 1..3), factor()).prop_map(|(mut factors, last)| {
        let sum: F = factors.iter().map(|(a, b)| *a * *b).sum();
        factors.push((-sum / last, last));
        factors
    })
}

/// The generator times a factor, as [`coordinates`] are.
pub(crate) fn multiple<C: SWCurveConfig, const BYTES: usize>(factor: C::ScalarField) -> Vec<[u8; BYTES]> {
    let point = (C::GENERATOR * factor).into_affine();
    integers::<C>(point.xy()).iter().map(|integer| integer.to_bytes_be().try_into().unwrap()).collect()
}

type Prime<C> = <<C as ark_ec::CurveConfig>::BaseField as Field>::BasePrimeField;

/// The coordinates' coefficients; zeros for infinity.
fn integers<C: SWCurveConfig>(point: Option<(C::BaseField, C::BaseField)>) -> Vec<<Prime<C> as PrimeField>::BigInt> {
    match point {
        None => vec![Default::default(); 2 * C::BaseField::extension_degree() as usize],
        Some((x, y)) => x
            .to_base_prime_field_elements()
            .chain(y.to_base_prime_field_elements())
            .map(PrimeField::into_bigint)
            .collect(),
    }
}

/// The point's coordinates as integers of the prime field, big-endian, `BYTES` each: the first coordinate's coefficients, from
/// that of 1, then the second's.
pub(crate) fn coordinates<C: SWCurveConfig, const BYTES: usize>(kind: Kind, seed: u64) -> Vec<[u8; BYTES]> {
    let mut integers = integers::<C>(point::<C>(kind, seed));
    match kind {
        Kind::Unreduced => assert!(!integers[0].add_with_carry(&Prime::<C>::MODULUS)),
        Kind::UnreducedInfinity => *integers.last_mut().unwrap() = Prime::<C>::MODULUS,
        _ => {}
    }
    integers.iter().map(|integer| integer.to_bytes_be().try_into().unwrap()).collect()
}
