//! The chain that the peers make, and its servers.

use crate::{
    Calls, EndpointCalls, Programs,
    rpc::{call, get},
};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::json;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// L2 block that is final when the chain is made. All claims up to it can be made.
const FINAL: u64 = 130;

/// L2 block from which the batcher posts single batches in calldata instead of span batches in blobs.
const SWAP: u64 = 90;

/// A made chain: a folder.
#[derive(Debug)]
pub struct Chain {
    directory: PathBuf,
}

impl Chain {
    /// Makes the chain if it is not there yet: about a minute the first time.
    ///
    /// # Errors
    /// If a peer fails; its log is in the folder that the error names.
    pub fn make(programs: &Programs) -> Result<Self> {
        let interop = crate::directory()?;
        let _lock = crate::lock(&interop)?;
        let directory = interop.join("chain");
        let mark = directory.join("sources");
        if fs::read_to_string(&mark).ok().as_deref() != Some(&programs.sources) {
            let unfinished = interop.join("chain.new");
            for old in [&directory, &unfinished] {
                if old.exists() {
                    fs::remove_dir_all(old)?;
                }
            }
            let mut command = command(programs, "make", &unfinished);
            command.arg("-base").arg(programs.path("genesis.json")).args(["-limit", "8m"]);
            command.args(["-until", &FINAL.to_string(), "-swap", &SWAP.to_string()]);
            // Its input, which nobody writes to, ends when we do.
            let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            let _input = child.stdin.take();
            let output = child.wait_with_output()?;
            let errors = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "no chain made in {}: {errors}", unfinished.display());
            fs::write(unfinished.join("sources"), &programs.sources)?;
            fs::rename(&unfinished, &directory)?;
        }
        Ok(Self { directory })
    }

    /// Serves a copy of the chain, in which nothing moves: a few seconds until it answers.
    ///
    /// # Errors
    /// If a server can't be started.
    pub fn serve(&self, programs: &Programs) -> Result<Served> {
        let errors = File::create(self.directory.with_file_name("serve.log"))?;
        let mut command = command(programs, "serve", &self.directory);
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors).spawn()?;
        let mut line = String::new();
        BufReader::new(server.stdout.take().context("its output is ours")?).read_line(&mut line)?;
        let server = Server(server);
        let answer = serde_json::from_str(&line).with_context(|| {
            let log = fs::read_to_string(self.directory.with_file_name("serve.log")).unwrap_or_default();
            format!("the chain is not served: {log}")
        });
        let Answer { counted, uncounted } = answer?;
        Ok(Served { server, urls: counted, uncounted, directory: self.directory.clone() })
    }

    /// A configuration file of the chain: `rollup.json`, `l1-config.json`, `genesis-l2.json`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

fn command(programs: &Programs, what: &str, directory: &Path) -> Command {
    let mut command = Command::new(programs.path("chain"));
    command.arg(what).arg("-dir").arg(directory).arg("-bin").arg(&programs.directory);
    command
}

/// What the servers say once they answer.
#[derive(Deserialize)]
struct Answer {
    counted: Urls,
    uncounted: Urls,
}

/// Where a served chain answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Urls {
    /// L1 execution layer.
    pub l1: String,
    /// L1 consensus layer.
    pub beacon: String,
    /// L2 execution layer.
    pub l2: String,
    /// Rollup node.
    pub rollup: String,
}

/// A chain while it is served; dropping it ends the servers.
#[derive(Debug)]
pub struct Served {
    server: Server,
    /// Where it answers, and counts what it is asked: for the programs that are compared.
    pub urls: Urls,
    /// Where it answers without counting: for what a test itself wants to know.
    pub uncounted: Urls,
    directory: PathBuf,
}

/// Ends a child by ending its input, which also happens when we are killed.
#[derive(Debug)]
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It has promised to end; there is nobody to tell if waiting fails.
        drop(self.0.wait());
    }
}

impl Served {
    /// A configuration file of the chain: `rollup.json`, `l1-config.json`, `genesis-l2.json`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The process that serves, and the parent of op-node.
    pub fn process(&self) -> u32 {
        self.server.0.id()
    }

    /// What the endpoints were asked since the last [`Served::reset`].
    ///
    /// # Errors
    /// If an endpoint doesn't answer.
    pub fn calls(&self) -> Result<Calls> {
        self.each("/_counts")
    }

    /// Begins to count anew.
    ///
    /// # Errors
    /// If an endpoint doesn't answer.
    pub fn reset(&self) -> Result<Calls> {
        self.each("/_reset")
    }

    fn each(&self, path: &str) -> Result<Calls> {
        let of = |url: &str| get::<EndpointCalls>(url, path);
        let Urls { l1, beacon, l2, rollup } = &self.urls;
        Ok(Calls { l1: of(l1)?, beacon: of(beacon)?, l2: of(l2)?, rollup: of(rollup)? })
    }

    /// Number of the newest L1 block.
    ///
    /// # Errors
    /// If L1 doesn't answer.
    pub fn l1_height(&self) -> Result<u64> {
        let height: String = call(&self.uncounted.l1, "eth_blockNumber", json!([]))?;
        Ok(u64::from_str_radix(height.trim_start_matches("0x"), 16)?)
    }
}
