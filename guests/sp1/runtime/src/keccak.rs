//! Keccak256, as alloy's `native-keccak` asks for it.
//!
//! SP1 loads and stores words at multiples of eight only, and what is hashed lies anywhere: words are loaded where they
//! can be, and put together out of two where lanes lie across them.
#![allow(unsafe_code, reason = "the binding to alloy's hook, and bytes as words")]

#[cfg(target_os = "zkvm")]
use core::arch::asm;
use core::mem::MaybeUninit;

/// Lanes of the state, and those that a block goes into.
const LANES: usize = 25;
const RATE: usize = 17;

/// Lanes that are gone through without a loop.
const STRIDE: usize = 4;

/// Writes the hash of `len` bytes at `bytes` to the 32 bytes at `output`.
///
/// # Safety
/// The bytes must be valid for reads, and the 32 for writes, by nobody else.
#[unsafe(no_mangle)]
unsafe extern "C" fn native_keccak256(bytes: *const u8, len: usize, output: *mut u8) {
    // SAFETY: alloy gives a slice's place and length, and the place of 32 bytes that are nowhere else in use.
    let (input, output) = unsafe { (core::slice::from_raw_parts(bytes, len), &mut *output.cast::<[u8; 32]>()) };
    keccak256(input, output);
}

/// Writes the hash of `input`.
pub fn keccak256(input: &[u8], output: &mut [u8; 32]) {
    // SAFETY: every eight bytes are a word.
    let (before, words, after) = unsafe { input.align_to() };
    let mut state = MaybeUninit::uninit();
    let state = empty(&mut state);
    let mut held = Held { bits: 8 * before.len() as u32, bytes: number(before) };
    let (blocks, words) = words.as_chunks::<RATE>();
    for block in blocks {
        held.absorb(state.first_chunk_mut().expect("more lanes"), block);
        permute(state);
    }
    let (strides, rest) = words.as_chunks::<STRIDE>();
    let (lanes, _) = state.as_chunks_mut();
    lanes.iter_mut().zip(strides).for_each(|(lanes, stride)| held.absorb(lanes, stride));
    for (lane, word) in state[STRIDE * strides.len()..].iter_mut().zip(rest) {
        held.absorb(core::array::from_mut(lane), core::array::from_ref(word));
    }
    finish(state, words.len(), &held, after);
    write(state, output);
}

/// Zeros, without the call of a function that the compiler makes of so many.
#[inline(always)]
fn empty(state: &mut MaybeUninit<[u64; LANES]>) -> &mut [u64; LANES] {
    #[cfg(not(target_os = "zkvm"))]
    state.write([0; LANES]);
    // SAFETY: all the 25 words of the state are stored to.
    #[cfg(target_os = "zkvm")]
    unsafe {
        asm!(
            ".irp lane, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24",
            "sd zero, \\lane * 8({state})",
            ".endr",
            state = in(reg) state.as_mut_ptr(),
            options(nostack, preserves_flags)
        );
    }
    // SAFETY: all of it is written.
    unsafe { state.assume_init_mut() }
}

/// Bytes of a lane that is to come, fewer than eight: how many bits they have, and what they say.
struct Held {
    bits: u32,
    bytes: u64,
}

impl Held {
    /// Takes what is held and the words into lanes, and holds as many bytes as before.
    #[inline(always)]
    fn absorb<const WORDS: usize>(&mut self, lanes: &mut [u64; WORDS], words: &[u64; WORDS]) {
        let lanes = lanes.iter_mut().zip(words);
        if self.bits == 0 {
            lanes.for_each(|(lane, word)| *lane ^= u64::from_le(*word));
            return;
        }
        for (lane, word) in lanes {
            let word = u64::from_le(*word);
            *lane ^= self.bytes | word << self.bits;
            self.bytes = word >> (64 - self.bits);
        }
    }
}

/// Takes in what is left, up to two lanes from the one at `at`, and the padding, and permutes the last time.
fn finish(state: &mut [u64; LANES], at: usize, held: &Held, after: &[u8]) {
    let padded = number(after) | 1 << (8 * after.len());
    let bits = held.bits as usize + 8 * after.len();
    state[at] ^= held.bytes | padded << held.bits;
    if bits >= 64 {
        // The lane is full, and the padding begins in the next one.
        let next = if at + 1 == RATE {
            permute(state);
            0
        } else {
            at + 1
        };
        state[next] ^= padded >> (64 - held.bits);
    }
    state[RATE - 1] ^= 1 << 63;
    permute(state);
}

/// The number that fewer than eight bytes say, the least significant first.
#[inline(always)]
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Writes the first lanes, as words where they can be.
#[inline(always)]
fn write(state: &[u64; LANES], output: &mut [u8; 32]) {
    let at = output.as_mut_ptr().cast::<u64>();
    if !at.is_aligned() {
        for (bytes, lane) in output.as_chunks_mut().0.iter_mut().zip(state) {
            *bytes = lane.to_le_bytes();
        }
        return;
    }
    for (word, lane) in state.iter().take(4).enumerate() {
        // SAFETY: the output has four words, and they are aligned. Volatile, so that it doesn't become the call of a function.
        unsafe { at.add(word).write_volatile(lane.to_le()) };
    }
}

fn permute(state: &mut [u64; LANES]) {
    #[cfg(target_os = "zkvm")]
    sp1_zkvm::syscalls::syscall_keccak_permute(state);
    #[cfg(not(target_os = "zkvm"))]
    keccak::f1600(state);
}
