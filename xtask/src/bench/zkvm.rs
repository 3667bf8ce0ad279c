//! What claims take in SP1: the witness's bytes, and cycles by phase, counted by SP1's executor. Each figure is the same everywhere
//! for the same guest.

use super::{Judgement, Programs};
use crate::{
    guests::{self, Guests},
    step,
};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, process::Command};

/// The prover's manifest, and the program that comes of it.
const MANIFEST: &str = "provers/sp1/Cargo.toml";
const PROGRAM: &str = "provers/sp1/target/release/kohala-sp1";

/// What op-succinct published for ranges of light blocks, and the bar that follows from it: cycles a unit of gas.
const PUBLISHED: &str = "36 to 40";
const BAR: f64 = 30.0;

/// The part of `kohala-sp1 execute --json` that is shown.
#[derive(Deserialize)]
struct Execution {
    exit_code: u32,
    cycles: u64,
    gas: u64,
    phases: BTreeMap<String, Phase>,
    precompiles: BTreeMap<String, u64>,
    values_cycles: Option<u64>,
}

#[derive(Deserialize)]
struct Phase {
    cycles: u64,
}

/// Recorded claims that are counted, by chain and name.
const CLAIMS: [(&str, &str); 4] = [("main", "0-1"), ("main", "40-41"), ("main", "60-110"), ("full", "20-21")];

/// Phases in the order of a run.
const PHASES: [&str; 6] = ["witness", "boot", "derivation", "execution", "trie", "epilogue"];

/// Builds the guests and the prover's program, and counts.
pub(crate) fn run() -> Result<()> {
    guests::run(&Guests::for_sp1())?;
    step::run("prover", &mut step::cargo(&format!("build --release --locked --manifest-path {MANIFEST}")))?;
    let programs = Programs::build()?;
    for (chain, claim) in CLAIMS {
        measure(&programs, chain, claim)?;
    }
    println!(
        "\nop-succinct published {PUBLISHED} cycles a unit of gas for light blocks, and 241 for recent ones of OP Mainnet; the bar is {BAR}."
    );
    Ok(())
}

fn measure(programs: &Programs, chain: &str, claim: &str) -> Result<()> {
    let folder = kohala_testdata::path("chains").join(chain);
    let input = programs.scratch.join(format!("{chain}-{claim}.zkvm"));
    let mut witness = Command::new(&programs.kohala);
    witness.args(["witness", "--json", "--zkvm"]).arg(&input);
    for (flag, path) in [
        ("--rollup-config-path", folder.join("rollup.json")),
        ("--l1-config-path", folder.join("l1-chain-config.json")),
        ("--data-dir", folder.join("preimages.kohala")),
        ("--claim", folder.join("claims").join(format!("{claim}.json"))),
    ] {
        witness.arg(flag).arg(path);
    }
    let judgement = step::output(&mut witness).context("kohala witness failed")?;
    let judgement: Judgement = serde_json::from_str(&judgement)?;
    let guest = step::root().join(guests::FOLDER).join("kohala-sp1-range.elf");
    let mut execute = Command::new(step::root().join(PROGRAM));
    let execution = step::output(execute.arg("execute").arg(guest).arg("--input").arg(&input).arg("--json"));
    let execution: Execution = serde_json::from_str(&execution.context("kohala-sp1 execute failed")?)?;
    ensure!(execution.exit_code == 0, "the guest failed for the true claim {claim}");
    print(&format!("{claim} of {chain}"), &judgement, &execution, fs::metadata(&input)?.len());
    Ok(())
}

fn print(title: &str, judgement: &Judgement, execution: &Execution, witness: u64) {
    let Judgement { blocks, transactions, gas_used, preimages, .. } = judgement;
    let cycles = execution.cycles;
    println!("\n{title}: {blocks} blocks, {transactions} transactions, {:.1} Mgas", *gas_used as f64 / 1e6);
    let row = |name: &str, figure: u64, note: String| println!("  {name:<28} {:>15}  {note}", grouped(figure));
    let plain = preimages.values().map(|count| count.bytes).sum::<u64>();
    row("witness, bytes", witness, format!("the preimages without their keys: {}", grouped(plain)));
    row("cycles", cycles, format!("SP1 gas {}", grouped(execution.gas)));
    println!("  {:<28} {:>15.2}", "cycles a unit of gas", cycles as f64 / *gas_used as f64);
    row("cycles a transaction", cycles / (*transactions).max(1), String::new());
    let share = |part: u64| format!("{:5.1}%", part as f64 * 100.0 / cycles as f64);
    for name in PHASES {
        if let Some(phase) = execution.phases.get(name) {
            row(&format!("  {name}"), phase.cycles, share(phase.cycles));
        }
    }
    if let (Some(values), Some(phase)) = (execution.values_cycles, execution.phases.get("witness")) {
        let checked = values + phase.cycles;
        row(
            "  checking the witness",
            checked,
            format!("{}: layout and blobs, and the values in all other phases", share(checked)),
        );
    }
    for (name, count) in &execution.precompiles {
        row(&format!("  {name}"), *count, String::new());
    }
}

/// A number with a comma behind every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
