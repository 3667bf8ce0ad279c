//! BN254's functions give what revm's own give.

mod support;

use ark_bn254::{Fr, g1, g2};
use kohala_sp1_curves::bn254::{bn254_g1_add, bn254_g1_mul, bn254_pairing_check};
use proptest::prelude::*;
use revm_precompile::{Crypto, DefaultCrypto, PrecompileHalt};
use support::{Kind, coordinates, kind, scalar};

fn g1_point(kind: Kind, seed: u64) -> [u8; 64] {
    coordinates::<g1::Config, 32>(kind, seed).concat().try_into().unwrap()
}

/// The coefficient of u comes first.
fn g2_point(kind: Kind, seed: u64) -> [u8; 128] {
    let [x0, x1, y0, y1] = coordinates::<g2::Config, 32>(kind, seed).try_into().unwrap();
    [x1, x0, y1, y0].concat().try_into().unwrap()
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
    fn pairing_check_of_a_product_that_is_one_is_true(seed: u64, other: u64) {
        let (a, b) = (g1_point(Kind::Inside, seed), g2_point(Kind::Inside, other));
        let opposite = opposite(&a);
        prop_assert_eq!(bn254_pairing_check(&[(&a, &b), (&opposite, &b)]), Ok(true));
        prop_assert_eq!(bn254_pairing_check(&[(&a, &b)]), Ok(false));
    }
}

#[test]
fn pairing_check_refuses_points_outside_g2() {
    let (a, b) = (g1_point(Kind::Inside, 1), g2_point(Kind::OnCurve, 1));
    assert_eq!(bn254_pairing_check(&[(&a, &b)]), Err(PrecompileHalt::Bn254AffineGFailedToCreate));
}
