//! The project's own tasks, run as `cargo xtask <task>`. Nothing that the product needs lies here.

mod bench;
mod book;
mod deny;
mod diff;
mod guests;
mod kzg;
mod no_std;
mod nodes;
mod registry;
mod sanitize;
mod step;
mod test;
mod testdata;
mod tidy;
mod upgrades;

use clap::Parser;
use std::{path::PathBuf, process::ExitCode};

/// Tests, checks and generated files of Kohala.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Every check that a change must pass: format, tidy, deny, clippy, the guests, tests, docs, the book.
    Test,
    /// The dependency rule and the source rules that the compiler doesn't know.
    Tidy,
    /// The dependencies of every workspace against RustSec's advisories; fetches them from the network.
    Audit,
    /// The crates that handle foreign bytes, and the allocator, under AddressSanitizer; the allocator under miri where there is
    /// one.
    Sanitize,
    /// The book as HTML, in target/book; needs mdBook.
    Book,
    /// A chain of real op-geth, op-node and op-batcher, built, made and served until Ctrl-C, and how to judge its blocks; needs Go.
    Nodes,
    /// The core crates built for bare metal RISC-V and MIPS; as root on Debian installs the compiler it needs.
    NoStd,
    /// The program as executables of the fault proof VMs; as root on Debian installs the compiler it needs.
    Guests(guests::Guests),
    /// What judging recorded claims costs: time, memory, reads, allocations, instructions, beside other implementations.
    Bench {
        /// The folder with the recordings, for the claim whose preimages the repository hasn't [default: ../shared/chains].
        #[arg(long)]
        chains: Option<PathBuf>,
        /// Runs of each claim.
        #[arg(long, default_value_t = 5)]
        runs: usize,
        /// Times single parts instead: trie, channels, derivation, execution.
        #[arg(long, conflicts_with_all = ["chains", "runs"])]
        micro: bool,
        /// Compares the host with op-program's instead, on a chain of real nodes: calls, round trips, time. Needs Go.
        #[arg(long, conflicts_with_all = ["chains", "runs", "micro"])]
        host: bool,
        /// Compares derivation, trie and execution with kona's instead, in one process: time, allocations, memory,
        /// instructions.
        #[arg(long, conflicts_with_all = ["chains", "runs", "micro", "host"])]
        peers: bool,
        /// Counts what the guests take on the fault proof VMs instead: steps, memory, preimages, and where steps go; and how
        /// fast our VM is, beside cannon where there is Go.
        #[arg(long, conflicts_with_all = ["chains", "runs", "micro", "host", "peers"])]
        fpvm: bool,
        /// Counts what claims take in SP1 instead: witness bytes, cycles by phase, calls of precompiles.
        #[arg(long, conflicts_with_all = ["chains", "runs", "micro", "host", "peers", "fpvm"])]
        zkvm: bool,
    },
    /// Compares derivation with op-node's own on streams that chance makes and spoils. Needs Go.
    Diff {
        /// How many streams.
        #[arg(long, default_value_t = 20_000)]
        cases: u64,
        /// What chance begins with.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Compares execution with op-geth's instead, on blocks that chance makes.
        #[arg(long, conflicts_with = "cases")]
        execution: bool,
        /// How many blocks of each fork.
        #[arg(long, default_value_t = 2_000, requires = "execution")]
        blocks: u64,
    },
    /// Compacts recorded chains into testdata/chains.
    Testdata {
        /// The folder with the recordings: one folder a chain.
        recordings: PathBuf,
    },
    /// Writes the points that the host commits to blobs by, from c-kzg's trusted setup.
    Kzg,
    /// Writes the table of known chains from the superchain registry's files.
    Registry {
        /// The folder with the registry: `mainnet/*.toml`, `sepolia/*.toml`.
        registry: PathBuf,
        /// Compares the table with the registry and writes nothing.
        #[arg(long)]
        check: bool,
    },
    /// Writes Karst's upgrade transactions from op-node's bundle of them.
    Upgrades {
        /// The bundle: `op-core/nuts/bundles/karst_nut_bundle.json` of the optimism repository.
        bundle: PathBuf,
        /// Compares with the bundle and writes nothing.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    if let Some(code) = guests::compile() {
        return code;
    }
    let result = match Task::parse() {
        Task::Test => test::run(),
        Task::Tidy => tidy::run(),
        Task::Audit => deny::audit(),
        Task::Sanitize => sanitize::run(),
        Task::Book => book::run(),
        Task::Nodes => nodes::run(),
        Task::NoStd => no_std::run(),
        Task::Guests(guests) => guests::run(&guests),
        Task::Bench { micro: true, .. } => bench::micro(),
        Task::Bench { host: true, .. } => bench::host(),
        Task::Bench { peers: true, .. } => bench::peers::run(),
        Task::Bench { fpvm: true, .. } => bench::fpvm(),
        Task::Bench { zkvm: true, .. } => bench::zkvm::run(),
        Task::Bench { chains, runs, .. } => bench::run(chains.as_deref(), runs),
        Task::Diff { execution: true, blocks, seed, .. } => diff::execution(blocks, seed),
        Task::Diff { cases, seed, .. } => diff::derivation(cases, seed),
        Task::Testdata { recordings } => testdata::run(&recordings),
        Task::Kzg => kzg::run(),
        Task::Registry { registry, check } => registry::run(&registry, check),
        Task::Upgrades { bundle, check } => upgrades::run(&bundle, check),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
