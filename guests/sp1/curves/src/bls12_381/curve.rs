//! BLS12-381 for arkworks, over plain fields. Constants come from arkworks' own BLS12-381.

use crate::{
    field::{Element, Plain, plain},
    g1,
    precompiles::Point,
    tower::{Tower, plain2},
};
use ark_bls12_381::{Config as Ark, FqConfig};
use ark_ec::{
    AffineRepr, CurveConfig, CurveGroup,
    bls12::{Bls12, Bls12Config, TwistType},
    short_weierstrass::{Affine, Projective, SWCurveConfig},
};
use ark_ff::{AdditiveGroup, Fp2, Fp6Config, Fp12Config};

/// Words of an element.
pub(crate) const WORDS: usize = 6;

type Config = Plain<FqConfig, WORDS>;
pub(crate) type Fq = Element<FqConfig, WORDS>;
pub(crate) type Fq2 = Fp2<Config>;

/// The parameter's absolute value: the parameter is negative.
const X: u64 = Ark::X[0];

impl Tower<WORDS> for FqConfig {
    type Fp2 = ark_bls12_381::Fq2Config;
    type Fp6 = ark_bls12_381::Fq6Config;
    type Fp12 = ark_bls12_381::Fq12Config;

    // The nonresidue is 1 + u.
    #[inline]
    fn mul_by_nonresidue(element: &mut Fq2) {
        let c0 = element.c0;
        element.c0 -= &element.c1;
        element.c1 += &c0;
    }
}

/// G1, a group on the curve y² = x³ + 4.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct G1;

impl CurveConfig for G1 {
    type BaseField = Fq;
    type ScalarField = ark_bls12_381::Fr;
    const COFACTOR: &'static [u64] = ark_bls12_381::g1::Config::COFACTOR;
    const COFACTOR_INV: Self::ScalarField = ark_bls12_381::g1::Config::COFACTOR_INV;
}

/// A cube root of one, of which multiplying the first coordinate makes the endomorphism φ.
const BETA: Fq = plain(&ark_bls12_381::g1::BETA);

/// Whether a point on the curve is in G1.
///
/// It is if φ multiplies it by -x²: φ² + φ + 1 is zero on the whole curve, so x⁴ - x² + 1, which is G1's order, is zero on the point.
pub(crate) fn is_in_g1(point: &Point<WORDS>) -> bool {
    let product = g1::multiple::<FqConfig, WORDS>(point, X)
        .and_then(|product| g1::multiple::<FqConfig, WORDS>(&product, X));
    let (x, y) = point.coordinates::<FqConfig>();
    product == Some(Point::new::<FqConfig>(x * BETA, y).opposite::<FqConfig>())
}

/// Takes a point on the curve into G1: times 1 - x (RFC 9380, section 8.8.1).
pub(crate) fn clear_cofactor(point: &Point<WORDS>) -> g1::Sum<WORDS> {
    g1::multiple::<FqConfig, WORDS>(point, X + 1)
}

impl SWCurveConfig for G1 {
    const COEFF_A: Fq = Fq::ZERO;
    const COEFF_B: Fq = plain(&ark_bls12_381::g1::Config::COEFF_B);
    const GENERATOR: Affine<Self> = {
        let generator = ark_bls12_381::g1::Config::GENERATOR;
        Affine::new_unchecked(plain(&generator.x), plain(&generator.y))
    };
}

/// G2, a group on the twist y² = x³ + 4 (1 + u).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct G2;

impl CurveConfig for G2 {
    type BaseField = Fq2;
    type ScalarField = ark_bls12_381::Fr;
    const COFACTOR: &'static [u64] = ark_bls12_381::g2::Config::COFACTOR;
    const COFACTOR_INV: Self::ScalarField = ark_bls12_381::g2::Config::COFACTOR_INV;
}

/// (1 + u)^(-(p - 1) / 3) is this times u: (1 + u)^(p - 1) is -u, so the inverse of its cube root is the root's square times u.
const PSI_X: Fq = plain(&ark_bls12_381::Fq6Config::FROBENIUS_COEFF_FP6_C2[1].c0);

/// (1 + u)^(-(p - 1) / 2), which is (1 + u)^((p³ - 1) / 6).
const PSI_Y: Fq2 = plain2::<FqConfig, WORDS>(&ark_bls12_381::Fq12Config::FROBENIUS_COEFF_FP12_C1[3]);

/// ψ: untwists, raises to the field's order, and twists.
fn psi(point: &Projective<G2>) -> Projective<G2> {
    let mut point = *point;
    point.x = Fq2::new(point.x.c1 * PSI_X, point.x.c0 * PSI_X);
    point.y.conjugate_in_place();
    point.y *= &PSI_Y;
    point.z.conjugate_in_place();
    point
}

/// The point times the parameter.
fn times_x(point: &Projective<G2>) -> Projective<G2> {
    -G2::mul_projective(point, &[X])
}

impl SWCurveConfig for G2 {
    const COEFF_A: Fq2 = Fq2::ZERO;
    const COEFF_B: Fq2 = plain2::<FqConfig, WORDS>(&ark_bls12_381::g2::Config::COEFF_B);
    const GENERATOR: Affine<Self> = {
        let generator = ark_bls12_381::g2::Config::GENERATOR;
        Affine::new_unchecked(
            plain2::<FqConfig, WORDS>(&generator.x),
            plain2::<FqConfig, WORDS>(&generator.y),
        )
    };

    // ψ multiplies G2's points by the parameter, and no others (https://eprint.iacr.org/2021/1130, section 4).
    fn is_in_correct_subgroup_assuming_on_curve(point: &Affine<Self>) -> bool {
        -G2::mul_affine(point, &[X]) == psi(&point.into_group())
    }

    // (x² - x - 1) + (x - 1) ψ + 2 ψ² (RFC 9380, section 8.8.2 and appendix G.3)
    fn clear_cofactor(point: &Affine<Self>) -> Affine<Self> {
        let point = point.into_group();
        let (multiple, image) = (times_x(&point), psi(&point));
        let sum = times_x(&(multiple + image)) - multiple - image - point + psi(&psi(&point.double()));
        sum.into_affine()
    }
}

/// The pairing's configuration.
pub(crate) struct Curve;

impl Bls12Config for Curve {
    const X: &'static [u64] = Ark::X;
    const X_IS_NEGATIVE: bool = Ark::X_IS_NEGATIVE;
    const TWIST_TYPE: TwistType = Ark::TWIST_TYPE;
    type Fp = Fq;
    type Fp2Config = Config;
    type Fp6Config = Config;
    type Fp12Config = Config;
    type G1Config = G1;
    type G2Config = G2;
}

/// The pairing.
pub(crate) type Bls12_381 = Bls12<Curve>;

/// G1's point for arkworks.
pub(crate) fn affine(point: &g1::Sum<WORDS>) -> Affine<G1> {
    point.map_or(Affine::zero(), |point| {
        let (x, y) = point.coordinates::<FqConfig>();
        Affine::new_unchecked(x, y)
    })
}
