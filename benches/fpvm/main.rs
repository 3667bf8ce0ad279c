//! What the guests take on the fault proof VMs, claim by claim: steps, memory, preimages; where the steps go; and how fast
//! our VMs make them, beside cannon's.
//!
//! Counts are the same on every machine. `cargo xtask bench --fpvm` builds the guests first and says where the recordings are.

mod claims;
mod speed;

use anyhow::{Context, Result, ensure};
use claims::{CLAIMS, Claim};
use kohala_host::{Chain, Dispute, Server as Host, Store};
use kohala_preimage::{Key, KeyKind};
use kohala_vm::{Server, ServerError, Stream, elf::Elf, mips, profile::Profile, riscv, run::Machine};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    rc::Rc,
};

/// Functions that are shown of a profile.
const FUNCTIONS: usize = 16;

/// Steps that a profile is taken of at most: taking it is slow.
const PROFILED: u64 = 1_000_000_000;

/// Arguments: the folder with the guests, a folder for profiles.
fn main() -> Result<()> {
    let arguments: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|word| word != "--bench").map(Into::into).collect();
    let [guests, profiles] = &arguments[..] else { anyhow::bail!("give the guests' folder, and one for profiles") };
    // First, while this process is small: what a child takes at most counts what it begins with.
    speed::compare(guests, profiles)?;
    println!(
        "\n{:<16}{:<10}{:>16}{:>10}{:>8}{:>11}{:>11}{:>8}{:>16}{:>8}",
        "claim", "VM", "steps", "MiB", "hints", "preimages", "bytes", "bar", "kona's steps", "ratio"
    );
    for vm in Vm::ALL {
        for claim in &CLAIMS {
            count(vm, claim, guests)?;
        }
    }
    for vm in Vm::ALL {
        for claim in CLAIMS.iter().filter(|claim| claim.is_profiled) {
            profile(vm, claim, guests, profiles)?;
        }
    }
    Ok(())
}

/// A VM and its guest.
#[derive(Clone, Copy)]
enum Vm {
    Cannon,
    Asterisc,
}

impl Vm {
    const ALL: [Self; 2] = [Self::Cannon, Self::Asterisc];

    const fn name(self) -> &'static str {
        match self {
            Self::Cannon => "cannon",
            Self::Asterisc => "asterisc",
        }
    }

    const fn guest(self) -> &'static str {
        match self {
            Self::Cannon => "kohala-client-mips64.elf",
            Self::Asterisc => "kohala-client-riscv64.elf",
        }
    }
}

/// What was asked of the preimage server.
#[derive(Default)]
struct Asked {
    hints: u64,
    preimages: BTreeMap<Option<KeyKind>, u64>,
    bytes: u64,
}

/// The host in this process, which counts.
struct Counting<'a> {
    host: Host<'a>,
    asked: Rc<RefCell<Asked>>,
}

impl Server for Counting<'_> {
    fn hint(&mut self, hint: &[u8]) -> Result<(), ServerError> {
        self.asked.borrow_mut().hints += 1;
        self.host.hint(hint);
        Ok(())
    }

    fn preimage(&mut self, key: Key) -> Result<Vec<u8>, ServerError> {
        let value = self.host.preimage(key).map_err(|error| {
            eprintln!("{error}");
            ServerError::Closed
        })?;
        let mut asked = self.asked.borrow_mut();
        *asked.preimages.entry(key.kind()).or_default() += 1;
        asked.bytes += value.len() as u64;
        Ok(value.into())
    }
}

/// A claim's inputs and all its preimages.
fn dispute(claim: &Claim) -> Result<(Dispute, Store)> {
    let folder = claim.folder();
    let read = |name: &str| fs::read(folder.join(name)).with_context(|| format!("{}: {name}", folder.display()));
    let recorded: kohala_testdata::Claim = serde_json::from_slice(&read(&format!("claims/{}.json", claim.name))?)?;
    let chain = Chain::Custom { rollup: read("rollup.json")?.into(), l1: Some(read("l1-chain-config.json")?.into()) };
    let dispute = Dispute {
        l1_head: recorded.l1_head,
        agreed_output_root: recorded.agreed_l2_output_root,
        claimed_output_root: recorded.claimed_l2_output_root,
        claimed_block_number: recorded.claimed_l2_block_number,
        chain,
    };
    Ok((dispute, Store::open(folder.join("preimages.kohala"))?))
}

