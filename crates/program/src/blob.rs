//! Blobs on a fault proof VM, where each field element is a read of its own: a blob that is mostly zeros is read only as far
//! as it holds something, if L1's precompiles can be asked.
//!
//! A commitment is the sum of the trusted setup's points, each multiplied by a field element. If it is the sum of the first
//! ones alone, all other elements are zero: the precompile that multiplies and adds up points says so.

use alloc::vec::Vec;
use alloy_primitives::Address;
use kohala_execute::{G1_MSM, PrecompileOutcome, g1_msm_gas};

/// Field elements that a sum is made of at most: the call then has 125,468 bytes. L1's nodes relay no transaction above
/// 131,072, and op-challenger takes what has 126,000 for a preimage to be loaded in pieces, which no call can be.
const MAX_ELEMENTS: usize = 784;

/// The first points of the trusted setup in Lagrange form, uncompressed, in the order of a blob's elements: point `i` is the
/// commitment to the blob whose element `i` is one and all others zero. `cargo xtask kzg` makes the file.
static LAGRANGE: &[u8; MAX_ELEMENTS * COORDINATES] = include_bytes!("lagrange.bin");

/// A coordinate of a point of G1, and both.
const COORDINATE: usize = 48;
const COORDINATES: usize = 2 * COORDINATE;
/// How precompiles have a coordinate (EIP-2537).
const PADDED_COORDINATE: usize = 64;
/// A point and its factor.
const PAIR: usize = 2 * PADDED_COORDINATE + 32;

/// Half of one less than the field's order: of the two points with one first coordinate, that has a larger second one whose
/// compressed form is marked.
const HALF: [u8; COORDINATE] = alloy_primitives::hex!(
    "0d0088f51cbff34d258dd3db21a5d66bb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555"
);

/// Whether it is known to hold only zeros what follows after `elements` in the blob with this commitment. A yes is proven; a
/// no may mean anything.
///
/// # Errors
/// Where `outcome` fails, which tells what comes of a call: address, gas, input.
pub(crate) fn is_zero_after<E>(
    elements: &[[u8; 32]],
    commitment: &[u8; COORDINATE],
    outcome: impl FnOnce(Address, u64, &[u8]) -> Result<PrecompileOutcome, E>,
) -> Result<bool, E> {
    let points = LAGRANGE.as_chunks::<COORDINATES>().0;
    if elements.len() > points.len() {
        return Ok(false);
    }
    let mut input = Vec::with_capacity(elements.len() * PAIR);
    for (point, element) in points.iter().zip(elements).filter(|(_, element)| **element != [0; 32]) {
        let (x, y) = point.split_at(COORDINATE);
        for coordinate in [x, y] {
            input.extend_from_slice(&[0; PADDED_COORDINATE - COORDINATE]);
            input.extend_from_slice(coordinate);
        }
        input.extend_from_slice(element);
    }
    if input.is_empty() {
        return Ok(*commitment == INFINITY);
    }
    Ok(match outcome(G1_MSM, g1_msm_gas(input.len() / PAIR), &input)? {
        PrecompileOutcome::Success(sum) => compressed(&sum).as_ref() == Some(commitment),
        PrecompileOutcome::Failure => false,
    })
}

/// The commitment to zeros alone.
const INFINITY: [u8; COORDINATE] = {
    let mut point = [0; COORDINATE];
    point[0] = 0xc0;
    point
};

/// A point as commitments have it, of one as precompiles have it; `None` where it is none.
fn compressed(padded: &[u8]) -> Option<[u8; COORDINATE]> {
    let [x, y] = padded.as_chunks::<PADDED_COORDINATE>().0 else { return None };
    if padded.iter().all(|byte| *byte == 0) {
        return Some(INFINITY);
    }
    let mut point: [u8; COORDINATE] = *x.last_chunk()?;
    let is_larger = y[PADDED_COORDINATE - COORDINATE..] > HALF[..];
    point[0] |= if is_larger { 0xa0 } else { 0x80 };
    Some(point)
}
