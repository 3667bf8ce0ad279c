//! The hooks beside revm's and alloy's own software, which is k256 and p256.

use crate::{
    curve::{Affine, Curve, GENERATOR_WINDOW, WINDOW, bytes, digits},
    keccak256,
    number::to_bytes,
    provider::Precompiles,
    secp256k1::Secp256k1,
    secp256r1::Secp256r1,
};
use alloy_consensus::crypto::backend::CryptoProvider;
use alloy_primitives::{Address, U256, uint};
use k256::{
    ecdsa::{RecoveryId, Signature, VerifyingKey, signature::hazmat::PrehashVerifier},
    elliptic_curve::{
        CurveArithmetic, FieldBytes, PrimeField,
        group::{Curve as _, Group},
        sec1::{FromEncodedPoint, ModulusSize, ToEncodedPoint},
    },
};
use proptest::prelude::*;
use revm::precompile::{Crypto, DefaultCrypto};

/// Numbers where carries, reductions and refusals begin.
fn edges<C: Curve>() -> Vec<U256> {
    let places = [U256::ZERO, C::ORDER, C::MODULUS, C::ORDER >> 1, C::MODULUS - C::ORDER, U256::ONE << 128];
    let steps = [U256::ZERO, U256::ONE, uint!(2_U256)];
    let near =
        |place: U256| steps.into_iter().flat_map(move |step| [place.wrapping_add(step), place.wrapping_sub(step)]);
    places.into_iter().flat_map(near).collect()
}

/// Any number, and often one of the edges.
fn number<C: Curve>() -> impl Strategy<Value = U256> {
    prop_oneof![3 => any::<[u8; 32]>().prop_map(U256::from_be_bytes), 1 => prop::sample::select(edges::<C>())]
}

fn scalar<C: Curve>() -> impl Strategy<Value = U256> {
    number::<C>().prop_map(|number| number % C::ORDER)
}

fn pair(first: U256, second: U256) -> [u8; 64] {
    [to_bytes(first), to_bytes(second)].concat().try_into().unwrap()
}

/// A curve with another's arithmetic.
trait Judge: Curve {
    type Arithmetic: CurveArithmetic<
            AffinePoint: FromEncodedPoint<Self::Arithmetic> + ToEncodedPoint<Self::Arithmetic>,
            ProjectivePoint: k256::elliptic_curve::group::Curve<
                AffineRepr = <Self::Arithmetic as CurveArithmetic>::AffinePoint,
            >,
            FieldBytesSize: ModulusSize,
        >;

    /// `scalar` times the generator; `None` for the neutral point.
    fn multiple(scalar: U256) -> Option<Affine> {
        let mut bytes = FieldBytes::<Self::Arithmetic>::default();
        bytes.copy_from_slice(&to_bytes(scalar));
        let scalar = <<Self::Arithmetic as CurveArithmetic>::Scalar as PrimeField>::from_repr(bytes).unwrap();
        let point = <Self::Arithmetic as CurveArithmetic>::ProjectivePoint::generator() * scalar;
        let point = point.to_affine().to_encoded_point(false);
        (!point.is_identity()).then(|| Self::point_of_bytes(point.as_bytes()[1..].try_into().unwrap()).unwrap())
    }

    /// Compares a combination with `factor` times the generator as its point.
    fn compare(generator: U256, factor: U256, scalar: U256) {
        let Some(point) = Self::multiple(factor) else { return };
        let expected = Self::multiple(factor.mul_mod(scalar, Self::ORDER).add_mod(generator, Self::ORDER));
        assert_eq!(Self::combination(generator, &point, scalar), expected, "{generator} + {factor} times {scalar}");
    }
}

impl Judge for Secp256k1 {
    type Arithmetic = k256::Secp256k1;
}

impl Judge for Secp256r1 {
    type Arithmetic = p256::NistP256;
}

/// Sums of equal points, of opposite ones and of the neutral one arise where the point is a multiple of the generator by
/// little, or of the generator's upper multiples.
fn combine_relatives<C: Judge>() {
    let minus = |number: U256| C::ORDER - number;
    let small = [U256::ONE, uint!(2_U256), uint!(16_U256), uint!(512_U256), U256::ONE << 130];
    for factor in small.into_iter().flat_map(|factor| [factor % C::ORDER, minus(factor)]) {
        for scalar in small.into_iter().flat_map(|scalar| [scalar, minus(scalar), scalar - U256::ONE]) {
            let product = factor.mul_mod(scalar, C::ORDER);
            for generator in [U256::ZERO, product, product.add_mod(U256::ONE, C::ORDER), minus(product) % C::ORDER] {
                C::compare(generator, factor, scalar);
            }
        }
    }
}

#[test]
fn adds_equal_opposite_and_neutral_points() {
    combine_relatives::<Secp256k1>();
    combine_relatives::<Secp256r1>();
}