/// Runs a claim to its end, and prints what it took.
fn count(vm: Vm, claim: &Claim, guests: &Path) -> Result<()> {
    let (dispute, store) = dispute(claim)?;
    let asked = Rc::new(RefCell::new(Asked::default()));
    let server = Counting { host: Host::new(&store, dispute.inputs()), asked: Rc::clone(&asked) };
    let file = fs::read(guests.join(vm.guest()))?;
    let elf = Elf::parse(&file)?;
    let (steps, pages) = match vm {
        Vm::Cannon => finish(mips::Vm::new(mips::State::load(&elf)?, server, relay))?,
        Vm::Asterisc => finish(riscv::Vm::new(riscv::State::load(&elf)?, server, relay))?,
    };
    let asked = asked.borrow();
    let kona = claim.kona(vm);
    println!(
        "{:<16}{:<10}{:>16}{:>10.1}{:>8}{:>11}{:>11}{:>8}{:>16}{:>8}",
        format!("{} {}", claim.chain, claim.name),
        vm.name(),
        grouped(steps),
        pages as f64 / 256.0,
        asked.hints,
        asked.preimages.values().sum::<u64>(),
        asked.bytes,
        claim.bar.map_or_else(String::new, |bar| format!("{} M", bar / 1_000_000)),
        kona.map_or_else(String::new, grouped),
        kona.map_or_else(String::new, |kona| format!("{:.1}", kona as f64 / steps as f64)),
    );
    Ok(())
}

/// Steps and pages of a run to the end, which has to confirm the claim.
fn finish<M: Machine>(mut machine: M) -> Result<(u64, usize)> {
    machine.advance(u64::MAX, false)?;
    ensure!(machine.exit_code() == Some(0), "the program ended with {:?}", machine.exit_code());
    Ok((machine.step(), machine.place().pages))
}

/// Prints where a claim's steps go, and writes the stacks of calls down, for a flame graph.
fn profile(vm: Vm, claim: &Claim, guests: &Path, profiles: &Path) -> Result<()> {
    let (dispute, store) = dispute(claim)?;
    let server = Counting { host: Host::new(&store, dispute.inputs()), asked: Rc::default() };
    let file = fs::read(guests.join(vm.guest()))?;
    let elf = Elf::parse(&file)?;
    let mut profile = Profile::new(&elf.symbols, matches!(vm, Vm::Cannon));
    match vm {
        Vm::Cannon => {
            let mut machine = mips::Vm::new(mips::State::load(&elf)?, server, relay);
            machine.run_profiled(PROFILED, &mut profile)?;
        }
        Vm::Asterisc => {
            let mut machine = riscv::Vm::new(riscv::State::load(&elf)?, server, relay);
            machine.run_profiled(PROFILED, &mut profile)?;
        }
    }
    let functions = profile.functions();
    let all: u64 = functions.iter().map(|function| function.own).sum();
    let path = profiles.join(format!("{}-{}-{}.folded", vm.name(), claim.chain, claim.name));
    println!("\n{} {} on {}, {} steps; stacks in {}", claim.chain, claim.name, vm.name(), grouped(all), path.display());
    for function in functions.iter().take(FUNCTIONS) {
        let percent = 100.0 * function.own as f64 / all as f64;
        println!("{percent:>6.2} %{:>16}  {:#}", grouped(function.own), rustc_demangle::demangle(function.name));
    }
    let mut folded = Vec::new();
    profile.write_folded(&mut folded)?;
    let mut out = BufWriter::new(File::create(&path).with_context(|| path.display().to_string())?);
    rustc_demangle::demangle_stream(&mut &folded[..], &mut out, false)?;
    Ok(out.flush()?)
}

fn relay(_: Stream, text: &[u8]) {
    eprint!("{}", String::from_utf8_lossy(text));
}

/// A number, its digits in threes.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(|group| str::from_utf8(group).unwrap_or_default()).collect::<Vec<_>>().join(",")
}
