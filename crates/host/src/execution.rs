//! What execution clients tell of blocks and state, checked against the hash that names it.
//!
//! Every method has a ladder: the call that brings most comes first, and what a node doesn't know is asked otherwise.

use crate::rpc::{Endpoint, RpcError};
use alloy_consensus::{Header, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U64, address, keccak256};
use alloy_rlp::{Decodable, Encodable};
use kohala_protocol::Attributes;
use kohala_trie::list::list_root;
use op_alloy_consensus::OpTxEnvelope;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use std::collections::BTreeMap;

/// A block as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockAt {
    /// The block with this hash.
    Hash(B256),
    /// The canonical block with this number.
    Number(u64),
}

impl BlockAt {
    fn json(self) -> Value {
        match self {
            Self::Hash(hash) => json!(hash),
            Self::Number(number) => json!(U64::from(number)),
        }
    }

    /// The name of the method that takes this, of two.
    const fn method(self, by_hash: &'static str, by_number: &'static str) -> &'static str {
        match self {
            Self::Hash(_) => by_hash,
            Self::Number(_) => by_number,
        }
    }
}

/// A block as a node means it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// The newest.
    Latest,
    /// The newest that is safe.
    Safe,
    /// The newest that is final.
    Finalized,
}

/// A header and the transactions that it commits to, as they are hashed.
#[derive(Debug, Clone)]
pub struct RawBlock {
    /// Hash of the header.
    pub hash: B256,
    /// The header's RLP.
    pub header: Bytes,
    /// EIP-2718 encodings.
    pub transactions: Vec<Bytes>,
}

/// Nodes on the path to an account and to some of its slots, from the root down.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// To the account.
    #[serde(default)]
    pub account_proof: Vec<Bytes>,
    /// Root of the account's storage.
    #[serde(default)]
    pub storage_hash: B256,
    /// To each slot.
    #[serde(default)]
    pub storage_proof: Vec<SlotProof>,
}

/// Nodes on the path to one slot.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SlotProof {
    /// From the storage's root down.
    #[serde(default)]
    pub proof: Vec<Bytes>,
}

/// Accounts that a block touches, with what of them is needed for it.
pub type Touched = BTreeMap<Address, TouchedAccount>;

/// What a block touches of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TouchedAccount {
    /// Code before the block, where the tracer tells it.
    pub code: Option<Bytes>,
    /// Slots.
    pub slots: Vec<B256>,
}

/// An execution client of L1 or L2, behind one or more URLs.
#[derive(Debug)]
pub struct ExecutionClient {
    endpoint: Endpoint,
}

/// Reads a JSON value, or says what it should be.
pub(crate) fn read<T: DeserializeOwned>(raw: &RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|error| format!("an answer that can't be read: {error}"))
}

const WRONG_HASH: &str = "something that has another hash";

impl ExecutionClient {
    /// A client for what is behind `endpoint`.
    pub const fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    /// The endpoint.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The chain's id.
    ///
    /// # Errors
    /// Where no node tells.
    pub async fn chain_id(&self) -> Result<u64, RpcError> {
        self.endpoint.call("eth_chainId", json!([]), |raw| Ok(read::<U64>(raw)?.to())).await
    }

    /// The number of a block that the node has a name for.
    ///
    /// # Errors
    /// Where no node tells.
    pub async fn tagged(&self, tag: Tag) -> Result<u64, RpcError> {
        #[derive(Deserialize)]
        struct Numbered {
            number: U64,
        }
        let tag = match tag {
            Tag::Latest => "latest",
            Tag::Safe => "safe",
            Tag::Finalized => "finalized",
        };
        let number = |raw: &RawValue| Ok(read::<Numbered>(raw)?.number.to());
        self.endpoint.call("eth_getBlockByNumber", json!([tag, false]), number).await
    }

