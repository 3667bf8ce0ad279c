//! The functions that the compiler calls for blocks of memory.
//!
//! They go by words of eight bytes wherever they can. On asterisc an unaligned access costs what any does, one step; on
//! cannon it is two instructions (`ldl` and `ldr`), so that there what is written is aligned, and read as it comes. What
//! is left at an end is done by one more word that overlaps the one before.

use core::arch::asm;

const WORD: usize = 8;

/// What one round of an unrolled loop moves.
const ROUND: usize = 4 * WORD;

/// # Safety
/// `at` must be valid for reads of a word.
#[inline(always)]
unsafe fn load(at: *const u8) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { at.cast::<u64>().read_unaligned() }
}

/// # Safety
/// `at` must be valid for writes of a word.
#[inline(always)]
unsafe fn store(at: *mut u8, word: u64) {
    // SAFETY: the caller's promise.
    unsafe { at.cast::<u64>().write_unaligned(word) }
}

/// Keeps the compiler from seeing in a loop the function that the loop is part of.
#[inline(always)]
fn opaque() {
    // SAFETY: no instruction at all.
    unsafe { asm!("", options(nostack, preserves_flags)) }
}

/// Moves less than a word. Everything is read before anything is written.
///
/// # Safety
/// As [`memmove`], and `len` must be below [`WORD`].
#[inline(always)]
unsafe fn move_part(to: *mut u8, from: *const u8, len: usize) {
    /// # Safety
    /// As [`memmove`]; `len` is from one to two `T`.
    #[inline(always)]
    unsafe fn ends<T>(to: *mut u8, from: *const u8, len: usize) {
        let last = len - size_of::<T>();
        // SAFETY: both parts lie within `len` bytes.
        unsafe {
            let (head, tail) = (from.cast::<T>().read_unaligned(), from.add(last).cast::<T>().read_unaligned());
            to.cast::<T>().write_unaligned(head);
            to.add(last).cast::<T>().write_unaligned(tail);
        }
    }
    // SAFETY: the caller's promise, and the sizes fit.
    unsafe {
        match len {
            0 => {}
            1 => ends::<u8>(to, from, len),
            2..4 => ends::<u16>(to, from, len),
            _ => ends::<u32>(to, from, len),
        }
    }
}

/// Moves whole words upwards while more than one is left before `end`, which is the end of what is read. `TO` and `FROM` are
/// what the pointers are aligned to: [`WORD`], or 1 where that isn't known.
///
/// # Safety
/// As [`memmove`]; where the blocks overlap, `to` must be below `from`.
#[inline(always)]
unsafe fn move_up<const TO: usize, const FROM: usize>(mut to: *mut u8, mut from: *const u8, end: *const u8) {
    // SAFETY: never beyond `end`, which the caller has promised.
    unsafe {
        let load = |at: *const u8| if FROM == WORD { at.cast::<u64>().read() } else { load(at) };
        let store = |at: *mut u8, word| if TO == WORD { at.cast::<u64>().write(word) } else { store(at, word) };
        while end.addr() - from.addr() > ROUND {
            let words = [load(from), load(from.add(WORD)), load(from.add(2 * WORD)), load(from.add(3 * WORD))];
            store(to, words[0]);
            store(to.add(WORD), words[1]);
            store(to.add(2 * WORD), words[2]);
            store(to.add(3 * WORD), words[3]);
            (to, from) = (to.add(ROUND), from.add(ROUND));
            opaque();
        }
        while end.addr() - from.addr() > WORD {
            store(to, load(from));
            (to, from) = (to.add(WORD), from.add(WORD));
            opaque();
        }
    }
}

/// # Safety
/// As C's `memcpy`.
#[cfg_attr(target_os = "none", unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller's promise; every access lies within the first or the last `len` bytes.
    unsafe {
        if len < WORD {
            move_part(to, from, len);
            return to;
        }
        let end = from.add(len);
        let last = load(end.sub(WORD));
        if cfg!(not(target_arch = "mips64")) {
            move_up::<1, 1>(to, from, end);
        } else if (to.addr() | from.addr()).is_multiple_of(WORD) {
            move_up::<WORD, WORD>(to, from, end);
        } else if len > 2 * WORD {
            store(to, load(from));
            let skipped = WORD - to.addr() % WORD;
            let (to, from) = (to.add(skipped), from.add(skipped));
            if from.addr() % WORD == 0 {
                move_up::<WORD, WORD>(to, from, end);
            } else {
                move_up::<WORD, 1>(to, from, end);
            }
        } else if len > WORD {
            store(to, load(from));
        }
        store(to.add(len - WORD), last);
    }
    to
}

/// # Safety
/// As C's `memmove`.
#[cfg_attr(target_os = "none", unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    let distance = to.addr().wrapping_sub(from.addr());
    // SAFETY: the caller's promise; what overlaps is read before it is written.
    unsafe {
        if distance >= len && distance.wrapping_neg() >= len {
            return memcpy(to, from, len);
        }
        if len < WORD {
            move_part(to, from, len);
        } else if distance >= len {
            let last = load(from.add(len - WORD));
            move_up::<1, 1>(to, from, from.add(len));
            store(to.add(len - WORD), last);
        } else {
            let first = load(from);
            let mut left = len;
            while left > WORD {
                left -= WORD;
                store(to.add(left), load(from.add(left)));
                opaque();
            }
            store(to, first);
        }
    }
    to
}

