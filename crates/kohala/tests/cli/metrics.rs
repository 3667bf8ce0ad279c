//! Figures for Prometheus while a run goes on.

use crate::{nodes::Nodes, support::VARIABLES};
use kohala_devnet::{
    proxy::{Fault, Faults, Proxy, Rule},
    serve::Endpoint,
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What is served at `address`, a host and a port.
fn figures(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn figures_of_a_run_that_goes_on_are_served() {
    let nodes = Nodes::start();
    // A run that gets no blobs goes on until it is ended.
    let silent = Proxy::start(&nodes.server.url(Endpoint::Beacon)).unwrap();
    silent.set(Faults::rule(Rule::always(Fault::Silent)));
    let mut command = Command::new(env!("CARGO_BIN_EXE_kohala"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.args(["verify", "--block=20", "-v", "--logs.stdout.format=json", "--metrics.port=0"]);
    command.args(nodes.flags(&[("beacon", &silent.url())]));
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(run.stderr.take().unwrap()).lines();
    let mut lines = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let line = lines.find(|line| line["fields"]["message"] == "serving /metrics").unwrap();
    let address = line["fields"]["address"].as_str().unwrap();
    let has = |text: &str, figure: &str| text.lines().any(|line| line.starts_with(figure) && !line.ends_with(" 0"));
    let due = [
        "kohala_calls_total{source=\"L1\",method=\"debug_getRawHeader\"} ",
        "kohala_requests_total{source=\"L2\"} ",
        "kohala_requests_total{source=\"beacon\"} ",
        "kohala_answer_bytes_total{source=\"L1\"} ",
        "kohala_round_trips_in_sequence ",
        "kohala_preimages_read_total ",
        "kohala_preimage_bytes_read_total ",
        "kohala_newest_l2_block 19",
    ];
    let end = Instant::now() + Duration::from_secs(60);
    let text = loop {
        let text = figures(address);
        if due.iter().all(|figure| has(&text, figure)) || Instant::now() > end {
            break text;
        }
        thread::sleep(Duration::from_millis(50));
    };
    run.kill().unwrap();
    run.wait().unwrap();
    due.iter().for_each(|figure| assert!(has(&text, figure), "{figure} is not in {text}"));
    assert!(text.contains("kohala_blocks_executed_total 0\n"), "{text}");
}
