//! Preimage oracle: what the fault proof program asks for, how it asks, and how an answer is checked.
//!
//! The program knows nothing but hashes. It names the data it wants by a [`Key`], tells the host beforehand by a
//! [`Hint`] where that data may be found, and reads it through an [`Oracle`]. On a fault proof VM the oracle is the
//! [`Client`] end of a wire protocol over four file descriptors; in tests it is [`Preimages`], a verified store in memory;
//! natively the host brings its own, and inside a zkVM the witness is one.
//!
//! This crate fetches nothing, keeps nothing on disk, and knows neither blocks nor tries. It checks keccak256 and
//! sha256 preimages and evaluates blobs; the one pairing a blob's proof needs is the caller's, who knows the fastest
//! one where it runs.
//!
//! Specification: the OP Stack's "Fault Proof" chapter, sections "Pre-image Oracle" and "Pre-image hinting routes".
//!
//! ```
//! use alloy_primitives::{Bytes, keccak256};
//! use kohala_preimage::{Key, Oracle, Preimages};
//!
//! let value = Bytes::from_static(b"a header, say");
//! let key = Key::keccak256(keccak256(&value));
//! let mut oracle = Preimages::new();
//! assert!(oracle.insert(key, Bytes::from_static(b"another value")).is_err());
//! oracle.insert(key, value.clone())?;
//! assert_eq!(oracle.get(key).unwrap(), value);
//! # Ok::<(), kohala_preimage::WrongPreimage>(())
//! ```
#![no_std]
extern crate alloc;

mod blob;
mod field;
mod hint;
mod key;
mod oracle;
mod store;
mod wire;

pub use blob::{
    BLOB_BYTES, Blob, BlobError, FIELD_ELEMENTS, evaluate, evaluate_elements, versioned_hash, weighted_sum,
};
pub use hint::{BlockRef, Hint, HintError};
pub use key::{BlobKeys, Key, KeyKind};
pub use oracle::{Missing, Oracle, WrongPreimage};
pub use store::{PreimageError, Preimages};
pub use wire::{Client, ClientError, ServeError, Served, serve_hint, serve_preimage};
