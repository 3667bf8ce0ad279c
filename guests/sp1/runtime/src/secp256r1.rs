//! The curve secp256r1, also called P-256: y² = x³ - 3x + b.

use crate::curve::{
    Affine, Curve, GENERATOR_WINDOW, GeneratorMultiples, Point, WINDOW, add_multiple, digits, multiples,
};
use alloy_primitives::{U256, uint};

/// The multiples of the generator.
static GENERATOR: [GeneratorMultiples; 1] = include!(concat!(env!("OUT_DIR"), "/secp256r1.rs"));

/// The windows of a scalar.
const WINDOWS: usize = 52;

/// The curve.
pub(crate) struct Secp256r1;

impl Curve for Secp256r1 {
    const MODULUS: U256 = uint!(0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff_U256);
    const ORDER: U256 = uint!(0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551_U256);
    const A: U256 = uint!(0xffffffff00000001000000000000000000000000fffffffffffffffffffffffc_U256);
    const B: U256 = uint!(0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b_U256);

    fn add(point: &mut Affine, other: &Affine) {
        #[cfg(target_os = "zkvm")]
        sp1_zkvm::syscalls::syscall_secp256r1_add(point, core::ptr::from_ref(other).cast_mut());
        #[cfg(not(target_os = "zkvm"))]
        crate::curve::formulas::add::<Self>(point, other);
    }

    fn double(point: &mut Affine) {
        #[cfg(target_os = "zkvm")]
        sp1_zkvm::syscalls::syscall_secp256r1_double(point);
        #[cfg(not(target_os = "zkvm"))]
        crate::curve::formulas::double::<Self>(point);
    }

    fn combination(generator: U256, point: &Affine, scalar: U256) -> Point {
        let multiples = multiples::<Self>(point);
        let scalar: [_; WINDOWS] = digits::<WINDOW, WINDOWS>(scalar);
        let generator: [_; WINDOWS / 2] = digits::<GENERATOR_WINDOW, { WINDOWS / 2 }>(generator);
        let mut sum = None;
        for at in (0..WINDOWS).rev() {
            if let Some(point) = &mut sum {
                (0..WINDOW).for_each(|_| Self::double(point));
            }
            add_multiple::<Self>(&mut sum, &multiples, scalar[at]);
            if at % 2 == 0 {
                add_multiple::<Self>(&mut sum, &GENERATOR[0], generator[at / 2]);
            }
        }
        sum
    }
}
