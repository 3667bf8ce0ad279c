//! What execution clients send and are sent, as bytes that hash to what names them.

use super::{BlockAt, RawBlock, WRONG_HASH, read};
use alloy_consensus::{Header, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U64, keccak256};
use alloy_rlp::{Decodable, Encodable};
use kohala_protocol::{Attributes, predeploys::SEQUENCER_FEE_VAULT};
use kohala_trie::list::list_root;
use op_alloy_consensus::OpTxEnvelope;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::collections::BTreeMap;

/// A field of a header by its place, whatever fields the header has after it.
fn field<T: Decodable>(header: &[u8], place: usize) -> Option<T> {
    let mut fields = alloy_rlp::Header::decode_bytes(&mut &*header, true).ok()?;
    for _ in 0..place {
        item(&mut fields).ok()?;
    }
    T::decode(&mut fields).ok()
}

/// The transactions' root in a header.
pub(crate) fn transactions_root(header: &[u8]) -> Option<B256> {
    field(header, 4)
}

/// The number in a header.
pub(super) fn number_of(header: &[u8]) -> Option<u64> {
    field(header, 8)
}

/// What a header says of the gas of blobs, from Cancun on.
pub(crate) fn blob_gas_used(header: &[u8]) -> Option<u64> {
    field(header, 17)
}

pub(crate) fn root_of(items: &[Bytes]) -> B256 {
    list_root(items.iter().map(AsRef::as_ref))
}

/// A header that is what was asked for. By number a node may answer with any: it is kept by its hash, and only what
/// descends from the right head is ever looked for.
pub(crate) fn header_of(block: BlockAt, header: Bytes) -> Result<(B256, Bytes), String> {
    let hash = keccak256(&header);
    match block {
        BlockAt::Hash(asked) if asked != hash => Err(WRONG_HASH.to_owned()),
        BlockAt::Number(number) if number_of(&header) != Some(number) => Err("a block of another number".to_owned()),
        _ => Ok((hash, header)),
    }
}

pub(crate) fn rebuilt_header(block: BlockAt, raw: &RawValue) -> Result<(B256, Bytes), String> {
    #[derive(Deserialize)]
    struct Hashed {
        hash: B256,
    }
    let header: Header = read(raw)?;
    let (hash, header) = header_of(block, alloy_rlp::encode(header).into())?;
    // By number only the answer itself says which hash it means to have.
    if read::<Hashed>(raw)?.hash == hash { Ok((hash, header)) } else { Err(WRONG_HASH.to_owned()) }
}

/// A block out of `[header, transactions, …]`.
pub(crate) fn raw_block(block: BlockAt, rlp: &Bytes) -> Result<RawBlock, String> {
    let malformed = |_| "a block that is not RLP".to_owned();
    let mut items = alloy_rlp::Header::decode_bytes(&mut &rlp[..], true).map_err(malformed)?;
    let header = item(&mut items).map_err(malformed)?;
    let mut list = alloy_rlp::Header::decode_bytes(&mut items, true).map_err(malformed)?;
    let mut transactions = Vec::new();
    while !list.is_empty() {
        let mut whole = item(&mut list).map_err(malformed)?;
        // A legacy transaction is a list and its own encoding, any other is a string around its encoding.
        if whole[0] < 0xc0 {
            whole = alloy_rlp::Header::decode_bytes(&mut { whole }, false).map_err(malformed)?;
        }
        transactions.push(rlp.slice_ref(whole));
    }
    let (hash, header) = header_of(block, rlp.slice_ref(header))?;
    let block = RawBlock { hash, header, transactions };
    if block.is_whole() { Ok(block) } else { Err("transactions that the header doesn't commit to".to_owned()) }
}

/// The next item of a list with its own header.
pub(super) fn item<'a>(rest: &mut &'a [u8]) -> alloy_rlp::Result<&'a [u8]> {
    let whole = *rest;
    let header = alloy_rlp::Header::decode(rest)?;
    *rest = rest.get(header.payload_length..).ok_or(alloy_rlp::Error::InputTooShort)?;
    Ok(&whole[..whole.len() - rest.len()])
}

/// A transaction of either chain as it is hashed; `None` for a type that we don't know.
pub(super) fn encoded_transaction(raw: &RawValue) -> Option<Bytes> {
    let l1 = serde_json::from_str::<TxEnvelope>(raw.get()).map(|transaction| transaction.encoded_2718());
    let encoded = l1.or_else(|_| serde_json::from_str::<OpTxEnvelope>(raw.get()).map(|tx| tx.encoded_2718()));
    encoded.ok().map(Into::into)
}

/// A receipt as `eth_getBlockReceipts` tells it, of whatever type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JsonReceipt {
    #[serde(default, rename = "type")]
    kind: U64,
    status: U64,
    cumulative_gas_used: U64,
    logs_bloom: Bloom,
    logs: Vec<JsonLog>,
    #[serde(default)]
    deposit_nonce: Option<U64>,
    #[serde(default)]
    deposit_receipt_version: Option<U64>,
}

#[derive(Deserialize)]
pub(super) struct JsonLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
}

