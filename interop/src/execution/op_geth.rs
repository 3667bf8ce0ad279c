//! op-geth, as a process that builds block after block.

use super::{Attributes, targets::Files};
use crate::programs;
use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, BufWriter, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
};

/// What op-geth makes of attributes.
#[derive(Clone, Debug, Deserialize)]
pub struct Built {
    /// Why there is no block, or nothing. All the rest is empty then.
    pub refused: String,
    /// RLP.
    pub header: Bytes,
    /// Encoded as the receipts' root commits to them.
    #[serde(default)]
    pub receipts: Option<Vec<Bytes>>,
    /// What op-geth read.
    pub witness: Witness,
    /// What the block's code came to.
    pub coverage: Coverage,
}

/// op-geth's witness of a block.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Witness {
    /// In RLP, from the parent back.
    pub headers: Option<Vec<Bytes>>,
    /// Codes that were read.
    pub codes: Option<Vec<Bytes>>,
    /// Nodes of tries.
    pub state: Option<Vec<Bytes>>,
}

/// What a block's code came to, as it was counted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Coverage {
    /// How often each opcode began.
    #[serde(default)]
    pub opcodes: Option<BTreeMap<u8, u64>>,
    /// How many transactions ended well, were reverted, or halted otherwise.
    #[serde(default)]
    pub ends: [u64; 3],
    /// How often calls of precompiles' addresses ended well, and how often not.
    pub precompiles: Option<BTreeMap<Address, (u64, u64)>>,
    /// Contracts whose creation began.
    pub created: Option<Vec<Address>>,
    /// Of the deepest call; 0 is a transaction's own.
    pub depth: u64,
}

/// An account at the head.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Account {
    /// As the next transaction's.
    pub nonce: u64,
    /// In wei.
    pub balance: U256,
}

/// The process, with one chain at a time. It ends when this is dropped.
#[derive(Debug)]
pub struct OpGeth {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
    files: Arc<Files>,
}

impl OpGeth {
    /// Starts it, built before if need be.
    ///
    /// # Errors
    /// If it can't be built, or started.
    pub fn start(files: &Arc<Files>) -> Result<Self> {
        let program = programs::execution()?;
        let mut command = Command::new(&program);
        command.env("GOMAXPROCS", "1").env("GOGC", "400").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        let requests = BufWriter::new(child.stdin.take().context("no input")?);
        let answers = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self { child, requests, answers, files: Arc::clone(files) })
    }

    /// Begins a chain: its first block, of a genesis to which the predeploys are added.
    ///
    /// # Errors
    /// If op-geth takes no such genesis: it says why on standard error. The same is true of what follows.
    pub fn begin(&mut self, genesis: &Value) -> Result<Built> {
        let mut genesis = genesis.clone();
        for (address, account) in &self.files.predeploys {
            let alloc = genesis["alloc"].as_object_mut().context("a genesis has accounts")?;
            alloc.entry(address.to_string()).or_insert_with(|| account.clone());
        }
        self.ask(&json!({ "genesis": genesis }))
    }

    /// Has a block built on the head.
    ///
    /// # Errors
    /// If op-geth neither builds nor refuses it.
    pub fn build(&mut self, attributes: &Attributes) -> Result<Built> {
        self.ask(&json!({ "attributes": attributes }))
    }

    /// Accounts at the head.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn accounts(&mut self, addresses: &[Address]) -> Result<Vec<Account>> {
        self.ask(&json!({ "accounts": addresses }))
    }

    /// A trie node, a code or a header of any block of the chain; empty if there is none of this hash.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn preimage(&mut self, hash: B256) -> Result<Bytes> {
        self.ask(&json!({ "preimage": hash }))
    }

    fn ask<T: DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        serde_json::to_writer(&mut self.requests, request)?;
        self.requests.write_all(b"\n")?;
        self.requests.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|error| anyhow!("op-geth has no answer: {error}"))
    }
}

impl Drop for OpGeth {
    /// Ends it, even in the midst of an answer that nobody reads.
    fn drop(&mut self) {
        if self.child.kill().and_then(|()| self.child.wait()).is_err() {
            eprintln!("op-geth was lost");
        }
    }
}
