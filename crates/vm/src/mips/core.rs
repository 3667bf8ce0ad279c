//! A state without its memory, and the witness that it is known by.

use super::thread::{Stack, Thread};
use alloy_primitives::{B256, keccak256};

/// Bytes of a witness.
pub const WITNESS_BYTES: usize = 188;

/// Where in a witness the exit code lies. Whether the machine has exited is the byte behind it.
const EXIT_CODE_AT: usize = 97;

/// A state's short form: the roots of memory and threads, and all else as it is. Its hash is the state's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witness(pub [u8; WITNESS_BYTES]);

impl Witness {
    /// The state's hash: keccak256, but for the first byte, which says how the program fares: 0 and 1 exited with that code,
    /// 2 exited with another, 3 not exited.
    pub fn state_hash(&self) -> B256 {
        let mut hash = keccak256(self.0);
        hash[0] = match (self.0[EXIT_CODE_AT + 1], self.0[EXIT_CODE_AT]) {
            (1, code) => code.min(2),
            _ => 3,
        };
        hash
    }
}

/// An address that a thread has loaded from and means to store to, if nobody else does before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reservation {
    /// 1 for four bytes, 2 for eight, 0 for none.
    pub status: u8,
    /// The address.
    pub address: u64,
    /// The thread's number.
    pub owner: u64,
}

/// All of a state but its memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Core {
    /// The key of the preimage that is read.
    pub preimage_key: [u8; 32],
    /// How far it was read, its length's eight bytes included.
    pub preimage_offset: u64,
    /// Where the next mapping of memory begins.
    pub heap: u64,
    /// The address that is reserved.
    pub reservation: Reservation,
    /// What the program exited with.
    pub exit_code: u8,
    /// Whether the program has exited. Nothing happens from then on.
    pub exited: bool,
    /// Steps taken.
    pub step: u64,
    /// Steps since another thread's turn began.
    pub steps_since_switch: u64,
    /// Whether the active stack is the right one.
    pub traverse_right: bool,
    /// Threads on the left.
    pub left: Stack,
    /// Threads on the right.
    pub right: Stack,
    /// The next thread's number.
    pub next_thread_id: u64,
    /// A hint that is not written to its end. Not part of what is hashed.
    pub last_hint: Vec<u8>,
}

impl Core {
    /// The stack whose top thread has its turn.
    pub const fn active(&self) -> &Stack {
        if self.traverse_right { &self.right } else { &self.left }
    }

    pub(super) const fn active_mut(&mut self) -> &mut Stack {
        if self.traverse_right { &mut self.right } else { &mut self.left }
    }

    /// The stack of those whose turn is over.
    pub(super) const fn inactive_mut(&mut self) -> &mut Stack {
        if self.traverse_right { &mut self.left } else { &mut self.right }
    }

    /// The thread whose turn it is. There is none only in a state that no program leads to.
    pub fn thread(&self) -> Option<&Thread> {
        self.active().threads.last()
    }

    pub(super) fn thread_mut(&mut self) -> Option<&mut Thread> {
        self.active_mut().threads.last_mut()
    }

    /// Whether no other thread is left.
    pub(super) fn is_last_thread(&self) -> bool {
        let inactive = if self.traverse_right { &self.left } else { &self.right };
        inactive.is_empty() && self.active().threads.len() == 1 && self.active().is_whole()
    }

    /// The witness of the state with this memory.
    pub fn witness(&self, memory_root: B256) -> Witness {
        let mut bytes = Vec::with_capacity(WITNESS_BYTES);
        bytes.extend_from_slice(memory_root.as_slice());
        bytes.extend_from_slice(&self.preimage_key);
        bytes.extend_from_slice(&self.preimage_offset.to_be_bytes());
        bytes.extend_from_slice(&self.heap.to_be_bytes());
        bytes.push(self.reservation.status);
        bytes.extend_from_slice(&self.reservation.address.to_be_bytes());
        bytes.extend_from_slice(&self.reservation.owner.to_be_bytes());
        bytes.push(self.exit_code);
        bytes.push(self.exited.into());
        bytes.extend_from_slice(&self.step.to_be_bytes());
        bytes.extend_from_slice(&self.steps_since_switch.to_be_bytes());
        bytes.push(self.traverse_right.into());
        bytes.extend_from_slice(self.left.root().as_slice());
        bytes.extend_from_slice(self.right.root().as_slice());
        bytes.extend_from_slice(&self.next_thread_id.to_be_bytes());
        Witness(bytes.try_into().expect("a witness has 188 bytes"))
    }
}
