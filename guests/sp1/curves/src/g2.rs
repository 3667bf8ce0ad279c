//! Points of the twists over the quadratic extensions.

use crate::{field::write_be_bytes, group::Group, pairing::Pairing, quadratic::Quadratic};

/// A point (x, y) of the twist that is not infinity.
pub(crate) struct Affine2<M, const N: usize> {
    pub(crate) x: Quadratic<M, N>,
    pub(crate) y: Quadratic<M, N>,
}

impl<M: Pairing<N>, const N: usize> Clone for Affine2<M, N> {
    fn clone(&self) -> Self {
        Self { x: self.x.clone(), y: self.y.clone() }
    }
}

impl<M: Pairing<N>, const N: usize> Affine2<M, N> {
    pub(crate) fn is_on_curve(&self) -> bool {
        &self.y * &self.y == &(&(&self.x * &self.x) * &self.x) + &M::TWIST_B
    }

    pub(crate) fn opposite(&self) -> Self {
        Self { x: self.x.clone(), y: -&self.y }
    }

    /// The image under ψ: untwists, raises to the field's order, and twists.
    pub(crate) fn psi(&self) -> Self {
        let [x, y] = &M::PSI;
        Self { x: &self.x.conjugated() * x, y: &self.y.conjugated() * y }
    }
}

/// A point (x / z², y / z³) of the twist; infinity where z is zero.
pub(crate) struct G2<M, const N: usize> {
    x: Quadratic<M, N>,
    y: Quadratic<M, N>,
    z: Quadratic<M, N>,
}

impl<M: Pairing<N>, const N: usize> Clone for G2<M, N> {
    fn clone(&self) -> Self {
        Self { x: self.x.clone(), y: self.y.clone(), z: self.z.clone() }
    }
}

impl<M: Pairing<N>, const N: usize> From<Option<Affine2<M, N>>> for G2<M, N> {
    fn from(point: Option<Affine2<M, N>>) -> Self {
        point.map_or(Self::INFINITY, |point| Self { x: point.x, y: point.y, z: Quadratic::ONE })
    }
}

impl<M: Pairing<N>, const N: usize> G2<M, N> {
    /// Whether it is the given point.
    pub(crate) fn is(&self, point: &Affine2<M, N>) -> bool {
        let z_squared = &self.z * &self.z;
        !self.z.is_zero() && self.x == &point.x * &z_squared && self.y == &point.y * &(&z_squared * &self.z)
    }

    /// The image under ψ.
    pub(crate) fn psi(&self) -> Self {
        let [x, y] = &M::PSI;
        Self { x: &self.x.conjugated() * x, y: &self.y.conjugated() * y, z: self.z.conjugated() }
    }

    /// Its coordinates; `None` for infinity.
    pub(crate) fn affine(&self) -> Option<Affine2<M, N>> {
        if self.z.is_zero() {
            return None;
        }
        let inverse = self.z.inverse();
        let square = &inverse * &inverse;
        Some(Affine2 { x: &self.x * &square, y: &self.y * &(&square * &inverse) })
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
            *self = other.clone();
            return;
        }
        let (mut z1, mut z2) = (self.z.clone(), other.z.clone());
        z1.square();
        z2.square();
        self.x *= &z2;
        z2 *= &other.z;
        self.y *= &z2;
        // The differences of the coordinates, at the same denominators.
        let mut h = other.x.clone();
        h *= &z1;
        h -= &self.x;
        z1 *= &self.z;
        let mut r = other.y.clone();
        r *= &z1;
        r -= &self.y;
        self.z *= &other.z;
        if h.is_zero() {
            if r.is_zero() {
                self.double();
            } else {
                *self = Self::INFINITY;
            }
            return;
        }
        self.z *= &h;
        let mut power = h.clone();
        power.square();
        self.x *= &power;
        power *= &h;
        self.y *= &power;
        let mut v = self.x.clone();
        self.x.copy(&r);
        self.x.square();
        self.x -= &power;
        self.x -= &v;
        self.x -= &v;
        v -= &self.x;
        r *= &v;
        r -= &self.y;
        self.y.copy(&r);
    }

    fn double(&mut self) {
        self.z *= &self.y;
        self.z.double();
        self.y.square();
        let mut d = self.x.clone();
        d *= &self.y;
        d.double();
        d.double();
        self.y.square();
        self.y.double();
        self.y.double();
        self.y.double();
        self.x.square();
        let mut e = self.x.clone();
        e.double();
        e += &self.x;
        self.x.copy(&e);
        self.x.square();
        self.x -= &d;
        self.x -= &d;
        d -= &self.x;
        d *= &e;
        d -= &self.y;
        self.y.copy(&d);
    }

    fn opposite(&self) -> Self {
        Self { x: self.x.clone(), y: -&self.y, z: self.z.clone() }
    }
}
