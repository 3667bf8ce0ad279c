//! The crate's tests, from outside: alloy-trie is the witness for what is right, bytes by hand for what is wrong.

mod history;
mod list;
mod malformed;
mod support;
mod trie;