    /// The headers of some blocks, RLP, each with its hash. One that nobody has is an error in its place.
    pub async fn headers(&self, blocks: &[BlockAt]) -> Vec<Result<(B256, Bytes), RpcError>> {
        let params: Vec<Value> = blocks.iter().map(|block| json!([block.json()])).collect();
        let check = |index: usize, raw: &RawValue| {
            let header: Bytes = read(raw)?;
            header_of(blocks[index], header)
        };
        let mut found = if self.endpoint.may_know("debug_getRawHeader") {
            self.endpoint.batch("debug_getRawHeader", &params, check).await
        } else {
            blocks.iter().map(|_| Err(self.unsupported("debug_getRawHeader"))).collect()
        };
        let missing: Vec<usize> = (0..blocks.len()).filter(|index| found[*index].is_err()).collect();
        for by_hash in [true, false] {
            let some = missing.iter().copied().filter(|index| matches!(blocks[*index], BlockAt::Hash(_)) == by_hash);
            let some: Vec<usize> = some.collect();
            if some.is_empty() {
                continue;
            }
            let method = if by_hash { "eth_getBlockByHash" } else { "eth_getBlockByNumber" };
            let params: Vec<Value> = some.iter().map(|index| json!([blocks[*index].json(), false])).collect();
            let check = |index: usize, raw: &RawValue| rebuilt_header(blocks[some[index]], raw);
            let answers = self.endpoint.batch(method, &params, check).await;
            some.iter().zip(answers).for_each(|(index, answer)| found[*index] = answer);
        }
        found
    }

    /// One header, RLP.
    ///
    /// # Errors
    /// Where nobody has it.
    pub async fn header(&self, block: BlockAt) -> Result<(B256, Bytes), RpcError> {
        self.headers(&[block]).await.pop().expect("one for one")
    }

    /// Blocks with their transactions.
    pub async fn blocks(&self, blocks: &[BlockAt]) -> Vec<Result<RawBlock, RpcError>> {
        let params: Vec<Value> = blocks.iter().map(|block| json!([block.json()])).collect();
        let check = |index: usize, raw: &RawValue| raw_block(blocks[index], &read::<Bytes>(raw)?);
        let mut found: Vec<Result<RawBlock, RpcError>> = if self.endpoint.may_know("debug_getRawBlock") {
            self.endpoint.batch("debug_getRawBlock", &params, check).await
        } else {
            blocks.iter().map(|_| Err(self.unsupported("debug_getRawBlock"))).collect()
        };
        let missing = found.iter_mut().zip(blocks).filter(|(found, _)| found.is_err());
        let rebuilt = missing.map(|(place, block)| async move { *place = self.rebuilt_block(*block).await });
        futures_util::future::join_all(rebuilt).await;
        found
    }

    /// One block with its transactions.
    ///
    /// # Errors
    /// Where nobody has it.
    pub async fn block(&self, block: BlockAt) -> Result<RawBlock, RpcError> {
        self.blocks(&[block]).await.pop().expect("one for one")
    }

    /// A block out of its JSON. Transactions of types that we don't know are asked for by their hash.
    pub(crate) async fn rebuilt_block(&self, block: BlockAt) -> Result<RawBlock, RpcError> {
        #[derive(Deserialize)]
        struct Json {
            transactions: Vec<Box<RawValue>>,
        }
        #[derive(Deserialize)]
        struct Hashed {
            hash: B256,
        }
        let method = block.method("eth_getBlockByHash", "eth_getBlockByNumber");
        let read_block = |raw: &RawValue| {
            let (hash, header) = match rebuilt_header(block, raw) {
                Ok((hash, header)) => (hash, Some(header)),
                Err(_) => (read::<Hashed>(raw)?.hash, None),
            };
            let mut transactions = Vec::new();
            for transaction in read::<Json>(raw)?.transactions {
                let Hashed { hash } = read(&transaction)?;
                transactions.push((hash, encoded_transaction(&transaction).filter(|bytes| keccak256(bytes) == hash)));
            }
            Ok((hash, header, transactions))
        };
        let (hash, header, transactions) = self.endpoint.call(method, json!([block.json(), true]), read_block).await?;
        let header = match header {
            Some(header) => header,
            None => self.header(BlockAt::Hash(hash)).await?.1,
        };
        let unknown: Vec<Value> =
            transactions.iter().filter(|(_, bytes)| bytes.is_none()).map(|(hash, _)| json!([hash])).collect();
        let check = |index: usize, raw: &RawValue| {
            let bytes: Bytes = read(raw)?;
            let right = unknown[index] == json!([keccak256(&bytes)]);
            if right { Ok(bytes) } else { Err(WRONG_HASH.to_owned()) }
        };
        let mut asked = self.endpoint.batch("eth_getRawTransactionByHash", &unknown, check).await.into_iter();
        let mut encoded = Vec::with_capacity(transactions.len());
        for (_, bytes) in transactions {
            match bytes {
                Some(bytes) => encoded.push(bytes),
                None => encoded.push(asked.next().expect("one for each")?),
            }
        }
        let block = RawBlock { hash, header, transactions: encoded };
        match block.is_whole() {
            true => Ok(block),
            false => Err(self.wrong(method, "transactions that the header doesn't commit to")),
        }
    }

