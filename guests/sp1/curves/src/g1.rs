//! Points of the curves over the prime fields: affine, each addition one system call.

use crate::{
    field::{Element, element, write_be_bytes},
    group::Group,
    precompiles::{Point, Precompiled},
};
use ark_ff::{Field, Zero};
use core::marker::PhantomData;

/// A point of y² = x³ + b; `None` is infinity.
pub(crate) struct G1<M, const N: usize>(pub(crate) Option<Point<N>>, PhantomData<M>);

impl<M, const N: usize> Clone for G1<M, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, const N: usize> Copy for G1<M, N> {}

impl<M, const N: usize> PartialEq for G1<M, N> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<M: Precompiled<N>, const N: usize> G1<M, N> {
    /// The point of two coordinates that satisfy the curve's equation.
    pub(crate) const fn new(x: &Element<M, N>, y: &Element<M, N>) -> Self {
        Self(Some(Point { x: x.0.0, y: y.0.0 }), PhantomData)
    }

    /// The point of two coordinates, where zeros are infinity; `None` if it is not on the curve.
    pub(crate) fn on_curve(x: &Element<M, N>, y: &Element<M, N>, b: &Element<M, N>) -> Option<Self> {
        if x.is_zero() && y.is_zero() {
            return Some(Self::INFINITY);
        }
        (y.square() == x.square() * x + b).then(|| Self::new(x, y))
    }

    /// The image under the endomorphism that multiplies the first coordinate by a cube root of one.
    pub(crate) fn phi(&self, root: &Element<M, N>) -> Self {
        let image = self.0.map(|point| Point { x: (element::<M, N>(point.x) * root).0.0, y: point.y });
        Self(image, PhantomData)
    }

    /// Writes its coordinates, big-endian; zeros for infinity.
    pub(crate) fn write(&self, bytes: &mut [u8]) {
        if let Some(point) = &self.0 {
            let (x, y) = bytes.split_at_mut(8 * N);
            write_be_bytes(&point.x, x);
            write_be_bytes(&point.y, y);
        }
    }
}

/// Neither curve has a point of order two: what is not infinity can always be doubled.
impl<M: Precompiled<N>, const N: usize> Group for G1<M, N> {
    const INFINITY: Self = Self(None, PhantomData);

    #[inline]
    fn add(&mut self, other: &Self) {
        let Some(b) = &other.0 else { return };
        match &mut self.0 {
            None => self.0 = Some(*b),
            Some(a) if a.x != b.x => M::add_points(a, b),
            Some(a) if a.y == b.y => M::double_point(a),
            Some(_) => self.0 = None,
        }
    }

    #[inline]
    fn double(&mut self) {
        if let Some(point) = &mut self.0 {
            M::double_point(point);
        }
    }

    fn opposite(&self) -> Self {
        let opposite = self.0.map(|point| {
            let mut y = [0; N];
            M::sub(&mut y, &point.y);
            Point { x: point.x, y }
        });
        Self(opposite, PhantomData)
    }
}
