//! The witness: a statement and all that its proof reads, as one run of bytes.
//!
//! ```text
//! statement   192       what is to be proven
//! counts      4 each    bytes of the chain's configuration, blobs, values, zero
//! chain                 the chain's configuration
//! blobs       56 each   commitment 48 | length 4 | zero 4
//! proof       48        if there are blobs: opens the sum of all (`blobs.rs`)
//! values      4 each    length, and two marks; filled up with zeros to a multiple of eight
//! data                  of the blobs, then of the values, each filled up with zeros to a multiple of eight
//! ```
//!
//! Numbers are little-endian. No hash and no key is in it: values lie in the order in which the program asks for them, and
//! each is hashed when its turn comes. One that is asked for again has a mark the first time, and then an entry that says
//! which of the marked ones it is.
//!
//! Every byte counts: data that isn't asked for, zeros that are none, a length that leads elsewhere, each ends the guest.

use crate::{Machine, Statement, blobs, blobs::Blob, decode_chain, statement::STATEMENT_BYTES};
use alloc::{sync::Arc, vec::Vec};
use alloy_primitives::{B256, Bytes, keccak256};
use kohala_preimage::{BlobError, Hint, Key, Oracle, WrongPreimage, versioned_hash};
use kohala_program::Boot;
use kohala_protocol::ConfigError;

/// The mark of an entry that names a value which was read before: the rest is its place among those.
pub(crate) const AGAIN: u32 = 1 << 31;
/// The mark of a value that is read again later.
pub(crate) const KEPT: u32 = 1 << 30;

