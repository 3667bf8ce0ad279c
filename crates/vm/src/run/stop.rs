//! The preimage whose reading ends a run.

use crate::PreimageRead;
use kohala_preimage::KeyKind;

/// Which read of a preimage ends a run: cannon's `--stop-at-preimage`, `--stop-at-preimage-type` and
/// `--stop-at-preimage-larger-than`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreimageStop {
    /// The first of any.
    Any,
    /// The first of a preimage that takes more than so many bytes, the eight of its length among them, and whose key begins so.
    Larger {
        /// The key's first bytes, perhaps none.
        prefix: Vec<u8>,
        /// Bytes.
        than: usize,
    },
    /// The first from a step on, at this offset, of a preimage whose key begins so.
    At {
        /// The key's first bytes, at least one.
        prefix: Vec<u8>,
        /// The offset, which counts the eight bytes of the length.
        offset: u64,
        /// The step.
        step: u64,
    },
}

impl PreimageStop {
    /// Whether the run ends after step number `step`, which has read this.
    pub fn matches(&self, read: &PreimageRead<'_>, step: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Larger { prefix, than } => read.key.starts_with(prefix) && read.value.len() > *than,
            Self::At { prefix, offset, step: from } => {
                read.key.starts_with(prefix) && read.offset == *offset && step >= *from
            }
        }
    }
}

/// The first byte of keys of a type, by the name that cannon has for the type.
pub fn key_type(name: &str) -> Option<u8> {
    let kind = match name {
        "local" => KeyKind::Local,
        "keccak" => KeyKind::Keccak256,
        "sha256" => KeyKind::Sha256,
        "blob" => KeyKind::Blob,
        "precompile" => KeyKind::Precompile,
        _ => return None,
    };
    Some(kind as u8)
}
