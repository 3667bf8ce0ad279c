//! Finding out what is to be judged: from a block's number to a dispute, by asking the nodes.
//!
//! Nothing that is found here is believed: roots are what the claim says and what is agreed on, and the L1 head says how
//! far L1 is looked at.

use crate::{
    Deal, Sources,
    execution::{BlockAt, ExecutionClient, Tag, l2_parts},
    meter::Meter,
    online::OnlineError,
    rollup::{RollupNode, SyncStatus},
    rpc::{Endpoint, RpcError, SourceKind},
};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::Decodable;
use futures_util::future::join_all;
use kohala_protocol::{L2BlockInfo, RollupConfig};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// Which L2 block is to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The block with this number.
    Number(u64),
    /// The newest block that is safe, at the node that is asked.
    LatestSafe,
    /// The newest block that is final.
    LatestFinalized,
}

/// An L2 block with its output root, as a node has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// Number of the block.
    pub number: u64,
    /// Hash of the block.
    pub hash: B256,
    /// Output root.
    pub root: B256,
    /// Number of the L1 block that it belongs to.
    pub l1_origin: u64,
}

/// Why something can't be found out.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// There is nobody to ask.
    #[error(transparent)]
    Online(#[from] OnlineError),
    /// Nobody has it.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// A block of L2 is not one of this chain.
    #[error("L2 block {0} is not a block of this chain: its L1 info can't be read")]
    L2Block(u64),
    /// The rollup node and the L2 node disagree about a root.
    #[error("the rollup node says that block {number} has the output root {rollup_node}, the L2 node says {l2}")]
    Disagreement {
        /// The block's number.
        number: u64,
        /// What the rollup node says.
        rollup_node: B256,
        /// What follows from the L2 node.
        l2: B256,
    },
    /// The nodes don't answer in the time there is.
    #[error("the deadline is over")]
    Deadline,
}

/// Asks nodes for what a dispute is made of.
#[derive(Debug)]
pub struct Discovery {
    runtime: Runtime,
    l1: ExecutionClient,
    l2: ExecutionClient,
    rollup_node: Option<RollupNode>,
    deadline: Option<tokio::time::Instant>,
}

impl Discovery {
    /// Asks these nodes; the rollup node only if there is one.
    ///
    /// # Errors
    /// Where the system lacks something.
    pub fn new(sources: &Sources, rollup_node: Vec<Url>, deal: Deal) -> Result<Self, OnlineError> {
        let meter = Arc::new(Meter::default());
        let endpoint = |kind, urls: Vec<Url>| Endpoint::new(kind, urls, deal.limits, Arc::clone(&meter));
        let rollup_node = match rollup_node.is_empty() {
            true => None,
            false => Some(RollupNode::new(endpoint(SourceKind::RollupNode, rollup_node)?)),
        };
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
            l1: ExecutionClient::new(endpoint(SourceKind::L1, sources.l1.clone())?),
            l2: ExecutionClient::new(endpoint(SourceKind::L2, sources.l2.clone())?),
            rollup_node,
            deadline: deal.deadline.map(tokio::time::Instant::from_std),
        })
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, DiscoverError>>) -> Result<T, DiscoverError> {
        self.runtime.block_on(async {
            match self.deadline {
                Some(deadline) => tokio::time::timeout_at(deadline, work).await.unwrap_or(Err(DiscoverError::Deadline)),
                None => work.await,
            }
        })
    }

    /// The chain id of L2.
    ///
    /// # Errors
    /// Where no node tells.
    pub fn chain_id(&self) -> Result<u64, DiscoverError> {
        self.wait(async { Ok(self.l2.chain_id().await?) })
    }

    /// The rollup configuration as the rollup node has it, JSON; `None` if there is no such node.
    ///
    /// # Errors
    /// Where the node doesn't tell.
    pub fn rollup_config(&self) -> Result<Option<Bytes>, DiscoverError> {
        self.wait(async {
            match &self.rollup_node {
                Some(node) => Ok(Some(node.rollup_config().await?)),
                None => Ok(None),
            }
        })
    }

    /// The number of the block that is meant.
    ///
    /// # Errors
    /// Where no node tells.
    pub fn number(&self, target: Target) -> Result<u64, DiscoverError> {
        let (tag, of_node): (_, fn(&SyncStatus) -> u64) = match target {
            Target::Number(number) => return Ok(number),
            Target::LatestSafe => (Tag::Safe, |status| status.safe_l2.number),
            Target::LatestFinalized => (Tag::Finalized, |status| status.finalized_l2.number),
        };
        self.wait(async {
            match &self.rollup_node {
                Some(node) => Ok(of_node(&node.sync_status().await?)),
                None => Ok(self.l2.tagged(tag).await?),
            }
        })
    }

    /// The output root of an L2 block. It is computed from what the L2 node has of the block; if there is a rollup
    /// node, it must say the same.
    ///
    /// # Errors
    /// Where no node has the block, or they disagree.
    pub fn output(&self, config: &RollupConfig, number: u64) -> Result<Output, DiscoverError> {
        self.wait(async {
            let own = self.own_output(config, number);
            let Some(node) = &self.rollup_node else { return own.await };
            let (own, told) = futures_util::future::join(own, node.output(number)).await;
            let (own, told) = (own?, told?);
            match told.output_root == own.root {
                true => Ok(own),
                false => Err(DiscoverError::Disagreement { number, rollup_node: told.output_root, l2: own.root }),
            }
        })
    }

    async fn own_output(&self, config: &RollupConfig, number: u64) -> Result<Output, DiscoverError> {
        let block = self.l2.block(BlockAt::Number(number)).await?;
        let header = Header::decode(&mut &block.header[..]).map_err(|_| DiscoverError::L2Block(number))?;
        let root = self.l2.output(config, block.hash, &header).await?.hash();
        let parts = l2_parts(block.hash, &header, block.transactions.first());
        let info = L2BlockInfo::of_block(config, parts).map_err(|_| DiscoverError::L2Block(number))?;
        Ok(Output { number, hash: block.hash, root, l1_origin: info.l1_origin.number })
    }

    /// An L1 block up to which L1 gives rise to the L2 block `output`, as near as can be found.
    ///
    /// A rollup node with a safe head database tells where the block became safe. Without one it is the block at which
    /// the sequencing window closes, by which there is an L2 block with that number whatever was posted; or else the
    /// newest L1 block.
    ///
    /// # Errors
    /// Where no node tells.
    pub fn l1_head(&self, config: &RollupConfig, output: &Output) -> Result<B256, DiscoverError> {
        self.wait(async {
            let newest = self.l1.tagged(Tag::Latest).await?;
            let last = newest.min(output.l1_origin.saturating_add(config.seq_window_size));
            let number = self.became_safe(output, last).await.unwrap_or(last);
            Ok(self.l1.header(BlockAt::Number(number)).await?.0)
        })
    }

    /// The first of some L1 blocks at which the L2 block was safe.
    async fn became_safe(&self, output: &Output, last: u64) -> Option<u64> {
        let node = self.rollup_node.as_ref()?;
        let distances = (0..).map(|power| output.l1_origin.saturating_add(1 << power));
        let candidates: Vec<u64> = distances.take_while(|number| *number < last).take(20).collect();
        let safe = join_all(candidates.iter().map(|number| node.safe_head_at(*number))).await;
        let found = candidates.into_iter().zip(safe);
        found
            .filter_map(|(number, safe)| Some((number, safe.ok()?)))
            .find_map(|(number, safe)| (safe.safe_head.number >= output.number).then_some(number))
    }
}
