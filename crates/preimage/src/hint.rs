//! Hints: what the program will ask for next, as text that the host may act upon.
//!
//! A hint is a name, a space, and its data in hexadecimal. Two dialects are about, op-program's and kona's: same names,
//! sometimes other data. One is written here (op-program's), both are read; where the data differs its length tells. One hint more is
//! ours alone.

use alloc::{string::String, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, hex};
use core::fmt;

/// A block by hash (op-program) or by number (kona).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockRef {
    /// By hash.
    Hash(B256),
    /// By number on the canonical chain.
    Number(u64),
}

/// One hint. `chain_id` is set where several L2 chains are in play (interop) and left out otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "fields are named after what the hint asks for")]
pub enum Hint {
    /// Header of the L1 block with this hash.
    L1BlockHeader(B256),
    /// Transaction trie of the L1 block with this hash.
    L1Transactions(B256),
    /// Receipt trie of the L1 block with this hash.
    L1Receipts(B256),
    /// Commitment and field elements of a blob. `index` is its place in the L1 block; op-program leaves it out.
    L1Blob { versioned_hash: B256, index: Option<u64>, l1_time: u64 },
    /// Outcome of a precompile call. `payload` is the required gas in eight bytes and then the input (kona), as the
    /// contract reads it. op-program's, long obsolete, was the input alone.
    L1Precompile { address: Address, payload: Bytes },
    /// Outcome of a precompile call that requires `gas`.
    L1PrecompileV2 { address: Address, gas: u64, input: Bytes },
    /// Trie nodes on the paths to an account and one of its storage slots in the state after the L1 block with this hash.
    /// Of no dialect but ours.
    L1AccountStorageProof { block: B256, address: Address, slot: B256 },
    /// Header of the L2 block with this hash.
    L2BlockHeader { hash: B256, chain_id: Option<u64> },
    /// Transaction trie of the L2 block with this hash.
    L2Transactions { hash: B256, chain_id: Option<u64> },
    /// Receipt trie of the L2 block with this hash.
    L2Receipts { hash: B256, chain_id: Option<u64> },
    /// Contract code with this hash.
    L2Code { hash: B256, chain_id: Option<u64> },
    /// Node of an L2 state or storage trie with this hash.
    L2StateNode { hash: B256, chain_id: Option<u64> },
    /// Preimage of this output root.
    L2Output { root: B256, chain_id: Option<u64> },
    /// State trie nodes on the path to an account.
    L2AccountProof { block: BlockRef, address: Address, chain_id: Option<u64> },
    /// Trie nodes on the paths to an account and one of its storage slots.
    L2AccountStorageProof { number: u64, address: Address, slot: B256, chain_id: Option<u64> },
    /// All that the execution of a payload touches. The data as it was sent: a JSON object (op-program), or the
    /// parent's hash followed by the attributes as JSON and maybe a chain id (kona).
    L2PayloadWitness(Bytes),
    /// Header, transactions and receipts of a block that need not be canonical, to be made on top of an agreed one.
    L2BlockData { agreed: B256, block: B256, chain_id: u64 },
    /// Preimage of the agreed super root or transition state.
    AgreedPrestate(B256),
    /// What it takes to walk back from a head to the block with this number.
    L2BlockHashLookup { number: u64, head: B256, chain_id: u64 },
}

/// Why text is not a hint that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HintError {
    /// No space between name and data.
    #[error("hint has no data")]
    NoData,
    /// The name is none of ours.
    #[error("unknown hint type")]
    UnknownType,
    /// The data is not hexadecimal.
    #[error("hint data is not hexadecimal")]
    NotHex,
    /// The data has a length that this hint doesn't have in any dialect.
    #[error("hint data of {0} bytes")]
    Length(usize),
}

