//! The project's own tasks, run as `cargo xtask <task>`. Nothing that the product needs lies here.

mod testdata;

use anyhow::Result;
use clap::Parser;
use std::path::PathBuf;

/// Tests, checks and generated files of Kohala.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Compacts recorded chains into testdata/chains.
    Testdata {
        /// The folder with the recordings: one folder a chain.
        recordings: PathBuf,
    },
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Testdata { recordings } => testdata::run(&recordings),
    }
}
