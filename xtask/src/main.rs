//! The project's own tasks, run as `cargo xtask <task>`. Nothing that the product needs lies here.

mod no_std;
mod registry;
mod step;
mod test;
mod testdata;
mod tidy;

use clap::Parser;
use std::{path::PathBuf, process::ExitCode};

/// Tests, checks and generated files of Kohala.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Every check that a change must pass: format, tidy, deny, clippy, tests, docs, no-std.
    Test,
    /// The dependency rule and the source rules that the compiler doesn't know.
    Tidy,
    /// The core crates built for bare metal RISC-V and MIPS; as root on Debian installs the compiler it needs.
    NoStd,
    /// Compacts recorded chains into testdata/chains.
    Testdata {
        /// The folder with the recordings: one folder a chain.
        recordings: PathBuf,
    },
    /// Writes the table of known chains from the superchain registry's files.
    Registry {
        /// The folder with the registry: `mainnet/*.toml`, `sepolia/*.toml`.
        registry: PathBuf,
        /// Compares the table with the registry and writes nothing.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Test => test::run(),
        Task::Tidy => tidy::run(),
        Task::NoStd => no_std::run(),
        Task::Testdata { recordings } => testdata::run(&recordings),
        Task::Registry { registry, check } => registry::run(&registry, check),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
