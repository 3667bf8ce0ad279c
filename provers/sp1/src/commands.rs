//! What each command does, and how it says what came out.

use crate::cli::{Aggregate, Execute, Prove, ProverFlags, Verify, Vkey};
use anyhow::{Context, Result, bail, ensure};
use kohala_sp1::{
    aggregation,
    execution::{self, Execution},
    guest::Guest,
    key::Key,
    phases::Phase,
    proof::{self, Made, Mode, Prover},
    requirements::Machine,
    statement::{Expected, Statement, hex},
};
use serde_json::{Map, Value, json};
use sp1_sdk::SP1Stdin;
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// The proof doesn't hold.
const DOES_NOT_HOLD: u8 = 1;
/// The guest failed, or committed to something else.
const FAILED: u8 = 2;

pub(crate) fn execute(flags: &Execute) -> Result<ExitCode> {
    run(&Guest::read(&flags.elf)?, &input(&flags.input)?, !flags.quick, None, flags.output.json)
}

/// Runs a guest, which must commit to these values if they are given.
fn run(guest: &Guest, input: &SP1Stdin, counted: bool, values: Option<&[u8]>, json: bool) -> Result<ExitCode> {
    let execution = execution::execute(guest, input, counted)?;
    if json {
        println!("{}", execution_json(&execution));
    } else {
        print_execution(&execution);
    }
    match check(&execution, values) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("{error}");
            Ok(ExitCode::from(FAILED))
        }
    }
}

pub(crate) fn prove(flags: &Prove) -> Result<ExitCode> {
    let guest = Guest::read(&flags.elf)?;
    let input = input(&flags.input)?;
    make(&guest, input, flags.public_values.as_deref(), &flags.prover, flags.output.json)
}

pub(crate) fn aggregate(flags: &Aggregate) -> Result<ExitCode> {
    let guest = Guest::read(&flags.elf)?;
    let key = key(("--range-elf", flags.range_elf.as_deref()), ("--range-vkey", flags.range_vkey.as_deref()))?;
    let proofs = flags.proofs.iter().map(|path| Ok((path.clone(), proof::read(path)?))).collect::<Result<_>>()?;
    let headers = flags.l1_headers.as_deref().map(l1_headers).transpose()?.unwrap_or_default();
    let input = aggregation::input(&key, proofs, &headers, flags.prover.mode.is_trial())?;
    make(&guest, input, None, &flags.prover, flags.output.json)
}

