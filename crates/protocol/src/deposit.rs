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
    fn from_log(topics: &[B256], log_data: &Bytes, source: Source<'_>) -> Result<Self, MalformedDeposit> {
        let &[_, from, to, version] = topics else { return Err(MalformedDeposit::Topics) };
        if log_data.len() < 64 || !log_data.len().is_multiple_of(32) {
            return Err(MalformedDeposit::DataLength);
        }
        let (offset, data) = log_data.split_at(32);
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
            data: log_data.slice_ref(call),
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloy_primitives::{Log, b256};
    use proptest::prelude::*;

    const PORTAL: Address = Address::repeat_byte(0xbb);
    const L1_HASH: B256 = B256::repeat_byte(0x11);

    /// What the deposit contract emits for a deposit.
    fn log(deposit: &Deposit) -> Log {
        let to = deposit.to.to().copied().unwrap_or_default();
        let mut opaque = Vec::new();
        opaque.extend_from_slice(&deposit.mint.to_be_bytes::<32>());
        opaque.extend_from_slice(&deposit.value.to_be_bytes::<32>());
        opaque.extend_from_slice(&deposit.gas.to_be_bytes());
        opaque.push(u8::from(deposit.to.is_create()));
        opaque.extend_from_slice(&deposit.data);
        let mut data = [U256::from(32), U256::from(opaque.len())].map(|word| word.to_be_bytes::<32>()).concat();
        data.extend_from_slice(&opaque);
        data.resize(data.len().next_multiple_of(32), 0);
        let topics = [TRANSACTION_DEPOSITED, deposit.from.into_word(), to.into_word(), B256::ZERO];
        Log::new_unchecked(PORTAL, topics.to_vec(), data.into())
    }

    fn example() -> Deposit {
        Deposit {
            source_hash: Source::User { l1_hash: L1_HASH, log_index: 0 }.hash(),
            from: Address::repeat_byte(1),
            to: TxKind::Call(Address::repeat_byte(2)),
            mint: U256::from(3),
            value: U256::from(4),
            gas: 0x0506_0708_090a_0b0c,
            is_system: false,
            data: Bytes::from_static(b"call"),
        }
    }

    fn derive(logs: Vec<Log>) -> Result<Vec<Bytes>, DepositError> {
        user_deposits(&[Receipt { succeeded: true, logs }], L1_HASH, PORTAL)
    }

    /// Derives from the example's log with its data changed.
    fn derive_changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<Bytes>, MalformedDeposit> {
        let mut log = log(&example());
        let mut data = log.data.data.to_vec();
        change(&mut data);
        log.data.data = data.into();
        derive(vec![log]).map_err(|error| error.reason)
    }

    #[test]
    fn source_hashes_are_those_of_the_specs() {
        let l1_hash = b256!("c00e5d67c2755389aded7d8b151cbd5bcdf7ed275ad5e028b664880fc7581c77");
        let l1_info = b256!("0586c503340591999b8b38bc9834bb16aec7d5bc00eb5587ab139c9ddab81977");
        assert_eq!(Source::L1Info { l1_hash, sequence_number: 4 }.hash(), l1_info);
        let upgrade = b256!("69b763c48478b9dc2f65ada09b3d92133ec592ea715ec65ad6e7f3dc519dc00c");
        let intent = "Ecotone: beacon block roots contract deployment";
        assert_eq!(Source::Upgrade { intent }.hash(), upgrade);
        assert_ne!(Source::User { l1_hash, log_index: 4 }.hash(), l1_info, "domains differ");
    }

    #[test]
    fn reads_a_call_and_a_creation() {
        let call = example();
        assert_eq!(derive(vec![log(&call)]), Ok(vec![call.encode()]));
        let create = Deposit { to: TxKind::Create, data: Bytes::new(), mint: U256::ZERO, ..call };
        assert_eq!(derive(vec![log(&create)]), Ok(vec![create.encode()]));
    }

    #[test]
    fn any_creation_flag_but_zero_creates() {
        let transactions = derive_changed(|data| data[64 + 72] = 2).unwrap();
        assert_eq!(Deposit::decode(&transactions[0]).unwrap().to, TxKind::Create);
    }

    #[test]
    fn counts_every_log_of_the_l1_block() {
        let other = Log::new_unchecked(Address::ZERO, vec![TRANSACTION_DEPOSITED], Bytes::new());
        let reverted = Receipt { succeeded: false, logs: vec![log(&example())] };
        let second = Receipt { succeeded: true, logs: vec![other, log(&example())] };
        let transactions = user_deposits(&[reverted, second], L1_HASH, PORTAL).unwrap();
        let source_hash = Source::User { l1_hash: L1_HASH, log_index: 2 }.hash();
        assert_eq!(transactions, [Deposit { source_hash, ..example() }.encode()]);
    }

    #[test]
    fn other_events_of_the_contract_are_no_deposits() {
        for topics in [vec![], vec![B256::ZERO]] {
            assert_eq!(derive(vec![Log::new_unchecked(PORTAL, topics, Bytes::new())]), Ok(vec![]));
        }
    }

    #[test]
    fn a_malformed_deposit_is_an_error_that_names_the_log() {
        let mut bad = log(&example());
        bad.data.set_topics_truncating(bad.topics()[..3].to_vec());
        let error = derive(vec![log(&example()), bad]).unwrap_err();
        assert_eq!(error, DepositError { log_index: 1, reason: MalformedDeposit::Topics });
    }

    #[test]
    fn refuses_a_lax_encoding() {
        // The example's opaque data has 77 bytes, so three words with padding.
        assert_eq!(derive_changed(|data| data.truncate(32)), Err(MalformedDeposit::DataLength));
        assert_eq!(derive_changed(|data| data.push(0)), Err(MalformedDeposit::DataLength));
        assert_eq!(derive_changed(|data| data[31] = 64), Err(MalformedDeposit::Offset));
        assert_eq!(derive_changed(|data| data[0] = 1), Err(MalformedDeposit::Offset));
        assert_eq!(derive_changed(|data| data[63] = 97), Err(MalformedDeposit::Length));
        assert_eq!(derive_changed(|data| data[63] = 64), Err(MalformedDeposit::Length));
        assert_eq!(derive_changed(|data| data[32] = 1), Err(MalformedDeposit::Length));
        assert_eq!(derive_changed(|data| data.extend([0; 32])), Err(MalformedDeposit::Length));
        assert!(derive_changed(|data| data[63] = 96).is_ok());
        assert_eq!(derive_changed(|data| *data = short_opaque(72)), Err(MalformedDeposit::TooShort));
        assert!(derive_changed(|data| *data = short_opaque(73)).is_ok());
        let mut version = log(&example());
        version.data.topics_mut_unchecked()[3] = B256::with_last_byte(1);
        assert_eq!(derive(vec![version]).unwrap_err().reason, MalformedDeposit::Version);
    }

    fn short_opaque(length: usize) -> Vec<u8> {
        let mut data = [U256::from(32), U256::from(length)].map(|word| word.to_be_bytes::<32>()).concat();
        data.resize(64 + length.next_multiple_of(32), 0);
        data
    }

    #[test]
    fn decodes_strictly() {
        let encoded = example().encode();
        assert_eq!(Deposit::decode(&[]), Err(DepositDecodeError::Type));
        assert_eq!(Deposit::decode(&encoded[1..]), Err(DepositDecodeError::Type));
        assert!(matches!(Deposit::decode(&[&encoded[..], &[0]].concat()), Err(DepositDecodeError::Rlp(_))));
        for length in 1..encoded.len() {
            assert!(matches!(Deposit::decode(&encoded[..length]), Err(DepositDecodeError::Rlp(_))), "{length}");
        }
    }

    proptest! {
        #[test]
        fn every_deposit_survives_its_log(
            from: [u8; 20], to: Option<[u8; 20]>, mint: [u8; 32], value: [u8; 32], gas: u64, data: Vec<u8>,
        ) {
            let to = to.map_or(TxKind::Create, |to| TxKind::Call(to.into()));
            let (mint, value) = (U256::from_be_bytes(mint), U256::from_be_bytes(value));
            let deposit = Deposit { from: from.into(), to, mint, value, gas, data: data.into(), ..example() };
            let transactions = derive(vec![log(&deposit)]).unwrap();
            prop_assert_eq!(&transactions, &[deposit.encode()]);
            prop_assert_eq!(Deposit::decode(&transactions[0]).unwrap(), deposit);
        }

        #[test]
        fn no_log_data_panics(words in proptest::collection::vec(0u8..80, 0..6), extra: Vec<u8>) {
            let mut data: Vec<u8> = words.iter().flat_map(|byte| B256::with_last_byte(*byte).0).collect();
            data.extend(extra);
            let mut log = log(&example());
            log.data.data = data.into();
            let _ = derive(vec![log]);
        }
    }
}
