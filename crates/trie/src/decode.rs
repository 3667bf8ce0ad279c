//! A node's encoding seen as a node, borrowed and strict: what re-encodes to other bytes is refused.

use crate::item::HASH_CODE;
use alloy_primitives::B256;
use alloy_rlp::{EMPTY_STRING_CODE, Header};
use core::iter;

/// A node within its encoding.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NodeView<'a> {
    Leaf {
        path: CompactPath<'a>,
        value: &'a [u8],
    },
    /// The child is the item that names it.
    Extension {
        path: CompactPath<'a>,
        child: &'a [u8],
    },
    /// The sixteen items, one after another; bit n of `present` is set if the one of nibble n names a child.
    Branch {
        items: &'a [u8],
        present: u16,
    },
}

/// A hex-prefix encoded path without its leaf flag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompactPath<'a> {
    /// The first nibble of a path of odd length.
    odd: Option<u8>,
    /// The nibbles after it, two a byte.
    pairs: &'a [u8],
}

impl<'a> NodeView<'a> {
    /// The node that `encoding` is, the whole of it; `None` if it is no canonical node.
    ///
    /// A branch must have two children or more and no value: keys of one trie are never prefixes of each other.
    /// A leaf must have a value, an extension a path.
    pub(crate) fn decode(mut encoding: &'a [u8]) -> Option<Self> {
        let payload = Header::decode_bytes(&mut encoding, true).ok()?;
        if !encoding.is_empty() {
            return None;
        }
        Self::decode_branch(payload).or_else(|| Self::decode_short(payload))
    }

    /// A leaf or an extension from the two items of its list.
    fn decode_short(mut items: &'a [u8]) -> Option<Self> {
        let (path, is_leaf) = CompactPath::decode(Header::decode_bytes(&mut items, false).ok()?)?;
        if is_leaf {
            let value = Header::decode_bytes(&mut items, false).ok()?;
            (items.is_empty() && !value.is_empty()).then_some(Self::Leaf { path, value })
        } else {
            let child = next_child(&mut items)??;
            (items.is_empty() && path.nibbles() > 0).then_some(Self::Extension { path, child })
        }
    }

    /// A branch from the seventeen items of its list.
    fn decode_branch(items: &'a [u8]) -> Option<Self> {
        let (mut rest, mut present) = (items, 0_u16);
        for index in 0..16 {
            present |= u16::from(next_child(&mut rest)?.is_some()) << index;
        }
        let items = &items[..items.len() - rest.len()];
        (rest == [EMPTY_STRING_CODE] && present.count_ones() > 1).then_some(Self::Branch { items, present })
    }
}

/// The items of a branch that name children, by nibble.
pub(crate) fn children(mut items: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    iter::from_fn(move || next_child(&mut items)).take(16)
}

/// Takes the next `count` children of a branch, which was read before.
pub(crate) fn take_children<'a>(items: &mut &'a [u8], count: u8) -> &'a [u8] {
    let all = *items;
    for _ in 0..count {
        next_child(items);
    }
    &all[..all.len() - items.len()]
}

/// Takes the next item of a node, which names a child: a hash, or the child's own encoding if that is shorter, whose
/// inside is not checked yet. Outer `None`: malformed; inner `None`: no child.
fn next_child<'a>(items: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let len = match *items.first()? {
        EMPTY_STRING_CODE => 1,
        HASH_CODE => 33,
        // A list of 31 bytes at most, header included: longer ones are named by their hash.
        list @ 0xc0..=0xde => 1 + usize::from(list - 0xc0),
        _ => return None,
    };
    let (child, rest) = items.split_at_checked(len)?;
    *items = rest;
    Some((child[0] != EMPTY_STRING_CODE).then_some(child))
}

impl<'a> CompactPath<'a> {
    /// The path and whether its node is a leaf (Yellow Paper, appendix C).
    fn decode(bytes: &'a [u8]) -> Option<(Self, bool)> {
        let (&first, pairs) = bytes.split_first()?;
        let odd = match first & 0xd0 {
            0x10 => Some(first & 0x0f),
            0x00 if first & 0x0f == 0 => None,
            _ => return None,
        };
        Some((Self { odd, pairs }, first & 0x20 != 0))
    }

    /// Number of nibbles.
    pub(crate) const fn nibbles(&self) -> usize {
        2 * self.pairs.len() + self.odd.is_some() as usize
    }

    /// The nibbles in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.odd.into_iter().chain(self.pairs.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]))
    }

    /// `key` with its nibbles from `start` on replaced by this path; the caller has checked that it fits.
    pub(crate) fn written_into(&self, mut key: B256, start: usize) -> B256 {
        let end = start + self.nibbles();
        if end.is_multiple_of(2) {
            key[end / 2 - self.pairs.len()..end / 2].copy_from_slice(self.pairs);
            return self.odd.map_or(key, |nibble| crate::path::with_nibble(key, start, nibble));
        }
        self.iter().zip(start..).fold(key, |key, (nibble, at)| crate::path::with_nibble(key, at, nibble))
    }
}
