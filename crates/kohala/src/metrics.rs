//! Figures of a run for Prometheus, served while it goes on.

use crate::cli::MetricsFlags;
use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use kohala_host::{Online, Sight, meter::Meter};
use kohala_program::Progress;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::{
    runtime::Builder,
    sync::{Semaphore, oneshot},
    time::timeout,
};

const TEXT: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Whoever asks is told, until this is dropped; nobody if no port was named.
pub(crate) struct Metrics {
    figures: Arc<Figures>,
    _serving: Option<oneshot::Sender<()>>,
}

/// What is told of a run.
#[derive(Default)]
struct Figures {
    /// What was asked of nodes, if there are any.
    meter: Option<Arc<Meter>>,
    blocks: AtomicU64,
    transactions: AtomicU64,
    gas: AtomicU64,
    newest: AtomicU64,
}

impl Metrics {
    /// Begins to serve, if that is asked for.
    pub(crate) fn start(flags: MetricsFlags, nodes: Option<&Online>) -> Result<Self> {
        let figures = Arc::new(Figures { meter: nodes.map(Online::shared_meter), ..Figures::default() });
        let serving = flags.port.map(|port| serve(SocketAddr::new(flags.addr, port), Arc::clone(&figures), PATIENCE));
        Ok(Self { figures, _serving: serving.transpose()? })
    }

    /// Looks at what a run does, and then lets `watch` look.
    pub(crate) fn seeing(&self, watch: &mut dyn FnMut(Sight<'_>)) -> impl FnMut(Sight<'_>) {
        |sight| {
            self.figures.see(&sight);
            watch(sight);
        }
    }
}

impl Figures {
    fn see(&self, sight: &Sight<'_>) {
        match sight {
            Sight::Started { agreed, .. } => self.newest.store(*agreed, Ordering::Relaxed),
            Sight::Step(Progress::Executed(block)) => {
                self.blocks.fetch_add(1, Ordering::Relaxed);
                self.transactions.fetch_add(block.receipts.len() as u64, Ordering::Relaxed);
                self.gas.fetch_add(block.header.gas_used, Ordering::Relaxed);
                self.newest.store(block.header.number, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    /// The figures as they are now, as text.
    fn text(&self) -> String {
        let mut registry = Registry::with_prefix("kohala");
        let mut count = |name: &str, help: &str, value: u64| {
            let counter = Counter::<u64>::default();
            counter.inc_by(value);
            registry.register(name, help, counter);
        };
        count("blocks_executed", "L2 blocks that were executed", self.blocks.load(Ordering::Relaxed));
        count("transactions_executed", "Transactions in them", self.transactions.load(Ordering::Relaxed));
        count("gas_used", "Gas that they used", self.gas.load(Ordering::Relaxed));
        if let Some(meter) = &self.meter {
            let reads = meter.reads();
            count("preimages_read", "Preimages and whole blobs that the program has read", reads.number);
            count("preimage_bytes_read", "Bytes in them", reads.bytes);
            register_traffic(&mut registry, meter);
        }
        let newest = Gauge::<i64>::default();
        newest.set(self.newest.load(Ordering::Relaxed).cast_signed());
        registry.register("newest_l2_block", "Number of the newest L2 block that was executed", newest);
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes all text");
        text
    }
}

/// What was asked of the nodes.
fn register_traffic(registry: &mut Registry, meter: &Meter) {
    type Counters = Family<Vec<(&'static str, &'static str)>, Counter>;
    let [calls, requests, bytes, retries]: [Counters; 4] = Default::default();
    for ((kind, method), traffic) in meter.by_method() {
        calls.get_or_create(&vec![("source", kind.name()), ("method", method)]).inc_by(traffic.calls);
    }
    for (kind, traffic) in meter.traffic() {
        let source = || vec![("source", kind.name())];
        requests.get_or_create(&source()).inc_by(traffic.requests);
        bytes.get_or_create(&source()).inc_by(traffic.bytes);
        retries.get_or_create(&source()).inc_by(traffic.retries);
    }
    registry.register("calls", "Calls to nodes; a request may have many", calls);
    registry.register("requests", "HTTP requests to nodes", requests);
    registry.register("answer_bytes", "Bytes of the nodes' answers, unpacked", bytes);
    registry.register("retries", "Requests that had to be repeated", retries);
    let depth = Gauge::<i64>::default();
    depth.set(meter.round_trips().cast_signed());
    registry.register("round_trips_in_sequence", "Round trips of which each waited for the one before", depth);
}

/// Connections at once: files that the run itself needs are not to be used up.
const CONNECTIONS: usize = 16;

/// How long a connection may last.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves on a thread of its own until what is returned is dropped. A connection that lasts longer than `patience` is closed.
fn serve(address: SocketAddr, figures: Arc<Figures>, patience: Duration) -> Result<oneshot::Sender<()>> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("--metrics.port: {address} can't be taken: name another port or --metrics.addr, or 0 for a port that is free")
    })?;
    listener.set_nonblocking(true)?;
    tracing::info!(address = %listener.local_addr()?, "serving /metrics");
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel();
    let serving = async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let place = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, _) = listener.accept().await?;
            let figures = Arc::clone(&figures);
            let service = service_fn(move |request| {
                let answer = answer(&figures, &request);
                async { Ok::<_, Infallible>(answer) }
            });
            let mut http = http1::Builder::new();
            http.keep_alive(false).max_buf_size(8 << 10);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                // Whoever asks slowly, or doesn't read, isn't waited for.
                let _ = timeout(patience, connection).await;
                drop(place);
            });
        }
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = stopped => {}
                ended = serving => {
                    let ended: io::Result<Infallible> = ended;
                    let Err(error) = ended;
                    // The run is worth more than its figures.
                    tracing::warn!("no more figures are served: {error}");
                }
            }
        });
    });
    Ok(stop)
}

