//! `kohala check` against a chain's nodes, with all that they can do and with less.

use crate::{
    nodes::Nodes,
    support::{Run, run},
};
use kohala_devnet::{
    chain::{Config, Devnet},
    proxy::{Fault, Faults, Proxy, Rule},
    serve::{Endpoint, Server},
};
use serde_json::Value;
use std::{net::TcpListener, time::Instant};

impl Nodes {
    fn check(&self, elsewhere: &[(&str, &str)], more: &[&str]) -> Run {
        let more = more.iter().map(|flag| (*flag).to_owned());
        run(["check", "--age=12"].map(str::to_owned).into_iter().chain(self.flags(elsewhere)).chain(more))
    }

    fn json(&self, elsewhere: &[(&str, &str)]) -> (i32, Value) {
        let run = self.check(elsewhere, &["--json"]);
        (run.code, run.json())
    }
}

/// The node of a source.
#[track_caller]
fn node<'a>(json: &'a Value, source: &str) -> &'a Value {
    let nodes = json["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["source"] == source).unwrap_or_else(|| panic!("no {source} in {json}"))
}

/// The capability of a node with this name, at this block if it is about one.
#[track_caller]
fn capability<'a>(json: &'a Value, source: &str, name: &str, block: Option<u64>) -> &'a Value {
    let all = node(json, source)["capabilities"].as_array().unwrap();
    let found = all.iter().find(|found| found["name"] == name && (found["block"].as_u64() == block));
    found.unwrap_or_else(|| panic!("no {name} at {block:?} in {all:#?}"))
}

/// Sources and what is wrong there.
fn problems(json: &Value) -> Vec<(&str, &str)> {
    let problems = json["problems"].as_array().unwrap().iter();
    problems.map(|problem| (problem["source"].as_str().unwrap(), problem["what"].as_str().unwrap())).collect()
}

#[track_caller]
fn has_line(run: &Run, line: &str) {
    let lines: Vec<&str> = run.stdout.lines().map(str::trim).collect();
    let squeezed: Vec<String> =
        lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert!(squeezed.iter().any(|found| found == line), "{line:?} is not a line of\n{}", run.stdout);
}

#[test]
fn nodes_that_can_do_everything_suffice() {
    let nodes = Nodes::start();
    let (code, json) = nodes.json(&[]);
    assert_eq!((code, &json["suffices"], problems(&json)), (0, &Value::Bool(true), vec![]));
    assert_eq!((&json["chain_id"], &json["safe_block"], &json["agreed_block"]), (&901.into(), &24.into(), &12.into()));
    for (source, id) in [("L1", 900), ("beacon", 900), ("L2", 901), ("rollup node", 901)] {
        let node = node(&json, source);
        assert_eq!(
            (&node["reachable"], &node["chain_id"], &node["version"]),
            (&true.into(), &id.into(), &"devnet".into())
        );
        for found in node["capabilities"].as_array().unwrap() {
            assert_eq!(found["status"], "works", "{found}");
        }
    }
    assert_eq!(json["state"]["used"], "execution witness");
    assert_eq!(node(&json, "L2")["blocks"]["safe"], 24);
    // All of the ladder at both ages, and old blobs beside recent ones.
    for name in ["debug_executionWitness", "debug_executePayload", "prestateTracer", "eth_getProof", "debug_dbGet"] {
        capability(&json, "L2", name, Some(12));
        capability(&json, "L2", name, Some(23));
    }
    let blobs = node(&json, "beacon")["capabilities"].as_array().unwrap().iter();
    let purposes: Vec<&str> =
        blobs.filter(|found| found["name"] == "blobs").map(|b| b["for"].as_str().unwrap()).collect();
    assert_eq!(purposes, ["recent blobs", "old blobs"]);
    let text = nodes.check(&[], &[]);
    has_line(&text, "execution witness yes yes <- will be used");
    has_line(&text, "A claim on top of block 12 can be judged with these nodes.");
}

