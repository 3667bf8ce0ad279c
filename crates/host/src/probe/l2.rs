//! What an execution client of L2 can do: blocks, and the ways to the state.

use super::{Asker, Basics, Capability, Need, Purpose, RpcError, Samples, Status, blocks::blocks};
use crate::{
    execution::{BlockAt, ExecutionClient, Proof, RawBlock, read, witness},
    rpc::Endpoint,
};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, U64, hex, keccak256};
use alloy_rlp::Decodable;
use kohala_protocol::predeploys::MESSAGE_PASSER;
use serde_json::{Value, json, value::RawValue};

const WITNESS: &str = "reth, op-reth and newer versions of geth and op-geth have it in their debug API (--http.api=eth,debug): \
                       one call brings all that a block takes";
const PAYLOAD: &str =
    "op-reth has it in its debug API (--http.api=eth,debug); it also serves blocks that are not canonical";
const TRACER: &str = "enable the debug API (--http.api=eth,debug): the tracer says which proofs a block takes";
const PROOF: &str = "every execution client has this method: enable its eth API, or use another node";
const DATABASE: &str = "geth and op-geth have it in their debug API (--http.api=eth,debug), and keep nodes by their hash only \
                        with --state.scheme=hash and --gcmode=archive";
const ARCHIVE: &str = "the node does not give the state of that block: use an archive node (op-geth: --gcmode=archive, and for \
                       old proofs --state.scheme=hash; op-reth: without pruning, and for old proofs --rpc.eth-proof-window \
                       as large as the age), or judge younger blocks";

/// Names of the rungs of the ladder to the state, as its summary knows them.
pub(super) const EXECUTION_WITNESS: &str = "debug_executionWitness";
pub(super) const PAYLOAD_WITNESS: &str = "debug_executePayload";
pub(super) const PRESTATE_TRACER: &str = "prestateTracer";
pub(super) const PROOFS: &str = "eth_getProof";
pub(super) const DATABASE_GET: &str = "debug_dbGet";

pub(super) async fn probe(basics: &Basics<'_>, samples: &Samples) -> Vec<Capability> {
    let asker = basics.asker;
    let Some(newest) = samples.span.map(|span| span.safe).or(basics.heads.safe).or(basics.heads.newest) else {
        let status = Status::Refused("the node does not tell its newest block".to_owned());
        return vec![Capability::new("eth_getBlockByNumber", Purpose::Headers, status, "let the node sync first")];
    };
    let (mut capabilities, _) = blocks(asker, newest).await;
    let Some(span) = samples.span else {
        let status = Status::Refused("there is no safe block on top of the genesis block yet".to_owned());
        let advice = "let the L2 node sync: nothing is to be judged before";
        capabilities.push(Capability::new("safe block", Purpose::State, status, advice));
        return capabilities;
    };
    if span.agreed + 1 < span.safe {
        capabilities.extend(state(asker, span.safe - 1, Purpose::NewestState).await);
    }
    let at_age = state(asker, span.agreed, Purpose::State).await;
    if samples.proves_message_passer {
        let proof = at_age.iter().find(|capability| capability.name == PROOFS);
        let status = proof.map_or(Status::Untried("the block is not known"), |proof| proof.status.clone());
        capabilities.push(Capability::new(PROOFS, Purpose::OutputRoot, status, ARCHIVE).at(span.agreed));
    }
    capabilities.extend(at_age);
    capabilities
}

