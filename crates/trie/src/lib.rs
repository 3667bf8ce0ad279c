//! A sparse Merkle-Patricia trie opened node by node, and the ordered lists of transactions and receipts.
//!
//! A stateless block touches a few dozen paths of a state of millions of nodes. [`Trie`] therefore starts from a root
//! hash alone, asks a [`NodeSource`] for a node when a path first leads through it, keeps what it opened for the blocks
//! to come, and hashes only what changed. [`list`] computes and reads the tries whose keys are list indices.
//!
//! Decoding is strict: a node that Ethereum's rules could not have produced is [`TrieError::Malformed`], never a panic
//! and never a guess. Spec: Yellow Paper, appendix D; rule X60.
//!
//! What it does not do: check a node's bytes against the hash (the source does, at the boundary that it trusts), know
//! what keys and values mean, or hash keys (callers pass `keccak256(address)` or `keccak256(slot)`).
#![no_std]

extern crate alloc;

mod decode;
mod encode;
mod item;
pub mod list;
mod node;
mod path;
mod trie;

use alloy_primitives::{B256, Bytes, b256};
pub use trie::Trie;

/// Root of the trie without keys: the Keccak-256 hash of the empty string's RLP (`0x80`).
pub const EMPTY_ROOT: B256 = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

/// Where a trie's nodes come from: the preimage oracle, a witness, a map.
pub trait NodeSource {
    /// Why a node could not be had. It reaches the caller as [`TrieError::Source`], untouched.
    type Error;

    /// The RLP encoding of the node whose Keccak-256 hash is `hash`, already checked against it.
    fn node(&mut self, hash: B256) -> Result<Bytes, Self::Error>;
}

/// Why a trie could not be read or changed. Neither case says anything about a block's validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrieError<E> {
    /// The source had no answer.
    #[error(transparent)]
    Source(E),
    /// The node is no canonical trie node in its place. The hash is that of its encoding.
    #[error("malformed trie node {0}")]
    Malformed(B256),
}
