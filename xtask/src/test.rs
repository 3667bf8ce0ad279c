//! `cargo xtask test`: everything that must hold before a change is merged, the cheap checks first.

use crate::{no_std, step, tidy};
use anyhow::Result;

/// Runs every check; the first that fails ends it.
pub(crate) fn run() -> Result<()> {
    step::run("format", &mut step::cargo("fmt --all --check"))?;
    tidy::run()?;
    deny()?;
    step::run("clippy", &mut step::cargo("clippy --workspace --all-targets --locked -- -D warnings"))?;
    step::run("tests", &mut step::cargo("test --workspace --locked"))?;
    let mut docs = step::cargo("doc --workspace --no-deps --document-private-items --locked");
    step::run("docs", docs.env("RUSTDOCFLAGS", "-D warnings"))?;
    no_std::run()?;
    println!("\nAll checks passed.");
    Ok(())
}

/// Licences, banned crates and sources of the dependencies; advisories are left out, they need the network.
///
/// Where cargo-deny isn't installed this is left out, too: building it takes longer than all the rest.
fn deny() -> Result<()> {
    if step::output(step::cargo("deny --version").env_remove("RUSTFLAGS")).is_none() {
        println!("\n== deny: left out, `cargo install --locked cargo-deny` brings it");
        return Ok(());
    }
    step::run("deny", &mut step::cargo("deny check licenses bans sources"))
}
