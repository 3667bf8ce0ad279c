//! Claims judged from nodes over HTTP, by the built binary.

use crate::{
    nodes::Nodes,
    support::{Run, VARIABLES, run, run_with},
};
use kohala_devnet::{
    proxy::{Fault, Faults, Proxy, Rule},
    serve::Endpoint,
};
use serde_json::Value;
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use wait4::Wait4;

fn verify(flags: Vec<String>, more: &[&str]) -> Run {
    let more = more.iter().map(|flag| (*flag).to_owned());
    run(["verify", "--json"].map(str::to_owned).into_iter().chain(flags).chain(more))
}

/// Requests that a run made.
fn requests(run: &Run) -> u64 {
    let sources = run.json()["nodes"]["sources"].clone();
    sources.as_object().unwrap().values().map(|source| source["requests"].as_u64().unwrap()).sum()
}

fn data(path: &Path) -> String {
    format!("--data-dir={}", path.display())
}

#[test]
fn blocks_are_verified_with_all_else_found_out() {
    let nodes = Nodes::start();
    for (block, agreed, claimed, count) in
        [("24", 23, 24, 1), ("13..24", 12, 24, 12), ("latest-safe", 23, 24, 1), ("20..latest-finalized", 19, 24, 5)]
    {
        let run = verify(nodes.flags(&[]), &["--block", block]);
        assert!(run.is_valid(), "{block}");
        let json = run.json();
        let (agreed_root, claimed_root) =
            nodes.server.with_chain(|devnet| (devnet.output_root(agreed), devnet.output_root(claimed)));
        assert_eq!(json["agreed_output_root"], agreed_root.to_string());
        assert_eq!(json["output_root"], claimed_root.to_string());
        assert_eq!((json["block_number"].as_u64(), json["blocks"].as_u64()), (Some(claimed), Some(count)));
    }
}

#[test]
fn given_l1_head_is_heeded() {
    let nodes = Nodes::start();
    // Up to the L1 block before the last one there is no block 24.
    let l1_head = nodes.server.with_chain(|devnet| devnet.l1()[devnet.l1().len() - 2].header.hash());
    let run = verify(nodes.flags(&[]), &["--block=19..24", &format!("--l1-head={l1_head}")]);
    assert!(!run.is_valid());
    assert_eq!(
        (run.json()["l1_head"].clone(), run.json()["block_number"].clone()),
        (l1_head.to_string().into(), 18.into())
    );
}

#[test]
fn rollup_node_is_not_needed() {
    let nodes = Nodes::start();
    let mut flags = nodes.flags(&[]);
    flags.retain(|flag| !flag.starts_with("--rollup-node"));
    assert!(verify(flags.clone(), &["--block=latest-safe"]).is_valid());
    verify(flags, &["--block=99", "--patience=1"]).error_names(&["--block", "block 98 is agreed on", "L2"]);
}

#[test]
fn chain_is_found_out_from_the_rollup_node() {
    let nodes = Nodes::start();
    let mut flags = nodes.flags(&[]);
    flags.retain(|flag| !flag.starts_with("--rollup-config-path"));
    assert!(verify(flags.clone(), &["--block=24"]).is_valid());
    flags.retain(|flag| !flag.starts_with("--rollup-node"));
    verify(flags, &["--block=24"]).error_names(&["chain 901", "--rollup-config-path"]);
}

#[test]
fn false_claim_is_refuted() {
    let nodes = Nodes::start();
    let mut flags = [nodes.flags(&[]), nodes.claim_flags()].concat();
    assert!(verify(flags.clone(), &[]).is_valid());
    flags.retain(|flag| !flag.starts_with("--claimed-l2-output-root"));
    flags.push(format!("--claimed-l2-output-root={}", nodes.server.with_chain(|devnet| devnet.output_root(23))));
    assert!(!verify(flags, &[]).is_valid());
}

#[test]
fn what_was_fetched_is_not_fetched_again() {
    let nodes = Nodes::start();
    let folder = tempfile::tempdir().unwrap();
    for name in ["kept.db", "folder"] {
        let path = folder.path().join(name);
        let format = if name == "folder" { "--data-format=directory" } else { "--data-format=database" };
        let flags = [nodes.flags(&[]), nodes.claim_flags()].concat();
        let first = verify(flags.clone(), &[&data(&path), format]);
        assert!(first.is_valid());
        let again = verify(flags, &[&data(&path), format]);
        assert!(again.is_valid());
        assert!((requests(&first), requests(&again)) > (10, 0) && requests(&again) == 0, "{name}: {again:?}");
        // And without any node.
        let mut offline = [nodes.flags(&[]), nodes.claim_flags()].concat();
        offline
            .retain(|flag| !["--l1=", "--beacon=", "--l2=", "--rollup-node="].iter().any(|url| flag.starts_with(url)));
        assert!(verify(offline, &[&data(&path)]).is_valid());
    }
}

/// A run that waits for blobs for ever.
struct Waiting(Child);

