//! Where a node sends us, and what is said there.

use kohala_host::{
    meter::Meter,
    rpc::{Endpoint, Limits, SourceKind},
};
use serde_json::json;
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::{self, JoinHandle},
};

/// A listener, and a thread that gives these answers, one a connection; it returns what was asked.
fn answering(answers: Vec<String>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let answered = answers.into_iter().map(|answer| {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
            stream.write_all(answer.as_bytes()).unwrap();
            head
        });
        answered.collect()
    });
    (address, serving)
}

fn sent_to(url: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// What a beacon node at `address` answers, the key in its URL left as it is.
fn ask(address: SocketAddr) -> Result<Vec<u8>, String> {
    let url = format!("http://{address}/secret-key").parse().unwrap();
    let meter = Arc::new(Meter::default());
    let endpoint = Endpoint::new(SourceKind::Beacon, vec![url], Limits::default(), meter).unwrap().giving_up_after(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = endpoint.get("genesis", "eth/v1/beacon/genesis", |body| Ok(body.to_vec()));
    runtime.block_on(answer).map_err(|error| error.to_string())
}

#[test]
fn another_host_is_not_asked_because_a_node_says_so() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    let (node, serving) = answering(vec![sent_to(&format!("http://localhost:{port}/admin"))]);
    let error = ask(node).unwrap_err();
    assert!(error.contains("to another host"), "{error}");
    assert!(!error.contains("secret-key"), "{error}");
    assert_eq!(serving.join().unwrap().len(), 1);
    assert!(elsewhere.accept().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
}

#[test]
fn a_node_may_send_to_another_path_which_is_not_told_the_url() {
    let body = json!({ "data": {} }).to_string();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    let (node, serving) = answering(vec![sent_to("/elsewhere"), answer]);
    assert_eq!(ask(node).unwrap(), body.as_bytes());
    let asked = serving.join().unwrap();
    assert!(asked[1].starts_with("GET /elsewhere "), "{}", asked[1]);
    assert!(!asked[1].contains("secret-key"), "{}", asked[1]);
}
