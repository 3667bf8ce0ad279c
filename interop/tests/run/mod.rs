//! What comparisons with a peer share, each on what chance makes: when they run, how much they try, which cases they keep.

use anyhow::{Context, Result, anyhow};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

/// The seed of an ordinary run, and what sets another.
pub(crate) const SEED: u64 = 1;
pub(crate) const SEED_VARIABLE: &str = "KOHALA_DIFF_SEED";

/// What is compared, and whose is beside ours.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) peer: &'static str,
}

impl Subject {
    /// True if there is Go, or has to be.
    pub(crate) fn is_possible(&self) -> bool {
        let is_possible = kohala_interop::has_go() || env::var_os("CI").is_some();
        if !is_possible {
            println!("NOT TESTED: {}'s {} is compared with ours only where there is Go", self.peer, self.name);
        }
        is_possible
    }

    /// The cases that were kept, each with its file, by name.
    pub(crate) fn kept<T: DeserializeOwned>(&self) -> Result<Vec<(PathBuf, T)>> {
        let entries = fs::read_dir(self.cases())?.map(|entry| Ok(entry?.path()));
        let mut paths = entries.collect::<Result<Vec<PathBuf>>>()?;
        paths.sort();
        let read = |path: PathBuf| {
            let case = serde_json::from_slice(&fs::read(&path)?).with_context(|| path.display().to_string())?;
            Ok((path, case))
        };
        paths.into_iter().map(read).collect()
    }

    /// Writes a case down on which the two differ; the file.
    pub(crate) fn keep(&self, name: &str, case: &impl Serialize) -> Result<PathBuf> {
        let path = self.cases().join(format!("{name}.json"));
        fs::write(&path, serde_json::to_vec(case)?)?;
        Ok(path)
    }

    fn cases(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(self.name)
    }
}

/// The number that a variable sets, as `cargo xtask diff` does.
pub(crate) fn number(variable: &str, default: u64) -> Result<u64> {
    match env::var(variable) {
        Ok(number) => number.parse().with_context(|| format!("{variable} is no number")),
        Err(_) => Ok(default),
    }
}

/// What we make of a case. A panic is a difference.
pub(crate) fn ours<T>(make: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(make)).map_err(|_| anyhow!("we panic"))
}
