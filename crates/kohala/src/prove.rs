//! `kohala prove`: proofs by a zkVM. Makes the guest's input, and has a backend do the rest, a program of its own.

use crate::{
    NO_VERDICT, claim,
    cli::{
        AggregateFlags, Backend, BackendFlags, Output, ProofFlags, Prove, ProveCommand, ProverFlags, Verify, VkeyFlags,
    },
    exit_code,
    guests::{self, AGGREGATION, RANGE},
    logs,
    metrics::Metrics,
    report::{self, Progress},
    source::Source,
    stop::stopped_by_signals,
    verify::writable,
};
use alloy_primitives::Bytes;
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use kohala_host::{GuestInput, Online, Store};
use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

pub(crate) fn prove(flags: &Prove) -> Result<ExitCode> {
    match &flags.command {
        None => prove_claim(flags),
        Some(ProveCommand::Verify(flags)) => verify_proof(flags),
        Some(ProveCommand::Vkey(flags)) => vkey(flags),
        Some(ProveCommand::Aggregate(flags)) => aggregate(flags),
    }
}

/// How what was asked of `kohala prove` is to be said.
pub(crate) fn output(flags: &Prove) -> Output {
    match &flags.command {
        None => flags.verify.output,
        Some(ProveCommand::Verify(flags)) => flags.output,
        Some(ProveCommand::Vkey(flags)) => flags.output,
        Some(ProveCommand::Aggregate(flags)) => flags.output,
    }
}

fn prove_claim(flags: &Prove) -> Result<ExitCode> {
    let output = flags.verify.output;
    logs::start(output, "warn");
    ensure!(
        flags.verify.report.is_none(),
        "--report: of a proof there is no page: `kohala verify --report` makes one of the claim"
    );
    // What is missing is said before a claim is judged for minutes.
    let program = Program::find(&flags.backend)?;
    let elf = guest("--elf", flags.elf.as_deref(), RANGE)?;
    flags.prover.out.as_deref().map_or(Ok(()), |out| writable("--out", out))?;
    // Of a right claim the one JSON object is the backend's.
    let says = |valid: bool| !(output.json && valid);
    let made = flags.input.is_none().then(|| guest_input(&flags.verify, says)).transpose()?;
    if made.as_ref().is_some_and(|made| !made.verdict.is_valid()) {
        eprintln!("the claim is wrong: there is nothing to prove");
        return Ok(exit_code(false));
    }
    let mut command = program.command("prove", output);
    command.arg(elf).args(["--mode", &name(flags.mode)]);
    prover_arguments(&flags.prover, &mut command);
    match (&flags.input, made) {
        (Some(path), _) => {
            command.arg("--input").arg(path);
            run(command, &[])
        }
        (None, Some(made)) => {
            command.args(["--input", "-", "--public-values", &Bytes::from(made.statement.encode()).to_string()]);
            run(command, &made.witness)
        }
        (None, None) => unreachable!("the input is in a file or made"),
    }
}

/// Judges the claim that the flags name, and makes the guest's input of what it took. What came out is said if `says` says so
/// of a right claim, or of a wrong one.
pub(crate) fn guest_input(flags: &Verify, says: impl Fn(bool) -> bool) -> Result<GuestInput> {
    let source = Source::of_verify(flags)?;
    let metrics = Metrics::start(flags.metrics, source.nodes())?;
    let (dispute, start) = (source.dispute(), Instant::now());
    let mut progress = Progress::new(dispute, flags.output);
    let mut judge = || source.witness(&mut metrics.seeing(&mut |sight| progress.see(sight)));
    let judged = match source.nodes() {
        Some(online) => stopped_by_signals(online, judge),
        None => judge(),
    };
    progress.finish();
    let (judgement, preimages) = judged.map_err(report::advise)?;
    if says(judgement.verdict.is_valid()) {
        report::judgement(dispute, &judgement, source.nodes().map(Online::meter), start.elapsed(), flags.output);
    }
    kohala_host::guest_input(&Store::Memory(preimages), dispute).context("the guest's input can't be made")
}

fn verify_proof(flags: &ProofFlags) -> Result<ExitCode> {
    logs::start(flags.output, "warn");
    // Whatever lies in the folder where one stands may have come with the proof.
    let mut command = Program::find_beside(&flags.backend, &[])?.command("verify", flags.output);
    command.arg(&flags.proof);
    match (&flags.vkey, &flags.elf) {
        (Some(key), _) => command.arg("--vkey").arg(key),
        (None, Some(elf)) => command.arg("--elf").arg(elf),
        (None, None) => bail!("--elf or --vkey is missing: whose proof must it be?"),
    };
    if flags.mock {
        command.arg("--mock");
    }
    let expected = claim::given(&flags.claim)?;
    let chain = claim::chain_of(&flags.chain)?;
    ensure!(
        expected.agreed_l2_head_hash.is_none() || expected.agreed_l2_output_root.is_some(),
        "--agreed-l2-head-hash: a proof says the agreed output root and no block: give --agreed-l2-output-root"
    );
    let words = [
        ("--l1-head", expected.l1_head),
        ("--agreed-l2-output-root", expected.agreed_l2_output_root),
        ("--claimed-l2-output-root", expected.claimed_l2_output_root),
        ("--chain-hash", chain.as_ref().map(claim::chain_hash).transpose()?),
        ("--program", flags.program),
    ];
    for (flag, word) in words {
        if let Some(word) = word {
            command.args([flag, &word.to_string()]);
        }
    }
    let expects = words[..3].iter().any(|(_, word)| word.is_some()) || expected.claimed_l2_block_number.is_some();
    ensure!(
        !expects || chain.is_some(),
        "--chain (or --rollup-config-path) is missing: without a chain a claim means nothing"
    );
    if let Some(number) = expected.claimed_l2_block_number {
        command.args(["--claimed-l2-block-number", &number.to_string()]);
    }
    run(command, &[])
}

