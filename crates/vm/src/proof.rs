//! Proofs of memory, and memory that is nothing but proofs: what a contract on L1 sees of a step.

use crate::{
    Code, Decode, Memory, Order,
    page::PAGE_LEVELS,
    tree::{self, TREE_LEVELS},
};
use alloy_primitives::B256;
use std::{convert::Infallible, marker::PhantomData};

/// Hashes of a proof: a leaf, and its siblings on the way to the root.
const PROOF_HASHES: usize = 1 + PAGE_LEVELS + TREE_LEVELS;

/// Bytes of a proof.
pub const PROOF_BYTES: usize = PROOF_HASHES * 32;

/// What an instruction loads from and stores to: aligned words of eight bytes. Low bits of addresses are ignored.
pub trait Words {
    /// Why a word can't be had.
    type Error;

    /// The word that holds the instruction at `address`.
    ///
    /// # Errors
    /// Where the word can't be had.
    fn fetch(&mut self, address: u64) -> Result<u64, Self::Error>;

    /// The word at `address`.
    ///
    /// # Errors
    /// As [`Words::fetch`].
    fn load(&mut self, address: u64) -> Result<u64, Self::Error>;

    /// Sets the word at `address`.
    ///
    /// # Errors
    /// As [`Words::fetch`].
    fn store(&mut self, address: u64, word: u64) -> Result<(), Self::Error>;

    /// Gives `count` bytes from `address` on to `take`, piece by piece: what the program writes to the outside. No proof shows
    /// it, so proven memory gives nothing.
    fn read(&self, address: u64, count: u64, take: impl FnMut(&[u8]));
}

/// A leaf of 32 bytes and its 59 siblings, from the bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof([[u8; 32]; PROOF_HASHES]);

impl Proof {
    /// Nothing: what stands where a step needs no proof.
    pub const ZERO: Self = Self([[0; 32]; PROOF_HASHES]);

    pub(crate) fn new(in_page: &[B256; PAGE_LEVELS + 1], above: &[B256; TREE_LEVELS]) -> Self {
        let mut hashes = [[0; 32]; PROOF_HASHES];
        for (hash, node) in hashes.iter_mut().zip(in_page.iter().chain(above)) {
            *hash = node.0;
        }
        Self(hashes)
    }

    /// The proof in these bytes.
    pub fn from_bytes(bytes: &[u8; PROOF_BYTES]) -> Self {
        let (hashes, _) = bytes.as_chunks();
        Self(std::array::from_fn(|node| hashes[node]))
    }

    /// The proof's bytes: leaf first.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_flattened()
    }

    /// The leaf.
    pub const fn leaf(&self) -> &[u8; 32] {
        &self.0[0]
    }

    /// The root of a memory that has this leaf around `address`.
    pub fn root(&self, address: u64) -> B256 {
        let mut node = B256::new(self.0[0]);
        let mut index = address / 32;
        for sibling in &self.0[1..] {
            let sibling = B256::new(*sibling);
            node = if index & 1 == 0 { tree::pair(&node, &sibling) } else { tree::pair(&sibling, &node) };
            index >>= 1;
        }
        node
    }

    /// The word at `address`, which lies in the leaf.
    pub fn word<O: Order>(&self, address: u64) -> u64 {
        let (words, _) = self.0[0].as_chunks();
        O::word(words[(address % 32 / 8) as usize])
    }

    /// Sets the word at `address`, which lies in the leaf.
    pub fn set_word<O: Order>(&mut self, address: u64, word: u64) {
        let start = (address % 32 / 8 * 8) as usize;
        self.0[0][start..start + 8].copy_from_slice(&O::bytes(word));
    }
}

/// A proof does not show what a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The proof leads to another root.
    #[error("proof {proof} does not prove the memory at {address:#x}")]
    Wrong {
        /// Which of the step's proofs, from 0: that of the instruction.
        proof: usize,
        /// The address.
        address: u64,
    },
    /// The step touches more words than it has proofs.
    #[error("no proof is left for the memory at {address:#x}")]
    Missing {
        /// The address.
        address: u64,
    },
}

/// Bytes of a word, which cannon proves one by one.
const WORD: u64 = 8;

/// Bytes of a leaf, of which asterisc uses all by one proof.
const LEAF: u64 = 32;

/// Memory of which nothing is known but its root and a step's proofs: the instruction's first, then one for each word (or
/// leaf) that the step touches, in that order. Each proof holds in the memory as it is when the word is first touched.
#[derive(Debug, Clone)]
pub struct ProvenMemory<O> {
    root: B256,
    proofs: Vec<Proof>,
    /// Bytes that share a proof.
    unit: u64,
    /// The words that were touched, in the order of their proofs from the second on.
    touched: Vec<u64>,
    order: PhantomData<O>,
}

impl<O: Order> ProvenMemory<O> {
    /// The memory with this root, of which each word has a proof.
    pub const fn new(root: B256, proofs: Vec<Proof>) -> Self {
        Self { root, proofs, unit: WORD, touched: Vec::new(), order: PhantomData }
    }

