//! Tries of ordered lists: an L1 or L2 block's transactions and receipts.
//!
//! The key of an item is the RLP of its index, the value its EIP-2718 encoding. The keys are known beforehand and
//! never change, so a root is computed over the sorted items directly, without a trie in memory.

use crate::{
    EMPTY_ROOT, NodeSource, TrieError,
    decode::{NodeView, children},
    encode,
    item::Item,
    path::{nibble, shared_nibbles},
};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::{Decodable, Encodable};

/// Nibbles in the longest key: the RLP of a `u64` takes nine bytes.
const MAX_NIBBLES: usize = 18;

/// The root of the list of these items, each as it is encoded in a block.
pub fn list_root<'a>(items: impl ExactSizeIterator<Item = &'a [u8]>) -> B256 {
    list_commit(items, |_, _| ())
}

/// The root of the list of these items, and its nodes: `sink` receives hash and encoding, children before parents.
///
/// For a host that has the items from an RPC and must answer for the nodes. The empty list has no node.
pub fn list_commit<'a>(items: impl ExactSizeIterator<Item = &'a [u8]>, mut sink: impl FnMut(B256, &[u8])) -> B256 {
    let mut entries: Vec<Entry> = items.zip(0..).map(|(value, index)| Entry { key: Key::of(index), value }).collect();
    // By key: 1 to 127 are their own RLP, 0 is 0x80, all others come after.
    match &mut entries[..] {
        [] => return EMPTY_ROOT,
        [small @ .., _] if small.len() < 128 => entries.rotate_left(1),
        [..] => entries[..128].rotate_left(1),
    }
    let mut out = Vec::new();
    let start = encode_entries(&entries, 0, &mut out, &mut sink);
    let hash = keccak256(&out[start..]);
    sink(hash, &out[start..]);
    hash
}

/// All items of the list with this root, in index order. They share the memory of the nodes they lie in.
///
/// A list that misses an index, or whose keys are no indices, is [`TrieError::Malformed`] at its root.
pub fn list_items<S: NodeSource>(root: B256, source: &mut S) -> Result<Vec<Bytes>, TrieError<S::Error>> {
    let mut found = Vec::new();
    if root != EMPTY_ROOT {
        let encoding = source.node(root).map_err(TrieError::Source)?;
        collect((&encoding, root), &encoding, Position::default(), &mut found, source)?;
    }
    found.sort_unstable_by_key(|&(index, _)| index);
    if (0..).zip(&found).any(|(expected, &(index, _))| index != expected) {
        return Err(TrieError::Malformed(root));
    }
    Ok(found.into_iter().map(|(_, item)| item).collect())
}

/// The item at `index` of the list with this root, if the list has so many. Asks for the nodes on its path only.
pub fn list_item<S: NodeSource>(root: B256, index: u64, source: &mut S) -> Result<Option<Bytes>, TrieError<S::Error>> {
    if root == EMPTY_ROOT {
        return Ok(None);
    }
    let key = Key::of(index);
    let mut path = (0..2 * key.as_slice().len()).map(|position| nibble(key.as_slice(), position));
    let mut hash = root;
    let mut node = source.node(root).map_err(TrieError::Source)?;
    loop {
        // What is left of the key is at least one nibble shorter after each branch and extension.
        let child = match NodeView::decode(&node).ok_or(TrieError::Malformed(hash))? {
            NodeView::Leaf { path: rest, value } => {
                return Ok(rest.iter().eq(path).then(|| node.slice_ref(value)));
            }
            NodeView::Extension { path: shared, child } => {
                shared.iter().all(|nibble| path.next() == Some(nibble)).then_some(child)
            }
            NodeView::Branch { items, .. } => path.next().and_then(|nibble| children(items).nth(nibble.into())?),
        };
        let Some(child) = child else { return Ok(None) };
        node = match Item::new(child).as_hash() {
            Some(child) => {
                hash = child;
                source.node(hash).map_err(TrieError::Source)?
            }
            None => node.slice_ref(child),
        };
    }
}

/// An item with its key.
struct Entry<'a> {
    key: Key,
    value: &'a [u8],
}

