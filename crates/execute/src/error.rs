use alloy_primitives::{Address, B256};
use kohala_trie::TrieError;
use op_revm::transaction::OpTransactionError;

/// Why a block was not executed. The state is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E> {
    /// The attributes make no block. The only variant that may reach `Pipeline::reject`.
    #[error("the attributes make no valid block: {0}")]
    Invalid(InvalidBlock),
    /// The source had no answer (a trie node, a code or a header), or a node of a trie is malformed.
    #[error("state not available")]
    State(TrieError<E>),
    /// The leaf at this hashed key of the state trie or of a storage trie holds no account or no number.
    #[error("malformed leaf at {0}")]
    Leaf(B256),
    /// An outcome from the source that the precompile at this address can't have.
    #[error("the outcome of the precompile at {0} is none that it can have")]
    Outcome(Address),
    /// The head can't have a child: its header lacks what the fork at its time demands.
    #[error("the header of the head is not one of this chain")]
    Head,
    /// The EVM gave up for a reason that lies neither in the block nor in the state.
    #[error("the EVM was interrupted")]
    Interrupted,
}

impl<E> From<TrieError<E>> for ExecuteError<E> {
    fn from(error: TrieError<E>) -> Self {
        Self::State(error)
    }
}

impl<E> From<InvalidBlock> for ExecuteError<E> {
    fn from(error: InvalidBlock) -> Self {
        Self::Invalid(error)
    }
}

/// Why attributes make no block (rules D102).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// The gas limit is above 2^63 - 1 (rules X07).
    #[error("gas limit {0} out of range")]
    GasLimit(u64),
    /// The timestamp is not after the parent's.
    #[error("timestamp {0} is not after the parent's")]
    Timestamp(u64),
    /// A field that the fork demands is absent, one that it doesn't know is present, or just one of the base fee
    /// parameters is zero (rules X21).
    #[error("the fields of the attributes don't fit their fork")]
    Fields,
    /// A transaction can't be included.
    #[error("transaction {index}: {reason}")]
    Transaction {
        /// Its position in the block.
        index: usize,
        /// What is wrong with it.
        reason: InvalidTransaction,
    },
    /// From Jovian on, the first transaction has to be an L1 info deposit that says what data costs, unless there
    /// are only deposits and it is the activation block's (rules X16).
    #[error("no data availability footprint scalar")]
    L1Info,
    /// The data availability footprint is above the gas limit (rules X16).
    #[error("data availability footprint {0} above the gas limit")]
    DaFootprint(u64),
}

/// Why a transaction can't be included.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransaction {
    /// Not the canonical EIP-2718 encoding of a transaction.
    #[error("malformed")]
    Malformed,
    /// A transaction type that L2 blocks don't have, blob transactions among them.
    #[error("type {0:#x} not supported")]
    Type(u8),
    /// No account signed it.
    #[error("bad signature")]
    Signature,
    /// Its gas limit is above what is left of the block's.
    #[error("gas limit {gas_limit} above the {available} left in the block")]
    GasPool {
        /// The transaction's gas limit.
        gas_limit: u64,
        /// What the transactions before it left.
        available: u64,
    },
    /// The block is the first of a fork from Jovian on, and this is no deposit.
    #[error("not a deposit, in the first block of a fork")]
    Activation,
    /// The rules of execution refuse it: nonce, balance, chain id, fees, intrinsic gas and the like.
    #[error("{0}")]
    Refused(OpTransactionError),
}
