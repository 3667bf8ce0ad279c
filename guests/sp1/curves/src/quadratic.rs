//! The quadratic extension Fp[u]/(u² + 1), by SP1's precompiles for it.

use crate::{
    field::{self, Element, element},
    precompiles::{Montgomery, Precompiled},
};
use ark_ff::{Field, Fp2, Fp2Config};
use core::{
    marker::PhantomData,
    ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign},
};

/// An element of the extension: the words of the coefficient of 1, then of u's.
///
/// A system call takes fewer cycles than its operand's copy, and what is returned is copied once more. So what is done
/// often is done in place; operators are for the rest.
pub(crate) struct Quadratic<M, const N: usize>(pub(crate) [[u64; N]; 2], PhantomData<M>);

impl<M: Precompiled<N>, const N: usize> Clone for Quadratic<M, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        let mut copy = Self::ZERO;
        copy.copy(self);
        copy
    }
}

impl<M, const N: usize> PartialEq for Quadratic<M, N> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<M: Precompiled<N>, const N: usize> Quadratic<M, N> {
    pub(crate) const ZERO: Self = Self([[0; N]; 2], PhantomData);

    pub(crate) const ONE: Self = {
        let mut words = [[0; N]; 2];
        words[0][0] = 1;
        Self(words, PhantomData)
    };

    pub(crate) const fn new(c0: Element<M, N>, c1: Element<M, N>) -> Self {
        Self([c0.0.0, c1.0.0], PhantomData)
    }

    /// One of arkworks' constants as plain integers.
    pub(crate) const fn plain<C: Fp2Config<Fp = Montgomery<M, N>>>(element: &Fp2<C>) -> Self {
        Self::new(field::plain(&element.c0), field::plain(&element.c1))
    }

    pub(crate) fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// `self = other`.
    #[inline(always)]
    pub(crate) fn copy(&mut self, other: &Self) {
        M::copy2(&mut self.0, &other.0);
    }

    /// `self += self`.
    #[inline(always)]
    pub(crate) fn double(&mut self) {
        M::double2(&mut self.0);
    }

    /// `self *= self`.
    #[inline(always)]
    pub(crate) fn square(&mut self) {
        M::square2(&mut self.0);
    }

    /// `self = -self`.
    #[inline(always)]
    pub(crate) fn negate(&mut self) {
        let mut opposite = Self::ZERO;
        opposite -= self;
        self.copy(&opposite);
    }

    /// The conjugate, which is the field's order-th power.
    pub(crate) fn conjugated(&self) -> Self {
        let mut conjugate = Self([self.0[0], [0; N]], PhantomData);
        M::sub(&mut conjugate.0[1], &self.0[1]);
        conjugate
    }

    /// Multiplies by an element of the field below.
    #[inline(always)]
    pub(crate) fn scale(&mut self, factor: &[u64; N]) {
        M::mul(&mut self.0[0], factor);
        M::mul(&mut self.0[1], factor);
    }

    /// The inverse; zero's is zero.
    pub(crate) fn inverse(&self) -> Self {
        let [c0, c1] = self.0.map(element::<M, N>);
        let norm = c0.square() + c1.square();
        let mut inverse = self.conjugated();
        inverse.scale(&norm.inverse().unwrap_or(norm).0.0);
        inverse
    }
}

impl<M: Precompiled<N>, const N: usize> AddAssign<&Self> for Quadratic<M, N> {
    #[inline(always)]
    fn add_assign(&mut self, other: &Self) {
        M::add2(&mut self.0, &other.0);
    }
}

impl<M: Precompiled<N>, const N: usize> SubAssign<&Self> for Quadratic<M, N> {
    #[inline(always)]
    fn sub_assign(&mut self, other: &Self) {
        M::sub2(&mut self.0, &other.0);
    }
}

impl<M: Precompiled<N>, const N: usize> MulAssign<&Self> for Quadratic<M, N> {
    #[inline(always)]
    fn mul_assign(&mut self, other: &Self) {
        M::mul2(&mut self.0, &other.0);
    }
}

impl<M: Precompiled<N>, const N: usize> Add for &Quadratic<M, N> {
    type Output = Quadratic<M, N>;

    #[inline(always)]
    fn add(self, other: Self) -> Quadratic<M, N> {
        let mut sum = self.clone();
        sum += other;
        sum
    }
}

impl<M: Precompiled<N>, const N: usize> Sub for &Quadratic<M, N> {
    type Output = Quadratic<M, N>;

    #[inline(always)]
    fn sub(self, other: Self) -> Quadratic<M, N> {
        let mut difference = self.clone();
        difference -= other;
        difference
    }
}

impl<M: Precompiled<N>, const N: usize> Mul for &Quadratic<M, N> {
    type Output = Quadratic<M, N>;

    #[inline(always)]
    fn mul(self, other: Self) -> Quadratic<M, N> {
        let mut product = self.clone();
        product *= other;
        product
    }
}

impl<M: Precompiled<N>, const N: usize> Neg for &Quadratic<M, N> {
    type Output = Quadratic<M, N>;

    #[inline(always)]
    fn neg(self) -> Quadratic<M, N> {
        let mut opposite = Quadratic::ZERO;
        opposite -= self;
        opposite
    }
}
