use crate::{Inputs, blob};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes};
use alloy_rlp::Decodable;
use kohala_derive::IndexedBlobHash;
use kohala_execute::PrecompileOutcome;
use kohala_preimage::{BLOB_BYTES, BlobKeys, BlockRef, FIELD_ELEMENTS, Hint, Key, Oracle, WrongPreimage};
use kohala_protocol::{BlockInfo, L1Header, OutputRootPreimage, Receipt, blob_elements};
use kohala_trie::{NodeSource, TrieError, list};

/// The program's inputs, read from a preimage oracle: each read is announced by a hint, for itself or for a whole path, and
/// no data are kept.
pub struct OracleInputs<O> {
    oracle: O,
    paths: bool,
    accelerated: bool,
    history: bool,
    /// An L1 header was read that is of Prague: L1 has the precompiles of BLS12-381 by now.
    l1_is_prague: bool,
    at_roots: fn(),
}

/// Why an input could not be read from the oracle.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// The oracle has no answer.
    #[error(transparent)]
    Oracle(E),
    /// What has this hash is not what the hash was expected to stand for.
    #[error("the preimage of {hash} is not {expected}")]
    Malformed {
        /// The hash.
        hash: B256,
        /// What it should be.
        expected: Expected,
    },
}

/// What a hash was expected to stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// An L1 header.
    L1Header,
    /// A list of transactions below a transactions root.
    Transactions,
    /// A list of receipts below a receipts root.
    Receipts,
    /// The preimage of an output root of version 0.
    Output,
    /// An L2 header.
    L2Header,
    /// The outcome of a precompile call: 1 and the output, or 0 alone.
    Outcome,
}

impl core::fmt::Display for Expected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::L1Header => "an L1 header",
            Self::Transactions => "a list of transactions",
            Self::Receipts => "a list of receipts",
            Self::Output => "an output root of version 0",
            Self::L2Header => "an L2 header",
            Self::Outcome => "the outcome of a precompile call",
        })
    }
}

impl<O: Oracle> OracleInputs<O> {
    /// Reads from `oracle`.
    pub const fn new(oracle: O) -> Self {
        Self { oracle, paths: false, accelerated: false, history: false, l1_is_prague: false, at_roots: || () }
    }

    /// Announces paths of the state too, as kona's client does: a host can then bring proofs instead of single nodes.
    #[must_use]
    pub fn announcing_paths(self) -> Self {
        Self { paths: true, ..self }
    }

    /// Asks the oracle for the outcomes of precompile calls and for who signed transactions, instead of computing them, and
    /// whether a blob holds nothing behind what it says it holds, instead of reading zeros: on a fault proof VM that takes
    /// fewer instructions by far.
    ///
    /// No hash vouches for an outcome. On a fault proof VM the contract does, which makes the call; elsewhere it is the
    /// word of whoever runs the oracle.
    #[must_use]
    pub fn accelerated(self) -> Self {
        Self { accelerated: true, ..self }
    }

    /// Looks up the hashes of L1 blocks far below the L1 head in the history contract's storage (EIP-2935), instead of
    /// reading every header on the way. Hosts other than ours don't know the hint, and whoever runs the host needs an L1
    /// node that still has the L1 head's state, and for each 8,191 blocks of the way one state more.
    #[must_use]
    pub fn by_history(self) -> Self {
        Self { history: true, ..self }
    }

    /// Calls `tell` when a block's transactions are done and its roots are next, for whoever counts what each takes.
    #[must_use]
    pub fn at_roots(self, tell: fn()) -> Self {
        Self { at_roots: tell, ..self }
    }

    pub(crate) const fn oracle(&mut self) -> &mut O {
        &mut self.oracle
    }

    fn read(&mut self, hint: Hint, hash: B256) -> Result<Bytes, ReadError<O::Error>> {
        self.oracle.hint(&hint).map_err(ReadError::Oracle)?;
        self.oracle.get(Key::keccak256(hash)).map_err(ReadError::Oracle)
    }

