//! Pairings: the extension of degree twelve, and lines through points of G2.
//!
//! A product in the quadratic extension is one system call here, as a sum is. So powers of w are all the structure that the
//! larger extension has, and products of its elements are taken term by term: fewer multiplications for more additions, as in a
//! tower of extensions, would gain nothing.

use crate::{
    g2::Affine2,
    precompiles::{Point, Precompiled},
    quadratic::Quadratic,
};
use core::array::from_fn;

/// How the twist comes from the curve y² = x³ + b: with which constant, and so where a line's terms are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twist {
    /// b times w⁶: the terms are the constant, x's times w², and y's times w³.
    Multiplied,
    /// b divided by w⁶: they are y's, x's times w, and the constant times w³.
    Divided,
}

/// A field with what the curves over it need: G1 is on y² = x³ + b, G2 on its twist of degree six.
pub(crate) trait Pairing<const N: usize>: Precompiled<N> {
    /// The sixth power of w, of which Fp12's elements are polynomials.
    const NONRESIDUE: Quadratic<Self, N>;
    /// w^(p - 1).
    const FROBENIUS: Quadratic<Self, N>;
    /// How the twist comes from the curve.
    const TWIST: Twist;
    /// The twist's constant.
    const TWIST_B: Quadratic<Self, N>;
    /// By what the endomorphism ψ of the twist multiplies the conjugates of a point's coordinates.
    const PSI: [Quadratic<Self, N>; 2];
}

/// An element of Fp12: the coefficients of w⁰ to w⁵.
pub(crate) struct Fp12<M, const N: usize>([Quadratic<M, N>; 6]);

impl<M: Precompiled<N>, const N: usize> Clone for Fp12<M, N> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Pairing<N>, const N: usize> Fp12<M, N> {
    pub(crate) const ONE: Self = {
        let mut one = [const { Quadratic::ZERO }; 6];
        one[0] = Quadratic::ONE;
        Self(one)
    };

    pub(crate) fn is_one(&self) -> bool {
        self.0 == Self::ONE.0
    }

    /// `self = other * polynomial`, where the polynomial has terms of ascending powers, the first of w⁰ and the last of w^HIGH.
    #[inline(always)]
    fn set_product<const TERMS: usize, const HIGH: usize>(
        &mut self,
        other: &Self,
        powers: [usize; TERMS],
        polynomial: &[Quadratic<M, N>; TERMS],
    ) {
        let (first, last) = (&polynomial[0], &polynomial[TERMS - 1]);
        // The first and the last term's products reach each power once.
        for (product, coefficient) in self.0.iter_mut().zip(&other.0) {
            product.copy(coefficient);
            *product *= first;
        }
        let mut high: [Quadratic<M, N>; HIGH] = from_fn(|i| other.0[6 - HIGH + i].clone());
        high.iter_mut().for_each(|product| *product *= last);
        let mut product = Quadratic::ZERO;
        for (power, term) in powers.into_iter().zip(polynomial).skip(1) {
            for (i, coefficient) in other.0.iter().enumerate() {
                if power == HIGH && i + HIGH >= 6 {
                    continue;
                }
                product.copy(coefficient);
                product *= term;
                self.add_term(&mut high, i + power, &product);
            }
        }
        self.add_high(high);
    }

    /// Adds a term to its power's, which is among those of w⁶ and up if it is not in `self`.
    #[inline(always)]
    fn add_term(&mut self, high: &mut [Quadratic<M, N>], power: usize, term: &Quadratic<M, N>) {
        match self.0.get_mut(power) {
            Some(low) => *low += term,
            None => high[power - 6] += term,
        }
    }

    /// Adds the terms of w⁶ and up.
    #[inline(always)]
    fn add_high<const HIGH: usize>(&mut self, mut high: [Quadratic<M, N>; HIGH]) {
        for (low, high) in self.0.iter_mut().zip(&mut high) {
            *high *= &M::NONRESIDUE;
            *low += high;
        }
    }

    /// `self = a * b`.
    pub(crate) fn set_times(&mut self, a: &Self, b: &Self) {
        self.set_product::<6, 5>(a, [0, 1, 2, 3, 4, 5], &b.0);
    }

