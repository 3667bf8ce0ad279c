//! Pairings: the extension of degree twelve, and lines through points of G2.
//!
//! A product of two elements of the quadratic extension is one system call here, as a sum is. So a power of w is all the structure that the
//! larger extension has, and products of its elements are taken term by term: fewer multiplications for more additions, as in a
//! tower of extensions, would gain nothing.

use crate::{
    g2::Affine2,
    precompiles::{Point, Precompiled},
    quadratic::Quadratic,
};
use core::array::from_fn;

/// A field with what the curves over it need: G1 is on y² = x³ + b, G2 on its twist of degree six.
pub(crate) trait Pairing<const N: usize>: Precompiled<N> {
    /// The sixth power of w, of which Fp12's elements are polynomials.
    const NONRESIDUE: Quadratic<Self, N>;
    /// w^(p - 1).
    const FROBENIUS: Quadratic<Self, N>;
    /// The twist's constant.
    const TWIST_B: Quadratic<Self, N>;
    /// By what the endomorphism ψ of the twist multiplies the conjugates of a point's coordinates.
    const PSI: [Quadratic<Self, N>; 2];
    /// The powers of w in a line's equation: of the term that is constant, of x's and of y's.
    const LINE: [usize; 3];
}

/// An element of Fp12: the coefficients of w⁰ to w⁵.
pub(crate) struct Fp12<M, const N: usize>([Quadratic<M, N>; 6]);

impl<M: Precompiled<N>, const N: usize> Clone for Fp12<M, N> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Pairing<N>, const N: usize> Fp12<M, N> {
    pub(crate) fn one() -> Self {
        let mut one = [const { Quadratic::ZERO }; 6];
        one[0] = Quadratic::ONE;
        Self(one)
    }

    pub(crate) fn is_one(&self) -> bool {
        self.0 == Self::one().0
    }

    /// The product with a polynomial that has terms of some powers only.
    #[inline(always)]
    fn product<const TERMS: usize>(&self, powers: [usize; TERMS], terms: &[Quadratic<M, N>; TERMS]) -> Self {
        let mut low = [const { Quadratic::ZERO }; 6];
        let mut high = [const { Quadratic::ZERO }; 5];
        for (power, term) in powers.into_iter().zip(terms) {
            for (i, coefficient) in self.0.iter().enumerate() {
                let product = coefficient * term;
                match i + power {
                    power @ 0..6 => low[power] += &product,
                    power => high[power - 6] += &product,
                }
            }
        }
        Self::reduced(low, high)
    }

    /// The polynomial with terms of w⁰ to w⁵, and of w⁶ to w¹⁰.
    #[inline(always)]
    fn reduced(mut low: [Quadratic<M, N>; 6], mut high: [Quadratic<M, N>; 5]) -> Self {
        for (low, high) in low.iter_mut().zip(&mut high) {
            *high *= &M::NONRESIDUE;
            *low += high;
        }
        Self(low)
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        self.product([0, 1, 2, 3, 4, 5], &other.0)
    }

    pub(crate) fn squared(&self) -> Self {
        let mut low = [const { Quadratic::ZERO }; 6];
        let mut high = [const { Quadratic::ZERO }; 5];
        for i in 0..6 {
            for j in i + 1..6 {
                let product = &self.0[i] * &self.0[j];
                match i + j {
                    power @ 0..6 => low[power] += &product,
                    power => high[power - 6] += &product,
                }
            }
        }
        low.iter_mut().chain(&mut high).for_each(Quadratic::double);
        for (i, coefficient) in self.0.iter().enumerate() {
            let square = coefficient.squared();
            match 2 * i {
                power @ 0..6 => low[power] += &square,
                power => high[power - 6] += &square,
            }
        }
        Self::reduced(low, high)
    }

    /// Multiplies by a line's value.
    pub(crate) fn times_line(&self, line: &[Quadratic<M, N>; 3]) -> Self {
        self.product(M::LINE, line)
    }

    /// The p⁶-th power: w becomes -w. It is the inverse of an element whose order divides p⁶ + 1.
    pub(crate) fn conjugated(&self) -> Self {
        Self(from_fn(|i| if i % 2 == 0 { self.0[i].clone() } else { -&self.0[i] }))
    }

    /// The p-th power.
    pub(crate) fn frobenius(&self) -> Self {
        let mut power = Quadratic::ONE;
        Self(self.0.each_ref().map(|coefficient| {
            let image = &coefficient.conjugated() * &power;
            power *= &M::FROBENIUS;
            image
        }))
    }

