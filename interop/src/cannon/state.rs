//! A state of cannon's VM, in the form that its files have.

use alloy_primitives::B256;
use std::collections::BTreeMap;

/// Bytes of a page of memory.
pub const PAGE: u64 = 4096;

/// The version of states that all is about: `multithreaded64-5`.
const VERSION: u8 = 8;

/// A state. Its fields bear cannon's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "cannon's names")]
pub struct State {
    /// By number.
    pub pages: BTreeMap<u64, Vec<u8>>,
    pub preimage_key: B256,
    pub preimage_offset: u64,
    pub heap: u64,
    pub link: Link,
    pub exit_code: u8,
    pub exited: bool,
    pub step: u64,
    pub steps_since_switch: u64,
    pub traverse_right: bool,
    pub next_thread_id: u64,
    /// The active one of both stacks is not empty; its last thread runs.
    pub left: Vec<Thread>,
    /// The other stack.
    pub right: Vec<Thread>,
    pub last_hint: Vec<u8>,
}

/// What a load-linked instruction has reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// 0: nothing, 1: four bytes, 2: eight.
    pub status: u8,
    /// Of any alignment.
    pub address: u64,
    /// Thread.
    pub owner: u64,
}

/// A thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "cannon's names")]
pub struct Thread {
    pub id: u64,
    pub exit_code: u8,
    pub exited: bool,
    pub pc: u64,
    pub next_pc: u64,
    pub lo: u64,
    pub hi: u64,
    pub registers: [u64; 32],
}

impl State {
    /// The thread that runs.
    ///
    /// # Panics
    /// If the active stack is empty.
    pub fn thread(&mut self) -> &mut Thread {
        let stack = if self.traverse_right { &mut self.right } else { &mut self.left };
        stack.last_mut().expect("a state has a thread that runs")
    }

    /// Writes bytes to memory, across pages if need be.
    pub fn write(&mut self, mut address: u64, bytes: &[u8]) {
        for byte in bytes {
            let page = self.pages.entry(address / PAGE).or_insert_with(|| vec![0; PAGE as usize]);
            page[(address % PAGE) as usize] = *byte;
            address = address.wrapping_add(1);
        }
    }

    /// The content of a file that isn't compressed.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        let word = |out: &mut Vec<u8>, word: u64| out.extend(word.to_be_bytes());
        word(&mut out, self.pages.len() as u64);
        for (number, page) in &self.pages {
            word(&mut out, *number);
            out.extend(page);
        }
        out.extend(self.preimage_key);
        word(&mut out, self.preimage_offset);
        word(&mut out, self.heap);
        out.push(self.link.status);
        word(&mut out, self.link.address);
        word(&mut out, self.link.owner);
        out.extend([self.exit_code, self.exited.into()]);
        word(&mut out, self.step);
        word(&mut out, self.steps_since_switch);
        out.push(self.traverse_right.into());
        word(&mut out, self.next_thread_id);
        for stack in [&self.left, &self.right] {
            word(&mut out, stack.len() as u64);
            for thread in stack {
                word(&mut out, thread.id);
                out.extend([thread.exit_code, thread.exited.into()]);
                for value in [thread.pc, thread.next_pc, thread.lo, thread.hi].into_iter().chain(thread.registers) {
                    word(&mut out, value);
                }
            }
        }
        out.extend((self.last_hint.len() as u32).to_be_bytes());
        out.extend(&self.last_hint);
        out
    }
}
