use crate::{BlockId, Eip1559Params};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};

/// Payload attributes: the inputs of one L2 block, complete, so that executing them on the parent's state gives
/// exactly one block or none (spec: derivation, «Building individual payload attributes»).
///
/// What is the same for every block is not a field: the fee recipient is the sequencer fee vault, the transaction
/// pool is off, the list of withdrawals is empty from Canyon on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The block to build on.
    pub parent: BlockId,
    /// Seconds since the Unix epoch.
    pub timestamp: u64,
    /// `mixHash` of the L1 origin.
    pub prev_randao: B256,
    /// The gas limit in force.
    pub gas_limit: u64,
    /// Parent beacon block root of the L1 origin; `None` before Ecotone.
    pub parent_beacon_block_root: Option<B256>,
    /// Base fee parameters; `None` before Holocene. Zeros are passed on: the header gets the chain's constants.
    pub eip1559_params: Option<Eip1559Params>,
    /// Floor of the base fee in wei; `None` before Jovian.
    pub min_base_fee: Option<u64>,
    /// EIP-2718 encoded transactions in block order: L1 info, user deposits, upgrades, then the batch's.
    pub transactions: Vec<Bytes>,
    /// How many of `transactions`, from the front, are derived deposits; the rest come from the batch.
    pub deposits: usize,
    /// The L1 origin (epoch) of the block.
    pub l1_origin: BlockId,
    /// How many blocks of the same epoch precede it.
    pub sequence_number: u64,
}

impl Attributes {
    /// Number of the block that these attributes make.
    pub const fn number(&self) -> u64 {
        self.parent.number + 1
    }

    /// Drops what the batch brought and keeps the derived deposits (spec: Holocene, deposits-only block).
    pub fn deposits_only(mut self) -> Self {
        self.transactions.truncate(self.deposits);
        self
    }

    /// True if nothing but derived deposits is left.
    pub fn is_deposits_only(&self) -> bool {
        self.transactions.len() == self.deposits
    }
}
