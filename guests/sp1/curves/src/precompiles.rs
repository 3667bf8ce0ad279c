//! SP1's precompiles for two fields, their quadratic extensions and the points of G1, and stand-ins for them off the zkVM.
//!
//! Operands are words, the lowest first, at addresses that 8 divides, and integers below the modulus: SP1's executor subtracts in
//! the quadratic extension without reducing first. Results are written over the first operand; both may be the same memory. What
//! the proof guarantees (SP1 6.10, `syscall/precompiles/{fptower, weierstrass}` of its machine): elements and coordinates of
//! results lie below the modulus, so equal ones have equal words; and the difference of the first coordinates of points that are
//! added has an inverse. So no proof exists of a sum of equal or of opposite points, and none of a double of a point of order two:
//! a guest must not ask for them. SP1's executor panics on equal points and runs on with opposite ones, with some result; those
//! of secp256k1 it doubles, and panics on opposite ones. What it runs on with shows only when it is proven.

use ark_ff::{Fp, MontBackend, MontConfig};

/// An element in Montgomery form, which arkworks' own constants have.
pub(crate) type Montgomery<M, const N: usize> = Fp<MontBackend<M, N>, N>;

/// A point on G1's curve that is not infinity: coordinates of `N` words each, the lowest word first, below the modulus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub(crate) struct Point<const N: usize> {
    /// The first coordinate.
    pub(crate) x: [u64; N],
    /// The second coordinate.
    pub(crate) y: [u64; N],
}

/// A prime field of `N` words that SP1 has precompiles for, known by arkworks' configuration of it.
///
/// Operands are below the modulus, and so are results.
pub(crate) trait Precompiled<const N: usize>: MontConfig<N> {
    /// `a += b`.
    fn add(a: &mut [u64; N], b: &[u64; N]);
    /// `a -= b`.
    fn sub(a: &mut [u64; N], b: &[u64; N]);
    /// `a *= b`.
    fn mul(a: &mut [u64; N], b: &[u64; N]);
    /// `a += a`.
    fn double(a: &mut [u64; N]);
    /// `a *= a`.
    fn square(a: &mut [u64; N]);
    /// `a += b` in the quadratic extension: the coefficient of 1, then that of u, where u² = -1.
    fn add2(a: &mut [[u64; N]; 2], b: &[[u64; N]; 2]);
    /// `a -= b` in the quadratic extension.
    fn sub2(a: &mut [[u64; N]; 2], b: &[[u64; N]; 2]);
    /// `a *= b` in the quadratic extension.
    fn mul2(a: &mut [[u64; N]; 2], b: &[[u64; N]; 2]);
    /// `a += a` in the quadratic extension.
    fn double2(a: &mut [[u64; N]; 2]);
    /// `a *= a` in the quadratic extension.
    fn square2(a: &mut [[u64; N]; 2]);
    /// `a = b`, word by word: the compiler would call `memcpy` for so many bytes, and that takes more cycles.
    fn copy2(a: &mut [[u64; N]; 2], b: &[[u64; N]; 2]);
    /// `a += b` for two points of G1's curve whose first coordinates differ.
    fn add_points(a: &mut Point<N>, b: &Point<N>);
    /// `a += a` for a point of G1's curve whose second coordinate is not zero.
    fn double_point(a: &mut Point<N>);
}

