//! What a request asks for.

use hyper::{Method, Uri};
use serde_json::Value;

/// A request as far as faults care.
#[derive(Debug)]
pub(super) enum Asked {
    /// JSON-RPC calls, in a batch or one by itself.
    Calls { calls: Vec<Call>, batch: bool },
    /// A GET of a beacon node's API.
    Path { method: String, slot: String },
}

/// A JSON-RPC call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Vec<Value>,
}

impl Asked {
    /// Reads a request. What isn't JSON-RPC has no calls.
    pub(super) fn read(method: &Method, uri: &Uri, body: &[u8]) -> Self {
        if method == Method::GET {
            // As in `/eth/v1/beacon/blobs/7`: three parts that all have, the method, what it is asked of.
            let mut parts = uri.path().split('/').filter(|part| !part.is_empty()).skip(3);
            let method = parts.next().unwrap_or_else(|| uri.path()).to_owned();
            return Self::Path { method, slot: parts.next().unwrap_or_default().to_owned() };
        }
        let call = |call: &Value| {
            Some(Call {
                id: call["id"].clone(),
                method: call["method"].as_str()?.to_owned(),
                params: call["params"].as_array().cloned().unwrap_or_default(),
            })
        };
        match serde_json::from_slice(body) {
            Ok(Value::Array(calls)) => Self::Calls { calls: calls.iter().filter_map(call).collect(), batch: true },
            Ok(one) => Self::Calls { calls: call(&one).into_iter().collect(), batch: false },
            Err(_) => Self::Calls { calls: Vec::new(), batch: false },
        }
    }

    /// The methods that it calls, as often as it calls them.
    pub(super) fn methods(&self) -> impl Iterator<Item = &str> {
        let (calls, path) = match self {
            Self::Calls { calls, .. } => (calls.as_slice(), None),
            Self::Path { method, .. } => ([].as_slice(), Some(method.as_str())),
        };
        calls.iter().map(|call| call.method.as_str()).chain(path)
    }

    /// Calls in a batch; `None` if it isn't one.
    pub(super) fn batch_len(&self) -> Option<usize> {
        match self {
            Self::Calls { calls, batch: true } => Some(calls.len()),
            _ => None,
        }
    }

    /// The call that an answer's id belongs to.
    pub(super) fn call(&self, id: &Value) -> Option<&Call> {
        match self {
            Self::Calls { calls, .. } => calls.iter().find(|call| call.id == *id),
            Self::Path { .. } => None,
        }
    }
}

impl Call {
    /// Number of the block that the call names; that of a head is beyond all.
    pub(super) fn block_number(&self) -> Option<u64> {
        let place = match self.method.as_str() {
            "eth_getProof" | "eth_getStorageAt" => 2,
            "eth_getCode" | "eth_getBalance" | "eth_getTransactionCount" | "eth_call" => 1,
            _ => 0,
        };
        let name = self.params.get(place)?;
        let name = name.get("blockNumber").unwrap_or(name).as_str()?;
        match name {
            "latest" | "pending" | "safe" | "finalized" => Some(u64::MAX),
            name => number(name),
        }
    }
}

/// A quantity. A hash is none: it has too many digits.
pub(super) fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}