#[test]
fn what_a_node_lacks_is_replaced_by_what_it_has() {
    let nodes = Nodes::start();
    let l2 =
        ["debug_getRawHeader", "debug_getRawBlock", "debug_executionWitness", "debug_executePayload", "debug_dbGet"];
    l2.iter().for_each(|method| nodes.server.switch_off(Endpoint::L2, method));
    nodes.server.switch_off(Endpoint::L1, "debug_getRawReceipts");
    nodes.server.switch_off(Endpoint::Beacon, "blobs");
    nodes.server.switch_off(Endpoint::RollupNode, "optimism_safeHeadAtL1Block");
    let (code, json) = nodes.json(&[]);
    assert_eq!((code, problems(&json)), (0, vec![]));
    let replaced = |source, name, block| {
        let found = capability(&json, source, name, block);
        assert_eq!(found["need"], "replaced", "{found}");
        found["replaced_by"].as_str().unwrap().to_owned()
    };
    assert_eq!(replaced("L2", "debug_getRawHeader", None), "eth_getBlockByNumber");
    assert_eq!(replaced("L2", "debug_getRawBlock", None), "eth_getBlockByNumber, whole");
    assert_eq!(replaced("L2", "debug_executionWitness", Some(12)), "eth_getProof");
    assert_eq!(replaced("L1", "debug_getRawReceipts", None), "eth_getBlockReceipts");
    let old_blobs = node(&json, "beacon")["capabilities"].as_array().unwrap();
    assert!(old_blobs.iter().any(|found| found["name"] == "blob_sidecars" && found["status"] == "works"));
    let safe_heads = node(&json, "rollup node")["capabilities"].as_array().unwrap();
    let safe_heads = safe_heads.iter().find(|found| found["name"] == "optimism_safeHeadAtL1Block").unwrap();
    assert_eq!((&safe_heads["status"], &safe_heads["need"]), (&"missing".into(), &"helpful".into()));
    assert!(safe_heads["advice"].as_str().unwrap().contains("--safedb.path"));
    assert_eq!(json["state"]["used"], "tracer and proofs");
    let text = nodes.check(&[], &[]);
    has_line(&text, "execution witness no no");
    has_line(&text, "tracer and proofs yes yes <- will be used");
    has_line(&text, "An L2 node with debug_executionWitness for blocks of that age takes far fewer calls.");
    has_line(&text, "missing debug_getRawReceipts eth_getBlockReceipts does instead: the node doesn't know the method");
}

#[test]
fn pruned_state_and_blobs_are_problems_with_advice() {
    let nodes = Nodes::start();
    for method in ["debug_executionWitness", "debug_executePayload", "debug_dbGet"] {
        nodes.server.switch_off(Endpoint::L2, method);
    }
    let pruned = Proxy::start(&nodes.server.url(Endpoint::L2)).unwrap();
    let missing = "missing trie node 8fb0 (path ) state 0x8fb0 is not available";
    pruned.set(Faults::rule(Rule::always(Fault::error(-32000, missing)).only("eth_getProof")));
    let lossy = Proxy::start(&nodes.server.url(Endpoint::Beacon)).unwrap();
    lossy.set(Faults::rule(Rule::always(Fault::missing(["blobs", "blob_sidecars"]))));
    let elsewhere = [("l2", pruned.url()), ("beacon", lossy.url())];
    let elsewhere: Vec<(&str, &str)> = elsewhere.iter().map(|(flag, url)| (*flag, url.as_str())).collect();
    let (code, json) = nodes.json(&elsewhere);
    assert_eq!((code, &json["suffices"], &json["state"]["used"]), (2, &false.into(), &Value::Null));
    let found = problems(&json);
    assert_eq!(found.iter().map(|(source, _)| *source).collect::<Vec<_>>(), ["beacon", "beacon", "L2"], "{found:?}");
    let proof = capability(&json, "L2", "eth_getProof", Some(12));
    assert_eq!((&proof["status"], &proof["reason"]), (&"refused".into(), &format!("{missing} (-32000)").into()));
    assert!(proof["advice"].as_str().unwrap().contains("--gcmode=archive"));
    let text = nodes.check(&elsewhere, &[]);
    assert_eq!(text.code, 2);
    has_line(
        &text,
        &format!(
            "- L2: {} lacks the state at that age at block 12: eth_getProof: {missing} (-32000)",
            &pruned.url()[7..]
        ),
    );
    has_line(&text, "No claim can be judged with these nodes:");
}

