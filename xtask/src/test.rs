//! `cargo xtask test`: everything that must hold before a change is merged, the cheap checks first.

use crate::{
    book, deny,
    guests::{self, Guests},
    step, tidy,
};
use anyhow::{Result, ensure};
use std::process::Command;

/// What SP1's prover is built with, on Debian: the compiler of messages, and messages that its own are made of.
const PROTOBUF: [&str; 2] = ["protobuf-compiler", "libprotobuf-dev"];

/// Runs every check; the first that fails ends it.
pub(crate) fn run() -> Result<()> {
    step::run("format", &mut step::cargo("fmt --all --check"))?;
    // Workspaces of their own.
    step::run("format", &mut step::cargo("fmt --all --check --manifest-path benches/peers/Cargo.toml"))?;
    step::run("format", &mut step::cargo("fmt --all --check --manifest-path guests/fpvm/Cargo.toml"))?;
    step::run("format", &mut step::cargo("fmt --all --check --manifest-path guests/sp1/Cargo.toml"))?;
    step::run("format", &mut step::cargo("fmt --all --check --manifest-path guests/risc0/Cargo.toml"))?;
    step::run("format", &mut step::cargo("fmt --all --check --manifest-path provers/sp1/Cargo.toml"))?;
    tidy::run()?;
    deny::run()?;
    step::run("clippy", &mut step::cargo("clippy --workspace --all-targets --locked -- -D warnings"))?;
    sp1()?;
    // The core crates without `std`, and what a test of `kohala` runs on the VMs.
    guests::run(&Guests::default())?;
    emulator()?;
    chromium()?;
    prover()?;
    step::run("tests", &mut step::cargo("test --workspace --locked"))?;
    // In the workspace it has what only a native host turns on.
    step::run("execution as on a VM", &mut step::cargo("test --package kohala-execute --locked"))?;
    let mut docs = step::cargo("doc --workspace --no-deps --document-private-items --locked");
    step::run("docs", docs.env("RUSTDOCFLAGS", "-D warnings"))?;
    book::run()?;
    println!("\nAll checks passed.");
    Ok(())
}

/// qemu's emulator of RISC-V, which a test of `vm` compares ours with. A person is told by the test that it is missing;
/// continuous integration gets it.
fn emulator() -> Result<()> {
    let has_qemu = || step::output(Command::new("qemu-riscv64").arg("--version")).is_some();
    if has_qemu() || std::env::var_os("CI").is_none() {
        return Ok(());
    }
    step::install(&["qemu-user"])?;
    ensure!(has_qemu(), "the tests of kohala-vm need qemu-riscv64: `apt-get install qemu-user`");
    Ok(())
}

/// The browser that a test of `kohala` looks at pages of runs with. A person is told by the test that it is missing; continuous
/// integration gets it.
fn chromium() -> Result<()> {
    let has_chromium = || step::output(Command::new("chromium").arg("--version")).is_some();
    if has_chromium() || std::env::var_os("CI").is_none() {
        return Ok(());
    }
    step::install(&["chromium"])?;
    ensure!(has_chromium(), "the tests of kohala need chromium: `apt-get install chromium`");
    Ok(())
}

/// What SP1's guests have besides the program, natively: stand-ins take the place of SP1's precompiles.
fn sp1() -> Result<()> {
    const PACKAGES: &str =
        "--manifest-path guests/sp1/Cargo.toml --package kohala-sp1-curves --package kohala-sp1-runtime --locked";
    step::run("SP1 clippy", &mut step::cargo(&format!("clippy {PACKAGES} --all-targets -- -D warnings")))?;
    step::run("SP1 tests", &mut step::cargo(&format!("test {PACKAGES}")))
}

/// The prover of SP1's guests, which tests of `kohala` start: about 15 minutes of a core the first time. With one profile nothing is
/// built twice.
fn prover() -> Result<()> {
    let has_protoc = || step::output(Command::new("protoc").arg("--version")).is_some();
    if !has_protoc() {
        step::install(&PROTOBUF)?;
    }
    ensure!(has_protoc(), "SP1's prover is built with protoc: `apt-get install {}`", PROTOBUF.join(" "));
    step::run("prover", &mut step::cargo("test --release --locked --manifest-path provers/sp1/Cargo.toml"))
}
