//! Flags of what tells about Kohala itself: version, manual, completions.

use clap::Args;
use clap_complete::Shell;
use std::path::PathBuf;

/// The version.
#[derive(Args)]
#[command(after_help = "Examples:
    kohala version
    kohala version --json
    kohala --version          # version and commit, in one line

Guests are looked for beside kohala and in target/guests, where `cargo xtask guests` builds them. Their absolute prestates are computed
from the files. SP1's verifying keys take minutes to compute, so that they are read from a file beside the guest, which this writes:
    kohala prove vkey --elf target/guests/kohala-sp1-range.elf --json > target/guests/kohala-sp1-range.vkey.json")]
pub(crate) struct Version {
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// The manual.
#[derive(Args)]
#[command(after_help = "Examples:
  Read a page:
    kohala man | man -l -
    kohala man vm run | man -l -

  Install all pages, one for each command, for `man kohala` and `man kohala-verify`:
    kohala man --out ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The command whose page is printed [default: kohala itself]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub(crate) command: Vec<String>,
    /// A folder to write the pages of all commands to; it is made if it isn't there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Completions.
#[derive(Args)]
#[command(after_help = "Examples, for each shell; they count in shells that are started afterwards:
  bash, with its package bash-completion:
    kohala completions bash > ~/.local/share/bash-completion/completions/kohala

  zsh, with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc:
    kohala completions zsh > ~/.zfunc/_kohala

  fish:
    kohala completions fish > ~/.config/fish/completions/kohala.fish

  elvish:
    kohala completions elvish >> ~/.config/elvish/rc.elv

  PowerShell:
    kohala completions powershell >> $PROFILE")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}
