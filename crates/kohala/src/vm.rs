//! `kohala vm`: fault proof VMs, with cannon's command line.

mod server;

use crate::{
    cli::{LoadElf, Output, Run, Vm, VmType, VmWitness},
    logs, report,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use kohala_vm::{
    elf::Elf,
    file,
    mips::{State, StepError, Stream, Vm as Cannon},
    run::{self, End, Machine, Metadata, Output as Target, Plan, PreimageStop, RunError, Witness, key_type},
};
use server::Process;
use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    time::Instant,
};

/// Anything wrong but what [`STUCK`] says: cannon's exit code for it.
pub(crate) const FAILURE: u8 = 1;

/// The VM or its server can't go on, which op-challenger understands as a panic of the VM.
const STUCK: u8 = 2;

pub(crate) fn run(command: &Vm) -> ExitCode {
    let outcome = match command {
        Vm::LoadElf(flags) => load_elf(flags),
        Vm::Run(flags) => run_vm(flags),
        Vm::Witness(flags) => witness(flags),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::failure(&error, false);
            ExitCode::from(if error.is::<StepError>() { STUCK } else { FAILURE })
        }
    }
}

fn load_elf(flags: &LoadElf) -> Result<()> {
    let VmType::Cannon = flags.vm;
    check_name("--out", Path::new(&flags.out))?;
    let named = || format!("--path: {}", flags.path.display());
    let data = fs::read(&flags.path).with_context(named)?;
    let elf = Elf::parse(&data).with_context(named)?;
    let state = State::load(&elf).with_context(named)?;
    Target::from(&*flags.meta).write_json(&Metadata::of(&elf)).context("--meta")?;
    Target::from(&*flags.out).write(|out| state.serialize(out)).context("--out")
}

fn witness(flags: &VmWitness) -> Result<()> {
    let witness = Witness::of_cannon(&mut state(&flags.input)?);
    if let Some(path) = &flags.output {
        fs::write(path, &witness.witness).with_context(|| format!("--output: {}", path.display()))?;
    }
    Target::Stdout.write_json(&witness).context("the witness")
}

/// The state in a file.
fn state(path: &Path) -> Result<State> {
    check_name("--input", path)?;
    let named = || format!("--input: {}", path.display());
    State::deserialize(file::open(path).with_context(named)?).with_context(named)
}

/// Refuses what cannon does not take for a state's name either: it would write JSON there, of which there is none.
fn check_name(flag: &str, path: &Path) -> Result<()> {
    let name = path.to_string_lossy();
    let is_stream = name.is_empty() || name == "-";
    ensure!(
        is_stream || name.ends_with(".bin") || name.ends_with(".bin.gz"),
        "{flag}: {name} must end in .bin or .bin.gz: states of cannon are binary"
    );
    Ok(())
}

fn run_vm(flags: &Run) -> Result<()> {
    logs::start(Output { json: false, verbose: 1, logs: flags.logs }, "info");
    ensure!(!flags.debug, "--debug: there are no stack traces here");
    ensure!(!flags.pprof_cpu, "--pprof.cpu: the VM has no profiler of itself: use one of the system's, such as perf");
    check_name("--output", Path::new(&flags.output))?;
    if let Target::File(path) = flags.snapshot_fmt.at(0) {
        check_name("--snapshot-fmt", &path)?;
    }
    let plan = Plan {
        info_at: flags.info_at,
        stop_at: flags.stop_at,
        snapshot_at: flags.snapshot_at,
        snapshots: flags.snapshot_fmt.clone(),
        proof_at: flags.proof_at,
        proofs: flags.proof_fmt.clone(),
        stop_at_preimage: preimage_stop(flags)?,
    };
    let metadata = metadata(&flags.meta)?;
    let state = state(&flags.input)?;
    let (process, preimages) = Process::start(&flags.server)?;
    let mut machine = Cannon::new(state, preimages, write_on);
    if flags.debug_info.is_some() {
        machine.enable_stats();
    }
    let outcome = drive(&mut machine, &plan, &metadata).and_then(|()| {
        if let Some(path) = &flags.debug_info {
            Target::from(&**path).write_json(&machine.debug_info()).context("--debug-info")?;
        }
        Target::from(&*flags.output).write(|out| machine.write(out)).context("--output")
    });
    // The server ends with its pipes.
    drop(machine);
    match (outcome, process.map_or(Ok(()), Process::end)) {
        (Ok(()), Ok(())) => Ok(()),
        // All that was wanted is there.
        (Ok(()), Err(error)) => {
            tracing::error!("{error:#}");
            Ok(())
        }
        (Err(error), Ok(())) => Err(error),
        (Err(error), Err(server)) => Err(error.context(format!("{server:#}"))),
    }
}

