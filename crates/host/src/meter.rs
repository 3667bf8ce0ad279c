//! What was asked of the sources: calls, bytes, round trips in sequence; and what of it the program has read.

use crate::{Count, rpc::SourceKind};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counts what goes to the sources and comes back. Shared by all endpoints of a run.
#[derive(Debug, Default)]
pub struct Meter {
    by_source: Mutex<BTreeMap<SourceKind, Traffic>>,
    /// Round trips in sequence, as far as answered.
    depth: AtomicU64,
    reads: AtomicU64,
    read_bytes: AtomicU64,
}

/// What one source was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// HTTP requests.
    pub requests: u64,
    /// Calls by method; a batch has many.
    pub calls: BTreeMap<&'static str, u64>,
    /// Bytes of answers, unpacked.
    pub bytes: u64,
    /// Requests that had to be repeated.
    pub retries: u64,
}

impl Meter {
    /// What was asked so far, by source.
    pub fn traffic(&self) -> BTreeMap<SourceKind, Traffic> {
        self.by_source.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Round trips in sequence so far: a request's depth is one more than that of the deepest request answered before
    /// it was sent, and this is the greatest.
    pub fn round_trips(&self) -> u64 {
        self.depth.load(Ordering::Acquire)
    }

    /// Preimages and whole blobs that programs have read so far, fetched or not, and each as often as it was read.
    pub fn reads(&self) -> Count {
        Count { number: self.reads.load(Ordering::Relaxed), bytes: self.read_bytes.load(Ordering::Relaxed) }
    }

    pub(crate) fn read(&self, bytes: usize) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.read_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn change(&self, source: SourceKind, change: impl FnOnce(&mut Traffic)) {
        change(self.by_source.lock().unwrap_or_else(PoisonError::into_inner).entry(source).or_default());
    }

    /// Counts a request that is being sent.
    pub(crate) fn sent(self: &Arc<Self>, source: SourceKind, method: &'static str, calls: usize) -> Sent {
        self.change(source, |traffic| {
            traffic.requests += 1;
            *traffic.calls.entry(method).or_default() += calls as u64;
        });
        Sent { meter: Arc::clone(self), source, depth: self.round_trips() + 1 }
    }

    pub(crate) fn retried(&self, source: SourceKind) {
        self.change(source, |traffic| traffic.retries += 1);
    }
}

/// A request under way.
pub(crate) struct Sent {
    meter: Arc<Meter>,
    source: SourceKind,
    depth: u64,
}

impl Sent {
    pub(crate) fn answered(self, bytes: usize) {
        self.meter.depth.fetch_max(self.depth, Ordering::AcqRel);
        self.meter.change(self.source, |traffic| traffic.bytes += bytes as u64);
    }
}
