//! What can go wrong, and when it does: a table that a test writes down.

use super::request::Asked;
use std::{collections::BTreeSet, time::Duration};

/// What goes wrong with a request.
///
/// Those about results act on every call of a request that [`Rule::only`] lets through, in batches too; the others on
/// the request as a whole. Where several rules strike one request, the first that withholds the answer or gives another
/// in its place decides; otherwise all of them act, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes so much later.
    Late(Duration),
    /// There is never an answer, and the connection stays open.
    Silent,
    /// The connection is closed in place of an answer.
    Closed,
    /// The connection is reset in place of an answer.
    Reset,
    /// An HTTP status without anything in JSON: 429 with `Retry-After`, 500, 502, 503, 413, ...
    Status {
        /// The status; 500 if it is none.
        status: u16,
        /// Seconds in the header `Retry-After`.
        retry_after: Option<u64>,
    },
    /// A page of HTML, with status 200.
    Page,
    /// The body ends in the middle: `Content-Length` promises all of it, then the connection is closed.
    Cut,
    /// One hex digit of a result is another. Of a beacon node's answer it is one of its blobs'.
    Altered,
    /// The node has not come further than this block: what is above, or named by a head's tag (`latest`, `safe`, ...), is
    /// null where blocks and transactions are asked for by `eth_get...`, an error «header not found» otherwise, and 404 at
    /// a beacon node, where it is slots that are counted. What is named by its hash is above if its answer tells its
    /// number; raw bytes and traces don't.
    StaleHead(u64),
    /// The result is null.
    Null,
    /// The result is a JSON-RPC error.
    Error {
        /// Its code.
        code: i64,
        /// Its message.
        message: String,
    },
    /// These methods don't exist; a beacon node's are named as in [`Server`](crate::serve::Server).
    Missing(BTreeSet<String>),
    /// Batches of more calls than this are refused as a whole.
    BatchRefused {
        /// Calls in a batch at most.
        above: usize,
        /// The HTTP status; without one it is a JSON-RPC error, one object in place of the array.
        status: Option<u16>,
    },
    /// A batch's answers come in reversed order, which is legal.
    Reversed,
    /// One of a batch's answers is left out.
    LeftOut,
}

impl Fault {
    /// What the fault is counted as.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Late(_) => "late",
            Self::Silent => "silent",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::Status { .. } => "status",
            Self::Page => "page",
            Self::Cut => "cut",
            Self::Altered => "altered",
            Self::StaleHead(_) => "stale head",
            Self::Null => "null",
            Self::Error { .. } => "error",
            Self::Missing(_) => "missing",
            Self::BatchRefused { .. } => "batch refused",
            Self::Reversed => "reversed",
            Self::LeftOut => "left out",
        }
    }

    /// The fault of a status without `Retry-After`.
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None }
    }

    /// The fault of a JSON-RPC error.
    pub fn error(code: i64, message: &str) -> Self {
        Self::Error { code, message: message.to_owned() }
    }

    /// The fault of a node that lacks methods.
    pub fn missing<'a>(methods: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Missing(methods.into_iter().map(str::to_owned).collect())
    }
}

/// Which requests a fault strikes.
///
/// The rule counts the requests that `only` lets through, from 1, in the order in which they arrive. Where they are
/// concurrent, that order is the client's and the network's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What goes wrong.
    pub fault: Fault,
    /// Of the requests that are counted, each whose number this divides; the seed shifts them. 0 is none.
    pub every: u64,
    /// Requests with a call of this method only; a beacon node's are named as in [`Server`](crate::serve::Server).
    pub only: Option<String>,
    /// The first so many of the requests that are counted only.
    pub first: Option<u64>,
}

impl Rule {
    /// Strikes every request.
    pub fn always(fault: Fault) -> Self {
        Self { fault, every: 1, only: None, first: None }
    }

    /// Strikes every so manyth only.
    pub fn every(self, every: u64) -> Self {
        Self { every, ..self }
    }

    /// Strikes requests with a call of this method only.
    pub fn only(self, method: &str) -> Self {
        Self { only: Some(method.to_owned()), ..self }
    }

    /// Strikes among the first so many only.
    pub fn first(self, first: u64) -> Self {
        Self { first: Some(first), ..self }
    }

    /// True if the rule is about this method.
    pub(super) fn is_about(&self, method: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == method)
    }
}

/// All that goes wrong between a client and a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// How much later every answer comes. It delays each request by itself: they don't wait for each other.
    pub latency: Duration,
    /// The faults.
    pub plan: Vec<Rule>,
    /// Chooses the digit that is altered and the answer that is left out, and which of `every` requests is struck: with
    /// 0 the last.
    pub seed: u64,
}

impl Faults {
    /// Nothing but latency.
    pub fn latency(latency: Duration) -> Self {
        Self { latency, ..Self::default() }
    }

    /// One rule, without latency.
    pub fn rule(rule: Rule) -> Self {
        Self { plan: vec![rule], ..Self::default() }
    }
}

/// The faults of a proxy with what their rules have counted.
#[derive(Debug, Default)]
pub(super) struct Plan {
    faults: Faults,
    counted: Vec<u64>,
}

/// A rule that strikes, with a number for what chance decides.
#[derive(Debug)]
pub(super) struct Strike {
    pub(super) rule: Rule,
    pub(super) chance: u64,
}

impl Plan {
    pub(super) fn new(faults: Faults) -> Self {
        Self { counted: vec![0; faults.plan.len()], faults }
    }

    /// Counts from 1 again.
    pub(super) fn restart(&mut self) {
        self.counted.fill(0);
    }

    pub(super) fn latency(&self) -> Duration {
        self.faults.latency
    }

    /// What strikes a request that has just arrived.
    pub(super) fn strikes(&mut self, asked: &Asked) -> Vec<Strike> {
        let mut strikes = Vec::new();
        let seed = self.faults.seed;
        for (place, (rule, counted)) in self.faults.plan.iter().zip(&mut self.counted).enumerate() {
            if rule.only.is_some() && !asked.methods().any(|method| rule.is_about(method)) {
                continue;
            }
            *counted += 1;
            let is_early = rule.first.is_none_or(|first| *counted <= first);
            // A shift of 0 to every - 1: no seed makes the sum overflow.
            let shift = seed.checked_rem(rule.every).unwrap_or_default();
            if rule.every != 0 && is_early && (*counted + shift).is_multiple_of(rule.every) {
                strikes.push(Strike { rule: rule.clone(), chance: chance(seed, place as u64, *counted) });
            }
        }
        strikes
    }
}

/// A number that looks like any other (splitmix64's mixing).
fn chance(seed: u64, place: u64, counted: u64) -> u64 {
    let mut mixed = seed.wrapping_add(place << 32).wrapping_add(counted.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
