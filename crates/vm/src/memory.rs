//! Memory of 2^64 bytes: the pages that a program has touched, found fast and hashed late.

use crate::{Order, PAGE_BYTES, Page, Proof, page, tree::Tree};
use alloy_primitives::{
    B256,
    map::{HashMap, HashSet},
};
use std::{
    io::{self, Read, Write},
    marker::PhantomData,
    num::NonZero,
    thread,
};

/// Entries of a cache of pages.
const CACHED: usize = 256;

/// Dirty pages from which on several threads hash them.
const MANY_PAGES: usize = 256;

/// Memory in pages of 4,096 bytes. What was never written is zero, and has no page.
///
/// Words are eight bytes and aligned: an address's low three bits are ignored. A page is hashed when the root or a proof is
/// asked for, and again only after it has changed.
#[derive(Debug, Clone)]
pub struct Memory<O> {
    pages: Vec<Page>,
    /// Number of the page (address / 4,096) in each slot of `pages`.
    numbers: Vec<u64>,
    slots: HashMap<u64, u32>,
    readable: Cache,
    /// Pages that may be written without a further thought: they are dirty already, and nobody watches them.
    writable: Cache,
    is_dirty: Vec<bool>,
    dirty: Vec<u32>,
    watched: HashSet<u64>,
    tree: Tree,
    order: PhantomData<O>,
}

/// A direct-mapped cache of slots by page number.
#[derive(Debug, Clone)]
pub(crate) struct Cache<const N: usize = CACHED>(Box<[(u64, u32); N]>);

impl<const N: usize> Cache<N> {
    /// No page has this number.
    const NONE: (u64, u32) = (u64::MAX, 0);

    pub(crate) fn new() -> Self {
        Self(Box::new([Self::NONE; N]))
    }

    #[inline(always)]
    pub(crate) fn slot(&self, number: u64) -> Option<usize> {
        let (cached, slot) = self.0[number as usize % N];
        (cached == number).then_some(slot as usize)
    }

    pub(crate) fn insert(&mut self, number: u64, slot: u32) {
        self.0[number as usize % N] = (number, slot);
    }

    fn remove(&mut self, number: u64) {
        if self.slot(number).is_some() {
            self.0[number as usize % N] = Self::NONE;
        }
    }

    fn clear(&mut self) {
        self.0.fill(Self::NONE);
    }
}

impl<O> Default for Memory<O> {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            numbers: Vec::new(),
            slots: HashMap::default(),
            readable: Cache::new(),
            writable: Cache::new(),
            is_dirty: Vec::new(),
            dirty: Vec::new(),
            watched: HashSet::default(),
            tree: Tree::default(),
            order: PhantomData,
        }
    }
}

const fn number_of(address: u64) -> u64 {
    address / PAGE_BYTES
}

/// The index in its page of the word at `address`.
const fn word_of(address: u64) -> usize {
    (address % PAGE_BYTES / 8) as usize
}

impl<O: Order> Memory<O> {
    /// Empty memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// The word at `address`.
    #[inline(always)]
    pub fn load(&mut self, address: u64) -> u64 {
        match self.readable.slot(number_of(address)) {
            Some(slot) => self.pages[slot][word_of(address)],
            None => self.load_uncached(address),
        }
    }

    /// Sets the word at `address`. Says whether its page is watched.
    #[inline(always)]
    #[must_use]
    pub fn store(&mut self, address: u64, word: u64) -> bool {
        match self.writable.slot(number_of(address)) {
            Some(slot) => {
                self.pages[slot][word_of(address)] = word;
                false
            }
            None => self.store_uncached(address, word),
        }
    }

    #[cold]
    #[inline(never)]
    fn load_uncached(&mut self, address: u64) -> u64 {
        let number = number_of(address);
        let Some(slot) = self.slots.get(&number) else { return 0 };
        self.readable.insert(number, *slot);
        self.pages[*slot as usize][word_of(address)]
    }

    #[cold]
    #[inline(never)]
    fn store_uncached(&mut self, address: u64, word: u64) -> bool {
        let number = number_of(address);
        let slot = self.dirty_slot(number);
        self.pages[slot as usize][word_of(address)] = word;
        let is_watched = self.watched.contains(&number);
        if !is_watched {
            self.writable.insert(number, slot);
        }
        is_watched
    }

    /// The slot of page `number`, which is made if it is not there, marked as to be hashed.
    fn dirty_slot(&mut self, number: u64) -> u32 {
        let slot = *self.slots.entry(number).or_insert_with(|| {
            self.pages.push([0; _]);
            self.numbers.push(number);
            self.is_dirty.push(false);
            self.numbers.len() as u32 - 1
        });
        if !std::mem::replace(&mut self.is_dirty[slot as usize], true) {
            self.dirty.push(slot);
        }
        slot
    }

    /// From now on [`Memory::store`] tells of every store into page `number`: its instructions are decoded.
    pub(crate) fn watch(&mut self, number: u64) {
        self.watched.insert(number);
        self.writable.remove(number);
    }

