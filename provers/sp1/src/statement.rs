//! What a proof of Kohala's guests commits to, and what a user expects of it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fmt;

/// A word of Solidity's ABI.
pub type Word = [u8; 32];

/// The public values of the range and the aggregation guest: six words, as Solidity encodes a struct of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which layout this is.
    pub version: u64,
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
}

impl Statement {
    /// Reads public values.
    pub fn decode(public_values: &[u8]) -> Result<Self> {
        let (words, rest) = public_values.as_chunks::<32>();
        ensure!(rest.is_empty(), "{} bytes are not whole words", public_values.len());
        let [version, chain_hash, l1_head, agreed_output_root, claimed_output_root, claimed_block_number] = *words
        else {
            anyhow::bail!("a statement has six words, and these are {}", words.len())
        };
        Ok(Self {
            version: number(version).context("the version")?,
            chain_hash,
            l1_head,
            agreed_output_root,
            claimed_output_root,
            claimed_block_number: number(claimed_block_number).context("the claimed block's number")?,
        })
    }

    /// The statement as JSON, words as hexadecimal digits.
    pub fn json(&self) -> Value {
        json!({
            "version": self.version,
            "chain_hash": hex(&self.chain_hash),
            "l1_head": hex(&self.l1_head),
            "agreed_output_root": hex(&self.agreed_output_root),
            "claimed_output_root": hex(&self.claimed_output_root),
            "claimed_block_number": self.claimed_block_number,
        })
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  version              {}", self.version)?;
        writeln!(f, "  chain hash           {}", hex(&self.chain_hash))?;
        writeln!(f, "  L1 head              {}", hex(&self.l1_head))?;
        writeln!(f, "  agreed output root   {}", hex(&self.agreed_output_root))?;
        writeln!(f, "  claimed output root  {}", hex(&self.claimed_output_root))?;
        write!(f, "  claimed block        {}", self.claimed_block_number)
    }
}

/// What a proof must commit to; what is not said may be anything.
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
        let words = [self.chain_hash, self.l1_head, self.agreed_output_root, self.claimed_output_root];
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
        let names = ["chain's hash", "L1 head", "agreed output root", "claimed output root"];
        let is = [found.chain_hash, found.l1_head, found.agreed_output_root, found.claimed_output_root];
        for ((name, expected), is) in names.into_iter().zip(words).zip(is) {
            if let Some(expected) = expected.filter(|expected| *expected != is) {
                differences.push(format!("the {name} is {}, not {}", hex(&is), hex(&expected)));
            }
        }
        if let Some(number) = self.claimed_block_number.filter(|number| *number != found.claimed_block_number) {
            differences.push(format!("the claimed block is {}, not {number}", found.claimed_block_number));
        }
        differences
    }
}

/// Bytes as hexadecimal digits with 0x before them.
pub fn hex(bytes: &[u8]) -> String {
    format!("0x{}", ::hex::encode(bytes))
}

fn number(word: Word) -> Result<u64> {
    let (high, low) = word.split_at(24);
    ensure!(high.iter().all(|byte| *byte == 0), "{} is too large", hex(&word));
    Ok(u64::from_be_bytes(low.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(numbers: [u8; 6]) -> Vec<u8> {
        numbers.into_iter().flat_map(|number| [[0; 31].as_slice(), &[number]].concat()).collect()
    }

    fn word(last: u8) -> Word {
        let mut word = [0; 32];
        word[31] = last;
        word
    }

    #[test]
    fn a_statement_is_six_words() {
        let statement = Statement::decode(&words([1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!((statement.version, statement.claimed_block_number), (1, 6));
        assert_eq!((statement.chain_hash, statement.l1_head), (word(2), word(3)));
        assert_eq!((statement.agreed_output_root, statement.claimed_output_root), (word(4), word(5)));
        let refused = |values: &[u8]| format!("{:#}", Statement::decode(values).unwrap_err());
        assert_eq!(refused(&[0; 160]), "a statement has six words, and these are 5");
        assert_eq!(refused(&[0; 191]), "191 bytes are not whole words");
        assert!(refused(&[255; 192]).starts_with("the version: 0xff"));
    }

    #[test]
    fn what_is_expected_and_is_not_there_is_named() {
        let values = words([1, 2, 3, 4, 5, 6]);
        let right = Expected {
            public_values: Some(values.clone()),
            chain_hash: Some(word(2)),
            l1_head: Some(word(3)),
            agreed_output_root: Some(word(4)),
            claimed_output_root: Some(word(5)),
            claimed_block_number: Some(6),
        };
        assert_eq!(right.differences(&values), Vec::<String>::new());
        assert_eq!(Expected::default().differences(b"anything"), Vec::<String>::new());
        let wrong = |expected: Expected, start: &str| {
            let differences = expected.differences(&values);
            assert_eq!(differences.len(), 1, "{differences:?}");
            assert!(differences[0].starts_with(start), "{differences:?}");
        };
        let nothing = Expected::default;
        wrong(Expected { public_values: Some(vec![1]), ..nothing() }, "the public values are 0x");
        wrong(Expected { chain_hash: Some(word(9)), ..nothing() }, "the chain's hash is 0x");
        wrong(Expected { l1_head: Some(word(9)), ..nothing() }, "the L1 head is 0x");
        wrong(Expected { agreed_output_root: Some(word(9)), ..nothing() }, "the agreed output root is 0x");
        wrong(Expected { claimed_output_root: Some(word(9)), ..nothing() }, "the claimed output root is 0x");
        wrong(Expected { claimed_block_number: Some(9), ..nothing() }, "the claimed block is 6, not 9");
        assert!(right.differences(b"x")[1].starts_with("the public values are no statement"));
    }
}
