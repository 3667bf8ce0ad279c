//! What the tests share: a source that counts and can fail, and alloy-trie's `HashBuilder` as the witness.

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};
use kohala_trie::NodeSource;
use std::collections::BTreeMap;

/// Keys and values that a trie should hold.
pub(crate) type Model = BTreeMap<B256, Vec<u8>>;

/// Nodes in a map, with a log of what was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nodes {
    pub(crate) map: BTreeMap<B256, Bytes>,
    pub(crate) asked: Vec<B256>,
    /// The source fails when asked once more after so many answers.
    pub(crate) answers_left: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) B256);

impl NodeSource for Nodes {
    type Error = Missing;

    fn node(&mut self, hash: B256) -> Result<Bytes, Missing> {
        match &mut self.answers_left {
            Some(0) => return Err(Missing(hash)),
            Some(left) => *left -= 1,
            None => {}
        }
        self.asked.push(hash);
        self.map.get(&hash).cloned().ok_or(Missing(hash))
    }
}

impl Nodes {
    /// Adds a node under its hash.
    pub(crate) fn add(&mut self, node: &[u8]) -> B256 {
        let hash = keccak256(node);
        self.map.insert(hash, Bytes::copy_from_slice(node));
        hash
    }

    /// The nodes of `model` as alloy-trie encodes them, with its root.
    pub(crate) fn of(model: &Model) -> (B256, Self) {
        let proof = nodes_by_path(model, model.keys().copied());
        let mut nodes = Self::default();
        for node in proof.values() {
            nodes.add(node);
        }
        (expected_root(model), nodes)
    }
}

/// The root that alloy-trie computes.
pub(crate) fn expected_root(model: &Model) -> B256 {
    let mut builder = HashBuilder::default();
    for (key, value) in model {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    builder.root()
}

/// The nodes, by path, on the way to `keys`, as alloy-trie proves them.
pub(crate) fn nodes_by_path(model: &Model, keys: impl IntoIterator<Item = B256>) -> BTreeMap<Vec<u8>, Bytes> {
    let retainer = ProofRetainer::from_iter(keys.into_iter().map(Nibbles::unpack));
    let mut builder = HashBuilder::default().with_proof_retainer(retainer);
    for (key, value) in model {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    builder.root();
    builder.take_proof_nodes().into_nodes_sorted().into_iter().map(|(path, node)| (path.to_vec(), node)).collect()
}

/// The path of the node that takes the place of `key`'s branch when `key` goes, if that is left with one child.
pub(crate) fn sibling_path(model: &Model, key: B256) -> Option<Vec<u8>> {
    model.get(&key)?;
    let shared = |other: &B256| (0..64).take_while(|&at| nibble(&key, at) == nibble(other, at)).count();
    let others = || model.keys().filter(|other| **other != key);
    let branch = others().map(shared).max()?;
    let mut beside = others().filter(|other| shared(other) == branch);
    let first = beside.next()?;
    let is_only = beside.all(|other| nibble(other, branch) == nibble(first, branch));
    is_only.then(|| (0..=branch).map(|at| nibble(first, at)).collect())
}

pub(crate) fn nibble(key: &B256, at: usize) -> u8 {
    if at.is_multiple_of(2) { key[at / 2] >> 4 } else { key[at / 2] & 15 }
}

/// A key that is zero but for the given nibbles.
pub(crate) fn key(nibbles: &[(usize, u8)]) -> B256 {
    let mut key = B256::ZERO;
    for &(at, nibble) in nibbles {
        key[at / 2] |= if at % 2 == 0 { nibble << 4 } else { nibble };
    }
    key
}

/// A trie in memory with the contents of `model`.
pub(crate) fn build(model: &Model) -> kohala_trie::Trie {
    let mut trie = kohala_trie::Trie::empty();
    for (key, value) in model {
        trie.insert(key, value, &mut Nodes::default()).unwrap();
    }
    trie
}