impl Waiting {
    fn start(flags: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kohala"));
        for name in VARIABLES {
            command.env_remove(name);
        }
        let command = command.args(["verify", "--json"]).args(flags);
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn interrupt(mut self) -> (Option<i32>, String) {
        assert!(self.0.try_wait().unwrap().is_none(), "it has ended by itself");
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let output = self.0.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }
}

#[test]
fn interrupted_run_goes_on_from_its_store_which_is_one_process_own() {
    let nodes = Nodes::start();
    let proxy = Proxy::start(&nodes.server.url(Endpoint::Beacon)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["kept.db", "folder"] {
        proxy.set(Faults::rule(Rule::always(Fault::Silent).only("blobs")));
        proxy.reset();
        let store = data(&folder.path().join(name));
        let format = if name == "folder" { "--data-format=directory" } else { "--data-format=database" };
        let flags =
            [nodes.flags(&[("beacon", &proxy.url())]), nodes.claim_flags(), vec![store, format.to_owned()]].concat();
        let waiting = Waiting::start(&flags);
        let start = Instant::now();
        while !proxy.counts().methods.contains_key("blobs") {
            assert!(start.elapsed() < Duration::from_secs(60), "nobody asks for blobs");
            std::thread::sleep(Duration::from_millis(20));
        }
        verify(flags.clone(), &[]).error_names(&["--data-dir", name, "another process has the store open"]);
        let (code, stdout) = waiting.interrupt();
        assert_eq!(code, Some(2), "{stdout}");
        let json: Value = serde_json::from_str(&stdout).unwrap();
        assert!(json["verdict"].is_null() && json["error"].as_str().unwrap().contains("interrupted"), "{json}");
        proxy.set(Faults::default());
        let went_on = verify(flags, &[]);
        assert!(went_on.is_valid());
        let l1 = went_on.json()["nodes"]["sources"]["L1"]["requests"].as_u64().unwrap_or(0);
        assert_eq!(l1, 0, "{name}: what was there was fetched again: {went_on:?}");
    }
}

/// What a host keeps of the past is bounded, however long the range. On a quiet machine it takes some 300 MiB; where other
/// tests are busy, the program falls behind what is fetched ahead of it, as far as the windows allow.
#[test]
fn memory_is_bounded_over_a_thousand_blocks() {
    let nodes = Nodes::with(1002);
    let mut command = Command::new(env!("CARGO_BIN_EXE_kohala"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    let command = command.args(["verify", "--json", "--block=3..1002"]).args(nodes.flags(&[]));
    let child = command.stdout(Stdio::null()).spawn().unwrap();
    let used = child.wait4().unwrap();
    assert!(used.status.success());
    let peak = used.rusage.maxrss >> 20;
    println!("{peak} MiB at most");
    assert!(peak < 700, "{peak} MiB");
}

#[test]
fn deadline_ends_a_run_without_a_verdict() {
    let nodes = Nodes::start();
    let proxy = Proxy::start(&nodes.server.url(Endpoint::L2)).unwrap();
    proxy.set(Faults::rule(Rule::always(Fault::status(503))));
    let flags = [nodes.flags(&[("l2", &proxy.url())]), nodes.claim_flags()].concat();
    let asking = nodes.flags(&[("l2", &proxy.url())]);
    for (flags, more) in [(flags.clone(), vec!["--deadline=1"]), (asking, vec!["--deadline=1", "--block=24"])] {
        let run = verify(flags, &more);
        assert_eq!((run.code, run.json()["verdict"].is_null()), (2, true), "{run:?}");
        assert!(run.json()["error"].as_str().unwrap().contains("the deadline is over"), "{run:?}");
        assert!(run.stderr.contains("still trying") && run.stderr.contains("503"), "{run:?}");
    }
    verify(flags, &["--deadline=0"]).usage_error_names(&["--deadline"]);
}

#[test]
fn nodes_are_given_all_or_none() {
    let nodes = Nodes::start();
    for missing in ["--l1", "--beacon", "--l2"] {
        let mut flags = [nodes.flags(&[]), nodes.claim_flags()].concat();
        flags.retain(|flag| !flag.starts_with(&format!("{missing}=")));
        verify(flags, &[]).error_names(&[missing, "all or none"]);
    }
    let mut flags = [nodes.flags(&[]), nodes.claim_flags()].concat();
    flags.retain(|flag| !flag.starts_with("--agreed-l2-head-hash"));
    verify(flags, &[]).error_names(&["--agreed-l2-head-hash is missing"]);
    verify(vec![], &["--block=5"]).error_names(&["--block", "--l1"]);
    for block in ["", "x", "5..4", "..", "latest", "4..x"] {
        verify(nodes.flags(&[]), &[&format!("--block={block}")]).usage_error_names(&["--block"]);
    }
    verify(nodes.flags(&[]), &["--block=0"]).error_names(&["--block", "the chain begins at 0"]);
}

#[test]
fn no_message_has_what_a_url_hides() {
    let nodes = Nodes::start();
    let secret = "0123456789abcdef";
    let url = format!("http://user:{secret}@127.0.0.1:1/{secret}?key={secret}");
    let flags = [nodes.flags(&[("l1", &url), ("beacon", &url), ("l2", &url)]), nodes.claim_flags()].concat();
    let run = verify(flags, &["--deadline=2", "-vvv"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("127.0.0.1:1"), "{run:?}");
    assert!(!run.stderr.contains(secret) && !run.stdout.contains(secret), "{run:?}");
    // Without its beginning it is no URL, and a key all the same.
    for url in [format!("node.example/v2/{secret}"), format!("ftp://node.example/{secret}"), format!("{secret} ")] {
        let flags = [nodes.flags(&[("l1", &url)]), nodes.claim_flags()].concat();
        let run = verify(flags, &[]);
        run.error_names(&["--l1", "http"]);
        assert!(!run.stderr.contains(secret) && !run.stdout.contains(secret), "{run:?}");
    }
}

#[test]
fn witness_is_fetched_and_replayed_from_itself_alone() {
    let nodes = Nodes::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claim.kohala").display().to_string();
    let start = vec!["witness".to_owned(), "--json".to_owned(), file.clone(), "--block=13..24".to_owned()];
    assert!(run([start, nodes.flags(&[])].concat()).is_valid());
    drop(nodes);
    let replayed = run(["verify", "--json", "--witness", &file]);
    assert!(replayed.is_valid());
    assert_eq!(replayed.json()["blocks"], 12);
    let zero = format!("--claimed-l2-output-root=0x{}", "0".repeat(64));
    assert!(!run(["verify", "--json", "--witness", &file, &zero]).is_valid());
}

#[test]
fn host_judges_by_konas_flags_and_variables() {
    let nodes = Nodes::start();
    let url = |endpoint| nodes.server.url(endpoint);
    let files: Vec<_> = nodes.flags(&[]).into_iter().filter(|flag| flag.contains("config-path")).collect();
    let start = ["host", "single", "--native", "--json", "--enable-experimental-witness-endpoint"].map(str::to_owned);
    let addresses = vec![
        format!("--l1-node-address={}", url(Endpoint::L1)),
        format!("--l1-beacon-address={}", url(Endpoint::Beacon)),
        format!("--l2-node-address={}", url(Endpoint::L2)),
    ];
    let run = run([start.to_vec(), addresses, nodes.claim_flags(), files.clone()].concat());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("enable-experimental-witness-endpoint"));
    let by_name = |name: &str| {
        let flags = nodes.claim_flags();
        let flag = flags.iter().find_map(|flag| flag.strip_prefix(&format!("--{name}=")).map(str::to_owned));
        (name.to_uppercase().replace('-', "_"), flag.unwrap())
    };
    let claim = [
        "l1-head",
        "agreed-l2-head-hash",
        "agreed-l2-output-root",
        "claimed-l2-output-root",
        "claimed-l2-block-number",
    ]
    .map(by_name);
    let urls = [
        ("L1_NODE_ADDRESS".to_owned(), url(Endpoint::L1)),
        ("L1_BEACON_ADDRESS".to_owned(), url(Endpoint::Beacon)),
        ("L2_NODE_ADDRESS".to_owned(), url(Endpoint::L2)),
    ];
    let variables: Vec<(&str, String)> =
        claim.iter().chain(&urls).map(|(name, value)| (name.as_str(), value.clone())).collect();
    // op-challenger starts a host by its path and says `single`.
    for start in [&["host", "single", "--native"][..], &["single", "--native"]] {
        let start: Vec<_> = start.iter().map(|word| (*word).to_owned()).collect();
        let run = run_with([start, files.clone()].concat(), &variables);
        assert_eq!(run.code, 0, "{run:?}");
    }
}

#[test]
fn host_needs_a_mode_and_pipes() {
    let nodes = Nodes::start();
    let flags = [nodes.flags(&[]), nodes.claim_flags()].concat();
    let single = |mode: &[&str]| {
        let start = ["host", "single"].iter().chain(mode).map(|word| (*word).to_owned());
        let mut flags = flags.clone();
        flags.retain(|flag| !flag.starts_with("--rollup-node"));
        run(start.chain(flags))
    };
    single(&[]).usage_error_names(&["--server"]);
    single(&["--native", "--server"]).usage_error_names(&["--native", "--server"]);
    let served = single(&["--server"]);
    assert_eq!(served.code, 2);
    assert!(served.stderr.contains("file descriptors 3 to 6"), "{served:?}");
    let client = run(["client"]);
    assert_eq!(client.code, 2);
    assert!(client.stderr.contains("file descriptor"), "{client:?}");
}

#[test]
fn logs_are_written_as_asked() {
    let nodes = Nodes::start();
    for format in ["full", "json", "pretty", "compact", "logfmt"] {
        let run = verify(nodes.flags(&[]), &["--block=24", "-v", "--logs.stdout.format", format]);
        assert!(run.is_valid());
        assert!(run.stderr.contains("executed a block"), "{format}: {run:?}");
        if format == "json" {
            let lines = run.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            assert!(lines.into_iter().any(|line| line["fields"]["number"] == 24));
        }
    }
    verify(nodes.flags(&[]), &["--block=24", "--logs.stdout.format=xml"]).usage_error_names(&["xml", "logfmt"]);
}
