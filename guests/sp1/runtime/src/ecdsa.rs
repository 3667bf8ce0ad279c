//! ECDSA's two questions: who signed, and whether he did.

use crate::{
    curve::{Affine, Curve, affine, coordinates, halves},
    hint,
    number::{from_bytes, negative, product},
};
use alloy_primitives::U256;

/// The public key whose signature this is: 32 bytes r, 32 bytes s, of a message's hash; `None` if there is none.
///
/// Bit 0 of `recovery` says whether the y of the point that r comes of is odd, bit 1 whether its x is r and the order; no
/// other is set. An s above half of the order is as good as one below.
pub(crate) fn recover<C: Curve>(signature: &[u8; 64], recovery: u8, hash: &[u8; 32]) -> Option<Affine> {
    let (r, s) = scalars::<C>(signature).filter(|_| recovery < 4)?;
    let (x, is_over) = if recovery & 2 == 0 { (r, false) } else { r.overflowing_add(C::ORDER) };
    if is_over || x >= C::MODULUS {
        return None;
    }
    let y = hint::square_root(C::right_side(x), C::MODULUS)?;
    let y = if y.bit(0) == (recovery & 1 == 1) { y } else { negative(y, C::MODULUS) };
    let inverse = hint::inverse(r, C::ORDER);
    let generator = negative(product(message::<C>(hash), inverse, C::ORDER), C::ORDER);
    C::combination(generator, &affine(x, y), product(s, inverse, C::ORDER))
}

/// True if the key, a point of the curve, has made the signature: 32 bytes r, 32 bytes s, of a message's hash. An s above
/// half of the order is as good as one below.
pub(crate) fn verify<C: Curve>(key: &Affine, signature: &[u8; 64], hash: &[u8; 32]) -> bool {
    let Some((r, s)) = scalars::<C>(signature) else { return false };
    let inverse = hint::inverse(s, C::ORDER);
    let generator = product(message::<C>(hash), inverse, C::ORDER);
    let point = C::combination(generator, key, product(r, inverse, C::ORDER));
    point.is_some_and(|point| reduced::<C>(coordinates(point).0) == r)
}

/// r and s, which are scalars other than zero.
fn scalars<C: Curve>(signature: &[u8; 64]) -> Option<(U256, U256)> {
    let (r, s) = halves(signature);
    let (r, s) = (from_bytes(r), from_bytes(s));
    let is_scalar = |number: U256| !number.is_zero() && number < C::ORDER;
    (is_scalar(r) && is_scalar(s)).then_some((r, s))
}

fn message<C: Curve>(hash: &[u8; 32]) -> U256 {
    reduced::<C>(from_bytes(hash))
}

/// The number below the order; it has no more bits than the order.
fn reduced<C: Curve>(number: U256) -> U256 {
    if number < C::ORDER { number } else { number.wrapping_sub(C::ORDER) }
}
