//! op-node's derivation, as a process that answers case after case.

use super::Case;
use crate::programs;
use alloy_primitives::{Address, B64, B256, Bytes};
use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, BufWriter, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// What op-node's derivation makes of a case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// All attributes, in order.
    pub derived: Vec<Derived>,
    /// How it ended.
    pub end: End,
    /// What op-node said then.
    pub error: String,
    /// Number of the L1 block that was being read.
    pub origin: u64,
    /// Number of the last L2 block that is safe.
    pub safe: u64,
    /// Number of the last L2 block that was built on.
    pub pending: u64,
    /// Number of the last safe L2 block once op-node has begun anew after a reset.
    pub safe_after_reset: u64,
}

/// How derivation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// L1 is used up.
    End,
    /// The pipeline asks to begin anew.
    Reset,
    /// Nothing can be done.
    Critical,
}

/// Payload attributes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the engine API's names")]
pub struct Derived {
    pub parent: u64,
    pub parent_hash: B256,
    pub timestamp: u64,
    pub prev_randao: B256,
    pub fee_recipient: Address,
    pub gas_limit: u64,
    pub no_tx_pool: bool,
    /// How many.
    pub withdrawals: Option<usize>,
    pub beacon_root: Option<B256>,
    pub eip1559: Option<B64>,
    pub min_base_fee: Option<u64>,
    pub transactions: Vec<Bytes>,
    /// Number of the L1 block up to which L1 was read for them.
    pub derived_from: u64,
    /// The block was refused.
    pub refused: bool,
    /// Number of the safe head after that.
    pub safe: u64,
}

/// The transactions of each fork's activation block, encoded, in order.
///
/// # Errors
/// If op-node can't be built, or asked.
pub fn upgrades() -> Result<BTreeMap<String, Vec<Bytes>>> {
    let output = Command::new(programs::derivation()?).arg("-upgrades").output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The process. It ends when this is dropped.
#[derive(Debug)]
pub struct Derivation {
    child: Child,
    cases: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Derivation {
    /// Starts it, built before if need be.
    ///
    /// # Errors
    /// If it can't be built, or started.
    pub fn start() -> Result<Self> {
        let program = programs::derivation()?;
        // One process for each thread of the caller: more threads in it would only be in each other's way.
        let mut command = Command::new(&program);
        command.env("GOMAXPROCS", "1").env("GOGC", "400").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        let cases = BufWriter::new(child.stdin.take().context("no input")?);
        let answers = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self { child, cases, answers })
    }

    /// Gives it a case to work on.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn give(&mut self, case: &Case) -> Result<()> {
        serde_json::to_writer(&mut self.cases, case)?;
        self.cases.write_all(b"\n")?;
        Ok(self.cases.flush()?)
    }

    /// Waits for the answer to the oldest case that was given.
    ///
    /// # Errors
    /// If op-node neither derives nor ends as it should: it says why on standard error.
    pub fn answer(&mut self) -> Result<Answer> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|error| anyhow!("op-node's derivation has no answer: {error}"))
    }
}

impl Drop for Derivation {
    /// Ends it, even in the midst of an answer that nobody reads.
    fn drop(&mut self) {
        if self.child.kill().and_then(|()| self.child.wait()).is_err() {
            eprintln!("op-node's derivation was lost");
        }
    }
}
