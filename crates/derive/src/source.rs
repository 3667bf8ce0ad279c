use crate::{Halted, IndexedBlobHash, Mismatch, Need, Pipeline, Senders, Step};
use alloc::vec::Vec;
use alloy_primitives::Bytes;
use core::ops::RangeInclusive;
use kohala_protocol::{Attributes, BlockInfo, L1Header, L2BlockInfo, Receipt};

/// An L1 block as far as derivation reads it.
#[derive(Clone, Debug)]
pub struct L1Block {
    /// The header; its hash is the name that the source asked for.
    pub header: L1Header,
    /// EIP-2718 encoded transactions, opened from the header's transactions root.
    pub transactions: Vec<Bytes>,
    /// Receipts opened from the header's receipts root; only where [`kohala_protocol::may_hold_deposits_or_config`]
    /// says that they matter.
    pub receipts: Option<Vec<Receipt>>,
    /// Who sent the transactions to the batch inbox, as [`inbox_senders`](crate::inbox_senders) tells. `None` where the
    /// pipeline is to recover it from the signatures itself.
    pub senders: Option<Senders>,
}

/// A safe L2 block, to compare a span batch with.
#[derive(Clone, Debug)]
pub struct L2Block {
    /// Its place in both chains.
    pub info: L2BlockInfo,
    /// EIP-2718 encoded transactions.
    pub transactions: Vec<Bytes>,
}

/// Where a blocking loop's data comes from. Everything it returns was checked against the hash that asked for it.
pub trait Source {
    /// What goes wrong; it ends the loop and is never an answer about the chain.
    type Error;

    /// The L1 block of this number; `None` beyond the L1 head.
    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, Self::Error>;

    /// The blobs of `block` with these hashes, in this order: 131,072 bytes each, of which zeros at the end may be left out.
    fn blobs(&mut self, block: &BlockInfo, hashes: &[IndexedBlobHash]) -> Result<Vec<Bytes>, Self::Error>;

    /// The L2 blocks of these numbers on the safe chain, in this order.
    fn l2_blocks(&mut self, numbers: RangeInclusive<u64>) -> Result<Vec<L2Block>, Self::Error>;
}

/// Why [`next_attributes`] has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NextError<E> {
    /// The source failed.
    #[error("source: {0}")]
    Source(E),
    /// The source's data does not fit together.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// Derivation can't go on.
    #[error(transparent)]
    Halted(#[from] Halted),
}

/// Feeds the pipeline from `source` until it has attributes; `None` when L1 is used up, so that no further block is
/// derivable (rules D01).
pub fn next_attributes<S: Source>(
    pipeline: &mut Pipeline,
    source: &mut S,
) -> Result<Option<Attributes>, NextError<S::Error>> {
    loop {
        match pipeline.step() {
            Step::Attributes(attributes) => return Ok(Some(*attributes)),
            Step::Need(Need::L1Block { number }) => match source.l1_block(number).map_err(NextError::Source)? {
                Some(block) => pipeline.provide_l1_block(block)?,
                None => return Ok(None),
            },
            Step::Need(Need::Blobs { block, hashes }) => {
                pipeline.provide_blobs(source.blobs(&block, &hashes).map_err(NextError::Source)?)?;
            }
            Step::Need(Need::L2Blocks { numbers }) => {
                pipeline.provide_l2_blocks(source.l2_blocks(numbers).map_err(NextError::Source)?)?;
            }
            Step::Halted(halted) => return Err(halted.into()),
        }
    }
}