fn answer(figures: &Figures, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let is_known = request.method() == Method::GET && request.uri().path() == "/metrics";
    let mut response = Response::default();
    match is_known {
        true => {
            *response.body_mut() = Full::from(figures.text());
            response.headers_mut().insert(CONTENT_TYPE, TEXT);
        }
        false => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::{IpAddr, Ipv4Addr, TcpStream},
    };

    fn asked(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn figures_are_served_until_the_run_ends() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let flags = MetricsFlags { port: Some(port), addr: IpAddr::V4(Ipv4Addr::LOCALHOST) };
        let metrics = Metrics::start(flags, None).unwrap();
        metrics.figures.gas.store(77, Ordering::Relaxed);
        let address = SocketAddr::new(flags.addr, port);
        let answer = asked(address, "/metrics");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\nkohala_gas_used_total 77\n"), "{answer}");
        assert!(answer.contains("# TYPE kohala_newest_l2_block gauge\n"), "{answer}");
        assert!(answer.trim_end().ends_with("# EOF"), "{answer}");
        assert!(asked(address, "/").starts_with("HTTP/1.1 404 Not Found\r\n"));
        assert!(Metrics::start(flags, None).is_err(), "the port is taken");
        drop(metrics);
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while TcpStream::connect(address).is_ok() {
            assert!(std::time::Instant::now() < end, "still served");
            thread::yield_now();
        }
    }

    #[test]
    fn who_asks_slowly_keeps_neither_a_connection_nor_others_from_figures() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let _serving = serve(address, Arc::default(), Duration::from_millis(50)).unwrap();
        let slow: Vec<_> = (0..4 * CONNECTIONS)
            .map(|_| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(b"GET /metr").unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                stream
            })
            .collect();
        assert!(asked(address, "/metrics").starts_with("HTTP/1.1 200 OK\r\n"));
        for mut stream in slow {
            let ended = stream.read_to_end(&mut Vec::new());
            let waits = ended.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
            assert!(!waits, "the connection is still there");
        }
    }

    #[test]
    fn nobody_is_told_unasked() {
        let flags = MetricsFlags { port: None, addr: IpAddr::V4(Ipv4Addr::LOCALHOST) };
        assert!(Metrics::start(flags, None).unwrap()._serving.is_none());
    }
}
