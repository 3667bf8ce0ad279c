use crate::BootError;
use alloy_primitives::{Address, B256};
use kohala_derive::{Halted, Mismatch};
use kohala_execute::InvalidBlock;
use kohala_protocol::{BlockId, Fork, L2BlockError};

/// Why the program ended without a verdict.
///
/// None of these says anything about the claim: a host exits with 2 on each (ARCHITECTURE.md, «What holds»).
#[derive(Debug, thiserror::Error)]
pub enum ProgramError<E> {
    /// The boot inputs make no sense.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// An input is missing or could not be read.
    #[error(transparent)]
    Read(E),
    /// A trie node is not one, though it has the hash that was asked for.
    #[error("the state's trie node {0} is malformed")]
    MalformedNode(B256),
    /// What lies at a hashed key of the state is neither an account nor a number.
    #[error("the state's leaf at {0} is malformed")]
    MalformedLeaf(B256),
    /// An outcome from the inputs that this precompile can't have.
    #[error("the outcome of the precompile at {0} is none that it can have")]
    MalformedOutcome(Address),
    /// The EVM gave up for a reason of its own.
    #[error("the EVM was interrupted")]
    Interrupted,
    /// The inputs don't fit together.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// Derivation came to a point where op-node stops with a critical error.
    #[error("derivation cannot go on: {0}")]
    Halted(Halted),
    /// The claim reaches a fork whose rules are not all here.
    #[error("block {number} is of the {} fork, whose rules this version does not have", fork.name())]
    Fork {
        /// The block's number.
        number: u64,
        /// The fork.
        fork: Fork,
    },
    /// A block of derived deposits alone is invalid, which the protocol rules out.
    #[error("block {number} is invalid even without its batch: {reason}")]
    DepositsInvalid {
        /// The block's number.
        number: u64,
        /// What is invalid about it.
        reason: InvalidBlock,
    },
}

/// Inputs that are each what their hash says and yet can't belong to one chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A parent's number is not one less than its child's.
    #[error("block {hash} has the number {number}, which its child's does not follow")]
    HeaderNumber {
        /// The parent's hash.
        hash: B256,
        /// The parent's number.
        number: u64,
    },
    /// What L1's history contract holds in a block's place is no hash.
    #[error("in the state after L1 block {after} the history contract holds no hash for block {number}")]
    HistorySlot {
        /// Number of the block after which the state is so.
        after: u64,
        /// Number of the block whose hash is due.
        number: u64,
    },
    /// L1's history contract holds the hash of another block than it should.
    #[error("by the history contract {hash} is L1 block {expected}, but its number is {number}")]
    HistoryNumber {
        /// The hash that it holds.
        hash: B256,
        /// The number that the block with this hash should have.
        expected: u64,
        /// The number that it has.
        number: u64,
    },
    /// The agreed L2 block, or an ancestor of it, builds on L1 blocks that the L1 head does not descend from.
    #[error("the L1 head does not descend from L1 block {} ({}), the origin of an agreed L2 block", origin.number, origin.hash)]
    OriginNotCanonical {
        /// The L1 origin.
        origin: BlockId,
    },
    /// The agreed L2 block builds on an L1 block above the L1 head.
    #[error("the L1 head has the number {head}, below L1 block {} ({}), the agreed L2 block's origin", origin.number, origin.hash)]
    OriginAboveL1Head {
        /// The L1 origin.
        origin: BlockId,
        /// Number of the L1 head.
        head: u64,
    },
    /// The agreed output root names a state other than its own block's.
    #[error("the agreed output root names block {block}, but not that block's state")]
    AgreedState {
        /// The block's hash.
        block: B256,
    },
    /// The head lacks a header field that its fork demands.
    #[error("block {number} lacks a header field that its fork demands")]
    Header {
        /// The block's number.
        number: u64,
    },
    /// The claimed block number lies below the agreed block's.
    #[error("the claimed block number {claimed} is below the agreed block's, {agreed}")]
    ClaimBelowAgreed {
        /// The claimed number.
        claimed: u64,
        /// The agreed block's number.
        agreed: u64,
    },
    /// An L2 block does not carry what every L2 block carries.
    #[error("an L2 block is not one of this chain: {0}")]
    L2Block(L2BlockError),
    /// L1 data does not follow on what was read before it.
    #[error("L1 data does not fit: {0}")]
    Derivation(Mismatch),
}
