//! `kohala man`: the help of every command as a manual page. It has nothing that the help hasn't.

use crate::{
    cli::{Cli, Man},
    report,
};
use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_mangen::roff::{Roff, roman};
use std::{fs, io, path::Path, process::ExitCode};

/// What the pages are of.
const SOURCE: &str = concat!("Kohala ", env!("CARGO_PKG_VERSION"));

pub(crate) fn manual(flags: &Man) -> Result<ExitCode> {
    let root = commands();
    match &flags.out {
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| format!("--out: {} can't be made", folder.display()))?;
            write(&root, folder)?;
        }
        None => report::print(&page(named(&root, &flags.command)?)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// All commands, each with its whole name.
fn commands() -> Command {
    // `kohala help verify` says what `kohala verify --help` does.
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    root
}

fn named<'a>(root: &'a Command, names: &[String]) -> Result<&'a Command> {
    names.iter().try_fold(root, |command, name| {
        command.find_subcommand(name).with_context(|| {
            let above = command.get_bin_name().unwrap_or(command.get_name());
            format!("COMMAND: there is no `{above} {name}`: `{above} --help` says which commands there are")
        })
    })
}

/// Writes the page of `command` and those of all that are below it.
fn write(command: &Command, folder: &Path) -> Result<()> {
    let path = folder.join(format!("{}.1", title(command)));
    fs::write(&path, page(command)?).with_context(|| format!("--out: {} can't be written", path.display()))?;
    command.get_subcommands().filter(|command| !command.is_hide_set()).try_for_each(|command| write(command, folder))
}

/// What the page is called: `kohala-vm-run`.
fn title(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

/// A command's page, in roff.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = clap_mangen::Man::new(command.clone());
    // Without a date, which would tell builds apart; a field there must be.
    let man = man.title(title(command)).date(" ").source(SOURCE).manual("Kohala's manual");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(text) = command.get_after_help() {
        examples(&text.to_string()).to_writer(&mut page)?;
    }
    Ok(page)
}

/// What comes after the help, section by section of it. What is indented is for copying, and its lines are kept.
fn examples(text: &str) -> Roff {
    let mut page = Roff::new();
    page.control("SH", ["EXAMPLES"]);
    for line in text.lines().filter(|line| *line != "Examples:" && *line != "Example:") {
        if line.is_empty() {
            page.control("PP", []);
        } else if line.starts_with(' ') {
            page.control("nf", []).text([roman(line)]).control("fi", []);
        } else {
            page.text([roman(line)]);
        }
    }
    page
}
