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
    // An emulator of RISC-V, which ours is compared with; and a browser, which looks at pages of runs.
    bring("qemu-riscv64", "qemu-user", "kohala-vm")?;
    bring("chromium", "chromium", "kohala")?;
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

/// What a test runs if it is there, a program that a package of Debian's brings. A person is told by the test that it is missing;
/// continuous integration gets it.
fn bring(program: &str, package: &str, needed_by: &str) -> Result<()> {
    if has(program) || std::env::var_os("CI").is_none() {
        return Ok(());
    }
    step::install(&[package])?;
    ensure!(has(program), "the tests of {needed_by} need {program}: `apt-get install {package}`");
    Ok(())
}

fn has(program: &str) -> bool {
    step::output(Command::new(program).arg("--version")).is_some()
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
    if !has("protoc") {
        step::install(&PROTOBUF)?;
    }
    ensure!(has("protoc"), "SP1's prover is built with protoc: `apt-get install {}`", PROTOBUF.join(" "));
    step::run("prover", &mut step::cargo("test --release --locked --manifest-path provers/sp1/Cargo.toml"))
}
