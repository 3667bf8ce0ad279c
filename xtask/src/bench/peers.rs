//! Derivation beside kona's, in one process: a workspace of its own, because kona brings an older stack of alloy.

use super::target_directory;
use crate::step;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{path::PathBuf, process::Command};

const MANIFEST: &str = "benches/peers/Cargo.toml";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

/// Builds the programs and lets them print their table.
pub(crate) fn run() -> Result<()> {
    let target = target_directory()?.join("peers");
    let mut build = step::cargo("build --release --locked --manifest-path");
    step::run("build", build.arg(MANIFEST).arg("--target-dir").arg(&target))?;
    step::run("beside kona", Command::new(target.join("release/kohala-peers")).arg(channel()?))
}

/// The channel that kona's own tests read: it comes with the crate's sources and is not ours to keep.
fn channel() -> Result<PathBuf> {
    let json = step::output(step::cargo("metadata --format-version 1 --locked --manifest-path").arg(MANIFEST));
    let metadata: Metadata = serde_json::from_str(&json.context("cargo metadata failed")?)?;
    let kona = metadata.packages.into_iter().find(|package| package.name == "kona-protocol");
    Ok(kona.context("no kona-protocol")?.manifest_path.with_file_name("testdata").join("batch.hex"))
}
