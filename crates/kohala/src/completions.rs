//! `kohala completions`: what completes commands, flags and their values in a shell.

use crate::{
    cli::{Cli, Completions},
    report,
};
use anyhow::Result;
use clap::CommandFactory;
use std::process::ExitCode;

pub(crate) fn completions(flags: &Completions) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut Cli::command(), "kohala", &mut script);
    report::print(&script)?;
    Ok(ExitCode::SUCCESS)
}
