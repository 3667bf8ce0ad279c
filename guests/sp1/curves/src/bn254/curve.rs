//! BN254 for arkworks, over plain fields. Constants come from arkworks' own BN254.

use crate::{
    field::{Element, Plain, plain},
    tower::{Tower, plain2},
};
use ark_bn254::{Config as Ark, FqConfig};
use ark_ec::{
    AffineRepr, CurveConfig,
    bn::{Bn, BnConfig, TwistType},
    short_weierstrass::{Affine, SWCurveConfig},
};
use ark_ff::{AdditiveGroup, Fp2};

/// Words of an element.
pub(super) const WORDS: usize = 4;

type Config = Plain<FqConfig, WORDS>;
pub(super) type Fq = Element<FqConfig, WORDS>;
pub(super) type Fq2 = Fp2<Config>;

impl Tower<WORDS> for FqConfig {
    type Fp2 = ark_bn254::Fq2Config;
    type Fp6 = ark_bn254::Fq6Config;
    type Fp12 = ark_bn254::Fq12Config;

    // The nonresidue is 9 + u.
    #[inline]
    fn mul_by_nonresidue(element: &mut Fq2) {
        let mut nine = element.double();
        nine.double_in_place().double_in_place();
        nine += &*element;
        nine.c0 -= &element.c1;
        nine.c1 += &element.c0;
        *element = nine;
    }
}

/// G1, all of the curve y² = x³ + 3.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct G1;

impl CurveConfig for G1 {
    type BaseField = Fq;
    type ScalarField = ark_bn254::Fr;
    const COFACTOR: &'static [u64] = ark_bn254::g1::Config::COFACTOR;
    const COFACTOR_INV: Self::ScalarField = ark_bn254::g1::Config::COFACTOR_INV;
}

impl SWCurveConfig for G1 {
    const COEFF_A: Fq = Fq::ZERO;
    const COEFF_B: Fq = plain(&ark_bn254::g1::Config::COEFF_B);
    const GENERATOR: Affine<Self> = {
        let generator = ark_bn254::g1::Config::GENERATOR;
        Affine::new_unchecked(plain(&generator.x), plain(&generator.y))
    };
}

/// G2, a group on the twist y² = x³ + 3 / (9 + u).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct G2;

impl CurveConfig for G2 {
    type BaseField = Fq2;
    type ScalarField = ark_bn254::Fr;
    const COFACTOR: &'static [u64] = ark_bn254::g2::Config::COFACTOR;
    const COFACTOR_INV: Self::ScalarField = ark_bn254::g2::Config::COFACTOR_INV;
}

/// 6x², by which the endomorphism ψ multiplies G2's points.
const SIX_X_SQUARED: [u64; 2] = {
    let six_x_squared = 6 * (Ark::X[0] as u128 * Ark::X[0] as u128);
    [six_x_squared as u64, (six_x_squared >> 64) as u64]
};

/// ψ: untwists, raises to the field's order, and twists.
fn psi(point: &Affine<G2>) -> Affine<G2> {
    let mut point = *point;
    point.x.conjugate_in_place();
    point.y.conjugate_in_place();
    point.x *= <Curve as BnConfig>::TWIST_MUL_BY_Q_X;
    point.y *= <Curve as BnConfig>::TWIST_MUL_BY_Q_Y;
    point
}

impl SWCurveConfig for G2 {
    const COEFF_A: Fq2 = Fq2::ZERO;
    const COEFF_B: Fq2 = plain2::<FqConfig, WORDS>(&ark_bn254::g2::Config::COEFF_B);
    const GENERATOR: Affine<Self> = {
        let generator = ark_bn254::g2::Config::GENERATOR;
        Affine::new_unchecked(
            plain2::<FqConfig, WORDS>(&generator.x),
            plain2::<FqConfig, WORDS>(&generator.y),
        )
    };

    fn is_in_correct_subgroup_assuming_on_curve(point: &Affine<Self>) -> bool {
        point.mul_bigint(SIX_X_SQUARED) == psi(point)
    }
}

/// The pairing's configuration.
pub(super) struct Curve;

impl BnConfig for Curve {
    const X: &'static [u64] = Ark::X;
    const X_IS_NEGATIVE: bool = Ark::X_IS_NEGATIVE;
    const ATE_LOOP_COUNT: &'static [i8] = Ark::ATE_LOOP_COUNT;
    const TWIST_TYPE: TwistType = Ark::TWIST_TYPE;
    const TWIST_MUL_BY_Q_X: Fq2 = plain2::<FqConfig, WORDS>(&Ark::TWIST_MUL_BY_Q_X);
    const TWIST_MUL_BY_Q_Y: Fq2 = plain2::<FqConfig, WORDS>(&Ark::TWIST_MUL_BY_Q_Y);
    type Fp = Fq;
    type Fp2Config = Config;
    type Fp6Config = Config;
    type Fp12Config = Config;
    type G1Config = G1;
    type G2Config = G2;
}

/// The pairing.
pub(super) type Bn254 = Bn<Curve>;
