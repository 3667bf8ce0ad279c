//! Instructions decoded once a page.

use crate::{Memory, Order, PAGE_BYTES, PAGE_WORDS, memory::Cache};
use alloy_primitives::map::HashMap;
use std::{array, cell::Cell};

/// Instructions of a page.
const PAGE_INSTRUCTIONS: usize = 2 * PAGE_WORDS;

/// Entries of the cache of decoded pages.
const CACHED: usize = 64;

/// Pages that are kept decoded: 64 MiB of instructions, more than any program executes. One that runs on through memory that
/// isn't there finds no end of pages.
const KEPT: usize = 1 << 14;

/// An instruction in the form that it is executed in.
pub trait Decode: Copy {
    /// Decodes an instruction; one that the machine does not know as such.
    fn decode(instruction: u32) -> Self;
}

/// A page's instructions. A store into the page changes them while they are executed.
pub type CodePage<I> = [Cell<I>; PAGE_INSTRUCTIONS];

/// The pages that were executed, decoded, or the last of them. Whoever stores into memory brings this up to date
/// ([`Code::update`]).
#[derive(Debug, Clone)]
pub struct Code<I: Copy> {
    pages: Vec<Box<CodePage<I>>>,
    slots: HashMap<u64, u32>,
    recent: Cache<CACHED>,
}

impl<I: Copy> Default for Code<I> {
    fn default() -> Self {
        Self { pages: Vec::new(), slots: HashMap::default(), recent: Cache::new() }
    }
}

impl<I: Decode> Code<I> {
    /// The slot, for [`Code::page`], of the page of `address`. It is decoded if it isn't yet, and memory tells of stores into
    /// it from then on.
    #[inline(always)]
    pub fn slot<O: Order>(&mut self, address: u64, memory: &mut Memory<O>) -> usize {
        let number = address / PAGE_BYTES;
        match self.recent.slot(number) {
            Some(slot) => slot,
            None => self.slot_uncached(number, memory),
        }
    }

    /// The instructions in a slot.
    #[inline(always)]
    pub fn page(&self, slot: usize) -> &CodePage<I> {
        &self.pages[slot]
    }

    #[cold]
    #[inline(never)]
    fn slot_uncached<O: Order>(&mut self, number: u64, memory: &mut Memory<O>) -> usize {
        if self.pages.len() == KEPT && !self.slots.contains_key(&number) {
            memory.unwatch_all();
            *self = Self::default();
        }
        let slot = *self.slots.entry(number).or_insert_with(|| {
            memory.watch(number);
            let words = memory.page(number).unwrap_or(&[0; _]);
            let decoded = |index| Cell::new(I::decode(O::halves(words[index / 2])[index % 2]));
            self.pages.push(Box::new(array::from_fn(decoded)));
            self.pages.len() as u32 - 1
        });
        self.recent.insert(number, slot);
        slot as usize
    }

    /// Takes note that `word` was stored at `address`.
    #[cold]
    #[inline(never)]
    pub fn update<O: Order>(&self, address: u64, word: u64) {
        if let Some(slot) = self.slots.get(&(address / PAGE_BYTES)) {
            let first = (address % PAGE_BYTES / 8 * 2) as usize;
            for (cell, half) in self.pages[*slot as usize][first..].iter().zip(O::halves(word)) {
                cell.set(I::decode(half));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LittleEndian;

    impl Decode for u32 {
        fn decode(instruction: u32) -> Self {
            instruction
        }
    }

    #[test]
    fn no_more_pages_are_kept_than_a_program_executes() {
        let (mut code, mut memory) = (Code::<u32>::default(), Memory::<LittleEndian>::new());
        let first = |code: &mut Code<u32>, memory: &mut Memory<LittleEndian>| {
            let slot = code.slot(0, memory);
            code.page(slot)[0].get()
        };
        assert_eq!(first(&mut code, &mut memory), 0);
        for number in 1..KEPT as u64 {
            code.slot(number * PAGE_BYTES, &mut memory);
        }
        assert!(memory.store(0, 1), "the first page is watched still");
        code.update::<LittleEndian>(0, 1);
        assert_eq!((first(&mut code, &mut memory), code.pages.len()), (1, KEPT));
        code.slot(KEPT as u64 * PAGE_BYTES, &mut memory);
        assert_eq!(code.pages.len(), 1);
        // Nobody has to hear of it, but whoever comes back sees it.
        assert!(!memory.store(0, 2));
        assert_eq!(first(&mut code, &mut memory), 2);
        assert!(memory.store(0, 3));
    }
}
