//! SHA-256.
#![allow(unsafe_code, reason = "bytes as words")]

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
    spread(schedule.first_chunk_mut().expect("more words"), block);
    sp1_zkvm::syscalls::syscall_sha256_extend(schedule);
    sp1_zkvm::syscalls::syscall_sha256_compress(schedule, state);
}

#[cfg(not(target_os = "zkvm"))]
fn compress(state: &mut [u64; 8], schedule: &mut [u64; 64], block: &[u8; BLOCK]) {
    spread(schedule.first_chunk_mut().expect("more words"), block);
    let mut bytes = [0; BLOCK];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(schedule) {
        *bytes = (*word as u32).to_be_bytes();
    }
    let mut words = state.map(|word| word as u32);
    sha2::compress256(&mut words, &[bytes.into()]);
    *state = words.map(u64::from);
}

/// Spreads a block over the schedule's first words.
#[inline(always)]
fn spread(words: &mut [u64; 16], block: &[u8; BLOCK]) {
    // SAFETY: every eight bytes are a word.
    if let ([], pairs, []) = unsafe { block.align_to() } {
        words.as_chunks_mut().0.iter_mut().zip(pairs).for_each(|(words, pair)| *words = turned(u64::from_le(*pair)));
        return;
    }
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes).into();
    }
}

/// The two words of 32 bits, the most significant byte first, that eight bytes are. Both are turned at once, as there is no
/// instruction for it.
fn turned(pair: u64) -> [u64; 2] {
    const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
    const UPPER: u64 = 0xffff_0000;
    let pair = (pair & BYTES) << 8 | pair >> 8 & BYTES;
    [pair << 16 & UPPER | pair >> 16 & 0xffff, pair >> 16 & UPPER | pair >> 48]
}
