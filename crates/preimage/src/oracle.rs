//! The oracle as the program sees it.

use crate::{BLOB_BYTES, BlobKeys, Hint, Key, versioned_hash};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
use core::fmt;

/// Where the program's data comes from.
///
/// An answer is the preimage of its key: who implements this checks it, or a contract checks it for him, as on a fault
/// proof VM.
pub trait Oracle {
    /// Why there is no answer. Never a statement about the claim.
    type Error: From<WrongPreimage>;

    /// Tells the host what will be asked for next. Without effect on chain: the answer to a key is the same with or
    /// without it.
    ///
    /// # Errors
    /// Where the host can't be told.
    fn hint(&mut self, hint: &Hint) -> Result<(), Self::Error>;

    /// The preimage of `key`.
    ///
    /// # Errors
    /// Where there is none.
    fn get(&mut self, key: Key) -> Result<Bytes, Self::Error>;

    /// The 131072 bytes of the blob with this versioned hash, which is the `index`-th blob of the L1 block with the time
    /// `l1_time` (seconds). Zeros at the end may be left out.
    ///
    /// Asks for the commitment and then for each field element; an oracle that has whole blobs overrides it.
    ///
    /// # Errors
    /// Where a part is missing, or is not what its key says.
    fn blob(&mut self, versioned_hash: B256, index: u64, l1_time: u64) -> Result<Bytes, Self::Error> {
        self.hint(&Hint::L1Blob { versioned_hash, index: Some(index), l1_time })?;
        let commitment = self.commitment(versioned_hash)?;
        let mut blob = Vec::with_capacity(BLOB_BYTES);
        for (key, _) in BlobKeys::new(commitment) {
            let element = self.get(key)?;
            if element.len() != 32 {
                return Err(WrongPreimage { key }.into());
            }
            blob.extend_from_slice(&element);
        }
        Ok(blob.into())
    }

    /// The commitment that hashes to `versioned_hash`, without a hint.
    ///
    /// # Errors
    /// Where it is missing, or has another hash.
    fn commitment(&mut self, versioned_hash: B256) -> Result<[u8; 48], Self::Error> {
        let key = Key::sha256(versioned_hash);
        let answer = self.get(key)?;
        match <[u8; 48]>::try_from(&answer[..]) {
            Ok(commitment) if self::versioned_hash(&commitment) == versioned_hash => Ok(commitment),
            _ => Err(WrongPreimage { key }.into()),
        }
    }
}

impl<O: Oracle + ?Sized> Oracle for &mut O {
    type Error = O::Error;

    fn hint(&mut self, hint: &Hint) -> Result<(), Self::Error> {
        (**self).hint(hint)
    }

    fn get(&mut self, key: Key) -> Result<Bytes, Self::Error> {
        (**self).get(key)
    }

    fn blob(&mut self, versioned_hash: B256, index: u64, l1_time: u64) -> Result<Bytes, Self::Error> {
        (**self).blob(versioned_hash, index, l1_time)
    }

    fn commitment(&mut self, versioned_hash: B256) -> Result<[u8; 48], Self::Error> {
        (**self).commitment(versioned_hash)
    }
}

/// A value that is not the preimage of the key it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value for {key} is not its preimage")]
pub struct WrongPreimage {
    /// The key.
    pub key: Key,
}

/// A preimage that nobody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What was asked for.
    pub key: Key,
    /// The last hint before it: what should have brought it.
    pub hint: Option<Hint>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.key.kind().map_or("unknown", |kind| kind.name());
        write!(f, "no preimage for the {kind} key {}", self.key)?;
        match &self.hint {
            Some(hint) => write!(f, ", which the hint \"{hint}\" should have brought"),
            None => f.write_str(", and no hint came before it"),
        }
    }
}

impl core::error::Error for Missing {}
