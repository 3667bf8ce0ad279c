//! Each fault as a plain client sees it, and what the proxy counts.

use crate::story::tell;
use kohala_devnet::{
    chain::{Config, Posting},
    proxy::{Fault, Faults, Group, Proxy, Rule},
    serve::{Endpoint, Server},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Longer than any answer takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came back on a connection.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends a request on a connection of its own.
fn send(url: &str, head: &str, body: &str) -> TcpStream {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(stream, "{head} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
        .unwrap();
    stream
}

/// Reads until the connection ends.
fn receive(mut stream: TcpStream) -> std::io::Result<Option<Reply>> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map(|(head, body)| Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }))
}

fn post(url: &str, body: &Value) -> Reply {
    receive(send(url, "POST /", &body.to_string())).unwrap().unwrap()
}

fn get(url: &str, path: &str) -> Reply {
    receive(send(url, &format!("GET {path}"), "")).unwrap().unwrap()
}

fn call(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// The id of an answer's items in order.
fn ids(reply: &Reply) -> Vec<u64> {
    reply.json().as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()).collect()
}

fn served() -> Server {
    Server::start(tell(Config::default(), Posting::default())).unwrap()
}

/// A node and a proxy before one of its endpoints.
fn proxied(endpoint: Endpoint) -> (Server, Proxy) {
    let server = served();
    let proxy = Proxy::start(&server.url(endpoint)).unwrap();
    (server, proxy)
}

fn chain_id() -> Value {
    call(1, "eth_chainId", json!([]))
}

/// Three calls of different methods and one that is there twice.
fn batch() -> Value {
    json!([
        call(1, "eth_chainId", json!([])),
        call(2, "eth_getBlockByNumber", json!(["0x3", false])),
        call(3, "eth_blockNumber", json!([])),
        call(4, "eth_blockNumber", json!([])),
    ])
}

/// A node that answers nobody of a round until all of the round have asked.
fn gate(rounds: &'static [usize]) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        for round in rounds {
            let asked: Vec<_> = (0..*round)
                .map(|_| {
                    let (mut stream, _) = listener.accept().unwrap();
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n{}") {
                        let mut bytes = [0; 1024];
                        let length = stream.read(&mut bytes).unwrap();
                        assert_ne!(length, 0, "the request ends with its body");
                        request.extend_from_slice(&bytes[..length]);
                    }
                    stream
                })
                .collect();
            for mut stream in asked {
                stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}").unwrap();
            }
        }
    });
    (url, thread)
}

/// So many requests at the same time; all are answered.
fn ask_together(proxy: &Proxy, count: usize) {
    let streams: Vec<_> = (0..count).map(|_| send(&proxy.url(), "POST /", "{}")).collect();
    for stream in streams {
        assert_eq!(receive(stream).unwrap().unwrap().body, "{}");
    }
}

#[test]
fn without_faults_answers_are_the_nodes() {
    let (server, proxy) = proxied(Endpoint::L1);
    let (direct, through) = (post(&server.url(Endpoint::L1), &batch()), post(&proxy.url(), &batch()));
    assert_eq!((through.status, &through.body), (200, &direct.body));
    assert_eq!(through.header("content-type"), Some("application/json"));
    let beacon = Proxy::start(&server.url(Endpoint::Beacon)).unwrap();
    for path in ["/eth/v1/beacon/blob_sidecars/2?indices=0", "/eth/v1/beacon/blobs/99", "/nowhere"] {
        let (direct, through) = (get(&server.url(Endpoint::Beacon), path), get(&beacon.url(), path));
        assert_eq!((through.status, through.body), (direct.status, direct.body), "{path}");
    }
}

#[test]
fn paths_are_appended_to_that_of_the_node() {
    let server = served();
    let proxy = Proxy::start(&format!("{}/eth/", server.url(Endpoint::Beacon))).unwrap();
    assert_eq!(get(&proxy.url(), "/v1/config/spec").json()["data"]["CONFIG_NAME"], "devnet");
    assert_eq!(get(&proxy.url(), "/eth/v1/config/spec").status, 404);
}