/// The RLP of an index.
struct Key {
    bytes: [u8; MAX_NIBBLES / 2],
    len: u8,
}

impl Key {
    fn of(index: u64) -> Self {
        let mut bytes = [0; MAX_NIBBLES / 2];
        index.encode(&mut bytes.as_mut_slice());
        Self { bytes, len: index.length() as u8 }
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// Appends the encoding of the node that holds these entries, sorted by key and sharing their first `depth` nibbles;
/// answers where it begins.
fn encode_entries(entries: &[Entry], depth: usize, out: &mut Vec<u8>, sink: &mut impl FnMut(B256, &[u8])) -> usize {
    let start = out.len();
    let first = entries[0].key.as_slice();
    if let [entry] = entries {
        encode::leaf(out, first, depth, entry.value);
        return start;
    }
    let shared = shared_nibbles(first, entries[entries.len() - 1].key.as_slice());
    if shared > depth {
        encode::begin_extension(out, first, depth, shared);
        append_child(entries, shared, out, sink);
    } else {
        let child = |entry: &Entry| nibble(entry.key.as_slice(), depth);
        let mut groups = entries.chunk_by(|a, b| child(a) == child(b)).peekable();
        encode::begin_branch(out);
        for index in 0..16 {
            match groups.next_if(|group| child(&group[0]) == index) {
                Some(group) => append_child(group, depth + 1, out, sink),
                None => encode::empty(out),
            }
        }
        encode::empty(out);
    }
    encode::end(out, start)
}

/// Appends the item that names the node of these entries.
fn append_child(entries: &[Entry], depth: usize, out: &mut Vec<u8>, sink: &mut impl FnMut(B256, &[u8])) {
    let start = out.len();
    let encoding = encode_entries(entries, depth, out, sink);
    Item::replace(out, start, encoding, sink);
}

/// Where a walk stands: the nibbles behind it, as a number, and how many they are.
#[derive(Clone, Copy, Default)]
struct Position {
    nibbles: u128,
    depth: usize,
}

impl Position {
    fn then(self, mut path: impl Iterator<Item = u8>) -> Option<Self> {
        path.try_fold(self, |Self { nibbles, depth }, nibble| {
            (depth < MAX_NIBBLES).then(|| Self { nibbles: nibbles << 4 | u128::from(nibble), depth: depth + 1 })
        })
    }

    /// The index whose RLP the nibbles are.
    fn index(self) -> Option<u64> {
        let key = self.nibbles.to_be_bytes();
        let mut key = &key[key.len() - self.depth / 2..];
        let index = u64::decode(&mut key).ok()?;
        (self.depth.is_multiple_of(2) && key.is_empty()).then_some(index)
    }
}

/// Appends the items below the node `encoding`, which lies within `whole`, the node with this hash.
fn collect<S: NodeSource>(
    (whole, hash): (&Bytes, B256),
    encoding: &[u8],
    at: Position,
    found: &mut Vec<(u64, Bytes)>,
    source: &mut S,
) -> Result<(), TrieError<S::Error>> {
    let malformed = || TrieError::Malformed(hash);
    let mut descend = |child, at| match Item::new(child).as_hash() {
        Some(hash) => {
            let node = source.node(hash).map_err(TrieError::Source)?;
            collect((&node, hash), &node, at, found, source)
        }
        None => collect((whole, hash), child, at, found, source),
    };
    match NodeView::decode(encoding).ok_or_else(malformed)? {
        NodeView::Leaf { path, value } => {
            let index = at.then(path.iter()).and_then(Position::index).ok_or_else(malformed)?;
            found.push((index, whole.slice_ref(value)));
        }
        NodeView::Extension { path, child } => descend(child, at.then(path.iter()).ok_or_else(malformed)?)?,
        NodeView::Branch { items, .. } => {
            for (nibble, child) in (0..).zip(children(items)) {
                let Some(child) = child else { continue };
                descend(child, at.then([nibble].into_iter()).ok_or_else(malformed)?)?;
            }
        }
    }
    Ok(())
}
