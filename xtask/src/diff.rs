//! `cargo xtask diff`: ours beside real peers, on more of what chance makes than the tests have time for.

use crate::step;
use anyhow::Result;

/// Compares derivation with op-node's on `cases` streams of this seed; at the first difference the case is kept among the
/// tests' cases.
pub(crate) fn derivation(cases: u64, seed: u64) -> Result<()> {
    run("derivation", "derives_what_op_node_derives", &[("KOHALA_DIFF_CASES", cases), ("KOHALA_DIFF_SEED", seed)])
}

/// Compares execution with op-geth's on chains of this seed, `blocks` of each fork, in the same way.
pub(crate) fn execution(blocks: u64, seed: u64) -> Result<()> {
    run("execution", "executes_what_op_geth_executes", &[("KOHALA_DIFF_BLOCKS", blocks), ("KOHALA_DIFF_SEED", seed)])
}

fn run(subject: &str, test: &str, variables: &[(&str, u64)]) -> Result<()> {
    let mut command = step::cargo(&format!(
        "test --release --locked --package kohala-interop --test {subject} -- --nocapture {test}"
    ));
    for (name, number) in variables {
        command.env(name, number.to_string());
    }
    // Without Go nothing would be compared.
    step::run(&format!("{subject} beside a peer's"), command.env("CI", "1"))
}