    /// No page is watched any more.
    pub(crate) fn unwatch_all(&mut self) {
        self.watched.clear();
    }

    /// The words of page `number`, if it is there.
    pub(crate) fn page(&self, number: u64) -> Option<&Page> {
        self.slots.get(&number).map(|slot| &self.pages[*slot as usize])
    }

    /// How many pages there are.
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// The pages by number, and their bytes.
    pub fn pages(&self) -> impl Iterator<Item = (u64, [u8; PAGE_BYTES as usize])> {
        let mut slots: Vec<_> = self.numbers.iter().zip(&self.pages).collect();
        slots.sort_unstable_by_key(|(number, _)| **number);
        slots.into_iter().map(|(number, page)| (*number, page::bytes::<O>(page)))
    }

    /// Gives the `count` bytes from `address` on to `take`, piece by piece. Addresses wrap around.
    pub fn read(&self, mut address: u64, mut count: u64, mut take: impl FnMut(&[u8])) {
        while count > 0 {
            let start = address % PAGE_BYTES;
            let length = count.min(PAGE_BYTES - start);
            let bytes = self.page(number_of(address)).map_or([0; PAGE_BYTES as usize], page::bytes::<O>);
            take(&bytes[start as usize..(start + length) as usize]);
            address = address.wrapping_add(length);
            count -= length;
        }
    }

    /// Writes `data` from `address` on, before anything is decoded. Addresses wrap around. Every page that it touches is made,
    /// if it is not there, even for zeros.
    pub fn write(&mut self, mut address: u64, mut data: &[u8]) {
        while !data.is_empty() {
            let start = (address % PAGE_BYTES) as usize;
            let length = data.len().min(PAGE_BYTES as usize - start);
            let slot = self.dirty_slot(number_of(address)) as usize;
            let mut bytes = page::bytes::<O>(&self.pages[slot]);
            bytes[start..start + length].copy_from_slice(&data[..length]);
            self.pages[slot] = page::from_bytes::<O>(&bytes);
            address = address.wrapping_add(length as u64);
            data = &data[length..];
        }
    }

    /// The root of the hash tree over all memory: leaves of 32 bytes, 59 levels of keccak256.
    pub fn root(&mut self) -> B256 {
        self.hash();
        self.tree.root()
    }

    /// The proof of the leaf that holds `address`.
    pub fn proof(&mut self, address: u64) -> Proof {
        self.hash();
        let number = number_of(address);
        let page = self.page(number).unwrap_or(&[0; _]);
        let in_page = page::branch::<O>(page, (address % PAGE_BYTES / 32) as usize);
        Proof::new(&in_page, &self.tree.siblings(number))
    }

    /// Hashes what has changed.
    fn hash(&mut self) {
        if self.dirty.is_empty() {
            return;
        }
        let dirty = std::mem::take(&mut self.dirty);
        let root = |slot: &u32| (self.numbers[*slot as usize], page::root::<O>(&self.pages[*slot as usize]));
        let roots = if dirty.len() < MANY_PAGES {
            dirty.iter().map(root).collect()
        } else {
            let threads = thread::available_parallelism().map_or(1, NonZero::get);
            thread::scope(|scope| {
                let parts = dirty.chunks(dirty.len().div_ceil(threads));
                let parts: Vec<_> =
                    parts.map(|part| scope.spawn(move || part.iter().map(root).collect::<Vec<_>>())).collect();
                parts.into_iter().flat_map(|part| part.join().expect("hashing does not panic")).collect()
            })
        };
        self.tree.update(roots);
        for slot in dirty {
            self.is_dirty[slot as usize] = false;
        }
        self.writable.clear();
    }

    /// Writes the pages by number, each behind its number, all behind their count: the form that both VMs' files have.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn serialize(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&(self.pages.len() as u64).to_be_bytes())?;
        for (number, bytes) in self.pages() {
            out.write_all(&number.to_be_bytes())?;
            out.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Reads what [`Memory::serialize`] writes, in any order of pages; of two with one number the later counts.
    ///
    /// # Errors
    /// Where `input` fails or ends, or a number is no page's.
    pub fn deserialize(input: &mut impl Read) -> io::Result<Self> {
        let mut memory = Self::new();
        let mut number = [0; 8];
        input.read_exact(&mut number)?;
        for _ in 0..u64::from_be_bytes(number) {
            input.read_exact(&mut number)?;
            let number = u64::from_be_bytes(number);
            if number > number_of(u64::MAX) {
                let text = format!("page number {number:#x} lies beyond 64 bits of address");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            let mut bytes = [0; PAGE_BYTES as usize];
            input.read_exact(&mut bytes)?;
            let slot = memory.dirty_slot(number);
            memory.pages[slot as usize] = page::from_bytes::<O>(&bytes);
        }
        Ok(memory)
    }
}
