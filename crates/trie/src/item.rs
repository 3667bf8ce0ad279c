//! How a node is named by its parent.

use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use alloy_rlp::EMPTY_STRING_CODE;

/// First byte of a hash as an RLP string.
pub(crate) const HASH_CODE: u8 = EMPTY_STRING_CODE + 32;

/// A child as it stands in its parent's list: its hash as an RLP string, or its own encoding where that is shorter than
/// a hash. The first byte says how many of the bytes count.
#[derive(Clone, Debug)]
pub(crate) struct Item([u8; 33]);

impl Item {
    /// Not known: the child has changed. No item begins with this byte.
    pub(crate) const UNKNOWN: Self = Self([0; 33]);

    /// The hash of an encoding of 32 bytes or more, or of the root's encoding of any length.
    pub(crate) const fn hash(hash: B256) -> Self {
        let mut item = [HASH_CODE; 33];
        item.split_at_mut(1).1.copy_from_slice(&hash.0);
        Self(item)
    }

    /// An item of a list, as it is.
    pub(crate) fn new(item: &[u8]) -> Self {
        let mut bytes = [0; 33];
        bytes[..item.len()].copy_from_slice(item);
        Self(bytes)
    }

    pub(crate) const fn is_known(&self) -> bool {
        self.0[0] != 0
    }

    /// The hash, if it is one.
    pub(crate) fn as_hash(&self) -> Option<B256> {
        (self.0[0] == HASH_CODE).then(|| B256::from_slice(&self.0[1..]))
    }

    /// Replaces a node that `out` ends with, from `start` on and encoded from `encoding` on, by its item, and hands its
    /// encoding to `sink` if it can be asked for by hash.
    pub(crate) fn replace(out: &mut Vec<u8>, start: usize, encoding: usize, sink: &mut impl FnMut(B256, &[u8])) {
        let node = &out[encoding..];
        if node.len() < 32 {
            out.drain(start..encoding);
            return;
        }
        let hash = keccak256(node);
        sink(hash, node);
        out.truncate(start);
        out.push(HASH_CODE);
        out.extend_from_slice(hash.as_slice());
    }

    /// The bytes that count. None if not known.
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self.0[0] {
            HASH_CODE => &self.0,
            list => &self.0[..usize::from(list).saturating_sub(0xbf)],
        }
    }
}
