//! The Go programs: the peers, and our own two that make them meet.

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Module of the peers, in one version, and of op-node's derivation, in another: their go.mod files say which.
const OPTIMISM: &str = "github.com/ethereum-optimism/optimism";

/// Genesis of op-program's tests inside that module, from which our chain starts.
const GENESIS: &str = "op-program/chainconfig/test/configs/901-genesis-l2.json";

/// Cannon, in the peers' module.
const CANNON: &str = "github.com/ethereum-optimism/optimism/cannon";

/// op-program's client, in the same.
const CLIENT: &str = "github.com/ethereum-optimism/optimism/op-program/client/cmd";

/// Name of a program and its package.
const PROGRAMS: [(&str, &str); 6] = [
    ("op-node", "github.com/ethereum-optimism/optimism/op-node/cmd"),
    ("op-batcher", "github.com/ethereum-optimism/optimism/op-batcher/cmd"),
    ("op-program", "github.com/ethereum-optimism/optimism/op-program/host/cmd"),
    ("op-program-client", CLIENT),
    ("chain", "./chain"),
    ("pair", "./pair"),
];

/// The built programs.
#[derive(Debug)]
pub struct Programs {
    /// Folder that they lie in.
    pub directory: PathBuf,
    /// Hash of the Go sources, versions of the peers among them.
    pub sources: String,
}

impl Programs {
    /// Builds what is not there yet: about three minutes the first time.
    ///
    /// # Errors
    /// If there is no Go, or if it fails, which it does without a network the first time.
    pub fn build() -> Result<Self> {
        let interop = crate::directory()?;
        let _lock = crate::lock(&interop)?;
        let directory = interop.join("bin");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("go");
        let sources = hash(&source, &["chain", "pair", "go.mod", "go.sum"])?;
        let mark = directory.join("sources");
        if fs::read_to_string(&mark).ok().as_deref() != Some(&sources) {
            require_go()?;
            fs::create_dir_all(&directory)?;
            for (name, package) in PROGRAMS {
                go_build(&source, package, &directory.join(name))?;
            }
            let module = go(&source, &["list", "-m", "-f", "{{.Dir}}", OPTIMISM])?;
            fs::write(directory.join("genesis.json"), fs::read(Path::new(module.trim()).join(GENESIS))?)?;
            fs::write(&mark, &sources)?;
        }
        Ok(Self { directory, sources })
    }

    /// Where the program `name` lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// The folder with the files of the op-geth that our execution is compared with; it is fetched if it is not there yet.
///
/// # Errors
/// If there is no Go, or no network the first time.
pub fn op_geth() -> Result<PathBuf> {
    module("go", "github.com/ethereum/go-ethereum")
}

/// The folder with the files of the op-node whose rules we follow, and of all else in its module.
///
/// # Errors
/// As [`op_geth`].
pub fn optimism() -> Result<PathBuf> {
    module("op-node", OPTIMISM)
}

/// The folder with the files of a Go module, at the version that the go.mod in the folder `pinned` says.
fn module(pinned: &str, path: &str) -> Result<PathBuf> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Module {
        dir: PathBuf,
    }
    require_go()?;
    let json = go(&Path::new(env!("CARGO_MANIFEST_DIR")).join(pinned), &["mod", "download", "-json", path])?;
    Ok(serde_json::from_str::<Module>(&json)?.dir)
}

/// Builds op-challenger's uploads of preimages if they aren't there yet, and says where the program lies (`go/upload`).
///
/// # Errors
/// As [`op_geth`].
pub fn op_challenger() -> Result<PathBuf> {
    build("go", "./upload", &["upload", "go.mod", "go.sum"], "op-challenger/upload")
}

/// Builds op-node's derivation if it isn't there yet, and says where it lies. Other than the peers of the chain it is the
/// version whose rules we follow.
///
/// # Errors
/// If there is no Go, or if it fails, which it does without a network the first time.
pub(crate) fn derivation() -> Result<PathBuf> {
    build("op-node", ".", &["."], "op-node/derivation")
}

/// Builds op-geth's execution if it isn't there yet, and says where it lies. It is the version of the chain's op-geth.
///
/// # Errors
/// As [`derivation`].
pub(crate) fn execution() -> Result<PathBuf> {
    build("go", "./execution", &["execution", "go.mod", "go.sum"], "op-geth/execution")
}

