//! What op-node tells.

use super::{
    block::l2_heads,
    rpc::{RpcError, RpcResult, param},
};
use crate::chain::{Devnet, L1Block, L2Block};
use alloy_primitives::{B256, U64};
use serde_json::{Value, json};

/// Answers for op-node.
pub(super) fn answer(devnet: &Devnet, method: &str, params: &[Value]) -> RpcResult {
    match method {
        "optimism_rollupConfig" => Ok(devnet.rollup_json()),
        "optimism_version" => Ok("devnet".into()),
        "optimism_syncStatus" => Ok(sync_status(devnet)),
        "optimism_outputAtBlock" => {
            let number: U64 = param(params, 0)?;
            let block = devnet.l2().get(number.to::<usize>()).ok_or(RpcError::NotFound)?;
            Ok(json!({
                "version": B256::ZERO,
                "outputRoot": block.output_root(),
                "blockRef": l2_ref(block),
                "withdrawalStorageRoot": block.message_passer_root,
                "stateRoot": block.header.state_root,
                "syncStatus": sync_status(devnet),
            }))
        }
        "optimism_safeHeadAtL1Block" => {
            let number: U64 = param(params, 0)?;
            let l1 = devnet.l1().get(number.to::<usize>()).ok_or(RpcError::NotFound)?;
            let safe = &devnet.l2()[devnet.safe_head(number.to()) as usize];
            let id = |header: &alloy_consensus::Sealed<alloy_consensus::Header>| json!({ "hash": header.hash(), "number": header.number });
            Ok(json!({ "l1Block": id(&l1.header), "safeHead": id(&safe.header) }))
        }
        _ => Err(RpcError::Method),
    }
}

fn sync_status(devnet: &Devnet) -> Value {
    let l1 = devnet.l1().last().map(l1_ref);
    let heads = l2_heads(devnet);
    let [latest, safe] = [heads.latest, heads.safe].map(|number| l2_ref(&devnet.l2()[number as usize]));
    json!({
        "current_l1": l1,
        "current_l1_finalized": l1,
        "head_l1": l1,
        "safe_l1": l1,
        "finalized_l1": l1,
        "unsafe_l2": latest,
        "safe_l2": safe,
        "finalized_l2": safe,
        "pending_safe_l2": safe,
        "cross_unsafe_l2": latest,
        "local_safe_l2": safe,
    })
}

fn l1_ref(block: &L1Block) -> Value {
    let header = &block.header;
    json!({
        "hash": header.hash(),
        "number": header.number,
        "parentHash": header.parent_hash,
        "timestamp": header.timestamp,
    })
}

fn l2_ref(block: &L2Block) -> Value {
    let header = &block.header;
    json!({
        "hash": header.hash(),
        "number": header.number,
        "parentHash": header.parent_hash,
        "timestamp": header.timestamp,
        "l1origin": { "hash": block.origin.hash, "number": block.origin.number },
        "sequenceNumber": block.sequence_number,
    })
}