/// # Safety
/// As C's `memset`.
#[cfg_attr(target_os = "none", unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
    let word = u64::from(byte as u8) * 0x0101_0101_0101_0101;
    // SAFETY: the caller's promise; every access lies within `len` bytes.
    unsafe {
        if len < WORD {
            for index in 0..len {
                to.add(index).write(byte as u8);
                opaque();
            }
            return to;
        }
        let last = to.add(len - WORD);
        store(to, word);
        let mut at = to.add(WORD - to.addr() % WORD).cast::<u64>();
        while last.addr() as isize - at.addr() as isize >= ROUND as isize {
            at.write(word);
            at.add(1).write(word);
            at.add(2).write(word);
            at.add(3).write(word);
            at = at.add(4);
            opaque();
        }
        while at.addr() < last.addr() {
            at.write(word);
            at = at.add(1);
            opaque();
        }
        store(last, word);
    }
    to
}

/// The first pair of words that differ.
///
/// # Safety
/// Both must be valid for reads of `len` bytes.
#[inline(always)]
unsafe fn difference(a: *const u8, b: *const u8, len: usize) -> Option<(u64, u64)> {
    // SAFETY: every access lies within `len` bytes.
    unsafe {
        if len < WORD {
            for index in 0..len {
                let (a, b) = (a.add(index).read(), b.add(index).read());
                if a != b {
                    return Some((u64::from(a).to_be(), u64::from(b).to_be()));
                }
                opaque();
            }
            return None;
        }
        let last = len - WORD;
        let mut at = 0;
        while at < last {
            let words = (load(a.add(at)), load(b.add(at)));
            if words.0 != words.1 {
                return Some(words);
            }
            at += WORD;
            opaque();
        }
        let words = (load(a.add(last)), load(b.add(last)));
        (words.0 != words.1).then_some(words)
    }
}

/// # Safety
/// As C's `memcmp`.
#[cfg_attr(target_os = "none", unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    match unsafe { difference(a, b, len) } {
        Some((a, b)) if a.to_be() < b.to_be() => -1,
        Some(_) => 1,
        None => 0,
    }
}

/// # Safety
/// As C's `bcmp`.
#[cfg_attr(target_os = "none", unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    i32::from(unsafe { difference(a, b, len) }.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const LENS: [usize; 24] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 15, 16, 17, 23, 24, 31, 32, 33, 40, 41, 63, 64, 100];

    fn bytes() -> Vec<u8> {
        (1..=160).collect()
    }

    #[test]
    fn blocks_are_copied_whatever_their_place_and_length() {
        for (len, to, from) in
            LENS.iter().flat_map(|len| (0..9).flat_map(move |to| (0..9).map(move |from| (*len, to, from))))
        {
            let source = bytes();
            let (mut ours, mut expected) = ([0; 160].to_vec(), [0; 160].to_vec());
            expected[to..to + len].copy_from_slice(&source[from..from + len]);
            // SAFETY: both lie within their vectors.
            unsafe { memcpy(ours.as_mut_ptr().add(to), source.as_ptr().add(from), len) };
            assert_eq!(ours, expected, "{len} bytes from {from} to {to}");
        }
    }

    #[test]
    fn overlapping_blocks_are_moved_either_way() {
        for (len, to, from) in
            LENS.iter().flat_map(|len| (0..40).flat_map(move |to| (0..40).map(move |from| (*len, to, from))))
        {
            let (mut ours, mut expected) = (bytes(), bytes());
            expected.copy_within(from..from + len, to);
            let start = ours.as_mut_ptr();
            // SAFETY: both lie within the vector.
            unsafe { memmove(start.add(to), start.add(from), len) };
            assert_eq!(ours, expected, "{len} bytes from {from} to {to}");
        }
    }

    #[test]
    fn blocks_are_filled() {
        for (len, to) in LENS.iter().flat_map(|len| (0..9).map(move |to| (*len, to))) {
            let (mut ours, mut expected) = (bytes(), bytes());
            expected[to..to + len].fill(0xa5);
            // SAFETY: it lies within the vector.
            unsafe { memset(ours.as_mut_ptr().add(to), 0x7a5, len) };
            assert_eq!(ours, expected, "{len} bytes at {to}");
        }
    }

    #[test]
    fn blocks_are_compared_by_their_first_difference() {
        for (len, start) in LENS.iter().flat_map(|len| (0..9).map(move |start| (*len, start))) {
            let bytes = bytes();
            let a = &bytes[start..start + len];
            let compare = |b: &[u8]| {
                // SAFETY: both are as long.
                let (order, differs) =
                    unsafe { (memcmp(a.as_ptr(), b.as_ptr(), len), bcmp(a.as_ptr(), b.as_ptr(), len)) };
                assert_eq!((order.signum(), differs != 0), (a.cmp(b) as i32, a != b), "{len} bytes from {start}");
            };
            compare(a);
            for index in 0..len {
                for change in [1, 0x80, 0xff] {
                    let mut b = a.to_vec();
                    b[index] ^= change;
                    // What comes after a difference decides nothing.
                    b[index + 1..].reverse();
                    compare(&b);
                }
            }
        }
    }
}
