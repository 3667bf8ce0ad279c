//! The quadratic extension Fp[u]/(u² + 1), by SP1's precompiles for it.

use crate::{
    field::{self, Element, element},
    precompiles::{Montgomery, Precompiled},
};
use ark_ff::{Field, Fp2, Fp2Config, Zero};
use core::{
    marker::PhantomData,
    ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign},
};

/// An element of the extension: the words of the coefficient of 1, then of u's.
pub(crate) struct Quadratic<M, const N: usize>(pub(crate) [[u64; N]; 2], PhantomData<M>);

impl<M, const N: usize> Clone for Quadratic<M, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, const N: usize> Copy for Quadratic<M, N> {}

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

    /// `self += self`.
    #[inline(always)]
    pub(crate) fn double(&mut self) {
        M::double2(&mut self.0);
    }

    #[inline(always)]
    pub(crate) fn doubled(&self) -> Self {
        let mut double = *self;
        double.double();
        double
    }

    #[inline(always)]
    pub(crate) fn squared(&self) -> Self {
        let mut square = *self;
        M::square2(&mut square.0);
        square
    }

    /// The conjugate, which is the field's order-th power.
    pub(crate) fn conjugated(&self) -> Self {
        let mut c1 = [0; N];
        M::sub(&mut c1, &self.0[1]);
        Self([self.0[0], c1], PhantomData)
    }

    /// The product with an element of the field below.
    #[inline(always)]
    pub(crate) fn scaled(&self, factor: &[u64; N]) -> Self {
        let mut product = *self;
        M::mul(&mut product.0[0], factor);
        M::mul(&mut product.0[1], factor);
        product
    }

    /// The inverse; zero's is zero.
    pub(crate) fn inverse(&self) -> Self {
        let [c0, c1] = self.0.map(element::<M, N>);
        let norm = c0.square() + c1.square();
        if norm.is_zero() { *self } else { self.conjugated().scaled(&norm.inverse().expect("it is not zero").0.0) }
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

impl<M: Precompiled<N>, const N: usize> Add<&Self> for Quadratic<M, N> {
    type Output = Self;

    #[inline(always)]
    fn add(mut self, other: &Self) -> Self {
        self += other;
        self
    }
}

impl<M: Precompiled<N>, const N: usize> Sub<&Self> for Quadratic<M, N> {
    type Output = Self;

    #[inline(always)]
    fn sub(mut self, other: &Self) -> Self {
        self -= other;
        self
    }
}

impl<M: Precompiled<N>, const N: usize> Mul<&Self> for Quadratic<M, N> {
    type Output = Self;

    #[inline(always)]
    fn mul(mut self, other: &Self) -> Self {
        self *= other;
        self
    }
}

impl<M: Precompiled<N>, const N: usize> Neg for Quadratic<M, N> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self::ZERO - &self
    }
}
