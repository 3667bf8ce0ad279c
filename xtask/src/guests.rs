//! `cargo xtask guests`: the program as executables of fault proof VMs and zkVMs, the same bytes wherever they are built.
//!
//! What a compiler takes from where it runs is taken from it: folders are renamed, panics don't say where they arose, and
//! what cargo tells crates apart by, which it makes of their folders, is made of their names and versions instead: for
//! that this program stands before the compiler ([`compile`]).

mod fpvm;
mod instructions;
mod risc0;
mod sp1;

use crate::step;
use alloy_primitives::hex;
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// What `cargo xtask guests` is told.
#[derive(Args, Default)]
pub(crate) struct Guests {
    /// A chain's configuration as op-node reads it, to be compiled in: for a chain that Kohala doesn't know.
    #[arg(long, value_name = "FILE")]
    rollup_config: Option<PathBuf>,
    /// Its L1's configuration as geth writes it; needed if Kohala doesn't know that one either.
    #[arg(long, value_name = "FILE", requires = "rollup_config")]
    l1_config: Option<PathBuf>,
    /// Has the guest look up L1 blocks far below the L1 head in L1's state instead of reading every header on the way: it
    /// then needs Kohala's host, and an L1 archive node once the L1 head is 128 blocks old.
    #[arg(long)]
    l1_history: bool,
    /// Builds for one VM only; for RISC Zero's only if it is named.
    #[arg(long)]
    target: Option<Target>,
    /// What SP1's guests are built with: other compilers make other bytes, and so other verifying keys.
    #[arg(long = "toolchain", value_enum, default_value_t)]
    compiler: sp1::Compiler,
}

impl Guests {
    /// Those of SP1 alone.
    pub(crate) fn for_sp1() -> Self {
        Self { target: Some(Target::Sp1), ..Self::default() }
    }
}

/// A VM.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// asterisc
    Riscv64,
    /// cannon
    Mips64,
    /// SP1
    Sp1,
    /// RISC Zero
    Risc0,
}

/// Where the executables go.
pub(crate) const FOLDER: &str = "target/guests";

/// What is set, to the VM's name, where this program stands before the compiler.
const COMPILING: &str = "KOHALA_GUESTS_COMPILING";

/// Builds the guests, checks them, and says what they are.
pub(crate) fn run(guests: &Guests) -> Result<()> {
    let is_zkvm_only = matches!(guests.target, Some(Target::Sp1 | Target::Risc0));
    ensure!(
        guests.target == Some(Target::Sp1) || guests.compiler == sp1::Compiler::default(),
        "--toolchain: only SP1's guests have a choice, say --target sp1 with it"
    );
    ensure!(
        !is_zkvm_only || (guests.rollup_config.is_none() && !guests.l1_history),
        "--rollup-config, --l1-history: they are the fault proof VMs', guests of zkVMs are told with their input"
    );
    let chain = fpvm::chain(guests)?;
    let is_wanted = |target| guests.target.is_none_or(|only| only == target);
    for (target, vm) in [(Target::Riscv64, fpvm::Vm::Asterisc), (Target::Mips64, fpvm::Vm::Cannon)] {
        if is_wanted(target) {
            fpvm::run(vm, &chain, guests.l1_history)?;
        }
    }
    if is_wanted(Target::Sp1) {
        sp1::run(guests.compiler)?;
    }
    // Kept out of every build: it takes minutes.
    if guests.target == Some(Target::Risc0) {
        risc0::run()?;
    }
    Ok(())
}

/// Writes a guest's executable, and says what it is.
fn write(name: &str, bytes: &[u8]) -> Result<()> {
    let path = step::root().join(FOLDER).join(name);
    fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    println!("{FOLDER}/{name}");
    println!("  sha256             {}", hex::encode(Sha256::digest(bytes)));
    Ok(())
}

/// What cargo is told to build the standard library, too: guests of zkVMs have it.
const WITH_STD: [&str; 2] = ["-Zbuild-std=core,alloc,std,panic_abort", "-Zbuild-std-features=compiler-builtins-mem"];

/// Writes what cargo has built for `target` in `folder`, with `suffix` behind the guest's name.
fn finish(guest: &str, folder: &str, target: &str, suffix: &str) -> Result<()> {
    let built = step::root().join(folder).join(target).join("release").join(guest);
    let bytes = fs::read(&built).with_context(|| built.display().to_string())?;
    write(&format!("{guest}{suffix}.elf"), &bytes)
}

/// Has `cargo` build a guest with `flags` of the compiler, and the same bytes in every folder.
fn build(cargo: &mut Command, vm: &str, sysroot: &Path, flags: &[&str]) -> Result<()> {
    let root = step::root();
    let mut flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    // All these VMs have one thread: atomics are plain accesses.
    flags.extend(["-Cpasses=lower-atomic", "-Zlocation-detail=none"].map(str::to_owned));
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo"))).context("cargo's folder: no home directory")?;
    for (folder, name) in [(root.as_path(), "kohala"), (&home, "cargo"), (sysroot, "rust")] {
        flags.push(format!("--remap-path-prefix={}=/{name}", folder.display()));
    }
    cargo.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    cargo.env("RUSTC_WRAPPER", env::current_exe()?).env(COMPILING, vm);
    step::run("guests", cargo)
}

/// Runs the compiler in cargo's stead, if this is what cargo called this program for.
pub(crate) fn compile() -> Option<ExitCode> {
    let is_zkvm = [sp1::NAME, risc0::NAME].contains(&env::var(COMPILING).ok()?.as_str());
    let mut arguments = env::args().skip(1);
    let compiler = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let name = arguments.iter().position(|argument| argument == "--crate-name").and_then(|at| arguments.get(at + 1));
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // The standard library has crates of the same names and versions as ours; cargo marks it by this.
    let is_library = is_zkvm && arguments.iter().any(|argument| argument == "force-unstable-if-unmarked");
    let library = if is_library { "library-" } else { "" };
    let identity = name.map(|name| format!("metadata={library}{name}-{version}"));
    let arguments = arguments.iter().map(|argument| match &identity {
        Some(identity) if argument.starts_with("metadata=") => identity,
        _ => argument,
    });
    let status = Command::new(&compiler).args(arguments).status();
    Some(match status {
        Ok(status) => status.code().map_or(ExitCode::FAILURE, |code| ExitCode::from(code as u8)),
        Err(error) => {
            eprintln!("error: {compiler} can't be run: {error}");
            ExitCode::FAILURE
        }
    })
}