/// Every way to the state of the block `agreed`, tried for the block on top of it.
async fn state(asker: &Asker, agreed: u64, purpose: Purpose) -> Vec<Capability> {
    let client = ExecutionClient::new(asker.endpoint().0);
    let (parent, block) = tokio::join!(
        asker.ask(client.header(BlockAt::Number(agreed))),
        asker.ask(client.block(BlockAt::Number(agreed + 1))),
    );
    let parent = parent.and_then(|(hash, rlp)| {
        let header = Header::decode(&mut &rlp[..]);
        header.map(|header| (hash, header)).map_err(|_| Status::Refused("a header that can't be read".to_owned()))
    });
    let (parent, block) = match (parent, block) {
        (Ok(parent), Ok(block)) => (parent, block),
        (Err(status), _) | (_, Err(status)) => {
            return vec![Capability::new(PROOFS, purpose, status, ARCHIVE).at(agreed)];
        }
    };
    let (hash, root) = (parent.0, parent.1.state_root);
    let (by_witness, by_payload, tracer, proofs, database) = tokio::join!(
        asker.status(execution_witness(client.endpoint(), agreed + 1, root)),
        asker.status(payload_witness(client.endpoint(), &block, root)),
        asker.status(client.touched(agreed + 1)),
        asker.status(proof(client.endpoint(), hash, root)),
        asker.status(client.database_value(root, false)),
    );
    let capability = |name, purpose, status: Status, advice| {
        // A method that is there and doesn't answer lacks what it is to answer from.
        let advice = if matches!(status, Status::Refused(_)) { ARCHIVE } else { advice };
        Capability::new(name, purpose, status, advice).at(agreed)
    };
    vec![
        capability(EXECUTION_WITNESS, purpose, by_witness, WITNESS),
        capability(PAYLOAD_WITNESS, purpose, by_payload, PAYLOAD),
        // Says what to ask proofs for: no way by itself.
        Capability { need: Need::Helpful, ..capability(PRESTATE_TRACER, Purpose::Speed, tracer, TRACER) },
        capability(PROOFS, purpose, proofs, PROOF),
        capability(DATABASE_GET, purpose, database, DATABASE),
    ]
}

/// A witness that has the state's root.
fn rooted(root: B256) -> impl Fn(&RawValue) -> Result<(), String> {
    move |raw| match witness(raw)?.iter().any(|value| keccak256(value) == root) {
        true => Ok(()),
        false => Err("a witness without the state's root".to_owned()),
    }
}

async fn execution_witness(endpoint: &Endpoint, number: u64, root: B256) -> Result<(), RpcError> {
    endpoint.call(EXECUTION_WITNESS, json!([U64::from(number)]), rooted(root)).await
}

async fn payload_witness(endpoint: &Endpoint, block: &RawBlock, root: B256) -> Result<(), RpcError> {
    let payload = Header::decode(&mut &block.header[..]).ok().map(|header| {
        let payload = payload_of(&header, &block.transactions);
        json!([header.parent_hash, payload])
    });
    endpoint.call(PAYLOAD_WITNESS, payload.unwrap_or_default(), rooted(root)).await
}

/// The attributes that a block was made by.
fn payload_of(header: &Header, transactions: &[Bytes]) -> Value {
    let mut payload = json!({
        "timestamp": U64::from(header.timestamp),
        "prevRandao": header.mix_hash,
        "suggestedFeeRecipient": header.beneficiary,
        "withdrawals": [],
        "transactions": transactions,
        "noTxPool": true,
        "gasLimit": U64::from(header.gas_limit),
    });
    if let Some(root) = header.parent_beacon_block_root {
        payload["parentBeaconBlockRoot"] = json!(root);
    }
    // From Holocene on: a version, the parameters of the base fee, and from Jovian on its floor.
    if let Some(params) = header.extra_data.get(1..9) {
        payload["eip1559Params"] = json!(hex::encode_prefixed(params));
    }
    if let Some(floor) = header.extra_data.get(9..17) {
        let floor = floor.try_into().map(u64::from_be_bytes).expect("eight bytes");
        payload["minBaseFee"] = json!(floor);
    }
    payload
}

/// A proof whose first node is the state's root.
async fn proof(endpoint: &Endpoint, block: B256, root: B256) -> Result<(), RpcError> {
    let rooted = |raw: &RawValue| {
        let proof: Proof = read(raw)?;
        match proof.account_proof.first().is_some_and(|node| keccak256(node) == root) {
            true => Ok(()),
            false => Err("a proof of another state".to_owned()),
        }
    };
    endpoint.call(PROOFS, json!([MESSAGE_PASSER, [], block]), rooted).await
}
