//! What a batcher makes of L2 blocks: batches, channels, frames, and what carries them on L1.

mod batch;
mod blob;
mod channel;
mod open_channel;

pub use batch::{Batch, Singular, Span, SpanTransactions};
pub use blob::{BLOB_CAPACITY, blob};
pub use channel::{Channel, Compression, FRAME_OVERHEAD, Frame, compress, datum};
pub use open_channel::OpenChannel;

use super::L2Block;

/// How blocks are posted by a batcher that does as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// One batch per block, or one for all.
    pub batches: Batches,
    /// How the channel is compressed.
    pub compression: Compression,
    /// What carries its frames.
    pub carrier: Carrier,
    /// Bytes of the channel in one frame at most.
    pub frame_size: usize,
    /// Number of the key that signs.
    pub signer: u32,
}

impl Default for Posting {
    /// One span batch, brotli, in blobs as full as they get, by the batcher.
    fn default() -> Self {
        Self {
            batches: Batches::Span,
            compression: Compression::BROTLI,
            carrier: Carrier::Blobs,
            frame_size: BLOB_CAPACITY - 1 - FRAME_OVERHEAD,
            signer: super::BATCHER,
        }
    }
}

/// The format of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batches {
    /// One per block.
    Singular,
    /// One for all blocks.
    Span,
}

/// What carries a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A transaction's input.
    Calldata,
    /// A blob.
    Blobs,
}

/// A channel with `blocks`, which follow each other; `parent` precedes them.
pub(crate) fn channel(parent: &L2Block, blocks: &[L2Block], genesis_time: u64, posting: Posting) -> Channel {
    let singulars: Vec<_> = blocks.iter().map(Singular::of).collect();
    match posting.batches {
        Batches::Singular => Channel::compressed(singulars, posting.compression),
        Batches::Span => {
            Channel::compressed([Span::of(&singulars, parent.origin.number, genesis_time)], posting.compression)
        }
    }
}