    /// The receipts of blocks, as their roots commit to them (which the caller checks by `root`).
    pub async fn receipts(&self, blocks: &[(B256, B256)]) -> Vec<Result<Vec<Bytes>, RpcError>> {
        let params: Vec<Value> = blocks.iter().map(|(hash, _)| json!([hash])).collect();
        let rooted = |index: usize, receipts: Vec<Bytes>| match root_of(&receipts) == blocks[index].1 {
            true => Ok(receipts),
            false => Err("receipts that the header doesn't commit to".to_owned()),
        };
        let raw = |index: usize, raw: &RawValue| rooted(index, read(raw)?);
        let rebuilt = |index: usize, raw: &RawValue| {
            let receipts: Vec<JsonReceipt> = read(raw)?;
            rooted(index, receipts.iter().map(JsonReceipt::encoded).collect())
        };
        let mut found: Vec<Result<Vec<Bytes>, RpcError>> = if self.endpoint.may_know("debug_getRawReceipts") {
            self.endpoint.batch("debug_getRawReceipts", &params, raw).await
        } else {
            blocks.iter().map(|_| Err(self.unsupported("debug_getRawReceipts"))).collect()
        };
        let missing: Vec<usize> = (0..blocks.len()).filter(|index| found[*index].is_err()).collect();
        if !missing.is_empty() {
            let some: Vec<Value> = missing.iter().map(|index| params[*index].clone()).collect();
            let check = |index: usize, raw: &RawValue| rebuilt(missing[index], raw);
            let answers = self.endpoint.batch("eth_getBlockReceipts", &some, check).await;
            missing.iter().zip(answers).for_each(|(index, answer)| found[*index] = answer);
        }
        found
    }

    /// Proofs of accounts and slots at a block. Nothing of them is checked here: nodes are kept by their hash.
    pub async fn proofs(&self, at: BlockAt, paths: &[(Address, Vec<B256>)]) -> Vec<Result<Proof, RpcError>> {
        let params: Vec<Value> = paths.iter().map(|(address, slots)| json!([address, slots, at.json()])).collect();
        self.endpoint.batch("eth_getProof", &params, |_, raw| read(raw)).await
    }

    /// Nodes, codes and headers that the canonical block `number` needs to be executed on its parent's state.
    ///
    /// # Errors
    /// Where no node tells.
    pub async fn execution_witness(&self, number: u64) -> Result<Vec<Bytes>, RpcError> {
        self.endpoint.call("debug_executionWitness", json!([U64::from(number)]), witness).await
    }

    /// The same for a block that need not be canonical.
    ///
    /// # Errors
    /// Where no node tells.
    pub async fn payload_witness(&self, attributes: &Attributes) -> Result<Vec<Bytes>, RpcError> {
        let params = json!([attributes.parent.hash, payload_attributes(attributes)]);
        self.endpoint.call("debug_executePayload", params, witness).await
    }

