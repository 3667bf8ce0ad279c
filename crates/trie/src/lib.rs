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
//!
//! # Changing a trie
//!
//! Who changes several keys inserts before removing: then no branch is folded that the end result still has, and the
//! source is not asked for a node that folding it takes. [`Trie::commit`] hands over the new nodes.
//!
//! ```
//! use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};
//! use kohala_trie::{NodeSource, Trie, TrieError};
//!
//! #[derive(Default)]
//! struct Nodes(B256Map<Bytes>);
//!
//! impl NodeSource for Nodes {
//!     type Error = B256;
//!
//!     fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
//!         self.0.get(&hash).cloned().ok_or(hash)
//!     }
//! }
//!
//! # fn main() -> Result<(), TrieError<B256>> {
//! let [old, new] = ["old", "new"].map(keccak256);
//! let mut nodes = Nodes::default();
//! let mut trie = Trie::empty();
//! trie.insert(&old, b"a value", &mut nodes)?;
//! let before = trie.commit(|hash, node| drop(nodes.0.insert(hash, Bytes::copy_from_slice(node))));
//!
//! trie.insert(&new, b"another", &mut nodes)?;
//! assert!(trie.remove(&old, &mut nodes)?);
//! let after = trie.commit(|hash, node| drop(nodes.0.insert(hash, Bytes::copy_from_slice(node))));
//!
//! // Both are there now, by their roots.
//! assert_eq!(Trie::at(before).get(&new, &mut nodes)?, None);
//! assert_eq!(Trie::at(after).get(&new, &mut nodes)?, Some(&b"another"[..]));
//! # Ok(())
//! # }
//! ```
//!
//! # Reading a proof
//!
//! One account and one of its storage slots, proven by the answer of a node to `eth_getProof` against the state root of a
//! header that is trusted. The source knows the proof's nodes by their own hashes, so it can't answer with another node,
//! and a proof with a node too few is an error, not an absent account.
//!
//! ```
//! use alloy_primitives::{B256, Bytes, U256, address, b256, keccak256, map::B256Map};
//! use alloy_trie::TrieAccount;
//! use kohala_trie::{NodeSource, Trie};
//! use serde_json::Value;
//!
//! /// The nodes of proofs, by hash.
//! struct Proofs(B256Map<Bytes>);
//!
//! impl NodeSource for Proofs {
//!     /// The hash of a node that the proofs lack.
//!     type Error = B256;
//!
//!     fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
//!         self.0.get(&hash).cloned().ok_or(hash)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // What op-geth answered for the `L1Block` contract and its slot 1, the base fee of the L1 origin.
//! let answer: Value = serde_json::from_str(include_str!("../tests/data/proof.json"))?;
//! let mut proofs = Proofs(B256Map::default());
//! for proof in [&answer["accountProof"], &answer["storageProof"][0]["proof"]] {
//!     for node in proof.as_array().ok_or("a list of nodes")? {
//!         let node: Bytes = node.as_str().ok_or("a node")?.parse()?;
//!         proofs.0.insert(keccak256(&node), node);
//!     }
//! }
//!
//! let state_root = b256!("cd816202723937a4aa49534ef05832e92fad41de58ccc580e58e3239c7dd9c65");
//! let address = address!("4200000000000000000000000000000000000015");
//! let mut accounts = Trie::at(state_root);
//! let leaf = accounts.get(&keccak256(address), &mut proofs).expect("a whole proof");
//! let account: TrieAccount = alloy_rlp::decode_exact(leaf.ok_or("the account")?)?;
//!
//! let mut storage = Trie::at(account.storage_root);
//! let leaf = storage.get(&keccak256(B256::with_last_byte(1)), &mut proofs).expect("a whole proof");
//! let base_fee: U256 = alloy_rlp::decode_exact(leaf.ok_or("the slot")?)?;
//! assert_eq!(format!("{base_fee:#x}"), answer["storageProof"][0]["value"]);
//!
//! // Where the account stands in the trie belongs to what is proven: another's path is not in the proof.
//! assert!(accounts.get(&keccak256(address!("4200000000000000000000000000000000000016")), &mut proofs).is_err());
//! # Ok(())
//! # }
//! ```
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
    ///
    /// A trie keeps the bytes as they are: if they are part of something larger, that stays in memory too.
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
