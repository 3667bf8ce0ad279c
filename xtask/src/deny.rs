//! The dependencies of every workspace: licences, bans, sources, and what is known against them.

use crate::step;
use anyhow::{Result, bail, ensure};

/// A version that the project's compiler builds.
const CARGO_DENY: &str = "0.20.2";

/// The workspaces, each with a lock file of its own, and what holds for it.
const WORKSPACES: [(&str, &str); 6] = [
    ("Cargo.toml", "deny.toml"),
    ("guests/fpvm/Cargo.toml", "deny.toml"),
    ("guests/sp1/Cargo.toml", "deny.toml"),
    ("guests/risc0/Cargo.toml", "deny.toml"),
    ("provers/sp1/Cargo.toml", "provers/sp1/deny.toml"),
    ("benches/peers/Cargo.toml", "benches/peers/deny.toml"),
];

/// Checks licences, banned crates and sources. Advisories are left out, they need the network.
///
/// Without cargo-deny a person is told how to get it, and continuous integration gets it: unoptimised, because that
/// is quicker to build than it is slow to run.
pub(crate) fn run() -> Result<()> {
    if !is_installed() {
        if std::env::var_os("CI").is_none() {
            println!("\n== deny: left out, `cargo {}` brings it", install());
            return Ok(());
        }
        step::run("install", step::cargo(&install()).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    }
    // Not every workspace has every licence that it may have.
    check("-A license-not-encountered licenses bans sources")
}

/// Checks for advisories: cargo-deny fetches RustSec's database, a git repository, or fails.
pub(crate) fn audit() -> Result<()> {
    ensure!(is_installed(), "audit needs cargo-deny: `cargo {}`", install());
    check("advisories")
}

fn check(what: &str) -> Result<()> {
    let mut failed = Vec::new();
    for (manifest, rules) in WORKSPACES {
        let arguments = format!("deny --locked --manifest-path {manifest} --config {rules} check {what}");
        if let Err(error) = step::run("deny", &mut step::cargo(&arguments)) {
            println!("{error}");
            failed.push(manifest);
        }
    }
    if !failed.is_empty() {
        bail!("cargo deny objects to {}", failed.join(", "));
    }
    Ok(())
}

fn is_installed() -> bool {
    step::output(&mut step::cargo("deny --version")).is_some()
}

fn install() -> String {
    format!("install --locked --debug cargo-deny@{CARGO_DENY}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    /// The folders below with a lock file, relative to the root.
    fn locked(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_owned();
            if path.is_dir() && name != "target" && name != ".git" {
                locked(&path, found);
            } else if name == "Cargo.lock" {
                let manifest = path.with_extension("toml");
                found.push(manifest.strip_prefix(step::root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_lock_file_is_checked() {
        let mut found = Vec::new();
        locked(&step::root(), &mut found);
        let mut checked = WORKSPACES.map(|(manifest, _)| manifest);
        found.sort();
        checked.sort_unstable();
        assert_eq!(found, checked);
    }
}
