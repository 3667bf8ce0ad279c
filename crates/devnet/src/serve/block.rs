//! Blocks as both execution clients tell of them.

use super::{
    memory::Places,
    rpc::{RpcError, RpcResult, param, quantity},
    select::{Heads, select},
};
use crate::chain::{Devnet, L1Block, L2Block};
use alloy_consensus::{Header, Sealed, Transaction, TxReceipt};
use alloy_eips::{
    eip2718::{Decodable2718, Encodable2718},
    eip4844::DATA_GAS_PER_BLOB,
};
use alloy_primitives::{Address, B256, Bytes, Log, U64, keccak256};
use alloy_rlp::Encodable;
use op_alloy_consensus::OpTxEnvelope;
use serde::Serialize;
use serde_json::{Value, json};

/// A block of either chain.
struct Block<'a> {
    header: &'a Sealed<Header>,
    entries: Vec<Entry>,
}

/// A transaction with its receipt.
struct Entry {
    encoded: Bytes,
    /// The transaction's own fields.
    transaction: Value,
    from: Address,
    to: Option<Address>,
    nonce: u64,
    gas_price: u128,
    encoded_receipt: Bytes,
    succeeded: bool,
    cumulative_gas_used: u64,
    bloom: alloy_primitives::Bloom,
    logs: Vec<Log>,
    /// Fields that only some receipts have.
    more: Value,
}

/// A chain as its execution client sees it.
struct View<'a> {
    chain_id: u64,
    heads: Heads,
    places: &'a Places,
    block: &'a dyn Fn(usize) -> Block<'a>,
}

/// Answers for geth on L1.
pub(super) fn l1(devnet: &Devnet, places: &Places, method: &str, params: &[Value]) -> RpcResult {
    let block = |number: usize| of_l1(&devnet.l1()[number]);
    let heads = l1_heads(devnet);
    answer(&View { chain_id: devnet.config().l1_chain_id, heads, places, block: &block }, method, params)
}

/// Answers for op-geth on L2, as far as blocks are concerned.
pub(super) fn l2(devnet: &Devnet, places: &Places, method: &str, params: &[Value]) -> RpcResult {
    let block = |number: usize| of_l2(&devnet.l2()[number]);
    let heads = l2_heads(devnet);
    answer(&View { chain_id: devnet.config().l2_chain_id, heads, places, block: &block }, method, params)
}

/// The heads of L1: all of it is safe.
pub(super) fn l1_heads(devnet: &Devnet) -> Heads {
    let latest = devnet.l1().len() as u64 - 1;
    Heads { latest, safe: latest }
}

/// The heads of L2 at the newest L1 block.
pub(super) fn l2_heads(devnet: &Devnet) -> Heads {
    Heads { latest: devnet.l2().len() as u64 - 1, safe: devnet.safe_head(devnet.l1().len() as u64 - 1) }
}

fn answer(view: &View<'_>, method: &str, params: &[Value]) -> RpcResult {
    let find = || {
        Ok::<_, RpcError>(select(method, params.first(), view.heads, view.places)?.map(|number| (view.block)(number)))
    };
    let existing = || find()?.ok_or(RpcError::NotFound);
    match method {
        "eth_chainId" => Ok(quantity(view.chain_id)),
        "net_version" => Ok(view.chain_id.to_string().into()),
        "web3_clientVersion" => Ok("devnet".into()),
        "eth_syncing" => Ok(false.into()),
        "eth_blockNumber" => Ok(quantity(view.heads.latest)),
        "eth_getBlockByNumber" | "eth_getBlockByHash" => {
            let full = param(params, 1)?;
            Ok(find()?.map_or(Value::Null, |block| block.json(full)))
        }
        "eth_getBlockReceipts" => Ok(find()?.map_or(Value::Null, |block| block.receipts().into())),
        "debug_getRawHeader" => Ok(json!(Bytes::from(alloy_rlp::encode(existing()?.header.inner())))),
        "debug_getRawBlock" => Ok(json!(existing()?.rlp())),
        "debug_getRawReceipts" => {
            let block = existing()?;
            Ok(block.entries.iter().map(|entry| json!(entry.encoded_receipt)).collect())
        }
        _ => transaction_answer(view, method, params),
    }
}

