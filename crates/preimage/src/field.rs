//! Arithmetic in the scalar field of BLS12-381, as far as blobs need it.
//!
//! Montgomery form (a number times 2^256) where many numbers are multiplied; the product of a plain number with one in
//! Montgomery form is plain again, which saves every conversion.

use crate::blob::FIELD_ELEMENTS;
use alloc::vec::Vec;
use alloy_primitives::{U256, uint};

uint! {
    /// The field's order.
    pub(crate) const MODULUS: U256 = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001_U256;
    /// The specification's primitive 4096th root of unity.
    const ROOT: U256 = 39033254847818212395286706435128746857159659164139250548781411570340225835782_U256;
    /// Its inverse.
    const INVERSE_ROOT: U256 = 25829815649260311651249373569448671287036547786131478959351418120540316250978_U256;
    /// 2^512 modulo the order: brings a plain number into Montgomery form.
    const R2: U256 = 0x0748d9d99f59ff1105d314967254398f2b6cedcb87925c23c999e990f3f29c6d_U256;
}
/// Minus the inverse of the order, modulo 2^64.
const INV: u64 = 0xffff_fffe_ffff_ffff;

/// log2 of the number of field elements in a blob.
const LOG_ELEMENTS: usize = FIELD_ELEMENTS.trailing_zeros() as usize;

/// Product of two reduced numbers divided by 2^256.
#[inline]
fn mul(a: U256, b: U256) -> U256 {
    a.mul_redc(b, MODULUS, INV)
}

/// Difference of two reduced numbers.
#[inline]
fn sub(a: U256, b: U256) -> U256 {
    let (difference, is_negative) = a.overflowing_sub(b);
    // Chosen and not branched on: for random numbers no branch is foreseen.
    difference.wrapping_add(if is_negative { MODULUS } else { U256::ZERO })
}

/// Sum of two reduced numbers.
#[inline]
fn add(a: U256, b: U256) -> U256 {
    sub(a, MODULUS - b)
}

/// A sum with a product added to it: `factor` in Montgomery form, all else plain.
#[inline]
pub(crate) fn add_product(sum: U256, number: U256, factor: U256) -> U256 {
    add(sum, mul(number, factor))
}

/// Half of a reduced number.
fn halve(a: U256) -> U256 {
    let even = if a.bit(0) { a + MODULUS } else { a }; // both below 2^255
    even >> 1
}

/// A reduced number in Montgomery form.
pub(crate) fn montgomery(plain: U256) -> U256 {
    mul(plain, R2)
}

/// The value at `z` of the polynomial that has the given values, at most 4096, at the roots of unity in bit-reversed
/// order, and is zero at the remaining roots. `z` is in Montgomery form, all else plain.
///
/// Neighbours in this order are the values at `w` and at `-w`. Written as `p(x) = even(x²) + x · odd(x²)`, they give
/// `2 · (even(w²) + z · odd(w²)) = p(w) + p(-w) + (z / w) · (p(w) - p(-w))`: half as many values, again in bit-reversed
/// order, of a polynomial that is at z² twice what `p` is at `z`. Folded twelve times, the one value left is 4096 times
/// the result. That takes two multiplications a value, no division, and no care for a `z` that is a root itself.
pub(crate) fn evaluate(mut values: Vec<U256>, z: U256) -> U256 {
    // z / w for each pair.
    let mut factors = over_even_roots(z, values.len().div_ceil(2));
    for _ in 0..LOG_ELEMENTS {
        let pairs = values.len().div_ceil(2);
        for pair in 0..pairs {
            let (left, right) = (values[2 * pair], values.get(2 * pair + 1).copied().unwrap_or_default());
            values[pair] = add(add(left, right), mul(sub(left, right), factors[pair]));
        }
        values.truncate(pairs);
        for pair in 0..pairs.div_ceil(2) {
            factors[pair] = mul(factors[2 * pair], factors[2 * pair]);
        }
    }
    (0..LOG_ELEMENTS).fold(values.first().copied().unwrap_or_default(), |value, _| halve(value))
}

