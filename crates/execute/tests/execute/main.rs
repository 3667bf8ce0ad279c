//! Execution against recorded chains, against a source that fails, and against single rules.

mod accelerated;
mod base_fee;
mod chains;
mod deposits;
mod environment;
mod failures;
mod fees;
mod forks;
mod karst;
mod model;
mod rules;
mod sepolia;
mod support;
mod validity;
