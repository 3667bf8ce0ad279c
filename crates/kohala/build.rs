//! Says which commit is built: what `kohala version` prints.
//!
//! Packagers whose sources come without a repository name it by `KOHALA_COMMIT`. Where nobody says it, it is unknown, and that
//! is no error.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo::rerun-if-env-changed=KOHALA_COMMIT");
    let version = variable("CARGO_PKG_VERSION");
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../..");
    let named = env::var("KOHALA_COMMIT").ok().and_then(|named| Some(named.split_whitespace().next()?.to_owned()));
    let (commit, changed) = match (named, Repository::at(&root)) {
        (Some(named), _) => (Some(named), None),
        (None, Some(repository)) => (repository.git(&["rev-parse", "HEAD"]), repository.is_changed()),
        (None, None) => (None, None),
    };
    let short = commit.as_deref().map_or("unknown", |commit| commit.get(..12).unwrap_or(commit));
    let (mark, changed) = match changed {
        Some(true) => (", changed", "true"),
        Some(false) => ("", "false"),
        None => ("", ""),
    };
    println!("cargo::rustc-env=KOHALA_VERSION={version} (commit {short}{mark})");
    println!("cargo::rustc-env=KOHALA_BUILT_COMMIT={}", commit.unwrap_or_default());
    println!("cargo::rustc-env=KOHALA_BUILT_CHANGED={changed}");
}

/// The repository that the sources are in.
struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The repository whose root is `root`: one that merely has the sources in a folder of its own doesn't count. What it says is
    /// asked again once the commit or a source has changed, and not before.
    fn at(root: &Path) -> Option<Self> {
        let root = root.canonicalize().ok()?;
        let repository = Self { root };
        let top = repository.git(&["rev-parse", "--show-toplevel"])?;
        if Path::new(&top).canonicalize().ok()? != repository.root {
            return None;
        }
        // Of a work tree apart HEAD lies elsewhere than branches do. A branch that is packed is in no file of its own, and the log
        // of HEAD has a line for every commit.
        let branch = repository.git(&["rev-parse", "--symbolic-full-name", "HEAD"]).unwrap_or_default();
        for name in ["HEAD", "logs/HEAD", &branch] {
            let path = repository.git(&["rev-parse", "--git-path", name]).map(|path| repository.root.join(path));
            // Cargo takes what isn't there for changed.
            if let Some(path) = path.filter(|path| path.is_file()) {
                println!("cargo::rerun-if-changed={}", path.display());
            }
        }
        for source in repository.sources() {
            println!("cargo::rerun-if-changed={}", repository.root.join(source).display());
        }
        Some(repository)
    }

    /// What the binary is made of, from the root on.
    fn sources(&self) -> Vec<String> {
        let mut sources: Vec<String> = ["Cargo.toml", "Cargo.lock"].map(str::to_owned).to_vec();
        let crates = fs::read_dir(self.root.join("crates")).into_iter().flatten().flatten();
        for name in crates.map(|entry| entry.file_name().to_string_lossy().into_owned()) {
            sources.extend(["src", "Cargo.toml", "build.rs"].map(|part| format!("crates/{name}/{part}")));
        }
        sources.retain(|source| self.root.join(source).exists());
        sources.sort();
        sources
    }

    /// Whether what the binary is made of is other than the commit's.
    fn is_changed(&self) -> Option<bool> {
        let sources = self.sources();
        let status = ["status", "--porcelain", "--untracked-files=all", "--"].into_iter();
        let status = self.git(&status.chain(sources.iter().map(String::as_str)).collect::<Vec<_>>())?;
        Some(!status.is_empty())
    }

    /// What git answers.
    fn git(&self, arguments: &[&str]) -> Option<String> {
        let mut git = Command::new("git");
        // Whoever builds in a hook of git's has these set, to another repository's.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(name);
        }
        let output = git.arg("--no-optional-locks").args(arguments).current_dir(&self.root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it")
}