    /// The memory with this root, of which each leaf has a proof.
    pub const fn of_leaves(root: B256, proofs: Vec<Proof>) -> Self {
        Self { root, proofs, unit: LEAF, touched: Vec::new(), order: PhantomData }
    }

    /// The root, with what was stored.
    pub const fn root(&self) -> B256 {
        self.root
    }

    /// The word at `address` by proof number `proof`.
    ///
    /// # Errors
    /// Where there is no such proof, or it proves another memory.
    pub fn word(&self, proof: usize, address: u64) -> Result<u64, Unproven> {
        let proven = self.proofs.get(proof).ok_or(Unproven::Missing { address })?;
        if proven.root(address) != self.root {
            return Err(Unproven::Wrong { proof, address });
        }
        Ok(proven.word::<O>(address))
    }

    /// Sets the word at `address` by proof number `proof`, and the root with it.
    ///
    /// # Errors
    /// As [`ProvenMemory::word`].
    pub fn set_word(&mut self, proof: usize, address: u64, word: u64) -> Result<(), Unproven> {
        self.word(proof, address)?;
        self.proofs[proof].set_word::<O>(address, word);
        self.root = self.proofs[proof].root(address);
        Ok(())
    }

    /// The number of the proof of the word at `address`: the one that it had before, or the next.
    fn proof_of(&mut self, address: u64) -> usize {
        let word = address / self.unit;
        let found = self.touched.iter().position(|touched| *touched == word);
        1 + found.unwrap_or_else(|| {
            self.touched.push(word);
            self.touched.len() - 1
        })
    }
}

impl<O: Order> Words for ProvenMemory<O> {
    type Error = Unproven;

    fn fetch(&mut self, address: u64) -> Result<u64, Unproven> {
        self.word(0, address)
    }

    fn load(&mut self, address: u64) -> Result<u64, Unproven> {
        let proof = self.proof_of(address);
        self.word(proof, address)
    }

    fn store(&mut self, address: u64, word: u64) -> Result<(), Unproven> {
        let proof = self.proof_of(address);
        self.set_word(proof, address, word)
    }

    fn read(&self, _: u64, _: u64, _: impl FnMut(&[u8])) {}
}

/// Pages and the decoded code of some of them, kept in step.
#[derive(Debug)]
pub struct Paged<'a, O, I: Copy> {
    /// The pages.
    pub memory: &'a mut Memory<O>,
    /// What was decoded of them.
    pub code: &'a Code<I>,
}

impl<O: Order, I: Decode> Words for Paged<'_, O, I> {
    type Error = Infallible;

    fn fetch(&mut self, address: u64) -> Result<u64, Infallible> {
        Ok(self.memory.load(address))
    }

    #[inline(always)]
    fn load(&mut self, address: u64) -> Result<u64, Infallible> {
        Ok(self.memory.load(address))
    }

    #[inline(always)]
    fn store(&mut self, address: u64, word: u64) -> Result<(), Infallible> {
        if self.memory.store(address, word) {
            self.code.update::<O>(address, word);
        }
        Ok(())
    }

    fn read(&self, address: u64, count: u64, take: impl FnMut(&[u8])) {
        self.memory.read(address, count, take);
    }
}

/// Pages that take the proof of every word when a step first touches it: what [`ProvenMemory`] needs to check the step.
#[derive(Debug)]
pub struct Tracked<'a, O, I: Copy> {
    paged: Paged<'a, O, I>,
    /// Bytes that share a proof.
    unit: u64,
    touched: Vec<(u64, Proof)>,
}

impl<'a, O: Order, I: Decode> Tracked<'a, O, I> {
    /// Pages that nothing has touched yet, with a proof for each word.
    pub const fn new(paged: Paged<'a, O, I>) -> Self {
        Self { paged, unit: WORD, touched: Vec::new() }
    }

    /// Pages that nothing has touched yet, with a proof for each leaf.
    pub const fn of_leaves(paged: Paged<'a, O, I>) -> Self {
        Self { paged, unit: LEAF, touched: Vec::new() }
    }

    /// The proofs of the words that were loaded or stored, in the order of their first touch.
    pub fn into_proofs(self) -> Vec<Proof> {
        self.touched.into_iter().map(|(_, proof)| proof).collect()
    }

    fn touch(&mut self, address: u64) {
        let word = address / self.unit;
        if self.touched.iter().all(|(touched, _)| *touched != word) {
            self.touched.push((word, self.paged.memory.proof(address)));
        }
    }
}

impl<O: Order, I: Decode> Words for Tracked<'_, O, I> {
    type Error = Infallible;

    fn fetch(&mut self, address: u64) -> Result<u64, Infallible> {
        self.paged.fetch(address)
    }

    fn load(&mut self, address: u64) -> Result<u64, Infallible> {
        self.touch(address);
        self.paged.load(address)
    }

    fn store(&mut self, address: u64, word: u64) -> Result<(), Infallible> {
        self.touch(address);
        self.paged.store(address, word)
    }

    fn read(&self, address: u64, count: u64, take: impl FnMut(&[u8])) {
        self.paged.read(address, count, take);
    }
}
