use super::{ChannelError, End, input::Input};
use alloc::{boxed::Box, vec, vec::Vec};
use alloy_primitives::Bytes;
use brotli_decompressor::{
    Allocator, BrotliDecoderHasMoreOutput, BrotliDecoderIsFinished, BrotliDecompressStream, BrotliResult, BrotliState,
    SliceWrapper, SliceWrapperMut,
};

/// Sizes of the pieces in which op-node's decoder gets its input: what is left of a `bufio.Reader`'s first fill after
/// the version byte, then its own buffer's size. They matter because decoded bytes are handed out where a piece ends:
/// a flaw later in the same piece takes them along.
const FIRST_PIECE: usize = 4095;
const PIECE: usize = 32 * 1024;

/// The smallest ring of decoded bytes that op-node's decoder keeps. Our decoder's may be smaller, and hands out bytes
/// when it is full; in op-node's they are still there when a flaw takes them along.
const SMALLEST_RING: usize = 1024;

/// A brotli stream (RFC 7932) as `andybalholm/brotli` reads it: no large windows, and nothing may follow.
pub(super) struct Brotli {
    input: Input,
    /// The unread part of the current piece.
    piece: Bytes,
    /// True until the decoder has been called.
    is_new: bool,
    state: Box<BrotliState<Heap, Heap, Heap>>,
}

impl Brotli {
    /// Opens the stream that follows the version byte.
    pub(super) fn new(mut input: Input) -> Self {
        input.next_slice(1);
        let piece = input.next_piece(FIRST_PIECE).unwrap_or_default();
        Self { input, piece, is_new: true, state: Box::new(BrotliState::new_strict(Heap, Heap, Heap)) }
    }

    /// See [`super::Decompressor::read`].
    pub(super) fn read(&mut self, out: &mut [u8]) -> (usize, Option<End>) {
        loop {
            if self.piece.is_empty() && !BrotliDecoderHasMoreOutput(&self.state) && !self.next_piece() {
                let is_finished = BrotliDecoderIsFinished(&self.state);
                let end = if is_finished { End::Complete } else { End::Failed(ChannelError::Truncated) };
                return (0, Some(end));
            }
            let is_new = core::mem::replace(&mut self.is_new, false);
            let (read, result) = self.decompress(out);
            match result {
                BrotliResult::ResultFailure => {
                    let read = if is_new && read < SMALLEST_RING { 0 } else { read };
                    return (read, Some(End::Failed(ChannelError::Corrupt)));
                }
                BrotliResult::ResultSuccess if !self.piece.is_empty() => {
                    return (read, Some(End::Failed(ChannelError::ExcessData)));
                }
                _ if read > 0 => return (read, None),
                _ => {}
            }
        }
    }

    /// See [`super::Decompressor::is_held_up`].
    pub(super) fn is_held_up(&self) -> bool {
        BrotliDecoderHasMoreOutput(&self.state)
    }

    fn next_piece(&mut self) -> bool {
        self.piece = self.input.next_piece(PIECE).unwrap_or_default();
        !self.piece.is_empty()
    }

    fn decompress(&mut self, out: &mut [u8]) -> (usize, BrotliResult) {
        let (mut available_in, mut used) = (self.piece.len(), 0);
        let (mut available_out, mut written) = (out.len(), 0);
        let result = BrotliDecompressStream(
            &mut available_in,
            &mut used,
            &self.piece,
            &mut available_out,
            &mut written,
            out,
            &mut 0,
            &mut self.state,
        );
        self.piece = self.piece.slice(used..);
        (written, result)
    }
}

/// The decoder's memory: the global allocator, for just what a stream's header asks for.
struct Heap;

/// One piece of the decoder's memory.
struct Cell<T>(Vec<T>);

impl<T: Clone + Default> Allocator<T> for Heap {
    type AllocatedMemory = Cell<T>;

    fn alloc_cell(&mut self, len: usize) -> Cell<T> {
        Cell(vec![T::default(); len])
    }

    fn free_cell(&mut self, _: Cell<T>) {}
}

impl<T> Default for Cell<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> SliceWrapper<T> for Cell<T> {
    fn slice(&self) -> &[T] {
        &self.0
    }
}

impl<T> SliceWrapperMut<T> for Cell<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}