#[cfg(target_os = "zkvm")]
macro_rules! precompiled {
    ($field:ty, $n:literal [$($i:literal)*], $g1:ty, $add:ident, $sub:ident, $mul:ident,
     $add2:ident, $sub2:ident, $mul2:ident, $add_points:ident, $double_point:ident) => {
        impl Precompiled<$n> for $field {
            #[inline(always)]
            fn add(a: &mut [u64; $n], b: &[u64; $n]) {
                sp1_zkvm::syscalls::$add(a.as_mut_ptr(), b.as_ptr());
            }
            #[inline(always)]
            fn sub(a: &mut [u64; $n], b: &[u64; $n]) {
                sp1_zkvm::syscalls::$sub(a.as_mut_ptr(), b.as_ptr());
            }
            #[inline(always)]
            fn mul(a: &mut [u64; $n], b: &[u64; $n]) {
                sp1_zkvm::syscalls::$mul(a.as_mut_ptr(), b.as_ptr());
            }
            #[inline(always)]
            fn double(a: &mut [u64; $n]) {
                let a = a.as_mut_ptr();
                sp1_zkvm::syscalls::$add(a, a);
            }
            #[inline(always)]
            fn square(a: &mut [u64; $n]) {
                let a = a.as_mut_ptr();
                sp1_zkvm::syscalls::$mul(a, a);
            }
            #[inline(always)]
            fn add2(a: &mut [[u64; $n]; 2], b: &[[u64; $n]; 2]) {
                sp1_zkvm::syscalls::$add2(a.as_mut_ptr().cast(), b.as_ptr().cast());
            }
            #[inline(always)]
            fn sub2(a: &mut [[u64; $n]; 2], b: &[[u64; $n]; 2]) {
                sp1_zkvm::syscalls::$sub2(a.as_mut_ptr().cast(), b.as_ptr().cast());
            }
            #[inline(always)]
            fn mul2(a: &mut [[u64; $n]; 2], b: &[[u64; $n]; 2]) {
                sp1_zkvm::syscalls::$mul2(a.as_mut_ptr().cast(), b.as_ptr().cast());
            }
            #[inline(always)]
            fn double2(a: &mut [[u64; $n]; 2]) {
                let a = a.as_mut_ptr().cast();
                sp1_zkvm::syscalls::$add2(a, a);
            }
            #[inline(always)]
            fn square2(a: &mut [[u64; $n]; 2]) {
                let a = a.as_mut_ptr().cast();
                sp1_zkvm::syscalls::$mul2(a, a);
            }
            #[inline(always)]
            fn copy2(a: &mut [[u64; $n]; 2], b: &[[u64; $n]; 2]) {
                $(a[0][$i] = b[0][$i];)*
                $(a[1][$i] = b[1][$i];)*
            }
            #[inline(always)]
            fn add_points(a: &mut Point<$n>, b: &Point<$n>) {
                sp1_zkvm::syscalls::$add_points((&raw mut *a).cast(), (&raw const *b).cast());
            }
            #[inline(always)]
            fn double_point(a: &mut Point<$n>) {
                sp1_zkvm::syscalls::$double_point((&raw mut *a).cast());
            }
        }
    };
}

#[cfg(not(target_os = "zkvm"))]
macro_rules! precompiled {
    ($field:ty, $n:literal [$($i:literal)*], $g1:ty, $($call:ident),*) => {
        impl Precompiled<$n> for $field {
            fn add(a: &mut [u64; $n], b: &[u64; $n]) {
                stand_in::field::<Self, $n>(a, b, |a, b| a + b);
            }
            fn sub(a: &mut [u64; $n], b: &[u64; $n]) {
                stand_in::field::<Self, $n>(a, b, |a, b| a - b);
            }
            fn mul(a: &mut [u64; $n], b: &[u64; $n]) {
                stand_in::field::<Self, $n>(a, b, |a, b| a * b);
            }
            fn double(a: &mut [u64; $n]) {
                Self::add(a, &a.clone());
            }
            fn square(a: &mut [u64; $n]) {
                Self::mul(a, &a.clone());
            }
            fn add2(a: &mut [[u64; $n]; 2], b: &[[u64; $n]; 2]) {
                stand_in::extension::<Self, $n>(a, b, |[a0, a1], [b0, b1]| [a0 + b0, a1 + b1]);
            }
            fn sub2(a: &mut [[u64; $n]; 2], b: &[[u64; $n]; 2]) {
                stand_in::extension::<Self, $n>(a, b, |[a0, a1], [b0, b1]| [a0 - b0, a1 - b1]);
            }
            fn mul2(a: &mut [[u64; $n]; 2], b: &[[u64; $n]; 2]) {
                stand_in::extension::<Self, $n>(a, b, |[a0, a1], [b0, b1]| [a0 * b0 - a1 * b1, a0 * b1 + a1 * b0]);
            }
            fn double2(a: &mut [[u64; $n]; 2]) {
                Self::add2(a, &a.clone());
            }
            fn square2(a: &mut [[u64; $n]; 2]) {
                Self::mul2(a, &a.clone());
            }
            fn copy2(a: &mut [[u64; $n]; 2], b: &[[u64; $n]; 2]) {
                $(a[0][$i] = b[0][$i];)*
                $(a[1][$i] = b[1][$i];)*
            }
            fn add_points(a: &mut Point<$n>, b: &Point<$n>) {
                assert_ne!(a.x, b.x, "a sum that SP1's precompile doesn't have");
                stand_in::points::<Self, $g1, $n>(a, |a| a + stand_in::point::<Self, $g1, $n>(b));
            }
            fn double_point(a: &mut Point<$n>) {
                stand_in::points::<Self, $g1, $n>(a, |a| a + a);
            }
        }
    };
}

