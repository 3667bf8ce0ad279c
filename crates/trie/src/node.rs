//! A node in memory, and what can be said of it without the others.

use crate::{
    decode::{NodeView, children},
    item::Item,
    path::KEY_NIBBLES,
};
use alloy_primitives::{B256, Bytes};
use alloy_rlp::EMPTY_STRING_CODE;

/// Index of a node in the arena.
pub(crate) type Slot = u32;

/// The root's slot, for ever: a change of structure moves nodes between slots, not the slots of their parents.
pub(crate) const ROOT: Slot = 0;

/// Not in memory. The root is nobody's child, so its slot is free to mean this.
pub(crate) const NONE: Slot = ROOT;

/// A node in memory.
///
/// Leaves and extensions hold the key from its first nibble on; where their own path begins follows from where they
/// hang. Comparing needs no shifting, and joining or cutting paths moves nodes without rewriting them.
#[derive(Clone, Debug, Default)]
pub(crate) enum Node {
    /// The whole trie is empty, or the slot is vacant.
    #[default]
    Empty,
    Leaf {
        key: B256,
        value: Value,
    },
    /// A path that ends before nibble `end` of `prefix`, where the child, a branch, begins.
    Extension {
        prefix: B256,
        end: u8,
        item: Item,
        child: Slot,
    },
    Branch(Branch),
}

/// Two children or more.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    /// The node as last encoded. Children that no path has led to are nothing but items of it.
    encoding: Bytes,
    /// The children in memory.
    pub(crate) children: [Slot; 16],
    /// Bit n is set if there is a child for nibble n.
    present: u16,
    /// Nibbles whose items in the encoding are out of date.
    changed: u16,
}

/// The encoding that a new branch begins with.
const NO_CHILDREN: [u8; 18] = {
    let mut encoding = [EMPTY_STRING_CODE; 18];
    encoding[0] = 0xd1;
    encoding
};

/// A value, in the node itself where there is room anyway.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Inline { len: u8, bytes: [u8; 70] },
    Shared(Bytes),
}

/// Where a node hangs: the number of nibbles above it, and whether an extension is its parent.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) depth: usize,
    pub(crate) below_extension: bool,
}

impl Node {
    pub(crate) fn leaf(key: &B256, value: &[u8]) -> Self {
        Self::Leaf {
            key: *key,
            value: Value::inline(value).unwrap_or_else(|| Value::Shared(Bytes::copy_from_slice(value))),
        }
    }

    pub(crate) fn is_leaf_of(&self, key: &B256) -> bool {
        matches!(self, Self::Leaf { key: found, .. } if found == key)
    }

    /// The node with this encoding under the first nibbles of `key`; `None` if it is no node, or can't hang there: keys
    /// have 64 nibbles, and below an extension is a branch. This bounds the depth of every trie.
    pub(crate) fn decode(encoding: Bytes, key: &B256, Place { depth, below_extension }: Place) -> Option<Self> {
        Some(match NodeView::decode(&encoding)? {
            NodeView::Branch { present, .. } if depth < KEY_NIBBLES => {
                Self::Branch(Branch { encoding, children: [NONE; 16], present, changed: 0 })
            }
            _ if below_extension => return None,
            NodeView::Leaf { path, value } if depth + path.nibbles() == KEY_NIBBLES => Self::Leaf {
                key: path.written_into(*key, depth),
                value: Value::inline(value).unwrap_or_else(|| Value::Shared(encoding.slice_ref(value))),
            },
            NodeView::Extension { path, child } if depth + path.nibbles() < KEY_NIBBLES => Self::Extension {
                prefix: path.written_into(*key, depth),
                end: (depth + path.nibbles()) as u8,
                item: Item::new(child),
                child: NONE,
            },
            _ => return None,
        })
    }
}

impl Branch {
    /// A branch without children, to be given two.
    pub(crate) const fn new() -> Self {
        Self { encoding: Bytes::from_static(&NO_CHILDREN), children: [NONE; 16], present: 0, changed: 0 }
    }

    pub(crate) const fn is_present(&self, index: u8) -> bool {
        self.present >> index & 1 == 1
    }

    pub(crate) const fn has_changed(&self, index: u8) -> bool {
        self.changed >> index & 1 == 1
    }

    pub(crate) fn changed_children(&self) -> impl Iterator<Item = Slot> {
        (0..16)
            .filter(|&index| self.has_changed(index) && self.is_present(index))
            .map(|index| self.children[usize::from(index)])
    }

    /// Puts a new child in place of the one of nibble `index`, or where none is.
    pub(crate) const fn set(&mut self, index: u8, child: Slot) {
        self.children[index as usize] = child;
        self.present |= 1 << index;
        self.forget(index);
    }

    /// Puts a child where none is, that `item` names unless it has changed.
    pub(crate) fn adopt(&mut self, index: u8, item: &Item, child: Slot) {
        self.set(index, child);
        if item.is_known() {
            let mut encoding = NO_CHILDREN.to_vec();
            encoding.splice(1 + usize::from(index)..2 + usize::from(index), item.as_slice().iter().copied());
            self.encoding = encoding.into();
            self.changed = 0;
        }
    }

    pub(crate) const fn remove(&mut self, index: u8) {
        self.children[index as usize] = NONE;
        self.present &= !(1 << index);
        self.forget(index);
    }

    /// Forgets the item of nibble `index`; answers whether it was forgotten.
    pub(crate) const fn forget(&mut self, index: u8) -> bool {
        let was_forgotten = self.has_changed(index);
        self.changed |= 1 << index;
        was_forgotten
    }

    /// The nibble of the only child besides that of nibble `index`.
    pub(crate) const fn only_sibling(&self, index: u8) -> Option<u8> {
        let others = self.present & !(1 << index);
        if others.count_ones() == 1 { Some(others.trailing_zeros() as u8) } else { None }
    }

    /// The item of a child, unless it has changed.
    pub(crate) fn item(&self, index: u8) -> Item {
        match children(self.items()).nth(index.into()).flatten() {
            Some(item) if !self.has_changed(index) => Item::new(item),
            _ => Item::UNKNOWN,
        }
    }

    /// All seventeen items as last encoded.
    pub(crate) fn items(&self) -> &[u8] {
        // The list's header is 0xf9 and two bytes of length, 0xf8 and one, or one byte that has the length in it.
        match self.encoding[0] {
            0xf9 => &self.encoding[3..],
            0xf8 => &self.encoding[2..],
            _ => &self.encoding[1..],
        }
    }

    /// Keeps the encoding, in which nothing is out of date.
    pub(crate) fn keep(&mut self, encoding: &[u8]) {
        self.encoding = Bytes::copy_from_slice(encoding);
        self.changed = 0;
    }
}

impl Value {
    fn inline(value: &[u8]) -> Option<Self> {
        let mut bytes = [0; 70];
        bytes.get_mut(..value.len())?.copy_from_slice(value);
        Some(Self::Inline { len: value.len() as u8, bytes })
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Self::Shared(bytes) => bytes,
        }
    }
}
