//! The hash tree above the pages: 52 levels over 2^52 pages, of which few are there.

use alloy_primitives::{B256, keccak256, map::HashMap};
use std::sync::LazyLock;

/// Levels above the pages' roots.
pub(crate) const TREE_LEVELS: usize = 52;

/// Level of the pages' roots, counted from the leaves.
const PAGE_LEVEL: usize = crate::page::PAGE_LEVELS;

static ZERO_HASHES: LazyLock<[B256; PAGE_LEVEL + TREE_LEVELS + 1]> = LazyLock::new(|| {
    let mut hashes = [B256::ZERO; PAGE_LEVEL + TREE_LEVELS + 1];
    for level in 1..hashes.len() {
        hashes[level] = pair(&hashes[level - 1], &hashes[level - 1]);
    }
    hashes
});

/// The hash of a subtree of `level` levels that holds nothing but zeros.
pub(crate) fn zero_hash(level: usize) -> B256 {
    ZERO_HASHES[level]
}

/// The hash of two nodes of `level`.
pub(crate) fn parent(level: usize, left: &B256, right: &B256) -> B256 {
    let zero = &ZERO_HASHES[level];
    if left == zero && right == zero { ZERO_HASHES[level + 1] } else { pair(left, right) }
}

/// keccak256 of two hashes.
pub(crate) fn pair(left: &B256, right: &B256) -> B256 {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(left.as_slice());
    bytes[32..].copy_from_slice(right.as_slice());
    keccak256(bytes)
}

/// The hashes of the tree's nodes that are not all zero, by generalised index: 1 is the root, node n has children 2n and 2n+1.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    nodes: HashMap<u64, B256>,
}

impl Tree {
    /// Takes the new roots of pages (by page number), and recomputes what lies above them.
    pub(crate) fn update(&mut self, mut pages: Vec<(u64, B256)>) {
        pages.sort_unstable_by_key(|(number, _)| *number);
        let mut changed = Vec::with_capacity(pages.len());
        for (number, root) in pages {
            let node = 1 << TREE_LEVELS | number;
            self.nodes.insert(node, root);
            changed.push(node);
        }
        for level in PAGE_LEVEL..PAGE_LEVEL + TREE_LEVELS {
            for node in &mut changed {
                *node >>= 1;
            }
            changed.dedup();
            for node in &changed {
                let hash = parent(level, &self.node(2 * node, level), &self.node(2 * node + 1, level));
                self.nodes.insert(*node, hash);
            }
        }
    }

    pub(crate) fn root(&self) -> B256 {
        self.node(1, PAGE_LEVEL + TREE_LEVELS)
    }

    /// The siblings on the way from page `number` to the root, from the bottom.
    pub(crate) fn siblings(&self, number: u64) -> [B256; TREE_LEVELS] {
        let node = 1 << TREE_LEVELS | number;
        std::array::from_fn(|level| self.node((node >> level) ^ 1, PAGE_LEVEL + level))
    }

    fn node(&self, node: u64, level: usize) -> B256 {
        self.nodes.get(&node).copied().unwrap_or_else(|| zero_hash(level))
    }
}
