//! The binary with its flags, and what it said.

use kohala_testdata::Claim;
use serde_json::Value;
use std::{ffi::OsStr, path::PathBuf};

/// Variables of the environment that the binary reads: none is passed on to it but by a test's own will.
pub(crate) const VARIABLES: [&str; 27] = [
    "L1_HEAD",
    "AGREED_L2_HEAD_HASH",
    "AGREED_L2_OUTPUT_ROOT",
    "CLAIMED_L2_OUTPUT_ROOT",
    "CLAIMED_L2_BLOCK_NUMBER",
    "L2_CHAIN_ID",
    "ROLLUP_CONFIG_PATH",
    "L1_CONFIG_PATH",
    "DATA_DIR",
    "DATA_FORMAT",
    "KOHALA_CHAIN",
    "L1_NODE_ADDRESS",
    "L1_BEACON_ADDRESS",
    "L2_NODE_ADDRESS",
    "ROLLUP_NODE_ADDRESS",
    "KOHALA_RPC_TIMEOUT",
    "KOHALA_RPC_CONCURRENCY",
    "KOHALA_RPC_RATE",
    "KOHALA_RPC_BATCH",
    "KOHALA_PATIENCE",
    "KOHALA_DEADLINE",
    "KOHALA_L1_SLOT_DURATION",
    "KOHALA_METRICS_PORT",
    "KOHALA_METRICS_ADDR",
    "KOHALA_LOGS_STDOUT_FORMAT",
    "KOHALA_BACKEND_PATH",
    "RUST_LOG",
];

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

    /// The verdict and the exit code are the same answer.
    #[track_caller]
    pub(crate) fn is_valid(&self) -> bool {
        let verdict = self.json()["verdict"].clone();
        match (self.code, verdict.as_str()) {
            (0, Some("valid")) => true,
            (1, Some("invalid")) => false,
            _ => panic!("no verdict: {self:?}"),
        }
    }

    /// There is no verdict; the error, which is one line to people as it is to scripts.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        assert_eq!(self.code, 2, "{self:?}");
        let json = self.json();
        assert!(json["verdict"].is_null(), "{self:?}");
        let error = json["error"].as_str().unwrap().to_owned();
        assert_eq!(self.stderr, format!("error: {error}\n"));
        error
    }

    /// The error holds all of these words.
    #[track_caller]
    pub(crate) fn error_names(&self, words: &[&str]) {
        let error = self.error();
        words.iter().for_each(|word| assert!(error.contains(word), "{word:?} is not in {error:?}"));
    }

    /// The command line itself was refused, in a message with all of these words.
    #[track_caller]
    pub(crate) fn usage_error_names(&self, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (2, ""), "{self:?}");
        words.iter().for_each(|word| assert!(self.stderr.contains(word), "{word:?} is not in {:?}", self.stderr));
    }
}

pub(crate) fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    run_with(args, &[])
}

/// The same with variables in its environment.
pub(crate) fn run_with(args: impl IntoIterator<Item = impl AsRef<OsStr>>, variables: &[(&str, String)]) -> Run {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_kohala"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    let output = command.args(args).envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
    Run {
        code: output.status.code().expect("no signal ends it"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A file of a recorded chain.
pub(crate) fn file(chain: &str, name: &str) -> PathBuf {
    kohala_testdata::path("chains").join(chain).join(name)
}

/// Our host, to serve a VM's program from a recorded chain's own store.
pub(crate) fn host(chain: &str, claim: &Claim) -> Vec<String> {
    let host = [env!("CARGO_BIN_EXE_kohala"), "host", "single", "--server"].map(str::to_owned).to_vec();
    let store = vec![flag("data-dir", file(chain, "preimages.kohala").display())];
    [host, chain_flags(chain), claim_flags(claim), store].concat()
}

fn flag(name: &str, value: impl std::fmt::Display) -> String {
    format!("--{name}={value}")
}

/// The flags of a claim, one by one.
pub(crate) fn claim_flags(claim: &Claim) -> Vec<String> {
    vec![
        flag("l1-head", claim.l1_head),
        flag("agreed-l2-output-root", claim.agreed_l2_output_root),
        flag("claimed-l2-output-root", claim.claimed_l2_output_root),
        flag("claimed-l2-block-number", claim.claimed_l2_block_number),
    ]
}

/// The flags that name a chain's configuration.
pub(crate) fn chain_flags(chain: &str) -> Vec<String> {
    vec![
        flag("rollup-config-path", file(chain, "rollup.json").display()),
        flag("l1-config-path", file(chain, "l1-chain-config.json").display()),
    ]
}

/// The flags that name a chain and its preimages.
pub(crate) fn data_flags(chain: &str) -> Vec<String> {
    let mut flags = chain_flags(chain);
    flags.push(flag("data-dir", file(chain, "preimages.kohala").display()));
    flags
}

/// `kohala verify --json` of a claim about a recorded chain.
pub(crate) fn verify(chain: &str, claim: &Claim) -> Run {
    run([vec!["verify".to_owned(), "--json".to_owned()], claim_flags(claim), data_flags(chain)].concat())
}

/// The claims of a chain, from their files.
pub(crate) fn claims(chain: &str) -> Vec<Claim> {
    let mut claims: Vec<Claim> = std::fs::read_dir(file(chain, "claims"))
        .unwrap()
        .map(|entry| serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .collect();
    claims.sort_by_key(|claim| (claim.agreed_block, claim.claimed_l2_block_number));
    claims
}

pub(crate) fn claim(chain: &str, name: &str) -> Claim {
    claims(chain).into_iter().find(|claim| claim.name() == name).unwrap()
}

/// How many blocks the claim spans.
pub(crate) fn blocks(claim: &Claim) -> u64 {
    claim.claimed_l2_block_number - claim.agreed_block
}

/// The same claim but for a change.
pub(crate) fn but(claim: &Claim, change: impl FnOnce(&mut Claim)) -> Claim {
    let mut changed = claim.clone();
    change(&mut changed);
    changed
}
