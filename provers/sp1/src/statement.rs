//! What a proof of Kohala's guests commits to, and what a user expects of it.
//!
//! `kohala-zkvm` defines these words, and isn't linked here: with it come the program and all of the EVM, and other features of what
//! SP1's prover is built of. The tests hold this reading to what the guests write.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fmt;

/// The version of statements that this knows.
const VERSION: u64 = 1;

/// A word of Solidity's ABI.
pub type Word = [u8; 32];

/// The public values of the range guest: six words, as Solidity encodes a struct of them; and of the aggregation guest: one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which chain it is about: the hash of its configuration.
    pub chain_hash: Word,
    /// The newest L1 block that counts.
    pub l1_head: Word,
    /// The output root that was taken as given.
    pub agreed_output_root: Word,
    /// The output root that follows from it and L1.
    pub claimed_output_root: Word,
    /// Number of the L2 block that has it.
    pub claimed_block_number: u64,
    /// Of joined proofs: the hash of the verifying key that each of them was verified by.
    pub program: Option<Word>,
}

impl Statement {
    /// Reads public values.
    pub fn decode(public_values: &[u8]) -> Result<Self> {
        let (words, rest) = public_values.as_chunks::<32>();
        ensure!(rest.is_empty(), "{} bytes are not whole words", public_values.len());
        let [version, chain_hash, l1_head, agreed_output_root, claimed_output_root, claimed_block_number, program @ ..] =
            words
        else {
            bail!("a statement has six words or seven, and these are {}", words.len())
        };
        ensure!(program.len() < 2, "a statement has six words or seven, and these are {}", words.len());
        let version = number(version).context("the version")?;
        ensure!(version == VERSION, "its version is {version}, and this knows {VERSION}");
        Ok(Self {
            chain_hash: *chain_hash,
            l1_head: *l1_head,
            agreed_output_root: *agreed_output_root,
            claimed_output_root: *claimed_output_root,
            claimed_block_number: number(claimed_block_number).context("the claimed block's number")?,
            program: program.first().copied(),
        })
    }

    /// The statement as JSON, words as hexadecimal digits.
    pub fn json(&self) -> Value {
        json!({
            "version": VERSION,
            "chain_hash": hex(&self.chain_hash),
            "l1_head": hex(&self.l1_head),
            "agreed_output_root": hex(&self.agreed_output_root),
            "claimed_output_root": hex(&self.claimed_output_root),
            "claimed_block_number": self.claimed_block_number,
            "program": self.program.as_ref().map(|program| hex(program)),
        })
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  version              {VERSION}")?;
        writeln!(f, "  chain hash           {}", hex(&self.chain_hash))?;
        writeln!(f, "  L1 head              {}", hex(&self.l1_head))?;
        writeln!(f, "  agreed output root   {}", hex(&self.agreed_output_root))?;
        writeln!(f, "  claimed output root  {}", hex(&self.claimed_output_root))?;
        write!(f, "  claimed block        {}", self.claimed_block_number)?;
        match &self.program {
            Some(program) => write!(f, "\n  proven by            {}", hex(program)),
            None => Ok(()),
        }
    }
}

/// What a proof must commit to; what is not said may be anything. But if anything is expected of joined proofs, so is whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// All public values, as they are.
    pub public_values: Option<Vec<u8>>,
    /// The chain.
    pub chain_hash: Option<Word>,
    /// The L1 head.
    pub l1_head: Option<Word>,
    /// The agreed output root.
    pub agreed_output_root: Option<Word>,
    /// The claimed output root.
    pub claimed_output_root: Option<Word>,
    /// The claimed block's number.
    pub claimed_block_number: Option<u64>,
    /// Of joined proofs: whose.
    pub program: Option<Word>,
}

impl Expected {
    /// What is not as expected, in words; nothing if all is.
    pub fn differences(&self, public_values: &[u8]) -> Vec<String> {
        let mut differences = Vec::new();
        if let Some(expected) = &self.public_values
            && expected != public_values
        {
            differences.push(format!("the public values are {}, not {}", hex(public_values), hex(expected)));
        }
        let words = [self.chain_hash, self.l1_head, self.agreed_output_root, self.claimed_output_root, self.program];
        if words.iter().all(Option::is_none) && self.claimed_block_number.is_none() {
            return differences;
        }
        let found = match Statement::decode(public_values) {
            Ok(statement) => statement,
            Err(error) => {
                differences.push(format!("the public values are no statement: {error:#}"));
                return differences;
            }
        };
        let names = ["chain's hash", "L1 head", "agreed output root", "claimed output root", "program"];
        // No hash is zero.
        let program = found.program.unwrap_or_default();
        let is = [found.chain_hash, found.l1_head, found.agreed_output_root, found.claimed_output_root, program];
        for ((name, expected), is) in names.into_iter().zip(words).zip(is) {
            if let Some(expected) = expected.filter(|expected| *expected != is) {
                differences.push(format!("the {name} is {}, not {}", hex(&is), hex(&expected)));
            }
        }
        if let Some(number) = self.claimed_block_number.filter(|number| *number != found.claimed_block_number) {
            differences.push(format!("the claimed block is {}, not {number}", found.claimed_block_number));
        }
        // Any program can be joined whose proofs commit to six words: of whose they were, somebody has to know.
        if let (Some(program), None) = (found.program, self.program) {
            differences
                .push(format!("it joins proofs of the program {}: --program says which it must be", hex(&program)));
        }
        differences
    }
}

/// Bytes as hexadecimal digits with 0x before them.
pub fn hex(bytes: &[u8]) -> String {
    format!("0x{}", ::hex::encode(bytes))
}

fn number(word: &Word) -> Result<u64> {
    let (high, low) = word.split_at(24);
    ensure!(high.iter().all(|byte| *byte == 0), "{} is too large", hex(word));
    Ok(u64::from_be_bytes(low.try_into()?))
}
