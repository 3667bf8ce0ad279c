//! The command line. It parses, calls `kohala-host`, and says what came out, for people or as JSON; it decides
//! nothing about a claim itself.

mod check;
mod claim;
mod cli;
mod completions;
mod demo;
mod guests;
mod host;
mod logs;
mod manual;
mod metrics;
mod page;
mod prove;
mod report;
mod source;
mod stop;
mod store;
mod verify;
mod version;
mod vm;

use clap::Parser;
use cli::{Cli, Command, Host};
use std::{env, process::ExitCode, thread};

/// The claim is wrong.
const INVALID: u8 = 1;
/// There is no verdict.
const NO_VERDICT: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| match env::args_os().nth(1) {
        // There, 2 says that the VM can't go on.
        Some(command) if command == "vm" && error.use_stderr() => {
            let _ = error.print();
            std::process::exit(vm::FAILURE.into())
        }
        _ => error.exit(),
    });
    // A panic is a bug and never a verdict: it must not end in the exit code that says «wrong». Of `vm` it is what op-challenger
    // takes a panic of cannon for.
    thread::spawn(|| dispatch(cli)).join().unwrap_or(ExitCode::from(NO_VERDICT))
}

fn dispatch(cli: Cli) -> ExitCode {
    let (outcome, json) = match cli.command {
        Command::Verify(flags) => (verify::verify(&flags), flags.output.json),
        Command::Witness(flags) => (verify::witness(&flags), flags.verify.output.json),
        Command::Prove(flags) => (prove::prove(&flags), prove::output(&flags).json),
        Command::Host(Host::Single(flags)) | Command::Single(flags) => (host::single(&flags), flags.output.json),
        Command::Client(flags) => (host::client(&flags), false),
        Command::Check(flags) => (check::check(&flags), flags.output.json),
        Command::Demo(output) => (demo::demo(output), output.json),
        Command::Store(command) => (store::run(&command), command.output().json),
        Command::Vm(command) => (Ok(vm::run(&command)), false),
        Command::Completions(flags) => (completions::completions(&flags), false),
        Command::Man(flags) => (manual::manual(&flags), false),
        Command::Version(flags) => (version::version(&flags), flags.json),
    };
    outcome.unwrap_or_else(|error| {
        report::failure(&error, json);
        ExitCode::from(NO_VERDICT)
    })
}

/// The exit code of a verdict.
fn exit_code(valid: bool) -> ExitCode {
    if valid { ExitCode::SUCCESS } else { ExitCode::from(INVALID) }
}