    /// A blob, of which only those elements are read that it says it uses, if all others are zero indeed.
    fn read_blob(&mut self, block: &BlockInfo, blob: &IndexedBlobHash) -> Result<Bytes, ReadError<O::Error>> {
        let hint = Hint::L1Blob { versioned_hash: blob.hash, index: Some(blob.index), l1_time: block.timestamp };
        self.oracle.hint(&hint).map_err(ReadError::Oracle)?;
        let commitment = self.oracle.commitment(blob.hash).map_err(ReadError::Oracle)?;
        let mut keys = BlobKeys::new(commitment).map(|(key, _)| key);
        let mut bytes = alloc::vec![0; BLOB_BYTES];
        let (elements, _) = bytes.as_chunks_mut();
        let (first, others) = elements.split_at_mut(1);
        self.read_elements(&mut keys, first)?;
        let used = blob_elements(&first[0]);
        self.read_elements(&mut keys, &mut others[..used - 1])?;
        let may_ask = self.l1_is_prague && used < FIELD_ELEMENTS;
        let outcome = |address, gas, input: &[u8]| self.outcome(address, gas, input);
        if may_ask && blob::is_zero_after(&elements[..used], &commitment, outcome)? {
            bytes.truncate(used * 32);
        } else {
            self.read_elements(&mut keys, &mut elements[used..])?;
        }
        Ok(bytes.into())
    }

    fn read_elements(
        &mut self,
        keys: &mut impl Iterator<Item = Key>,
        elements: &mut [[u8; 32]],
    ) -> Result<(), ReadError<O::Error>> {
        elements.iter_mut().zip(keys).try_for_each(|(element, key)| {
            let answer = self.oracle.get(key).map_err(ReadError::Oracle)?;
            *element = answer[..].try_into().map_err(|_| ReadError::Oracle(WrongPreimage { key }.into()))?;
            Ok(())
        })
    }

    fn outcome(&mut self, address: Address, gas: u64, input: &[u8]) -> Result<PrecompileOutcome, ReadError<O::Error>> {
        let key = Key::precompile(address, gas, input);
        let hint = Hint::L1PrecompileV2 { address, gas, input: Bytes::copy_from_slice(input) };
        self.oracle.hint(&hint).map_err(ReadError::Oracle)?;
        let value = self.oracle.get(key).map_err(ReadError::Oracle)?;
        match value.first() {
            Some(1) => Ok(PrecompileOutcome::Success(value.slice(1..))),
            Some(0) if value.len() == 1 => Ok(PrecompileOutcome::Failure),
            _ => Err(ReadError::Malformed { hash: key.into(), expected: Expected::Outcome }),
        }
    }

    /// All items below `root`: one hint announces them all.
    fn list(&mut self, hint: Hint, root: B256, expected: Expected) -> Result<Vec<Bytes>, ReadError<O::Error>> {
        self.oracle.hint(&hint).map_err(ReadError::Oracle)?;
        list::list_items(root, &mut Nodes(&mut self.oracle)).map_err(|error| list_error(error, expected))
    }
}

fn list_error<E>(error: TrieError<E>, expected: Expected) -> ReadError<E> {
    match error {
        TrieError::Source(error) => ReadError::Oracle(error),
        TrieError::Malformed(hash) => ReadError::Malformed { hash, expected },
    }
}

/// Nodes of a list whose hint has been given.
struct Nodes<'a, O>(&'a mut O);

impl<O: Oracle> NodeSource for Nodes<'_, O> {
    type Error = O::Error;

    fn node(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.0.get(Key::keccak256(hash))
    }
}

impl<O: Oracle> Inputs for OracleInputs<O> {
    type Error = ReadError<O::Error>;

    fn l1_header(&mut self, hash: B256) -> Result<L1Header, Self::Error> {
        let rlp = self.read(Hint::L1BlockHeader(hash), hash)?;
        let header = L1Header::decode(hash, &rlp);
        let header = header.map_err(|_| ReadError::Malformed { hash, expected: Expected::L1Header })?;
        self.l1_is_prague |= header.is_prague;
        Ok(header)
    }

