//! `cargo xtask sanitize`: tests of the crates that handle others' bytes, or memory itself, under AddressSanitizer, and of
//! the allocator under miri where that is installed.

use crate::step;
use anyhow::Result;
use std::process::Command;

/// What runs natively and is small enough to be built once more.
const PACKAGES: &str = "--package kohala-trie --package kohala-preimage --package kohala-fpvm";

/// Runs both, as far as they are there.
pub(crate) fn run() -> Result<()> {
    address_sanitizer()?;
    miri()
}

/// The standard toolchain has the sanitizer's runtime, and lets it be linked where it is told that it may be unstable.
fn address_sanitizer() -> Result<()> {
    let host = step::output(Command::new("rustc").arg("--print").arg("host-tuple"));
    let Some(host) = host.filter(|host| host.ends_with("-linux-gnu") || host.ends_with("-apple-darwin")) else {
        println!("\n== AddressSanitizer: left out, there is none for this system");
        return Ok(());
    };
    // With a target named, build scripts and macros are built without it. Another folder, so that nothing is built anew after.
    let arguments = format!("test --locked {PACKAGES} --lib --tests --target {host} --target-dir target/sanitize");
    let mut command = step::cargo(&arguments);
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address");
    step::run(
        "AddressSanitizer",
        command.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only").env("CARGO_INCREMENTAL", "0"),
    )
}

/// A nightly toolchain's interpreter. Of the allocator alone: hashes and random cases take it hours.
fn miri() -> Result<()> {
    let mut version = Command::new("cargo");
    if step::output(version.args(["+nightly", "miri", "--version"])).is_none() {
        println!("\n== miri: left out, `rustup component add miri rust-src --toolchain nightly` brings it");
        return Ok(());
    }
    let mut command = Command::new("cargo");
    command.args("+nightly miri test --locked --package kohala-fpvm --lib bump".split(' '));
    // The allocator makes addresses of numbers, and its pages are never given back.
    command.env("MIRIFLAGS", "-Zmiri-permissive-provenance -Zmiri-ignore-leaks");
    // What this task was started with names another toolchain.
    for variable in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(variable);
    }
    step::run("miri", &mut command)
}
