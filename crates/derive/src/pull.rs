use crate::event::Events;
use alloc::vec::Vec;
use alloy_primitives::B256;
use core::ops::RangeInclusive;
use kohala_protocol::{BlockInfo, DepositError, L1InfoTransactionError, RollupConfig};

/// What the pipeline waits for; it stays the same until it is fed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The L1 block after the current origin. At the L1 head there is none: no further L2 block is derivable (rules
    /// D01).
    L1Block {
        /// Its number.
        number: u64,
    },
    /// The blobs that the batcher's transactions of an L1 block carry, in this order; zeros at a blob's end may be left out.
    Blobs {
        /// The L1 block, which is the current origin.
        block: BlockInfo,
        /// Their versioned hashes, at least one.
        hashes: Vec<IndexedBlobHash>,
    },
    /// Blocks of the safe L2 chain that a span batch overlaps (rules D90), at or below the safe head.
    L2Blocks {
        /// Their numbers, at most sixteen: an overlap may be as long as the chain.
        numbers: RangeInclusive<u64>,
    },
}

/// A blob's versioned hash and its place among all the blobs of its L1 block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedBlobHash {
    /// How many blobs of the block precede it, the batcher's or not.
    pub index: u64,
    /// The versioned hash.
    pub hash: B256,
}

/// Why derivation can't go on: exactly where op-node raises a critical error, or asks for a reset that can't change
/// anything because the L1 chain of a proof is fixed (rules D02, D62). A batcher leads here by skipping an epoch whose
/// sequencing window is over; a user never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halted {
    /// A deposit log of the epoch that begins is malformed: deposits may not be skipped (rules S03).
    #[error("malformed deposit log in L1 block {number}: {error}")]
    Deposit {
        /// The L1 block.
        number: u64,
        /// What is wrong with the log.
        error: DepositError,
    },
    /// The system config and the L1 block make no L1 info transaction.
    #[error("L1 info of block {number}: {error}")]
    L1Info {
        /// The L1 block.
        number: u64,
        /// Why not.
        error: L1InfoTransactionError,
    },
    /// A block of nothing but derived deposits was rejected (rules D101).
    #[error("block {number} of deposits only was rejected")]
    DepositsOnlyRejected {
        /// The L2 block.
        number: u64,
    },
    /// The next block's L1 origin is neither the safe head's nor the one after it: the safe head is not of the L1 chain
    /// that was fed, or a batch skips an epoch.
    #[error("the safe head's L1 origin {safe_head} does not fit the L1 block {l1_block}")]
    OriginMismatch {
        /// Number of the safe head's L1 origin.
        safe_head: u64,
        /// Number of the L1 block of the current epoch, or of the batch's.
        l1_block: u64,
    },
    /// The next L2 block would be older than its L1 origin.
    #[error("L2 block at {timestamp} is older than its L1 origin {l1_block}")]
    OlderThanOrigin {
        /// Time of the L2 block.
        timestamp: u64,
        /// Number of the L1 origin.
        l1_block: u64,
    },
}

/// The L1 block that is being read, and by what rules.
pub(crate) struct At<'a> {
    pub(crate) config: &'a RollupConfig,
    pub(crate) origin: &'a BlockInfo,
    pub(crate) events: &'a mut Events,
}

/// What a stage answers to the one above it.
#[derive(Debug)]
pub(crate) enum Pull<T> {
    /// The next item.
    Item(T),
    /// Nothing now, because of one of these.
    Pause(Pause),
}

/// Why a stage has no item now.
#[derive(Debug)]
pub(crate) enum Pause {
    /// Something was consumed without result: pull again.
    More,
    /// The current L1 block is used up.
    End,
    /// The same pull goes on once this is there.
    Need(Need),
    /// Nothing more will come.
    Halt(Halted),
}
