//! Channels: a compressed stream of items, each a batch (spec: derivation, «Channel format»; rules D40, D41).
//!
//! What a flawed stream yields before its flaw counts, so the exact point where each decoder gives up is consensus:
//! the batches before it become blocks. The reference is op-node's chain of Go readers: `compress/zlib` or
//! `andybalholm/brotli`, a 4 KiB `bufio.Reader`, and go-ethereum's `rlp.Stream` with an input limit. The modules here
//! follow them reader by reader.
mod brotli;
mod buffer;
mod inflate;
mod input;
mod zlib;

use alloc::{boxed::Box, vec, vec::Vec};
use alloy_primitives::Bytes;
use brotli::Brotli;
use buffer::Buffer;
use input::Input;
use zlib::Zlib;

/// First byte of a channel that is compressed with brotli; the stream follows.
const BROTLI_VERSION: u8 = 1;

/// The items of one complete channel, decompressed one by one when asked for.
pub struct ChannelReader {
    stream: Buffer,
    /// How many decompressed bytes may still be read (F10).
    remaining: u64,
    is_finished: bool,
}

/// Why a channel yields no items, or no more of them. What came before stays valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The frames hold no data.
    #[error("channel is empty")]
    Empty,
    /// The first byte names no compression.
    #[error("compression {0:#04x} is unknown")]
    Compression(u8),
    /// Brotli before Fjord.
    #[error("brotli before Fjord")]
    BrotliBeforeFjord,
    /// The compressed stream is flawed.
    #[error("compressed stream is corrupt")]
    Corrupt,
    /// The compressed stream ends before its end mark, or within an item.
    #[error("stream is cut short")]
    Truncated,
    /// Data follows a brotli stream.
    #[error("data after the end of the stream")]
    ExcessData,
    /// An item is longer than what the limit leaves.
    #[error("item of {0} bytes crosses the limit")]
    TooLarge(u64),
    /// A list where a byte string belongs.
    #[error("item is a list")]
    UnexpectedList,
    /// An item's length isn't encoded in its only valid form.
    #[error("item's length is not canonical")]
    NonCanonicalSize,
}

/// A decompressor, read like a Go `io.Reader`.
enum Decompressor {
    Zlib(Box<Zlib>),
    Brotli(Brotli),
}

/// Why a reader will yield no more bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The stream is complete.
    Complete,
    /// The stream is flawed.
    Failed(ChannelError),
}

impl Decompressor {
    /// Reads up to `out.len()` bytes; returns how many, and the end if it is reached. Both at once is possible, and
    /// then matters: see [`Buffer::read_exact`].
    fn read(&mut self, out: &mut [u8]) -> (usize, Option<End>) {
        match self {
            Self::Zlib(zlib) => zlib.read(out),
            Self::Brotli(brotli) => brotli.read(out),
        }
    }

    /// True if the last read would have yielded more bytes to a longer `out`.
    fn is_held_up(&self) -> bool {
        match self {
            Self::Zlib(zlib) => zlib.is_held_up(),
            Self::Brotli(brotli) => brotli.is_held_up(),
        }
    }
}

impl ChannelReader {
    /// Opens a channel.
    ///
    /// `data` is the frames' data in order. `limit` is how many decompressed bytes may be read (F10, by origin time).
    /// `is_fjord` says whether Fjord is active at the origin's time, which allows brotli.
    ///
    /// # Errors
    /// The channel is dropped whole if its start is flawed.
    pub fn new(data: Vec<Bytes>, limit: u64, is_fjord: bool) -> Result<Self, ChannelError> {
        let input = Input::new(data);
        let decompressor = match input.peek().ok_or(ChannelError::Empty)? {
            version if matches!(version & 0x0f, 8 | 15) => Decompressor::Zlib(Box::new(Zlib::new(input)?)),
            BROTLI_VERSION if is_fjord => Decompressor::Brotli(Brotli::new(input)),
            BROTLI_VERSION => return Err(ChannelError::BrotliBeforeFjord),
            other => return Err(ChannelError::Compression(other)),
        };
        Ok(Self { stream: Buffer::new(decompressor), remaining: limit, is_finished: false })
    }

    /// The next item: the bytes of a batch, which may be empty. `None` when the channel is complete, or when the
    /// limit is reached between two items.
    ///
    /// # Errors
    /// A flaw ends the channel: after an error there are no more items.
    pub fn next_item(&mut self) -> Option<Result<Bytes, ChannelError>> {
        if self.is_finished {
            return None;
        }
        let item = self.read_item().transpose();
        self.is_finished = !matches!(item, Some(Ok(_)));
        item
    }

    /// Reads one RLP byte string.
    fn read_item(&mut self) -> Result<Option<Bytes>, ChannelError> {
        if self.remaining == 0 {
            return Ok(None);
        }
        let first = match self.stream.read_byte() {
            Ok(byte) => byte,
            Err(End::Complete) => return Ok(None),
            Err(End::Failed(error)) => return Err(error),
        };
        self.remaining -= 1;
        let size = match first {
            0..0x80 => return Ok(Some(Bytes::from(vec![first]))),
            0x80..0xb8 => u64::from(first - 0x80),
            0xb8..0xc0 => self.read_size(usize::from(first - 0xb7))?,
            0xc0.. => return Err(ChannelError::UnexpectedList),
        };
        let item = self.read(size)?;
        match *item {
            [0..0x80] => Err(ChannelError::NonCanonicalSize),
            _ => Ok(Some(item.into())),
        }
    }

    /// Reads the length of a string longer than 55 bytes, itself `length` bytes long (1 to 8).
    fn read_size(&mut self, length: usize) -> Result<u64, ChannelError> {
        let bytes = self.read(length as u64)?;
        let size = bytes.iter().fold(0, |size, byte| size << 8 | u64::from(*byte));
        if bytes[0] == 0 || size < 56 {
            return Err(ChannelError::NonCanonicalSize);
        }
        Ok(size)
    }

    /// Reads exactly `size` bytes.
    fn read(&mut self, size: u64) -> Result<Vec<u8>, ChannelError> {
        self.remaining = self.remaining.checked_sub(size).ok_or(ChannelError::TooLarge(size))?;
        let size = usize::try_from(size).map_err(|_| ChannelError::TooLarge(size))?;
        self.stream.read_exact(size).map_err(|end| match end {
            End::Complete => ChannelError::Truncated,
            End::Failed(error) => error,
        })
    }
}
