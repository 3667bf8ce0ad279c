use alloc::{vec, vec::Vec};
use alloy_primitives::Bytes;

/// A channel's compressed bytes, read in order out of its frames.
pub(super) struct Input {
    /// Reversed: the last one is read first, and dropped when it is used up. None is empty.
    rest: Vec<Bytes>,
    remaining: usize,
}

impl Input {
    pub(super) fn new(mut data: Vec<Bytes>) -> Self {
        data.retain(|piece| !piece.is_empty());
        data.reverse();
        let remaining = data.iter().map(|piece| piece.len()).sum();
        Self { rest: data, remaining }
    }

    /// The next byte, if there is one.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.last().map(|piece| piece[0])
    }

    /// The next piece of up to `limit` bytes, shorter only at the end. `None` when there is nothing left.
    pub(super) fn next_piece(&mut self, limit: usize) -> Option<Bytes> {
        let piece = self.next_slice(limit)?;
        let length = limit.min(self.remaining + piece.len());
        if piece.len() == length {
            return Some(piece);
        }
        let mut joined = vec![0; length];
        let mut filled = piece.len();
        joined[..filled].copy_from_slice(&piece);
        while filled < length {
            let piece = self.next_slice(length - filled)?;
            joined[filled..filled + piece.len()].copy_from_slice(&piece);
            filled += piece.len();
        }
        Some(joined.into())
    }

    /// Up to `limit` bytes of the current frame.
    pub(super) fn next_slice(&mut self, limit: usize) -> Option<Bytes> {
        let piece = self.rest.last_mut()?;
        let slice = if piece.len() <= limit { self.rest.pop()? } else { split_to(piece, limit) };
        self.remaining -= slice.len();
        Some(slice)
    }
}

fn split_to(bytes: &mut Bytes, at: usize) -> Bytes {
    let head = bytes.slice(..at);
    *bytes = bytes.slice(at..);
    head
}
