//! The chain's serving: what the nodes of L1 and L2 answer, as JSON-RPC and beacon API over HTTP on loopback.

mod beacon;
mod block;
mod engine;
mod http;
mod memory;
mod rollup;
mod rpc;
mod select;

use crate::{chain::Devnet, lock};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};
use tokio::sync::oneshot;

/// The nodes that a chain has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// geth on L1.
    L1,
    /// The beacon node of L1.
    Beacon,
    /// op-geth on L2.
    L2,
    /// op-node.
    RollupNode,
}

impl Endpoint {
    const ALL: [Self; 4] = [Self::L1, Self::Beacon, Self::L2, Self::RollupNode];
}

/// A chain that is served until this is dropped: four endpoints, each on its own port.
///
/// The beacon API's methods are named after the last fixed part of their path: `genesis`, `spec`, `version`, `blobs`,
/// `blob_sidecars`.
///
/// Requests are answered one after the other: what is asked for has been computed already, but for the tries of a state
/// when it is first asked about, so that what a client waits for is its own latency.
#[derive(Debug)]
pub struct Server {
    node: Arc<Node>,
    addresses: [SocketAddr; 4],
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What was asked of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// HTTP requests. A batch is one.
    pub requests: u64,
    /// Calls by method, those to methods that are switched off or unknown too.
    pub methods: BTreeMap<String, u64>,
}

/// What the endpoints have in common.
#[derive(Debug)]
struct Node {
    devnet: Mutex<Devnet>,
    memory: Mutex<memory::Memory>,
    off: Mutex<BTreeSet<(Endpoint, String)>>,
    calls: Mutex<BTreeMap<Endpoint, Calls>>,
}

impl Node {
    /// Counts a call; false if the method is switched off.
    fn admits(&self, endpoint: Endpoint, method: &str) -> bool {
        *lock(&self.calls).entry(endpoint).or_default().methods.entry(method.to_owned()).or_default() += 1;
        !lock(&self.off).contains(&(endpoint, method.to_owned()))
    }
}

impl Server {
    /// Serves the chain on free ports.
    pub fn start(devnet: Devnet) -> io::Result<Self> {
        let node = Arc::new(Node {
            devnet: Mutex::new(devnet),
            memory: Mutex::default(),
            off: Mutex::default(),
            calls: Mutex::default(),
        });
        let listeners = Endpoint::ALL.map(|_| std::net::TcpListener::bind(("127.0.0.1", 0)));
        let [l1, beacon, l2, rollup] = listeners;
        let listeners = [l1?, beacon?, l2?, rollup?];
        let mut addresses = [SocketAddr::from(([127, 0, 0, 1], 0)); 4];
        for (address, listener) in addresses.iter_mut().zip(&listeners) {
            *address = listener.local_addr()?;
            listener.set_nonblocking(true)?;
        }
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let served = Arc::clone(&node);
        let thread = std::thread::spawn(move || runtime.block_on(http::serve(served, listeners, stopped)));
        Ok(Self { node, addresses, stop: Some(stop), thread: Some(thread) })
    }

    /// Where an endpoint listens, as a URL without a trailing slash.
    pub fn url(&self, endpoint: Endpoint) -> String {
        format!("http://{}", self.addresses[endpoint as usize])
    }

    /// Lets the chain grow, or reads it.
    pub fn with_chain<T>(&self, change: impl FnOnce(&mut Devnet) -> T) -> T {
        change(&mut lock(&self.node.devnet))
    }

    /// Makes a method unknown to an endpoint.
    pub fn switch_off(&self, endpoint: Endpoint, method: &str) {
        lock(&self.node.off).insert((endpoint, method.to_owned()));
    }

    /// Undoes [`switch_off`](Self::switch_off).
    pub fn switch_on(&self, endpoint: Endpoint, method: &str) {
        lock(&self.node.off).remove(&(endpoint, method.to_owned()));
    }

    /// What was asked of an endpoint so far.
    pub fn calls(&self, endpoint: Endpoint) -> Calls {
        lock(&self.node.calls).get(&endpoint).cloned().unwrap_or_default()
    }
}

impl Drop for Server {
    /// Ends the listening; requests that are being answered are cut off.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its own thread already.
            let _ = thread.join();
        }
    }
}
