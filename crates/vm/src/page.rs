//! A page of memory, and the hash tree over its leaves of 32 bytes.

use crate::{Order, tree};
use alloy_primitives::{B256, keccak256};

/// Bytes of a page.
pub const PAGE_BYTES: u64 = 4096;

/// Words of eight bytes of a page.
pub const PAGE_WORDS: usize = 512;

/// Words of a leaf.
const LEAF_WORDS: usize = 4;

/// Levels of hashes in a page: 128 leaves, and one root.
pub(crate) const PAGE_LEVELS: usize = 7;

/// A page's words by value, whatever their byte order.
pub type Page = [u64; PAGE_WORDS];

/// The page's bytes.
pub(crate) fn bytes<O: Order>(page: &Page) -> [u8; PAGE_BYTES as usize] {
    let mut bytes = [0; PAGE_BYTES as usize];
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(page) {
        chunk.copy_from_slice(&O::bytes(*word));
    }
    bytes
}

/// The page that holds these bytes.
pub(crate) fn from_bytes<O: Order>(bytes: &[u8; PAGE_BYTES as usize]) -> Page {
    let (chunks, _) = bytes.as_chunks();
    std::array::from_fn(|word| O::word(chunks[word]))
}

/// The hash at the top of the page's tree.
pub(crate) fn root<O: Order>(page: &Page) -> B256 {
    let mut hashes = pairs::<O>(page);
    for level in 1..PAGE_LEVELS {
        fold(&mut hashes, level);
    }
    hashes[0]
}

/// Leaf `leaf` (0..128) and its siblings within the page, from the bottom.
pub(crate) fn branch<O: Order>(page: &Page, leaf: usize) -> [B256; PAGE_LEVELS + 1] {
    let mut branch = [B256::ZERO; PAGE_LEVELS + 1];
    branch[0] = leaf_at::<O>(page, leaf);
    branch[1] = leaf_at::<O>(page, leaf ^ 1);
    let mut hashes = pairs::<O>(page);
    for level in 1..PAGE_LEVELS {
        branch[level + 1] = hashes[(leaf >> level) ^ 1];
        fold(&mut hashes, level);
    }
    branch
}

fn leaf_at<O: Order>(page: &Page, leaf: usize) -> B256 {
    let mut bytes = [0; 32];
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(&page[leaf * LEAF_WORDS..]) {
        chunk.copy_from_slice(&O::bytes(*word));
    }
    B256::new(bytes)
}

/// The hashes of the 64 pairs of leaves. Zeros, of which programs have many, cost nothing.
fn pairs<O: Order>(page: &Page) -> [B256; 64] {
    let (words, _) = page.as_chunks::<{ 2 * LEAF_WORDS }>();
    std::array::from_fn(|pair| {
        let words = &words[pair];
        if words.iter().all(|word| *word == 0) {
            return tree::zero_hash(1);
        }
        let mut bytes = [0; 64];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&O::bytes(*word));
        }
        keccak256(bytes)
    })
}

/// Replaces the hashes of `level` by those of the level above.
fn fold(hashes: &mut [B256; 64], level: usize) {
    for node in 0..(64 >> level) {
        hashes[node] = tree::parent(level, &hashes[2 * node], &hashes[2 * node + 1]);
    }
}
