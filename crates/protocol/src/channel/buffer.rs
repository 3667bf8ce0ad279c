use super::{Decompressor, End};
use alloc::{boxed::Box, vec, vec::Vec};

/// Size of op-node's buffer in bytes.
const CAPACITY: usize = 4096;

/// An item's memory starts with this size in bytes, if the item isn't shorter.
const INITIAL_ITEM_SIZE: usize = 64 * 1024;

/// A buffer between the items and the decompressor, the same in size and behaviour as Go's `bufio.Reader`.
///
/// It is here for more than speed. A flaw that a decompressor reports together with the last good bytes reaches the
/// item at once where those bytes are read directly into it, and later where they pass through the buffer. Only the
/// second leaves the item whole.
pub(super) struct Buffer {
    decompressor: Decompressor,
    buffer: Box<[u8]>,
    /// The unread part of `buffer`.
    start: usize,
    end: usize,
    /// What the decompressor reported along with the bytes in `buffer`.
    pending: Option<End>,
}

impl Buffer {
    pub(super) fn new(decompressor: Decompressor) -> Self {
        Self { decompressor, buffer: vec![0; CAPACITY].into(), start: 0, end: 0, pending: None }
    }

    /// Reads the next byte.
    pub(super) fn read_byte(&mut self) -> Result<u8, End> {
        while self.start == self.end {
            self.fill()?;
        }
        self.start += 1;
        Ok(self.buffer[self.start - 1])
    }

    /// Reads `size` bytes. Memory grows with what arrives, not with what is asked for.
    pub(super) fn read_exact(&mut self, size: usize) -> Result<Vec<u8>, End> {
        let mut out = Vec::new();
        let mut filled = 0;
        while filled < size {
            if filled == out.len() {
                out.resize(size.min(INITIAL_ITEM_SIZE.max(2 * filled)), 0);
            }
            filled += if self.start < self.end {
                self.copy(&mut out[filled..])
            } else if size - filled < CAPACITY {
                self.fill()?;
                0
            } else {
                self.read_directly(&mut out[filled..], size - filled)?
            };
        }
        Ok(out)
    }

    /// Takes what is buffered.
    fn copy(&mut self, out: &mut [u8]) -> usize {
        let read = out.len().min(self.end - self.start);
        out[..read].copy_from_slice(&self.buffer[self.start..][..read]);
        self.start += read;
        read
    }

    /// Reads past the empty buffer, some of the `wanted` bytes. A flaw counts at once, even where it comes with all
    /// that was wanted.
    fn read_directly(&mut self, out: &mut [u8], wanted: usize) -> Result<usize, End> {
        if let Some(end) = self.pending {
            return Err(end);
        }
        let (read, end) = self.decompressor.read(out);
        match end {
            Some(end @ End::Failed(_)) => Err(end),
            Some(End::Complete) if read < wanted => Err(End::Complete),
            end => {
                self.pending = end;
                Ok(read)
            }
        }
    }

    /// Refills the empty buffer.
    fn fill(&mut self) -> Result<(), End> {
        if let Some(end) = self.pending {
            return Err(end);
        }
        let (read, end) = self.decompressor.read(&mut self.buffer);
        (self.start, self.end, self.pending) = (0, read, end);
        Ok(())
    }
}
