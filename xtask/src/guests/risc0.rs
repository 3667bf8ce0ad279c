//! RISC Zero's guest, with the compiler of the other guests: its target is built into rustc. RISC Zero's own compiler, which
//! `rzup` installs, would make another image.

use super::{FOLDER, WITH_STD, build, finish};
use crate::no_std;
use anyhow::Result;

const SOURCE: &str = "guests/risc0";
const GUEST: &str = "kohala-risc0-range";

pub(super) const NAME: &str = "risc0";
const TARGET: &str = "riscv32im-risc0-zkvm-elf";

/// What RISC Zero's own tools tell the compiler. The image begins behind the stack, which grows down to 0; what asks for
/// randomness is given RISC Zero's.
const FLAGS: [&str; 4] = ["-Clink-arg=-Ttext=0x00200800", "-Cpanic=abort", "--cfg", "getrandom_backend=\"custom\""];

/// Builds the guest and the standard library, and says what it is.
pub(super) fn run() -> Result<()> {
    let toolchain = no_std::toolchain()?;
    println!("{}", toolchain.version()?);
    let mut cargo = toolchain.cargo();
    cargo.args(["build", "--release", "--locked", "--manifest-path", &format!("{SOURCE}/Cargo.toml")]);
    cargo.args(["--target", TARGET, "--target-dir", FOLDER]);
    cargo.args(WITH_STD);
    let linker = format!("-Clinker={}", toolchain.linker());
    let flags = FLAGS.into_iter().chain([linker.as_str()]).collect::<Vec<_>>();
    build(&mut cargo, NAME, &toolchain.sysroot()?, &flags)?;
    finish(GUEST, FOLDER, TARGET, "")
}