#[test]
fn another_chains_nodes_are_named() {
    let nodes = Nodes::start();
    let other = Devnet::new(Config { seed: 1, l1_chain_id: 902, l2_chain_id: 903, ..Config::default() });
    let other = Server::start(other).unwrap();
    let (l1, rollup) = (other.url(Endpoint::L1), other.url(Endpoint::RollupNode));
    let (code, json) = nodes.json(&[("l1", &l1), ("rollup-node", &rollup)]);
    assert_eq!(code, 2);
    let chain = capability(&json, "L1", "eth_chainId", None);
    assert_eq!(chain["reason"], "chain id 902, but the configuration says 900");
    let config = capability(&json, "rollup node", "optimism_rollupConfig", None);
    let reason = config["reason"].as_str().unwrap();
    for key in ["genesis.l1", "l1_chain_id", "l2_chain_id"] {
        assert!(reason.contains(key), "{reason}");
    }
    assert!(!reason.contains("block_time"), "{reason}");
}

#[test]
fn an_unreachable_node_and_a_silent_one_end_in_time() {
    let nodes = Nodes::start();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = format!("http://user:s3cret-password@127.0.0.1:{port}/v3/0123456789abcdef");
    let silent = Proxy::start(&nodes.server.url(Endpoint::L2)).unwrap();
    silent.set(Faults::rule(Rule::always(Fault::Silent)));
    let start = Instant::now();
    let run = nodes.check(&[("l1", &closed), ("l2", &silent.url())], &["--rpc-timeout=2"]);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    assert_eq!(run.code, 2);
    has_line(&run, &format!("L1 127.0.0.1:{port}"));
    has_line(&run, "silent: no answer in 3 s");
    assert!(run.stdout.contains("Connection refused"), "{run:?}");
    for secret in ["s3cret-password", "0123456789abcdef"] {
        assert!(!format!("{run:?}").contains(secret), "{run:?}");
    }
}

#[test]
fn one_good_url_of_a_list_is_enough() {
    let nodes = Nodes::start();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let both = format!("http://127.0.0.1:{port},{}", nodes.server.url(Endpoint::L2));
    let (code, json) = nodes.json(&[("l2", &both)]);
    assert_eq!((code, problems(&json)), (0, vec![]));
    let reachable: Vec<&Value> = json["nodes"].as_array().unwrap().iter().map(|node| &node["reachable"]).collect();
    assert_eq!(reachable, [true, true, false, true, true]);
}

#[test]
fn a_node_that_takes_no_batches_is_found_out() {
    let nodes = Nodes::start();
    let single = Proxy::start(&nodes.server.url(Endpoint::L1)).unwrap();
    single.set(Faults::rule(Rule::always(Fault::BatchRefused { above: 1, status: None })));
    let (code, json) = nodes.json(&[("l1", &single.url())]);
    assert_eq!(code, 0, "{json}");
    let batches = capability(&json, "L1", "JSON-RPC batches", None);
    assert_eq!((&batches["status"], &batches["need"]), (&"refused".into(), &"helpful".into()));
}

#[test]
fn a_source_without_a_node_is_a_problem_and_none_at_all_an_error() {
    let nodes = Nodes::start();
    let l2 = nodes.server.url(Endpoint::L2);
    let run_one = run(["check", "--json", "--l2", &l2]);
    let json = run_one.json();
    assert_eq!(run_one.code, 2);
    let found = problems(&json);
    for problem in [
        ("L1", "no L1 node is given: name one with --l1"),
        ("beacon", "no beacon node is given: name one with --beacon"),
        ("L2", "the chain is not known"),
    ] {
        assert!(found.contains(&problem), "{found:?}");
    }
    run(["check", "--json"]).error_names(&["--l1", "--beacon", "--l2", "--rollup-node"]);
    run(["check", "--json", "--l1", "ftp://node"]).error_names(&["--l1", "http"]);
}
