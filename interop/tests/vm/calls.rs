//! Calls of a VM, with our host on a recorded chain as its preimage server.

use crate::program::kohala;
use anyhow::{Context, Result, bail};
use std::{
    ffi::OsString,
    fs::{self, File},
    io::Read,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// No call takes longer; one that does is killed.
const LIMIT: Duration = Duration::from_secs(300);

/// Whose program the server is to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    OpProgram,
    Ours,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) code: Option<i32>,
    pub(crate) output: Vec<u8>,
    pub(crate) errors: Vec<u8>,
}

/// Calls a VM in a folder.
pub(crate) fn call(vm: &[OsString], arguments: &[&str], server: &[OsString], folder: &Path) -> Result<Call> {
    let (program, first) = vm.split_first().context("a VM is a program")?;
    let mut command = Command::new(program);
    command.args(first).args(arguments).current_dir(folder).stdin(Stdio::null());
    if !server.is_empty() {
        command.arg("--").args(server);
    }
    // To files outside of the folder, whose content is compared: a pipe that nobody reads would hold the VM up.
    let logs = tempfile::tempdir()?;
    let (output, errors) = (logs.path().join("output"), logs.path().join("errors"));
    let mut child = command.stdout(File::create(&output)?).stderr(File::create(&errors)?).spawn()?;
    let started = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if started.elapsed() > LIMIT => {
                child.kill()?;
                child.wait()?;
                bail!("{command:?} takes too long");
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    Ok(Call { code: status.code(), output: fs::read(output)?, errors: fs::read(errors)? })
}

/// Our host on a claim of a recorded chain; of a false one, the claim's root is another.
pub(crate) fn server(chain: &str, claim: &str, client: Client, is_true: bool) -> Result<Vec<OsString>> {
    let file = |name: &str| OsString::from(kohala_testdata::path(format!("chains/{chain}/{name}")));
    let mut server: Vec<OsString> = vec![kohala()?.into(), "host".into(), "single".into(), "--server".into()];
    let mut add = |flag: &str, value: OsString| server.extend([flag.into(), value]);
    add("--rollup-config-path", file("rollup.json"));
    add("--l1-config-path", file("l1-chain-config.json"));
    add("--claim", file(&format!("claims/{claim}.json")));
    add("--data-dir", file("preimages.kohala"));
    add("--program", if client == Client::OpProgram { "op-program" } else { "kona" }.into());
    if !is_true {
        add("--claimed-l2-output-root", format!("0x{}", "5a".repeat(32)).into());
    }
    Ok(server)
}

/// A file's content, decompressed if its name says that it is compressed.
pub(crate) fn content(path: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    kohala_vm::file::open(path)?.read_to_end(&mut content).with_context(|| path.display().to_string())?;
    Ok(content)
}
