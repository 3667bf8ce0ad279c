//! What all machines have in common to whoever runs them.

use crate::PreimageRead;

/// Where a program writes what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Where a run has paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// At the step that was named.
    Step,
    /// Behind a step that has read from a preimage.
    Read,
    /// At the program's end.
    Exit,
}

/// A read of a preimage, as a proof tells it: [`PreimageRead`] with a value of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preimage {
    /// The preimage's key.
    pub key: [u8; 32],
    /// The preimage behind its length in eight bytes.
    pub value: Vec<u8>,
    /// Where in `value` was read.
    pub offset: u64,
}

impl Preimage {
    /// What a step has read; `None` by the key of zeros, which says that nothing was read.
    pub(crate) fn of(read: PreimageRead<'_>) -> Option<Self> {
        (read.key != [0; 32]).then(|| Self { key: read.key, value: read.value.to_vec(), offset: read.offset })
    }
}

/// Whoever reads what a program writes.
pub(crate) type Output = Box<dyn FnMut(Stream, &[u8]) + Send>;
