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

    /// Reads `size` bytes.
    pub(super) fn read_exact(&mut self, size: usize) -> Result<Vec<u8>, End> {
        let mut item = Item { bytes: Vec::new(), filled: 0, size };
        while item.wanted() > 0 {
            if self.start < self.end {
                self.copy(&mut item);
            } else if item.wanted() < CAPACITY {
                self.fill()?;
            } else {
                self.read_directly(&mut item)?;
            }
        }
        Ok(item.bytes)
    }

    /// Takes what is buffered.
    fn copy(&mut self, item: &mut Item) {
        let room = item.room();
        let read = room.len().min(self.end - self.start);
        room[..read].copy_from_slice(&self.buffer[self.start..][..read]);
        self.start += read;
        item.filled += read;
    }

    /// Reads once past the empty buffer. A flaw counts at once, even where it comes with all that was wanted.
    fn read_directly(&mut self, item: &mut Item) -> Result<(), End> {
        if let Some(end) = self.pending {
            return Err(end);
        }
        loop {
            let (read, end) = self.decompressor.read(item.room());
            item.filled += read;
            return match end {
                Some(end @ End::Failed(_)) => Err(end),
                Some(End::Complete) if item.wanted() > 0 => Err(End::Complete),
                // In op-node there is room for the whole item, so its decompressor doesn't stop here.
                None if item.wanted() > 0 && self.decompressor.is_held_up() => continue,
                end => {
                    self.pending = end;
                    Ok(())
                }
            };
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

/// An item on its way. Its memory grows with what arrives, not with what is asked for.
struct Item {
    bytes: Vec<u8>,
    filled: usize,
    size: usize,
}

impl Item {
    fn wanted(&self) -> usize {
        self.size - self.filled
    }

    /// Where the next bytes go.
    fn room(&mut self) -> &mut [u8] {
        if self.filled == self.bytes.len() {
            let size = self.size.min(INITIAL_ITEM_SIZE.max(2 * self.filled));
            self.bytes.reserve_exact(size - self.filled);
            self.bytes.resize(size, 0);
        }
        &mut self.bytes[self.filled..]
    }
}
