//! Sums of points on a curve over a prime field, in affine coordinates, as SP1's precompiles add them.

use crate::number::{from_bytes, negative, product, sum, to_bytes};
use alloy_primitives::U256;

/// A point that isn't the neutral one: its coordinates' limbs, the least significant first, x before y. What isn't below the
/// modulus is no coordinate.
pub(crate) type Affine = [u64; 8];

/// A point.
///
/// `None` is the neutral one.
pub(crate) type Point = Option<Affine>;

/// Bits of a window of a scalar that some point is multiplied by, and of one that the generator is.
pub(crate) const WINDOW: usize = 5;
pub(crate) const GENERATOR_WINDOW: usize = 2 * WINDOW;

/// The first multiples of a point.
pub(crate) type Multiples = [Affine; 1 << (WINDOW - 1)];
pub(crate) type GeneratorMultiples = [Affine; 1 << (GENERATOR_WINDOW - 1)];

/// A curve y² = x³ + ax + b of prime order, so that all its points but the neutral one are of that order.
pub(crate) trait Curve {
    const MODULUS: U256;
    const ORDER: U256;
    const A: U256;
    const B: U256;

    /// Adds `other`, of another x.
    fn add(point: &mut Affine, other: &Affine);

    /// Doubles the point. None is its own negative.
    fn double(point: &mut Affine);

    /// `generator` times the generator and `scalar` times `point`; both scalars are below the order.
    fn combination(generator: U256, point: &Affine, scalar: U256) -> Point;

    /// x³ + ax + b.
    fn right_side(x: U256) -> U256 {
        let square = product(x, x, Self::MODULUS);
        let factor = if Self::A.is_zero() { square } else { sum(square, Self::A, Self::MODULUS) };
        sum(product(factor, x, Self::MODULUS), Self::B, Self::MODULUS)
    }

    /// The point with these coordinates; `None` if it isn't on the curve or they aren't below the modulus.
    fn point(x: U256, y: U256) -> Option<Affine> {
        let is_field = x < Self::MODULUS && y < Self::MODULUS;
        let is_on_curve = is_field && product(y, y, Self::MODULUS) == Self::right_side(x);
        is_on_curve.then(|| affine(x, y))
    }

    /// The point with 64 bytes of coordinates, x before y; `None` as for [`Self::point`].
    fn point_of_bytes(bytes: &[u8; 64]) -> Option<Affine> {
        let (x, y) = halves(bytes);
        Self::point(from_bytes(x), from_bytes(y))
    }
}

/// The point's coordinates, once it is known to be on a curve.
pub(crate) fn affine(x: U256, y: U256) -> Affine {
    let ([x0, x1, x2, x3], [y0, y1, y2, y3]) = (x.into_limbs(), y.into_limbs());
    [x0, x1, x2, x3, y0, y1, y2, y3]
}

/// The point's x and y.
pub(crate) fn coordinates([x0, x1, x2, x3, y0, y1, y2, y3]: Affine) -> (U256, U256) {
    (U256::from_limbs([x0, x1, x2, x3]), U256::from_limbs([y0, y1, y2, y3]))
}

/// The coordinates as bytes, x before y.
pub(crate) fn bytes(point: Affine) -> [u8; 64] {
    let (x, y) = coordinates(point);
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&to_bytes(x));
    bytes[32..].copy_from_slice(&to_bytes(y));
    bytes
}

/// The first 32 bytes, and the others.
pub(crate) fn halves(bytes: &[u8; 64]) -> (&[u8; 32], &[u8; 32]) {
    let (first, second) = bytes.split_at(32);
    (first.try_into().expect("32 bytes"), second.try_into().expect("32 bytes"))
}

/// Adds `other` to `sum`, whatever both are.
pub(crate) fn add<C: Curve>(sum: &mut Point, other: &Affine) {
    let Some(point) = sum else {
        *sum = Some(*other);
        return;
    };
    // Compared by hand: it is the innermost loop's.
    if point[0] != other[0] || (1..4).any(|at| point[at] != other[at]) {
        C::add(point, other);
    } else if (4..8).all(|at| point[at] == other[at]) {
        C::double(point);
    } else {
        *sum = None;
    }
}

