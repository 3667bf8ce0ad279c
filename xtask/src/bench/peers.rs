//! Derivation and execution beside kona's, in one process: a workspace of its own, because kona brings an older stack of alloy.

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

/// Builds the programs and lets them print their tables: with the libraries that we use for both, and for execution with
/// kona's crates as they come, too.
pub(crate) fn run() -> Result<()> {
    let target = target_directory()?.join("peers");
    let build = |features: &[&str]| {
        let mut build = step::cargo("build --release --locked --manifest-path");
        step::run("build", build.arg(MANIFEST).arg("--target-dir").arg(&target).args(features))
    };
    let program = || Command::new(target.join("release/kohala-peers"));
    build(&["--features", "secp256k1"])?;
    step::run("beside kona, with our libraries", program().arg("all").arg(channel()?))?;
    build(&[])?;
    step::run("beside kona as it comes", program().arg("execution"))
}

/// The channel that kona's own tests read: it comes with the crate's sources and is not ours to keep.
fn channel() -> Result<PathBuf> {
    let json = step::output(step::cargo("metadata --format-version 1 --locked --manifest-path").arg(MANIFEST));
    let metadata: Metadata = serde_json::from_str(&json.context("cargo metadata failed")?)?;
    let kona = metadata.packages.into_iter().find(|package| package.name == "kona-protocol");
    Ok(kona.context("no kona-protocol")?.manifest_path.with_file_name("testdata").join("batch.hex"))
}
