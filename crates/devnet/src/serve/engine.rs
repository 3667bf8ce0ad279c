//! What op-geth tells of the L2 state, and geth of L1's.

use super::{
    block::{l1_heads, l2_heads},
    memory::{Memory, States},
    rpc::{RpcError, RpcResult, param, quantity},
    select::select,
};
use crate::chain::{Account, Devnet, L2Block, Prestate, State, Tries};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U64, U256, keccak256};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Answers for op-geth, as far as states are concerned.
pub(super) fn answer(devnet: &Devnet, memory: &mut Memory, method: &str, params: &[Value]) -> RpcResult {
    let Memory { l2, states, .. } = memory;
    let find = |index: usize| {
        let number = select(method, params.get(index), l2_heads(devnet), l2)?;
        number.ok_or(RpcError::NotFound)
    };
    match method {
        "debug_dbGet" => db_get(devnet, states, &param(params, 0)?),
        // The first is geth's and reth's; the others are what they call the same by hash.
        "debug_executionWitness" | "debug_executionWitnessByHash" | "debug_executionWitnessByBlockHash" => {
            execution_witness(devnet, states, find(0)?)
        }
        "debug_executePayload" => {
            let number = payload(devnet, param(params, 0)?, &param(params, 1)?).ok_or(RpcError::NotFound)?;
            execution_witness(devnet, states, number)
        }
        "debug_traceBlockByHash" | "debug_traceBlockByNumber" => {
            let config: Trace = param(params, 1)?;
            if config.tracer != "prestateTracer" {
                return Err(RpcError::Params);
            }
            Ok(prestates(&devnet.l2()[find(0)?]))
        }
        "eth_getCode" => {
            let address: Address = param(params, 0)?;
            let account = devnet.l2()[find(1)?].state.accounts.get(&address);
            Ok(json!(account.map(|account| account.code.clone()).unwrap_or_default()))
        }
        "eth_getProof" => {
            let slots: Vec<U256> = param(params, 1)?;
            let block = &devnet.l2()[find(2)?];
            Ok(proof(&block.state, &states.tries(block), param(params, 0)?, &slots))
        }
        _ => Err(RpcError::Method),
    }
}

/// Answers for geth on L1 of the states, where L1 has any.
pub(super) fn l1_answer(devnet: &Devnet, memory: &mut Memory, method: &str, params: &[Value]) -> RpcResult {
    if method != "eth_getProof" || !devnet.config().l1_history {
        return Err(RpcError::Method);
    }
    let Memory { l1, states, .. } = memory;
    let number = select(method, params.get(2), l1_heads(devnet), l1)?.ok_or(RpcError::NotFound)?;
    let slots: Vec<U256> = param(params, 1)?;
    let opened = states.l1(devnet, number).ok_or(RpcError::NotFound)?;
    Ok(proof(&opened.0, &opened.1, param(params, 0)?, &slots))
}

/// A value of the database: a node by its hash, a code by its hash with or without geth's prefix.
fn db_get(devnet: &Devnet, states: &mut States, key: &Bytes) -> RpcResult {
    let hash = match key[..] {
        [b'c', ref hash @ ..] if hash.len() == 32 => B256::from_slice(hash),
        ref hash if hash.len() == 32 => B256::from_slice(hash),
        _ => return Err(RpcError::NotFound),
    };
    states.preimage(devnet.l2(), &hash).map(|value| json!(value)).ok_or(RpcError::NotFound)
}

/// The part of payload attributes that tells blocks on one parent apart.
#[derive(Deserialize)]
struct Payload {
    timestamp: U64,
    #[serde(default)]
    transactions: Vec<Bytes>,
}

/// Number of the block that these attributes make on this parent. op-reth executes any; here the block has to be the
/// chain's.
fn payload(devnet: &Devnet, parent: B256, payload: &Payload) -> Option<usize> {
    devnet.l2().iter().position(|block| {
        let header = &block.header;
        let attributes = (header.parent_hash, header.timestamp, &block.transactions);
        attributes == (parent, payload.timestamp.to(), &payload.transactions)
    })
}

/// How a block is to be traced.
#[derive(Deserialize)]
struct Trace {
    tracer: String,
}

/// What geth's `prestateTracer` tells of a block.
fn prestates(block: &L2Block) -> Value {
    let account = |account: &Account| {
        let storage: BTreeMap<_, _> =
            account.storage.iter().map(|(slot, value)| (B256::from(*slot), B256::from(*value))).collect();
        let mut json = json!({ "balance": account.balance });
        if account.nonce != 0 {
            json["nonce"] = account.nonce.into();
        }
        if !account.code.is_empty() {
            json["code"] = json!(account.code);
        }
        if !storage.is_empty() {
            json["storage"] = json!(storage);
        }
        json
    };
    let trace = |(transaction, prestate): (&Bytes, &Prestate)| {
        let accounts: BTreeMap<_, _> = prestate.iter().map(|(address, found)| (address, account(found))).collect();
        json!({ "txHash": keccak256(transaction), "result": accounts })
    };
    block.transactions.iter().zip(&block.prestates).map(trace).collect()
}

/// What a stateless execution of the block needs: nodes and codes of the parent's state, and headers back to the oldest
/// whose hash was asked for.
fn execution_witness(devnet: &Devnet, states: &mut States, number: usize) -> RpcResult {
    let block = &devnet.l2()[number];
    let parent = number.checked_sub(1).map(|parent| &devnet.l2()[parent]).ok_or(RpcError::NotFound)?;
    let accounts = block.touched.keys().filter_map(|address| parent.state.accounts.get(address));
    let codes: BTreeSet<_> = accounts.map(|account| &account.code).filter(|code| !code.is_empty()).collect();
    let keys = block.touched.iter().flat_map(|(address, slots)| {
        let slots = slots.iter().map(|slot| Bytes::from(slot.to_be_bytes::<32>()));
        std::iter::once(Bytes::copy_from_slice(address.as_slice())).chain(slots)
    });
    let oldest = block.oldest_ancestor.map_or(number - 1, |oldest| (oldest as usize).min(number - 1));
    let headers = devnet.l2()[oldest..number].iter().rev();
    Ok(json!({
        "state": states.tries(parent).witness(&block.touched, &parent.state, &block.state),
        "codes": codes,
        "keys": keys.collect::<BTreeSet<_>>(),
        "headers": headers.map(|block| Bytes::from(alloy_rlp::encode(block.header.inner()))).collect::<Vec<_>>(),
    }))
}

/// An account, some of its slots, and the nodes that prove them (EIP-1186).
fn proof(state: &State, tries: &Tries, address: Address, slots: &[U256]) -> Value {
    let account = state.accounts.get(&address);
    let slot = |slot: &U256| {
        let value = account.and_then(|account| account.storage.get(slot)).copied().unwrap_or_default();
        json!({ "key": B256::from(*slot), "value": value, "proof": tries.storage_proof(address, *slot) })
    };
    json!({
        "address": address,
        "accountProof": tries.account_proof(address),
        "balance": account.map(|account| account.balance).unwrap_or_default(),
        "nonce": quantity(account.map(|account| account.nonce).unwrap_or_default()),
        "codeHash": account.map_or(KECCAK256_EMPTY, |account| keccak256(&account.code)),
        "storageHash": tries.storage_root(address),
        "storageProof": slots.iter().map(slot).collect::<Vec<_>>(),
    })
}
