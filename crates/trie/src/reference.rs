//! How a node is named by its parent.

use crate::encode;
use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};

/// A node's name in its parent: its hash, or its encoding where that is shorter than a hash.
#[derive(Clone, Debug)]
pub(crate) enum Reference {
    /// Keccak-256 of an encoding of 32 bytes or more, or of the root's encoding of any length.
    Hash(B256),
    /// The encoding itself: the first `len` bytes.
    Embedded { len: u8, bytes: [u8; 31] },
}

impl Reference {
    /// The reference to a node by its encoding.
    pub(crate) fn to(encoding: &[u8]) -> Self {
        let mut bytes = [0; 31];
        match bytes.get_mut(..encoding.len()) {
            Some(head) => {
                head.copy_from_slice(encoding);
                Self::Embedded { len: encoding.len() as u8, bytes }
            }
            None => Self::Hash(keccak256(encoding)),
        }
    }

    /// The hash of the node, computed where the reference is the node itself.
    pub(crate) fn hash(&self) -> B256 {
        match self {
            Self::Hash(hash) => *hash,
            Self::Embedded { len, bytes } => keccak256(&bytes[..usize::from(*len)]),
        }
    }

    /// Hands a freshly encoded node to `sink` if it can be asked for by hash: the root always can, unless it is the
    /// empty trie.
    pub(crate) fn give(&self, encoding: &[u8], is_root: bool, sink: &mut impl FnMut(B256, &[u8])) {
        match self {
            Self::Hash(hash) => sink(*hash, encoding),
            Self::Embedded { .. } if is_root && encoding.len() > 1 => sink(self.hash(), encoding),
            Self::Embedded { .. } => {}
        }
    }

    /// Appends the reference as an item of the parent's list.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hash(hash) => encode::hash(out, hash),
            Self::Embedded { len, bytes } => out.extend_from_slice(&bytes[..usize::from(*len)]),
        }
    }
}
