//! Threads, and the two stacks that they lie on.

use crate::tree;
use alloy_primitives::{B256, b256, keccak256};
use std::ops::{Index, IndexMut};

/// Bytes of a thread, in a state's file as in its proof.
pub const THREAD_BYTES: usize = 298;

/// The root of a stack of no threads: keccak256 of 64 zeros.
const EMPTY_ROOT: B256 = b256!("ad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5");

/// The general registers, by number.
///
/// There is one for every byte, so that an instruction's fields need no check: $0 to $31 are the machine's,
/// [`Registers::NOWHERE`] takes what is written to $0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers([u64; 256]);

impl Registers {
    /// Where writes to $0 go. Nothing reads it.
    pub const NOWHERE: u8 = 32;

    /// How many there are.
    pub const COUNT: u8 = 32;

    fn values(&self) -> &[u64] {
        &self.0[..usize::from(Self::COUNT)]
    }
}

impl Default for Registers {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Index<u8> for Registers {
    type Output = u64;

    #[inline(always)]
    fn index(&self, register: u8) -> &u64 {
        &self.0[usize::from(register)]
    }
}

impl IndexMut<u8> for Registers {
    #[inline(always)]
    fn index_mut(&mut self, register: u8) -> &mut u64 {
        &mut self.0[usize::from(register)]
    }
}

/// The registers of two-word results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HiLo {
    /// High half of a product, or a remainder.
    pub hi: u64,
    /// Low half of a product, or a quotient.
    pub lo: u64,
}

/// A thread: its registers and whether it goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thread {
    /// The number that the program knows it by.
    pub id: u64,
    /// What it exited with.
    pub exit_code: u8,
    /// Whether it has exited. It is taken off its stack when its turn comes again.
    pub exited: bool,
    /// Address of the instruction to be executed.
    pub pc: u64,
    /// Address of the one after: elsewhere than behind it in a branch's delay slot.
    pub next_pc: u64,
    /// What multiplications and divisions result in.
    pub hi_lo: HiLo,
    /// The general registers.
    pub registers: Registers,
}

impl Thread {
    /// The thread's bytes.
    pub fn to_bytes(&self) -> [u8; THREAD_BYTES] {
        let mut bytes = [0; THREAD_BYTES];
        bytes[..8].copy_from_slice(&self.id.to_be_bytes());
        bytes[8] = self.exit_code;
        bytes[9] = self.exited.into();
        let words = [self.pc, self.next_pc, self.hi_lo.lo, self.hi_lo.hi]
            .into_iter()
            .chain(self.registers.values().iter().copied());
        for (chunk, word) in bytes[10..].chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// The thread in these bytes. Whatever is not zero says that it has exited.
    pub fn from_bytes(bytes: &[u8; THREAD_BYTES]) -> Self {
        let word = |start: usize| u64::from_be_bytes(std::array::from_fn(|byte| bytes[start + byte]));
        let mut registers = Registers::default();
        for register in 0..Registers::COUNT {
            registers[register] = word(42 + 8 * usize::from(register));
        }
        Self {
            id: word(0),
            exit_code: bytes[8],
            exited: bytes[9] != 0,
            pc: word(10),
            next_pc: word(18),
            hi_lo: HiLo { lo: word(26), hi: word(34) },
            registers,
        }
    }
}

/// A stack of threads, of whose lower part no more may be known than the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The root of what lies below `threads`.
    below: B256,
    /// The threads that are known, from the bottom.
    pub threads: Vec<Thread>,
}

impl Default for Stack {
    fn default() -> Self {
        Self::unknown(EMPTY_ROOT)
    }
}

impl Stack {
    /// A stack of which nothing is known but its root.
    pub const fn unknown(root: B256) -> Self {
        Self { below: root, threads: Vec::new() }
    }

    /// Whether there is no thread, known or not.
    pub fn is_empty(&self) -> bool {
        self.threads.is_empty() && self.below == EMPTY_ROOT
    }

    /// Whether all threads are known.
    pub(super) fn is_whole(&self) -> bool {
        self.below == EMPTY_ROOT
    }

    /// The hash of the stack: each thread's hash over that of what lies below it.
    pub fn root(&self) -> B256 {
        Self::over(self.below, &self.threads)
    }

    /// The root of the stack without its top thread.
    pub fn root_below_top(&self) -> B256 {
        Self::over(self.below, self.threads.split_last().map_or(&[], |(_, below)| below))
    }

    fn over(below: B256, threads: &[Thread]) -> B256 {
        threads.iter().fold(below, |below, thread| tree::pair(&below, &keccak256(thread.to_bytes())))
    }
}
