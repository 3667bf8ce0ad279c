//! What is sent to L1 so that the contract `PreimageOracle` there has a part of a preimage.
//!
//! A dispute ends with one step of a VM. Where that step reads a preimage, the contract has to have the part that it reads:
//! somebody sends it the whole preimage with what proves that it is the key's. op-challenger does that by itself; here the
//! same call is made out of a store, for people who look at a dispute by hand. Nothing is sent.
//!
//! | key | call of `PreimageOracle` | why the contract believes it |
//! |---|---|---|
//! | keccak256, sha256 | `loadKeccak256PreimagePart`, `loadSha256PreimagePart` | it hashes the preimage |
//! | blob | `loadBlobPreimagePart` | a KZG proof, for the precompile 0x0a |
//! | precompile | `loadPrecompilePreimagePart` | it calls the precompile |
//! | local | `addLocalData` of the dispute game | the game knows the value, and tells the oracle |
//!
//! Specification: the OP Stack's "Fault Proof" chapter, "Pre-image Oracle" and "Fault Dispute Game"; contracts of version
//! 1.1.5, whose precompile keys have the required gas in them.

use crate::{HostError, Server, Store, StoreError, kzg, precompile::Call};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use kohala_preimage::{BlobError, Key, KeyKind, Missing, versioned_hash};
use std::fmt;

/// From how many bytes on a keccak256 preimage is proposed in pieces, which is a way of several transactions and a day of
/// waiting: the oracle's `minProposalSize()`, as deployed on standard chains.
pub const MIN_PROPOSAL_BYTES: usize = 126_000;

/// One call of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// What kind of contract is called.
    pub contract: &'static str,
    /// Name of the function.
    pub function: &'static str,
    /// Its parameters by name, in order.
    pub arguments: Vec<(&'static str, Argument)>,
}

/// An argument of a call, of one of Solidity's types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// `uint256`.
    Uint256(U256),
    /// `uint64`.
    Uint64(u64),
    /// `address`.
    Address(Address),
    /// `bytes`.
    Bytes(Bytes),
}

/// Why there is no call that loads a part.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The store does not have it, or is damaged.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The contract knows no keys of this kind.
    #[error("{0} is no key of a kind that the contract loads: local, keccak256, sha256, blob or precompile")]
    Kind(Key),
    /// Its preimage is no commitment and point of the field, or no call of a precompile.
    #[error("what hashes to {0} is not what keys of its kind are made of")]
    Shape(Key),
    /// A boot input that a game does not have.
    #[error("a dispute game has the local data 1 to 5, and not {0}")]
    Ident(U256),
    /// It is the claims of a game that give a boot input its value.
    #[error("the game looks for local data from a claim on, by its index")]
    ClaimIndex,
    /// The preimage with its length before it ends there, or before.
    #[error("the preimage takes {len} bytes with its length, and {offset} is not below that")]
    Offset {
        /// Bytes of the preimage and its length.
        len: u64,
        /// Where the part begins.
        offset: u64,
    },
    /// Too long for one call.
    #[error(
        "the preimage has {0} bytes: from {MIN_PROPOSAL_BYTES} on it is proposed in pieces (initLPP, addLeavesLPP, \
         squeezeLPP), and not by one call"
    )]
    Large(usize),
    /// Too long for one transaction, and there is no other way.
    #[error(
        "the call of a precompile has {0} bytes with address and gas: L1's nodes relay no transaction above 131,072, and \
         there is no way in pieces from {MIN_PROPOSAL_BYTES} on"
    )]
    LargeCall(usize),
}

impl From<StoreError> for UploadError {
    fn from(error: StoreError) -> Self {
        Self::Host(error.into())
    }
}

impl Upload {
    /// The call that loads the part of the preimage of `key` that begins at `offset`, counted from the eight bytes of length
    /// before it. `claim_index` is for local keys: the claim of the game below which the step lies.
    ///
    /// # Errors
    /// Where the store does not have what it takes, or no such call exists.
    pub fn of(store: &Store, key: Key, offset: u64, claim_index: Option<u64>) -> Result<Self, UploadError> {
        let mut server = Server::new(store, Default::default());
        let mut preimage = |key| server.preimage(key).map_err(UploadError::from);
        let part = ("partOffset", Argument::Uint256(U256::from(offset)));
        let (function, len, arguments) = match key.kind() {
            Some(KeyKind::Local) => return Self::local(key, offset, claim_index),
            Some(KeyKind::Keccak256) => {
                let preimage = preimage(key)?;
                if preimage.len() >= MIN_PROPOSAL_BYTES {
                    return Err(UploadError::Large(preimage.len()));
                }
                ("loadKeccak256PreimagePart", preimage.len(), vec![part, ("preimage", preimage.into())])
            }
            Some(KeyKind::Sha256) => {
                let preimage = preimage(key)?;
                ("loadSha256PreimagePart", preimage.len(), vec![part, ("preimage", preimage.into())])
            }
            Some(KeyKind::Blob) => {
                let preimage = preimage(key.with_kind(KeyKind::Keccak256))?;
                ("loadBlobPreimagePart", 32, [blob(store, key, &preimage)?, vec![part]].concat())
            }
            Some(KeyKind::Precompile) => {
                let called = preimage(key.with_kind(KeyKind::Keccak256))?;
                let call = Call::read(&called).ok_or(UploadError::Shape(key))?;
                if called.len() >= MIN_PROPOSAL_BYTES {
                    return Err(UploadError::LargeCall(called.len()));
                }
                let len = preimage(key)?.len();
                let call = [
                    ("precompile", Argument::Address(call.address)),
                    ("requiredGas", Argument::Uint64(call.gas)),
                    ("input", Bytes::copy_from_slice(call.input).into()),
                ];
                ("loadPrecompilePreimagePart", len, [part].into_iter().chain(call).collect())
            }
            Some(KeyKind::GlobalGeneric) | None => return Err(UploadError::Kind(key)),
        };
        within(offset, len)?;
        Ok(Self { contract: "PreimageOracle", function, arguments })
    }

