//! Runs of programs against the served chain, alone or as a preimage oracle's server and client.

use crate::{Calls, Chain, Claim, Programs, Served};
use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
};

/// No run of a test takes longer; one that does is killed.
const TIMEOUT: &str = "300s";

/// A program and its arguments.
pub type Arguments = Vec<OsString>;

/// Where op-program's host has its preimages from.
#[derive(Clone, Copy, Debug)]
pub enum Preimages<'a> {
    /// From the served chain, kept in memory.
    Fetched,
    /// From the served chain, kept in a folder as well.
    Filling(&'a Path),
    /// From such a folder alone, offline.
    Stored(&'a Path),
}

/// How a program ended and what it took.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Program {
    /// 0: the claim is right, 1: it is wrong, 2: no verdict; -1 if a signal ended it, as one does after a time-out.
    pub exit_code: i32,
    /// Seconds of CPU in user mode.
    pub user_cpu: f64,
    /// Seconds of CPU in the kernel.
    pub system_cpu: f64,
    /// Seconds from its start to its end.
    pub wall: f64,
    /// Peak of its memory in KiB.
    pub peak_kib: u64,
}

impl Program {
    /// Seconds of CPU.
    pub fn cpu(&self) -> f64 {
        self.user_cpu + self.system_cpu
    }
}

/// What one run took.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The program that gave the verdict; of a pair, the client.
    pub program: Program,
    /// The server of a pair.
    pub server: Option<Program>,
    /// What the served chain was asked meanwhile.
    pub calls: Calls,
    /// What the programs printed: `program.log` and `server.log` in this folder.
    pub logs: PathBuf,
}

/// The peers with a chain of theirs that is served.
#[derive(Debug)]
pub struct Peers {
    /// The peers' programs.
    pub programs: Programs,
    /// Their chain.
    pub chain: Served,
    /// Folder of the runs' logs, those of the last time removed.
    logs: PathBuf,
    /// One run at a time: its calls are counted, and its time is not shared.
    running: Mutex<u32>,
}

/// The peers of this test process, which all its tests share; they end with it.
///
/// # Errors
/// Any error of [`Peers::start`], the same for every test.
pub fn shared() -> Result<&'static Peers> {
    static SHARED: OnceLock<Result<Peers>> = OnceLock::new();
    SHARED.get_or_init(Peers::start).as_ref().map_err(|error| anyhow!("{error:#}"))
}

impl Peers {
    /// Builds the peers, makes the chain, serves it.
    ///
    /// # Errors
    /// If Go is missing, or if a peer fails.
    pub fn start() -> Result<Self> {
        let programs = Programs::build()?;
        let chain = Chain::make(&programs)?.serve(&programs)?;
        let test = env::current_exe()?;
        let test = test.file_stem().unwrap_or_default().to_string_lossy();
        // Cargo puts a hash behind a test's name.
        let logs = crate::directory()?.join("logs").join(test.rsplit_once('-').map_or(&*test, |(name, _)| name));
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        fs::create_dir_all(&logs)?;
        Ok(Self { programs, chain, logs, running: Mutex::new(0) })
    }

    /// Op-program on a claim: its host and its client in one process.
    pub fn op_program(&self, claim: &Claim, preimages: Preimages<'_>) -> Arguments {
        let mut arguments = vec![self.programs.path("op-program").into()];
        let mut add = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
        add("--rollup.config", self.chain.file("rollup.json").into());
        add("--l2.genesis", self.chain.file("genesis-l2.json").into());
        add("--l1.chainconfig", self.chain.file("l1-config.json").into());
        add("--l1.head", claim.l1_head.to_string().into());
        add("--l2.head", claim.agreed_l2_head_hash.to_string().into());
        add("--l2.outputroot", claim.agreed_l2_output_root.to_string().into());
        add("--l2.claim", claim.claimed_l2_output_root.to_string().into());
        add("--l2.blocknumber", claim.claimed_l2_block_number.to_string().into());
        if let Preimages::Filling(directory) | Preimages::Stored(directory) = preimages {
            add("--datadir", directory.into());
            add("--data.format", "directory".into());
        }
        if !matches!(preimages, Preimages::Stored(_)) {
            add("--l1", self.chain.urls.l1.clone().into());
            add("--l1.beacon", self.chain.urls.beacon.clone().into());
            add("--l2", self.chain.urls.l2.clone().into());
            add("--l1.rpckind", "standard".into());
            arguments.push("--l1.trustrpc".into());
        }
        arguments.push("--l2.custom".into());
        arguments
    }

    /// Op-program as the server of a preimage oracle.
    pub fn op_program_server(&self, claim: &Claim, preimages: Preimages<'_>) -> Arguments {
        let mut arguments = self.op_program(claim, preimages);
        arguments.push("--server".into());
        arguments
    }

    /// Op-program's client, which reads all it is told from its server.
    pub fn op_program_client(&self) -> Arguments {
        vec![self.programs.path("op-program-client").into()]
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// If it can't be started. How it ends is no error.
    pub fn run(&self, program: &[OsString]) -> Result<Run> {
        self.pair(program, None)
    }

    /// Runs a server and a client with a preimage oracle between them, on the file descriptors 3 to 6 of both.
    ///
    /// # Errors
    /// If one can't be started. How they end is no error.
    pub fn run_pair(&self, server: &[OsString], client: &[OsString]) -> Result<Run> {
        self.pair(server, Some(client))
    }

    fn pair(&self, program: &[OsString], client: Option<&[OsString]>) -> Result<Run> {
        #[derive(Deserialize)]
        struct Report {
            program: Program,
            server: Option<Program>,
        }
        // A test that failed meanwhile has left nothing half done.
        let mut number = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        *number += 1;
        let logs = self.logs.join(number.to_string());
        fs::create_dir_all(&logs)?;
        let mut command = Command::new(self.programs.path("pair"));
        command.arg("-log").arg(&logs).args(["-timeout", TIMEOUT]).args(program);
        if let Some(client) = client {
            command.arg("--").args(client);
        }
        self.chain.reset()?;
        // Its input, which nobody writes to, ends when we do, and with it the programs.
        let mut pair = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
        let _input = pair.stdin.take();
        let output = pair.wait_with_output()?;
        ensure!(output.status.success(), "{command:?}: {}", output.status);
        let Report { program, server } = serde_json::from_slice(&output.stdout).context("report of a run")?;
        Ok(Run { program, server, calls: self.chain.calls()?, logs })
    }
}
