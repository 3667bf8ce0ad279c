//! What an op-node tells of its chain. All of it is only asked to find out what is to be judged; nothing is believed.

use crate::{
    execution::read,
    rpc::{Endpoint, RpcError},
};
use alloy_primitives::{B256, Bytes, U64};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

/// An op-node behind one or more URLs.
#[derive(Debug)]
pub struct RollupNode {
    endpoint: Endpoint,
}

/// A block that op-node speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct BlockId {
    /// Its hash.
    pub hash: B256,
    /// Its number.
    pub number: u64,
}

/// An L2 block's output root, as this node has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The root.
    pub output_root: B256,
}

/// An L2 block and the L1 block that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct L2Block {
    /// Its hash.
    pub hash: B256,
    /// Its number.
    pub number: u64,
    /// Its epoch.
    #[serde(rename = "l1origin")]
    pub l1_origin: BlockId,
}

/// How far the node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct SyncStatus {
    /// The newest L1 block that was derived from.
    pub current_l1: BlockId,
    /// The newest L2 block that L1 gives rise to.
    pub safe_l2: L2Block,
    /// The same, final on L1.
    pub finalized_l2: L2Block,
    /// The newest L2 block that the node knows.
    pub unsafe_l2: L2Block,
}

/// What was safe at an L1 block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SafeHead {
    /// The newest L2 block that L1 up to there gives rise to.
    pub safe_head: BlockId,
}

impl RollupNode {
    /// An op-node behind `endpoint`.
    pub const fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    /// The endpoint.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The output root of the L2 block `number`.
    ///
    /// # Errors
    /// Where the node doesn't have it.
    pub async fn output(&self, number: u64) -> Result<Output, RpcError> {
        self.endpoint.call("optimism_outputAtBlock", json!([U64::from(number)]), read).await
    }

    /// How far the node is.
    ///
    /// # Errors
    /// Where it doesn't tell.
    pub async fn sync_status(&self) -> Result<SyncStatus, RpcError> {
        self.endpoint.call("optimism_syncStatus", json!([]), read).await
    }

    /// What was safe at the L1 block `number`. Nodes tell only with a safe head database.
    ///
    /// # Errors
    /// Where it doesn't tell.
    pub async fn safe_head_at(&self, number: u64) -> Result<SafeHead, RpcError> {
        self.endpoint.call("optimism_safeHeadAtL1Block", json!([U64::from(number)]), read).await
    }

    /// The rollup configuration, JSON.
    ///
    /// # Errors
    /// Where the node doesn't tell.
    pub async fn rollup_config(&self) -> Result<Bytes, RpcError> {
        let json = |raw: &RawValue| Ok(Bytes::copy_from_slice(raw.get().as_bytes()));
        self.endpoint.call("optimism_rollupConfig", json!([]), json).await
    }
}
