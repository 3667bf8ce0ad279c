//! A command as a step of a task: it is printed, then run, and its failure ends the task.

use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// The repository's root; every step runs there.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root").to_path_buf()
}

/// The cargo that runs this task.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split_whitespace());
    command
}

/// Runs `command` in the root and fails if it does.
pub(crate) fn run(title: &str, command: &mut Command) -> Result<()> {
    println!("\n== {title}: {}", line(command));
    let started = Instant::now();
    let status = command.current_dir(root()).status().with_context(|| format!("{} can't be run", line(command)))?;
    ensure!(status.success(), "{title}: {} failed ({status})", line(command));
    println!("== {title}: ok, {} s", started.elapsed().as_secs());
    Ok(())
}

/// What `command` prints; `None` if it can't be run or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.current_dir(root()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Installs Debian's packages where that can be done, as root on Debian; says whether it could.
pub(crate) fn install(packages: &[&str]) -> Result<bool> {
    let is_root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !is_root || !Path::new("/etc/debian_version").exists() {
        return Ok(false);
    }
    run("install", Command::new("apt-get").arg("update"))?;
    let mut apt = Command::new("apt-get");
    apt.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    run("install", apt.env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(true)
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