    /// The power of (p⁶ - 1)(p² + 1). `None` of zero.
    pub(crate) fn cyclotomic(&self) -> Option<Self> {
        let conjugate = self.conjugated();
        // With its conjugate an element makes one of Fp6: a polynomial of w², whose inverse is taken by its norm.
        let [n0, _, n1, _, n2, _] = &self.times(&conjugate).0;
        let t0 = &n0.squared() - &(&(n1 * n2) * &M::NONRESIDUE);
        let t1 = &(&n2.squared() * &M::NONRESIDUE) - &(n0 * n1);
        let t2 = &n1.squared() - &(n0 * n2);
        let norm = &(n0 * &t0) + &(&(&(n2 * &t1) + &(n1 * &t2)) * &M::NONRESIDUE);
        if norm.is_zero() {
            return None;
        }
        let inverse = norm.inverse();
        let quotient =
            conjugate.times(&conjugate).product([0, 2, 4], &[&t0 * &inverse, &t1 * &inverse, &t2 * &inverse]);
        Some(quotient.frobenius().frobenius().times(&quotient))
    }

    /// The square of a power that [`Self::cyclotomic`] gives (Granger and Scott, https://eprint.iacr.org/2009/565, section 3.2).
    pub(crate) fn cyclotomic_square(&self) -> Self {
        let mut result = self.clone();
        // Three squares of x + y w³, of coefficients three apart, and where thrice each goes.
        for (from, to) in [(0, 0), (1, 2), (2, 1)] {
            let (x, y) = (&self.0[from], &self.0[from + 3]);
            let mut even = y.squared();
            even *= &M::NONRESIDUE;
            even += &x.squared();
            let mut odd = x * y;
            odd.double();
            // One is multiplied by w³, which has the two change places.
            let [at_even, at_odd] = if to == 1 { [to + 3, to] } else { [to, to + 3] };
            if to == 1 {
                odd *= &M::NONRESIDUE;
            }
            // Less twice the conjugate, or plus.
            let mut difference = &even - &result.0[at_even];
            difference.double();
            difference += &even;
            result.0[at_even] = difference;
            let sum = &mut result.0[at_odd];
            *sum += &odd;
            sum.double();
            *sum += &odd;
        }
        result
    }

    /// A power of a power that [`Self::cyclotomic`] gives.
    pub(crate) fn cyclotomic_power(&self, exponent: u64) -> Self {
        let mut power = self.clone();
        for bit in (0..exponent.ilog2()).rev() {
            power = power.cyclotomic_square();
            if exponent >> bit & 1 == 1 {
                power = power.times(self);
            }
        }
        power
    }
}

/// A point of G2 on its way through Miller's loop, in homogeneous coordinates, with the point of G1 where its lines are taken.
///
/// The steps' formulas are those of https://eprint.iacr.org/2013/722, section 4, times what takes their halves away. A line may
/// be off by a factor of Fp2, which the final exponentiation makes one.
pub(crate) struct Miller<M, const N: usize> {
    at: Point<N>,
    x: Quadratic<M, N>,
    y: Quadratic<M, N>,
    z: Quadratic<M, N>,
}

impl<M: Pairing<N>, const N: usize> Miller<M, N> {
    pub(crate) fn new(at: Point<N>, start: &Affine2<M, N>) -> Self {
        Self { at, x: start.x.clone(), y: start.y.clone(), z: Quadratic::ONE }
    }

    /// A line's coefficients times the coordinates of the point of G1.
    #[inline(always)]
    fn at(&self, mut line: [Quadratic<M, N>; 3]) -> [Quadratic<M, N>; 3] {
        line[1].scale(&self.at.x);
        line[2].scale(&self.at.y);
        line
    }

    /// Doubles the point, and says the tangent.
    pub(crate) fn double(&mut self) -> [Quadratic<M, N>; 3] {
        let b = self.y.squared();
        let mut e = self.z.squared();
        e *= &M::TWIST_B;
        let e = e.tripled();
        let f = e.tripled();
        let mut h = &self.y * &self.z;
        h.double();
        let line = [&e - &b, self.x.squared().tripled(), -&h];

        self.x *= &self.y;
        self.x *= &(&b - &f);
        self.x.double();
        let mut twelve = e.squared().tripled();
        twelve.double();
        twelve.double();
        self.y = (&b + &f).squared();
        self.y -= &twelve;
        h *= &b;
        h.double();
        h.double();
        self.z = h;
        self.at(line)
    }

    /// Adds a point, and says the line through both.
    pub(crate) fn add(&mut self, other: &Affine2<M, N>) -> [Quadratic<M, N>; 3] {
        let mut theta = &other.y * &self.z;
        theta -= &self.y;
        let mut lambda = &other.x * &self.z;
        lambda -= &self.x;
        let mut constant = &theta * &other.x;
        constant -= &(&lambda * &other.y);
        let line = [constant, -&theta, lambda.clone()];

        let mut d = lambda.squared();
        self.x *= &d;
        d *= &lambda;
        let mut h = theta.squared();
        h *= &self.z;
        h -= &d;
        h -= &self.x;
        h -= &self.x;
        self.z *= &d;
        self.y *= &d;
        self.x -= &h;
        theta *= &self.x;
        self.y = &theta - &self.y;
        self.x = &lambda * &h;
        self.at(line)
    }
}