    fn l1_transactions(&mut self, header: &L1Header) -> Result<Vec<Bytes>, Self::Error> {
        self.list(Hint::L1Transactions(header.hash), header.transactions_root, Expected::Transactions)
    }

    fn l1_receipts(&mut self, header: &L1Header) -> Result<Vec<Receipt>, Self::Error> {
        let (hash, expected) = (header.receipts_root, Expected::Receipts);
        let receipts = self.list(Hint::L1Receipts(header.hash), hash, expected)?;
        let decoded = receipts.iter().map(|receipt| Receipt::decode(receipt)).collect::<Result<_, _>>();
        decoded.map_err(|_| ReadError::Malformed { hash, expected })
    }

    fn l1_blob(&mut self, block: &BlockInfo, blob: &IndexedBlobHash) -> Result<Bytes, Self::Error> {
        match self.accelerated {
            true => self.read_blob(block, blob),
            false => self.oracle.blob(blob.hash, blob.index, block.timestamp).map_err(ReadError::Oracle),
        }
    }

    fn l2_output(&mut self, root: B256) -> Result<OutputRootPreimage, Self::Error> {
        let bytes = self.read(Hint::L2Output { root, chain_id: None }, root)?;
        OutputRootPreimage::decode(&bytes).ok_or(ReadError::Malformed { hash: root, expected: Expected::Output })
    }

    fn l2_header(&mut self, hash: B256) -> Result<Header, Self::Error> {
        let rlp = self.read(Hint::L2BlockHeader { hash, chain_id: None }, hash)?;
        let mut rest = rlp.as_ref();
        match Header::decode(&mut rest) {
            Ok(header) if rest.is_empty() => Ok(header),
            _ => Err(ReadError::Malformed { hash, expected: Expected::L2Header }),
        }
    }

    fn l2_transactions(&mut self, hash: B256, header: &Header) -> Result<Vec<Bytes>, Self::Error> {
        self.list(Hint::L2Transactions { hash, chain_id: None }, header.transactions_root, Expected::Transactions)
    }

    fn l2_first_transaction(&mut self, hash: B256, header: &Header) -> Result<Bytes, Self::Error> {
        let (root, expected) = (header.transactions_root, Expected::Transactions);
        self.oracle.hint(&Hint::L2Transactions { hash, chain_id: None }).map_err(ReadError::Oracle)?;
        let first = list::list_item(root, 0, &mut Nodes(&mut self.oracle)).map_err(|error| list_error(error, expected));
        first?.ok_or(ReadError::Malformed { hash: root, expected })
    }

    fn l2_state_node(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.read(Hint::L2StateNode { hash, chain_id: None }, hash)
    }

    fn l2_path(&mut self, agreed: u64, address: Address, slot: Option<B256>) -> Result<(), Self::Error> {
        if !self.paths {
            return Ok(());
        }
        let hint = match slot {
            None => Hint::L2AccountProof { block: BlockRef::Number(agreed), address, chain_id: None },
            Some(slot) => Hint::L2AccountStorageProof { number: agreed, address, slot, chain_id: None },
        };
        self.oracle.hint(&hint).map_err(ReadError::Oracle)
    }

    fn l2_roots(&mut self) {
        (self.at_roots)();
    }

    fn l2_code(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.read(Hint::L2Code { hash, chain_id: None }, hash)
    }

    fn is_accelerated(&self) -> bool {
        self.accelerated
    }

    fn l1_precompile(
        &mut self,
        address: Address,
        gas: u64,
        input: &[u8],
    ) -> Result<Option<PrecompileOutcome>, Self::Error> {
        self.accelerated.then(|| self.outcome(address, gas, input)).transpose()
    }

    fn has_l1_states(&self) -> bool {
        self.history
    }

    fn l1_path(&mut self, block: B256, address: Address, slot: B256) -> Result<(), Self::Error> {
        let hint = Hint::L1AccountStorageProof { block, address, slot };
        self.oracle.hint(&hint).map_err(ReadError::Oracle)
    }

    fn l1_state_node(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.oracle.get(Key::keccak256(hash)).map_err(ReadError::Oracle)
    }
}
