//! The fault proof program on plain data: recorded chains, the end of L1, boot inputs, a new batcher, an L1 to come, and
//! an invalid span.

mod batcher;
mod boot;
mod chains;
mod end_of_l1;
mod spans;
mod support;
mod to_come;
