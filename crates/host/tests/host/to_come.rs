//! An L1 that is newer than we are: fields of headers, transactions and receipts that came after us (rules F92, Z19).

use crate::online::{chain, judge};
use alloy_consensus::{Header, Sealable};
use alloy_primitives::{Address, B256, Bloom, BloomInput, Bytes, hex, keccak256};
use alloy_rlp::Encodable;
use kohala_devnet::{
    chain::{Config, L1Fork},
    serve::{Endpoint, Server},
};
use kohala_host::{
    execution::{BlockAt, ExecutionClient},
    meter::Meter,
    rpc::{Endpoint as Nodes, Limits, SourceKind},
};
use kohala_protocol::Receipt;
use kohala_trie::list::list_root;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// Claims are judged over headers of Amsterdam, raw and as JSON.
#[test]
fn judges_over_an_l1_that_is_at_amsterdam() {
    let server = Server::start(chain(Config::default().then_l1(L1Fork::Amsterdam, 0), 24)).unwrap();
    let slot = server.with_chain(|devnet| devnet.l1()[3].header.slot_number);
    assert_eq!(slot, Some(1_003));
    let raw = ["debug_getRawHeader", "debug_getRawBlock", "debug_getRawReceipts"];
    for off in [&[][..], &raw] {
        off.iter().for_each(|method| server.switch_off(Endpoint::L1, method));
        let (judgement, _) = judge(&server, 6, 24, &[]);
        assert!(judgement.verdict.is_valid());
        assert_eq!(judgement.blocks, 18);
        assert!(judgement.reads.blobs.number > 0);
    }
}

/// A block with a transaction of a type that nobody knows, and what a node without debug methods tells of it.
struct Unknown {
    header: Header,
    transaction: Bytes,
    log: Value,
}

impl Unknown {
    const CONTRACT: Address = Address::repeat_byte(0xde);
    const TOPIC: B256 = B256::repeat_byte(7);

    fn new() -> Self {
        let transaction = Bytes::from_static(&hex!("05c3010203"));
        let log = json!({ "address": Self::CONTRACT, "topics": [Self::TOPIC], "data": "0x0102" });
        let header = Header {
            number: 77,
            base_fee_per_gas: Some(7),
            transactions_root: list_root([&transaction[..]].into_iter()),
            receipts_root: list_root([&Self::receipt()[..]].into_iter()),
            logs_bloom: Self::bloom(),
            ..Header::default()
        };
        Self { header, transaction, log }
    }

    fn bloom() -> Bloom {
        let mut bloom = Bloom::ZERO;
        bloom.accrue(BloomInput::Raw(Self::CONTRACT.as_slice()));
        bloom.accrue(BloomInput::Raw(&Self::TOPIC.0));
        bloom
    }

    /// Type, status, gas, filter and logs, as all types have them.
    fn receipt() -> Bytes {
        let log = alloy_primitives::Log::new_unchecked(Self::CONTRACT, vec![Self::TOPIC], hex!("0102").into());
        let mut fields = Vec::new();
        1u64.encode(&mut fields);
        21_000u64.encode(&mut fields);
        Self::bloom().encode(&mut fields);
        vec![log].encode(&mut fields);
        let mut encoded = vec![5];
        alloy_rlp::Header { list: true, payload_length: fields.len() }.encode(&mut encoded);
        [encoded, fields].concat().into()
    }

    fn answer(&self, call: &Value) -> Value {
        let hash = self.header.hash_slow();
        let result = match call["method"].as_str().unwrap() {
            "eth_getBlockByHash" => {
                let mut block = json!(self.header);
                block["hash"] = json!(hash);
                // It looks like one of type 2, which it is not.
                block["transactions"] = json!([{
                    "type": "0x5", "hash": keccak256(&self.transaction), "chainId": "0x1", "nonce": "0x1", "gas": "0x1",
                    "maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x1", "to": Address::ZERO, "value": "0x0",
                    "input": "0x", "accessList": [], "r": "0x1", "s": "0x1", "yParity": "0x0", "v": "0x0",
                }]);
                block
            }
            "eth_getRawTransactionByHash" if call["params"] == json!([keccak256(&self.transaction)]) => {
                json!(self.transaction)
            }
            "eth_getBlockReceipts" => json!([{
                "type": "0x5", "status": "0x1", "cumulativeGasUsed": "0x5208", "logsBloom": Self::bloom(),
                "logs": [self.log], "ofAForkToCome": "0x1",
            }]),
            _ => {
                let error = json!({ "code": -32601, "message": "the method does not exist/is not available" });
                return json!({ "jsonrpc": "2.0", "id": call["id"], "error": error });
            }
        };
        json!({ "jsonrpc": "2.0", "id": call["id"], "result": result })
    }

    /// Answers one HTTP request.
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() <= 2 {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let answer = match serde_json::from_slice(&body).unwrap() {
            Value::Array(calls) => calls.iter().map(|call| self.answer(call)).collect(),
            call => self.answer(&call),
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            answer.len()
        );
        let mut stream = reader.into_inner();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

/// A node without debug methods is asked for the bytes of what has a type that we don't know.
#[test]
fn transactions_and_receipts_of_unknown_types_come_from_nodes_without_debug_methods() {
    let block = Arc::new(Unknown::new());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let served = Arc::clone(&block);
    thread::spawn(move || listener.incoming().for_each(|stream| served.serve(stream.unwrap())));

    let nodes = Nodes::new(SourceKind::L1, vec![url], Limits::default(), Arc::new(Meter::default())).unwrap();
    let client = ExecutionClient::new(nodes);
    let hash = block.header.clone().seal_slow().hash();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(client.block(BlockAt::Hash(hash))).unwrap();
    assert_eq!((found.hash, &found.transactions[..]), (hash, &[block.transaction.clone()][..]));
    let receipts = runtime.block_on(client.receipts(&[(hash, block.header.receipts_root)])).pop().unwrap().unwrap();
    assert_eq!(receipts, [Unknown::receipt()]);
    let receipt = Receipt::decode(&receipts[0]).unwrap();
    assert!(receipt.succeeded);
    assert_eq!(receipt.logs[0].address, Unknown::CONTRACT);
}
