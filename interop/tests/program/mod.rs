//! Our program, as the tests run it.

use anyhow::{Context, Result, ensure};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Our program, of the same profile as this test. Cargo builds it for the tests of the workspace, but not for this test
/// alone.
pub(crate) fn kohala() -> Result<&'static Path> {
    static KOHALA: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = KOHALA.get() {
        return Ok(path);
    }
    let test = env::current_exe()?;
    let profile = test.parent().and_then(Path::parent).context("tests lie in a folder of their profile")?;
    let path = profile.join("kohala");
    if !path.exists() {
        let name = profile.file_name().unwrap_or_default();
        let name = if name == "debug" { "dev".into() } else { name.to_owned() };
        let target = profile.parent().context("profiles lie in the target folder")?;
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "-p", "kohala", "--profile"]).arg(name).arg("--target-dir").arg(target);
        ensure!(cargo.status()?.success(), "{cargo:?}");
    }
    Ok(KOHALA.get_or_init(|| path))
}