/// Up to three halves of 2^128, 26 windows of five bits say a scalar, and 52 say any.
#[test]
fn digits_say_the_scalar() {
    fn value<const BITS: usize, const DIGITS: usize>(scalar: U256) -> U256 {
        let digits = digits::<BITS, DIGITS>(scalar);
        assert!(digits.iter().all(|digit| digit.unsigned_abs() <= 1 << (BITS - 1)));
        digits.iter().rev().fold(U256::ZERO, |value, digit| {
            (value << BITS).wrapping_add(U256::from(digit.unsigned_abs()).wrapping_mul(if *digit < 0 {
                U256::MAX
            } else {
                U256::ONE
            }))
        })
    }
    let half = U256::from_be_bytes([0x84; 32]);
    for scalar in edges::<Secp256k1>().into_iter().chain([half, !half, U256::MAX]) {
        assert_eq!(value::<WINDOW, 52>(scalar), scalar);
        assert_eq!(value::<GENERATOR_WINDOW, 26>(scalar), scalar);
        let short = scalar % (uint!(3_U256) << 127);
        assert_eq!(value::<WINDOW, 26>(short), short);
    }
}

#[test]
fn points_are_on_the_curve_and_of_the_field() {
    let generator = Secp256r1::multiple(U256::ONE).unwrap();
    let (x, y) = crate::curve::coordinates(generator);
    assert_eq!(Secp256r1::point(x, y), Some(generator));
    assert_eq!(Secp256r1::point(x, y + U256::ONE), None);
    assert_eq!(Secp256r1::point(y, x), None);
    assert_eq!(Secp256r1::point(U256::ZERO, U256::ZERO), None);
    // An x so small that 256 bits have room for the modulus besides.
    let small = (0..20)
        .map(U256::from)
        .find_map(|x| crate::hint::square_root(Secp256k1::right_side(x), Secp256k1::MODULUS).map(|y| (x, y)));
    let (x, y) = small.unwrap();
    assert!(Secp256k1::point(x, y).is_some());
    assert_eq!(Secp256k1::point(x + Secp256k1::MODULUS, y), None);
}

/// What alloy has its k256 recover: an `s` above half of the order is turned, and the recovery's first bit with it.
fn recover(signature: &[u8; 65], hash: &[u8; 32]) -> Option<Address> {
    let mut parsed = Signature::from_slice(&signature[..64]).ok()?;
    let mut recovery = signature[64];
    if let Some(low) = parsed.normalize_s() {
        parsed = low;
        recovery ^= 1;
    }
    let key = VerifyingKey::recover_from_prehash(hash, &parsed, RecoveryId::from_byte(recovery)?).ok()?;
    Some(Address::from_public_key(&key))
}

/// What alloy has its k256 verify.
fn verify(key: &[u8; 65], signature: &[u8; 64], hash: &[u8; 32]) -> Option<Address> {
    let key = VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = Signature::from_slice(signature).ok()?;
    key.verify_prehash(hash, &signature.normalize_s().unwrap_or(signature)).ok()?;
    Some(Address::from_public_key(&key))
}

/// Recovers with both hooks as alloy and revm do by themselves; says whether there is somebody.
fn compare_recovery(r: U256, s: U256, recovery: u8, hash: U256) -> bool {
    let (hash, signature) = (to_bytes(hash), pair(r, s));
    let of_revm = DefaultCrypto.secp256k1_ecrecover(&signature, recovery, &hash);
    assert_eq!(Precompiles.secp256k1_ecrecover(&signature, recovery, &hash), of_revm, "{r} {s} {recovery} {hash:?}");
    let signature = [&signature, [recovery].as_slice()].concat().try_into().unwrap();
    let expected = recover(&signature, &hash);
    assert_eq!(Precompiles.recover_signer_unchecked(&signature, &hash).ok(), expected);
    expected.is_some()
}

#[test]
fn recovers_whom_k256_recovers_at_the_edges() {
    let numbers = edges::<Secp256k1>();
    for (at, r) in numbers.iter().enumerate() {
        let (other, hash) = (numbers[(7 * at + 5) % numbers.len()], numbers[(5 * at + 3) % numbers.len()]);
        for s in [other, *r, Secp256k1::ORDER - uint!(2_U256)] {
            for recovery in 0..4 {
                compare_recovery(*r, s, recovery, hash);
            }
        }
    }
}

/// The point's x is the sum of r and the order, so that r is small.
#[test]
fn recovers_by_points_whose_x_was_reduced() {
    let cases = (1..40).flat_map(|r| [(r, 2), (r, 3)]);
    let recovered =
        cases.filter(|(r, recovery)| compare_recovery(U256::from(*r), uint!(5_U256), *recovery, uint!(9_U256)));
    assert!(recovered.count() > 10);
}

#[test]
fn no_recovery_has_a_number_above_three() {
    let signature = [&pair(U256::ONE, U256::ONE), [4].as_slice()].concat().try_into().unwrap();
    assert!(Precompiles.recover_signer_unchecked(&signature, &[1; 32]).is_err());
}

