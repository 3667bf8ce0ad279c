//! The functions that the compiler calls to fill and to compare blocks of memory, by words: its own compare byte by byte where
//! words are loaded at multiples of eight only. What is compared most are hashes, and they lie anywhere. (Copies are
//! sp1-zkvm's.)
#![allow(unsafe_code, reason = "what the compiler calls")]

use core::ffi::c_int;

const WORD: usize = size_of::<u64>();

/// # Safety
/// As C's `memset`.
#[cfg_attr(target_os = "zkvm", unsafe(no_mangle))]
unsafe extern "C" fn memset(to: *mut u8, byte: c_int, len: usize) -> *mut u8 {
    let byte = byte as u8;
    // SAFETY: the caller's promise: every access lies within `len` bytes.
    unsafe {
        let head = to.align_offset(WORD).min(len);
        fill(to, byte, head);
        let words = (len - head) / WORD;
        let first = to.add(head).cast::<u64>();
        let word = u64::from(byte) * 0x0101_0101_0101_0101;
        let mut at = 0;
        while at + 4 <= words {
            for next in at..at + 4 {
                first.add(next).write_volatile(word);
            }
            at += 4;
        }
        while at < words {
            first.add(at).write_volatile(word);
            at += 1;
        }
        fill(first.add(words).cast(), byte, len - head - words * WORD);
    }
    to
}

/// Fills less than a word. Volatile, or the compiler would see the function in it that this is a part of.
///
/// # Safety
/// `to` must be valid for writes of `len` bytes.
#[inline(always)]
unsafe fn fill(to: *mut u8, byte: u8, len: usize) {
    for index in 0..len {
        // SAFETY: the caller's promise.
        unsafe { to.add(index).write_volatile(byte) };
    }
}

/// # Safety
/// As C's `memcmp`.
#[cfg_attr(target_os = "zkvm", unsafe(no_mangle))]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, len: usize) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { difference(left, right, len) }.map_or(0, |(left, right)| {
        let at = (left ^ right).trailing_zeros() & !7;
        c_int::from((left >> at) as u8) - c_int::from((right >> at) as u8)
    })
}

/// # Safety
/// As `memcmp`.
#[cfg_attr(target_os = "zkvm", unsafe(no_mangle))]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, len: usize) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { memcmp(a, b, len) }
}

/// The first words that differ; in the last ones, bytes behind the blocks are shifted out.
///
/// # Safety
/// Both blocks must be valid for reads.
#[inline(always)]
unsafe fn difference(left: *const u8, right: *const u8, len: usize) -> Option<(u64, u64)> {
    // Where nothing is, there need be no memory.
    if len == 0 {
        return None;
    }
    let (left_bits, right_bits) = (8 * (left.addr() as u32 % 8), 8 * (right.addr() as u32 % 8));
    // SAFETY: the caller's promise, and where the blocks lie is looked at.
    unsafe {
        match (left_bits, right_bits) {
            (0, 0) => first_difference(Aligned(left.cast()), Aligned(right.cast()), len),
            (0, bits) => first_difference(Aligned(left.cast()), Across::new(right, bits), len),
            (bits, 0) => first_difference(Across::new(left, bits), Aligned(right.cast()), len),
            _ => first_difference(Across::new(left, left_bits), Across::new(right, right_bits), len),
        }
    }
}

/// # Safety
/// Both blocks must have `len` bytes.
#[inline(always)]
unsafe fn first_difference(mut left: impl Words, mut right: impl Words, len: usize) -> Option<(u64, u64)> {
    for _ in 0..len / 8 {
        // SAFETY: a whole word is left.
        let words = unsafe { (left.next(), right.next()) };
        if words.0 != words.1 {
            return Some(words);
        }
    }
    let rest = len % 8;
    if rest == 0 {
        return None;
    }
    // SAFETY: so many bytes are left.
    let (left, right) = unsafe { (left.last(rest), right.last(rest)) };
    let behind = 64 - 8 * rest;
    let words = (left << behind, right << behind);
    (words.0 != words.1).then_some(words)
}

/// A block of memory, read word after word.
trait Words {
    /// # Safety
    /// Eight bytes must be left.
    unsafe fn next(&mut self) -> u64;

    /// A word that begins with what is left.
    ///
    /// # Safety
    /// `rest` bytes must be left, from one to seven.
    unsafe fn last(&mut self, rest: usize) -> u64;
}

/// A block that begins where a word can lie.
struct Aligned(*const u64);

