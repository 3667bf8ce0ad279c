//! The binary, the guests, and a key that is computed once.

use kohala_sp1::{guest::Guest, key::Key};
use serde_json::Value;
use sp1_sdk::SP1Stdin;
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};
use tempfile::TempDir;

/// What a run of the binary left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The one JSON object that it printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It failed, and all of these words are in what it says about that.
    #[track_caller]
    pub(crate) fn error_names(&self, words: &[&str]) {
        assert_eq!(self.code, 2, "{self:?}");
        // Of ours: guests say so without a place.
        assert!(!self.stderr.contains("panicked at src"), "{self:?}");
        words.iter().for_each(|word| assert!(self.stderr.contains(word), "{word:?} is not in {:?}", self.stderr));
    }
}

/// Runs the binary.
pub(crate) fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kohala-sp1"));
    for name in ["NETWORK_PRIVATE_KEY", "RUST_LOG", "SP1_PROVER"] {
        command.env_remove(name);
    }
    let output = command.args(arguments).output().unwrap();
    Run {
        code: output.status.code().expect("no signal ends it"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A guest that was built.
pub(crate) fn elf(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests").join(name);
    assert!(path.exists(), "{} is missing: `cargo xtask guests --target sp1` builds it", path.display());
    path
}

/// The guest that computes one primitive: a byte that names it, its input.
pub(crate) fn probe() -> PathBuf {
    elf("kohala-sp1-probe.elf")
}

/// The primitive's number: SHA-256.
pub(crate) const SHA256: u8 = 2;

/// The probe's input as the library takes it.
pub(crate) fn probed(primitive: u8, input: &[u8]) -> SP1Stdin {
    let mut stdin = SP1Stdin::new();
    stdin.write_vec(vec![primitive]);
    stdin.write_vec(input.to_vec());
    stdin
}

/// A folder of a test with the files `primitive`, which names SHA-256, `unknown`, which names nothing, `bytes` and `key`, the
/// probe's verifying key.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [("primitive", &[SHA256][..]), ("unknown", &[127]), ("bytes", b"hello"), ("key", &KEY)];
    files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    folder
}

/// Runs the binary with a folder's files: what begins with `./` lies there.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    run(arguments.iter().map(|argument| match argument.strip_prefix("./") {
        Some(name) => folder.join(name).into_os_string(),
        None => argument.into(),
    }))
}

/// The file with the probe's verifying key.
pub(crate) static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let made = run(["vkey", "--json", "--out", path.to_str().unwrap(), probe().to_str().unwrap()]);
    assert_eq!(made.code, 0, "{made:?}");
    let key = Key::read("--vkey", &path).unwrap();
    let json = made.json();
    assert_eq!(json["vkey"], key.on_chain());
    assert_eq!(json["program"], format!("0x{}", hex::encode(key.program())));
    assert_eq!(json["elf_sha256"], format!("0x{}", hex::encode(Guest::read(&probe()).unwrap().sha256())));
    fs::read(path).unwrap()
});

/// SHA-256 of «hello» behind the byte that says that the primitive took its input.
pub(crate) const HELLO: &str = "0x002cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
