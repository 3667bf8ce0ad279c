//! `cargo xtask diff`: our derivation beside op-node's, on more streams than the tests have time for.

use crate::step;
use anyhow::Result;

/// Compares both on `cases` streams of this seed; at the first difference the case is kept among the tests' cases.
pub(crate) fn run(cases: u64, seed: u64) -> Result<()> {
    let mut test = step::cargo(
        "test --release --locked --package kohala-interop --test derivation -- --nocapture derives_what_op_node_derives",
    );
    test.env("KOHALA_DIFF_CASES", cases.to_string()).env("KOHALA_DIFF_SEED", seed.to_string());
    // Without Go nothing would be compared.
    step::run("derivation beside op-node's", test.env("CI", "1"))
}
