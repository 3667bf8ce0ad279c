//! RLP of nodes, appended to one scratch buffer that serves as a stack: a parent's unfinished list lies below its
//! child's, so each byte is written once and no length is computed by walking a subtree.

use crate::path::nibble;
use alloc::vec::Vec;
use alloy_rlp::{EMPTY_STRING_CODE, Encodable, Header};

/// Room for the header of a list whose length is not known yet: a branch's payload has at most 16 · 33 + 1 bytes.
const LIST_HEADER: usize = 3;

/// Appends the empty item: no child, no value, or the whole empty trie.
pub(crate) fn empty(out: &mut Vec<u8>) {
    out.push(EMPTY_STRING_CODE);
}

/// Appends a leaf whose path is the nibbles of `key` from `start` to its end.
pub(crate) fn leaf(out: &mut Vec<u8>, key: &[u8], start: usize, value: &[u8]) {
    let end = 2 * key.len();
    let payload_length = path_length(end - start) + value.length();
    Header { list: true, payload_length }.encode(out);
    path(out, key, start, end, 0x20);
    value.encode(out);
}

/// Begins a node with children whose items the caller appends next: a branch. Answers where it begins.
pub(crate) fn begin_branch(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; LIST_HEADER]);
    start
}

/// Begins an extension over the nibbles `start..end` of `key`; its child's reference comes next.
pub(crate) fn begin_extension(out: &mut Vec<u8>, key: &[u8], start: usize, end: usize) -> usize {
    let begin = begin_branch(out);
    path(out, key, start, end, 0x00);
    begin
}

/// Ends the node begun at `start`: writes its header before its items. Answers where its encoding begins.
pub(crate) fn end(out: &mut [u8], start: usize) -> usize {
    let items = start + LIST_HEADER;
    let payload_length = out.len() - items;
    let header = Header { list: true, payload_length };
    let encoding = items - header.length();
    header.encode(&mut &mut out[encoding..items]);
    encoding
}

/// Bytes of the RLP string that a path of so many nibbles takes.
const fn path_length(nibbles: usize) -> usize {
    let compact = 1 + nibbles / 2;
    if compact == 1 { 1 } else { 1 + compact }
}

/// Appends the nibbles `start..end` of `key` as an RLP string in hex-prefix encoding (Yellow Paper, appendix C).
fn path(out: &mut Vec<u8>, key: &[u8], start: usize, end: usize, flag: u8) {
    let nibbles = end - start;
    if nibbles > 1 {
        out.push(EMPTY_STRING_CODE + 1 + (nibbles / 2) as u8);
    }
    let odd = nibbles % 2;
    out.push(if odd == 1 { flag | 0x10 | nibble(key, start) } else { flag });
    if end.is_multiple_of(2) {
        out.extend_from_slice(&key[(start + odd) / 2..end / 2]);
    } else {
        out.extend((start + odd..end).step_by(2).map(|at| nibble(key, at) << 4 | nibble(key, at + 1)));
    }
}
