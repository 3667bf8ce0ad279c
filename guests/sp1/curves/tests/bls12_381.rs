//! BLS12-381's functions give what blst gives, which revm's own call here.

mod support;

use ark_bls12_381::{Fq, Fr, g1, g2};
use ark_ff::{BigInteger, Field, PrimeField};
use kohala_sp1_curves::bls12_381::{
    bls12_381_fp_to_g1, bls12_381_fp2_to_g2, bls12_381_g1_add, bls12_381_g1_msm, bls12_381_g2_add, bls12_381_g2_msm,
    bls12_381_pairing_check,
};
use proptest::prelude::*;
use revm_precompile::{
    Crypto, DefaultCrypto, PrecompileHalt,
    bls12_381::{G1Point, G2Point},
    primitives::hex,
};
use support::{Kind, coordinates, kind, multiple, product_of_one, scalar};

fn g1_point(kind: Kind, seed: u64) -> G1Point {
    let [x, y] = coordinates::<g1::Config, 48>(kind, seed).try_into().unwrap();
    (x, y)
}

fn g2_point(kind: Kind, seed: u64) -> G2Point {
    let [x0, x1, y0, y1] = coordinates::<g2::Config, 48>(kind, seed).try_into().unwrap();
    (x0, x1, y0, y1)
}

/// Checks pairings of multiples of the generators, as blst does.
fn check_multiples(factors: &[(Fr, Fr)]) -> Result<bool, PrecompileHalt> {
    let pairs: Vec<_> = factors
        .iter()
        .map(|(a, b)| {
            let [x, y] = multiple::<g1::Config, 48>(*a).try_into().unwrap();
            let [x0, x1, y0, y1] = multiple::<g2::Config, 48>(*b).try_into().unwrap();
            ((x, y), (x0, x1, y0, y1))
        })
        .collect();
    let answer = bls12_381_pairing_check(&pairs);
    assert_eq!(answer, DefaultCrypto.bls12_381_pairing_check(&pairs));
    answer
}

/// An element's opposite.
fn minus(element: &[u8; 48]) -> [u8; 48] {
    (-Fq::from_be_bytes_mod_order(element)).into_bigint().to_bytes_be().try_into().unwrap()
}

