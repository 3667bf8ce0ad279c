use crate::L1Block;
use alloy_primitives::Address;
use kohala_protocol::{L2BlockInfo, RollupConfig, SystemConfig};

/// An L2 block that is safe, and the configuration that it carries for the next one (rules S13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SafeHead {
    /// Its place in both chains.
    pub info: L2BlockInfo,
    /// Reconstructed from the block itself: `SystemConfig::of_block`.
    pub system_config: SystemConfig,
}

/// Whose transactions to the inbox count at an L1 block (rules D03).
///
/// It follows the L1 chain log by log, ahead of [`SafeHead::system_config`], which follows the L2 chain: the two are
/// different things and seldom equal while derivation looks back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batcher(pub Address);

/// Where derivation begins (rules D60, Z03): see [`steps_back`].
#[derive(Clone, Debug)]
pub struct Start {
    /// The block to build on.
    pub safe_head: SafeHead,
    /// L1 origin of the L2 block that the walk back ended at: the first block whose transactions are read. Its
    /// receipts are not needed, for that L2 block has them already.
    pub origin: L1Block,
    /// The batcher in the system config of that L2 block.
    pub batcher: Batcher,
}

/// How many parents at least the walk back from `head` must still step over from `l2`; none where it ends (rules D60).
///
/// A channel that holds the next batch may have been opened a channel time-out before the head's L1 origin, so
/// reading begins at the origin of an older L2 block: beginning with the head itself, step back while this is not
/// zero. A block's L1 origin is its parent's or the one after it, so the blocks between need not be looked at as long
/// as the shorter of the two time-outs covers them: Granite's may be the longer one. `origin_time` is the time of the
/// L1 origin of `l2`.
pub fn steps_back(config: &RollupConfig, head: &L2BlockInfo, l2: &L2BlockInfo, origin_time: u64) -> u64 {
    let missing = |timeout| l2.l1_origin.number.saturating_add(timeout).saturating_sub(head.l1_origin.number);
    missing(config.channel_timeout(origin_time))
        .min(missing(config.channel_timeout).max(1))
        .min(l2.block.number.saturating_sub(config.genesis.l2.number))
        .min(l2.l1_origin.number.saturating_sub(config.genesis.l1.number))
}
