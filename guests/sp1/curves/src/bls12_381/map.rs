//! Maps of field elements to the curve and its twist (RFC 9380, section 6.6.3), by arkworks, over plain fields.

use super::curve::{Fq, Fq2, G1, G2, WORDS};
use crate::{
    field::{plain, plain_list},
    tower::{plain2, plain2_list},
};
use ark_bls12_381::{Fr, FqConfig};
use ark_ec::{
    CurveConfig,
    hashing::curve_maps::{
        swu::SWUConfig,
        wb::{IsogenyMap, WBConfig},
    },
    short_weierstrass::{Affine, SWCurveConfig},
};

type Ark1 = ark_bls12_381::g1::Config;
type Ark2 = ark_bls12_381::g2::Config;
type ArkIsogenous1 = <Ark1 as WBConfig>::IsogenousCurve;
type ArkIsogenous2 = <Ark2 as WBConfig>::IsogenousCurve;

/// A curve with an isogeny of degree 11 to G1's.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Isogenous1;

impl CurveConfig for Isogenous1 {
    type BaseField = Fq;
    type ScalarField = Fr;
    const COFACTOR: &'static [u64] = ArkIsogenous1::COFACTOR;
    const COFACTOR_INV: Fr = ArkIsogenous1::COFACTOR_INV;
}

impl SWCurveConfig for Isogenous1 {
    const COEFF_A: Fq = plain(&ArkIsogenous1::COEFF_A);
    const COEFF_B: Fq = plain(&ArkIsogenous1::COEFF_B);
    const GENERATOR: Affine<Self> =
        Affine::new_unchecked(plain(&ArkIsogenous1::GENERATOR.x), plain(&ArkIsogenous1::GENERATOR.y));
}

impl SWUConfig for Isogenous1 {
    const ZETA: Fq = plain(&ArkIsogenous1::ZETA);
}

/// A list of arkworks' isogeny, converted.
macro_rules! coefficients {
    ($convert:ident, $ark:ty, $list:ident) => {
        &$convert::<FqConfig, WORDS, { <$ark>::ISOGENY_MAP.$list.len() }>(<$ark>::ISOGENY_MAP.$list)
    };
}

impl WBConfig for G1 {
    type IsogenousCurve = Isogenous1;
    const ISOGENY_MAP: IsogenyMap<'static, Isogenous1, Self> = IsogenyMap {
        x_map_numerator: coefficients!(plain_list, Ark1, x_map_numerator),
        x_map_denominator: coefficients!(plain_list, Ark1, x_map_denominator),
        y_map_numerator: coefficients!(plain_list, Ark1, y_map_numerator),
        y_map_denominator: coefficients!(plain_list, Ark1, y_map_denominator),
    };
}

/// A curve with an isogeny of degree 3 to the twist.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Isogenous2;

impl CurveConfig for Isogenous2 {
    type BaseField = Fq2;
    type ScalarField = Fr;
    const COFACTOR: &'static [u64] = ArkIsogenous2::COFACTOR;
    const COFACTOR_INV: Fr = ArkIsogenous2::COFACTOR_INV;
}

impl SWCurveConfig for Isogenous2 {
    const COEFF_A: Fq2 = plain2::<FqConfig, WORDS>(&ArkIsogenous2::COEFF_A);
    const COEFF_B: Fq2 = plain2::<FqConfig, WORDS>(&ArkIsogenous2::COEFF_B);
    const GENERATOR: Affine<Self> = Affine::new_unchecked(
        plain2::<FqConfig, WORDS>(&ArkIsogenous2::GENERATOR.x),
        plain2::<FqConfig, WORDS>(&ArkIsogenous2::GENERATOR.y),
    );
}

impl SWUConfig for Isogenous2 {
    const ZETA: Fq2 = plain2::<FqConfig, WORDS>(&ArkIsogenous2::ZETA);
}

impl WBConfig for G2 {
    type IsogenousCurve = Isogenous2;
    const ISOGENY_MAP: IsogenyMap<'static, Isogenous2, Self> = IsogenyMap {
        x_map_numerator: coefficients!(plain2_list, Ark2, x_map_numerator),
        x_map_denominator: coefficients!(plain2_list, Ark2, x_map_denominator),
        y_map_numerator: coefficients!(plain2_list, Ark2, y_map_numerator),
        y_map_denominator: coefficients!(plain2_list, Ark2, y_map_denominator),
    };
}
