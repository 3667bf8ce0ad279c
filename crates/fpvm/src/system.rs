//! The system calls of both VMs, as far as this runtime makes them.

use core::arch::{asm, global_asm};

/// Numbers of system calls (rules V09).
#[cfg(target_arch = "mips64")]
mod number {
    pub(super) const READ: usize = 5000;
    pub(super) const WRITE: usize = 5001;
    pub(super) const MMAP: usize = 5009;
    pub(super) const EXIT_GROUP: usize = 5205;
}

/// Numbers of system calls (rules V23).
#[cfg(target_arch = "riscv64")]
mod number {
    pub(super) const READ: usize = 63;
    pub(super) const WRITE: usize = 64;
    pub(super) const MMAP: usize = 222;
    pub(super) const EXIT_GROUP: usize = 94;
}

/// File descriptors that a VM has open.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(crate) enum Channel {
    Stderr = 2,
    HintRead = 3,
    HintWrite = 4,
    PreimageRead = 5,
    PreimageWrite = 6,
}

#[cfg(target_arch = "mips64")]
global_asm!(
    ".set noreorder",
    ".globl _start",
    ".type _start,@function",
    "_start:",
    "lui $gp, %hi(_gp)",
    "daddiu $gp, $gp, %lo(_gp)",
    "jal {start}",
    "nop",
    ".size _start, . - _start",
    ".set reorder",
    start = sym crate::runtime::start,
);

#[cfg(target_arch = "riscv64")]
global_asm!(
    ".globl _start",
    ".type _start,@function",
    "_start:",
    ".option push",
    ".option norelax",
    "lla gp, __global_pointer$",
    ".option pop",
    "call {start}",
    ".size _start, . - _start",
    start = sym crate::runtime::start,
);

/// Makes the system call `number`. Both VMs leave all registers but the result's alone.
///
/// # Safety
/// What the call reads or writes must be memory of whoever calls.
#[inline(always)]
unsafe fn call(number: usize, arguments: [usize; 3]) -> usize {
    let [a, b, c] = arguments;
    let result;
    #[cfg(target_arch = "mips64")]
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "syscall",
            inlateout("$2") number => result,
            in("$4") a,
            in("$5") b,
            in("$6") c,
            lateout("$7") _,
            options(nostack),
        );
    }
    #[cfg(target_arch = "riscv64")]
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "ecall",
            in("a7") number,
            inlateout("a0") a => result,
            inlateout("a1") b => _,
            in("a2") c,
            options(nostack),
        );
    }
    result
}

/// Writes all of `bytes`. Both VMs take everything in one call, but for the keys of preimages.
#[inline]
pub(crate) fn write(channel: Channel, bytes: &[u8]) {
    // SAFETY: the call reads the slice and nothing else.
    unsafe { call(number::WRITE, [channel as usize, bytes.as_ptr() as usize, bytes.len()]) };
}

/// Waits for the host's answer to a hint, a byte that says nothing.
#[inline]
pub(crate) fn read_answer() {
    let mut byte = 0_u8;
    // SAFETY: the call writes the one byte, if any.
    unsafe { call(number::READ, [Channel::HintRead as usize, (&raw mut byte) as usize, 1]) };
}

/// Names the preimage that is read next.
#[inline]
pub(crate) fn write_key(key: &Aligned<[u8; 32]>) {
    #[cfg(target_arch = "mips64")]
    // SAFETY: the calls read the key, a word each (rules V11).
    unsafe {
        asm!(
            ".set noreorder",
            "li $2, {write}",
            "syscall",
            "daddiu $5, $5, 8",
            "li $2, {write}",
            "syscall",
            "daddiu $5, $5, 8",
            "li $2, {write}",
            "syscall",
            "daddiu $5, $5, 8",
            "li $2, {write}",
            "syscall",
            ".set reorder",
            write = const number::WRITE,
            out("$2") _,
            in("$4") Channel::PreimageWrite as usize,
            inlateout("$5") key.0.as_ptr() => _,
            in("$6") 8,
            lateout("$7") _,
            options(nostack),
        );
    }
    #[cfg(target_arch = "riscv64")]
    write(Channel::PreimageWrite, &key.0);
}

/// Reads the next `len` bytes of the preimage to `to`.
///
/// # Safety
/// `to` must be valid for writes of `len` bytes and aligned to eight; the preimage must have as many bytes left.
#[inline]
pub(crate) unsafe fn read_preimage(to: *mut u8, len: usize) {
    #[cfg(target_arch = "mips64")]
    // SAFETY: a call fills the aligned word, or what is left of the preimage (rules V11): to the end of `len` bytes, no further.
    unsafe {
        let words = len.div_ceil(8);
        let mut at = to;
        for _ in 0..words / 8 {
            asm!(
                ".set noreorder",
                ".rept 8",
                "li $2, {read}",
                "syscall",
                "daddiu $5, $5, 8",
                ".endr",
                ".set reorder",
                read = const number::READ,
                out("$2") _,
                in("$4") Channel::PreimageRead as usize,
                inlateout("$5") at => at,
                in("$6") 8,
                lateout("$7") _,
                options(nostack),
            );
        }
        for _ in 0..words % 8 {
            call(number::READ, [Channel::PreimageRead as usize, at as usize, 8]);
            at = at.add(8);
        }
    }
    #[cfg(target_arch = "riscv64")]
    {
        let mut at = to as usize;
        let end = at + len;
        while at != end {
            // SAFETY: the call writes at most the bytes that are left, and at most to the end of a leaf (rules V23).
            let read = unsafe { call(number::READ, [Channel::PreimageRead as usize, at, end - at]) };
            assert!(read != 0 && read <= end - at, "the host has no more of a preimage");
            at += read;
        }
    }
}

/// `len` bytes of zeros from the VM, which it counts when they are used.
pub(crate) fn map(len: usize) -> *mut u8 {
    const PROT_READ_WRITE: usize = 3;
    #[cfg(target_arch = "mips64")]
    // SAFETY: nothing of the caller's is read or written. Cannon looks at the first two arguments only.
    let address = unsafe { call(number::MMAP, [0, len, PROT_READ_WRITE]) };
    #[cfg(target_arch = "riscv64")]
    let address = {
        const MAP_PRIVATE_ANONYMOUS: usize = 0x22;
        let address: usize;
        // SAFETY: nothing of the caller's is read or written.
        unsafe {
            asm!(
                "ecall",
                in("a7") number::MMAP,
                inlateout("a0") 0_usize => address,
                inlateout("a1") len => _,
                in("a2") PROT_READ_WRITE,
                in("a3") MAP_PRIVATE_ANONYMOUS,
                in("a4") -1_isize,
                in("a5") 0,
                options(nostack),
            );
        }
        address
    };
    address as *mut u8
}

/// Ends the program.
pub(crate) fn exit(code: usize) -> ! {
    // SAFETY: the call reads and writes nothing.
    unsafe { call(number::EXIT_GROUP, [code, 0, 0]) };
    // A VM makes no further step.
    loop {}
}

/// A value where the VMs can read all of it with the fewest calls.
#[repr(align(32))]
pub(crate) struct Aligned<T>(pub(crate) T);
