//! JSON-RPC and GET over plain HTTP on loopback: all that these tests need, without a client library.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// What was asked of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointCalls {
    /// Requests over HTTP, which is what round trips cost.
    pub requests: u64,
    /// Those of them that held a batch of calls.
    pub batches: u64,
    /// Calls: of JSON-RPC methods, or of paths.
    pub calls: u64,
    /// Bytes of the requests' bodies.
    pub bytes_in: u64,
    /// Bytes of the answers' bodies.
    pub bytes_out: u64,
    /// Calls by method, or by path without its last part.
    pub methods: BTreeMap<String, u64>,
}

/// What was asked of each endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// L1 execution layer.
    pub l1: EndpointCalls,
    /// L1 consensus layer.
    pub beacon: EndpointCalls,
    /// L2 execution layer.
    pub l2: EndpointCalls,
    /// Rollup node.
    pub rollup: EndpointCalls,
}

impl Calls {
    /// Calls of all endpoints together.
    pub fn total(&self) -> u64 {
        [&self.l1, &self.beacon, &self.l2, &self.rollup].iter().map(|endpoint| endpoint.calls).sum()
    }
}

/// The result of a JSON-RPC call to an endpoint of loopback.
///
/// # Errors
/// If it doesn't answer, or with an error, or with something else than a `T`.
pub fn call<T: DeserializeOwned>(url: &str, method: &str, params: Value) -> Result<T> {
    #[derive(Deserialize)]
    struct Response {
        result: Option<Value>,
        error: Option<Value>,
    }
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let response: Response = serde_json::from_slice(&request(url, "POST", "/", &body)?)?;
    if let Some(error) = response.error {
        bail!("{method} {params}: {error}");
    }
    Ok(serde_json::from_value(response.result.unwrap_or_default())?)
}

/// The answer to GET.
pub(crate) fn get<T: DeserializeOwned>(url: &str, path: &str) -> Result<T> {
    Ok(serde_json::from_slice(&request(url, "GET", path, "")?)?)
}

/// HTTP 1.0, so that the answer ends with the connection.
fn request(url: &str, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
    let host = url.strip_prefix("http://").context("a URL of loopback")?;
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end =
        answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").context("an answer without an end of its head")?;
    let status = String::from_utf8_lossy(&answer[..end]).lines().next().unwrap_or_default().to_owned();
    ensure!(status.split(' ').nth(1) == Some("200"), "{url}{path}: {status}");
    Ok(answer.split_off(end + 4))
}
