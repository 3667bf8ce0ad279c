use crate::{DepositDecodeError, ExtraDataError, L1Info, L1InfoError, RollupConfig};
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

impl L2BlockInfo {
    /// Reads a block's place in both chains from its L1 info transaction (rules D103); the genesis block's comes from
    /// the configuration.
    pub fn of_block(config: &RollupConfig, block: L2BlockParts<'_>) -> Result<Self, L2BlockError> {
        let (l1_origin, sequence_number) = if block.is_genesis(config)? {
            (config.genesis.l1, 0)
        } else {
            let info = L1Info::of_block(config, block)?;
            (BlockId { number: info.number, hash: info.hash }, info.sequence_number)
        };
        Ok(Self { block: block.info, l1_origin, sequence_number })
    }
}

/// What of an L2 block tells its L1 origin and its system config.
#[derive(Clone, Copy, Debug)]
pub struct L2BlockParts<'a> {
    /// The place in the L2 chain.
    pub info: BlockInfo,
    /// Gas limit of the header.
    pub gas_limit: u64,
    /// Extra data of the header.
    pub extra_data: &'a [u8],
    /// EIP-2718 bytes of the first transaction, if there is one.
    pub first_transaction: Option<&'a [u8]>,
}

impl L2BlockParts<'_> {
    /// True if this is the rollup's genesis block; an error if only its number is.
    pub(crate) fn is_genesis(&self, config: &RollupConfig) -> Result<bool, L2BlockError> {
        let genesis = config.genesis.l2;
        match self.info.number == genesis.number {
            true if self.info.hash != genesis.hash => Err(L2BlockError::Genesis),
            is_genesis => Ok(is_genesis),
        }
    }
}

/// Why a block doesn't tell its L1 origin or its system config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum L2BlockError {
    /// The block at genesis height is not the configuration's.
    #[error("block at genesis height isn't the rollup's genesis")]
    Genesis,
    /// A block without transactions.
    #[error("block without L1 info transaction")]
    NoTransaction,
    /// The first transaction is not a deposit.
    #[error("first transaction: {0}")]
    Deposit(#[from] DepositDecodeError),
    /// The first transaction's input is not the L1 info of its fork.
    #[error("L1 info: {0}")]
    L1Info(#[from] L1InfoError),
    /// The header's extra data is not that of its fork.
    #[error("extra data: {0}")]
    ExtraData(#[from] ExtraDataError),
    /// The activation block's gas limit is below the gas that its upgrade transactions added.
    #[error("gas limit below that of the upgrade transactions")]
    GasLimit,
}