    /// The call of a dispute game, which localises the key and has its value.
    fn local(key: Key, offset: u64, claim_index: Option<u64>) -> Result<Self, UploadError> {
        let ident = U256::from_be_slice(&key.as_bytes()[1..]);
        let len = match u64::try_from(ident) {
            Ok(1..=3) => 32,
            Ok(4 | 5) => 8,
            _ => return Err(UploadError::Ident(ident)),
        };
        within(offset, len)?;
        let claim_index = claim_index.ok_or(UploadError::ClaimIndex)?;
        let arguments = vec![
            ("ident", Argument::Uint256(ident)),
            ("execLeafIdx", Argument::Uint256(U256::from(claim_index))),
            ("partOffset", Argument::Uint256(U256::from(offset))),
        ];
        Ok(Self { contract: "FaultDisputeGame", function: "addLocalData", arguments })
    }

    /// The function with the types of its parameters, as it is hashed into a selector.
    pub fn signature(&self) -> String {
        let types: Vec<_> = self.arguments.iter().map(|(_, argument)| argument.type_name()).collect();
        format!("{}({})", self.function, types.join(","))
    }

    /// The data of a transaction that makes the call: the function's selector, and the arguments ABI-encoded.
    pub fn calldata(&self) -> Bytes {
        let mut data = keccak256(self.signature())[..4].to_vec();
        let mut tail = Vec::new();
        for (_, argument) in &self.arguments {
            let word = match argument {
                Argument::Uint256(number) => *number,
                Argument::Uint64(number) => U256::from(*number),
                Argument::Address(address) => U256::from_be_slice(address.as_slice()),
                Argument::Bytes(bytes) => {
                    let start = 32 * self.arguments.len() + tail.len();
                    tail.extend(U256::from(bytes.len()).to_be_bytes::<32>());
                    tail.extend_from_slice(bytes);
                    tail.resize(tail.len().next_multiple_of(32), 0);
                    U256::from(start)
                }
            };
            data.extend(word.to_be_bytes::<32>());
        }
        [data, tail].concat().into()
    }
}

/// What proves a blob's value at a point: the first four arguments. `preimage` is the key's.
fn blob(store: &Store, key: Key, preimage: &[u8]) -> Result<Vec<(&'static str, Argument)>, UploadError> {
    let parts = preimage.split_first_chunk::<48>();
    let parts = parts.and_then(|(commitment, point)| Some((commitment, <&[u8; 32]>::try_from(point).ok()?)));
    let (commitment, point) = parts.ok_or(UploadError::Shape(key))?;
    let hash = versioned_hash(commitment);
    let wrong = |reason| match reason {
        BlobError::Point => UploadError::Shape(key),
        reason => StoreError::Blob { blob: hash, reason }.into(),
    };
    let bytes = store.blob(hash)?.ok_or(HostError::Missing(Box::new(Missing { key, hint: None })))?;
    let opened = kzg::open(&bytes, point).map_err(wrong)?;
    Ok(vec![
        ("z", Argument::Uint256(U256::from_be_bytes(*point))),
        ("y", Argument::Uint256(U256::from_be_bytes(opened.value))),
        ("commitment", Bytes::copy_from_slice(commitment).into()),
        ("proof", Bytes::copy_from_slice(&opened.proof).into()),
    ])
}

/// A VM reads nothing at the end of a preimage, though for local data the contract would have it.
fn within(offset: u64, len: usize) -> Result<(), UploadError> {
    let len = len as u64 + 8;
    if offset < len { Ok(()) } else { Err(UploadError::Offset { len, offset }) }
}

impl Argument {
    /// What Solidity calls the type.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Uint256(_) => "uint256",
            Self::Uint64(_) => "uint64",
            Self::Address(_) => "address",
            Self::Bytes(_) => "bytes",
        }
    }
}

impl From<Bytes> for Argument {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl fmt::Display for Argument {
    /// Small numbers in decimal digits, all else in hexadecimal ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uint256(number) => match u64::try_from(*number) {
                Ok(number) => number.fmt(f),
                Err(_) => B256::from(*number).fmt(f),
            },
            Self::Uint64(number) => number.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Bytes(bytes) => bytes.fmt(f),
        }
    }
}
