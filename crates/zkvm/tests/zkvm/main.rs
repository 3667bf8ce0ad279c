//! What is proven: its words, the chain's hash, and the joining of statements.

mod chain;
mod range;
mod statement;
