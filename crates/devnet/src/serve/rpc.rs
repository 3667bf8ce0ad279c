use super::{Endpoint, Node, block, engine, rollup};
use crate::lock;
use serde_json::{Value, json};

/// Why a call has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RpcError {
    /// The method is unknown or switched off.
    Method,
    /// A parameter is missing or can't be read.
    Params,
    /// There is no such thing.
    NotFound,
}

/// What a method answers.
pub(super) type RpcResult = Result<Value, RpcError>;

/// Answers a request's body: one call or a batch of them.
pub(super) fn answer(node: &Node, endpoint: Endpoint, body: &[u8]) -> Value {
    match serde_json::from_slice(body) {
        Ok(Value::Array(calls)) => calls.iter().map(|one| call(node, endpoint, one)).collect(),
        Ok(one) => call(node, endpoint, &one),
        Err(_) => failure(&Value::Null, -32700, "parse error"),
    }
}

fn call(node: &Node, endpoint: Endpoint, call: &Value) -> Value {
    let id = &call["id"];
    let Some(method) = call["method"].as_str() else { return failure(id, -32600, "invalid request") };
    let params = call["params"].as_array().map(Vec::as_slice).unwrap_or_default();
    let result =
        if node.admits(endpoint, method) { dispatch(node, endpoint, method, params) } else { Err(RpcError::Method) };
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(RpcError::Method) => failure(id, -32601, &format!("the method {method} does not exist/is not available")),
        Err(RpcError::Params) => failure(id, -32602, "invalid argument"),
        Err(RpcError::NotFound) => failure(id, -32000, "not found"),
    }
}

fn dispatch(node: &Node, endpoint: Endpoint, method: &str, params: &[Value]) -> RpcResult {
    let devnet = &*lock(&node.devnet);
    let memory = &mut *lock(&node.memory);
    memory.catch_up(devnet);
    match endpoint {
        Endpoint::L1 => match engine::l1_answer(devnet, memory, method, params) {
            Err(RpcError::Method) => block::l1(devnet, &memory.l1, method, params),
            answered => answered,
        },
        Endpoint::L2 => match engine::answer(devnet, memory, method, params) {
            Err(RpcError::Method) => block::l2(devnet, &memory.l2, method, params),
            answered => answered,
        },
        Endpoint::RollupNode => rollup::answer(devnet, method, params),
        Endpoint::Beacon => Err(RpcError::Method),
    }
}

fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

/// A number as JSON-RPC writes it.
pub(super) fn quantity(number: impl Into<u128>) -> Value {
    format!("0x{:x}", number.into()).into()
}

/// The parameter at `index`.
pub(super) fn param<T: serde::de::DeserializeOwned>(params: &[Value], index: usize) -> Result<T, RpcError> {
    let value = params.get(index).ok_or(RpcError::Params)?;
    serde_json::from_value(value.clone()).map_err(|_| RpcError::Params)
}