    /// What the canonical block `number` touches, by geth's `prestateTracer`.
    ///
    /// # Errors
    /// Where no node tells.
    pub async fn touched(&self, number: u64) -> Result<Touched, RpcError> {
        #[derive(Deserialize)]
        struct Traced {
            result: BTreeMap<Address, TracedAccount>,
        }
        #[derive(Deserialize)]
        struct TracedAccount {
            #[serde(default)]
            code: Option<Bytes>,
            #[serde(default)]
            storage: BTreeMap<B256, Value>,
        }
        let params = json!([U64::from(number), { "tracer": "prestateTracer" }]);
        let collect = |raw: &RawValue| {
            let mut touched = Touched::new();
            for Traced { result } in read::<Vec<Traced>>(raw)? {
                for (address, account) in result {
                    let entry = touched.entry(address).or_default();
                    entry.code = entry.code.take().or(account.code);
                    entry.slots.extend(account.storage.into_keys());
                }
            }
            Ok(touched)
        };
        self.endpoint.call("debug_traceBlockByNumber", params, collect).await
    }

    /// A trie node or a code out of the node's database, by its hash.
    ///
    /// # Errors
    /// Where no node has it under its hash: those that keep state by path don't.
    pub async fn database_value(&self, hash: B256, is_code: bool) -> Result<Bytes, RpcError> {
        let check = |raw: &RawValue| {
            let value: Bytes = read(raw)?;
            if keccak256(&value) == hash { Ok(value) } else { Err(WRONG_HASH.to_owned()) }
        };
        if is_code {
            let prefixed: Bytes = [b"c", hash.as_slice()].concat().into();
            if let Ok(code) = self.endpoint.call("debug_dbGet", json!([prefixed]), check).await {
                return Ok(code);
            }
        }
        self.endpoint.call("debug_dbGet", json!([hash]), check).await
    }

    /// The code of an account at a block, if it has the hash `hash`.
    ///
    /// # Errors
    /// Where no node tells, or the code is another.
    pub async fn code(&self, address: Address, at: BlockAt, hash: B256) -> Result<Bytes, RpcError> {
        let check = |raw: &RawValue| {
            let code: Bytes = read(raw)?;
            if keccak256(&code) == hash { Ok(code) } else { Err(WRONG_HASH.to_owned()) }
        };
        self.endpoint.call("eth_getCode", json!([address, at.json()]), check).await
    }

    const fn unsupported(&self, method: &'static str) -> RpcError {
        RpcError::Unsupported { source_kind: self.endpoint.kind(), method }
    }

    fn wrong(&self, method: &'static str, reason: &str) -> RpcError {
        RpcError::Refused {
            source_kind: self.endpoint.kind(),
            node: "all of them".to_owned(),
            method,
            reason: reason.to_owned(),
        }
    }
}

impl RawBlock {
    /// Whether the header commits to these transactions.
    fn is_whole(&self) -> bool {
        transactions_root(&self.header) == Some(root_of(&self.transactions))
    }
}

/// The transactions' root in a header, whatever fields the header has after it.
pub(crate) fn transactions_root(header: &[u8]) -> Option<B256> {
    let mut fields = alloy_rlp::Header::decode_bytes(&mut &*header, true).ok()?;
    for _ in 0..4 {
        let item = alloy_rlp::Header::decode(&mut fields).ok()?;
        fields = fields.get(item.payload_length..)?;
    }
    B256::decode(&mut fields).ok()
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

fn number_of(header: &[u8]) -> Option<u64> {
    let mut fields = alloy_rlp::Header::decode_bytes(&mut &*header, true).ok()?;
    for _ in 0..8 {
        let item = alloy_rlp::Header::decode(&mut fields).ok()?;
        fields = fields.get(item.payload_length..)?;
    }
    u64::decode(&mut fields).ok()
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
fn item<'a>(rest: &mut &'a [u8]) -> alloy_rlp::Result<&'a [u8]> {
    let whole = *rest;
    let header = alloy_rlp::Header::decode(rest)?;
    *rest = rest.get(header.payload_length..).ok_or(alloy_rlp::Error::InputTooShort)?;
    Ok(&whole[..whole.len() - rest.len()])
}

/// A transaction of either chain as it is hashed; `None` for a type that we don't know.
fn encoded_transaction(raw: &RawValue) -> Option<Bytes> {
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
struct JsonLog {
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
fn payload_attributes(attributes: &Attributes) -> Value {
    const SEQUENCER_FEE_VAULT: Address = address!("4200000000000000000000000000000000000011");
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
