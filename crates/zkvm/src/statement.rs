use crate::words::{Reader, WORD, Writer};
use alloc::vec::Vec;
use alloy_primitives::B256;

/// The version of what a statement says and of the rules by which it is proven. A contract that checks proofs compares it.
pub const VERSION: u64 = 1;

/// Length of an encoded statement: six words.
pub const STATEMENT_BYTES: usize = 6 * WORD;

/// What is proven: seen from the L1 block, the claimed output root is right at the claimed L2 block, if the agreed one is.
///
/// Encoded it is this Solidity struct as `abi.encode` has it:
///
/// ```solidity
/// struct Statement {
///     uint64 version;
///     bytes32 chainHash;
///     bytes32 l1Head;
///     bytes32 agreedOutputRoot;
///     bytes32 claimedOutputRoot;
///     uint64 claimedBlockNumber;
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Hash of the chain's configuration: [`chain_hash`](crate::chain_hash).
    pub chain_hash: B256,
    /// Hash of the newest L1 block that was used.
    pub l1_head: B256,
    /// The output root that was taken as given.
    pub agreed_output_root: B256,
    /// The output root that is right if that one is.
    pub claimed_output_root: B256,
    /// Number of the L2 block that it belongs to, which the L1 head gives rise to.
    pub claimed_block_number: u64,
}

impl Statement {
    /// The statement's words, [`VERSION`] first: the guest's public values.
    pub fn encode(&self) -> Vec<u8> {
        let mut words = Writer::default();
        words.number(VERSION);
        words.hash(self.chain_hash);
        words.hash(self.l1_head);
        words.hash(self.agreed_output_root);
        words.hash(self.claimed_output_root);
        words.number(self.claimed_block_number);
        words.0
    }

    /// Reads the six words; `None` if they are of another length, form or version.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut words = Reader(bytes);
        if words.number()? != VERSION {
            return None;
        }
        let statement = Self {
            chain_hash: words.hash()?,
            l1_head: words.hash()?,
            agreed_output_root: words.hash()?,
            claimed_output_root: words.hash()?,
            claimed_block_number: words.number()?,
        };
        words.end()?;
        Some(statement)
    }
}
