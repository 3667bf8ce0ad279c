//! JSON-RPC as it is written and read, and what its errors mean.

use super::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

#[derive(Serialize)]
pub(super) struct Request<'a> {
    pub(super) jsonrpc: &'static str,
    pub(super) id: usize,
    pub(super) method: &'static str,
    pub(super) params: &'a Value,
}

#[derive(Deserialize)]
pub(super) struct Response<'a> {
    #[serde(default)]
    pub(super) id: Option<usize>,
    #[serde(borrow, default)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) error: Option<ErrorObject>,
}

#[derive(Deserialize)]
pub(super) struct ErrorObject {
    #[serde(default)]
    pub(super) code: i64,
    #[serde(default)]
    pub(super) message: String,
}

impl ErrorObject {
    pub(super) fn failure(self) -> Failure {
        let said = self.message.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let Self { code, message } = self;
        if matches!(code, 429 | -32002 | -32005 | -32016 | -32029)
            || says(&[
                "rate limit",
                "too many requests",
                "limit exceeded",
                "capacity exceeded",
                "overloaded",
                "timed out",
            ])
        {
            return Failure::Trouble(message, None);
        }
        if code == -32003 || says(&["batch too large", "response too large", "response size", "batch size"]) {
            return Failure::TooMuch;
        }
        if matches!(code, -32601 | -32004)
            || says(&["method not found", "does not exist/is not available", "not supported", "unsupported method"])
            || says(&["method is not whitelisted", "method not allowed", "is not available on"])
        {
            return Failure::Unsupported;
        }
        Failure::Refused(format!("{message} ({code})"))
    }
}

pub(super) fn read_answer<T>(
    response: Response<'_>,
    read: &impl Fn(&RawValue) -> Result<T, String>,
) -> Result<T, Failure> {
    match response {
        Response { error: Some(error), .. } => Err(error.failure()),
        Response { result: Some(raw), .. } if raw.get() != "null" => read(raw).map_err(Failure::Refused),
        _ => Err(Failure::Refused("null: the node doesn't have it".to_owned())),
    }
}