/// With the generator as the signature's point and s equal to the message the key would be the neutral point.
#[test]
fn neutral_point_is_nobody() {
    let (x, y) = crate::curve::coordinates(Secp256k1::multiple(U256::ONE).unwrap());
    let recovery = u8::from(y.bit(0));
    for message in [U256::ONE, uint!(77_U256), Secp256k1::ORDER - U256::ONE] {
        assert!(!compare_recovery(x, message, recovery, message));
        assert!(compare_recovery(x, message, 1 - recovery, message));
    }
}

/// r and s of a message's hash, made with a secret and a nonce.
fn sign<C: Judge>(secret: U256, nonce: U256, hash: U256) -> Option<(U256, U256)> {
    let r = crate::curve::coordinates(C::multiple(nonce)?).0 % C::ORDER;
    let s = nonce.inv_mod(C::ORDER)?.mul_mod(r.mul_mod(secret, C::ORDER).add_mod(hash, C::ORDER), C::ORDER);
    Some((r, s))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn recovers_whom_k256_recovers(r in number::<Secp256k1>(), s in number::<Secp256k1>(), recovery in 0_u8..4, hash in number::<Secp256k1>()) {
        compare_recovery(r, s, recovery, hash);
    }

    #[test]
    fn combines_what_k256_combines(generator in scalar::<Secp256k1>(), factor in scalar::<Secp256k1>(), by in scalar::<Secp256k1>()) {
        Secp256k1::compare(generator, factor, by);
    }

    #[test]
    fn combines_what_p256_combines(generator in scalar::<Secp256r1>(), factor in scalar::<Secp256r1>(), by in scalar::<Secp256r1>()) {
        Secp256r1::compare(generator, factor, by);
    }

    /// A signature that holds, the same with s turned, and each with one of its parts another; under every form of key that SEC 1
    /// has a first byte for, hybrid ones (6 and 7) too.
    #[test]
    fn verifies_what_k256_verifies(
        secret in scalar::<Secp256k1>(), nonce in scalar::<Secp256k1>(), hash in number::<Secp256k1>(), other in number::<Secp256k1>(),
    ) {
        let Some(((r, s), key)) = sign::<Secp256k1>(secret, nonce, hash).zip(Secp256k1::multiple(secret)) else { return Ok(()) };
        let key = bytes(key);
        let turned = Secp256k1::ORDER.wrapping_sub(s);
        for (r, s, hash) in [(r, s, hash), (r, turned, hash), (other, s, hash), (r, other, hash), (r, s, other)] {
            for (tag, key) in (0..8).map(|tag| (tag, key)).chain([(4, pair(other, other))]) {
                let (key, hash) = ([[tag].as_slice(), &key].concat().try_into().unwrap(), to_bytes(hash));
                let answer = Precompiles.verify_and_compute_signer_unchecked(&key, &pair(r, s), &hash).ok();
                prop_assert_eq!(answer, verify(&key, &pair(r, s), &hash));
            }
        }
        prop_assert!(s.is_zero() || verify(&[[4].as_slice(), &key].concat().try_into().unwrap(), &pair(r, s), &to_bytes(hash)).is_some());
    }

    #[test]
    fn verifies_what_p256_verifies(
        secret in scalar::<Secp256r1>(), nonce in scalar::<Secp256r1>(), hash in number::<Secp256r1>(), other in number::<Secp256r1>(),
    ) {
        let Some(((r, s), key)) = sign::<Secp256r1>(secret, nonce, hash).zip(Secp256r1::multiple(secret)) else { return Ok(()) };
        let key = bytes(key);
        let turned = Secp256r1::ORDER.wrapping_sub(s);
        let judge = |key: [u8; 64], r, s, hash| {
            let expected = DefaultCrypto.secp256r1_verify_signature(&to_bytes(hash), &pair(r, s), &key);
            assert_eq!(Precompiles.secp256r1_verify_signature(&to_bytes(hash), &pair(r, s), &key), expected);
            expected
        };
        for (r, s, hash) in [(r, s, hash), (r, turned, hash), (other, s, hash), (r, other, hash), (r, s, other)] {
            judge(key, r, s, hash);
            judge(pair(other, other), r, s, hash);
        }
        prop_assert!(s.is_zero() || judge(key, r, s, hash));
    }

    /// Every place in a word, and every length up to three blocks.
    #[test]
    fn hashes_what_sha3_hashes(input in proptest::collection::vec(any::<u8>(), 500), start in 0_usize..8, to in 0_usize..8) {
        let mut output = [0; 40];
        for end in start..start + 420 {
            keccak256(&input[start..end], (&mut output[to..to + 32]).try_into().unwrap());
            let mut expected = [0; 32];
            let mut keccak = tiny_keccak::Keccak::v256();
            tiny_keccak::Hasher::update(&mut keccak, &input[start..end]);
            tiny_keccak::Hasher::finalize(keccak, &mut expected);
            prop_assert_eq!(&output[to..to + 32], &expected);
        }
    }

    #[test]
    fn hashes_what_sha2_hashes(input in proptest::collection::vec(any::<u8>(), 300), start in 0_usize..8) {
        for end in start..start + 200 {
            prop_assert_eq!(Precompiles.sha256(&input[start..end]), DefaultCrypto.sha256(&input[start..end]));
        }
    }
}
