//! BN254's functions give what revm's own give.

mod support;

use ark_bn254::{Fr, g1, g2};
use ark_ff::Field;
use kohala_sp1_curves::bn254::{bn254_g1_add, bn254_g1_mul, bn254_pairing_check};
use proptest::prelude::*;
use revm_precompile::{Crypto, DefaultCrypto, PrecompileHalt, primitives::hex};
use support::{Kind, coordinates, kind, multiple, product_of_one, scalar};

fn g1_point(kind: Kind, seed: u64) -> [u8; 64] {
    coordinates::<g1::Config, 32>(kind, seed).concat().try_into().unwrap()
}

/// The coefficient of u comes first.
fn g2_point(kind: Kind, seed: u64) -> [u8; 128] {
    g2_bytes(coordinates::<g2::Config, 32>(kind, seed))
}

fn g2_bytes(coordinates: Vec<[u8; 32]>) -> [u8; 128] {
    let [x0, x1, y0, y1] = coordinates.try_into().unwrap();
    [x1, x0, y1, y0].concat().try_into().unwrap()
}

/// Checks pairings of multiples of the generators, as revm does.
fn check_multiples(factors: &[(Fr, Fr)]) -> Result<bool, PrecompileHalt> {
    let points: Vec<_> = factors
        .iter()
        .map(|(a, b)| (multiple::<g1::Config, 32>(*a).concat(), g2_bytes(multiple::<g2::Config, 32>(*b))))
        .collect();
    let pairs: Vec<(&[u8], &[u8])> = points.iter().map(|(a, b)| (&a[..], &b[..])).collect();
    let answer = bn254_pairing_check(&pairs);
    assert_eq!(answer, DefaultCrypto.bn254_pairing_check(&pairs));
    answer
}

/// The opposite of a point of G1.
fn opposite(point: &[u8; 64]) -> [u8; 64] {
    let minus_one = [0x30644e72e131a029, 0xb85045b68181585d, 0x2833e84879b97091, 0x43e1f593f0000000u64];
    let minus_one = minus_one.map(u64::to_be_bytes).concat();
    DefaultCrypto.bn254_g1_mul(point, &minus_one).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn g1_add_is_revms(a in kind(), b in kind(), seed: u64, other: u64) {
        let (a, b) = (g1_point(a, seed), g1_point(b, other));
        prop_assert_eq!(bn254_g1_add(&a, &b), DefaultCrypto.bn254_g1_add(&a, &b));
    }

    #[test]
    fn g1_add_of_equal_and_opposite_points_is_revms(seed: u64) {
        let a = g1_point(Kind::Inside, seed);
        prop_assert_eq!(bn254_g1_add(&a, &a), DefaultCrypto.bn254_g1_add(&a, &a));
        prop_assert_eq!(bn254_g1_add(&a, &opposite(&a)), Ok([0; 64]));
    }

    #[test]
    fn g1_mul_is_revms(a in kind(), seed: u64, scalar in scalar::<Fr>()) {
        let a = g1_point(a, seed);
        prop_assert_eq!(bn254_g1_mul(&a, &scalar), DefaultCrypto.bn254_g1_mul(&a, &scalar));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pairing_check_is_revms(kinds in proptest::collection::vec((kind(), kind(), any::<[u64; 2]>()), 0..3)) {
        let points: Vec<_> =
            kinds.into_iter().map(|(a, b, [seed, other])| (g1_point(a, seed), g2_point(b, other))).collect();
        let pairs: Vec<(&[u8], &[u8])> = points.iter().map(|(a, b)| (&a[..], &b[..])).collect();
        prop_assert_eq!(bn254_pairing_check(&pairs), DefaultCrypto.bn254_pairing_check(&pairs));
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
fn pairing_check_refuses_points_outside_g2() {
    let (a, b) = (g1_point(Kind::Inside, 1), g2_point(Kind::OnCurve, 1));
    assert_eq!(bn254_pairing_check(&[(&a, &b)]), Err(PrecompileHalt::Bn254AffineGFailedToCreate));
}

/// The twist's least prime order.
#[test]
fn pairing_check_refuses_points_of_order_10069() {
    let point = g2_bytes(vec![
        hex!("0adf5077442718d677560373105831c2eac3421388889673a10ab2abc9367543"),
        hex!("128a66c8348ff9e4c1aadc93e4999637a54f8fae219cb1567a6bdcb45db7fb9d"),
        hex!("059b0b089711b7aeefdcf6dac1a028a06eb2709d7a80617762c6a34e9d181cab"),
        hex!("03116dfc02914b24a2deb46c3d87bf4092b4d6ba8a0f5222b3facae841c082ae"),
    ]);
    let pairs: &[(&[u8], &[u8])] = &[(&g1_point(Kind::Inside, 1), &point)];
    assert_eq!(bn254_pairing_check(pairs), Err(PrecompileHalt::Bn254AffineGFailedToCreate));
    assert_eq!(bn254_pairing_check(pairs), DefaultCrypto.bn254_pairing_check(pairs));
}
