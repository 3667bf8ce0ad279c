//! What execution clients tell of blocks and state, checked against the hash that names it.
//!
//! Every method has a ladder: the call that brings most comes first, and what a node doesn't know is asked otherwise.

mod wire;

use crate::rpc::{Endpoint, RpcError};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U64, keccak256};
use kohala_protocol::{
    Attributes, BlockInfo, Fork, L2BlockParts, OutputRootPreimage, RollupConfig, predeploys::MESSAGE_PASSER,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use std::collections::BTreeMap;
pub(crate) use wire::{
    JsonReceipt, blob_gas_used, header_of, raw_block, rebuilt_header, root_of, transactions_root, witness,
};
use wire::{encoded_transaction, payload_attributes};

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
        let mut found = self.endpoint.batch("debug_getRawHeader", &params, check).await;
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
        let mut found = self.endpoint.batch("debug_getRawBlock", &params, check).await;
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

    /// The receipts of blocks, as their roots commit to them: each block's hash and receipts root.
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
        let mut found = self.endpoint.batch("debug_getRawReceipts", &params, raw).await;
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

    /// What the output root of the L2 block with this hash and header commits to (rules X32).
    ///
    /// # Errors
    /// Before Isthmus, where no node proves the message passer's account.
    pub(crate) async fn output(
        &self,
        config: &RollupConfig,
        hash: B256,
        header: &Header,
    ) -> Result<OutputRootPreimage, RpcError> {
        let is_isthmus = config.is_active(Fork::Isthmus, header.timestamp);
        let message_passer_storage_root = match header.withdrawals_root.filter(|_| is_isthmus) {
            Some(root) => root,
            None => {
                let proofs = self.proofs(BlockAt::Hash(hash), &[(MESSAGE_PASSER, Vec::new())]).await;
                proofs.into_iter().next().expect("one for one")?.storage_hash
            }
        };
        Ok(OutputRootPreimage { state_root: header.state_root, message_passer_storage_root, block_hash: hash })
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

/// What of an L2 block tells its L1 origin and its system config.
pub(crate) fn l2_parts<'a>(hash: B256, header: &'a Header, first_transaction: Option<&'a Bytes>) -> L2BlockParts<'a> {
    let info = BlockInfo { number: header.number, hash, parent_hash: header.parent_hash, timestamp: header.timestamp };
    let first_transaction = first_transaction.map(AsRef::as_ref);
    L2BlockParts { info, gas_limit: header.gas_limit, extra_data: &header.extra_data, first_transaction }
}

impl RawBlock {
    /// Whether the header commits to these transactions.
    fn is_whole(&self) -> bool {
        transactions_root(&self.header) == Some(root_of(&self.transactions))
    }
}
