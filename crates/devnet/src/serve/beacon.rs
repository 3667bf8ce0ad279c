//! What the beacon node of L1 tells. A slot is as long as an L1 block takes, and none is empty.

use super::{Endpoint, Node};
use crate::{
    chain::{Blob, Config, Devnet, L1Block},
    lock,
};
use alloy_primitives::{B256, FixedBytes};
use hyper::StatusCode;
use serde_json::{Value, json};

/// An answer's status and body.
type Answer = (StatusCode, Value);

/// Answers a GET.
pub(super) fn answer(node: &Node, path: &str, query: &str) -> Answer {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (method, slot) = match parts[..] {
        ["eth", "v1", "beacon", "genesis"] => ("genesis", ""),
        ["eth", "v1", "config", "spec"] => ("spec", ""),
        ["eth", "v1", "node", "version"] => ("version", ""),
        ["eth", "v1", "beacon", "blobs", slot] => ("blobs", slot),
        ["eth", "v1", "beacon", "blob_sidecars", slot] => ("blob_sidecars", slot),
        _ => (path, ""),
    };
    if !node.admits(Endpoint::Beacon, method) {
        return refusal(StatusCode::NOT_FOUND, "not found");
    }
    let devnet = &*lock(&node.devnet);
    let config = devnet.config();
    match method {
        "genesis" => found(json!({ "data": genesis(config) })),
        "spec" => found(json!({ "data": spec(config) })),
        "version" => found(json!({ "data": { "version": "devnet" } })),
        "blobs" | "blob_sidecars" => match block(devnet, slot) {
            Err(refused) => refused,
            Ok(block) if method == "blobs" => blobs(block, query),
            Ok(block) => sidecars(config, block, query),
        },
        _ => refusal(StatusCode::NOT_FOUND, "not found"),
    }
}

fn found(body: Value) -> Answer {
    (StatusCode::OK, body)
}

/// An error as the beacon API has it.
pub(super) fn refusal(status: StatusCode, message: &str) -> Answer {
    (status, json!({ "code": status.as_u16(), "message": message }))
}

fn genesis(config: &Config) -> Value {
    json!({
        "genesis_time": config.genesis_time.to_string(),
        "genesis_validators_root": config.noise("validators", 0),
        "genesis_fork_version": "0x00000000",
    })
}

fn spec(config: &Config) -> Value {
    json!({
        "CONFIG_NAME": "devnet",
        "SECONDS_PER_SLOT": config.l1_block_time.to_string(),
        "SLOTS_PER_EPOCH": "32",
        "MAX_BLOBS_PER_BLOCK": "6",
        "MAX_BLOBS_PER_BLOCK_ELECTRA": "9",
        "DEPOSIT_CHAIN_ID": config.l1_chain_id.to_string(),
    })
}

/// The block of a slot.
fn block<'a>(devnet: &'a Devnet, slot: &str) -> Result<&'a L1Block, Answer> {
    let number = match slot {
        "head" | "finalized" => devnet.l1().len() - 1,
        "genesis" => 0,
        slot => slot.parse().map_err(|_| refusal(StatusCode::BAD_REQUEST, "invalid block ID"))?,
    };
    devnet.l1().get(number).ok_or_else(|| refusal(StatusCode::NOT_FOUND, "block not found"))
}

/// All values of a key of the query, repeated or with commas between.
fn values<'a>(query: &'a str, key: &str) -> Vec<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == key).flat_map(|(_, values)| values.split(',')).collect()
}

fn blobs(block: &L1Block, query: &str) -> Answer {
    let wanted: Result<Vec<B256>, _> = values(query, "versioned_hashes").into_iter().map(str::parse).collect();
    let Ok(wanted) = wanted else { return refusal(StatusCode::BAD_REQUEST, "invalid versioned_hashes") };
    let is_wanted = |blob: &&Blob| wanted.is_empty() || wanted.contains(&blob.versioned_hash);
    let data: Vec<_> = block.blobs.iter().filter(is_wanted).map(|blob| &blob.data).collect();
    found(json!({ "execution_optimistic": false, "finalized": true, "data": data }))
}

fn sidecars(config: &Config, block: &L1Block, query: &str) -> Answer {
    let wanted: Result<Vec<usize>, _> = values(query, "indices").into_iter().map(str::parse).collect();
    let Ok(wanted) = wanted else { return refusal(StatusCode::BAD_REQUEST, "invalid indices") };
    let number = block.header.number;
    let header = json!({
        "message": {
            "slot": number.to_string(),
            "proposer_index": "0",
            "parent_root": block.header.parent_beacon_block_root,
            "state_root": config.noise("beacon state", number),
            "body_root": config.noise("beacon body", number),
        },
        "signature": FixedBytes::<96>::ZERO,
    });
    let sidecar = |(index, blob): (usize, &Blob)| {
        json!({
            "index": index.to_string(),
            "blob": blob.data,
            "kzg_commitment": blob.commitment,
            "kzg_proof": blob.proof,
            "signed_block_header": header,
            // Nobody can check it without the beacon block.
            "kzg_commitment_inclusion_proof": vec![B256::ZERO; 17],
        })
    };
    let chosen = block.blobs.iter().enumerate().filter(|(index, _)| wanted.is_empty() || wanted.contains(index));
    found(json!({ "data": chosen.map(sidecar).collect::<Vec<_>>() }))
}
