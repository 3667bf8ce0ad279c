//! Tries of ordered lists: an L1 or L2 block's transactions and receipts.
//!
//! The key of an item is the RLP of its index, the value its EIP-2718 encoding. The keys are known beforehand and
//! never change, so a root is computed over the sorted items directly, without a trie in memory.

use crate::{
    EMPTY_ROOT, NodeSource, TrieError,
    decode::{ChildView, NodeView},
    encode,
    path::{nibble, shared_nibbles},
    reference::Reference,
};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
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
    encode_entries(&entries, 0, &mut Vec::new(), &mut sink).hash()
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
            NodeView::Branch { children } => path.next().and_then(|nibble| children[usize::from(nibble)]),
        };
        node = match child {
            None => return Ok(None),
            Some(ChildView::Embedded(encoding)) => node.slice_ref(encoding),
            Some(ChildView::Hash(child)) => {
                hash = *child;
                source.node(hash).map_err(TrieError::Source)?
            }
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

/// The reference of the node that holds these entries, sorted by key and sharing their first `depth` nibbles.
fn encode_entries(entries: &[Entry], depth: usize, out: &mut Vec<u8>, sink: &mut impl FnMut(B256, &[u8])) -> Reference {
    let start = out.len();
    let mut encoding = start;
    let first = entries[0].key.as_slice();
    let shared = shared_nibbles(first, entries[entries.len() - 1].key.as_slice());
    if entries.len() == 1 {
        encode::leaf(out, first, depth, entries[0].value);
    } else if shared > depth {
        encode::begin_extension(out, first, depth, shared);
        encode_entries(entries, shared, out, sink).encode(out);
        encoding = encode::end(out, start);
    } else {
        let child = |entry: &Entry| nibble(entry.key.as_slice(), depth);
        let mut groups = entries.chunk_by(|a, b| child(a) == child(b)).peekable();
        encode::begin_branch(out);
        for index in 0..16 {
            match groups.next_if(|group| child(&group[0]) == index) {
                Some(group) => encode_entries(group, depth + 1, out, sink).encode(out),
                None => encode::empty(out),
            }
        }
        encode::empty(out);
        encoding = encode::end(out, start);
    }
    let reference = Reference::to(&out[encoding..]);
    reference.give(&out[encoding..], depth == 0, sink);
    out.truncate(start);
    reference
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
    let mut descend = |child, at| match child {
        ChildView::Embedded(encoding) => collect((whole, hash), encoding, at, found, source),
        ChildView::Hash(&hash) => {
            let node = source.node(hash).map_err(TrieError::Source)?;
            collect((&node, hash), &node, at, found, source)
        }
    };
    match NodeView::decode(encoding).ok_or_else(malformed)? {
        NodeView::Leaf { path, value } => {
            let index = at.then(path.iter()).and_then(Position::index).ok_or_else(malformed)?;
            found.push((index, whole.slice_ref(value)));
        }
        NodeView::Extension { path, child } => descend(child, at.then(path.iter()).ok_or_else(malformed)?)?,
        NodeView::Branch { children } => {
            for (nibble, child) in (0..).zip(children) {
                let Some(child) = child else { continue };
                descend(child, at.then([nibble].into_iter()).ok_or_else(malformed)?)?;
            }
        }
    }
    Ok(())
}
