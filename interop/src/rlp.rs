//! RLP of what no type is made for.

use alloy_rlp::{Encodable, Header};

/// A list of these.
pub(crate) fn list(fields: &[&dyn Encodable]) -> Vec<u8> {
    let payload_length = fields.iter().map(|field| field.length()).sum();
    let mut list = Vec::new();
    Header { list: true, payload_length }.encode(&mut list);
    fields.iter().for_each(|field| field.encode(&mut list));
    list
}