/// The point's multiples by 1, 2, 3 and so on. Those that are added differ, as the curve's order is a large prime.
pub(crate) fn multiples<C: Curve>(point: &Affine) -> Multiples {
    let mut multiples = [*point; 1 << (WINDOW - 1)];
    C::double(&mut multiples[1]);
    for at in 2..multiples.len() {
        multiples[at] = multiples[at - 1];
        C::add(&mut multiples[at], point);
    }
    multiples
}

/// A scalar by windows of `BITS` bits, the least significant first: digits from `-2^(BITS-1)` below `2^(BITS-1)`. What
/// `DIGITS` digits can't say is lost.
pub(crate) fn digits<const BITS: usize, const DIGITS: usize>(scalar: U256) -> [i16; DIGITS] {
    let limbs = scalar.as_limbs();
    let mut carry = 0;
    core::array::from_fn(|at| {
        let (limb, bit) = (at * BITS / 64, at * BITS % 64);
        let low = limbs.get(limb).map_or(0, |limb| limb >> bit);
        let high = if bit + BITS > 64 { limbs.get(limb + 1).map_or(0, |limb| limb << (64 - bit)) } else { 0 };
        let digit = ((low | high) & ((1 << BITS) - 1)) as i16 + carry;
        carry = (digit >> (BITS - 1)) & 1 | digit >> BITS;
        digit - (carry << BITS)
    })
}

/// Adds `digit` times the point that `multiples` are of.
pub(crate) fn add_multiple<C: Curve>(sum: &mut Point, multiples: &[Affine], digit: i16) {
    if digit == 0 {
        return;
    }
    let multiple = &multiples[usize::from(digit.unsigned_abs()) - 1];
    if digit > 0 {
        add::<C>(sum, multiple);
    } else {
        add::<C>(sum, &opposite::<C>(multiple));
    }
}

/// The point that is the neutral one in sum with `point`. No point of an odd order has a y of zero.
pub(crate) fn opposite<C: Curve>(point: &Affine) -> Affine {
    let (x, y) = coordinates(*point);
    affine(x, negative(y, C::MODULUS))
}

/// Sums and doublings by the formulas, for tests of all the rest on a machine that has no precompiles.
#[cfg(not(target_os = "zkvm"))]
pub(crate) mod formulas {
    use super::{Affine, Curve, affine, coordinates};
    use alloy_primitives::{U256, uint};

    pub(crate) fn add<C: Curve>(point: &mut Affine, other: &Affine) {
        let ((x, y), (other_x, other_y)) = (coordinates(*point), coordinates(*other));
        assert_ne!(x, other_x, "SP1 adds no points of one x");
        *point = third::<C>((x, y), other_x, minus::<C>(other_y, y), minus::<C>(other_x, x));
    }

    pub(crate) fn double<C: Curve>(point: &mut Affine) {
        let (x, y) = coordinates(*point);
        let rise = uint!(3_U256).mul_mod(x.mul_mod(x, C::MODULUS), C::MODULUS).add_mod(C::A, C::MODULUS);
        *point = third::<C>((x, y), x, rise, y.add_mod(y, C::MODULUS));
    }

    /// Where the line through a point with the slope `rise / run`, which meets the curve at another x too, meets it last,
    /// seen from the other side.
    fn third<C: Curve>((x, y): (U256, U256), other_x: U256, rise: U256, run: U256) -> Affine {
        let slope = rise.mul_mod(run.inv_mod(C::MODULUS).expect("no vertical line"), C::MODULUS);
        let third_x = minus::<C>(minus::<C>(slope.mul_mod(slope, C::MODULUS), x), other_x);
        let third_y = minus::<C>(slope.mul_mod(minus::<C>(x, third_x), C::MODULUS), y);
        affine(third_x, third_y)
    }

    fn minus<C: Curve>(left: U256, right: U256) -> U256 {
        left.add_mod(C::MODULUS - right, C::MODULUS)
    }
}
