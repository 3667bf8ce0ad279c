//! Groups of points, and sums in them.

use alloc::vec::Vec;

/// A point of a group that is written additively.
pub(crate) trait Group: Clone {
    /// The neutral element.
    const INFINITY: Self;

    /// `self += other`.
    fn add(&mut self, other: &Self);
    /// `self += self`.
    fn double(&mut self);
    /// The opposite point.
    fn opposite(&self) -> Self;
}

/// The multiple of a point by a factor of few bits set.
pub(crate) fn multiple<G: Group>(point: &G, factor: u64) -> G {
    let mut sum = G::INFINITY;
    for bit in (0..u64::BITS - factor.leading_zeros()).rev() {
        sum.double();
        if factor >> bit & 1 == 1 {
            sum.add(point);
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
pub(crate) fn weighted_sum<G: Group>(terms: &[(G, [u64; 4])]) -> G {
    let multiples: Vec<[G; 9]> = terms
        .iter()
        .map(|(point, _)| {
            let mut multiples = [const { G::INFINITY }; 9];
            for i in 1..multiples.len() {
                multiples[i] = multiples[i - 1].clone();
                multiples[i].add(point);
            }
            multiples
        })
        .collect();
    let mut sum = G::INFINITY;
    for i in (0..DIGITS).rev() {
        for _ in 0..4 {
            sum.double();
        }
        for ((_, factor), multiples) in terms.iter().zip(&multiples) {
            let digit = digit(factor, i);
            let multiple = &multiples[digit.unsigned_abs() as usize];
            match digit {
                0 => {}
                ..0 => sum.add(&multiple.opposite()),
                _ => sum.add(multiple),
            }
        }
    }
    sum
}
