//! Answers that come in place of the node's, and what is changed in the node's own.

use super::{
    fault::{Fault, Strike},
    request::{Asked, Call, number},
};
use hyper::{HeaderMap, StatusCode, body::Bytes, header};
use serde_json::{Value, json};

/// An answer on its way to the client.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = [(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type))].into_iter().collect();
        Self { status, headers, body: body.into() }
    }

    fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

/// The answer that a fault gives without asking the node.
pub(super) fn instead(strike: &Strike, asked: &Asked) -> Option<Answer> {
    let not_found = |message: &str| {
        let body = json!({ "code": 404, "message": message });
        Some(Answer::json(StatusCode::NOT_FOUND, &body))
    };
    let plain = |status, text: &'static str| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Answer::new(status, "text/plain", text)
    };
    match (&strike.rule.fault, asked) {
        (Fault::Status { status, retry_after }, _) => {
            let mut answer = plain(*status, "not now\n");
            answer.headers.extend(retry_after.map(|seconds| (header::RETRY_AFTER, seconds.into())));
            Some(answer)
        }
        (Fault::Page, _) => {
            let page = "<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>\n";
            Some(Answer::new(StatusCode::OK, "text/html", page))
        }
        (Fault::BatchRefused { above, status }, asked) if asked.batch_len().is_some_and(|len| len > *above) => {
            Some(match status {
                Some(status) => plain(*status, "batch too large\n"),
                None => Answer::json(StatusCode::OK, &error(&Value::Null, -32600, "batch too large")),
            })
        }
        (Fault::Missing(methods), Asked::Path { method, .. }) if methods.contains(method) => not_found("not found"),
        (Fault::StaleHead(head), Asked::Path { slot, .. }) => {
            let is_above = slot == "head" || slot.parse::<u64>().is_ok_and(|slot| slot > *head);
            is_above.then(|| not_found("block not found")).flatten()
        }
        _ => None,
    }
}

/// Changes the node's answer; false if the fault finds nothing to change.
pub(super) fn change(strike: &Strike, asked: &Asked, answer: &mut Answer) -> bool {
    let changes = matches!(
        strike.rule.fault,
        Fault::Altered
            | Fault::StaleHead(_)
            | Fault::Null
            | Fault::Error { .. }
            | Fault::Missing(_)
            | Fault::Reversed
            | Fault::LeftOut
    );
    if !changes {
        return false;
    }
    let Ok(mut json) = serde_json::from_slice(&answer.body) else { return false };
    let changed = match (&strike.rule.fault, asked, &mut json) {
        (Fault::Reversed, _, Value::Array(items)) => {
            items.reverse();
            items.len() > 1
        }
        (Fault::LeftOut, _, Value::Array(items)) => leave_out(strike, asked, items),
        (_, Asked::Path { .. }, json) => change_data(strike, json),
        (_, _, Value::Array(items)) => {
            let changes: Vec<_> = items.iter_mut().map(|item| change_item(strike, asked, item)).collect();
            changes.contains(&true)
        }
        (_, _, item) => change_item(strike, asked, item),
    };
    if changed {
        answer.body = json.to_string().into();
    }
    changed
}

/// Removes one of the answers that the rule is about.
fn leave_out(strike: &Strike, asked: &Asked, items: &mut Vec<Value>) -> bool {
    let is_meant = |item: &Value| asked.call(&item["id"]).is_some_and(|call| strike.rule.is_about(&call.method));
    let meant: Vec<_> = (0..items.len()).filter(|index| is_meant(&items[*index])).collect();
    let chosen = (strike.chance as usize).checked_rem(meant.len());
    chosen.map(|chosen| items.remove(meant[chosen])).is_some()
}

/// Changes what a beacon node answered.
fn change_data(strike: &Strike, answer: &mut Value) -> bool {
    let data = &mut answer["data"];
    match &strike.rule.fault {
        Fault::Null => *data = Value::Null,
        Fault::Altered => {
            let sidecars = data.as_array_mut().filter(|items| items.iter().any(|item| item.get("blob").is_some()));
            return match sidecars {
                Some(sidecars) => {
                    let blobs = sidecars.iter_mut().filter_map(|sidecar| sidecar.get_mut("blob"));
                    alter(&mut blobs.collect::<Vec<_>>(), strike.chance)
                }
                None => alter(&mut [data], strike.chance),
            };
        }
        _ => return false,
    }
    true
}

/// Changes the answer to one call.
fn change_item(strike: &Strike, asked: &Asked, item: &mut Value) -> bool {
    let Some(call) = asked.call(&item["id"]).filter(|call| strike.rule.is_about(&call.method)) else { return false };
    match &strike.rule.fault {
        Fault::Altered => return item.get_mut("result").is_some_and(|result| alter(&mut [result], strike.chance)),
        Fault::StaleHead(head) => return hide(call, *head, item),
        Fault::Null => *item = json!({ "jsonrpc": "2.0", "id": call.id, "result": null }),
        Fault::Error { code, message } => *item = error(&call.id, *code, message),
        Fault::Missing(methods) if methods.contains(&call.method) => {
            *item = error(&call.id, -32601, "the method does not exist/is not available");
        }
        _ => return false,
    }
    true
}

/// Takes back an answer about a block above `head`.
fn hide(call: &Call, head: u64, item: &mut Value) -> bool {
    if call.method == "eth_blockNumber" {
        let told = item["result"].as_str().and_then(number);
        item["result"] = format!("{:#x}", told.unwrap_or_default().min(head)).into();
        return told.is_some_and(|told| told > head);
    }
    let is_above = call.block_number().or_else(|| told_number(&item["result"])).is_some_and(|number| number > head);
    if is_above {
        let finds_null = call.method.starts_with("eth_getBlock") || call.method.starts_with("eth_getTransaction");
        *item = match finds_null {
            true => json!({ "jsonrpc": "2.0", "id": call.id, "result": null }),
            false => error(&call.id, -32000, "header not found"),
        };
    }
    is_above
}

/// The block number that a block, an output, a transaction, a receipt or a list of them tells.
fn told_number(result: &Value) -> Option<u64> {
    let result = result.get(0).unwrap_or(result);
    let told = ["number", "blockNumber"].into_iter().find_map(|name| result.get(name));
    number(told?.as_str()?)
}

/// The strings of hex digits in a value.
fn hex_strings<'a>(value: &'a mut Value, found: &mut Vec<&'a mut String>) {
    match value {
        Value::String(text) => {
            let digits = text.strip_prefix("0x").unwrap_or_default();
            if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                found.push(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hex_strings(item, found)),
        Value::Object(fields) => fields.values_mut().for_each(|field| hex_strings(field, found)),
        _ => {}
    }
}

/// Makes one hex digit another, each digit as likely as any; false if there is none.
fn alter(values: &mut [&mut Value], chance: u64) -> bool {
    let mut strings = Vec::new();
    values.iter_mut().for_each(|value| hex_strings(value, &mut strings));
    let digits: usize = strings.iter().map(|text| text.len() - 2).sum();
    let Some(mut place) = ((chance >> 4) as usize).checked_rem(digits) else { return false };
    for text in strings {
        if place >= text.len() - 2 {
            place -= text.len() - 2;
            continue;
        }
        let at = 2 + place;
        let digit = u8::from_str_radix(&text[at..=at], 16).unwrap_or_default();
        // Never the same: what is added is not a multiple of 16.
        let other = (digit + 1 + (chance % 15) as u8) % 16;
        text.replace_range(at..=at, &format!("{other:x}"));
        return true;
    }
    false
}
