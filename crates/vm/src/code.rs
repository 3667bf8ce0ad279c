//! Instructions decoded once a page.

use crate::{Memory, Order, PAGE_BYTES, PAGE_WORDS, memory::Cache};
use alloy_primitives::map::HashMap;
use std::{array, cell::Cell};

/// Instructions of a page.
const PAGE_INSTRUCTIONS: usize = 2 * PAGE_WORDS;

/// Entries of the cache of decoded pages.
const CACHED: usize = 64;

/// An instruction in the form that it is executed in.
pub trait Decode: Copy {
    /// Decodes an instruction; one that the machine does not know as such.
    fn decode(instruction: u32) -> Self;
}

/// A page's instructions. A store into the page changes them while they are executed.
pub type CodePage<I> = [Cell<I>; PAGE_INSTRUCTIONS];

/// The pages that were executed, decoded. Whoever stores into memory brings this up to date ([`Code::update`]).
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
