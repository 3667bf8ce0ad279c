//! SHA-256.

/// Bytes that are compressed at a time.
const BLOCK: usize = 64;

/// The state before the first block: the first 32 bits of what follows the point in the first primes' square roots.
const START: [u64; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The hash of `input`.
pub(crate) fn sha256(input: &[u8]) -> [u8; 32] {
    let mut state = START;
    let mut schedule = [0; 64];
    let (blocks, rest) = input.as_chunks::<BLOCK>();
    blocks.iter().for_each(|block| compress(&mut state, &mut schedule, block));
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    if rest.len() >= BLOCK - 8 {
        compress(&mut state, &mut schedule, &last);
        last = [0; BLOCK];
    }
    last[BLOCK - 8..].copy_from_slice(&(8 * input.len() as u64).to_be_bytes());
    compress(&mut state, &mut schedule, &last);
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = (word as u32).to_be_bytes();
    }
    hash
}

/// Takes a block into the state. SP1 has words of 32 bits in 64.
#[cfg(target_os = "zkvm")]
fn compress(state: &mut [u64; 8], schedule: &mut [u64; 64], block: &[u8; BLOCK]) {
    for (word, bytes) in schedule.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes).into();
    }
    sp1_zkvm::syscalls::syscall_sha256_extend(schedule);
    sp1_zkvm::syscalls::syscall_sha256_compress(schedule, state);
}

#[cfg(not(target_os = "zkvm"))]
fn compress(state: &mut [u64; 8], _: &mut [u64; 64], block: &[u8; BLOCK]) {
    let mut words = state.map(|word| word as u32);
    sha2::compress256(&mut words, &[(*block).into()]);
    *state = words.map(u64::from);
}
