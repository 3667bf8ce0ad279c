//! Cannon's VM, as a process that makes step after step.

use super::Cannon;
use alloy_primitives::{B256, Bytes};
use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, BufWriter, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// What is to be done, in this order. What is left out is not.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Request {
    /// A program to load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elf: Option<PathBuf>,
    /// Or a state's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Or a state itself, not compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Bytes>,
    /// What the oracle has from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preimages: Option<BTreeMap<B256, Bytes>>,
    /// Steps to make, of which each is told.
    pub steps: u64,
    /// Steps to make after those, of which nothing is told.
    pub silent: u64,
    /// Whether those that are told are to be proved.
    pub prove: bool,
    /// The file to write the state to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<PathBuf>,
    /// Whether the state itself is wanted.
    pub want: bool,
}

/// What it came to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Of the state in the end.
    pub hash: B256,
    /// Its number.
    pub step: u64,
    /// Whether the program has ended.
    pub exited: bool,
    /// How.
    pub exit_code: u8,
    /// The state hash after each step that is told.
    #[serde(default)]
    pub hashes: Option<Vec<B256>>,
    /// Of each step that is told, if it was to be proved.
    #[serde(default)]
    pub proofs: Option<Vec<Proof>>,
    /// The hints that the program gave.
    #[serde(default)]
    pub hints: Option<Vec<Bytes>>,
    /// What the program wrote to its standard output.
    pub output: Bytes,
    /// What the program wrote to its standard error.
    pub errors: Bytes,
    /// The state in the end, if it was wanted.
    pub state: Bytes,
    /// Why a step can't be made, or nothing. Hashes and proofs are those of the steps before it.
    pub panic: String,
}

/// What L1 is given of a step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Proof {
    /// The state before it.
    pub state: Bytes,
    /// Of the thread, the instruction and the memory.
    pub proof: Bytes,
    /// Of the preimage that the step reads; empty if it reads none, as is all that follows.
    pub key: Bytes,
    /// The preimage, with its length before it.
    pub value: Bytes,
    /// Where it is read from, that length counted.
    pub offset: u64,
}

/// The process, with one state at a time. It ends when this is dropped.
#[derive(Debug)]
pub struct Lockstep {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Lockstep {
    /// Starts it.
    ///
    /// # Errors
    /// If it can't be.
    pub fn start(cannon: &Cannon) -> Result<Self> {
        let program = cannon.directory.join("lockstep");
        let mut command = Command::new(&program);
        command.env("GOMAXPROCS", "1").env("GOGC", "400").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        let requests = BufWriter::new(child.stdin.take().context("no input")?);
        let answers = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self { child, requests, answers })
    }

    /// Has it done.
    ///
    /// # Errors
    /// If cannon can't load what is asked for: it says why on standard error. A step that it can't make is no error.
    pub fn ask(&mut self, request: &Request) -> Result<Answer> {
        serde_json::to_writer(&mut self.requests, request)?;
        self.requests.write_all(b"\n")?;
        self.requests.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|error| anyhow!("cannon has no answer: {error}"))
    }
}

impl Drop for Lockstep {
    /// Ends it, even in the midst of an answer that nobody reads.
    fn drop(&mut self) {
        if self.child.kill().and_then(|()| self.child.wait()).is_err() {
            eprintln!("cannon was lost");
        }
    }
}