    /// `self = other * line`, by a line's value.
    pub(crate) fn set_times_line(&mut self, other: &Self, line: &Line<M, N>) {
        match M::TWIST {
            Twist::Multiplied => self.set_product::<3, 3>(other, [0, 2, 3], &line.0),
            Twist::Divided => self.set_product::<3, 3>(other, [0, 1, 3], &line.0),
        }
    }

    /// `self = other * other`.
    pub(crate) fn set_square(&mut self, other: &Self) {
        let a = &other.0;
        // Products with the first and the last coefficient reach each power once.
        self.0.iter_mut().zip(a).for_each(|(low, a)| low.copy(a));
        let mut high: [Quadratic<M, N>; 5] = from_fn(|i| a[i + 1].clone());
        self.0[0].square();
        high[4].square();
        for low in &mut self.0[1..] {
            *low *= &a[0];
        }
        for high in &mut high[..4] {
            *high *= &a[5];
        }
        let mut product = Quadratic::ZERO;
        for (i, j) in [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)] {
            product.copy(&a[i]);
            product *= &a[j];
            self.add_term(&mut high, i + j, &product);
        }
        self.0[1..].iter_mut().chain(&mut high[..4]).for_each(Quadratic::double);
        for (i, a) in a[..5].iter().enumerate().skip(1) {
            product.copy(a);
            product.square();
            self.add_term(&mut high, 2 * i, &product);
        }
        self.add_high(high);
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut product = Self::ONE;
        product.set_times(self, other);
        product
    }

    /// The p⁶-th power: w becomes -w. It is the inverse of an element whose order divides p⁶ + 1.
    pub(crate) fn conjugated(&self) -> Self {
        let mut conjugate = self.clone();
        conjugate.0.iter_mut().skip(1).step_by(2).for_each(Quadratic::negate);
        conjugate
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
        let t0 = &(n0 * n0) - &(&(n1 * n2) * &M::NONRESIDUE);
        let t1 = &(&(n2 * n2) * &M::NONRESIDUE) - &(n0 * n1);
        let t2 = &(n1 * n1) - &(n0 * n2);
        let norm = &(n0 * &t0) + &(&(&(n2 * &t1) + &(n1 * &t2)) * &M::NONRESIDUE);
        if norm.is_zero() {
            return None;
        }
        let inverse = norm.inverse();
        let mut quotient = Self::ONE;
        quotient.set_product::<3, 4>(
            &conjugate.times(&conjugate),
            [0, 2, 4],
            &[&t0 * &inverse, &t1 * &inverse, &t2 * &inverse],
        );
        Some(quotient.frobenius().frobenius().times(&quotient))
    }

    /// `self = other * other`, of a power that [`Self::cyclotomic`] gives (Granger and Scott,
    /// https://eprint.iacr.org/2009/565, section 3.2).
    fn set_cyclotomic_square(&mut self, other: &Self) {
        let mut square = Quadratic::ZERO;
        // Three squares of x + y w³, of coefficients three apart, and where thrice each goes.
        for (from, to) in [(0, 0), (1, 2), (2, 1)] {
            let (x, y) = (&other.0[from], &other.0[from + 3]);
            let (mut even, mut odd) = (y.clone(), y.clone());
            even.square();
            even *= &M::NONRESIDUE;
            square.copy(x);
            square.square();
            even += &square;
            odd *= x;
            odd.double();
            // One is multiplied by w³, which has the two change places.
            let (at_even, at_odd) = if to == 1 { (to + 3, to) } else { (to, to + 3) };
            if to == 1 {
                odd *= &M::NONRESIDUE;
            }
            // Less twice the conjugate, or plus.
            let difference = &mut self.0[at_even];
            difference.copy(&even);
            *difference -= &other.0[at_even];
            difference.double();
            *difference += &even;
            let sum = &mut self.0[at_odd];
            sum.copy(&odd);
            *sum += &other.0[at_odd];
            sum.double();
            *sum += &odd;
        }
    }

    /// The square of a power that [`Self::cyclotomic`] gives.
    pub(crate) fn cyclotomic_square(&self) -> Self {
        let mut square = Self::ONE;
        square.set_cyclotomic_square(self);
        square
    }

    /// A power of a power that [`Self::cyclotomic`] gives.
    pub(crate) fn cyclotomic_power(&self, exponent: u64) -> Self {
        let mut power = Product::new(self);
        for bit in (0..exponent.ilog2()).rev() {
            power.step(Self::set_cyclotomic_square);
            if exponent >> bit & 1 == 1 {
                power.step(|next, power| next.set_times(power, self));
            }
        }
        power.element().clone()
    }
}

