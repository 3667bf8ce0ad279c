//! Execution against recorded chains, against a source that fails, and against single rules.

mod accelerated;
mod chains;
mod failures;
mod forks;
mod karst;
mod model;
mod rules;
mod support;
