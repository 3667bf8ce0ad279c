//! `cargo xtask bench`: what judging recorded claims costs, beside what it costs the other implementations.
//!
//! Time and memory are those of the real command line in a process of its own, offline. On a shared machine only CPU
//! time means something; counts of reads, allocations and instructions mean the same everywhere.

pub(crate) mod peers;
mod rivals;
mod table;
pub(crate) mod zkvm;

use crate::{
    guests::{self, Guests},
    step,
};
use anyhow::{Context, Result, bail, ensure};
use rivals::{Rival, Span};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use table::Table;
use wait4::Wait4;

/// Where the recordings lie if nothing else is said, relative to the repository.
const RECORDINGS: &str = "../shared/chains";

/// A claim to measure.
struct Case {
    chain: &'static str,
    claim: &'static str,
    /// What it should stay below, if anything.
    bar: Option<Bar>,
    /// Whether to count instructions: valgrind takes fifty times as long.
    counts_instructions: bool,
    rivals: [Rival; 2],
}

/// What a claim should stay below.
struct Bar {
    cpu_seconds: f64,
    peak_mib: Option<f64>,
    reads: Option<u64>,
}

/// What one run took.
struct Run {
    wall: Duration,
    cpu: Duration,
    peak_mib: f64,
}

/// The part of `kohala verify --json` that is shown.
#[derive(Deserialize)]
struct Judgement {
    verdict: String,
    blocks: u64,
    transactions: u64,
    gas_used: u64,
    preimages: BTreeMap<String, Count>,
}

#[derive(Deserialize, Clone, Copy)]
struct Count {
    number: u64,
    bytes: u64,
}

#[derive(Deserialize)]
struct Allocations {
    allocations: u64,
    bytes: u64,
}

/// The programs that were built.
struct Programs {
    kohala: PathBuf,
    allocations: PathBuf,
    /// For what is made on the way.
    scratch: PathBuf,
}

/// Measures every case that there is data for.
pub(crate) fn run(recordings: Option<&Path>, runs: usize) -> Result<()> {
    ensure!(runs > 0, "--runs must be at least 1");
    let programs = Programs::build()?;
    for case in rivals::cases() {
        let Some((folder, store)) = programs.data(&case, recordings)? else {
            println!(
                "\n{} of {}: left out, its preimages are not in the repository: give a folder of recordings with \
                 --chains",
                case.claim, case.chain
            );
            continue;
        };
        programs.measure(&case, &folder, &store, runs)?;
    }
    println!("\nThe rivals' figures: {}", rivals::SOURCE);
    Ok(())
}

/// Times single parts by criterion.
pub(crate) fn micro() -> Result<()> {
    step::run("micro-benchmarks", &mut step::cargo("bench --locked --package kohala-benches --bench micro"))
}

/// Compares the host with op-program's.
pub(crate) fn host() -> Result<()> {
    let programs = Programs::build()?;
    let mut bench = step::cargo("bench --locked --profile dev --package kohala-interop --bench host");
    step::run("host beside op-program", bench.env("KOHALA", programs.kohala))
}

/// Counts what the guests take on the fault proof VMs.
pub(crate) fn fpvm() -> Result<()> {
    guests::run(&Guests::default())?;
    let programs = Programs::build()?;
    let mut bench = step::cargo("bench --locked --package kohala-benches --bench fpvm --");
    bench.arg(step::root().join(guests::FOLDER)).arg(&programs.scratch);
    step::run("fault proof VMs", bench.env("KOHALA", programs.kohala))
}

impl Programs {
    fn build() -> Result<Self> {
        step::run("build", &mut step::cargo("build --release --locked --package kohala --package kohala-benches"))?;
        let target_directory = target_directory()?;
        let scratch = target_directory.join("bench");
        fs::create_dir_all(&scratch)?;
        let release = target_directory.join("release");
        Ok(Self { kohala: release.join("kohala"), allocations: release.join("kohala-benches"), scratch })
    }