/// Why a witness proves nothing. Never a statement about the claim.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// It isn't laid out as a witness is.
    #[error("the witness's {0:?} has another form")]
    Form(Part),
    /// The chain's configuration can't be used.
    #[error("the chain's configuration: {0}")]
    Chain(#[from] ConfigError),
    /// The statement is about another chain.
    #[error("the chain's configuration has not the hash in the statement")]
    OtherChain,
    /// A blob is not what is committed to.
    #[error("the witness's blobs: {0}")]
    Blobs(#[from] BlobError),
    /// The next value is not what is asked for.
    #[error(transparent)]
    Wrong(#[from] WrongPreimage),
    /// Something is asked for that the witness hasn't.
    #[error("the witness has nothing for {0}")]
    Missing(Key),
    /// Something was never asked for.
    #[error("the witness has more in it than is asked for")]
    Unread,
}

/// A part of a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The statement.
    Statement,
    /// The numbers of things that follow.
    Counts,
    /// The chain's configuration.
    Chain,
    /// The table of blobs.
    Blobs,
    /// The table of values.
    Values,
    /// The bytes of blobs and values.
    Data,
}

/// A witness that is being read.
#[derive(Debug)]
pub(crate) struct Witness {
    statement: Statement,
    chain: Bytes,
    blobs: Vec<ReadBlob>,
    /// Entries of values, and which is next.
    entries: Bytes,
    next: usize,
    data: Cursor,
    kept: Vec<(Key, Bytes)>,
}

#[derive(Debug)]
struct ReadBlob {
    hash: B256,
    data: Bytes,
    is_read: bool,
}

impl Witness {
    /// Reads the layout, and checks the blobs.
    pub(crate) fn read<M: Machine>(input: Bytes) -> Result<Self, WitnessError> {
        let mut cursor = Cursor(input);
        let statement = cursor.take(STATEMENT_BYTES).and_then(|bytes| Statement::decode(&bytes));
        let statement = statement.ok_or(WitnessError::Form(Part::Statement))?;
        let counts = WitnessError::Form(Part::Counts);
        let Some([chain, count, values, 0]) = cursor.numbers() else { return Err(counts) };
        let chain = cursor.take(chain as usize).ok_or(counts)?;
        let form = || WitnessError::Form(Part::Blobs);
        // No length is trusted: each step takes bytes, or ends.
        let mut table = Vec::new();
        for _ in 0..count {
            let commitment = cursor.array::<48>().ok_or_else(form)?;
            let Some([length, 0]) = cursor.numbers() else { return Err(form()) };
            table.push((commitment, length as usize));
        }
        let proof = if count == 0 { None } else { Some(cursor.array().ok_or_else(form)?) };
        let length = (values as usize).checked_mul(4).ok_or(WitnessError::Form(Part::Values))?;
        let entries = cursor.padded(length).ok_or(WitnessError::Form(Part::Values))?;
        let data = |(commitment, length)| Some(Blob { commitment, data: cursor.padded(length)? });
        let blobs: Vec<Blob> = table.into_iter().map(data).collect::<Option<_>>().ok_or_else(form)?;
        // A blob has one form, too.
        if blobs.iter().any(|blob| blob.data.last() == Some(&0)) {
            return Err(form());
        }
        if let Some(proof) = proof {
            blobs::verify::<M>(&blobs, &proof)?;
        }
        let read = |blob: Blob| ReadBlob { hash: versioned_hash(&blob.commitment), data: blob.data, is_read: false };
        let blobs = blobs.into_iter().map(read).collect();
        Ok(Self { statement, chain, blobs, entries, next: 0, data: cursor, kept: Vec::new() })
    }

    /// What is to be proven.
    pub(crate) const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The program's boot inputs.
    pub(crate) fn boot(&self) -> Result<Boot, WitnessError> {
        // Words that are read at all are those that the configuration is written as, so their hash is its.
        let (rollup, l1) = decode_chain(&self.chain)?;
        if keccak256(&self.chain) != self.statement.chain_hash {
            return Err(WitnessError::OtherChain);
        }
        let Statement { l1_head, agreed_output_root, claimed_output_root, claimed_block_number, .. } = self.statement;
        let (rollup, l1) = (Arc::new(rollup), Arc::new(l1));
        Ok(Boot { l1_head, agreed_output_root, claimed_output_root, claimed_block_number, rollup, l1 })
    }

    /// What the next entry says, if it is what is asked for.
    fn next_value(&mut self, key: Key) -> Result<Bytes, WitnessError> {
        let entry = self.entries[self.next..].first_chunk().ok_or(WitnessError::Missing(key))?;
        let entry = u32::from_le_bytes(*entry);
        self.next += 4;
        let wrong = WrongPreimage { key };
        if entry & AGAIN != 0 {
            let (kept, value) = self.kept.get((entry & !AGAIN) as usize).ok_or(wrong)?;
            return if *kept == key { Ok(value.clone()) } else { Err(wrong.into()) };
        }
        let value = self.value((entry & !KEPT) as usize, key)?;
        if entry & KEPT != 0 {
            self.kept.push((key, value.clone()));
        }
        Ok(value)
    }

    /// The next value, checked. What all values take is counted by this function's name, which is why it stays one.
    #[inline(never)]
    fn value(&mut self, length: usize, key: Key) -> Result<Bytes, WitnessError> {
        let value = self.data.padded(length).ok_or(WitnessError::Form(Part::Data))?;
        let hash = keccak256(&value);
        if key != Key::keccak256(hash) || !self.is_whole(hash) {
            return Err(WrongPreimage { key }.into());
        }
        Ok(value)
    }

    /// A key lacks its hash's first byte. Where the hash comes out of a value, that byte is fixed with all others; but of
    /// those that begin all, it is the statement's word.
    fn is_whole(&self, hash: B256) -> bool {
        let begins = [self.statement.l1_head, self.statement.agreed_output_root];
        begins.iter().all(|begin| begin[1..] != hash[1..] || *begin == hash)
    }

    /// Checks that everything was read.
    pub(crate) fn finish(&self) -> Result<(), WitnessError> {
        let is_read = self.next == self.entries.len() && self.data.0.is_empty();
        if is_read && self.blobs.iter().all(|blob| blob.is_read) { Ok(()) } else { Err(WitnessError::Unread) }
    }
}

impl Oracle for Witness {
    type Error = WitnessError;

    #[inline]
    fn hint(&mut self, _: &Hint) -> Result<(), WitnessError> {
        Ok(())
    }

    /// A read that fails takes nothing: execution may go on after it, where a block holds what nobody signed.
    fn get(&mut self, key: Key) -> Result<Bytes, WitnessError> {
        let (next, data) = (self.next, self.data.0.clone());
        let value = self.next_value(key);
        if value.is_err() {
            (self.next, self.data.0) = (next, data);
        }
        value
    }

    fn blob(&mut self, versioned_hash: B256, _: u64, _: u64) -> Result<Bytes, WitnessError> {
        let blob = self.blobs.iter_mut().find(|blob| blob.hash == versioned_hash);
        let blob = blob.ok_or(WitnessError::Missing(Key::sha256(versioned_hash)))?;
        blob.is_read = true;
        Ok(blob.data.clone())
    }
}

/// Bytes that are still to be taken.
#[derive(Debug)]
struct Cursor(Bytes);

impl Cursor {
    fn take(&mut self, length: usize) -> Option<Bytes> {
        if length > self.0.len() {
            return None;
        }
        let taken = self.0.slice(..length);
        self.0 = self.0.slice(length..);
        Some(taken)
    }

    /// The same, and behind it the zeros that fill it up.
    fn padded(&mut self, length: usize) -> Option<Bytes> {
        let whole = length.checked_next_multiple_of(8)?;
        let mut taken = self.take(whole)?;
        if taken[length..].iter().any(|byte| *byte != 0) {
            return None;
        }
        taken.truncate(length);
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?[..].try_into().ok()
    }

    fn numbers<const N: usize>(&mut self) -> Option<[u32; N]> {
        let bytes = self.take(4 * N)?;
        let mut numbers = [0; N];
        for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *number = u32::from_le_bytes(*bytes);
        }
        Some(numbers)
    }
}
