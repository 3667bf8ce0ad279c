use crate::Receipt;
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, b256, keccak256};
use alloy_rlp::{Encodable, RlpDecodable, RlpEncodable};

/// `TransactionDeposited(address,address,uint256,bytes)`, the deposit contract's event.
pub(crate) const TRANSACTION_DEPOSITED: B256 =
    b256!("b3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32");

/// A deposit transaction: comes from L1 or from the protocol itself, so it has neither signature nor nonce nor fee
/// (rules S01).
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Deposit {
    /// What makes the deposit unique: see [`Source`].
    pub source_hash: B256,
    /// The sender.
    pub from: Address,
    /// The receiver, or that a contract is created.
    pub to: TxKind,
    /// Wei minted for the sender before the call.
    pub mint: U256,
    /// Wei that the call transfers.
    pub value: U256,
    /// The gas limit.
    pub gas: u64,
    /// True if the gas doesn't count against the block's (before Regolith).
    pub is_system: bool,
    /// Input of the call.
    pub data: Bytes,
}

impl Deposit {
    /// The EIP-2718 type.
    pub const TYPE: u8 = 0x7e;

    /// Encodes the transaction (EIP-2718).
    pub fn encode(&self) -> Bytes {
        let mut encoded = Vec::with_capacity(1 + self.length());
        encoded.push(Self::TYPE);
        Encodable::encode(self, &mut encoded);
        encoded.into()
    }

    /// Decodes a transaction (EIP-2718), strictly.
    pub fn decode(encoded: &[u8]) -> Result<Self, DepositDecodeError> {
        match encoded {
            [Self::TYPE, payload @ ..] => Ok(alloy_rlp::decode_exact(payload)?),
            _ => Err(DepositDecodeError::Type),
        }
    }

    /// Reads the deposit that a log of the deposit contract announces (rules S03).
    fn from_log(topics: &[B256], data: &[u8], source: Source<'_>) -> Result<Self, MalformedDeposit> {
        let &[_, from, to, version] = topics else { return Err(MalformedDeposit::Topics) };
        if data.len() < 64 || !data.len().is_multiple_of(32) {
            return Err(MalformedDeposit::DataLength);
        }
        let (offset, data) = data.split_at(32);
        let (length, padded) = data.split_at(32);
        if U256::from_be_slice(offset) != U256::from(32) {
            return Err(MalformedDeposit::Offset);
        }
        let opaque = usize::try_from(U256::from_be_slice(length)).ok().and_then(|length| padded.get(..length));
        let opaque = opaque.filter(|opaque| padded.len() - opaque.len() < 32).ok_or(MalformedDeposit::Length)?;
        if !version.is_zero() {
            return Err(MalformedDeposit::Version);
        }
        let (fields, call) = opaque.split_first_chunk::<73>().ok_or(MalformedDeposit::TooShort)?;
        let (mint, fields) = fields.split_at(32);
        let (value, fields) = fields.split_at(32);
        let (gas, is_creation) = fields.split_at(8);
        Ok(Self {
            source_hash: source.hash(),
            from: Address::from_word(from),
            to: if is_creation == [0] { TxKind::Call(Address::from_word(to)) } else { TxKind::Create },
            mint: U256::from_be_slice(mint),
            value: U256::from_be_slice(value),
            gas: gas.iter().fold(0, |gas, byte| gas << 8 | u64::from(*byte)),
            is_system: false,
            data: Bytes::copy_from_slice(call),
        })
    }
}

/// Where a deposit comes from, which makes it unique (rules S02).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// A log of the deposit contract.
    User {
        /// The L1 block.
        l1_hash: B256,
        /// The log's place among all logs of the L1 block.
        log_index: u64,
    },
    /// The L1 info transaction.
    L1Info {
        /// The L1 origin.
        l1_hash: B256,
        /// How many blocks of the same epoch precede the block.
        sequence_number: u64,
    },
    /// A transaction of a fork's activation block.
    Upgrade {
        /// What it does, in the words of the fork's spec.
        intent: &'a str,
    },
}

impl Source<'_> {
    /// The source hash: keccak of the source's domain and of what is unique within it.
    pub fn hash(&self) -> B256 {
        let word = |number: u64| B256::from(U256::from(number));
        let pair = |left: B256, right: B256| keccak256(left.concat_const::<32, 64>(right));
        let (domain, identity) = match *self {
            Self::User { l1_hash, log_index } => (0, pair(l1_hash, word(log_index))),
            Self::L1Info { l1_hash, sequence_number } => (1, pair(l1_hash, word(sequence_number))),
            Self::Upgrade { intent } => (2, keccak256(intent)),
        };
        pair(word(domain), identity)
    }
}

/// Reads the deposits that an L1 block's logs announce, as EIP-2718 transactions in order (rules S02, S03).
///
/// `receipts` are all of the block's, because a deposit's source counts every log. The deposit contract can't emit a
/// malformed log; if one does appear, the rollup cannot go on: nobody's deposit may be skipped.
pub fn user_deposits(
    receipts: &[Receipt],
    l1_hash: B256,
    deposit_contract: Address,
) -> Result<Vec<Bytes>, DepositError> {
    let mut deposits = Vec::new();
    let logs = receipts.iter().flat_map(|receipt| receipt.logs.iter().map(|log| (receipt.succeeded, log)));
    for (log_index, (succeeded, log)) in (0..).zip(logs) {
        let topics = log.topics();
        if succeeded && log.address == deposit_contract && topics.first() == Some(&TRANSACTION_DEPOSITED) {
            let deposit = Deposit::from_log(topics, &log.data.data, Source::User { l1_hash, log_index })
                .map_err(|reason| DepositError { log_index, reason })?;
            deposits.push(deposit.encode());
        }
    }
    Ok(deposits)
}

/// A log of the deposit contract that is no deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("deposit in log {log_index} of the L1 block: {reason}")]
pub struct DepositError {
    /// The log's place among all logs of the L1 block.
    pub log_index: u64,
    /// What is wrong with it.
    pub reason: MalformedDeposit,
}

/// Why a log of the deposit contract is no deposit (rules S03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedDeposit {
    /// Not four topics.
    #[error("not four topics")]
    Topics,
    /// Not whole words, or too few for offset and length.
    #[error("data isn't whole words with offset and length")]
    DataLength,
    /// The opaque data doesn't follow the offset.
    #[error("offset isn't 32")]
    Offset,
    /// The opaque data's length is beyond the data or leaves a whole word of padding.
    #[error("length doesn't match the data")]
    Length,
    /// A version of the event that the spec doesn't know.
    #[error("unknown version")]
    Version,
    /// The opaque data ends before the call's input.
    #[error("opaque data is too short")]
    TooShort,
}

/// Why bytes are not a deposit transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DepositDecodeError {
    /// Another type of transaction, or no bytes.
    #[error("not a deposit transaction")]
    Type,
    /// Not the fields of a deposit.
    #[error("{0}")]
    Rlp(#[from] alloy_rlp::Error),
}
