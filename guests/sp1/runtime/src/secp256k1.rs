//! The curve secp256k1, y² = x³ + 7, with its endomorphism: λ(x, y) = (βx, y), where λ is a cube root of 1 below the order and
//! β one below the modulus. A scalar is a sum of two, one of them times λ, that are half as long, and so are the doublings.

use crate::curve::{
    Affine, Curve, GENERATOR_WINDOW, GeneratorMultiples, Point, WINDOW, add_multiple, affine, coordinates, digits,
    multiples,
};
use crate::number::product;
use alloy_primitives::{U256, U512, uint};

/// The multiples of the generator, and of what lies [`GENERATOR_WINDOW`] times 13 bits above it.
static GENERATOR: [GeneratorMultiples; 2] = include!(concat!(env!("OUT_DIR"), "/secp256k1.rs"));

pub(crate) const MODULUS: U256 = uint!(0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f_U256);

const BETA: U256 = uint!(0x7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501ee_U256);

/// Two short vectors (a, b) with a + bλ = 0 below the order: of the first, a is also the second's b, and b is negative.
const A1_B2: U256 = uint!(0x3086d221a7d46bcde86c90e49284eb15_U256);
const MINUS_B1: U256 = uint!(0xe4437ed6010e88286f547fa90abfe4c3_U256);
const A2: U256 = uint!(0x114ca50f7a8e2f3f657c1108d9d44cfd8_U256);

/// By the order, rounded, `A1_B2` and `MINUS_B1` times 2^384.
const B2_BY_ORDER: U256 = uint!(0x3086d221a7d46bcde86c90e49284eb153daa8a1471e8ca7fe893209a45dbb031_U256);
const MINUS_B1_BY_ORDER: U256 = uint!(0xe4437ed6010e88286f547fa90abfe4c4221208ac9df506c61571b4ae8ac47f71_U256);

/// The windows of a short scalar, and of one that the generator is multiplied by.
const WINDOWS: usize = 26;

/// The generator's upper windows begin where the build script has its second table begin.
const _: () = assert!(include!(concat!(env!("OUT_DIR"), "/doublings.rs")) == GENERATOR_WINDOW * (WINDOWS / 2));

/// The curve.
pub(crate) struct Secp256k1;

impl Curve for Secp256k1 {
    const MODULUS: U256 = MODULUS;
    const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
    const A: U256 = U256::ZERO;
    const B: U256 = uint!(7_U256);

    fn add(point: &mut Affine, other: &Affine) {
        #[cfg(target_os = "zkvm")]
        sp1_zkvm::syscalls::syscall_secp256k1_add(point, core::ptr::from_ref(other).cast_mut());
        #[cfg(not(target_os = "zkvm"))]
        crate::curve::formulas::add::<Self>(point, other);
    }

    fn double(point: &mut Affine) {
        #[cfg(target_os = "zkvm")]
        sp1_zkvm::syscalls::syscall_secp256k1_double(point);
        #[cfg(not(target_os = "zkvm"))]
        crate::curve::formulas::double::<Self>(point);
    }

    fn combination(generator: U256, point: &Affine, scalar: U256) -> Point {
        let (first, second, is_second_negative) = split(scalar);
        let first_multiples = multiples::<Self>(point);
        let second_multiples = first_multiples.each_ref().map(|multiple| {
            let (x, y) = coordinates(*multiple);
            affine(product(x, BETA, MODULUS), y)
        });
        let first: [_; WINDOWS] = digits::<WINDOW, WINDOWS>(first);
        let second: [_; WINDOWS] = digits::<WINDOW, WINDOWS>(second);
        let second = second.map(|digit| if is_second_negative { -digit } else { digit });
        let generator: [_; WINDOWS] = digits::<GENERATOR_WINDOW, WINDOWS>(generator);
        let (lower, upper) = generator.split_at(WINDOWS / 2);
        let mut sum = None;
        for at in (0..WINDOWS).rev() {
            if let Some(point) = &mut sum {
                (0..WINDOW).for_each(|_| Self::double(point));
            }
            add_multiple::<Self>(&mut sum, &first_multiples, first[at]);
            add_multiple::<Self>(&mut sum, &second_multiples, second[at]);
            if at % 2 == 0 {
                add_multiple::<Self>(&mut sum, &GENERATOR[0], lower[at / 2]);
                add_multiple::<Self>(&mut sum, &GENERATOR[1], upper[at / 2]);
            }
        }
        sum
    }
}

/// A scalar below the order as a sum: the first number, and λ times the second or its negative, if the last is true.
///
/// With r1 and r2 the scalar's b2 and -b1 by the order, and c1 and c2 those rounded down, the sum is
/// (r1 - c1)(a1, b1) + (r2 - c2)(a2, b2): the first number is at least 0 and below a1 + a2, less than 2^129, and the second is
/// between -b2 and -b1, of at most 128 bits. All is computed below 2^256.
fn split(scalar: U256) -> (U256, U256, bool) {
    let times = |factor: U256| -> U256 {
        let product: U512 = scalar.widening_mul(factor);
        let limbs = product.as_limbs();
        U256::from_limbs([limbs[6], limbs[7], 0, 0])
    };
    let (c1, c2) = (times(B2_BY_ORDER), times(MINUS_B1_BY_ORDER));
    let first = scalar.wrapping_sub(c1.wrapping_mul(A1_B2)).wrapping_sub(c2.wrapping_mul(A2));
    let second = c1.wrapping_mul(MINUS_B1).wrapping_sub(c2.wrapping_mul(A1_B2));
    let is_negative = second.bit(255);
    (first, if is_negative { second.wrapping_neg() } else { second }, is_negative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_scalars_are_short_and_the_same() {
        let lambda = uint!(0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72_U256);
        let order = Secp256k1::ORDER;
        let vectors = [
            U256::ONE,
            A1_B2,
            MINUS_B1,
            A2,
            A1_B2 << 127,
            MINUS_B1 << 127,
            A2 << 127,
            order >> 1,
            order / uint!(3_U256),
            lambda,
        ];
        for vector in vectors {
            for times in 1..200 {
                for scalar in
                    [vector.mul_mod(U256::from(times), order), vector.mul_mod(order - U256::from(times), order)]
                {
                    let (first, second, is_negative) = split(scalar);
                    assert!(first < uint!(3_U256) << 127 && second <= MINUS_B1, "{scalar}");
                    let second = if is_negative { order - second } else { second };
                    assert_eq!(second.mul_mod(lambda, order).add_mod(first, order), scalar);
                }
            }
        }
    }
}
