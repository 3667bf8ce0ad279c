//! Maps of elements to the curve and its twist (RFC 9380, section 6.6.3), by arkworks, over plain fields.

use super::curve::{Fq, G1, PointOfG2, WORDS};
use crate::{
    field::{Plain, plain},
    quadratic::Quadratic,
};
use ark_bls12_381::{FqConfig, Fr};
use ark_ec::{
    CurveConfig,
    hashing::{
        curve_maps::{
            swu::SWUConfig,
            wb::{IsogenyMap, WBConfig, WBMap},
        },
        map_to_curve_hasher::MapToCurve,
    },
    short_weierstrass::{Affine, SWCurveConfig},
};
use ark_ff::{AdditiveGroup, Field, Fp2, Fp2Config, FpConfig};

/// The point of the curve that an element is mapped to. It need not be in G1.
pub(super) fn map_to_curve(element: Fq) -> G1 {
    let point = WBMap::<Curve>::map_to_curve(element).expect("the map has no errors");
    // Where the isogeny has no value, the map's result is infinity, and arkworks' is zeros.
    G1::on_curve(&point.x, &point.y, &super::curve::B).expect("a point of the curve")
}

/// The point of the twist that an element is mapped to. It need not be in G2. This isogeny has values everywhere: where it wouldn't,
/// its curve has no point.
pub(super) fn map_to_twist(c0: Fq, c1: Fq) -> PointOfG2 {
    let point = WBMap::<Twist>::map_to_curve(Fq2::new(c0, c1)).expect("the map has no errors");
    let [x, y] = [point.x, point.y].map(|element| Quadratic::new(element.c0, element.c1));
    PointOfG2 { x, y }
}

/// arkworks' quadratic extension of the plain field.
type Fq2 = Fp2<Extension>;
struct Extension;

impl Fp2Config for Extension {
    type Fp = Fq;

    const NONRESIDUE: Fq = plain(&ark_bls12_381::Fq2Config::NONRESIDUE);
    const FROBENIUS_COEFF_FP2_C1: &'static [Fq] = &[Fq::ONE, Self::NONRESIDUE];

    // The nonresidue is -1.
    #[inline]
    fn mul_fp_by_nonresidue_in_place(element: &mut Fq) -> &mut Fq {
        element.neg_in_place()
    }

    #[inline]
    fn sub_and_mul_fp_by_nonresidue(y: &mut Fq, x: &Fq) {
        *y += x;
    }
}

const fn plain2(element: &ark_bls12_381::Fq2) -> Fq2 {
    Fq2::new(plain(&element.c0), plain(&element.c1))
}

/// A curve for arkworks, with the constants of its own one, converted.
macro_rules! curve {
    ($curve:ident, $ark:ty, $field:ty, $convert:ident) => {
        #[derive(Clone, PartialEq, Eq)]
        struct $curve;

        impl CurveConfig for $curve {
            type BaseField = $field;
            type ScalarField = Fr;
            const COFACTOR: &'static [u64] = <$ark>::COFACTOR;
            const COFACTOR_INV: Fr = <$ark>::COFACTOR_INV;
        }

        impl SWCurveConfig for $curve {
            const COEFF_A: $field = $convert(&<$ark>::COEFF_A);
            const COEFF_B: $field = $convert(&<$ark>::COEFF_B);
            const GENERATOR: Affine<Self> =
                Affine::new_unchecked($convert(&<$ark>::GENERATOR.x), $convert(&<$ark>::GENERATOR.y));
        }
    };
}

/// A list of the coefficients of arkworks' isogeny, converted.
macro_rules! coefficients {
    ($ark:ty, $list:ident, $zero:expr, $convert:ident) => {
        &{
            let mut list = [$zero; <$ark>::ISOGENY_MAP.$list.len()];
            let mut i = 0;
            while i < list.len() {
                list[i] = $convert(&<$ark>::ISOGENY_MAP.$list[i]);
                i += 1;
            }
            list
        }
    };
}

/// A curve and one with an isogeny to it.
macro_rules! map {
    ($curve:ident, $isogenous:ident, $ark:ty, $field:ty, $zero:expr, $convert:ident) => {
        curve!($curve, $ark, $field, $convert);
        curve!($isogenous, <$ark as WBConfig>::IsogenousCurve, $field, $convert);

        impl SWUConfig for $isogenous {
            const ZETA: $field = $convert(&<$ark as WBConfig>::IsogenousCurve::ZETA);
        }

        impl WBConfig for $curve {
            type IsogenousCurve = $isogenous;
            const ISOGENY_MAP: IsogenyMap<'static, $isogenous, Self> = IsogenyMap {
                x_map_numerator: coefficients!($ark, x_map_numerator, $zero, $convert),
                x_map_denominator: coefficients!($ark, x_map_denominator, $zero, $convert),
                y_map_numerator: coefficients!($ark, y_map_numerator, $zero, $convert),
                y_map_denominator: coefficients!($ark, y_map_denominator, $zero, $convert),
            };
        }
    };
}

map!(Curve, Isogenous, ark_bls12_381::g1::Config, Fq, Plain::<FqConfig, WORDS>::ZERO, plain);
map!(Twist, IsogenousTwist, ark_bls12_381::g2::Config, Fq2, Fq2::ZERO, plain2);