    /// The folder with a case's chain and the store with its preimages: those of the repository, or else those of the
    /// recordings, imported once. `None` if there are none.
    fn data(&self, case: &Case, recordings: Option<&Path>) -> Result<Option<(PathBuf, PathBuf)>> {
        let folder = kohala_testdata::path("chains").join(case.chain);
        if claim_file(&folder, case).exists() {
            return Ok(Some((folder.clone(), folder.join("preimages.kohala"))));
        }
        let folder = recordings.map_or_else(|| step::root().join(RECORDINGS), Path::to_path_buf).join(case.chain);
        let recorded = folder.join("preimages.kv.zst");
        if !recorded.exists() {
            ensure!(recordings.is_none(), "--chains: there is no {}", recorded.display());
            return Ok(None);
        }
        let store = self.scratch.join(format!("{}.kohala", case.chain));
        if !store.exists() {
            let mut import = Command::new(&self.kohala);
            step::run("import, once", import.args(["store", "import"]).arg(&recorded).arg(&store))?;
        }
        Ok(Some((folder, store)))
    }

    fn measure(&self, case: &Case, folder: &Path, store: &Path, runs: usize) -> Result<()> {
        let claim = claim_file(folder, case);
        let mut verify = vec![self.kohala.as_os_str().to_owned(), "verify".into(), "--json".into()];
        let flags = [
            ("--rollup-config-path", folder.join("rollup.json")),
            ("--l1-config-path", folder.join("l1-chain-config.json")),
            ("--data-dir", store.to_path_buf()),
            ("--claim", claim.clone()),
        ];
        verify.extend(flags.into_iter().flat_map(|(flag, path)| [flag.into(), path.into_os_string()]));

        let measured = (0..runs).map(|_| timed(&mut command(&verify))).collect::<Result<Vec<_>>>()?;
        let judgement = &measured[0].1;
        ensure!(judgement.verdict == "valid", "the true claim {} was judged {}", case.claim, judgement.verdict);
        let counting = command(&[&self.allocations, folder, store, &claim]);
        let counted = step::output(&mut on_one_thread(counting)).context("allocations could not be counted")?;
        let instructions = case.counts_instructions.then(|| self.instructions(&verify)).transpose()?.flatten();

        let mut table = Table::new(case, judgement, runs);
        table.times(case, &measured.iter().map(|(run, _)| run).collect::<Vec<_>>());
        table.reads(case, &judgement.preimages);
        table.allocations(&serde_json::from_str(&counted)?);
        if case.counts_instructions {
            table.instructions(instructions);
        }
        print!("{table}");
        Ok(())
    }

    /// Instructions by callgrind; `None` without valgrind. The profile stays in the scratch folder.
    fn instructions(&self, verify: &[OsString]) -> Result<Option<u64>> {
        let profile = self.scratch.join("callgrind.out");
        let mut valgrind = Command::new("valgrind");
        let mut file = OsString::from("--callgrind-out-file=");
        file.push(&profile);
        valgrind.arg("--tool=callgrind").arg(file).args(verify);
        valgrind.stdout(Stdio::null());
        let Ok(output) = on_one_thread(valgrind).output() else { return Ok(None) };
        let text = String::from_utf8_lossy(&output.stderr);
        let collected = text.lines().find_map(|line| line.split_once("Collected : "));
        match collected.and_then(|(_, number)| number.trim().parse().ok()) {
            Some(number) if output.status.success() => Ok(Some(number)),
            _ => bail!("valgrind failed: {text}"),
        }
    }
}

/// Where cargo builds.
fn target_directory() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let json = step::output(&mut step::cargo("metadata --format-version 1 --no-deps"));
    let metadata: Metadata = serde_json::from_str(&json.context("cargo metadata failed")?)?;
    Ok(metadata.target_directory)
}

fn claim_file(folder: &Path, case: &Case) -> PathBuf {
    folder.join("claims").join(format!("{}.json", case.claim))
}

fn command<T: AsRef<OsStr>>(words: &[T]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// The same, on one thread: what is counted then does not depend on how threads meet.
fn on_one_thread(mut command: Command) -> Command {
    command.env("RAYON_NUM_THREADS", "1");
    command
}

/// Runs a `kohala verify`; its cost and its answer.
fn timed(command: &mut Command) -> Result<(Run, Judgement)> {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().context("kohala can't be run")?;
    let output = child.stdout.take().context("no output")?;
    // The answer is one line, which the pipe holds.
    let used = child.wait4()?;
    let wall = started.elapsed();
    ensure!(used.status.success(), "kohala verify failed ({})", used.status);
    let judgement = serde_json::from_reader(output)?;
    let cpu = used.rusage.utime + used.rusage.stime;
    Ok((Run { wall, cpu, peak_mib: used.rusage.maxrss as f64 / f64::from(1 << 20) }, judgement))
}
