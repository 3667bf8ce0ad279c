//! Proofs of consecutive ranges of blocks joined into one: long ones are proven in pieces, side by side.

use crate::{
    STATEMENT_BYTES, Statement,
    words::{Reader, WORD, Writer},
};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, keccak256};
use kohala_protocol::L1Header;

/// What a proof of several proofs says: the statement that follows from theirs, and whose they were.
///
/// Encoded it is the statement's words and one more, `bytes32 program`. A contract compares that one too: any program could
/// be proven to have committed to these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// From the first claim's agreed output root to the last one's claimed one.
    pub statement: Statement,
    /// Hash of the verifying key of the program that proved the ranges.
    pub program: B256,
}

impl Aggregate {
    /// The seven words: the guest's public values.
    pub fn encode(&self) -> Vec<u8> {
        let mut words = self.statement.encode();
        words.extend_from_slice(self.program.as_slice());
        words
    }

    /// Reads the seven words.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (statement, program) = bytes.split_at_checked(STATEMENT_BYTES)?;
        Some(Self { statement: Statement::decode(statement)?, program: B256::new(program.try_into().ok()?) })
    }
}

/// What the guest that joins proofs is given, besides the proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregationInput {
    /// Hash of the verifying key of the program that proved the ranges.
    pub program: B256,
    /// What was proven, in the order of the blocks.
    pub statements: Vec<Statement>,
    /// L1 headers, RLP, from the last statement's L1 head down to a child of the oldest L1 head among the others. None if
    /// all have the same.
    pub l1_headers: Vec<Bytes>,
}

impl AggregationInput {
    /// The guest's input: the program's hash, how many statements, the statements, how many headers, and the headers, each
    /// behind its length. All numbers are words.
    pub fn encode(&self) -> Vec<u8> {
        let mut words = Writer::default();
        words.hash(self.program);
        words.number(self.statements.len() as u64);
        self.statements.iter().for_each(|statement| words.0.extend(statement.encode()));
        words.number(self.l1_headers.len() as u64);
        for header in &self.l1_headers {
            words.number(header.len() as u64);
            words.0.extend_from_slice(header);
        }
        words.0
    }

    /// Reads what [`encode`](Self::encode) wrote, and nothing else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut words = Reader(bytes);
        let program = words.hash()?;
        let count: usize = words.small()?;
        let (statements, rest) = words.0.split_at_checked(count.checked_mul(STATEMENT_BYTES)?)?;
        let statements = statements.chunks_exact(STATEMENT_BYTES).map(Statement::decode).collect::<Option<_>>()?;
        let mut words = Reader(rest);
        let count: usize = words.small()?;
        let mut l1_headers = Vec::new();
        for _ in 0..count {
            let length = words.small()?;
            let (header, rest) = words.0.split_at_checked(length)?;
            l1_headers.push(Bytes::copy_from_slice(header));
            words.0 = rest;
        }
        words.end()?;
        Some(Self { program, statements, l1_headers })
    }
}

/// Why statements don't join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AggregationError {
    /// The input is none.
    #[error("the input has another form")]
    Form,
    /// There is no statement.
    #[error("there is nothing to join")]
    Empty,
    /// A statement doesn't go on from the one before it.
    #[error("statement {index} does not go on from the one before it: its {link} is another")]
    Gap {
        /// Its place, from 0.
        index: usize,
        /// What differs.
        link: Link,
    },
    /// An L1 header is not the parent of the one before it, or not the last statement's L1 head.
    #[error("L1 header {0} is not what the one before it, or the L1 head, calls for")]
    Header(usize),
}

/// What joins two statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The chain's configuration.
    Chain,
    /// The agreed output root, which the statement before claims.
    OutputRoot,
    /// The L1 head, which must be the last statement's or an ancestor of it.
    L1Head,
}

impl core::fmt::Display for Link {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Chain => "chain",
            Self::OutputRoot => "agreed output root",
            Self::L1Head => "L1 head",
        })
    }
}

/// The statement that follows from what was proven: `input` is an [`AggregationInput`].
///
/// `verify` is the machine's: whether a proof was given of the program whose verifying key has this hash, with these public
/// values. Where there was none it doesn't return, but fails.
///
/// # Errors
/// Where the statements don't join.
pub fn join_proven(input: &[u8], mut verify: impl FnMut(B256, &[u8])) -> Result<Aggregate, AggregationError> {
    let input = AggregationInput::decode(input).ok_or(AggregationError::Form)?;
    input.statements.iter().for_each(|statement| verify(input.program, &statement.encode()));
    join(&input)
}

/// The statement that follows from others, if those are proven.
///
/// An earlier one may have been proven with an older L1 head, if that is an ancestor of the last one's: what L1 gave rise to
/// by then it gives rise to later, too.
///
/// Each proof derives from its own agreed block. A batcher who writes batches out of their order can bring about that
/// derivation which begins anew at some block takes a batch that one from further back has dropped; so it is where op-node is
/// started anew, and where a dispute's game begins at another anchor. A joined statement is what its pieces say.
///
/// # Errors
/// Where they don't join.
pub fn join(input: &AggregationInput) -> Result<Aggregate, AggregationError> {
    let (Some(first), Some(last)) = (input.statements.first(), input.statements.last()) else {
        return Err(AggregationError::Empty);
    };
    let mut l1 = Vec::from([last.l1_head]);
    for (index, rlp) in input.l1_headers.iter().enumerate() {
        let hash = l1[index];
        let header = L1Header::decode(hash, rlp).ok().filter(|_| keccak256(rlp) == hash);
        l1.push(header.ok_or(AggregationError::Header(index))?.parent_hash);
    }
    let mut agreed = first.agreed_output_root;
    for (index, statement) in input.statements.iter().enumerate() {
        let gap = |link| Err(AggregationError::Gap { index, link });
        if statement.chain_hash != first.chain_hash {
            return gap(Link::Chain);
        }
        if statement.agreed_output_root != agreed {
            return gap(Link::OutputRoot);
        }
        if !l1.contains(&statement.l1_head) {
            return gap(Link::L1Head);
        }
        agreed = statement.claimed_output_root;
    }
    let statement = Statement { agreed_output_root: first.agreed_output_root, ..*last };
    Ok(Aggregate { statement, program: input.program })
}

const _: () = assert!(STATEMENT_BYTES.is_multiple_of(WORD));
