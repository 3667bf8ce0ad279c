//! What an execution client of either chain tells of blocks.

use super::{Asker, Capability, Purpose, Status};
use crate::execution::{
    BlockAt, ExecutionClient, JsonReceipt, RawBlock, header_of, raw_block, read, rebuilt_header, root_of,
};
use alloy_primitives::{Bytes, U64, keccak256};
use kohala_protocol::L1Header;
use serde_json::{json, value::RawValue};

pub(super) const ENABLE_DEBUG: &str =
    "enable the debug API (geth, op-geth, reth, op-reth: --http.api=eth,debug,web3), or use a node that has it";
const COMMON: &str = "every execution client has this method: enable its eth API, or use another node";
const ASK_SINGLY: &str = "none is necessary: calls go one by one, which takes more requests; allow batches if you can";

/// Headers and blocks, raw and as JSON, and the block `number` if it came.
pub(super) async fn blocks(asker: &Asker, number: u64) -> (Vec<Capability>, Option<RawBlock>) {
    let at = BlockAt::Number(number);
    let name = json!([U64::from(number)]);
    let endpoint = asker.shared();
    let json_only = asker.endpoint().0.without("debug_getRawHeader").without("debug_getRawBlock");
    let json_only = ExecutionClient::new(json_only);
    let (raw_header, header, raw, block, batch) = tokio::join!(
        asker.status(endpoint.call("debug_getRawHeader", name.clone(), |raw| header_of(at, read(raw)?))),
        asker.status(
            endpoint.call("eth_getBlockByNumber", json!([U64::from(number), false]), |raw| { rebuilt_header(at, raw) })
        ),
        asker.ask(endpoint.call("debug_getRawBlock", name.clone(), |raw| raw_block(at, &read::<Bytes>(raw)?))),
        asker.ask(json_only.rebuilt_block(at)),
        batches(asker, number),
    );
    let of = |result: &Result<RawBlock, Status>| result.as_ref().map_or_else(Clone::clone, |_| Status::Works);
    let capabilities = vec![
        Capability::new("debug_getRawHeader", Purpose::Headers, raw_header, ENABLE_DEBUG),
        Capability::new("eth_getBlockByNumber", Purpose::Headers, header, COMMON),
        Capability::new("debug_getRawBlock", Purpose::Blocks, of(&raw), ENABLE_DEBUG),
        Capability::new("eth_getBlockByNumber, whole", Purpose::Blocks, of(&block), COMMON),
        Capability::new("JSON-RPC batches", Purpose::Speed, batch, ASK_SINGLY),
    ];
    (capabilities, raw.or(block).ok())
}

/// Whether two calls can go in one request.
async fn batches(asker: &Asker, number: u64) -> Status {
    let (endpoint, meter) = asker.endpoint();
    let params = [number, number.saturating_sub(1)].map(|number| json!([U64::from(number), false]));
    // Any answer will do, but for the two together.
    let answers = async { Ok(endpoint.batch("eth_getBlockByNumber", &params, |_, _| Ok(())).await) };
    match asker.ask(answers).await {
        Err(status) => status,
        Ok(_) if asker.limits.batch < 2 => Status::Untried("none are to be sent"),
        Ok(answers) if answers.iter().all(Result::is_err) => Status::Untried("eth_getBlockByNumber doesn't work"),
        Ok(_) => match meter.traffic().get(&asker.kind).map_or(0, |traffic| traffic.requests) {
            1 => Status::Works,
            _ => Status::Refused("two calls in one request are not answered".to_owned()),
        },
    }
}

/// Receipts of a block, raw and as JSON.
pub(super) async fn receipts(asker: &Asker, block: &RawBlock) -> [Capability; 2] {
    let endpoint = asker.shared();
    let root = L1Header::decode(block.hash, &block.header).map(|header| header.receipts_root).unwrap_or_default();
    let rooted = |receipts: Vec<Bytes>| match root_of(&receipts) == root {
        true => Ok(()),
        false => Err("receipts that the header doesn't commit to".to_owned()),
    };
    let as_json = |raw: &RawValue| {
        let receipts: Vec<JsonReceipt> = read(raw)?;
        rooted(receipts.iter().map(JsonReceipt::encoded).collect())
    };
    let (raw, json) = tokio::join!(
        asker.status(endpoint.call("debug_getRawReceipts", json!([block.hash]), |raw| rooted(read(raw)?))),
        asker.status(endpoint.call("eth_getBlockReceipts", json!([block.hash]), as_json)),
    );
    [
        Capability::new("debug_getRawReceipts", Purpose::Receipts, raw, ENABLE_DEBUG),
        Capability::new("eth_getBlockReceipts", Purpose::Receipts, json, COMMON),
    ]
}

/// Transactions by their hash, which only those of new types are asked by.
pub(super) async fn raw_transaction(asker: &Asker, block: &RawBlock) -> Capability {
    const NAME: &str = "eth_getRawTransactionByHash";
    let status = match block.transactions.last() {
        None => Status::Untried("the block has no transactions"),
        Some(transaction) => {
            let right = |raw: &RawValue| match read::<Bytes>(raw)? == *transaction {
                true => Ok(()),
                false => Err("another transaction".to_owned()),
            };
            asker.status(asker.shared().call(NAME, json!([keccak256(transaction)]), right)).await
        }
    };
    let advice = "only needed where raw blocks are not to be had and a transaction is of a type that is new to Kohala";
    Capability::new(NAME, Purpose::Speed, status, advice)
}