impl Words for Aligned {
    #[inline(always)]
    unsafe fn next(&mut self) -> u64 {
        // SAFETY: the block's bytes are the word.
        let word = unsafe { load(self.0) };
        self.0 = self.0.wrapping_add(1);
        word
    }

    #[inline(always)]
    unsafe fn last(&mut self, _: usize) -> u64 {
        // SAFETY: a byte of the block lies in the word.
        unsafe { load(self.0) }
    }
}

/// A block that begins `bits` after the start of a word: what is left of the word before, and the word after.
struct Across {
    held: u64,
    bits: u32,
    after: *const u64,
}

impl Across {
    /// # Safety
    /// The block must begin so many bits, which aren't none, behind a place for a word, and have a byte.
    #[inline(always)]
    unsafe fn new(block: *const u8, bits: u32) -> Self {
        let word = block.wrapping_sub(bits as usize / 8).cast();
        // SAFETY: a byte of the block lies in the word.
        Self { held: unsafe { load(word) } >> bits, bits, after: word.wrapping_add(1) }
    }
}

impl Words for Across {
    #[inline(always)]
    unsafe fn next(&mut self) -> u64 {
        // SAFETY: the caller's promise: of eight bytes the last lies in the word after.
        let after = unsafe { load(self.after) };
        let word = self.held | after << (64 - self.bits);
        self.held = after >> self.bits;
        self.after = self.after.wrapping_add(1);
        word
    }

    #[inline(always)]
    unsafe fn last(&mut self, rest: usize) -> u64 {
        if 8 * rest as u32 <= 64 - self.bits {
            return self.held;
        }
        // SAFETY: the bytes go on into the word after.
        self.held | unsafe { load(self.after) } << (64 - self.bits)
    }
}

/// The word, of which some bytes may lie outside of what the program may look at.
///
/// # Safety
/// There must be memory.
#[inline(always)]
unsafe fn load(word: *const u64) -> u64 {
    #[cfg(target_os = "zkvm")]
    {
        let loaded;
        // SAFETY: the caller's promise. Bytes outside of the block are of no effect.
        unsafe {
            core::arch::asm!(
                "ld {loaded}, 0({word})",
                loaded = out(reg) loaded,
                word = in(reg) word,
                options(pure, readonly, nostack, preserves_flags)
            );
        }
        loaded
    }
    // SAFETY: the tests' blocks lie in the middle of larger ones.
    #[cfg(not(target_os = "zkvm"))]
    unsafe {
        u64::from_le(word.read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_of_every_length_and_place_are_filled() {
        for start in 0..9 {
            for len in 0..70 {
                let mut words = [0x1111_1111_1111_1111_u64; 12];
                // SAFETY: start and length together are below the 96 bytes that there are.
                let bytes = unsafe {
                    let at = words.as_mut_ptr().cast::<u8>();
                    memset(at.add(start), 0x1ab, len);
                    core::slice::from_raw_parts(at, 96)
                };
                let expected = |index: usize| if (start..start + len).contains(&index) { 0xab } else { 0x11 };
                assert!(bytes.iter().enumerate().all(|(index, byte)| *byte == expected(index)), "{start} {len}");
            }
        }
    }

    proptest! {
        /// Blocks at every place in a word, equal or with one byte another.
        #[test]
        fn compares_as_slices_compare(
            bytes in any::<[u8; 48]>(), at in 0_usize..40, other in any::<u8>(), len in 0_usize..40,
        ) {
            #[repr(align(8))]
            struct Words([u8; 64]);
            for (left, right) in (0..8).flat_map(|left| (0..8).map(move |right| (left, right))) {
                let mut blocks = [Words([0x55; 64]), Words([0xaa; 64])];
                blocks[0].0[8 + left..][..48].copy_from_slice(&bytes);
                blocks[1].0[8 + right..][..48].copy_from_slice(&bytes);
                blocks[1].0[8 + right + at] = other;
                let (left, right) = (&blocks[0].0[8 + left..][..len], &blocks[1].0[8 + right..][..len]);
                // SAFETY: blocks of `len` bytes, with a word's bytes around them.
                let (order, differ) = unsafe {
                    (memcmp(left.as_ptr(), right.as_ptr(), len), bcmp(left.as_ptr(), right.as_ptr(), len))
                };
                prop_assert_eq!(order.cmp(&0), left.cmp(right));
                prop_assert_eq!(differ != 0, left != right);
            }
        }
    }
}
