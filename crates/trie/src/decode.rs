//! A node's encoding seen as a node, borrowed and strict: what re-encodes to other bytes is refused.

use alloy_primitives::B256;
use alloy_rlp::{EMPTY_STRING_CODE, Header};

/// A node within its encoding. It lives on the stack, between two lines of its reader.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "never stored: a box for the branch would cost more than its copy")]
pub(crate) enum NodeView<'a> {
    Leaf { path: CompactPath<'a>, value: &'a [u8] },
    Extension { path: CompactPath<'a>, child: ChildView<'a> },
    Branch { children: [Option<ChildView<'a>>; 16] },
}

/// A child as its parent names it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ChildView<'a> {
    Hash(&'a B256),
    /// The child's own encoding, shorter than 32 bytes. Its inside is not checked yet.
    Embedded(&'a [u8]),
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
        let mut rest = payload;
        for _ in 0..2 {
            let item = Header::decode(&mut rest).ok()?;
            rest = &rest[item.payload_length..];
        }
        if rest.is_empty() { Self::decode_short(payload) } else { Self::decode_branch(payload) }
    }

    /// A leaf or an extension from the two items of its list.
    fn decode_short(mut items: &'a [u8]) -> Option<Self> {
        let (path, is_leaf) = CompactPath::decode(Header::decode_bytes(&mut items, false).ok()?)?;
        if is_leaf {
            let value = Header::decode_bytes(&mut items, false).ok()?;
            (items.is_empty() && !value.is_empty()).then_some(Self::Leaf { path, value })
        } else {
            let child = ChildView::decode(&mut items)??;
            (items.is_empty() && path.nibbles() > 0).then_some(Self::Extension { path, child })
        }
    }

    /// A branch from the seventeen items of its list.
    fn decode_branch(mut items: &'a [u8]) -> Option<Self> {
        let mut children = [None; 16];
        for child in &mut children {
            *child = ChildView::decode(&mut items)?;
        }
        let several = children.iter().flatten().nth(1).is_some();
        (items == [EMPTY_STRING_CODE] && several).then_some(Self::Branch { children })
    }
}

impl<'a> ChildView<'a> {
    /// The next item of a node as a child. Outer `None`: malformed; inner `None`: no child.
    fn decode(items: &mut &'a [u8]) -> Option<Option<Self>> {
        let (child, rest) = match *items.first()? {
            EMPTY_STRING_CODE => (None, &items[1..]),
            0xa0 => {
                let (hash, rest) = items[1..].split_at_checked(32)?;
                (Some(Self::Hash(hash.try_into().ok()?)), rest)
            }
            // A list of 31 bytes at most, header included: longer ones are named by their hash.
            list @ 0xc0..=0xde => {
                let (encoding, rest) = items.split_at_checked(1 + usize::from(list - 0xc0))?;
                (Some(Self::Embedded(encoding)), rest)
            }
            _ => return None,
        };
        *items = rest;
        Some(child)
    }
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
