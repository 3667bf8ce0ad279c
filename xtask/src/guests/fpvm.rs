//! The client as executables of the fault proof VMs.

use super::{FOLDER, Guests, build, instructions, write};
use crate::{no_std, step};
use alloy_primitives::B256;
use anyhow::{Context, Result, bail, ensure};
use kohala_protocol::{L1ChainConfig, RollupConfig};
use kohala_vm::{elf::Elf, mips, riscv};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where the guest's sources lie.
const SOURCE: &str = "guests/fpvm";

/// Compiled into the guest, by names that it reads.
const ROLLUP_CONFIG: &str = "KOHALA_ROLLUP_CONFIG";
const L1_CONFIG: &str = "KOHALA_L1_CONFIG";

/// A fault proof VM.
#[derive(Clone, Copy)]
pub(super) enum Vm {
    Asterisc,
    Cannon,
}

impl Vm {
    const fn name(self) -> &'static str {
        match self {
            Self::Asterisc => "riscv64",
            Self::Cannon => "mips64",
        }
    }

    /// Cargo's name for its target, a path from the root if it is a file.
    const fn specification(self) -> &'static str {
        match self {
            Self::Asterisc => "riscv64imac-unknown-none-elf",
            Self::Cannon => "targets/mips64-unknown-none.json",
        }
    }

    /// Flags of the compiler. Asterisc takes unaligned accesses. On cannon a division by zero stops the VM by itself, and
    /// Rust has checked before.
    const fn flags(self) -> &'static str {
        match self {
            Self::Asterisc => "-Ctarget-feature=-c,-zca,+unaligned-scalar-mem",
            Self::Cannon => "-Cllvm-args=-mno-check-zero-division",
        }
    }

    /// The hash of its state before the first step.
    fn prestate(self, elf: &Elf<'_>) -> Result<B256> {
        Ok(match self {
            Self::Cannon => mips::State::load(elf)?.hash(),
            Self::Asterisc => riscv::State::load(elf)?.hash(),
        })
    }
}

/// Builds the guest for `vm`, checks it, and says what it is.
pub(super) fn run(vm: Vm, chain: &[(&str, String)], l1_history: bool) -> Result<()> {
    let toolchain = no_std::toolchain()?;
    println!("{}", toolchain.version()?);
    let built = client(&toolchain, vm, chain, l1_history)?;
    let mut bytes = fs::read(&built).with_context(|| built.display().to_string())?;
    instructions::stop_at_traps(&mut bytes)?;
    let name = format!("kohala-client-{}.elf", vm.name());
    let elf = Elf::parse(&bytes).with_context(|| name.clone())?;
    instructions::check(&bytes).with_context(|| name.clone())?;
    write(&name, &bytes)?;
    println!("  absolute prestate  {}", vm.prestate(&elf)?);
    Ok(())
}

/// Builds the guest for `vm`, and says where it is.
fn client(toolchain: &no_std::Toolchain, vm: Vm, chain: &[(&str, String)], l1_history: bool) -> Result<PathBuf> {
    let mut cargo = toolchain.cargo();
    cargo.args(["rustc", "--release", "--locked", "--manifest-path", &format!("{SOURCE}/Cargo.toml")]);
    cargo.args(["--target", vm.specification(), "--target-dir", FOLDER]);
    if l1_history {
        cargo.args(["--features", "l1-history"]);
    }
    cargo.args(["-Zbuild-std=core,alloc", "-Zjson-target-spec", "--", "-Clink-arg=--entry=_start"]);
    for name in [ROLLUP_CONFIG, L1_CONFIG] {
        cargo.env_remove(name);
    }
    cargo.envs(chain.iter().map(|(name, json)| (name, json)));
    let linker = format!("-Clinker={}", toolchain.linker());
    build(&mut cargo, vm.name(), &toolchain.sysroot()?, &[vm.flags(), &linker])?;
    let triple = Path::new(vm.specification()).file_stem().unwrap_or_default();
    Ok(step::root().join(FOLDER).join(triple).join("release/kohala-client"))
}

/// The configurations that are compiled in, checked, with the names that the guest knows them by.
pub(super) fn chain(guests: &Guests) -> Result<Vec<(&'static str, String)>> {
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
