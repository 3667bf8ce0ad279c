use alloy_primitives::B256;

/// A block's name: its number and hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BlockId {
    /// The number.
    pub number: u64,
    /// The hash of the header.
    pub hash: B256,
}

/// What derivation needs to know of any block, L1 or L2, to place it in its chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BlockInfo {
    /// The number.
    pub number: u64,
    /// The hash of the header.
    pub hash: B256,
    /// The parent's hash.
    pub parent_hash: B256,
    /// Seconds since the Unix epoch.
    pub timestamp: u64,
}

impl BlockInfo {
    /// The block's name.
    pub const fn id(&self) -> BlockId {
        BlockId { number: self.number, hash: self.hash }
    }
}

/// An L2 block's place in its own chain and in L1's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct L2BlockInfo {
    /// The place in the L2 chain.
    pub block: BlockInfo,
    /// The L1 block it belongs to (its epoch).
    pub l1_origin: BlockId,
    /// How many blocks of the same epoch precede it.
    pub sequence_number: u64,
}