precompiled!(
    ark_bn254::FqConfig,
    4 [0 1 2 3],
    ark_bn254::g1::Config,
    syscall_bn254_fp_addmod,
    syscall_bn254_fp_submod,
    syscall_bn254_fp_mulmod,
    syscall_bn254_fp2_addmod,
    syscall_bn254_fp2_submod,
    syscall_bn254_fp2_mulmod,
    syscall_bn254_add,
    syscall_bn254_double
);
precompiled!(
    ark_bls12_381::FqConfig,
    6 [0 1 2 3 4 5],
    ark_bls12_381::g1::Config,
    syscall_bls12381_fp_addmod,
    syscall_bls12381_fp_submod,
    syscall_bls12381_fp_mulmod,
    syscall_bls12381_fp2_addmod,
    syscall_bls12381_fp2_submod,
    syscall_bls12381_fp2_mulmod,
    syscall_bls12381_add,
    syscall_bls12381_double
);

/// What the precompiles do, by arkworks' arithmetic in Montgomery form.
#[cfg(not(target_os = "zkvm"))]
mod stand_in {
    use super::{Montgomery, Point, Precompiled};
    use ark_ec::{
        AffineRepr, CurveGroup,
        short_weierstrass::{Affine, Projective, SWCurveConfig},
    };
    use ark_ff::{BigInt, PrimeField};

    fn element<M: Precompiled<N>, const N: usize>(words: &[u64; N]) -> Montgomery<M, N> {
        Montgomery::<M, N>::from_bigint(BigInt(*words)).expect("an operand below the modulus")
    }

    /// `a = operation(a, b)`.
    pub(super) fn field<M: Precompiled<N>, const N: usize>(
        a: &mut [u64; N],
        b: &[u64; N],
        operation: impl Fn(Montgomery<M, N>, Montgomery<M, N>) -> Montgomery<M, N>,
    ) {
        *a = operation(element::<M, N>(a), element::<M, N>(b)).into_bigint().0;
    }

    /// `a = operation(a, b)` in the quadratic extension.
    pub(super) fn extension<M: Precompiled<N>, const N: usize>(
        a: &mut [[u64; N]; 2],
        b: &[[u64; N]; 2],
        operation: impl Fn([Montgomery<M, N>; 2], [Montgomery<M, N>; 2]) -> [Montgomery<M, N>; 2],
    ) {
        let elements = |words: &[[u64; N]; 2]| words.each_ref().map(element::<M, N>);
        *a = operation(elements(a), elements(b)).map(|element| element.into_bigint().0);
    }

    pub(super) fn point<M, C, const N: usize>(point: &Point<N>) -> Affine<C>
    where
        M: Precompiled<N>,
        C: SWCurveConfig<BaseField = Montgomery<M, N>>,
    {
        let point = Affine::new_unchecked(element::<M, N>(&point.x), element::<M, N>(&point.y));
        assert!(point.is_on_curve(), "an operand on the curve");
        point
    }

    /// `a = operation(a)`.
    pub(super) fn points<M, C, const N: usize>(a: &mut Point<N>, operation: impl Fn(Affine<C>) -> Projective<C>)
    where
        M: Precompiled<N>,
        C: SWCurveConfig<BaseField = Montgomery<M, N>>,
    {
        let sum = operation(point::<M, C, N>(a)).into_affine();
        let (x, y) = sum.xy().expect("a sum that SP1's precompile has");
        *a = Point { x: x.into_bigint().0, y: y.into_bigint().0 };
    }
}
