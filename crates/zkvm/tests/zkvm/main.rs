//! What is proven: its words, the chain's hash, and the joining of statements.

mod aggregation;
mod chain;
mod statement;