fn drive<M: Machine>(machine: &mut M, plan: &Plan, metadata: &Metadata) -> Result<()> {
    let (start, first) = (Instant::now(), machine.step());
    let inform = |machine: &mut M| {
        let (step, place) = (machine.step(), machine.place());
        let speed = (step - first) as f64 / start.elapsed().as_secs_f64().max(1e-9);
        tracing::info!(
            step,
            pc = format_args!("{:#018x}", place.pc),
            insn = format_args!("{:08x}", place.instruction),
            ips = format_args!("{speed:.0}"),
            pages = place.pages,
            mem = %indicatif::HumanBytes(place.pages as u64 * kohala_vm::PAGE_BYTES),
            name = metadata.symbol(place.pc).map(|symbol| &*symbol.name),
            "processing"
        );
    };
    let end = run::run(machine, plan, inform).map_err(|error| match error {
        RunError::Step(error) => anyhow!(error),
        RunError::Output(error) => anyhow!(error),
    })?;
    let (step, why) = (
        machine.step(),
        match end {
            End::Exited(_) => "the program has ended",
            End::Stopped => "--stop-at",
            End::PreimageRead => "a preimage was read",
        },
    );
    tracing::info!(step, exited = machine.exit_code().is_some(), code = machine.exit_code(), "stopped: {why}");
    Ok(())
}

/// Writes what the program writes to where we write. That nobody reads on is nothing to it.
fn write_on(stream: Stream, text: &[u8]) {
    let _ = match stream {
        Stream::Output => io::stdout().write_all(text),
        Stream::Error => io::stderr().write_all(text),
    };
}

fn metadata(path: &str) -> Result<Metadata> {
    if path.is_empty() {
        return Ok(Metadata::default());
    }
    let named = || format!("--meta: {path} (--meta '' is for none)");
    let file = file::open(Path::new(path)).with_context(named)?;
    serde_json::from_reader(file).with_context(named)
}

/// What the flags whose names begin with `--stop-at-preimage` say.
fn preimage_stop(flags: &Run) -> Result<Option<PreimageStop>> {
    let larger = flags.stop_at_preimage_larger_than.filter(|than| *than > 0);
    let (prefix, offset, step) = match (&flags.stop_at_preimage, &flags.stop_at_preimage_type) {
        (Some(text), _) => key_at(text).with_context(|| format!("--stop-at-preimage {text}"))?,
        (None, Some(name)) => match &**name {
            "any" => return Ok(Some(PreimageStop::Any)),
            "" => (Vec::new(), 0, 0),
            name => {
                let first = key_type(name).with_context(|| {
                    format!(
                        "--stop-at-preimage-type: {name} is none of local, keccak, sha256, blob, precompile and any"
                    )
                })?;
                (vec![first], 0, 0)
            }
        },
        (None, None) => (Vec::new(), 0, 0),
    };
    Ok(match larger {
        Some(than) => Some(PreimageStop::Larger { prefix, than }),
        None if prefix.is_empty() => None,
        None => Some(PreimageStop::At { prefix, offset, step }),
    })
}

/// A key's start, an offset in the preimage, and a step: `0x02ab@8@1000`.
fn key_at(text: &str) -> Result<(Vec<u8>, u64, u64)> {
    let mut parts = text.split('@');
    let digits = parts.next().unwrap_or_default();
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    // A single digit is a byte as well.
    let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
    let prefix = alloy_primitives::hex::decode(&digits).context("a key begins with hexadecimal digits")?;
    ensure!((1..=32).contains(&prefix.len()), "a key has 1 to 32 bytes");
    let mut number = |what| match parts.next() {
        Some(text) => text.parse().with_context(|| format!("{what} must be a number")),
        None => Ok(0),
    };
    let (offset, step) = (number("the offset")?, number("the step")?);
    if parts.next().is_some() {
        bail!("no more than a key, an offset and a step");
    }
    Ok((prefix, offset, step))
}
