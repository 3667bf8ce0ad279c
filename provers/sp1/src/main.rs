//! The binary: parses, calls the library, says what came out.

mod cli;
mod commands;

use clap::Parser;
use cli::{Cli, Command};
use std::{process::ExitCode, thread};

/// Anything but a proof that holds or doesn't: bad input, missing memory, a guest that failed.
const FAILURE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // SP1's own log lines, if RUST_LOG asks for them.
    sp1_sdk::utils::setup_logger();
    // A panic is a bug, of ours or of SP1, and says nothing about a proof.
    thread::spawn(move || dispatch(&cli)).join().unwrap_or(ExitCode::from(FAILURE))
}

fn dispatch(cli: &Cli) -> ExitCode {
    let (outcome, json) = match &cli.command {
        Command::Execute(flags) => (commands::execute(flags), flags.output.json),
        Command::Prove(flags) => (commands::prove(flags), flags.output.json),
        Command::Verify(flags) => (commands::verify(flags), flags.output.json),
        Command::Vkey(flags) => (commands::vkey(flags), flags.output.json),
        Command::Aggregate(flags) => (commands::aggregate(flags), flags.output.json),
    };
    outcome.unwrap_or_else(|error| {
        if json {
            println!("{}", serde_json::json!({ "error": format!("{error:#}") }));
        }
        eprintln!("error: {error:#}");
        ExitCode::from(FAILURE)
    })
}
