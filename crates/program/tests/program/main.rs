//! The fault proof program on plain data: recorded chains, L1 with its end and its future, boot inputs, a new batcher,
//! an invalid span, and precompile calls by the oracle.

mod batcher;
mod boot;
mod chains;
mod end_of_l1;
mod l1_data;
mod precompiles;
mod spans;
mod support;
mod to_come;
