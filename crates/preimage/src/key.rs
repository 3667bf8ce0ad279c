//! Preimage keys: one byte of kind, then 31 bytes of digest or identifier.

use crate::field::{Roots, root_of_unity};
use alloy_primitives::{Address, B256, hex, keccak256};
use core::fmt;

/// What a key's digest was made of, and so how its preimage is checked. The key's first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyKind {
    /// An input of this one program run, by its identifier. Nothing checks it: it is the claim.
    Local = 1,
    /// A keccak256 preimage.
    Keccak256 = 2,
    /// Reserved by the specification, without a meaning so far.
    GlobalGeneric = 3,
    /// A sha256 preimage. The program uses it for KZG commitments by their versioned hash alone.
    Sha256 = 4,
    /// A field element of a blob, by commitment and evaluation point.
    Blob = 5,
    /// The outcome of a precompile call: a status byte (1 success, 0 failure), then the output of a success.
    Precompile = 6,
}

impl KeyKind {
    /// All kinds, in the order of their byte.
    pub const ALL: [Self; 6] =
        [Self::Local, Self::Keccak256, Self::GlobalGeneric, Self::Sha256, Self::Blob, Self::Precompile];

    /// The specification's word for the kind.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Keccak256 => "keccak256",
            Self::GlobalGeneric => "global generic",
            Self::Sha256 => "sha256",
            Self::Blob => "blob",
            Self::Precompile => "precompile",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of one preimage, as it goes over the wire and as stores keep it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 32]);

impl Key {
    const fn of(kind: KeyKind, mut digest: [u8; 32]) -> Self {
        digest[0] = kind as u8;
        Self(digest)
    }

    /// The key of the boot input `ident`, big-endian in the last eight bytes.
    ///
    /// On chain the contract mixes caller and context in; the program never sees that.
    pub const fn local(ident: u64) -> Self {
        let mut digest = [0; 32];
        let ident = ident.to_be_bytes();
        let mut i = 0;
        while i < ident.len() {
            digest[24 + i] = ident[i];
            i += 1;
        }
        Self::of(KeyKind::Local, digest)
    }

    /// The key of the data that hashes to `hash`.
    pub const fn keccak256(hash: B256) -> Self {
        Self::of(KeyKind::Keccak256, hash.0)
    }

    /// The key of the data whose sha256 is `hash`. Only the last 31 bytes count, so that a blob's versioned hash, which
    /// is the sha256 of its commitment but for the first byte, names the commitment as it is.
    pub const fn sha256(hash: B256) -> Self {
        Self::of(KeyKind::Sha256, hash.0)
    }

    /// The key of field element `index` (0..4096) of the blob with this commitment.
    ///
    /// For all of a blob's keys [`BlobKeys`] is cheaper: one multiplication each.
    pub fn blob(commitment: &[u8; 48], index: usize) -> Self {
        Self::of(KeyKind::Blob, keccak256(Self::blob_preimage(commitment, index)).0)
    }

    /// What [`Key::blob`] is the digest of: commitment and evaluation point. Contracts read it by the keccak256 key of
    /// the same digest.
    pub fn blob_preimage(commitment: &[u8; 48], index: usize) -> [u8; 80] {
        blob_preimage(commitment, &root_of_unity(index))
    }

    /// The key of the outcome of calling the precompile at `address` with `input`, where `gas` is what the call
    /// requires.
    pub fn precompile(address: Address, gas: u64, input: &[u8]) -> Self {
        // In one piece: of that, fault proof VMs have a quicker hash than of parts.
        let call = [address.as_slice(), &gas.to_be_bytes(), input].concat();
        Self::of(KeyKind::Precompile, keccak256(call).0)
    }

    /// This key's digest under another kind. Hosts keep the preimage of every blob and precompile key as a keccak256
    /// preimage beside it, for the contracts to check.
    pub const fn with_kind(self, kind: KeyKind) -> Self {
        Self::of(kind, self.0)
    }

    /// The key's kind, unless its first byte names none.
    pub const fn kind(&self) -> Option<KeyKind> {
        match self.0[0] {
            1 => Some(KeyKind::Local),
            2 => Some(KeyKind::Keccak256),
            3 => Some(KeyKind::GlobalGeneric),
            4 => Some(KeyKind::Sha256),
            5 => Some(KeyKind::Blob),
            6 => Some(KeyKind::Precompile),
            _ => None,
        }
    }

    /// The key's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Key {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<Key> for B256 {
    fn from(key: Key) -> Self {
        Self(key.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 66];
        text[..2].copy_from_slice(b"0x");
        hex::encode_to_slice(self.0, &mut text[2..]).map_err(|_| fmt::Error)?;
        f.write_str(core::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

/// The keys of a blob's 4096 field elements in order, each with its 80-byte preimage: commitment, evaluation point.
///
/// The evaluation point of element `i` is the `i`-th of the 4096th roots of unity in bit-reversed order (EIP-4844).
#[derive(Debug, Clone)]
pub struct BlobKeys {
    commitment: [u8; 48],
    roots: Roots,
}

impl BlobKeys {
    /// The keys of the blob with this commitment.
    pub fn new(commitment: [u8; 48]) -> Self {
        Self { commitment, roots: Roots::plain() }
    }
}

impl Iterator for BlobKeys {
    type Item = (Key, [u8; 80]);

    fn next(&mut self) -> Option<Self::Item> {
        let preimage = blob_preimage(&self.commitment, &self.roots.next()?.to_be_bytes());
        Some((Key::of(KeyKind::Blob, keccak256(preimage).0), preimage))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.roots.size_hint()
    }
}

impl ExactSizeIterator for BlobKeys {}

pub(crate) fn blob_preimage(commitment: &[u8; 48], point: &[u8; 32]) -> [u8; 80] {
    let mut preimage = [0; 80];
    preimage[..48].copy_from_slice(commitment);
    preimage[48..].copy_from_slice(point);
    preimage
}
