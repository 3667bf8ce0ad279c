//! Claims about the served chain, as its rollup node knows them.

use crate::{Served, rpc::call};
use alloy_primitives::B256;
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A claim: the output root at one L2 block, by those who agree on an earlier one. Its names are those of the claim
/// files that `kohala verify --claim` reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Number of the agreed L2 block.
    pub agreed_block: u64,
    /// Hash of the agreed L2 block.
    pub agreed_l2_head_hash: B256,
    /// The output root at the agreed block.
    pub agreed_l2_output_root: B256,
    /// Number of the claimed L2 block.
    pub claimed_l2_block_number: u64,
    /// What is claimed to be the output root at that block.
    pub claimed_l2_output_root: B256,
    /// Hash of the L1 block that the derivation ends at.
    pub l1_head: B256,
    /// Number of that L1 block.
    pub l1_head_number: u64,
}

impl Claim {
    /// The same claim with one bit of the claimed output root flipped: a false one.
    #[must_use]
    pub fn flipped(&self) -> Self {
        let mut claim = self.clone();
        claim.claimed_l2_output_root.0[31] ^= 1;
        claim
    }
}

/// The part of `optimism_outputAtBlock` that a claim needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    output_root: B256,
    block_ref: Block,
}

#[derive(Deserialize)]
struct Block {
    hash: B256,
    number: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SafeHead {
    l1_block: Block,
    safe_head: Block,
}

impl Served {
    /// The true claim for block `claimed`, agreed on block `agreed`. Its L1 head is the first block at which op-node held
    /// the claimed block safe, so that derivation goes to its end.
    ///
    /// # Errors
    /// If the rollup node doesn't answer, or if the block is not safe.
    pub fn claim(&self, agreed: u64, claimed: u64) -> Result<Claim> {
        let output = |number: u64| {
            call::<Output>(&self.uncounted.rollup, "optimism_outputAtBlock", json!([format!("0x{number:x}")]))
        };
        let (start, end) = (output(agreed)?, output(claimed)?);
        // Before the first safe block there is no answer.
        let safe = |l1: u64| {
            call::<SafeHead>(&self.uncounted.rollup, "optimism_safeHeadAtL1Block", json!([format!("0x{l1:x}")])).ok()
        };
        let is_safe = |l1: u64| safe(l1).is_some_and(|safe| safe.safe_head.number >= claimed);
        let (mut low, mut high) = (0, self.l1_height()?);
        ensure!(is_safe(high), "L2 block {claimed} is not safe");
        while low < high {
            let middle = low + (high - low) / 2;
            if is_safe(middle) { high = middle } else { low = middle + 1 }
        }
        let head: L1Block = call(&self.uncounted.l1, "eth_getBlockByNumber", json!([format!("0x{low:x}"), false]))?;
        ensure!(safe(low).is_some_and(|safe| safe.l1_block.hash == head.hash), "op-node and L1 differ at block {low}");
        Ok(Claim {
            agreed_block: agreed,
            agreed_l2_head_hash: start.block_ref.hash,
            agreed_l2_output_root: start.output_root,
            claimed_l2_block_number: claimed,
            claimed_l2_output_root: end.output_root,
            l1_head: head.hash,
            l1_head_number: low,
        })
    }
}

#[derive(Deserialize)]
struct L1Block {
    hash: B256,
}
