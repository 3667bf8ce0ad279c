//! Keccak256, in few instructions of a 64-bit machine that can neither rotate nor and-not.
//!
//! Six lanes of the state are kept inverted from block to block: chi then needs one inversion a plane instead of five.

/// Lanes of the state.
const LANES: usize = 25;

/// Bytes of a block.
const RATE: usize = 136;

/// The lanes that are kept inverted.
const INVERTED: [usize; 6] = [1, 2, 8, 12, 17, 20];

/// Left rotation of each lane in rho.
const ROTATION: [u32; LANES] =
    [0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14];

const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// The keccak256 hash of `bytes`.
#[inline]
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    let mut state = [0; LANES];
    for lane in INVERTED {
        state[lane] = u64::MAX;
    }
    let mut blocks = bytes.chunks_exact(RATE);
    for block in &mut blocks {
        absorb(&mut state, block);
        permute(&mut state);
    }
    absorb_last(&mut state, blocks.remainder());
    permute(&mut state);
    let mut hash = [0; 32];
    for (lane, bytes) in hash.chunks_exact_mut(8).enumerate() {
        let value = if INVERTED.contains(&lane) { !state[lane] } else { state[lane] };
        bytes.copy_from_slice(&value.to_le_bytes());
    }
    hash
}

/// Adds whole lanes of input.
#[inline(always)]
fn absorb(state: &mut [u64; LANES], lanes: &[u8]) {
    for (lane, bytes) in state.iter_mut().zip(lanes.chunks_exact(8)) {
        *lane ^= u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    }
}

/// Adds what is left of the input, less than a block, and its padding.
#[inline(always)]
fn absorb_last(state: &mut [u64; LANES], rest: &[u8]) {
    let whole = rest.len() / 8;
    absorb(state, rest);
    let mut last = 0;
    for (place, byte) in rest[whole * 8..].iter().chain(&[1]).enumerate() {
        last |= u64::from(*byte) << (8 * place);
    }
    state[whole] ^= last;
    state[RATE / 8 - 1] ^= 1 << 63;
}

fn permute(state: &mut [u64; LANES]) {
    let mut lanes = *state;
    for constant in ROUND_CONSTANTS {
        lanes = round(lanes, constant);
    }
    *state = lanes;
}

#[inline(always)]
fn round(a: [u64; LANES], constant: u64) -> [u64; LANES] {
    let mut c = [0; 5];
    for x in 0..5 {
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    }
    let mut d = [0; 5];
    for x in 0..5 {
        d[x] = c[(x + 4) % 5] ^ c[(x + 1) % 5].rotate_left(1);
    }
    // Theta's last part, rho and pi.
    let mut b = [0; LANES];
    for y in 0..5 {
        for x in 0..5 {
            b[y + 5 * ((2 * x + 3 * y) % 5)] = (a[x + 5 * y] ^ d[x]).rotate_left(ROTATION[x + 5 * y]);
        }
    }
    // Chi, with the inversions that the inverted lanes leave.
    [
        b[0] ^ (b[1] | b[2]) ^ constant,
        b[1] ^ (!b[2] | b[3]),
        b[2] ^ (b[3] & b[4]),
        b[3] ^ (b[4] | b[0]),
        b[4] ^ (b[0] & b[1]),
        b[5] ^ (b[6] | b[7]),
        b[6] ^ (b[7] & b[8]),
        b[7] ^ (b[8] | !b[9]),
        b[8] ^ (b[9] | b[5]),
        b[9] ^ (b[5] & b[6]),
        b[10] ^ (b[11] | b[12]),
        b[11] ^ (b[12] & b[13]),
        b[12] ^ (!b[13] & b[14]),
        !b[13] ^ (b[14] | b[10]),
        b[14] ^ (b[10] & b[11]),
        b[15] ^ (b[16] & b[17]),
        b[16] ^ (b[17] | b[18]),
        b[17] ^ (!b[18] | b[19]),
        !b[18] ^ (b[19] & b[15]),
        b[19] ^ (b[15] | b[16]),
        b[20] ^ (!b[21] & b[22]),
        !b[21] ^ (b[22] | b[23]),
        b[22] ^ (b[23] & b[24]),
        b[23] ^ (b[24] | b[20]),
        b[24] ^ (b[20] & b[21]),
    ]
}

/// [`keccak256`] where `alloy-primitives` calls for it.
///
/// # Safety
/// `output` must be valid for writes of 32 bytes, `bytes` for reads of `len`.
#[cfg(target_os = "none")]
#[unsafe(no_mangle)]
unsafe extern "C" fn native_keccak256(bytes: *const u8, len: usize, output: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let hash = keccak256(core::slice::from_raw_parts(bytes, len));
        output.cast::<[u8; 32]>().write(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn keccak_is_that_of_alloy() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for len in (0..=300).chain([500, 1_087, 1_088, 1_089, 9_999]) {
            for start in [0, 1] {
                let bytes = &bytes[start..start + len];
                assert_eq!(keccak256(bytes), alloy_primitives::keccak256(bytes).0, "{len} bytes from {start}");
            }
        }
    }
}
