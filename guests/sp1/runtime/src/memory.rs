//! The functions that the compiler calls to fill and to compare blocks of memory, by words where both begin at one. (Copies
//! are sp1-zkvm's.) An access that isn't aligned ends a guest, so all else goes byte by byte.
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
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, len: usize) -> c_int {
    // SAFETY: the caller's promise: every access lies within `len` bytes.
    unsafe {
        let mut at = 0;
        if (a.addr() | b.addr()).is_multiple_of(WORD) {
            while at + WORD <= len {
                let (a, b) = (a.add(at).cast::<u64>().read_volatile(), b.add(at).cast::<u64>().read_volatile());
                if a != b {
                    // The first byte that differs decides: it is the lowest of a word.
                    let low = (a ^ b).trailing_zeros() & !7;
                    return (a >> low & 0xff) as c_int - (b >> low & 0xff) as c_int;
                }
                at += WORD;
            }
        }
        while at < len {
            let (a, b) = (a.add(at).read_volatile(), b.add(at).read_volatile());
            if a != b {
                return c_int::from(a) - c_int::from(b);
            }
            at += 1;
        }
    }
    0
}

/// # Safety
/// As `memcmp`.
#[cfg_attr(target_os = "zkvm", unsafe(no_mangle))]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, len: usize) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { memcmp(a, b, len) }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn first_byte_that_differs_decides() {
        let words = [[7_u64; 6], [7; 6]];
        let [a, b] = words.map(|words| words.map(u64::to_le_bytes));
        for start in 0..9 {
            for len in 0..39 {
                let (a, mut b) = (a.concat(), b.concat());
                let (one, other) = (&a[start..start + len], &mut b[start..start + len]);
                let compare = |one: &[u8], other: &[u8]| {
                    // SAFETY: both are as long.
                    let result =
                        unsafe { (memcmp(one.as_ptr(), other.as_ptr(), len), bcmp(one.as_ptr(), other.as_ptr(), len)) };
                    assert_eq!(result.1 == 0, one == other);
                    result.0.cmp(&0)
                };
                assert_eq!(compare(one, other), core::cmp::Ordering::Equal);
                for first in 0..len {
                    for byte in [0, 6, 8, 255] {
                        let mut other = other.to_vec();
                        other[first..].fill(byte);
                        assert_eq!(compare(one, &other), one.cmp(&other), "{start} {len} {first} {byte}");
                    }
                }
            }
        }
    }
}
