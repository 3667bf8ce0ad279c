//! `kohala vm`: fault proof VMs, with cannon's command line.

mod server;

use crate::{
    cli::{LoadElf, Output, Run, Vm, VmType, VmWitness},
    logs, report,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use kohala_vm::{
    Stream,
    elf::Elf,
    file, mips, riscv,
    run::{
        self, AsteriscWitness, CannonWitness, End, Format, Machine, Metadata, Output as Target, Plan, PreimageStop,
        RunError, key_type,
    },
};
use server::Process;
use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
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
            ExitCode::from(if error.is::<mips::StepError>() || error.is::<riscv::StepError>() {
                STUCK
            } else {
                FAILURE
            })
        }
    }
}

fn load_elf(flags: &LoadElf) -> Result<()> {
    let named = || format!("--path: {}", flags.path.display());
    let out = Target::from(&*flags.out);
    let data = fs::read(&flags.path).with_context(named)?;
    let elf = Elf::parse(&data).with_context(named)?;
    let state = match flags.vm {
        VmType::Cannon => State::Cannon(Box::new(mips::State::load(&elf).with_context(named)?)),
        VmType::Asterisc => State::Asterisc(Box::new(riscv::State::load(&elf).with_context(named)?)),
    };
    state.check_format("--out", &out)?;
    if !flags.meta.is_empty() {
        Target::from(&*flags.meta).write_json(&Metadata::of(&elf)).context("--meta")?;
    }
    let written = out.write(|to| match (&state, out.format()) {
        (State::Cannon(state), _) => state.serialize(to),
        (State::Asterisc(state), Format::Binary) => state.serialize(to),
        (State::Asterisc(state), Format::Json) => state.write_json(to),
    });
    written.context("--out")
}

fn witness(flags: &VmWitness) -> Result<()> {
    let state = State::read(&flags.input)?;
    let write = |witness: &[u8]| match &flags.output {
        Some(path) => fs::write(path, witness).with_context(|| format!("--output: {}", path.display())),
        None => Ok(()),
    };
    let printed = match state {
        State::Cannon(mut state) => {
            let witness = CannonWitness::of(&mut state);
            write(&witness.witness)?;
            Target::Stdout.write_json(&witness)
        }
        State::Asterisc(mut state) => {
            let witness = AsteriscWitness::of(&mut state);
            write(&witness.witness)?;
            Target::Stdout.write_json(&witness)
        }
    };
    printed.context("the witness")
}

/// A state of one of the VMs.
enum State {
    Cannon(Box<mips::State>),
    Asterisc(Box<riscv::State>),
}

impl State {
    /// The state in a file. Cannon's begin with a version, which is not 0, and asterisc's with the high byte of a number of pages.
    fn read(path: &Path) -> Result<Self> {
        let named = || format!("--input: {}", path.display());
        let mut file = BufReader::new(file::open(path).with_context(named)?);
        if Format::of(path) == Format::Json {
            return Ok(Self::Asterisc(Box::new(riscv::State::read_json(file).with_context(named)?)));
        }
        Ok(match file.fill_buf().with_context(named)?.first() {
            Some(0) => Self::Asterisc(Box::new(riscv::State::deserialize(file).with_context(named)?)),
            _ => Self::Cannon(Box::new(mips::State::deserialize(file).with_context(named)?)),
        })
    }

    /// Refuses to write a state to where its VM would not look for one.
    fn check_format(&self, flag: &str, to: &Target) -> Result<()> {
        match (self, to) {
            (Self::Cannon(_), Target::File(path)) if to.format() == Format::Json => {
                bail!("{flag}: {} must end in .bin or .bin.gz: states of cannon are binary", path.display())
            }
            _ => Ok(()),
        }
    }
}

fn run_vm(flags: &Run) -> Result<()> {
    logs::start(Output { json: false, verbose: 1, logs: flags.logs }, "info");
    ensure!(!flags.debug, "--debug: there are no stack traces here");
    ensure!(!flags.pprof_cpu, "--pprof.cpu: the VM has no profiler of itself: use one of the system's, such as perf");
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
    let state = State::read(&flags.input)?;
    state.check_format("--output", &Target::from(&*flags.output))?;
    state.check_format("--snapshot-fmt", &flags.snapshot_fmt.at(0))?;
    if matches!(state, State::Asterisc(_)) && flags.debug_info.is_some() {
        bail!("--debug-info: asterisc has no such figures");
    }
    let (process, preimages) = Process::start(&flags.server)?;
    // The server ends with its pipes, which the machine holds.
    let outcome = match state {
        State::Cannon(state) => {
            let mut machine = mips::Vm::new(*state, preimages, write_on);
            if flags.debug_info.is_some() {
                machine.enable_stats();
            }
            drive(&mut machine, &plan, &metadata, &flags.output).and_then(|()| match &flags.debug_info {
                Some(path) => Target::from(&**path).write_json(&machine.debug_info()).context("--debug-info"),
                None => Ok(()),
            })
        }
        State::Asterisc(state) => {
            drive(&mut riscv::Vm::new(*state, preimages, write_on), &plan, &metadata, &flags.output)
        }
    };
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

/// Runs a machine, and writes its last state.
fn drive<M: Machine>(machine: &mut M, plan: &Plan, metadata: &Metadata, output: &str) -> Result<()> {
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
        error @ RunError::Uncounted => anyhow!(error),
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
    machine.finish();
    let output = Target::from(output);
    output.write(|to| machine.write(output.format(), to)).context("--output")
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