/// Answers a method that is about one transaction.
fn transaction_answer(view: &View<'_>, method: &str, params: &[Value]) -> RpcResult {
    let by_hash = || {
        let hash: B256 = param(params, 0)?;
        Ok::<_, RpcError>(view.places.transaction(&hash).map(|(number, index)| ((view.block)(number), index)))
    };
    let transaction = |(block, index): (Block<'_>, usize)| {
        block.entries.get(index).map_or(Value::Null, |entry| block.transaction(index, entry))
    };
    match method {
        "eth_getTransactionByHash" => Ok(by_hash()?.map_or(Value::Null, transaction)),
        "eth_getTransactionByBlockNumberAndIndex" | "eth_getTransactionByBlockHashAndIndex" => {
            let index: U64 = param(params, 1)?;
            let number = select(method, params.first(), view.heads, view.places)?;
            Ok(number.map_or(Value::Null, |number| transaction(((view.block)(number), index.to()))))
        }
        "eth_getTransactionReceipt" => {
            Ok(by_hash()?.map_or(Value::Null, |(block, index)| block.receipts().swap_remove(index)))
        }
        // geth has no null here: what isn't there is no bytes.
        "eth_getRawTransactionByHash" | "debug_getRawTransaction" => {
            Ok(json!(by_hash()?.map(|(block, index)| block.entries[index].encoded.clone()).unwrap_or_default()))
        }
        _ => Err(RpcError::Method),
    }
}

fn of_l1(block: &L1Block) -> Block<'_> {
    let base_fee = block.header.base_fee_per_gas;
    let entry = |((transaction, receipt), from): ((&crate::chain::L1Transaction, _), &Address)| {
        let mut entry = Entry::of(transaction, receipt, *from, base_fee);
        if let Some(hashes) = transaction.blob_versioned_hashes() {
            entry.more = json!({
                "blobGasUsed": quantity(hashes.len() as u64 * DATA_GAS_PER_BLOB),
                "blobGasPrice": quantity(block.blob_base_fee()),
            });
        }
        entry
    };
    let pairs = block.transactions.iter().zip(&block.receipts).zip(&block.senders);
    Block { header: &block.header, entries: pairs.map(entry).collect() }
}

fn of_l2(block: &L2Block) -> Block<'_> {
    let base_fee = block.header.base_fee_per_gas;
    let entry = |((encoded, receipt), from): ((&Bytes, &op_alloy_consensus::OpReceiptEnvelope), &Address)| {
        let transaction = OpTxEnvelope::decode_2718(&mut &encoded[..]).expect("the block was executed");
        let mut entry = Entry::of(&transaction, receipt, *from, base_fee);
        if let Some(nonce) = receipt.deposit_nonce() {
            entry.nonce = nonce;
            entry.more = json!({ "depositNonce": quantity(nonce) });
            entry.transaction["nonce"] = quantity(nonce);
            // From Canyon on.
            if let Some(version) = receipt.deposit_receipt_version() {
                entry.more["depositReceiptVersion"] = quantity(version);
                entry.transaction["depositReceiptVersion"] = quantity(version);
            }
        }
        entry
    };
    let pairs = block.transactions.iter().zip(&block.receipts).zip(&block.senders);
    Block { header: &block.header, entries: pairs.map(entry).collect() }
}

impl Entry {
    fn of<T, R>(transaction: &T, receipt: &R, from: Address, base_fee: Option<u64>) -> Self
    where
        T: Transaction + Encodable2718 + Serialize,
        R: TxReceipt<Log = Log> + Encodable2718,
    {
        Self {
            encoded: transaction.encoded_2718().into(),
            transaction: json!(transaction),
            from,
            to: transaction.to(),
            nonce: transaction.nonce(),
            gas_price: transaction.effective_gas_price(base_fee),
            encoded_receipt: receipt.encoded_2718().into(),
            succeeded: receipt.status(),
            cumulative_gas_used: receipt.cumulative_gas_used(),
            bloom: receipt.bloom(),
            logs: receipt.logs().to_vec(),
            more: json!({}),
        }
    }
}

