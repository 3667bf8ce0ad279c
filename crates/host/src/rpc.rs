//! Calls over HTTP to one source of data: several URLs that stand in for each other, retries, limits.
//!
//! What goes wrong with a call is one of two things. *Trouble* is the way's: a time-out, a cut body, HTTP 429 or 5xx. It
//! says nothing about what was asked, so the call is repeated, at another URL or later, for as long as it takes; how
//! long that may be is for whoever runs the program to say. A *refusal* is the node's: an error, a null, an answer that
//! isn't what it must be. Every URL is asked once, then the call has failed, and its caller knows what else to try.
//!
//! JSON-RPC is written here rather than taken from a client library, because what matters lies below the calls: which
//! URL is asked when, that a batch is split where a node can't bear it, that `Retry-After` and errors in bodies of any
//! status are heeded, and that no URL comes into a message, for they hold keys.

mod node;
mod said;
mod wire;

use crate::meter::{Call, Meter};
use node::Node;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::{Action, Attempt, Policy},
};
pub use said::{label, repeatable};
use serde_json::{Value, value::RawValue};
use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};
use url::Url;
use wire::{Request, Response, Responses, read_answer};

/// The sources that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// An execution client of L1.
    L1,
    /// A beacon node of L1.
    Beacon,
    /// An execution client of L2.
    L2,
    /// An op-node.
    RollupNode,
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::L1, Self::Beacon, Self::L2, Self::RollupNode];

    /// The source's name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::L1 => "L1",
            Self::Beacon => "beacon",
            Self::L2 => "L2",
            Self::RollupNode => "rollup node",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Methods that others stand in for. A node may know one and yet never be done with it, so that they bear some trouble only:
/// what comes after them waits out an outage.
const OPTIONAL: [&str; 4] = ["debug_executionWitness", "debug_executePayload", "debug_traceBlockByNumber", "blobs"];
/// Troubles that a call of those bears.
const OPTIONAL_ATTEMPTS: u32 = 3;

/// Bytes of one answer at most: no block's witness comes near, and no node is to fill the memory.
const MAX_ANSWER: usize = 1 << 30;

/// How hard an endpoint may be asked.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// After this time without a whole answer a request counts as lost.
    pub timeout: Duration,
    /// Requests under way at once, for each URL.
    pub concurrency: usize,
    /// Requests a second at most, for each URL.
    pub rate: Option<u32>,
    /// Calls in one JSON-RPC batch at most; 1 sends none.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), concurrency: 16, rate: None, batch: 100 }
    }
}

/// Why a call has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RpcError {
    /// No URL of the source knows the method.
    #[error("no {source_kind} endpoint knows {method}")]
    Unsupported {
        /// The source.
        source_kind: SourceKind,
        /// The method.
        method: &'static str,
    },
    /// Every URL of the source that knows the method was asked; this is what the last one said.
    #[error("{source_kind} ({node}) answers {method} with: {reason}")]
    Refused {
        /// The source.
        source_kind: SourceKind,
        /// The node, without what its URL may hide.
        node: String,
        /// The method.
        method: &'static str,
        /// What it said, or what is wrong with that.
        reason: String,
    },
    /// There was trouble as often as the endpoint bears: see [`Endpoint::giving_up_after`]; three times, of methods that
    /// others stand in for.
    #[error("{source_kind} ({node}) does not answer {method}: {reason}")]
    Trouble {
        /// The source.
        source_kind: SourceKind,
        /// The node that was asked last, without what its URL may hide.
        node: String,
        /// The method.
        method: &'static str,
        /// What went wrong.
        reason: String,
    },
}

/// Why one request to one node failed.
#[derive(Debug)]
enum Failure {
    /// The way's fault: repeat it, not before the time if there is one.
    Trouble(String, Option<Duration>),
    /// The node can't bear a batch of this length.
    TooMuch,
    /// The node doesn't know the method.
    Unsupported,
    /// The node's own no.
    Refused(String),
}

