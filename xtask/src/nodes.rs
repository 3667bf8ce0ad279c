//! `cargo xtask nodes`: the chain of the tests' real peers, served for whoever wants to try Kohala on nodes.

use crate::step;
use anyhow::Result;

/// Serves until the process is interrupted.
pub(crate) fn run() -> Result<()> {
    step::run("nodes", &mut step::cargo("run --quiet --locked --package kohala-interop --bin nodes"))
}