impl Hint {
    /// The name that the text begins with.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::L1BlockHeader(_) => "l1-block-header",
            Self::L1Transactions(_) => "l1-transactions",
            Self::L1Receipts(_) => "l1-receipts",
            Self::L1Blob { .. } => "l1-blob",
            Self::L1Precompile { .. } => "l1-precompile",
            Self::L1PrecompileV2 { .. } => "l1-precompile-v2",
            Self::L1AccountStorageProof { .. } => "l1-account-storage-proof",
            Self::L2BlockHeader { .. } => "l2-block-header",
            Self::L2Transactions { .. } => "l2-transactions",
            Self::L2Receipts { .. } => "l2-receipts",
            Self::L2Code { .. } => "l2-code",
            Self::L2StateNode { .. } => "l2-state-node",
            Self::L2Output { .. } => "l2-output",
            Self::L2AccountProof { .. } => "l2-account-proof",
            Self::L2AccountStorageProof { .. } => "l2-account-storage-proof",
            Self::L2PayloadWitness(_) => "l2-payload-witness",
            Self::L2BlockData { .. } => "l2-block-data",
            Self::AgreedPrestate(_) => "agreed-pre-state",
            Self::L2BlockHashLookup { .. } => "l2-block-hash-lookup",
        }
    }

    /// The hint as it is sent.
    pub fn text(&self) -> String {
        let data = self.data();
        let mut text = String::with_capacity(self.name().len() + 3 + 2 * data.len());
        text.push_str(self.name());
        text.push_str(" 0x");
        text.push_str(&hex::encode(data));
        text
    }

    fn data(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(80);
        let mut chain = None;
        match self {
            Self::L1BlockHeader(hash)
            | Self::L1Transactions(hash)
            | Self::L1Receipts(hash)
            | Self::AgreedPrestate(hash) => data.extend_from_slice(hash.as_slice()),
            Self::L1Blob { versioned_hash, index, l1_time } => {
                data.extend_from_slice(versioned_hash.as_slice());
                if let Some(index) = index {
                    data.extend_from_slice(&index.to_be_bytes());
                }
                data.extend_from_slice(&l1_time.to_be_bytes());
            }
            Self::L1Precompile { address, payload } => {
                data.extend_from_slice(address.as_slice());
                data.extend_from_slice(payload);
            }
            Self::L1PrecompileV2 { address, gas, input } => {
                data.extend_from_slice(address.as_slice());
                data.extend_from_slice(&gas.to_be_bytes());
                data.extend_from_slice(input);
            }
            Self::L1AccountStorageProof { block, address, slot } => {
                data.extend_from_slice(block.as_slice());
                data.extend_from_slice(address.as_slice());
                data.extend_from_slice(slot.as_slice());
            }
            Self::L2BlockHeader { hash, chain_id }
            | Self::L2Transactions { hash, chain_id }
            | Self::L2Receipts { hash, chain_id }
            | Self::L2Code { hash, chain_id }
            | Self::L2StateNode { hash, chain_id }
            | Self::L2Output { root: hash, chain_id } => {
                data.extend_from_slice(hash.as_slice());
                chain = *chain_id;
            }
            Self::L2AccountProof { block, address, chain_id } => {
                match block {
                    BlockRef::Hash(hash) => data.extend_from_slice(hash.as_slice()),
                    BlockRef::Number(number) => data.extend_from_slice(&number.to_be_bytes()),
                }
                data.extend_from_slice(address.as_slice());
                chain = *chain_id;
            }
            Self::L2AccountStorageProof { number, address, slot, chain_id } => {
                data.extend_from_slice(&number.to_be_bytes());
                data.extend_from_slice(address.as_slice());
                data.extend_from_slice(slot.as_slice());
                chain = *chain_id;
            }
            Self::L2PayloadWitness(payload) => data.extend_from_slice(payload),
            Self::L2BlockData { agreed, block, chain_id } => {
                data.extend_from_slice(agreed.as_slice());
                data.extend_from_slice(block.as_slice());
                chain = Some(*chain_id);
            }
            Self::L2BlockHashLookup { number, head, chain_id } => {
                data.extend_from_slice(&number.to_be_bytes());
                data.extend_from_slice(head.as_slice());
                chain = Some(*chain_id);
            }
        }
        if let Some(chain_id) = chain {
            data.extend_from_slice(&chain_id.to_be_bytes());
        }
        data
    }

    /// Reads a hint in either dialect, the data with or without `0x`.
    ///
    /// # Errors
    /// Where it is none that we know. A host then passes over it: hints never decide anything.
    pub fn parse(text: &[u8]) -> Result<Self, HintError> {
        let space = text.iter().position(|byte| *byte == b' ').ok_or(HintError::NoData)?;
        let data = hex::decode(&text[space + 1..]).map_err(|_| HintError::NotHex)?;
        let mut fields = Fields(&data);
        Self::read(&text[..space], &mut fields, data.len()).unwrap_or(Err(HintError::Length(data.len())))
    }

    /// `None` where the data is too short or too long.
    fn read(name: &[u8], data: &mut Fields<'_>, len: usize) -> Option<Result<Self, HintError>> {
        let hint = match name {
            b"l1-block-header" => Self::L1BlockHeader(data.hash()?),
            b"l1-transactions" => Self::L1Transactions(data.hash()?),
            b"l1-receipts" => Self::L1Receipts(data.hash()?),
            b"l1-blob" => Self::L1Blob {
                versioned_hash: data.hash()?,
                index: if len == 48 { Some(data.number()?) } else { None },
                l1_time: data.number()?,
            },
            b"l1-precompile" => Self::L1Precompile { address: data.address()?, payload: data.rest() },
            b"l1-precompile-v2" => {
                Self::L1PrecompileV2 { address: data.address()?, gas: data.number()?, input: data.rest() }
            }
            b"l1-account-storage-proof" => {
                Self::L1AccountStorageProof { block: data.hash()?, address: data.address()?, slot: data.hash()? }
            }
            b"l2-block-header" => Self::L2BlockHeader { hash: data.hash()?, chain_id: data.chain_id()? },
            b"l2-transactions" => Self::L2Transactions { hash: data.hash()?, chain_id: data.chain_id()? },
            b"l2-receipts" => Self::L2Receipts { hash: data.hash()?, chain_id: data.chain_id()? },
            b"l2-code" => Self::L2Code { hash: data.hash()?, chain_id: data.chain_id()? },
            b"l2-state-node" => Self::L2StateNode { hash: data.hash()?, chain_id: data.chain_id()? },
            b"l2-output" | b"starting-l2-output" | b"l2-output-root" => {
                Self::L2Output { root: data.hash()?, chain_id: data.chain_id()? }
            }
            b"l2-account-proof" => Self::L2AccountProof {
                block: if len >= 52 { BlockRef::Hash(data.hash()?) } else { BlockRef::Number(data.number()?) },
                address: data.address()?,
                chain_id: data.chain_id()?,
            },
            b"l2-account-storage-proof" => Self::L2AccountStorageProof {
                number: data.number()?,
                address: data.address()?,
                slot: data.hash()?,
                chain_id: data.chain_id()?,
            },
            b"l2-payload-witness" => Self::L2PayloadWitness(data.rest()),
            b"l2-block-data" => {
                Self::L2BlockData { agreed: data.hash()?, block: data.hash()?, chain_id: data.number()? }
            }
            b"agreed-pre-state" => Self::AgreedPrestate(data.hash()?),
            b"l2-block-hash-lookup" => {
                Self::L2BlockHashLookup { number: data.number()?, head: data.hash()?, chain_id: data.number()? }
            }
            _ => return Some(Err(HintError::UnknownType)),
        };
        data.0.is_empty().then_some(Ok(hint))
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// A hint's data, taken from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn hash(&mut self) -> Option<B256> {
        self.take().map(B256::new)
    }

    fn address(&mut self) -> Option<Address> {
        self.take().map(Address::new)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// The chain id that may end a hint.
    fn chain_id(&mut self) -> Option<Option<u64>> {
        if self.0.is_empty() { Some(None) } else { self.number().map(Some) }
    }

    fn rest(&mut self) -> Bytes {
        Bytes::copy_from_slice(core::mem::take(&mut self.0))
    }
}