/// One source of data behind one or more URLs.
#[derive(Debug)]
pub struct Endpoint {
    kind: SourceKind,
    nodes: Vec<Node>,
    http: reqwest::Client,
    limits: Limits,
    meter: Arc<Meter>,
    /// Troubles that one call bears; without end if there is none.
    attempts: Option<u32>,
}

/// Why a request was lost: the innermost cause, which alone says what happened.
fn reason_of(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl Endpoint {
    /// A source behind these URLs, of which the first is asked first.
    ///
    /// # Errors
    /// Where the system has no certificates to trust, or the like.
    pub fn new(kind: SourceKind, urls: Vec<Url>, limits: Limits, meter: Arc<Meter>) -> Result<Self, reqwest::Error> {
        // Without effect where the process has chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(limits.timeout)
            .connect_timeout(limits.timeout.min(Duration::from_secs(10)))
            // A node may send us to another place of its own, not to a machine that only we can reach; and where it sends us is
            // not told where we came from, keys and all.
            .redirect(Policy::custom(follow))
            .referer(false)
            .user_agent(concat!("kohala/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let nodes = urls.into_iter().map(|url| Node::new(url, &limits)).collect();
        Ok(Self { kind, nodes, http, limits, meter, attempts: None })
    }

    /// The same, but a call that has met trouble so many times fails: for those who want to know how a node is rather
    /// than what it has.
    pub const fn giving_up_after(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// The same, but as if no node knew the method: for those who want to know how things go without it.
    pub fn without(self, method: &'static str) -> Self {
        for node in &self.nodes {
            node.state().unsupported.insert(method);
        }
        self
    }

    /// Which source this is.
    pub const fn kind(&self) -> SourceKind {
        self.kind
    }

    /// One call. `read` makes the answer's value out of its JSON, or says what is wrong with it.
    ///
    /// # Errors
    /// Where every node refuses; trouble is waited out, as long as the endpoint bears it.
    pub async fn call<T>(
        &self,
        method: &'static str,
        params: Value,
        read: impl Fn(&RawValue) -> Result<T, String>,
    ) -> Result<T, RpcError> {
        self.call_excluding(method, &params, &read, Vec::new()).await
    }

    async fn call_excluding<T>(
        &self,
        method: &'static str,
        params: &Value,
        read: &impl Fn(&RawValue) -> Result<T, String>,
        excluded: Vec<(usize, String)>,
    ) -> Result<T, RpcError> {
        let work = async |node: &Node, call: &mut Call| {
            let body = serde_json::to_vec(&Request { jsonrpc: "2.0", id: 0, method, params }).expect("JSON");
            let answer = self.post(node, call, 1, body).await?;
            read_answer(serde_json::from_slice(&answer.body).map_err(|_| unreadable())?, read)
        };
        self.attempt(method, excluded, work).await
    }

    /// Many calls of one method, in batches as long as the nodes bear. Answers are in the order of `params`.
    pub async fn batch<T>(
        &self,
        method: &'static str,
        params: &[Value],
        read: impl Fn(usize, &RawValue) -> Result<T, String>,
    ) -> Vec<Result<T, RpcError>> {
        let longest = self.nodes.iter().map(|node| node.batch.load(Ordering::Relaxed)).min().unwrap_or(1);
        let chunks = params.chunks(longest).enumerate();
        let chunks = chunks.map(|(number, chunk)| self.chunk(method, chunk, number * longest, &read));
        futures_util::future::join_all(chunks).await.into_iter().flatten().collect()
    }

    /// The calls of one batch, which is halved as often as it takes.
    async fn chunk<T>(
        &self,
        method: &'static str,
        params: &[Value],
        first: usize,
        read: &impl Fn(usize, &RawValue) -> Result<T, String>,
    ) -> Vec<Result<T, RpcError>> {
        if let [params] = params {
            return vec![self.call_excluding(method, params, &|raw: &RawValue| read(first, raw), Vec::new()).await];
        }
        let work = async |node: &Node, call: &mut Call| {
            let requests = params.iter().enumerate();
            let requests = requests.map(|(id, params)| Request { jsonrpc: "2.0", id, method, params });
            let body = serde_json::to_vec(&requests.collect::<Vec<_>>()).expect("JSON");
            let answer = self.post(node, call, params.len(), body).await.map_err(|failure| match failure {
                Failure::Refused(_) => Failure::TooMuch,
                failure => failure,
            })?;
            // A node that knows no batches, or none of this length, says so by any status and in any form.
            let too_much = |failure| match failure {
                trouble @ Failure::Trouble(..) => trouble,
                _ => Failure::TooMuch,
            };
            let Responses(responses) = serde_json::from_slice(&answer.body).map_err(|_| {
                too_much(match serde_json::from_slice::<Response<'_>>(&answer.body) {
                    Ok(Response { error: Some(error), .. }) => error.failure(),
                    _ => unreadable(),
                })
            })?;
            let mut found: Vec<Option<Result<T, Failure>>> = params.iter().map(|_| None).collect();
            for response in responses {
                let id = response.id;
                if let Some((id, place)) = id.and_then(|id| Some((id, found.get_mut(id)?))) {
                    *place = Some(read_answer(response, &|raw: &RawValue| read(first + id, raw)));
                }
            }
            Ok(found)
        };
        let (place, found) = match self.attempt_in_parts(method, work).await {
            Ok(found) => found,
            Err(Some(error)) => return params.iter().map(|_| Err(error.clone())).collect(),
            Err(None) => {
                let (left, right) = params.split_at(params.len() / 2);
                let left = Box::pin(self.chunk(method, left, first, read));
                let right = Box::pin(self.chunk(method, right, first + params.len() / 2, read));
                let (mut left, right) = futures_util::future::join(left, right).await;
                left.extend(right);
                return left;
            }
        };
        if found.iter().any(|found| matches!(found, Some(Err(Failure::Unsupported)))) {
            self.note(&self.nodes[place], method, Failure::Unsupported);
        }
        let singles = params.iter().zip(found).enumerate().map(|(index, (params, found))| async move {
            let excluded = match found {
                Some(Ok(value)) => return Ok(value),
                Some(Err(Failure::Refused(reason))) => vec![(place, repeatable(&self.nodes[place].url, &reason))],
                // Lost, troubled, too large or unknown: asked again alone, where each of these has its own answer.
                Some(Err(_)) | None => Vec::new(),
            };
            self.call_excluding(method, params, &|raw: &RawValue| read(first + index, raw), excluded).await
        });
        futures_util::future::join_all(singles).await
    }

    /// The body of a GET below the URL.
    ///
    /// # Errors
    /// As [`Endpoint::call`]. `method` is the name under which the call is counted.
    pub async fn get<T>(
        &self,
        method: &'static str,
        path: &str,
        read: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, RpcError> {
        let work = async |node: &Node, call: &mut Call| {
            let url = below(&node.url, path);
            let answer = self.send(node, call, 1, self.http.get(url)).await?;
            answer.failure().map_or(Ok(()), Err)?;
            read(&answer.body).map_err(Failure::Refused)
        };
        self.attempt(method, Vec::new(), work).await
    }

    /// Asks one node after the other until one answers or all have refused. `refused` are those that did already.
    async fn attempt<T>(
        &self,
        method: &'static str,
        mut refused: Vec<(usize, String)>,
        work: impl AsyncFn(&Node, &mut Call) -> Result<T, Failure>,
    ) -> Result<T, RpcError> {
        let mut call = self.meter.call(self.kind, method);
        loop {
            let Some(index) = self.choose(method, &refused).await else {
                return Err(match refused.pop() {
                    Some((node, reason)) => self.refused(node, method, reason),
                    None => RpcError::Unsupported { source_kind: self.kind, method },
                });
            };
            match work(&self.nodes[index], &mut call).await {
                Ok(value) => return Ok(value),
                Err(Failure::Refused(reason)) => refused.push((index, repeatable(&self.nodes[index].url, &reason))),
                Err(Failure::TooMuch) => refused.push((index, "the answer is too large".to_owned())),
                Err(failure) => self.bear(&self.nodes[index], method, failure, &mut call)?,
            }
        }
    }

    /// The same for a batch, and which node answered: `Err(None)` where the batch has to be smaller.
    async fn attempt_in_parts<T>(
        &self,
        method: &'static str,
        work: impl AsyncFn(&Node, &mut Call) -> Result<T, Failure>,
    ) -> Result<(usize, T), Option<RpcError>> {
        let mut call = self.meter.call(self.kind, method);
        loop {
            let Some(index) = self.choose(method, &[]).await else {
                return Err(Some(RpcError::Unsupported { source_kind: self.kind, method }));
            };
            let node = &self.nodes[index];
            match work(node, &mut call).await {
                Ok(value) => return Ok((index, value)),
                Err(Failure::TooMuch | Failure::Refused(_)) => {
                    node.batch
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |batch| Some((batch / 2).max(1)))
                        .ok();
                    return Err(None);
                }
                Err(failure) => self.bear(node, method, failure, &mut call)?,
            }
        }
    }

    /// The first node that is well, has not refused and may know the method; waits until one has rested if none is
    /// well, `None` where there is no such node at all.
    async fn choose(&self, method: &'static str, refused: &[(usize, String)]) -> Option<usize> {
        loop {
            let candidates = self.nodes.iter().enumerate().filter(|(index, node)| {
                refused.iter().all(|(other, _)| other != index) && !node.state().unsupported.contains(method)
            });
            let rested = candidates.map(|(index, node)| (node.state().rests_until, index));
            let now = Instant::now();
            let (until, index) = rested.min_by_key(|(until, index)| ((*until).max(now), *index))?;
            if until <= now {
                return Some(index);
            }
            sleep_until(until).await;
        }
    }

    /// Remembers what a failure says about the node, and fails where that was one trouble too many.
    fn bear(&self, node: &Node, method: &'static str, failure: Failure, call: &mut Call) -> Result<(), RpcError> {
        let last = match &failure {
            Failure::Trouble(reason, _) => {
                let troubles = call.troubled();
                let bearable = self.attempts.or(OPTIONAL.contains(&method).then_some(OPTIONAL_ATTEMPTS));
                bearable.filter(|attempts| troubles >= *attempts).map(|_| repeatable(&node.url, reason))
            }
            _ => None,
        };
        self.note(node, method, failure);
        let trouble = |reason| RpcError::Trouble { source_kind: self.kind, node: node.label.clone(), method, reason };
        last.map_or(Ok(()), |reason| Err(trouble(reason)))
    }

    /// Remembers what a failure says about the node.
    fn note(&self, node: &Node, method: &'static str, failure: Failure) {
        match failure {
            Failure::Trouble(reason, after) => {
                let (troubles, rest) = node.ails(after);
                // The first one is not worth a word; then ever more seldom.
                if self.attempts.is_none() && troubles > 1 && troubles.is_power_of_two() {
                    tracing::warn!(
                        source = self.kind.name(), node = node.label, method, attempts = troubles, wait = ?rest,
                        "no answer: {}; still trying", repeatable(&node.url, &reason)
                    );
                }
            }
            Failure::Unsupported => {
                tracing::debug!(
                    source = self.kind.name(),
                    node = node.label,
                    method,
                    "the node doesn't know the method"
                );
                node.state().unsupported.insert(method);
            }
            Failure::Refused(_) | Failure::TooMuch => {}
        }
    }

    fn refused(&self, node: usize, method: &'static str, reason: String) -> RpcError {
        RpcError::Refused { source_kind: self.kind, node: self.nodes[node].label.clone(), method, reason }
    }

    async fn post(&self, node: &Node, call: &mut Call, calls: usize, body: Vec<u8>) -> Result<Answer, Failure> {
        let request = self.http.post(node.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let answer = self.send(node, call, calls, request).await?;
        // JSON-RPC errors come with whatever status: the body says more, but for a limit that is exceeded.
        let speaks =
            answer.status.is_success() || (answer.is_json_rpc() && answer.status != StatusCode::TOO_MANY_REQUESTS);
        match answer.failure() {
            Some(failure) if !speaks => Err(failure),
            _ => Ok(answer),
        }
    }

    /// One request as soon as the limits allow it, whatever the status of its answer.
    async fn send(
        &self,
        node: &Node,
        call: &mut Call,
        calls: usize,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, Failure> {
        let _permit = node.permits.acquire().await;
        if let Some(rate) = self.limits.rate {
            let turn = {
                let mut state = node.state();
                let turn = state.next.max(Instant::now());
                state.next = turn + Duration::from_secs(1) / rate.max(1);
                turn
            };
            sleep_until(turn).await;
        }
        let trouble = |error: reqwest::Error| Failure::Trouble(reason_of(&error.without_url()), None);
        call.sent(calls);
        let mut response = request.send().await.map_err(trouble)?;
        let status = response.status();
        let after = response.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(trouble)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(Failure::TooMuch);
            }
            body.extend_from_slice(&chunk);
        }
        call.answered(body.len());
        let answer = Answer { status, body, after: after.map(Duration::from_secs) };
        if !matches!(answer.failure(), Some(Failure::Trouble(..))) {
            node.recovered();
        }
        Ok(answer)
    }
}

/// A whole answer.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
    /// When to ask again.
    after: Option<Duration>,
}

impl Answer {
    /// What the status says went wrong.
    fn failure(&self) -> Option<Failure> {
        match self.status {
            status if status.is_success() => None,
            StatusCode::NOT_IMPLEMENTED => Some(Failure::Unsupported),
            status
                if status.is_server_error()
                    || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) =>
            {
                Some(Failure::Trouble(format!("HTTP status {status}"), self.after))
            }
            status if status.is_redirection() => Some(Failure::Refused(format!(
                "HTTP status {status}, to another host: name that host's URL if it is meant"
            ))),
            // A key that isn't right, a path that isn't there: it won't become so by waiting.
            status => Some(Failure::Refused(format!("HTTP status {status}: {}", String::from_utf8_lossy(&self.body)))),
        }
    }

    /// Whether the body is an answer, or several, whatever the status.
    fn is_json_rpc(&self) -> bool {
        let is_error = |response: &Response<'_>| response.error.is_some();
        serde_json::from_slice::<Response<'_>>(&self.body).is_ok_and(|response| is_error(&response))
            || serde_json::from_slice::<Responses<'_>>(&self.body).is_ok_and(|Responses(all)| all.iter().any(is_error))
    }
}

fn unreadable() -> Failure {
    Failure::Trouble("the answer is not JSON-RPC".to_owned(), None)
}

/// Follows within a host, few times. Elsewhere the redirection itself is the answer.
fn follow(attempt: Attempt<'_>) -> Action {
    let host = attempt.previous().first().and_then(Url::host);
    if attempt.previous().len() <= 5 && attempt.url().host() == host { attempt.follow() } else { attempt.stop() }
}

/// The URL with a path below it; a query that it has (a key, often) comes before the path's own.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    let queries = [base.query().unwrap_or_default(), query];
    let query = queries.into_iter().filter(|query| !query.is_empty()).collect::<Vec<_>>().join("&");
    url.set_query((!query.is_empty()).then_some(&query));
    url
}
