//! JSON-RPC as it is written and read, and what its errors mean.

use super::Failure;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};
use std::fmt;

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

/// Responses in an answer at most: more than any batch has calls. Each takes many times the memory of the three bytes that it
/// may be.
const MAX_RESPONSES: usize = 10_000;

/// The answer to a batch.
pub(super) struct Responses<'a>(pub(super) Vec<Response<'a>>);

impl<'de> Deserialize<'de> for Responses<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Several;

        impl<'de> Visitor<'de> for Several {
            type Value = Vec<Response<'de>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MAX_RESPONSES} responses")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut responses = Vec::new();
                while let Some(response) = seq.next_element()? {
                    if responses.len() == MAX_RESPONSES {
                        return Err(A::Error::invalid_length(MAX_RESPONSES + 1, &self));
                    }
                    responses.push(response);
                }
                Ok(responses)
            }
        }

        deserializer.deserialize_seq(Several).map(Self)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_no_more_responses_than_a_batch_can_have_calls() {
        let of = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        let read = |text: &str| serde_json::from_str::<Responses<'_>>(text).map(|responses| responses.0.len()).ok();
        assert_eq!(read(&of(MAX_RESPONSES)), Some(MAX_RESPONSES));
        assert_eq!(read(&of(MAX_RESPONSES + 1)), None);
        assert_eq!(read(r#"[{"id":1,"result":"0x1"},{"error":{"code":1,"message":"no"}}]"#), Some(2));
        assert_eq!(read("{}"), None);
    }
}