/// An element that is made in many steps: in two places in turn, since copies take cycles.
pub(crate) struct Product<M, const N: usize> {
    places: [Fp12<M, N>; 2],
    is_second: bool,
}

impl<M: Pairing<N>, const N: usize> Product<M, N> {
    pub(crate) fn new(start: &Fp12<M, N>) -> Self {
        Self { places: [start.clone(), Fp12::ONE], is_second: false }
    }

    pub(crate) fn element(&self) -> &Fp12<M, N> {
        &self.places[usize::from(self.is_second)]
    }

    /// Has the first of two elements set to something made of the other, which is the element so far.
    #[inline(always)]
    pub(crate) fn step(&mut self, set: impl FnOnce(&mut Fp12<M, N>, &Fp12<M, N>)) {
        let [first, second] = &mut self.places;
        if self.is_second {
            set(first, second)
        } else {
            set(second, first)
        }
        self.is_second ^= true;
    }
}

/// A line's value at a point of G1: its terms in ascending powers of w, of which [`Twist`] says what they are.
pub(crate) struct Line<M, const N: usize>([Quadratic<M, N>; 3]);

impl<M: Pairing<N>, const N: usize> Line<M, N> {
    pub(crate) const ZERO: Self = Self([const { Quadratic::ZERO }; 3]);

    /// The terms: the constant, x's, and y's.
    #[inline(always)]
    fn terms(&mut self) -> [&mut Quadratic<M, N>; 3] {
        let [first, x, last] = &mut self.0;
        match M::TWIST {
            Twist::Multiplied => [first, x, last],
            Twist::Divided => [last, x, first],
        }
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

    /// Doubles the point. The line becomes the tangent.
    pub(crate) fn double(&mut self, line: &mut Line<M, N>) {
        let [constant, x_term, y_term] = line.terms();
        let mut b = self.y.clone();
        b.square();
        let mut square = self.z.clone();
        square.square();
        square *= &M::TWIST_B;
        let mut e = square.clone();
        e.double();
        e += &square;
        let mut f = e.clone();
        f.double();
        f += &e;
        let mut h = self.y.clone();
        h *= &self.z;
        h.double();

        constant.copy(&e);
        *constant -= &b;
        square.copy(&self.x);
        square.square();
        x_term.copy(&square);
        x_term.double();
        *x_term += &square;
        x_term.scale(&self.at.x);
        y_term.copy(&h);
        y_term.negate();
        y_term.scale(&self.at.y);

        self.x *= &self.y;
        self.x.double();
        self.y.copy(&b);
        self.y += &f;
        self.y.square();
        self.z.copy(&h);
        self.z *= &b;
        self.z.double();
        self.z.double();
        b -= &f;
        self.x *= &b;
        // Twelve of e's squares.
        e.double();
        e.square();
        self.y -= &e;
        self.y -= &e;
        self.y -= &e;
    }

    /// Adds a point. The line becomes the one through both.
    pub(crate) fn add(&mut self, other: &Affine2<M, N>, line: &mut Line<M, N>) {
        let [constant, x_term, y_term] = line.terms();
        let mut theta = other.y.clone();
        theta *= &self.z;
        theta -= &self.y;
        let mut lambda = self.x.clone();
        let mut d = other.x.clone();
        d *= &self.z;
        lambda -= &d;

        // The constant's opposite is made first: theta's sign, and lambda's, are as the x and the y term need them.
        constant.copy(&theta);
        *constant *= &other.x;
        d.copy(&lambda);
        d *= &other.y;
        *constant += &d;
        constant.negate();
        x_term.copy(&theta);
        x_term.scale(&self.at.x);
        y_term.copy(&lambda);
        y_term.scale(&self.at.y);

        d.copy(&lambda);
        d.square();
        self.x *= &d;
        d *= &lambda;
        let mut h = theta.clone();
        h.square();
        h *= &self.z;
        h += &d;
        h -= &self.x;
        h -= &self.x;
        self.z *= &d;
        self.y *= &d;
        self.x -= &h;
        theta *= &self.x;
        self.y += &theta;
        self.y.negate();
        self.x.copy(&lambda);
        self.x *= &h;
    }
}
