//! SP1's guests: with the compiler of the other guests, and with Succinct's own.
//!
//! The target is the one that Succinct's compiler has built in, written down (`targets/`), and the flags are those that
//! SP1's tools give. The two compilers make different bytes of the same sources, and so executables with different
//! verifying keys.

use super::{FOLDER, WITH_STD, build, finish};
use crate::{no_std, step};
use anyhow::{Result, bail};
use clap::ValueEnum;
use std::process::Command;

/// What compiles the guests.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Compiler {
    /// Debian's compiler or a nightly one, and the standard library from its source.
    #[default]
    Source,
    /// Succinct's, which `sp1up` installs: the target and its standard library are built in.
    Succinct,
}

/// Where the guests' sources lie, and which there are: packages of that workspace.
const SOURCE: &str = "guests/sp1";
const GUESTS: [&str; 3] = ["kohala-sp1-range", "kohala-sp1-aggregation", "kohala-sp1-probe"];

pub(super) const NAME: &str = "sp1";
const TARGET: &str = "riscv64im-succinct-zkvm-elf";

/// What SP1's own tools tell the compiler. The image begins where the stack, which grows down to 0, ends; what asks for
/// randomness is given SP1's; and the order of instructions costs fewest cycles bottom up.
const FLAGS: [&str; 6] = [
    "-Clink-arg=--image-base=0x78000000",
    "-Cpanic=abort",
    "--cfg",
    "getrandom_backend=\"custom\"",
    "-Cllvm-args=-misched-prera-direction=bottomup",
    "-Cllvm-args=-misched-postra-direction=bottomup",
];

/// Builds every guest, and says what each is.
pub(super) fn run(compiler: Compiler) -> Result<()> {
    match compiler {
        Compiler::Source => from_source(),
        Compiler::Succinct => with_succinct(),
    }
}

/// Builds the guests and the standard library.
fn from_source() -> Result<()> {
    let toolchain = no_std::toolchain()?;
    println!("{}", toolchain.version()?);
    let (sysroot, linker) = (toolchain.sysroot()?, format!("-Clinker={}", toolchain.linker()));
    let flags = FLAGS.into_iter().chain([linker.as_str()]).collect::<Vec<_>>();
    for guest in GUESTS {
        let mut cargo = toolchain.cargo();
        arguments(&mut cargo, guest, &format!("targets/{TARGET}.json"), FOLDER);
        cargo.args(WITH_STD).arg("-Zjson-target-spec");
        build(&mut cargo, NAME, &sysroot, &flags)?;
        finish(guest, FOLDER, TARGET, "")?;
    }
    Ok(())
}

/// Builds the guests with Succinct's compiler.
fn with_succinct() -> Result<()> {
    const TARGETS: &str = "target/guests/succinct";
    let rustup = |program: &str| {
        let mut command = Command::new("rustup");
        command.args(["run", "succinct", program]);
        command
    };
    let (Some(version), Some(sysroot)) =
        (step::output(rustup("rustc").arg("--version")), step::output(rustup("rustc").args(["--print", "sysroot"])))
    else {
        bail!("--toolchain succinct: `rustup toolchain list` has no `succinct`; SP1's `sp1up` installs it");
    };
    println!("{version}");
    for guest in GUESTS {
        let mut cargo = rustup("cargo");
        // That a place in a source file isn't told is unstable in it, too.
        cargo.env("RUSTC_BOOTSTRAP", "1");
        arguments(&mut cargo, guest, TARGET, TARGETS);
        // It may be older than what our crates say that they need; the compiler is the judge of that.
        cargo.arg("--ignore-rust-version");
        build(&mut cargo, NAME, sysroot.as_ref(), &FLAGS)?;
        // Other bytes, another verifying key: another name.
        finish(guest, TARGETS, TARGET, "-succinct")?;
    }
    Ok(())
}

/// Tells cargo what to build. One package at a time: what one guest turns on in a dependency, another does without.
fn arguments(cargo: &mut Command, guest: &str, target: &str, folder: &str) {
    cargo.args(["build", "--release", "--locked", "--manifest-path", &format!("{SOURCE}/Cargo.toml")]);
    cargo.args(["--package", guest, "--target", target, "--target-dir", folder]);
}
