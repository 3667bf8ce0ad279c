//! Sums of points of G1: affine, each addition one system call. `None` is infinity.

use crate::{
    field::{Element, element},
    precompiles::{Point, Precompiled},
};
use alloc::vec::Vec;
use ark_ff::Field;

/// A sum of points: `None` is infinity.
pub(crate) type Sum<const N: usize> = Option<Point<N>>;

impl<const N: usize> Point<N> {
    /// The point of two coordinates, which must satisfy the curve's equation.
    pub(crate) fn new<M: Precompiled<N>>(x: Element<M, N>, y: Element<M, N>) -> Self {
        Self { x: x.0.0, y: y.0.0 }
    }

    /// Its coordinates.
    pub(crate) fn coordinates<M: Precompiled<N>>(&self) -> (Element<M, N>, Element<M, N>) {
        (element(self.x), element(self.y))
    }

    /// The opposite point.
    pub(crate) fn opposite<M: Precompiled<N>>(&self) -> Self {
        let mut y = [0; N];
        M::sub(&mut y, &self.y);
        Self { x: self.x, y }
    }
}

/// Whether `y² = x³ + b`.
pub(crate) fn is_on_curve<M: Precompiled<N>, const N: usize>(
    x: &Element<M, N>,
    y: &Element<M, N>,
    b: &Element<M, N>,
) -> bool {
    y.square() == x.square() * x + b
}

/// `sum += point`. Neither curve has a point of order two, so that a point can always be doubled.
#[inline]
pub(crate) fn add<M: Precompiled<N>, const N: usize>(sum: &mut Sum<N>, point: &Point<N>) {
    match sum {
        None => *sum = Some(*point),
        Some(a) if a.x != point.x => M::add_points(a, point),
        Some(a) if a.y == point.y => M::double_point(a),
        Some(_) => *sum = None,
    }
}

/// `sum += sum`.
#[inline]
pub(crate) fn double<M: Precompiled<N>, const N: usize>(sum: &mut Sum<N>) {
    if let Some(point) = sum {
        M::double_point(point);
    }
}

/// The multiple of a point by one word, which should have few bits set.
pub(crate) fn multiple<M: Precompiled<N>, const N: usize>(point: &Point<N>, factor: u64) -> Sum<N> {
    let mut sum = None;
    for bit in (0..u64::BITS - factor.leading_zeros()).rev() {
        double::<M, N>(&mut sum);
        if factor >> bit & 1 == 1 {
            add::<M, N>(&mut sum, point);
        }
    }
    sum
}

/// Digits of a 256-bit factor: one for four bits, and one for what they carry.
const DIGITS: usize = 65;

/// Four bits of a factor.
fn nibble(factor: &[u64; 4], i: usize) -> u64 {
    factor.get(i / 16).map_or(0, |word| word >> (4 * (i % 16)) & 15)
}

/// The factor's digit of weight 16^`i`, from -8 to 8: four bits above 7 count as negative and carry into the next.
fn digit(factor: &[u64; 4], i: usize) -> i64 {
    let carry = if i == 0 { 0 } else { nibble(factor, i - 1) >> 3 };
    let bits = nibble(factor, i);
    (bits + carry) as i64 - if bits >= 8 { 16 } else { 0 }
}

/// The sum of points, each times a factor (the lowest word first), which need not be below the group's order.
///
/// Straus's method: digits of all factors go through the same doublings.
pub(crate) fn weighted_sum<M: Precompiled<N>, const N: usize>(terms: &[(Point<N>, [u64; 4])]) -> Sum<N> {
    let multiples: Vec<[Sum<N>; 9]> = terms
        .iter()
        .map(|(point, _)| {
            let mut multiples = [None; 9];
            for i in 1..multiples.len() {
                multiples[i] = multiples[i - 1];
                add::<M, N>(&mut multiples[i], point);
            }
            multiples
        })
        .collect();
    let mut sum = None;
    for i in (0..DIGITS).rev() {
        for _ in 0..4 {
            double::<M, N>(&mut sum);
        }
        for ((_, factor), multiples) in terms.iter().zip(&multiples) {
            let digit = digit(factor, i);
            if let Some(multiple) = &multiples[digit.unsigned_abs() as usize] {
                if digit < 0 {
                    add::<M, N>(&mut sum, &multiple.opposite::<M>());
                } else {
                    add::<M, N>(&mut sum, multiple);
                }
            }
        }
    }
    sum
}
