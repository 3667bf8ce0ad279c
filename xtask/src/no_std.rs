//! `cargo xtask no-std`: the core crates built for the bare metal of the fault proof VMs.
//!
//! Neither target has a prebuilt `core` (asterisc runs no compressed instructions, for cannon there is no target at
//! all), so `core` and `alloc` are built from source. That needs an unstable cargo: Debian's rustc-web with its source
//! package, told to accept unstable options, or a nightly with rust-src.

use crate::step;
use anyhow::{Context, Result, bail};
use std::{path::PathBuf, process::Command};

/// The crates that run on a VM.
const CRATES: [&str; 6] =
    ["kohala-protocol", "kohala-derive", "kohala-trie", "kohala-execute", "kohala-preimage", "kohala-program"];

/// Each target with its compiler flags.
const TARGETS: [(&str, &str); 2] = [
    // asterisc: RV64 without compressed instructions.
    ("riscv64imac-unknown-none-elf", "-Ctarget-feature=-c,-zca"),
    // cannon.
    ("targets/mips64-unknown-none.json", ""),
];

/// The oldest compiler that knows all the options below and the crates' edition.
const OLDEST: u32 = 95;

const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld"];

/// Builds every core crate for every target.
pub(crate) fn run() -> Result<()> {
    let toolchain = toolchain()?;
    for (target, flags) in TARGETS {
        let mut cargo = toolchain.cargo();
        cargo.args(["build", "--target", target, "--target-dir", "target/bare"]);
        cargo.args(["-Zbuild-std=core,alloc", "-Zbuild-std-features=compiler-builtins-mem", "-Zjson-target-spec"]);
        cargo.args(CRATES.iter().flat_map(|name| ["--package", name]));
        cargo.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", flags);
        // Nothing of it is run: that it compiles is the check.
        cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
        step::run("no_std", &mut cargo)?;
    }
    Ok(())
}

/// The compiler, which is installed where there is none and that can be done.
pub(crate) fn toolchain() -> Result<Toolchain> {
    Toolchain::find().map_or_else(install, Ok)
}

/// A compiler that can build `core`.
pub(crate) enum Toolchain {
    Debian,
    Nightly,
}

impl Toolchain {
    fn find() -> Option<Self> {
        [Self::Debian, Self::Nightly].into_iter().find(Self::is_usable)
    }

    /// True if it is recent enough and its standard library's source is there.
    fn is_usable(&self) -> bool {
        let version = step::output(self.rustc().arg("--version"));
        let (Some(version), Ok(sysroot)) = (version, self.sysroot()) else { return false };
        let recent = minor(&version).is_some_and(|minor| minor >= OLDEST);
        recent && sysroot.join("lib/rustlib/src/rust/library/Cargo.lock").exists()
    }

    /// The folder that its libraries lie in.
    pub(crate) fn sysroot(&self) -> Result<PathBuf> {
        let sysroot = step::output(self.rustc().args(["--print", "sysroot"]));
        sysroot.map(PathBuf::from).context("the compiler doesn't say where its libraries are")
    }

    /// What it says it is: executables of another one are others.
    pub(crate) fn version(&self) -> Result<String> {
        step::output(self.rustc().arg("--version")).context("the compiler doesn't say which one it is")
    }

    /// The linker that there is for it.
    pub(crate) const fn linker(&self) -> &'static str {
        match self {
            Self::Debian => "ld.lld",
            Self::Nightly => "rust-lld",
        }
    }

    fn rustc(&self) -> Command {
        match self {
            Self::Debian => Command::new("/usr/bin/rustc"),
            Self::Nightly => rustup_run("rustc"),
        }
    }

    pub(crate) fn cargo(&self) -> Command {
        match self {
            Self::Debian => {
                let mut cargo = Command::new("/usr/bin/cargo");
                let path = std::env::var("PATH").unwrap_or_default();
                cargo
                    .env("PATH", format!("/usr/bin:{path}"))
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("RUSTC_BOOTSTRAP", "1");
                cargo
            }
            Self::Nightly => rustup_run("cargo"),
        }
    }
}

fn rustup_run(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    command
}

/// The 95 of `rustc 1.95.0 (…)`.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

/// Installs Debian's compiler where that can be done, or says what to install.
fn install() -> Result<Toolchain> {
    let packages = DEBIAN_PACKAGES.join(" ");
    if !step::install(&DEBIAN_PACKAGES)? {
        bail!(
            "building `core` from source needs a compiler with its library's source; install one of:\n  \
             apt-get install {packages}   (Debian, version 1.{OLDEST} or newer)\n  \
             rustup toolchain install nightly --component rust-src"
        );
    }
    Toolchain::find().with_context(|| format!("{packages} are installed, but older than 1.{OLDEST}"))
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn reads_the_compilers_version() {
        assert_eq!(minor("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"), Some(96));
        assert_eq!(minor("rustc 1.97.0-nightly (abc 2026-06-01)"), Some(97));
        assert_eq!(minor("clang 14"), None);
    }
}