/// `z / w` for `count` roots `w` in bit-reversed order, every second one from the first. In Montgomery form.
fn over_even_roots(z: U256, count: usize) -> Vec<U256> {
    // Bit b of an index adds 2^(11-b) to the root's exponent.
    let mut steps = [montgomery(INVERSE_ROOT); LOG_ELEMENTS - 1];
    for bit in (0..steps.len() - 1).rev() {
        steps[bit] = mul(steps[bit + 1], steps[bit + 1]);
    }
    let mut factors = Vec::with_capacity(count.max(1));
    factors.push(z);
    for step in steps {
        for index in 0..factors.len().min(count.saturating_sub(factors.len())) {
            factors.push(mul(factors[index], step));
        }
    }
    factors
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
    use alloy_primitives::keccak256;

    #[test]
    fn constants_follow_from_the_specification() {
        let primitive = uint!(10238227357739495823651030575849232062558860180284477541189508159991286009131_U256);
        assert_eq!(primitive.pow_mod(U256::from(1 << 20), MODULUS), ROOT);
        let r = U256::from(2).pow_mod(U256::from(256), MODULUS);
        assert_eq!(r.mul_mod(r, MODULUS), R2);
        assert_eq!(MODULUS.as_limbs()[0].wrapping_mul(INV), u64::MAX);
        assert_eq!(ROOT.mul_mod(INVERSE_ROOT, MODULUS), U256::ONE);
    }

    #[test]
    fn roots_are_powers_in_bit_reversed_order() {
        for (i, root) in Roots::plain().enumerate() {
            let exponent = (i as u16).reverse_bits() >> (16 - LOG_ELEMENTS);
            assert_eq!(root, ROOT.pow_mod(U256::from(exponent), MODULUS), "root {i}");
            assert_eq!(root.to_be_bytes(), root_of_unity(i));
        }
        assert_eq!(Roots::plain().count(), FIELD_ELEMENTS);
    }

    /// EIP-4844 `evaluate_polynomial_in_evaluation_form`, word for word.
    fn evaluate_as_specified(values: &[U256], z: U256) -> U256 {
        let inverse = |number: U256| number.pow_mod(MODULUS - U256::from(2), MODULUS);
        let mut sum = U256::ZERO;
        for (value, root) in values.iter().zip(Roots::plain()) {
            if root == z {
                return *value;
            }
            let term = value.mul_mod(root, MODULUS).mul_mod(inverse(sub(z, root)), MODULUS);
            sum = sum.add_mod(term, MODULUS);
        }
        let width = U256::from(FIELD_ELEMENTS);
        let power = z.pow_mod(width, MODULUS);
        sum.mul_mod(sub(power, U256::ONE), MODULUS).mul_mod(inverse(width), MODULUS)
    }

    #[test]
    fn evaluates_as_the_specification_does() {
        let number = |index: usize| U256::from_be_bytes(keccak256(index.to_be_bytes()).0) % MODULUS;
        let values: Vec<_> = (0..FIELD_ELEMENTS).map(number).collect();
        let root = Roots::plain().nth(5).unwrap();
        for len in [0, 1, 2, 3, 6, 127, 128, 129, 1_000, 4_095, 4_096] {
            for z in [U256::ZERO, U256::ONE, root, number(usize::MAX)] {
                let expected = evaluate_as_specified(&values[..len], z);
                let expected = if z == root && len <= 5 { U256::ZERO } else { expected };
                assert_eq!(evaluate(values[..len].to_vec(), montgomery(z)), expected, "{len} values at {z}");
            }
        }
    }

    #[test]
    fn sums_and_differences_are_reduced() {
        let last = MODULUS - U256::ONE;
        for (a, b) in [(U256::ZERO, U256::ZERO), (last, U256::ONE), (last, last), (U256::ZERO, last), (U256::ONE, last)]
        {
            assert_eq!(add(a, b), a.add_mod(b, MODULUS));
            assert_eq!(add(sub(a, b), b), a);
            assert_eq!(add(halve(a), halve(a)), a);
        }
    }
}
