//! The built binary and its library: guests run as SP1's own tools run them, mocks made and checked, bad input refused.
//!
//! `cargo test --release --manifest-path provers/sp1/Cargo.toml`, after `cargo xtask guests --target sp1`.

mod aggregation;
mod execution;
mod input;
mod mocks;
mod phases;
mod requirements;
mod statement;
mod support;
