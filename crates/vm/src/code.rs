//! Instructions decoded once a page.

use crate::{Memory, Order, PAGE_BYTES, memory::Cache};
use alloy_primitives::map::HashMap;

/// Instructions of a page.
const PAGE_INSTRUCTIONS: usize = PAGE_BYTES as usize / 4;

/// Entries of the cache of decoded pages.
const CACHED: usize = 64;

/// An instruction in the form that it is executed in.
pub trait Decode: Copy {
    /// Decodes an instruction; one that the machine does not know as such.
    fn decode(instruction: u32) -> Self;
}

/// The pages that were executed, decoded. Whoever stores into memory brings this up to date ([`Code::update`]).
#[derive(Debug, Clone)]
pub struct Code<I> {
    /// Page after page.
    instructions: Vec<I>,
    slots: HashMap<u64, u32>,
    recent: Cache<CACHED>,
}

impl<I> Default for Code<I> {
    fn default() -> Self {
        Self { instructions: Vec::new(), slots: HashMap::default(), recent: Cache::new() }
    }
}

impl<I: Decode> Code<I> {
    /// Where in [`Code::instructions`] those of the page of `address` begin. They are decoded if they aren't yet, and memory
    /// tells of stores into the page from then on.
    #[inline(always)]
    pub fn page<O: Order>(&mut self, address: u64, memory: &mut Memory<O>) -> usize {
        let number = address / PAGE_BYTES;
        match self.recent.slot(number) {
            Some(slot) => slot * PAGE_INSTRUCTIONS,
            None => self.page_uncached(number, memory),
        }
    }

    /// All decoded instructions, in order of [`Code::page`].
    #[inline(always)]
    pub fn instructions(&self) -> &[I] {
        &self.instructions
    }

    #[cold]
    #[inline(never)]
    fn page_uncached<O: Order>(&mut self, number: u64, memory: &mut Memory<O>) -> usize {
        let slot = *self.slots.entry(number).or_insert_with(|| {
            memory.watch(number);
            let slot = self.instructions.len() / PAGE_INSTRUCTIONS;
            let words = memory.page(number).unwrap_or(&[0; _]);
            self.instructions.extend(words.iter().flat_map(|word| O::halves(*word)).map(I::decode));
            slot as u32
        });
        self.recent.insert(number, slot);
        slot as usize * PAGE_INSTRUCTIONS
    }

    /// Takes note that `word` was stored at `address`.
    #[cold]
    #[inline(never)]
    pub fn update<O: Order>(&mut self, address: u64, word: u64) {
        if let Some(slot) = self.slots.get(&(address / PAGE_BYTES)) {
            let first = *slot as usize * PAGE_INSTRUCTIONS + (address % PAGE_BYTES / 8 * 2) as usize;
            self.instructions[first..first + 2].copy_from_slice(&O::halves(word).map(I::decode));
        }
    }
}
