//! What the endpoints answer, read with alloy's types for such answers and held against the chain.

use crate::story::{every_kind, tell};
use alloy_consensus::{Header, TxReceipt, transaction::SignerRecoverable};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
};
use alloy_primitives::{B256, Bytes, U64, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_rpc_types_eth::{Block, EIP1186AccountProofResponse, Transaction, TransactionReceipt};
use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
use kohala_devnet::{
    chain::{Config, L1Transaction, Posting, SET_SLOT},
    serve::{Endpoint, Server},
};
use op_alloy_consensus::OpTxReceipt;
use op_alloy_rpc_types::OpTransactionReceipt;
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
};

fn served() -> Server {
    Server::start(tell(Config::default(), Posting { frame_size: 700, ..Posting::default() })).unwrap()
}

/// Sends a request on a connection of its own; status and body of the answer.
fn http(server: &Server, endpoint: Endpoint, head: &str, body: &str) -> (u16, Value) {
    let url = server.url(endpoint);
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(stream, "{head} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn request(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

/// Calls a method; the whole answer.
fn call(server: &Server, endpoint: Endpoint, method: &str, params: Value) -> Value {
    let (status, answer) = http(server, endpoint, "POST /", &request(method, &params).to_string());
    assert_eq!((status, &answer["id"], &answer["jsonrpc"]), (200, &json!(7), &json!("2.0")), "{answer}");
    answer
}

/// The result of a method, as a type that knows its shape.
fn result<T: serde::de::DeserializeOwned>(server: &Server, endpoint: Endpoint, method: &str, params: Value) -> T {
    let answer = call(server, endpoint, method, params);
    serde_json::from_value(answer["result"].clone()).unwrap_or_else(|error| panic!("{method}: {error}: {answer}"))
}

fn get(server: &Server, path: &str) -> (u16, Value) {
    http(server, Endpoint::Beacon, &format!("GET {path}"), "")
}

fn hex(number: u64) -> String {
    format!("{number:#x}")
}

#[test]
fn blocks_have_the_hashes_that_their_fields_make() {
    let server = served();
    let devnet = server.with_chain(|devnet| devnet.clone());
    for block in devnet.l1() {
        let hash = block.header.hash();
        let full: Block = result(&server, Endpoint::L1, "eth_getBlockByHash", json!([hash, true]));
        assert_eq!((full.header.hash_slow(), full.header.hash), (hash, hash));
        let transactions: Vec<&Transaction> = full.transactions.txns().collect();
        assert_eq!(transactions.len(), block.transactions.len());
        for (transaction, expected) in transactions.into_iter().zip(&block.transactions) {
            assert_eq!(transaction.inner.tx_hash(), expected.tx_hash());
            assert_eq!(transaction.inner.signer(), transaction.inner.recover_signer().unwrap());
            assert_eq!(transaction.block_hash, Some(hash));
        }
        let short: Block =
            result(&server, Endpoint::L1, "eth_getBlockByNumber", json!([hex(block.header.number), false]));
        let expected: Vec<_> = block.transactions.iter().map(|transaction| *transaction.tx_hash()).collect();
        assert_eq!(short.transactions.hashes().collect::<Vec<_>>(), expected);
    }
    for block in devnet.l2() {
        let hash = block.header.hash();
        let full: Block<op_alloy_rpc_types::Transaction> =
            result(&server, Endpoint::L2, "eth_getBlockByHash", json!([hash, true]));
        assert_eq!((full.header.hash_slow(), full.header.hash), (hash, hash));
        let hashes: Vec<_> = full.transactions.txns().map(|transaction| transaction.inner.inner.tx_hash()).collect();
        assert_eq!(hashes, block.transactions.iter().map(keccak256).collect::<Vec<_>>());
    }
}

#[test]
fn receipts_are_those_of_the_chain() {
    let server = served();
    let devnet = server.with_chain(|devnet| devnet.clone());
    for block in devnet.l1() {
        let receipts: Vec<TransactionReceipt> =
            result(&server, Endpoint::L1, "eth_getBlockReceipts", json!([hex(block.header.number)]));
        assert_eq!(receipts.len(), block.receipts.len());
        for (receipt, expected) in receipts.iter().zip(&block.receipts) {
            let logs: Vec<_> = receipt.inner.logs().iter().map(|log| log.inner.clone()).collect();
            assert_eq!(logs, expected.logs());
            assert_eq!(receipt.inner.cumulative_gas_used(), expected.cumulative_gas_used());
        }
        let indices = receipts.iter().flat_map(|receipt| receipt.inner.logs()).map(|log| log.log_index);
        assert!(indices.enumerate().all(|(index, found)| found == Some(index as u64)));
        let gas: u64 = receipts.iter().map(|receipt| receipt.gas_used).sum();
        assert_eq!(gas, block.header.gas_used);
    }
    for block in devnet.l2() {
        let receipts: Vec<OpTransactionReceipt> =
            result(&server, Endpoint::L2, "eth_getBlockReceipts", json!([block.header.hash()]));
        assert_eq!(receipts.len(), block.receipts.len());
        for (receipt, expected) in receipts.iter().zip(&block.receipts) {
            assert_eq!(receipt.inner.inner.receipt.deposit_nonce(), expected.deposit_nonce());
            assert_eq!(receipt.inner.inner.status(), expected.status());
        }
    }
}

#[test]
fn every_kind_of_transaction_is_told() {
    let devnet = every_kind();
    let server = Server::start(devnet.clone()).unwrap();
    for number in [1, 2] {
        let block: Block<op_alloy_rpc_types::Transaction> =
            result(&server, Endpoint::L2, "eth_getBlockByNumber", json!([hex(number), true]));
        let expected = &devnet.l2()[number as usize];
        let transactions = block.transactions.txns().map(|transaction| transaction.inner.inner.encoded_2718());
        assert_eq!(transactions.collect::<Vec<_>>(), expected.transactions);
        let senders: Vec<_> = block.transactions.txns().map(|transaction| transaction.inner.inner.signer()).collect();
        assert_eq!(senders, expected.senders);
    }
    let receipts: Vec<OpTransactionReceipt> = result(&server, Endpoint::L2, "eth_getBlockReceipts", json!(["0x2"]));
    let created = receipts[1].inner.contract_address.unwrap();
    assert_eq!(devnet.l2()[2].state.accounts[&created].code.len(), 1);
    assert_eq!((receipts[0].inner.contract_address, receipts[1].inner.to), (None, None));
}

#[test]
fn raw_bytes_are_what_the_hashes_commit_to() {
    let server = served();
    let devnet = server.with_chain(|devnet| devnet.clone());
    let raw = |endpoint, method, name: Value| result::<Bytes>(&server, endpoint, method, json!([name]));
    let headers = |header: &alloy_consensus::Sealed<Header>, endpoint| {
        assert_eq!(keccak256(raw(endpoint, "debug_getRawHeader", json!(header.hash()))), header.hash());
        let receipts: Vec<Bytes> = result(&server, endpoint, "debug_getRawReceipts", json!([hex(header.number)]));
        assert_eq!(alloy_trie::root::ordered_trie_root_encoded(&receipts), header.receipts_root);
        raw(endpoint, "debug_getRawBlock", json!(hex(header.number)))
    };
    for block in devnet.l1() {
        let encoded = headers(&block.header, Endpoint::L1);
        let decoded = alloy_consensus::Block::<L1Transaction>::decode(&mut &encoded[..]).unwrap();
        assert_eq!(
            (decoded.header.hash_slow(), &decoded.body.transactions),
            (block.header.hash(), &block.transactions)
        );
    }
    for block in devnet.l2() {
        let encoded = headers(&block.header, Endpoint::L2);
        let decoded = alloy_consensus::Block::<op_alloy_consensus::OpTxEnvelope>::decode(&mut &encoded[..]).unwrap();
        assert_eq!(decoded.header.hash_slow(), block.header.hash());
        assert_eq!(decoded.body.transactions.len(), block.transactions.len());
    }
}

#[test]
fn blocks_are_found_by_tag_and_number() {
    let server = served();
    let number = |name: Value| {
        let answer = call(&server, Endpoint::L2, "eth_getBlockByNumber", json!([name, false]));
        serde_json::from_value::<Option<U64>>(answer["result"]["number"].clone())
            .unwrap()
            .map(|number| number.to::<u64>())
    };
    assert_eq!(number(json!("latest")), Some(12));
    assert_eq!(number(json!("earliest")), Some(0));
    assert_eq!(number(json!("0x5")), Some(5));
    assert_eq!(number(json!("0xd")), None);
    assert_eq!(call(&server, Endpoint::L2, "eth_getBlockByHash", json!([B256::ZERO, false]))["result"], Value::Null);
    assert_eq!(call(&server, Endpoint::L2, "eth_getBlockByNumber", json!(["newest", false]))["error"]["code"], -32602);
    assert_eq!(call(&server, Endpoint::L2, "debug_getRawHeader", json!(["0xd"]))["error"]["code"], -32000);
    assert_eq!(result::<U64>(&server, Endpoint::L1, "eth_chainId", json!([])), U64::from(900));
    assert_eq!(result::<U64>(&server, Endpoint::L2, "eth_chainId", json!([])), U64::from(901));
    // An unposted block is not safe, and the chain may grow while it is served.
    server.with_chain(|devnet| devnet.l2_block(&[]).header.number);
    assert_eq!((number(json!("latest")), number(json!("safe"))), (Some(13), Some(12)));
    assert_eq!(result::<U64>(&server, Endpoint::L2, "eth_blockNumber", json!([])), U64::from(13));
}

#[test]
fn proofs_and_codes_lead_to_the_state_root() {
    let server = served();
    let block = server.with_chain(|devnet| devnet.l2()[5].clone());
    for address in [SET_SLOT, alloy_primitives::Address::repeat_byte(0x55)] {
        let params = json!([address, ["0x1", B256::from(U256::from(9))], "0x5"]);
        let proof: EIP1186AccountProofResponse = result(&server, Endpoint::L2, "eth_getProof", params);
        let exists = address == SET_SLOT;
        let account = TrieAccount {
            nonce: proof.nonce,
            balance: proof.balance,
            storage_root: proof.storage_hash,
            code_hash: proof.code_hash,
        };
        let expected = exists.then(|| alloy_rlp::encode(account));
        let key = Nibbles::unpack(keccak256(address));
        verify_proof(block.header.state_root, key, expected, &proof.account_proof).unwrap();
        let code: Bytes = result(&server, Endpoint::L2, "eth_getCode", json!([address, block.header.hash()]));
        assert_eq!(keccak256(&code), proof.code_hash);
        for slot in proof.storage_proof {
            let value = (!slot.value.is_zero()).then(|| alloy_rlp::encode(slot.value));
            assert_eq!(value.is_some(), exists && slot.key.as_b256() == B256::from(U256::from(9)));
            let key = Nibbles::unpack(keccak256(slot.key.as_b256()));
            verify_proof(proof.storage_hash, key, value, &slot.proof).unwrap();
        }
    }
}

#[test]
fn l1_proves_what_its_states_hold() {
    let devnet = tell(Config { l1_history: true, ..Config::default() }, Posting::default());
    let head = devnet.l1().len() - 1;
    let headers: Vec<_> = devnet.l1().iter().map(|block| block.header.clone()).collect();
    let server = Server::start(devnet).unwrap();
    for (number, header) in headers.iter().enumerate() {
        let slots = [0, 1, head].map(|slot| B256::from(U256::from(slot)));
        let params = json!([HISTORY_STORAGE_ADDRESS, slots, header.hash()]);
        let proof: EIP1186AccountProofResponse = result(&server, Endpoint::L1, "eth_getProof", params);
        let (nonce, balance, storage_root) = (proof.nonce, proof.balance, proof.storage_hash);
        let account = TrieAccount { nonce, balance, storage_root, code_hash: keccak256(&HISTORY_STORAGE_CODE) };
        let key = Nibbles::unpack(keccak256(HISTORY_STORAGE_ADDRESS));
        verify_proof(header.state_root, key, Some(alloy_rlp::encode(account)), &proof.account_proof).unwrap();
        for (slot, stored) in proof.storage_proof.iter().zip([0, 1, head]) {
            let hash: Option<U256> = (stored < number).then(|| headers[stored].hash().into());
            assert_eq!(slot.value, hash.unwrap_or_default());
            let key = Nibbles::unpack(keccak256(slot.key.as_b256()));
            verify_proof(storage_root, key, hash.map(alloy_rlp::encode), &slot.proof).unwrap();
        }
    }
    let params = json!([HISTORY_STORAGE_ADDRESS, [], "latest"]);
    assert_eq!(call(&served(), Endpoint::L1, "eth_getProof", params)["error"]["code"], -32601, "it has no states");
}

/// What geth and reth take for a block's name, and what they don't.
#[test]
fn methods_take_the_names_of_blocks_that_real_nodes_take() {
    let server = served();
    let hash = json!(server.with_chain(|devnet| devnet.l2()[3].header.hash()));
    let ask = |method: &str, name: &Value| {
        let params = match method {
            "eth_getProof" => json!([SET_SLOT, [], name]),
            "eth_getCode" => json!([SET_SLOT, name]),
            "debug_traceBlockByNumber" | "debug_traceBlockByHash" => json!([name, { "tracer": "prestateTracer" }]),
            _ => json!([name, false]),
        };
        call(&server, Endpoint::L2, method, params)
    };
    let (number, by_number, by_hash) = (json!("0x3"), json!({ "blockNumber": "0x3" }), json!({ "blockHash": hash }));
    for method in [
        "eth_getBlockReceipts",
        "eth_getProof",
        "eth_getCode",
        "debug_getRawHeader",
        "debug_getRawBlock",
        "debug_getRawReceipts",
    ] {
        let answer = ask(method, &number);
        assert!(!answer["result"].is_null(), "{method}");
        assert!([&hash, &by_number, &by_hash].iter().all(|name| ask(method, name) == answer), "{method}");
    }
    for (of_numbers, of_hashes) in [
        ("eth_getBlockByNumber", "eth_getBlockByHash"),
        ("debug_traceBlockByNumber", "debug_traceBlockByHash"),
        ("debug_executionWitness", "debug_executionWitnessByHash"),
        ("debug_executionWitness", "debug_executionWitnessByBlockHash"),
    ] {
        let answer = ask(of_numbers, &number);
        assert!(!answer["result"].is_null(), "{of_numbers}");
        assert_eq!(ask(of_hashes, &hash), answer, "{of_hashes}");
        for (method, name) in
            [(of_numbers, &hash), (of_numbers, &by_number), (of_hashes, &number), (of_hashes, &by_hash)]
        {
            assert_eq!(ask(method, name)["error"]["code"], -32602, "{method} of {name}");
        }
    }
}

#[test]
fn transactions_are_found_by_hash_and_place() {
    let server = served();
    let devnet = server.with_chain(|devnet| devnet.clone());
    let block = &devnet.l2()[6];
    let receipts: Vec<Value> = result(&server, Endpoint::L2, "eth_getBlockReceipts", json!(["0x6"]));
    let full: Value = result(&server, Endpoint::L2, "eth_getBlockByNumber", json!(["0x6", true]));
    assert_eq!((receipts.len(), block.transactions.len()), (5, 5));
    for (index, encoded) in block.transactions.iter().enumerate() {
        let ask = |method, params| result::<Value>(&server, Endpoint::L2, method, params);
        let hash = keccak256(encoded);
        let place = hex(index as u64);
        assert_eq!(ask("eth_getTransactionReceipt", json!([hash])), receipts[index]);
        assert_eq!(ask("eth_getTransactionByHash", json!([hash])), full["transactions"][index]);
        let by_number = ask("eth_getTransactionByBlockNumberAndIndex", json!(["0x6", place]));
        let by_hash = ask("eth_getTransactionByBlockHashAndIndex", json!([block.header.hash(), place]));
        assert_eq!((&by_number, &by_hash), (&full["transactions"][index], &by_number));
        for method in ["eth_getRawTransactionByHash", "debug_getRawTransaction"] {
            assert_eq!(ask(method, json!([hash])), json!(encoded));
        }
    }
    let posted = &devnet.l1()[2].transactions[0];
    let raw: Bytes = result(&server, Endpoint::L1, "eth_getRawTransactionByHash", json!([posted.tx_hash()]));
    assert_eq!(raw, posted.encoded_2718(), "without its blobs");
    let absent = |method: &str, params: Value| call(&server, Endpoint::L1, method, params)["result"].clone();
    assert_eq!(absent("eth_getTransactionReceipt", json!([B256::ZERO])), Value::Null);
    assert_eq!(absent("eth_getTransactionByHash", json!([B256::ZERO])), Value::Null);
    assert_eq!(absent("eth_getTransactionByBlockNumberAndIndex", json!(["0x2", "0x63"])), Value::Null);
    assert_eq!(absent("eth_getRawTransactionByHash", json!([B256::ZERO])), "0x");
}

#[test]
fn nodes_say_who_they_are() {
    let server = served();
    for (endpoint, id) in [(Endpoint::L1, "900"), (Endpoint::L2, "901")] {
        assert_eq!(result::<Value>(&server, endpoint, "net_version", json!([])), id);
        assert_eq!(result::<Value>(&server, endpoint, "web3_clientVersion", json!([])), "devnet");
        assert_eq!(result::<Value>(&server, endpoint, "eth_syncing", json!([])), false);
    }
    assert_eq!(result::<Value>(&server, Endpoint::RollupNode, "optimism_version", json!([])), "devnet");
    assert_eq!(get(&server, "/eth/v1/node/version").1["data"]["version"], "devnet");
}

/// What a node remembers of a chain goes when another is put in its place, and grows with it.
#[test]
fn answers_follow_the_chain() {
    let mut short = kohala_devnet::chain::Devnet::new(Config { seed: 5, ..Config::default() });
    short.l2_block(&[]);
    let server = served();
    let block = |server: &Server, hash: B256| call(server, Endpoint::L2, "eth_getBlockByHash", json!([hash, false]));
    let value = |server: &Server, key: B256| call(server, Endpoint::L2, "debug_dbGet", json!([key]));
    let [old, new] = [server.with_chain(|devnet| devnet.l2()[1].header.clone()), short.l2()[1].header.clone()];
    assert_eq!(block(&server, old.hash())["result"]["number"], "0x1");
    assert!(value(&server, new.state_root)["error"].is_object());
    server.with_chain(|devnet| *devnet = short);
    assert_eq!(block(&server, new.hash())["result"]["number"], "0x1");
    assert_eq!(block(&server, old.hash())["result"], Value::Null);
    assert!(value(&server, new.state_root)["result"].is_string());
    let grown = server.with_chain(|devnet| devnet.l2_block(&[]).header.clone());
    assert_eq!(block(&server, grown.hash())["result"]["number"], "0x2");
    assert!(value(&server, grown.state_root)["result"].is_string());
}

#[test]
fn witnesses_and_the_database_hold_the_parents_state() {
    let server = served();
    let (parent, nodes) = server.with_chain(|devnet| (devnet.l2()[4].header.clone(), devnet.l2()[4].state.nodes()));
    let witness: Value = result(&server, Endpoint::L2, "debug_executionWitness", json!(["0x5"]));
    let list = |name: &str| serde_json::from_value::<Vec<Bytes>>(witness[name].clone()).unwrap();
    assert!(list("state").iter().all(|node| nodes.contains(node)));
    assert!(list("state").iter().any(|node| keccak256(node) == parent.state_root));
    assert_eq!(list("headers"), [Bytes::from(alloy_rlp::encode(parent.inner()))]);
    assert!(list("keys").contains(&Bytes::copy_from_slice(SET_SLOT.as_slice())));
    for value in list("state").iter().chain(&list("codes")) {
        assert_eq!(result::<Bytes>(&server, Endpoint::L2, "debug_dbGet", json!([keccak256(value)])), *value);
    }
    let code = &list("codes")[0];
    let prefixed = Bytes::from([b"c", keccak256(code).as_slice()].concat());
    assert_eq!(result::<Bytes>(&server, Endpoint::L2, "debug_dbGet", json!([prefixed])), *code);
    assert_eq!(call(&server, Endpoint::L2, "debug_dbGet", json!([B256::ZERO]))["error"]["code"], -32000);
    assert_eq!(call(&server, Endpoint::L1, "debug_dbGet", json!([parent.state_root]))["error"]["code"], -32601);
}

#[test]
fn payloads_of_the_chain_have_their_blocks_witness() {
    let server = served();
    let block = server.with_chain(|devnet| devnet.l2()[6].clone());
    let attributes = |transactions: &[Bytes]| {
        json!([
            block.header.parent_hash,
            {
                "timestamp": hex(block.header.timestamp),
                "prevRandao": block.header.mix_hash,
                "suggestedFeeRecipient": block.header.beneficiary,
                "withdrawals": [],
                "parentBeaconBlockRoot": block.header.parent_beacon_block_root,
                "transactions": transactions,
                "noTxPool": true,
                "gasLimit": hex(block.header.gas_limit),
            },
        ])
    };
    let asked = call(&server, Endpoint::L2, "debug_executePayload", attributes(&block.transactions));
    let expected = call(&server, Endpoint::L2, "debug_executionWitness", json!(["0x6"]));
    assert_eq!(asked["result"], expected["result"]);
    assert!(asked["result"]["state"].is_array());
    let other = call(&server, Endpoint::L2, "debug_executePayload", attributes(&block.transactions[..1]));
    assert_eq!(other["error"]["code"], -32000);
}

#[test]
fn traces_tell_what_each_transaction_found() {
    let server = served();
    let block = server.with_chain(|devnet| devnet.l2()[4].clone());
    let tracer = json!({ "tracer": "prestateTracer" });
    let traces: Vec<Value> = result(&server, Endpoint::L2, "debug_traceBlockByNumber", json!(["0x4", tracer]));
    let hashes: Vec<_> = block.transactions.iter().map(|bytes| json!(keccak256(bytes))).collect();
    assert_eq!(traces.iter().map(|trace| trace["txHash"].clone()).collect::<Vec<_>>(), hashes);
    // The first user deletes slot 1, which holds 1000, with the nonce that ten transactions left.
    let found = &traces[1]["result"];
    let [one, value] = [1, 1000].map(|number| B256::from(U256::from(number)));
    assert_eq!(found[SET_SLOT.to_string().to_lowercase()]["storage"], json!({ one.to_string(): value }));
    assert_eq!(found[block.senders[1].to_string().to_lowercase()]["nonce"], 10);
    let by_hash = call(&server, Endpoint::L2, "debug_traceBlockByHash", json!([block.header.hash(), tracer]));
    assert_eq!(by_hash["result"], json!(traces));
    let other = call(&server, Endpoint::L2, "debug_traceBlockByNumber", json!(["0x4", { "tracer": "callTracer" }]));
    assert_eq!(other["error"]["code"], -32602);
}

#[test]
fn the_rollup_node_tells_outputs_and_heads() {
    let server = served();
    let devnet = server.with_chain(|devnet| devnet.clone());
    let node = |method, params| result::<Value>(&server, Endpoint::RollupNode, method, params);
    for block in devnet.l2() {
        let number = block.header.number;
        let output = node("optimism_outputAtBlock", json!([hex(number)]));
        assert_eq!(output["outputRoot"], json!(devnet.output_root(number)));
        let words =
            [&output["version"], &output["stateRoot"], &output["withdrawalStorageRoot"], &output["blockRef"]["hash"]];
        let words: Vec<B256> = words.map(|word| serde_json::from_value(word.clone()).unwrap()).to_vec();
        assert_eq!(keccak256(words.concat()), devnet.output_root(number));
        assert_eq!(output["blockRef"]["l1origin"]["number"], json!(block.origin.number));
    }
    let safe = [0, 1, 2, 3, 4]
        .map(|number| node("optimism_safeHeadAtL1Block", json!([hex(number)]))["safeHead"]["number"].clone());
    assert_eq!(safe, [0, 0, 11, 12, 12].map(Value::from));
    let status = node("optimism_syncStatus", json!([]));
    assert_eq!((&status["head_l1"]["number"], &status["safe_l2"]["number"]), (&json!(4), &json!(12)));
    assert_eq!(node("optimism_rollupConfig", json!([])), devnet.rollup_json());
    assert_eq!(call(&server, Endpoint::RollupNode, "optimism_outputAtBlock", json!(["0xd"]))["error"]["code"], -32000);
}

#[test]
fn the_beacon_node_has_the_blobs_of_each_slot() {
    let server = served();
    let block = server.with_chain(|devnet| devnet.l1()[2].clone());
    assert!(block.blobs.len() > 2);
    let [first, .., last] = &block.blobs[..] else { panic!("several blobs") };
    assert_eq!(get(&server, "/eth/v1/beacon/genesis").1["data"]["genesis_time"], "1800000000");
    assert_eq!(get(&server, "/eth/v1/config/spec").1["data"]["SECONDS_PER_SLOT"], "12");
    let all = get(&server, "/eth/v1/beacon/blobs/2").1;
    assert_eq!(all["data"].as_array().unwrap().len(), block.blobs.len());
    for query in [
        format!("versioned_hashes={},{}", last.versioned_hash, first.versioned_hash),
        format!("versioned_hashes={}&versioned_hashes={}", first.versioned_hash, last.versioned_hash),
    ] {
        let some = get(&server, &format!("/eth/v1/beacon/blobs/2?{query}")).1;
        assert_eq!(some["data"], json!([first.data, last.data]));
    }
    let sidecars = get(&server, "/eth/v1/beacon/blob_sidecars/2?indices=1").1;
    let blob = &block.blobs[1];
    assert_eq!(sidecars["data"].as_array().unwrap().len(), 1);
    assert_eq!(sidecars["data"][0]["index"], "1");
    assert_eq!(sidecars["data"][0]["kzg_commitment"], json!(blob.commitment));
    assert_eq!(sidecars["data"][0]["blob"], json!(blob.data));
    assert_eq!(sidecars["data"][0]["signed_block_header"]["message"]["slot"], "2");
    assert_eq!(get(&server, "/eth/v1/beacon/blobs/9").0, 404);
    assert_eq!(get(&server, "/eth/v1/beacon/blobs/x").0, 400);
    assert_eq!(get(&server, "/eth/v2/beacon/blocks/2").0, 404);
}

#[test]
fn calls_are_counted_and_methods_switched_off() {
    let server = served();
    let batch = json!([
        request("eth_chainId", &json!([])),
        request("eth_blockNumber", &json!([])),
        request("eth_blockNumber", &json!([])),
        request("eth_getWork", &json!([])),
    ]);
    let (_, answers) = http(&server, Endpoint::L1, "POST /", &batch.to_string());
    let results: Vec<_> = answers.as_array().unwrap().iter().map(|answer| answer.get("result").cloned()).collect();
    assert_eq!(results, [Some("0x384".into()), Some("0x4".into()), Some("0x4".into()), None]);
    let calls = server.calls(Endpoint::L1);
    assert_eq!(calls.requests, 1);
    let counted = [("eth_blockNumber", 2), ("eth_chainId", 1), ("eth_getWork", 1)];
    assert_eq!(calls.methods, counted.map(|(name, count)| (name.to_owned(), count)).into());
    assert_eq!(server.calls(Endpoint::L2).requests, 0);

    server.switch_off(Endpoint::L1, "eth_chainId");
    server.switch_off(Endpoint::Beacon, "blobs");
    assert_eq!(call(&server, Endpoint::L1, "eth_chainId", json!([]))["error"]["code"], -32601);
    assert_eq!(result::<U64>(&server, Endpoint::L2, "eth_chainId", json!([])), U64::from(901));
    assert_eq!(get(&server, "/eth/v1/beacon/blobs/2").0, 404);
    assert_eq!(get(&server, "/eth/v1/beacon/blob_sidecars/2").0, 200);
    server.switch_on(Endpoint::L1, "eth_chainId");
    assert_eq!(result::<U64>(&server, Endpoint::L1, "eth_chainId", json!([])), U64::from(900));
    assert_eq!(server.calls(Endpoint::L1).methods["eth_chainId"], 3);
    assert_eq!(server.calls(Endpoint::Beacon).methods["blobs"], 1);
}

#[test]
fn what_is_no_request_is_said_to_be_none() {
    let server = served();
    let answer = |body: &str| http(&server, Endpoint::L2, "POST /", body).1["error"]["code"].clone();
    assert_eq!(answer("{"), -32700);
    assert_eq!(answer("{}"), -32600);
    assert_eq!(answer(&request("eth_getBlockByNumber", &json!(["latest"])).to_string()), -32602);
    assert_eq!(http(&server, Endpoint::Beacon, "POST /eth/v1/beacon/genesis", "{}").0, 405);
}

#[test]
fn nobody_listens_after_the_end() {
    let server = served();
    let url = server.url(Endpoint::RollupNode);
    let host = url.strip_prefix("http://").unwrap();
    TcpStream::connect(host).unwrap();
    drop(server);
    TcpStream::connect(host).unwrap_err();
}