#[test]
fn only_plain_http_is_proxied() {
    assert_eq!(Proxy::start("https://example.org").unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_node_that_is_gone_is_a_bad_gateway() {
    let (server, proxy) = proxied(Endpoint::L1);
    drop(server);
    let reply = post(&proxy.url(), &chain_id());
    assert_eq!((reply.status, proxy.counts().faults), (502, BTreeMap::new()));
}

#[test]
fn counts_are_of_requests_calls_and_bytes() {
    let (_server, proxy) = proxied(Endpoint::L1);
    let (one, many) = (post(&proxy.url(), &chain_id()), post(&proxy.url(), &batch()));
    let counts = proxy.counts();
    assert_eq!(counts.requests, 2);
    let methods = [("eth_blockNumber", 2), ("eth_chainId", 2), ("eth_getBlockByNumber", 1)];
    assert_eq!(counts.methods, methods.map(|(name, count)| (name.to_owned(), count)).into());
    assert_eq!(counts.bytes_in as usize, chain_id().to_string().len() + batch().to_string().len());
    assert_eq!(counts.bytes_out as usize, one.body.len() + many.body.len());
    assert_eq!((counts.faults, counts.depth), (BTreeMap::new(), 2));
    proxy.reset();
    assert_eq!(proxy.counts(), Default::default());
}

#[test]
fn calls_of_the_beacon_are_counted_by_the_name_of_their_path() {
    let (_server, proxy) = proxied(Endpoint::Beacon);
    for path in ["/eth/v1/beacon/blobs/2", "/eth/v1/beacon/blobs/0", "/eth/v1/config/spec", "/eth/v2/beacon/blocks/1"] {
        get(&proxy.url(), path);
    }
    let methods = [("blobs", 2), ("blocks", 1), ("spec", 1)];
    assert_eq!(proxy.counts().methods, methods.map(|(name, count)| (name.to_owned(), count)).into());
}

#[test]
fn depth_is_of_round_trips_in_sequence() {
    let (url, node) = gate(&[1, 1, 1, 5, 1]);
    let proxy = Proxy::start(&url).unwrap();
    let depths = [1, 1, 1, 5, 1].map(|count| {
        ask_together(&proxy, count);
        proxy.counts().depth
    });
    assert_eq!(depths, [1, 2, 3, 4, 5]);
    assert_eq!(proxy.counts().requests, 9);
    node.join().unwrap();
}

#[test]
fn depth_is_over_all_proxies_of_a_group() {
    let ((first, _), (second, _), (apart, _)) = (gate(&[2, 1]), gate(&[1, 2]), gate(&[1]));
    let group = Group::default();
    let [first, second] = [first, second].map(|url| Proxy::start_in(&group, &url).unwrap());
    let apart = Proxy::start(&apart).unwrap();
    ask_together(&first, 2);
    ask_together(&second, 1);
    ask_together(&second, 2);
    ask_together(&apart, 1);
    assert_eq!((first.counts().depth, second.counts().depth, group.depth(), apart.counts().depth), (3, 3, 3, 1));
    second.reset();
    ask_together(&first, 1);
    assert_eq!((group.depth(), first.counts().requests, second.counts().requests), (1, 3, 0));
}

#[test]
fn what_was_on_its_way_at_a_reset_does_not_deepen_what_follows() {
    let (url, node) = gate(&[1, 1, 2, 1]);
    let proxy = Proxy::start(&url).unwrap();
    ask_together(&proxy, 1);
    ask_together(&proxy, 1);
    // The third is on its way until a fourth opens the gate.
    let third = send(&proxy.url(), "POST /", "{}");
    while proxy.counts().requests < 3 {
        std::thread::yield_now();
    }
    proxy.reset();
    ask_together(&proxy, 1);
    receive(third).unwrap().unwrap();
    ask_together(&proxy, 1);
    assert_eq!(proxy.counts().depth, 2, "the third had a depth of three");
    node.join().unwrap();
}

/// The node answers when all five have come through: were one delayed after the other was answered, none ever were.
#[test]
fn latency_delays_requests_side_by_side() {
    let (url, node) = gate(&[5]);
    let proxy = Proxy::start(&url).unwrap();
    let latency = Duration::from_millis(50);
    proxy.set(Faults::latency(latency));
    let start = Instant::now();
    ask_together(&proxy, 5);
    assert!(start.elapsed() >= latency);
    node.join().unwrap();
}

#[test]
fn a_late_answer_is_the_answer() {
    let (_server, proxy) = proxied(Endpoint::L1);
    let delay = Duration::from_millis(50);
    proxy.set(Faults::rule(Rule::always(Fault::Late(delay))));
    let start = Instant::now();
    assert_eq!(post(&proxy.url(), &chain_id()).json()["result"], "0x384");
    assert!(start.elapsed() >= delay);
    assert_eq!(proxy.counts().faults, [("late", 1)].into());
}

#[test]
fn silence_is_an_open_connection_without_answer() {
    let (_server, proxy) = proxied(Endpoint::L1);
    proxy.set(Faults::rule(Rule::always(Fault::Silent).first(1)));
    let mut silent = send(&proxy.url(), "POST /", &chain_id().to_string());
    while proxy.counts().faults.is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(post(&proxy.url(), &chain_id()).status, 200, "others don't wait for it");
    silent.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let error = silent.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    assert_eq!(proxy.counts().depth, 1, "it was never answered");
}

#[test]
fn a_closed_connection_ends_without_a_byte() {
    let (server, proxy) = proxied(Endpoint::L1);
    proxy.set(Faults::rule(Rule::always(Fault::Closed)));
    let reply = receive(send(&proxy.url(), "POST /", &chain_id().to_string())).unwrap();
    assert!(reply.is_none(), "{reply:?}");
    assert_eq!((proxy.counts().bytes_out, server.calls(Endpoint::L1).requests), (0, 0));
}

#[test]
fn a_reset_connection_is_an_error_of_the_socket() {
    let (_server, proxy) = proxied(Endpoint::L1);
    proxy.set(Faults::rule(Rule::always(Fault::Reset)));
    let error = receive(send(&proxy.url(), "POST /", &chain_id().to_string())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_status_comes_in_place_of_the_nodes_answer() {
    let (server, proxy) = proxied(Endpoint::L1);
    for status in [413, 500, 502, 503] {
        proxy.set(Faults::rule(Rule::always(Fault::status(status))));
        let reply = post(&proxy.url(), &chain_id());
        assert_eq!((reply.status, reply.header("retry-after")), (status, None));
        serde_json::from_str::<Value>(&reply.body).unwrap_err();
    }
    proxy.set(Faults::rule(Rule::always(Fault::Status { status: 429, retry_after: Some(7) })));
    let reply = post(&proxy.url(), &chain_id());
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("7")));
    assert_eq!(server.calls(Endpoint::L1).requests, 0);
}

#[test]
fn a_page_is_html_with_status_200() {
    let (_server, proxy) = proxied(Endpoint::L1);
    proxy.set(Faults::rule(Rule::always(Fault::Page)));
    let reply = post(&proxy.url(), &chain_id());
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html")));
    assert!(reply.body.starts_with("<!DOCTYPE html>"));
}

#[test]
fn a_cut_body_is_shorter_than_its_length_says() {
    let (server, proxy) = proxied(Endpoint::L1);
    let whole = post(&server.url(Endpoint::L1), &batch()).body;
    proxy.set(Faults::rule(Rule::always(Fault::Cut)));
    let reply = post(&proxy.url(), &batch());
    assert_eq!(reply.header("content-length"), Some(&*whole.len().to_string()));
    assert_eq!(reply.body, whole[..whole.len() / 2]);
    assert_eq!(proxy.counts().bytes_out as usize, reply.body.len());
}

/// How many characters differ.
fn differences(one: &str, other: &str) -> usize {
    assert_eq!(one.len(), other.len());
    one.bytes().zip(other.bytes()).filter(|(one, other)| one != other).count()
}

#[test]
fn an_altered_result_differs_in_one_digit() {
    let (server, proxy) = proxied(Endpoint::L1);
    let ask = call(1, "eth_getBlockByNumber", json!(["0x2", true]));
    let whole = post(&server.url(Endpoint::L1), &ask).json();
    let altered = |seed| {
        proxy.set(Faults { seed, ..Faults::rule(Rule::always(Fault::Altered)) });
        post(&proxy.url(), &ask).json()
    };
    for seed in 0..20 {
        let (first, again) = (altered(seed), altered(seed));
        assert_eq!(first, again, "seed {seed}");
        assert_eq!(differences(&first.to_string(), &whole.to_string()), 1, "seed {seed}");
        assert_ne!(first["result"], whole["result"]);
    }
    assert_ne!(altered(0), altered(1));
}

#[test]
fn an_altered_answer_of_the_beacon_differs_in_a_blob() {
    let (server, proxy) = proxied(Endpoint::Beacon);
    for (path, blob) in [("/eth/v1/beacon/blob_sidecars/2", "/data/0/blob"), ("/eth/v1/beacon/blobs/2", "/data/0")] {
        let whole = get(&server.url(Endpoint::Beacon), path).json();
        proxy.set(Faults::rule(Rule::always(Fault::Altered)));
        let mut altered = get(&proxy.url(), path).json();
        let [found, expected] = [&altered, &whole].map(|json| json.pointer(blob).unwrap().as_str().unwrap());
        assert_eq!(differences(found, expected), 1, "{path}");
        *altered.pointer_mut(blob).unwrap() = whole.pointer(blob).unwrap().clone();
        assert_eq!(altered, whole);
    }
}

#[test]
fn a_stale_head_hides_what_is_above() {
    let (server, proxy) = proxied(Endpoint::L2);
    let hash = |number: usize| json!(server.with_chain(|devnet| devnet.l2()[number].header.hash()));
    proxy.set(Faults::rule(Rule::always(Fault::StaleHead(5))));
    let answer = |method: &str, params: Value| post(&proxy.url(), &call(1, method, params)).json();
    let address = "0x4200000000000000000000000000000000000016";
    for (method, seen, hidden) in [
        ("eth_getBlockByNumber", json!(["0x5", false]), json!(["0x6", false])),
        ("eth_getBlockByNumber", json!(["earliest", false]), json!(["latest", false])),
        ("eth_getBlockByHash", json!([hash(5), false]), json!([hash(6), false])),
        ("eth_getBlockReceipts", json!([hash(5)]), json!([hash(6)])),
        ("eth_getBlockReceipts", json!([{ "blockNumber": "0x5" }]), json!([{ "blockNumber": "0x6" }])),
    ] {
        assert!(!answer(method, seen)["result"].is_null(), "{method}");
        assert_eq!(answer(method, hidden), json!({ "jsonrpc": "2.0", "id": 1, "result": null }), "{method}");
    }
    for (method, seen, hidden) in [
        ("eth_getProof", json!([address, ["0x6"], "0x5"]), json!([address, ["0x5"], "0x6"])),
        ("eth_getCode", json!([address, "0x5"]), json!([address, "latest"])),
        ("debug_getRawHeader", json!(["0x5"]), json!(["0x6"])),
    ] {
        assert!(answer(method, seen)["result"].is_object() || method != "eth_getProof");
        assert_eq!(
            answer(method, hidden)["error"],
            json!({ "code": -32000, "message": "header not found" }),
            "{method}"
        );
    }
    assert_eq!(answer("eth_blockNumber", json!([]))["result"], "0x5");
    assert_eq!(answer("eth_chainId", json!([]))["result"], "0x385");
    let hidden = 9;
    assert_eq!(proxy.counts().faults, [("stale head", hidden)].into());
}

#[test]
fn a_stale_head_hides_outputs_and_slots() {
    let (server, proxy) = proxied(Endpoint::RollupNode);
    let stale = Faults::rule(Rule::always(Fault::StaleHead(1)));
    proxy.set(stale.clone());
    let output = |number: &str| post(&proxy.url(), &call(1, "optimism_outputAtBlock", json!([number]))).json();
    assert!(output("0x1")["result"].is_object());
    assert_eq!(output("0x2")["error"]["message"], "header not found");
    let beacon = Proxy::start(&server.url(Endpoint::Beacon)).unwrap();
    beacon.set(stale);
    let status = |slot: &str| get(&beacon.url(), &format!("/eth/v1/beacon/blobs/{slot}")).status;
    assert_eq!(["1", "2", "head", "genesis"].map(status), [200, 404, 404, 200]);
}

#[test]
fn nulls_and_errors_are_in_place_of_results_of_the_method() {
    let (_server, proxy) = proxied(Endpoint::L1);
    let items = |fault: Fault| {
        proxy.set(Faults::rule(Rule::always(fault).only("eth_blockNumber")));
        post(&proxy.url(), &batch()).json()
    };
    let nulls = items(Fault::Null);
    assert_eq!(nulls[0]["result"], "0x384");
    assert!(nulls[1]["result"].is_object());
    assert_eq!(nulls[2], json!({ "jsonrpc": "2.0", "id": 3, "result": null }));
    assert_eq!(nulls[3], json!({ "jsonrpc": "2.0", "id": 4, "result": null }));
    for (code, message) in [(-32000, "missing trie node"), (-32005, "limit exceeded")] {
        let errors = items(Fault::error(code, message));
        assert_eq!(errors[0]["result"], "0x384");
        let error = json!({ "code": code, "message": message });
        assert_eq!(errors[2], json!({ "jsonrpc": "2.0", "id": 3, "error": error }));
    }
}

#[test]
fn missing_methods_do_not_exist() {
    let (server, proxy) = proxied(Endpoint::L1);
    let missing = Faults::rule(Rule::always(Fault::missing(["eth_blockNumber", "blobs"])));
    proxy.set(missing.clone());
    let reply = post(&proxy.url(), &batch()).json();
    let codes = [0, 1, 2, 3].map(|item| reply[item]["error"]["code"].as_i64());
    assert_eq!(codes, [None, None, Some(-32601), Some(-32601)]);
    assert_eq!(post(&proxy.url(), &chain_id()).json()["result"], "0x384");
    assert_eq!(proxy.counts().faults, [("missing", 1)].into(), "the second lacked nothing");
    let beacon = Proxy::start(&server.url(Endpoint::Beacon)).unwrap();
    beacon.set(missing);
    let status = |path: &str| get(&beacon.url(), path).status;
    assert_eq!([status("/eth/v1/beacon/blobs/2"), status("/eth/v1/beacon/blob_sidecars/2")], [404, 200]);
}

#[test]
fn batches_are_refused_above_a_length() {
    let (server, proxy) = proxied(Endpoint::L1);
    let set = |above, status| proxy.set(Faults::rule(Rule::always(Fault::BatchRefused { above, status })));
    set(3, None);
    let refused = post(&proxy.url(), &batch());
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (200, &json!(-32600)));
    for status in [400, 413] {
        set(3, Some(status));
        assert_eq!(post(&proxy.url(), &batch()).status, status);
    }
    assert_eq!(server.calls(Endpoint::L1).requests, 0);
    set(4, Some(400));
    assert_eq!(ids(&post(&proxy.url(), &batch())), [1, 2, 3, 4]);
    set(0, None);
    assert_eq!(post(&proxy.url(), &chain_id()).json()["result"], "0x384", "no batch");
    assert!(post(&proxy.url(), &json!([chain_id()])).json().is_object());
}

#[test]
fn a_reversed_batch_has_all_answers_by_their_ids() {
    let (_server, proxy) = proxied(Endpoint::L1);
    proxy.set(Faults::rule(Rule::always(Fault::Reversed)));
    let reply = post(&proxy.url(), &batch());
    assert_eq!(ids(&reply), [4, 3, 2, 1]);
    assert_eq!(reply.json()[3]["result"], "0x384");
}

#[test]
fn an_answer_is_left_out_of_a_batch() {
    let (_server, proxy) = proxied(Endpoint::L1);
    let left = |faults: Faults| {
        proxy.set(faults);
        ids(&post(&proxy.url(), &batch()))
    };
    let gone: Vec<u64> = (0..40)
        .map(|seed| {
            let left = left(Faults { seed, ..Faults::rule(Rule::always(Fault::LeftOut)) });
            assert_eq!(left.len(), 3);
            (1..=4).find(|id| !left.contains(id)).unwrap()
        })
        .collect();
    assert!((1..=4).all(|id| gone.contains(&id)), "any of them: {gone:?}");
    assert_eq!(left(Faults::rule(Rule::always(Fault::LeftOut).only("eth_chainId"))), [2, 3, 4]);
    assert_eq!(post(&proxy.url(), &chain_id()).json()["result"], "0x384", "no batch");
}

#[test]
fn a_rule_strikes_by_number_and_method() {
    let (_server, proxy) = proxied(Endpoint::L1);
    let other = call(1, "eth_blockNumber", json!([]));
    let struck = |rule: Rule, seed| {
        proxy.set(Faults { seed, ..Faults::rule(rule) });
        let asked = [&chain_id(), &other, &other, &other, &other, &other, &chain_id(), &other];
        let statuses = asked.map(|ask| post(&proxy.url(), ask).status);
        (1..).zip(statuses).filter(|(_, status)| *status == 503).map(|(number, _)| number).collect::<Vec<_>>()
    };
    let rule = || Rule::always(Fault::status(503));
    assert_eq!(struck(rule(), 0), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(struck(rule().every(3), 0), [3, 6]);
    assert_eq!(struck(rule().every(3), 1), [2, 5, 8]);
    assert_eq!(struck(rule().every(3), u64::MAX), [3, 6]);
    assert_eq!(struck(rule().every(0), 0), [0; 0]);
    assert_eq!(struck(rule().first(2), 0), [1, 2]);
    assert_eq!(struck(rule().only("eth_chainId"), 0), [1, 7]);
    assert_eq!(struck(rule().only("eth_blockNumber").every(2).first(5), 0), [3, 5]);
}

#[test]
fn rules_act_together_until_one_decides() {
    let (_server, proxy) = proxied(Endpoint::L1);
    let plan = vec![
        Rule::always(Fault::Null).only("eth_chainId"),
        Rule::always(Fault::Reversed),
        Rule::always(Fault::status(500)).every(2),
        Rule::always(Fault::status(503)).every(2),
    ];
    proxy.set(Faults { plan, ..Faults::default() });
    let first = post(&proxy.url(), &batch());
    assert_eq!(ids(&first), [4, 3, 2, 1]);
    assert_eq!(first.json()[3], json!({ "jsonrpc": "2.0", "id": 1, "result": null }));
    assert_eq!(post(&proxy.url(), &batch()).status, 500);
    assert_eq!(proxy.counts().faults, [("null", 1), ("reversed", 1), ("status", 1)].into());
    proxy.reset();
    assert_eq!(post(&proxy.url(), &batch()).status, 200, "rules count from 1 again");
    proxy.set(Faults::default());
    assert_eq!(ids(&post(&proxy.url(), &batch())), [1, 2, 3, 4]);
}

#[test]
fn nobody_listens_after_the_proxys_end() {
    let (_server, proxy) = proxied(Endpoint::L1);
    let url = proxy.url();
    let host = url.strip_prefix("http://").unwrap();
    let mut open = TcpStream::connect(host).unwrap();
    drop(proxy);
    assert_eq!(open.read(&mut [0]).unwrap_or_default(), 0);
    TcpStream::connect(host).unwrap_err();
}