/// Any element, and what isn't one.
fn element() -> impl Strategy<Value = [u8; 48]> {
    let modulus: [u8; 48] = Fq::MODULUS.to_bytes_be().try_into().unwrap();
    prop_oneof![
        8 => (any::<[u8; 32]>(), 0u8..0x1a).prop_map(|(bytes, first)| {
            let mut element = [0; 48];
            element[0] = first;
            element[16..].copy_from_slice(&bytes);
            element
        }),
        1 => Just([0; 48]),
        1 => Just(modulus),
        1 => Just([0xff; 48]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn g1_add_is_revms(a in kind(), b in kind(), seed: u64, other: u64) {
        let (a, b) = (g1_point(a, seed), g1_point(b, other));
        prop_assert_eq!(bls12_381_g1_add(a, b), DefaultCrypto.bls12_381_g1_add(a, b));
    }

    #[test]
    fn g1_add_of_equal_and_opposite_points_is_revms(inside: bool, seed: u64) {
        let a = g1_point(if inside { Kind::Inside } else { Kind::OnCurve }, seed);
        prop_assert_eq!(bls12_381_g1_add(a, a), DefaultCrypto.bls12_381_g1_add(a, a));
        prop_assert_eq!(bls12_381_g1_add(a, (a.0, minus(&a.1))), Ok([0; 96]));
    }

    #[test]
    fn g2_add_is_revms(a in kind(), b in kind(), seed: u64, other: u64) {
        let (a, b) = (g2_point(a, seed), g2_point(b, other));
        prop_assert_eq!(bls12_381_g2_add(a, b), DefaultCrypto.bls12_381_g2_add(a, b));
    }

    #[test]
    fn g2_add_of_equal_and_opposite_points_is_revms(inside: bool, seed: u64) {
        let a = g2_point(if inside { Kind::Inside } else { Kind::OnCurve }, seed);
        prop_assert_eq!(bls12_381_g2_add(a, a), DefaultCrypto.bls12_381_g2_add(a, a));
        prop_assert_eq!(bls12_381_g2_add(a, (a.0, a.1, minus(&a.2), minus(&a.3))), Ok([0; 192]));
    }

    #[test]
    fn g1_msm_is_revms(terms in proptest::collection::vec((kind(), any::<u64>(), scalar::<Fr>()), 0..4)) {
        let terms = terms.into_iter().map(|(kind, seed, scalar)| Ok((g1_point(kind, seed), scalar))).collect::<Vec<_>>();
        prop_assert_eq!(
            bls12_381_g1_msm(&mut terms.clone().into_iter()),
            DefaultCrypto.bls12_381_g1_msm(&mut terms.into_iter())
        );
    }

    #[test]
    fn g2_msm_is_revms(terms in proptest::collection::vec((kind(), any::<u64>(), scalar::<Fr>()), 0..4)) {
        let terms = terms.into_iter().map(|(kind, seed, scalar)| Ok((g2_point(kind, seed), scalar))).collect::<Vec<_>>();
        prop_assert_eq!(
            bls12_381_g2_msm(&mut terms.clone().into_iter()),
            DefaultCrypto.bls12_381_g2_msm(&mut terms.into_iter())
        );
    }

    #[test]
    fn fp_to_g1_is_revms(element in element()) {
        prop_assert_eq!(bls12_381_fp_to_g1(&element), DefaultCrypto.bls12_381_fp_to_g1(&element));
    }

    #[test]
    fn fp2_to_g2_is_revms(c0 in element(), c1 in element()) {
        prop_assert_eq!(bls12_381_fp2_to_g2((c0, c1)), DefaultCrypto.bls12_381_fp2_to_g2((c0, c1)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pairing_check_is_revms(kinds in proptest::collection::vec((kind(), kind(), any::<[u64; 2]>()), 0..3)) {
        let pairs: Vec<_> =
            kinds.into_iter().map(|(a, b, [seed, other])| (g1_point(a, seed), g2_point(b, other))).collect();
        prop_assert_eq!(bls12_381_pairing_check(&pairs), DefaultCrypto.bls12_381_pairing_check(&pairs));
    }

    #[test]
    fn pairing_check_of_a_product_that_is_one_is_true(factors in product_of_one()) {
        prop_assert_eq!(check_multiples(&factors), Ok(true));
    }

    #[test]
    fn pairing_check_with_a_factor_one_off_is_false(mut factors in product_of_one()) {
        factors[0].0 += Fr::ONE;
        prop_assert_eq!(check_multiples(&factors), Ok(false));
    }
}

#[test]
fn msm_refuses_points_outside_the_group_that_are_counted_zero_times() {
    let terms = [Ok((g1_point(Kind::OnCurve, 1), [0; 32]))];
    assert_eq!(bls12_381_g1_msm(&mut terms.into_iter()), Err(PrecompileHalt::Bls12381G1NotInSubgroup));
    let terms = [Ok((g2_point(Kind::OnCurve, 1), [0; 32]))];
    assert_eq!(bls12_381_g2_msm(&mut terms.into_iter()), Err(PrecompileHalt::Bls12381G2NotInSubgroup));
}

#[test]
fn msm_ends_with_the_iterators_error() {
    let terms = [Err(PrecompileHalt::Bls12381FpPaddingInvalid), Ok((g1_point(Kind::OffCurve, 1), [0; 32]))];
    assert_eq!(bls12_381_g1_msm(&mut terms.into_iter()), Err(PrecompileHalt::Bls12381FpPaddingInvalid));
}

/// A point of order three is its own double's opposite: adding it to that has no slope.
#[test]
fn subgroup_check_refuses_points_of_order_three() {
    let two = |sign: bool| {
        let mut y = [0; 48];
        y[47] = 2;
        if sign { minus(&y) } else { y }
    };
    for sign in [false, true] {
        let terms = [Ok((([0; 48], two(sign)), [1; 32]))];
        assert_eq!(bls12_381_g1_msm(&mut terms.into_iter()), Err(PrecompileHalt::Bls12381G1NotInSubgroup));
    }
}

/// A point of the twist of order 13, which is the least there is.
const OF_ORDER_13: G2Point = (
    hex!("1958bfad4004e58404c951d0a30d03062a3199906ca04ded8c4c5cd1b70b31108d4bfb972efbff15fa5833ae61c5783b"),
    hex!("01da9f329bcdf5f59c5ab88527f36a1b2d834ab61da0ed6160f13b42133029af0c79ac66fa4947f8b8f7cbd9922bd9b4"),
    hex!("0543e67672eb5509d15fb31eb5502159357939c6a62946f86185a04d699aba5436f3cd0fbd6ae67aa8a2915d24f1addd"),
    hex!("0a276dd850c9782aa3dac353c4693b172d308b69a78f715797b66cc35f7fdb30d9d4c7e58efba01a914a327493298af8"),
);

#[test]
fn g2_add_of_points_of_order_13_is_revms() {
    let mut sum = OF_ORDER_13;
    for factor in 2..=13 {
        let bytes = bls12_381_g2_add(sum, OF_ORDER_13).unwrap();
        assert_eq!(Ok(bytes), DefaultCrypto.bls12_381_g2_add(sum, OF_ORDER_13));
        assert_eq!(bytes == [0; 192], factor == 13);
        let [x0, x1, y0, y1] = *bytes.as_chunks().0 else { unreachable!("four elements") };
        sum = (x0, x1, y0, y1);
    }
}

#[test]
fn msm_and_pairing_check_refuse_points_of_order_13() {
    for factor in [0, 1, 13] {
        let mut scalar = [0; 32];
        scalar[31] = factor;
        let terms = [Ok((OF_ORDER_13, scalar))];
        assert_eq!(bls12_381_g2_msm(&mut terms.clone().into_iter()), Err(PrecompileHalt::Bls12381G2NotInSubgroup));
        assert_eq!(
            bls12_381_g2_msm(&mut terms.clone().into_iter()),
            DefaultCrypto.bls12_381_g2_msm(&mut terms.into_iter())
        );
    }
    let pairs = [(g1_point(Kind::Inside, 1), OF_ORDER_13)];
    assert_eq!(bls12_381_pairing_check(&pairs), Err(PrecompileHalt::Bls12381G2NotInSubgroup));
    assert_eq!(bls12_381_pairing_check(&pairs), DefaultCrypto.bls12_381_pairing_check(&pairs));
}

/// Elements that are mapped into the isogeny's kernel, by each of the two ways that the map has.
#[test]
fn fp_to_g1_where_the_isogeny_has_no_value_is_infinity() {
    for element in [
        hex!("0ec1d2551f80abe70136a7f42e52133ebddf9b619a88147ae422a98e57581f2b0961dc019c74599f12a1b5513649a2e8"),
        hex!("10683009c00edc5676a3d43b8b5ae8a68e75a32954f6a502e6acc1c11ed49bcaa7c843871e887ce9839920c2ff0f732f"),
    ] {
        assert_eq!(DefaultCrypto.bls12_381_fp_to_g1(&element), Ok([0; 96]));
        assert_eq!(bls12_381_fp_to_g1(&element), Ok([0; 96]));
    }
}