/// Builds cannon and what goes with it if they aren't there yet, and says in which folder they lie.
///
/// # Errors
/// As [`derivation`].
pub(crate) fn cannon() -> Result<PathBuf> {
    let interop = crate::directory()?;
    let directory = interop.join("cannon");
    build_all("go", &["lockstep", "challenger", "go.mod", "go.sum"], &directory, |module| {
        for (name, package) in [("cannon", CANNON), ("lockstep", "./lockstep"), ("challenger", "./challenger")] {
            go_build(module, package, &directory.join(name))?;
        }
        let client = directory.join("op-program-client.elf");
        // Cannon loads no program without symbols.
        let arguments = ["build", "-buildvcs=false", "-trimpath", "-o", &client.to_string_lossy(), CLIENT];
        let target = [("GOOS", "linux"), ("GOARCH", "mips64"), ("GOMIPS64", "softfloat"), ("CGO_ENABLED", "0")];
        go_for(&target, module, &arguments).map(drop)
    })?;
    Ok(directory)
}

/// Builds a package of the Go module in the folder `module` as `program`, unless it is built of these files and folders of
/// the module as they are.
fn build(module: &str, package: &str, sources: &[&str], program: &str) -> Result<PathBuf> {
    let program = crate::directory()?.join(program);
    let directory = program.parent().context("a program lies in a folder of its own")?;
    build_all(module, sources, directory, |module| go_build(module, package, &program))?;
    Ok(program)
}

/// Has `build` fill a folder from the Go module in the folder `module`, unless it did so from these files and folders of the
/// module as they are.
fn build_all(module: &str, sources: &[&str], directory: &Path, build: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let _lock = crate::lock(&crate::directory()?)?;
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join(module);
    let sources = hash(&module, sources)?;
    let mark = directory.join("sources");
    if fs::read_to_string(&mark).ok().as_deref() != Some(&sources) {
        require_go()?;
        fs::create_dir_all(directory)?;
        build(&module)?;
        fs::write(&mark, &sources)?;
    }
    Ok(())
}

fn go_build(module: &Path, package: &str, program: &Path) -> Result<()> {
    let output = program.to_string_lossy();
    go(module, &["build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", &output, package]).map(drop)
}

/// Runs Go in a folder and gives its output.
fn go(folder: &Path, arguments: &[&str]) -> Result<String> {
    go_for(&[], folder, arguments)
}

/// The same, with what it is to build for in the environment.
fn go_for(target: &[(&str, &str)], folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("go");
    // Distributions set Go to take no other version than its own; go.mod names the one that the peers need.
    command.args(arguments).current_dir(folder).env("GOTOOLCHAIN", "auto").envs(target.iter().copied());
    let output = command.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "go {}: {}\n{errors}", arguments.join(" "), output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// True if there is a Go that can be run.
pub fn has_go() -> bool {
    Command::new("go").arg("version").output().is_ok_and(|output| output.status.success())
}

/// Finds Go, or installs it where nobody is there to do so: as root in continuous integration on Debian.
fn require_go() -> Result<()> {
    if has_go() {
        return Ok(());
    }
    let is_root = || Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if env::var_os("CI").is_some() && is_root() && Path::new("/etc/debian_version").exists() {
        let install = "apt-get update -qq && apt-get install -y -qq --no-install-recommends golang-go gcc libc6-dev";
        let status = Command::new("sh").args(["-c", install]).env("DEBIAN_FRONTEND", "noninteractive").status()?;
        ensure!(status.success() && has_go(), "`{install}` brought no Go");
        return Ok(());
    }
    bail!(
        "the tests of kohala-interop build op-geth, op-node, op-batcher and op-program, and need Go 1.21 or newer for \
         it: `apt-get install golang-go`, or https://go.dev/dl. It fetches the versions that the go.mod files name."
    )
}

/// Hash of these files of a folder, and of all below its folders among them, with their names.
fn hash(folder: &Path, of: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    let mut places: Vec<PathBuf> = of.iter().map(|name| folder.join(name)).collect();
    while let Some(place) = places.pop() {
        if place.is_dir() {
            for entry in fs::read_dir(&place).with_context(|| place.display().to_string())? {
                places.push(entry?.path());
            }
        } else {
            files.push(place);
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let content = fs::read(&file)?;
        hash.update(file.strip_prefix(folder)?.as_os_str().as_encoded_bytes());
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(content);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
