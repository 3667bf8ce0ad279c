//! A state's file, field by field.

use crate::{Memory, Order, mips::VERSION};
use std::io::{self, Read};

/// Bytes allocated at a time for bytes of a length that the file states.
const CHUNK: usize = 1 << 20;

/// Why a file holds no state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file can't be read on, or has ended.
    #[error("cannot read the state's {field}: {error}")]
    Read {
        /// What was to be read.
        field: &'static str,
        /// Why it can't.
        error: io::Error,
    },
    /// The state of another version of cannon's machine.
    #[error("state version {0} is not {VERSION} (multithreaded64-5)")]
    Version(u8),
    /// A field that is 0 or 1 is neither.
    #[error("the state's {field} is {value}, neither 0 nor 1")]
    NotBool {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u8,
    },
    /// The JSON is broken, or no state.
    #[error("the state's JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The JSON's witness is not in base 64.
    #[error("the state's witness: {0}")]
    Witness(base64::DecodeError),
    /// The file goes on behind the state.
    #[error("the file goes on behind the state")]
    TooLong,
}

/// What a file holds, field by field.
pub(crate) struct Fields<R>(pub(crate) R);

impl<R: Read> Fields<R> {
    fn fill(&mut self, field: &'static str, bytes: &mut [u8]) -> Result<(), StateError> {
        self.0.read_exact(bytes).map_err(|error| StateError::Read { field, error })
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], StateError> {
        let mut bytes = [0; N];
        self.fill(field, &mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, StateError> {
        Ok(self.array::<1>(field)?[0])
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, StateError> {
        Ok(u64::from_be_bytes(self.array(field)?))
    }

    pub(crate) fn bool(&mut self, field: &'static str) -> Result<bool, StateError> {
        match self.u8(field)? {
            value @ (0 | 1) => Ok(value == 1),
            value => Err(StateError::NotBool { field, value }),
        }
    }

    /// Bytes behind their number, which alone allocates no more than a chunk.
    pub(crate) fn bytes(&mut self, field: &'static str) -> Result<Vec<u8>, StateError> {
        let length = u32::from_be_bytes(self.array(field)?) as usize;
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let start = bytes.len();
            bytes.resize(start + CHUNK.min(length - start), 0);
            self.fill(field, &mut bytes[start..])?;
        }
        Ok(bytes)
    }

    pub(crate) fn memory<O: Order>(&mut self) -> Result<Memory<O>, StateError> {
        Memory::deserialize(&mut self.0).map_err(|error| StateError::Read { field: "memory", error })
    }

    /// Nothing follows. A compressed file's checksum is looked at where it ends.
    pub(crate) fn end(mut self) -> Result<(), StateError> {
        match self.0.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(StateError::TooLong),
            Err(error) => Err(StateError::Read { field: "end", error }),
        }
    }
}
