//! Kohala's derivation, trie and execution beside kona's (for some of the trie beside alloy's), in one process and over the same data. Every case first makes sure that both
//! come to the same answer; what is measured is left to the two programs: `kohala-peers` times, `count` counts memory.
//!
//! Nothing here is a test of Kohala, and nothing of the product knows this crate.

mod cases;
mod chain;
mod channel;
mod derivation;
mod execution;
mod trie;

pub use cases::{Bars, Case, Side, cases};