fn vkey(flags: &VkeyFlags) -> Result<ExitCode> {
    logs::start(flags.output, "warn");
    let mut command = Program::find(&flags.backend)?.command("vkey", flags.output);
    command.arg(guest("--elf", flags.elf.as_deref(), RANGE)?);
    if let Some(out) = &flags.out {
        command.arg("--out").arg(out);
    }
    run(command, &[])
}

fn aggregate(flags: &AggregateFlags) -> Result<ExitCode> {
    logs::start(flags.output, "warn");
    let mut command = Program::find(&flags.backend)?.command("aggregate", flags.output);
    command.arg("--elf").arg(guest("--elf", flags.elf.as_deref(), AGGREGATION)?);
    command.arg("--range-elf").arg(guest("--range-elf", flags.range_elf.as_deref(), RANGE)?);
    command.args(["--mode", &name(flags.mode)]);
    flags.prover.out.as_deref().map_or(Ok(()), |out| writable("--out", out))?;
    prover_arguments(&flags.prover, &mut command);
    if let Some(headers) = &flags.l1_headers {
        command.arg("--l1-headers").arg(headers);
    }
    command.args(&flags.proofs);
    run(command, &[])
}

fn prover_arguments(flags: &ProverFlags, command: &mut Command) {
    if let Some(prover) = flags.prover {
        command.args(["--prover", &name(prover)]);
    }
    for (flag, path) in [("--out", &flags.out), ("--vkey", &flags.vkey)] {
        if let Some(path) = path {
            command.arg(flag).arg(path);
        }
    }
    let given = [("--quick", flags.quick), ("--download", flags.download), ("--unchecked", flags.unchecked)];
    for (flag, given) in given {
        if given {
            command.arg(flag);
        }
    }
}

/// A backend's program.
struct Program(PathBuf);

impl Program {
    /// Finds it: where the flags say, beside this program, where the sources' are built, or in `PATH`.
    fn find(flags: &BackendFlags) -> Result<Self> {
        Self::find_beside(flags, &["provers/sp1/target/release".into()])
    }

    /// Finds it where the flags say, beside this program, in `folders`, or in `PATH`.
    fn find_beside(flags: &BackendFlags, folders: &[PathBuf]) -> Result<Self> {
        if let Some(path) = &flags.backend_path {
            ensure!(path.is_file(), "--backend-path: there is no program {}", path.display());
            return Ok(Self(path.clone()));
        }
        let Backend::Sp1 = flags.backend;
        let name = format!("kohala-sp1{}", env::consts::EXE_SUFFIX);
        let in_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
        let folders: [Vec<PathBuf>; 3] = [guests::own_folder().into_iter().collect(), folders.to_vec(), in_path];
        let found = folders.iter().flatten().map(|folder| folder.join(&name)).find(|path| path.is_file());
        found.map(Self).with_context(|| {
            format!(
                "{name}, which proves with SP1, is not beside kohala or in PATH: `cargo build \
                 --release --manifest-path provers/sp1/Cargo.toml` builds it, and --backend-path says where it is"
            )
        })
    }

    fn command(&self, what: &str, output: Output) -> Command {
        let mut command = Command::new(&self.0);
        command.arg(what);
        if output.json {
            command.arg("--json");
        }
        command
    }
}

/// Runs a backend, which says itself what came out, and whose exit code is ours.
fn run(mut command: Command, input: &[u8]) -> Result<ExitCode> {
    tracing::info!(?command, "starting the backend");
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child =
        command.stdin(Stdio::piped()).spawn().with_context(|| format!("the backend {name} can't be started"))?;
    // One that ends before it has read all says why itself.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input));
    let status = child.wait().with_context(|| format!("the backend {name}"))?;
    match status.code() {
        Some(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(NO_VERDICT))),
        None => bail!(
            "the backend {name} was stopped: {status}; if that was for lack of memory, use a larger machine or \
                       smaller shards ({name} prove --help)"
        ),
    }
}

/// A guest's file: the one that is given, or the one that was built or came with this program.
fn guest(flag: &str, given: Option<&Path>, name: &str) -> Result<PathBuf> {
    if let Some(path) = given {
        ensure!(path.is_file(), "{flag}: there is no guest {}", path.display());
        return Ok(path.to_path_buf());
    }
    guests::find(name).with_context(|| {
        format!(
            "{flag} is missing, and {name} is neither beside kohala nor in target/guests: `cargo xtask guests --target sp1` \
             builds it"
        )
    })
}

/// A value's name in the command line.
fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
