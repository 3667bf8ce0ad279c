//! Batches: what the batcher says of one L2 block (singular) or of many (span), as items of a channel (rules 3.6).
//!
//! Decoding judges the bytes alone, plus what the chain's constants make of them. Whether a batch fits the chain is
//! derivation's matter.
mod singular;
mod span;
mod span_transaction;
mod transactions;

pub use singular::SingularBatch;
pub use span::{SpanBatch, SpanContext};
pub use span_transaction::SpanTransactionError;
pub use transactions::Transactions;

use alloy_primitives::Bytes;

/// Most blocks, and most transactions, in one span batch; also the longest list of a transaction in bytes (F13).
const MAX_SPAN_BATCH_ELEMENTS: u64 = 10_000_000;

/// One batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Batch {
    /// One block.
    Singular(SingularBatch),
    /// A span of blocks.
    Span(SpanBatch),
}

/// Why an item is no batch. The two cases differ in what else is lost (D42).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The item doesn't have a batch's form: the rest of its channel is dropped with it.
    #[error("undecodable batch: {0}")]
    Undecodable(#[from] BatchDecodeError),
    /// The item has the form of a span batch, but a transaction can't be put together: only the item is skipped.
    #[error("transaction {index} of a span batch: {reason}")]
    Underivable {
        /// Which of the span's transactions.
        index: usize,
        /// What is wrong with it.
        reason: SpanTransactionError,
    },
}

/// What is wrong with an item's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchDecodeError {
    /// The item is empty.
    #[error("empty item")]
    Empty,
    /// The first byte names no kind of batch.
    #[error("batch type {0} is unknown")]
    Type(u8),
    /// RLP that isn't the expected structure in canonical form.
    #[error(transparent)]
    Rlp(alloy_rlp::Error),
    /// The item ends too early.
    #[error("batch is cut short")]
    Truncated,
    /// A variable-length number doesn't fit 64 bits.
    #[error("number exceeds 64 bits")]
    NumberOverflow,
    /// A span without blocks.
    #[error("span of no blocks")]
    NoBlocks,
    /// A count above the limit (D52), or a transaction longer than it (D54).
    #[error("span is too large")]
    TooLarge,
    /// A list of bits has bits set beyond its length (D53).
    #[error("bits set beyond the end of a list")]
    ExcessBits,
    /// What follows a transaction's type is no RLP list.
    #[error("transaction is no list")]
    NotAList,
}

impl From<alloy_rlp::Error> for BatchDecodeError {
    fn from(error: alloy_rlp::Error) -> Self {
        Self::Rlp(error)
    }
}

impl Batch {
    /// The batch that a channel's item holds. Bytes after the batch are ignored, as op-node ignores them.
    ///
    /// Whether a span batch may appear yet (Delta) is the caller's question, and comes after this one: an undecodable
    /// span drops the channel before Delta too.
    ///
    /// # Errors
    /// See [`BatchError`] for what each case costs.
    pub fn decode(item: Bytes, context: &SpanContext) -> Result<Self, BatchError> {
        match item.first() {
            None => Err(BatchDecodeError::Empty.into()),
            Some(0) => Ok(Self::Singular(SingularBatch::decode(&item)?)),
            Some(1) => SpanBatch::decode(item, context).map(Self::Span),
            Some(&other) => Err(BatchDecodeError::Type(other).into()),
        }
    }
}
