//! `cargo xtask guests`: the program as executables of the fault proof VMs, the same bytes wherever they are built.
//!
//! What a compiler takes from where it runs is taken from it: folders are renamed, panics don't say where they arose, and
//! what cargo tells crates apart by, which it makes of their folders, is made of their names and versions instead: for
//! that this program stands before the compiler ([`compile`]).

mod instructions;

use crate::{no_std, step};
use alloy_primitives::{B256, hex};
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use kohala_protocol::{L1ChainConfig, RollupConfig};
use kohala_vm::{elf::Elf, mips, riscv};
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
    /// Builds for one VM only.
    #[arg(long)]
    target: Option<Target>,
}

/// A fault proof VM.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// asterisc
    Riscv64,
    /// cannon
    Mips64,
}

/// Where the guest's sources lie, and the executables go.
const SOURCE: &str = "guests/fpvm";
pub(crate) const FOLDER: &str = "target/guests";

/// What is set where this program stands before the compiler.
const COMPILING: &str = "KOHALA_GUESTS_COMPILING";

/// Compiled into the guest, by names that it reads.
const ROLLUP_CONFIG: &str = "KOHALA_ROLLUP_CONFIG";
const L1_CONFIG: &str = "KOHALA_L1_CONFIG";

impl Target {
    const ALL: [Self; 2] = [Self::Riscv64, Self::Mips64];

    const fn name(self) -> &'static str {
        match self {
            Self::Riscv64 => "riscv64",
            Self::Mips64 => "mips64",
        }
    }

    /// Cargo's name for it, a path from the root if it is a file.
    const fn specification(self) -> &'static str {
        match self {
            Self::Riscv64 => "riscv64imac-unknown-none-elf",
            Self::Mips64 => "targets/mips64-unknown-none.json",
        }
    }

    /// Flags of the compiler. Both VMs have one thread: atomics are plain accesses. Asterisc takes unaligned ones. On cannon
    /// a division by zero stops the VM by itself, and Rust has checked before.
    const fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Riscv64 => &["-Ctarget-feature=-c,-zca,+unaligned-scalar-mem"],
            Self::Mips64 => &["-Cllvm-args=-mno-check-zero-division"],
        }
    }
}

/// Builds the guests, checks them, and says what they are.
pub(crate) fn run(guests: &Guests) -> Result<()> {
    let chain = chain(guests)?;
    let toolchain = no_std::toolchain()?;
    let folder = step::root().join(FOLDER);
    println!("{}", toolchain.version()?);
    for target in Target::ALL.into_iter().filter(|target| guests.target.is_none_or(|only| only == *target)) {
        let built = build(&toolchain, target, &chain, guests.l1_history)?;
        let mut bytes = fs::read(&built).with_context(|| built.display().to_string())?;
        instructions::stop_at_traps(&mut bytes)?;
        let path = folder.join(format!("kohala-client-{}.elf", target.name()));
        let elf = Elf::parse(&bytes).with_context(|| path.display().to_string())?;
        instructions::check(&bytes).with_context(|| path.display().to_string())?;
        fs::write(&path, &bytes).with_context(|| path.display().to_string())?;
        println!("{FOLDER}/kohala-client-{}.elf", target.name());
        println!("  sha256             {}", hex::encode(Sha256::digest(&bytes)));
        println!("  absolute prestate  {}", prestate(target, &elf)?);
    }
    Ok(())
}

/// The hash of the VM's state before the first step.
fn prestate(target: Target, elf: &Elf<'_>) -> Result<B256> {
    Ok(match target {
        Target::Mips64 => mips::State::load(elf)?.hash(),
        Target::Riscv64 => riscv::State::load(elf)?.hash(),
    })
}

/// The configurations that are compiled in, checked, with the names that the guest knows them by.
fn chain(guests: &Guests) -> Result<Vec<(&'static str, String)>> {
    let Some(path) = &guests.rollup_config else { return Ok(Vec::new()) };
    let read = |flag: &str, path: &Path| {
        fs::read_to_string(path).with_context(|| format!("{flag}: {} can't be read", path.display()))
    };
    let rollup_json = read("--rollup-config", path)?;
    let rollup = RollupConfig::from_json(rollup_json.as_bytes())
        .with_context(|| format!("--rollup-config: {}", path.display()))?;
    let l1_json = match &guests.l1_config {
        None if L1ChainConfig::by_id(rollup.l1_chain_id).is_some() => return Ok(vec![(ROLLUP_CONFIG, rollup_json)]),
        None => bail!("--l1-config: needed, as L1 chain {} is none that Kohala knows", rollup.l1_chain_id),
        Some(path) => {
            let json = read("--l1-config", path)?;
            let l1 = L1ChainConfig::from_json(json.as_bytes())
                .with_context(|| format!("--l1-config: {}", path.display()))?;
            ensure!(
                l1.chain_id == rollup.l1_chain_id,
                "--l1-config: {} is of chain {}, the rollup configuration builds on {}",
                path.display(),
                l1.chain_id,
                rollup.l1_chain_id
            );
            json
        }
    };
    Ok(vec![(ROLLUP_CONFIG, rollup_json), (L1_CONFIG, l1_json)])
}

/// Builds the guest for `target`, and says where it is.
fn build(toolchain: &no_std::Toolchain, target: Target, chain: &[(&str, String)], l1_history: bool) -> Result<PathBuf> {
    let root = step::root();
    let mut cargo = toolchain.cargo();
    cargo.args(["rustc", "--release", "--locked", "--manifest-path", &format!("{SOURCE}/Cargo.toml")]);
    cargo.args(["--target", target.specification(), "--target-dir", FOLDER]);
    if l1_history {
        cargo.args(["--features", "l1-history"]);
    }
    cargo.args(["-Zbuild-std=core,alloc", "-Zjson-target-spec", "--", "-Clink-arg=--entry=_start"]);
    let mut flags: Vec<String> = target.flags().iter().map(|flag| (*flag).to_owned()).collect();
    flags.extend(["-Cpasses=lower-atomic", "-Zlocation-detail=none"].map(str::to_owned));
    flags.push(format!("-Clinker={}", toolchain.linker()));
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo"))).context("cargo's folder: no home directory")?;
    for (folder, name) in [(root.as_path(), "kohala"), (&home, "cargo"), (&toolchain.sysroot()?, "rust")] {
        flags.push(format!("--remap-path-prefix={}=/{name}", folder.display()));
    }
    cargo.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    cargo.env("RUSTC_WRAPPER", env::current_exe()?).env(COMPILING, "1");
    for name in [ROLLUP_CONFIG, L1_CONFIG] {
        cargo.env_remove(name);
    }
    cargo.envs(chain.iter().map(|(name, json)| (name, json)));
    step::run("guests", &mut cargo)?;
    let triple = Path::new(target.specification()).file_stem().unwrap_or_default();
    Ok(root.join(FOLDER).join(triple).join("release/kohala-client"))
}

/// Runs the compiler in cargo's stead, if this is what cargo called this program for.
pub(crate) fn compile() -> Option<ExitCode> {
    env::var_os(COMPILING)?;
    let mut arguments = env::args().skip(1);
    let compiler = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let name = arguments.iter().position(|argument| argument == "--crate-name").and_then(|at| arguments.get(at + 1));
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let identity = name.map(|name| format!("metadata={name}-{version}"));
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
