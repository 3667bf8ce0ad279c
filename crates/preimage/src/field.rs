//! Arithmetic in the scalar field of BLS12-381, as far as blobs need it.
//!
//! Montgomery form (a number times 2^256) where many numbers are multiplied; the product of a plain number with one in
//! Montgomery form is plain again, which saves every conversion.

use crate::blob::FIELD_ELEMENTS;
use alloy_primitives::{U256, uint};

uint! {
    /// The field's order.
    pub(crate) const MODULUS: U256 = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001_U256;
    /// The specification's primitive 4096th root of unity.
    const ROOT: U256 = 39033254847818212395286706435128746857159659164139250548781411570340225835782_U256;
    /// 2^512 modulo the order: brings a plain number into Montgomery form.
    const R2: U256 = 0x0748d9d99f59ff1105d314967254398f2b6cedcb87925c23c999e990f3f29c6d_U256;
}
/// Minus the inverse of the order, modulo 2^64.
const INV: u64 = 0xffff_fffe_ffff_ffff;

/// log2 of the number of field elements in a blob.
const LOG_ELEMENTS: usize = FIELD_ELEMENTS.trailing_zeros() as usize;

/// Product of two reduced numbers divided by 2^256.
#[inline]
pub(crate) fn mul(a: U256, b: U256) -> U256 {
    a.mul_redc(b, MODULUS, INV)
}

/// Difference of two reduced numbers.
#[inline]
pub(crate) fn sub(a: U256, b: U256) -> U256 {
    if a >= b { a - b } else { a + (MODULUS - b) }
}

/// Sum of two reduced numbers.
#[inline]
pub(crate) fn add(a: U256, b: U256) -> U256 {
    let sum = a + b; // both below 2^255
    if sum >= MODULUS { sum - MODULUS } else { sum }
}

/// A reduced number in Montgomery form.
pub(crate) fn montgomery(plain: U256) -> U256 {
    mul(plain, R2)
}

/// Inverse of a nonzero number in Montgomery form, in Montgomery form: its power to the order minus two.
pub(crate) fn invert(a: U256) -> U256 {
    let exponent = MODULUS - U256::from(2);
    (0..exponent.bit_len()).rev().fold(montgomery(U256::ONE), |power, bit| {
        let square = mul(power, power);
        if exponent.bit(bit) { mul(square, a) } else { square }
    })
}

/// The 4096th roots of unity in bit-reversed order: element `i` is the primitive root to the power of `i` with its
/// twelve bits reversed.
///
/// From `i` to `i + 1` the `t` trailing ones of `i` become zeros and the bit above them a one. Reversed, that adds
/// `3 · 2^(11-t)` to the exponent, modulo 4096: one multiplication by one of twelve factors.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    next: U256,
    index: usize,
    /// Factor by the number of trailing ones, in Montgomery form.
    factors: [U256; LOG_ELEMENTS],
}

impl Roots {
    /// The roots as plain numbers.
    pub(crate) fn plain() -> Self {
        let root = montgomery(ROOT);
        let mut factors = [mul(mul(root, root), root); LOG_ELEMENTS];
        for t in (0..LOG_ELEMENTS - 1).rev() {
            factors[t] = mul(factors[t + 1], factors[t + 1]);
        }
        Self { next: U256::ONE, index: 0, factors }
    }

    /// The roots in Montgomery form.
    pub(crate) fn montgomery() -> Self {
        Self { next: montgomery(U256::ONE), ..Self::plain() }
    }
}

impl Iterator for Roots {
    type Item = U256;

    fn next(&mut self) -> Option<U256> {
        if self.index == FIELD_ELEMENTS {
            return None;
        }
        let root = self.next;
        if let Some(factor) = self.factors.get(self.index.trailing_ones() as usize) {
            self.next = mul(root, *factor);
        }
        self.index += 1;
        Some(root)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = FIELD_ELEMENTS - self.index;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Roots {}

/// The evaluation point of field element `index` (taken modulo 4096), big-endian.
pub(crate) fn root_of_unity(index: usize) -> [u8; 32] {
    let mut power = montgomery(ROOT);
    let mut root = U256::ONE;
    for bit in (0..LOG_ELEMENTS).rev() {
        if index >> bit & 1 == 1 {
            root = mul(root, power);
        }
        power = mul(power, power);
    }
    root.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_follow_from_the_specification() {
        let primitive = uint!(10238227357739495823651030575849232062558860180284477541189508159991286009131_U256);
        assert_eq!(primitive.pow_mod(U256::from(1 << 20), MODULUS), ROOT);
        let r = U256::from(2).pow_mod(U256::from(256), MODULUS);
        assert_eq!(r.mul_mod(r, MODULUS), R2);
        assert_eq!(MODULUS.as_limbs()[0].wrapping_mul(INV), u64::MAX);
    }

    #[test]
    fn roots_are_powers_in_bit_reversed_order() {
        for (i, root) in Roots::plain().enumerate() {
            let exponent = (i as u16).reverse_bits() >> (16 - LOG_ELEMENTS);
            assert_eq!(root, ROOT.pow_mod(U256::from(exponent), MODULUS), "root {i}");
            assert_eq!(root.to_be_bytes(), root_of_unity(i));
        }
        assert_eq!(Roots::plain().count(), FIELD_ELEMENTS);
        assert!(Roots::plain().map(montgomery).eq(Roots::montgomery()));
    }

    #[test]
    fn inverse_times_number_is_one() {
        for number in [1u64, 2, 3, 0xdead_beef, u64::MAX] {
            let number = montgomery(U256::from(number));
            assert_eq!(mul(number, invert(number)), montgomery(U256::ONE));
        }
    }
}
