//! Points of the twists over the quadratic extensions.

use crate::{
    field::write_be_bytes,
    group::Group,
    pairing::Pairing,
    quadratic::Quadratic,
};

/// A point (x, y) of the twist that is not infinity.
pub(crate) struct Affine2<M, const N: usize> {
    pub(crate) x: Quadratic<M, N>,
    pub(crate) y: Quadratic<M, N>,
}

impl<M, const N: usize> Clone for Affine2<M, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, const N: usize> Copy for Affine2<M, N> {}

impl<M: Pairing<N>, const N: usize> Affine2<M, N> {
    pub(crate) fn is_on_curve(&self) -> bool {
        self.y.squared() == self.x.squared() * &self.x + &M::TWIST_B
    }

    pub(crate) fn opposite(&self) -> Self {
        Self { x: self.x, y: -self.y }
    }

    /// The image under ψ: untwists, raises to the field's order, and twists.
    pub(crate) fn psi(&self) -> Self {
        let [x, y] = &M::PSI;
        Self { x: self.x.conjugated() * x, y: self.y.conjugated() * y }
    }
}

/// A point (x / z², y / z³) of the twist; infinity where z is zero.
pub(crate) struct G2<M, const N: usize> {
    x: Quadratic<M, N>,
    y: Quadratic<M, N>,
    z: Quadratic<M, N>,
}

impl<M, const N: usize> Clone for G2<M, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, const N: usize> Copy for G2<M, N> {}

impl<M: Pairing<N>, const N: usize> From<Option<Affine2<M, N>>> for G2<M, N> {
    fn from(point: Option<Affine2<M, N>>) -> Self {
        point.map_or(Self::INFINITY, |point| Self { x: point.x, y: point.y, z: Quadratic::ONE })
    }
}

impl<M: Pairing<N>, const N: usize> G2<M, N> {
    /// Whether it is the given point.
    pub(crate) fn is(&self, point: &Affine2<M, N>) -> bool {
        let z_squared = self.z.squared();
        !self.z.is_zero() && self.x == point.x * &z_squared && self.y == point.y * &(z_squared * &self.z)
    }

    /// The image under ψ.
    pub(crate) fn psi(&self) -> Self {
        let [x, y] = &M::PSI;
        Self { x: self.x.conjugated() * x, y: self.y.conjugated() * y, z: self.z.conjugated() }
    }

    /// Its coordinates; `None` for infinity.
    pub(crate) fn affine(&self) -> Option<Affine2<M, N>> {
        if self.z.is_zero() {
            return None;
        }
        let inverse = self.z.inverse();
        let square = inverse.squared();
        Some(Affine2 { x: self.x * &square, y: self.y * &(square * &inverse) })
    }

    /// Writes its coordinates, big-endian, the coefficient of 1 first; zeros for infinity.
    pub(crate) fn write(&self, bytes: &mut [u8]) {
        if let Some(point) = self.affine() {
            let elements = point.x.0.iter().chain(&point.y.0);
            elements.zip(bytes.chunks_exact_mut(8 * N)).for_each(|(element, bytes)| write_be_bytes(element, bytes));
        }
    }
}

impl<M: Pairing<N>, const N: usize> Group for G2<M, N> {
    const INFINITY: Self = Self { x: Quadratic::ONE, y: Quadratic::ONE, z: Quadratic::ZERO };

    fn add(&mut self, other: &Self) {
        if other.z.is_zero() {
            return;
        }
        if self.z.is_zero() {
            *self = *other;
            return;
        }
        let (z1, z2) = (self.z.squared(), other.z.squared());
        let (u, s) = (self.x * &z2, self.y * &(z2 * &other.z));
        let h = other.x * &z1 - &u;
        let r = other.y * &(z1 * &self.z) - &s;
        if h.is_zero() {
            if r.is_zero() {
                self.double();
            } else {
                *self = Self::INFINITY;
            }
            return;
        }
        let h_squared = h.squared();
        let h_cubed = h_squared * &h;
        let v = u * &h_squared;
        self.x = r.squared() - &h_cubed - &v.doubled();
        self.y = r * &(v - &self.x) - &(s * &h_cubed);
        self.z *= &other.z;
        self.z *= &h;
    }

    fn double(&mut self) {
        let y_squared = self.y.squared();
        let d = (self.x * &y_squared).doubled().doubled();
        let x_squared = self.x.squared();
        let e = x_squared.doubled() + &x_squared;
        let eight = y_squared.squared().doubled().doubled().doubled();
        self.z *= &self.y;
        self.z.double();
        self.x = e.squared() - &d.doubled();
        self.y = e * &(d - &self.x) - &eight;
    }

    fn opposite(&self) -> Self {
        Self { x: self.x, y: -self.y, z: self.z }
    }
}