/// Adds the fields of `more` to `object`.
fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

impl Block<'_> {
    /// The block with its transactions' hashes, or with the transactions.
    fn json(&self, full: bool) -> Value {
        let mut block = json!(self.header.inner());
        let transactions: Value = match full {
            true => self.entries.iter().enumerate().map(|(index, entry)| self.transaction(index, entry)).collect(),
            false => self.entries.iter().map(|entry| json!(keccak256(&entry.encoded))).collect(),
        };
        let more = json!({
            "hash": self.header.hash(),
            "size": quantity(self.rlp().len() as u64),
            "uncles": [],
            "transactions": transactions,
        });
        extend(&mut block, more);
        if self.header.withdrawals_root.is_some() {
            block["withdrawals"] = json!([]);
        }
        block
    }

    fn transaction(&self, index: usize, entry: &Entry) -> Value {
        let mut transaction = entry.transaction.clone();
        let more = json!({
            "hash": keccak256(&entry.encoded),
            "from": entry.from,
            "gasPrice": quantity(entry.gas_price),
        });
        extend(&mut transaction, more);
        extend(&mut transaction, self.place(index));
        transaction
    }

    /// Which transaction of which block.
    fn place(&self, index: usize) -> Value {
        json!({
            "blockHash": self.header.hash(),
            "blockNumber": quantity(self.header.number),
            "transactionIndex": quantity(index as u64),
        })
    }

    fn receipts(&self) -> Vec<Value> {
        let (mut receipts, mut gas_before, mut log_index) = (Vec::new(), 0, 0u64);
        for (index, entry) in self.entries.iter().enumerate() {
            let hash = keccak256(&entry.encoded);
            let log = |(offset, log): (usize, &Log)| {
                let mut json = json!({
                    "address": log.address,
                    "topics": log.topics(),
                    "data": log.data.data,
                    "transactionHash": hash,
                    "logIndex": quantity(log_index + offset as u64),
                    "removed": false,
                });
                extend(&mut json, self.place(index));
                json
            };
            let logs: Value = entry.logs.iter().enumerate().map(log).collect();
            let mut receipt = json!({
                "type": entry.transaction["type"],
                "status": quantity(u8::from(entry.succeeded)),
                "cumulativeGasUsed": quantity(entry.cumulative_gas_used),
                "gasUsed": quantity(entry.cumulative_gas_used - gas_before),
                "logsBloom": entry.bloom,
                "logs": logs,
                "transactionHash": hash,
                "from": entry.from,
                "to": entry.to,
                "contractAddress": entry.to.is_none().then(|| entry.from.create(entry.nonce)),
                "effectiveGasPrice": quantity(entry.gas_price),
            });
            extend(&mut receipt, self.place(index));
            extend(&mut receipt, entry.more.clone());
            receipts.push(receipt);
            gas_before = entry.cumulative_gas_used;
            log_index += entry.logs.len() as u64;
        }
        receipts
    }

    /// Header, transactions, no ommers, no withdrawals; before Canyon not even a list of them.
    fn rlp(&self) -> Bytes {
        let mut transactions = Vec::new();
        for entry in &self.entries {
            match entry.encoded.first() {
                Some(0..=0x7f) => entry.encoded.encode(&mut transactions),
                _ => transactions.extend_from_slice(&entry.encoded),
            }
        }
        let mut body = alloy_rlp::encode(self.header.inner());
        alloy_rlp::Header { list: true, payload_length: transactions.len() }.encode(&mut body);
        body.extend(transactions);
        body.push(alloy_rlp::EMPTY_LIST_CODE);
        body.extend(self.header.withdrawals_root.map(|_| alloy_rlp::EMPTY_LIST_CODE));
        let mut block = Vec::new();
        alloy_rlp::Header { list: true, payload_length: body.len() }.encode(&mut block);
        block.extend(body);
        block.into()
    }
}