impl JsonReceipt {
    /// The receipt as its root commits to it: type, then status, cumulative gas, filter and logs. A deposit's has its
    /// nonce only together with its version: before Canyon the nonce is left out of the root (rules Z14).
    pub(crate) fn encoded(&self) -> Bytes {
        let mut fields = Vec::new();
        self.status.to::<u64>().encode(&mut fields);
        self.cumulative_gas_used.to::<u64>().encode(&mut fields);
        self.logs_bloom.encode(&mut fields);
        let logs: Vec<alloy_primitives::Log> = self
            .logs
            .iter()
            .map(|log| alloy_primitives::Log::new_unchecked(log.address, log.topics.clone(), log.data.clone()))
            .collect();
        logs.encode(&mut fields);
        if let (Some(nonce), Some(version)) = (self.deposit_nonce, self.deposit_receipt_version) {
            nonce.to::<u64>().encode(&mut fields);
            version.to::<u64>().encode(&mut fields);
        }
        let mut encoded = Vec::with_capacity(fields.len() + 8);
        if !self.kind.is_zero() {
            encoded.push(self.kind.to::<u8>());
        }
        alloy_rlp::Header { list: true, payload_length: fields.len() }.encode(&mut encoded);
        encoded.extend_from_slice(&fields);
        encoded.into()
    }
}

/// The values of an execution witness: nodes and codes as they are, headers in whichever form they come.
pub(crate) fn witness(raw: &RawValue) -> Result<Vec<Bytes>, String> {
    /// geth and reth list the values; older nodes name each by its hash.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Values {
        List(Vec<Bytes>),
        Map(BTreeMap<B256, Bytes>),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum HeaderForm {
        Rlp(Bytes),
        Json(Box<Header>),
    }
    #[derive(Deserialize)]
    struct Witness {
        state: Values,
        codes: Values,
        #[serde(default)]
        headers: Option<Vec<HeaderForm>>,
    }
    let Witness { state, codes, headers } = read(raw)?;
    let mut all = Vec::new();
    for values in [state, codes] {
        match values {
            Values::List(values) => all.extend(values),
            Values::Map(values) => all.extend(values.into_values()),
        }
    }
    all.extend(headers.unwrap_or_default().into_iter().map(|header| match header {
        HeaderForm::Rlp(rlp) => rlp,
        HeaderForm::Json(header) => alloy_rlp::encode(*header).into(),
    }));
    Ok(all)
}

/// Attributes as the engine API writes them.
pub(super) fn payload_attributes(attributes: &Attributes) -> Value {
    let mut payload = json!({
        "timestamp": U64::from(attributes.timestamp),
        "prevRandao": attributes.prev_randao,
        "suggestedFeeRecipient": SEQUENCER_FEE_VAULT,
        "withdrawals": [],
        "transactions": attributes.transactions,
        "noTxPool": true,
        "gasLimit": U64::from(attributes.gas_limit),
    });
    if let Some(root) = attributes.parent_beacon_block_root {
        payload["parentBeaconBlockRoot"] = json!(root);
    }
    if let Some(params) = attributes.eip1559_params {
        let word = u64::from(params.denominator) << 32 | u64::from(params.elasticity);
        payload["eip1559Params"] = json!(B64::from(word.to_be_bytes()));
    }
    if let Some(fee) = attributes.min_base_fee {
        payload["minBaseFee"] = json!(fee);
    }
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of these items, each RLP.
    fn list(items: &[&[u8]]) -> Vec<u8> {
        let payload = items.concat();
        let mut encoded = Vec::new();
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut encoded);
        [encoded, payload].concat()
    }

    /// Amsterdam's fields, and two of forks that have no name yet.
    #[test]
    fn fields_of_headers_are_found_whatever_later_forks_append() {
        let header = Header {
            number: 77,
            transactions_root: B256::repeat_byte(5),
            base_fee_per_gas: Some(1),
            withdrawals_root: Some(B256::ZERO),
            blob_gas_used: Some(131_072),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::ZERO),
            requests_hash: Some(B256::ZERO),
            block_access_list_hash: Some(B256::repeat_byte(6)),
            slot_number: Some(9),
            ..Header::default()
        };
        let amsterdam = alloy_rlp::encode(&header);
        let fields = alloy_rlp::Header::decode_bytes(&mut &amsterdam[..], true).unwrap();
        let beyond = list(&[fields, &[0xc2, 1, 2], &[0x80]]);
        for rlp in [amsterdam, beyond] {
            assert_eq!((number_of(&rlp), blob_gas_used(&rlp)), (Some(77), Some(131_072)));
            assert_eq!(transactions_root(&rlp), Some(header.transactions_root));
        }
        let london = Header { base_fee_per_gas: Some(1), ..Header::default() };
        assert_eq!(blob_gas_used(&alloy_rlp::encode(london)), None);
    }

    #[test]
    fn raw_blocks_hold_transactions_of_unknown_types() {
        let transactions: [Bytes; 3] = [
            list(&[&[1], &[2]]).into(),
            [&[5], &list(&[&[3]])[..]].concat().into(),
            [&[0x7f], &[4][..]].concat().into(),
        ];
        let header = Header { transactions_root: root_of(&transactions), ..Header::default() };
        let strings = [alloy_rlp::encode(&transactions[1]), alloy_rlp::encode(&transactions[2])];
        let body = list(&[&transactions[0], &strings[0], &strings[1]]);
        // What comes after the ommers, like withdrawals, may be anything.
        let block = list(&[&alloy_rlp::encode(&header), &body, &[0xc0], &[0xc0], &[0xc1, 7]]).into();
        let block = raw_block(BlockAt::Hash(header.hash_slow()), &block).unwrap();
        assert_eq!(block.transactions, transactions);
    }
}
