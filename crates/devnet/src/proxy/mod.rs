//! A proxy between a client and a node that lets go wrong what a script says, and counts what passes.
//!
//! A client's tests are a table of [`Faults`]; its benchmarks read [`Counts`] behind a given latency, among them the
//! number of round trips in sequence, which no other machine would measure differently.
//!
//! The proxy speaks HTTP/1.1 on loopback, and plain HTTP to the node. It does not cache and doesn't ask again.
//!
//! ```
//! use kohala_devnet::{
//!     chain::{Config, Devnet},
//!     proxy::{Fault, Faults, Group, Proxy, Rule},
//!     serve::{Endpoint, Server},
//! };
//! use std::time::Duration;
//!
//! let server = Server::start(Devnet::new(Config::default()))?;
//! let run = Group::default();
//! let l1 = Proxy::start_in(&run, &server.url(Endpoint::L1))?;
//! let l2 = Proxy::start_in(&run, &server.url(Endpoint::L2))?;
//! l1.set(Faults {
//!     latency: Duration::from_millis(50),
//!     plan: vec![
//!         Rule::always(Fault::Status { status: 429, retry_after: Some(1) }).every(3),
//!         Rule::always(Fault::error(-32000, "missing trie node")).only("eth_getProof").first(2),
//!     ],
//!     ..Faults::default()
//! });
//! println!("ask {} and {}", l1.url(), l2.url());
//! println!("{:?}, {:?}; {} round trips", l1.counts(), l2.counts(), run.depth());
//! # Ok::<(), std::io::Error>(())
//! ```

mod answer;
mod fault;
mod group;
mod http;
mod request;

pub use fault::{Fault, Faults, Rule};
pub use group::Group;

use crate::lock;
use request::Asked;
use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};
use tokio::sync::oneshot;

/// A proxy in front of one node, until this is dropped.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What passed a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// HTTP requests. A batch is one.
    pub requests: u64,
    /// Calls by method, each of a batch by itself. A beacon node's are named as in [`Server`](crate::serve::Server).
    pub methods: BTreeMap<String, u64>,
    /// Bytes of the requests' bodies.
    pub bytes_in: u64,
    /// Bytes of the answers' bodies. Of one that is cut off, up to there.
    pub bytes_out: u64,
    /// Faults by [`Fault::name`], once for each request, and only where there was something to spoil.
    pub faults: BTreeMap<&'static str, u64>,
    /// Round trips in sequence, over all proxies of the [`Group`].
    pub depth: u64,
}

#[derive(Debug)]
struct Shared {
    group: Group,
    plan: Mutex<fault::Plan>,
    /// All but the depth.
    counts: Mutex<Counts>,
}

impl Shared {
    fn count_request(&self, asked: &Asked, bytes: usize) {
        let mut counts = lock(&self.counts);
        counts.requests += 1;
        counts.bytes_in += bytes as u64;
        for method in asked.methods() {
            *counts.methods.entry(method.to_owned()).or_default() += 1;
        }
    }

    fn count_fault(&self, fault: &Fault) {
        *lock(&self.counts).faults.entry(fault.name()).or_default() += 1;
    }
}

impl Proxy {
    /// Starts a proxy on a free port, without faults, in front of the node at `url`, with or without a path: that of a
    /// request is appended.
    ///
    /// # Errors
    ///
    /// If the URL isn't one of plain HTTP, or there is no port.
    pub fn start(url: &str) -> io::Result<Self> {
        Self::start_in(&Group::default(), url)
    }

    /// The same, where the depth is counted together with other proxies.
    ///
    /// # Errors
    ///
    /// If the URL isn't one of plain HTTP, or there is no port.
    pub fn start_in(group: &Group, url: &str) -> io::Result<Self> {
        if !url.starts_with("http://") {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the proxy speaks plain HTTP only"));
        }
        let shared = Arc::new(Shared { group: group.clone(), plan: Mutex::default(), counts: Mutex::default() });
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = http::serve(Arc::clone(&shared), url.trim_end_matches('/').to_owned(), listener, stopped);
        let thread = std::thread::spawn(move || runtime.block_on(served));
        Ok(Self { shared, address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on this goes wrong, and nothing else; rules count from 1. Requests that have arrived already suffer what
    /// they were to suffer.
    pub fn set(&self, faults: Faults) {
        *lock(&self.shared.plan) = fault::Plan::new(faults);
    }

    /// What passed so far.
    pub fn counts(&self) -> Counts {
        Counts { depth: self.shared.group.depth(), ..lock(&self.shared.counts).clone() }
    }

    /// Starts afresh: this proxy's counts, what its rules have counted, and the depth of its group.
    pub fn reset(&self) {
        *lock(&self.shared.counts) = Counts::default();
        lock(&self.shared.plan).restart();
        self.shared.group.reset();
    }
}

impl Drop for Proxy {
    /// Ends the listening; requests that are on their way are cut off.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its own thread already.
            let _ = thread.join();
        }
    }
}