/// Headers in hexadecimal digits, a line each.
fn l1_headers(path: &Path) -> Result<Vec<Vec<u8>>> {
    let text = fs::read_to_string(path).with_context(|| format!("--l1-headers: {} can't be read", path.display()))?;
    let header = |(place, line): (usize, &str)| {
        let digits = line.trim().trim_matches('"');
        ::hex::decode(digits.strip_prefix("0x").unwrap_or(digits))
            .with_context(|| format!("--l1-headers: line {} of {}", place + 1, path.display()))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(header).collect()
}

/// A verifying key from a guest or a file of its own, one of which is given.
fn key((elf_flag, elf): (&str, Option<&Path>), (flag, file): (&str, Option<&Path>)) -> Result<Key> {
    match (elf, file) {
        (_, Some(file)) => Key::read(flag, file),
        (Some(elf), None) => Key::of(&Guest::read(elf)?),
        (None, None) => bail!("{elf_flag} or {flag} is missing"),
    }
}

/// Runs a guest, proves the run, verifies and writes the proof.
fn make(guest: &Guest, input: SP1Stdin, values: Option<&[u8]>, flags: &ProverFlags, json: bool) -> Result<ExitCode> {
    let mode = flags.mode;
    if mode == Mode::Execute {
        return run(guest, &input, !flags.quick, values, json);
    }
    let out = flags.out.as_deref().context("--out is missing: the file to write the proof to")?;
    let key = flags.vkey.as_deref().map(|path| Key::read("--vkey", path)).transpose()?;
    key.as_ref().map_or(Ok(()), |key| key.check("--vkey", guest))?;
    let in_order = mode == Mode::Core && input.proofs.is_empty();
    let prover = flags.prover.unwrap_or(if in_order { Prover::InOrder } else { Prover::Cpu });
    if !flags.unchecked {
        Machine::here()?.check(mode, prover, flags.download)?;
    }
    let execution = execution::execute(guest, &input, true)?;
    check(&execution, values)?;
    eprintln!("the guest ended well after {} cycles: proving that…", execution.cycles);
    let made = proof::prove(guest, key, input, &execution.public_values, mode, prover)?;
    let start = Instant::now();
    if let Some(reason) = proof::verify(&made.proof, &made.key, mode == Mode::Mock) {
        bail!("the proof that was made doesn't hold: {reason}");
    }
    ensure!(made.proof.public_values.as_slice() == execution.public_values, "the proof commits to something else");
    let verification = start.elapsed();
    proof::write(&made.proof, out)?;
    let bytes = fs::metadata(out).with_context(|| format!("--out: {}", out.display()))?.len();
    let Made { setup, proving, .. } = made;
    let times = [("execution", execution.wall), ("setup", setup), ("proving", proving), ("verification", verification)];
    if json {
        let seconds = times.map(|(name, time)| (name.to_owned(), json!(time.as_secs_f64())));
        let mut object = json!({
            "mode": mode.name(),
            "proof": out,
            "bytes": bytes,
            "elf_sha256": hex(&guest.sha256()),
            "vkey": made.key.on_chain(),
            "seconds": Map::from_iter(seconds),
            "execution": execution_json(&execution),
        });
        commitment_json(&mut object, &execution.public_values);
        println!("{object}");
        return Ok(ExitCode::SUCCESS);
    }
    print_commitment(&execution.public_values);
    println!("verifying key  {}", made.key.on_chain());
    times.iter().for_each(|(name, time)| println!("{name:<14} {:.1} s", time.as_secs_f64()));
    println!("proof          {} ({bytes} bytes)", out.display());
    if mode == Mode::Mock {
        println!("It is a mock: it proves nothing.");
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn verify(flags: &Verify) -> Result<ExitCode> {
    let proof = proof::read(&flags.proof)?;
    let key = key(("--elf", flags.elf.as_deref()), ("--vkey", flags.vkey.as_deref()))?;
    let start = Instant::now();
    let mut reasons: Vec<_> = proof::verify(&proof, &key, flags.mock).into_iter().collect();
    let wall = start.elapsed();
    let public_values = proof.public_values.as_slice();
    reasons.extend(flags.expected.expected().differences(public_values));
    let mode = proof::kind(&proof);
    let holds = reasons.is_empty();
    if flags.output.json {
        let mut object = json!({
            "holds": holds,
            "reasons": reasons,
            "mode": mode.name(),
            "mock": mode == Mode::Mock,
            "sp1_version": proof.sp1_version,
            "vkey": key.on_chain(),
            "seconds": wall.as_secs_f64(),
        });
        commitment_json(&mut object, public_values);
        println!("{object}");
    } else {
        print_commitment(public_values);
        println!("verifying key  {}", key.on_chain());
        reasons.iter().for_each(|reason| println!("  {reason}"));
        println!(
            "{}",
            match (holds, mode == Mode::Mock) {
                (true, false) => format!("The proof ({}) HOLDS ({:.1} s).", mode.name(), wall.as_secs_f64()),
                (true, true) => "The mock is for this guest and these values. It PROVES NOTHING.".to_owned(),
                (false, _) => format!("The proof ({}) DOES NOT HOLD.", mode.name()),
            }
        );
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(DOES_NOT_HOLD) })
}

pub(crate) fn vkey(flags: &Vkey) -> Result<ExitCode> {
    let guest = Guest::read(&flags.elf)?;
    let key = Key::of(&guest)?;
    if let Some(path) = &flags.out {
        key.write(path)?;
    }
    let sha256 = hex(&key.elf_sha256);
    if flags.output.json {
        println!("{}", json!({ "vkey": key.on_chain(), "program": hex(&key.program()), "elf_sha256": sha256 }));
    } else {
        println!("verifying key  {}   for contracts on L1", key.on_chain());
        println!(
            "program        {}   for guests that verify, and so in statements of joined proofs",
            hex(&key.program())
        );
        println!("ELF's SHA-256  {sha256}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The hints that a guest reads, one a file.
fn input(paths: &[PathBuf]) -> Result<SP1Stdin> {
    let mut input = SP1Stdin::new();
    for path in paths {
        let named = || format!("--input: {} can't be read", path.display());
        let mut hint = Vec::new();
        match path.as_os_str() == "-" {
            true => io::stdin().read_to_end(&mut hint).map(drop),
            false => fs::read(path).map(|bytes| hint = bytes),
        }
        .with_context(named)?;
        input.write_vec(hint);
    }
    Ok(input)
}

/// Refuses a run that failed, or committed to something else than was expected.
fn check(execution: &Execution, values: Option<&[u8]>) -> Result<()> {
    let said = execution.errors.trim_end();
    let said = if said.is_empty() { "it said nothing".to_owned() } else { format!("it said:\n{said}") };
    let (code, cycles) = (execution.exit_code, execution.cycles);
    ensure!(execution.succeeded(), "the guest failed with exit code {code} after {cycles} cycles, and {said}");
    let expected = Expected { public_values: values.map(<[u8]>::to_vec), ..Expected::default() };
    let differences = expected.differences(&execution.public_values);
    ensure!(differences.is_empty(), "{}", differences.join(", "));
    Ok(())
}

fn execution_json(execution: &Execution) -> Value {
    let mut object = json!({
        "exit_code": execution.exit_code,
        "cycles": execution.cycles,
        "seconds": execution.wall.as_secs_f64(),
    });
    if let Some(counts) = &execution.counts {
        let phase = |phase: &Phase| (phase.name.clone(), json!({ "cycles": phase.cycles, "times": phase.times }));
        object["gas"] = counts.gas.into();
        object["phases"] = Map::from_iter(counts.phases.iter().map(phase)).into();
        object["precompiles"] = json!(counts.precompiles);
        object["values_cycles"] = json!(counts.values);
    }
    commitment_json(&mut object, &execution.public_values);
    object
}

fn print_execution(execution: &Execution) {
    print_commitment(&execution.public_values);
    println!("exit code      {}", execution.exit_code);
    println!("cycles         {}", execution.cycles);
    if let Some(counts) = &execution.counts {
        for phase in &counts.phases {
            let share = 100.0 * phase.cycles as f64 / execution.cycles.max(1) as f64;
            println!("  {:<24} {:>14} {share:>5.1} %  {} times", phase.name, phase.cycles, phase.times);
        }
        println!("SP1 gas        {}", counts.gas);
        if let Some(values) = counts.values {
            println!("of these, the witness's values were checked in {values} cycles");
        }
        println!("precompiles");
        counts.precompiles.iter().for_each(|(name, count)| println!("  {name:<24} {count:>14}"));
    }
    println!("time           {:.2} s", execution.wall.as_secs_f64());
}

/// Adds what was committed to.
fn commitment_json(object: &mut Value, public_values: &[u8]) {
    object["public_values"] = hex(public_values).into();
    object["statement"] = Statement::decode(public_values).map_or(Value::Null, |statement| statement.json());
}

fn print_commitment(public_values: &[u8]) {
    println!("public values  {}", hex(public_values));
    if let Ok(statement) = Statement::decode(public_values) {
        println!("{statement}");
    }
}
