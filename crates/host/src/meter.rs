//! What was asked of the sources: calls, bytes, round trips in sequence, the slowest calls; and what of it the program has
//! read.

use crate::{Count, lock, rpc::SourceKind};
use std::{
    collections::BTreeMap,
    ops::AddAssign,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Counts what goes to the sources and comes back. Shared by all endpoints of a run.
#[derive(Debug, Default)]
pub struct Meter {
    asked: Mutex<Asked>,
    /// Round trips in sequence, as far as answered.
    depth: AtomicU64,
    reads: AtomicU64,
    read_bytes: AtomicU64,
}

#[derive(Debug, Default)]
struct Asked {
    by_method: BTreeMap<(SourceKind, &'static str), Traffic>,
    /// The slowest first.
    slowest: Vec<SlowCall>,
}

/// What one source was asked, or one method of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// HTTP requests.
    pub requests: u64,
    /// Calls; a batch has many.
    pub calls: u64,
    /// Bytes of answers, unpacked.
    pub bytes: u64,
    /// Requests that had to be repeated.
    pub retries: u64,
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.calls += other.calls;
        self.bytes += other.bytes;
        self.retries += other.retries;
    }
}

/// A call, or a batch of them, that took long: from its first request to the answer, whatever went wrong in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowCall {
    /// The source.
    pub source: SourceKind,
    /// The method.
    pub method: &'static str,
    /// Calls in it.
    pub calls: u64,
    /// When its first request was sent.
    pub sent: Instant,
    /// How long it took.
    pub took: Duration,
    /// Bytes of the answer, unpacked; none where it was given up without one.
    pub bytes: Option<u64>,
    /// How often it was repeated.
    pub retries: u64,
}

impl Meter {
    /// Slow calls that are kept: what looks at the slowest needs no more, and a long run must not fill the memory.
    pub const SLOWEST: usize = 20;

    /// What was asked so far, by source.
    pub fn traffic(&self) -> BTreeMap<SourceKind, Traffic> {
        let mut by_source = BTreeMap::<_, Traffic>::new();
        for ((source, _), traffic) in self.by_method() {
            *by_source.entry(source).or_default() += traffic;
        }
        by_source
    }

    /// What was asked so far, by source and method.
    pub fn by_method(&self) -> BTreeMap<(SourceKind, &'static str), Traffic> {
        self.asked().by_method.clone()
    }

    /// The calls that took longest so far, the slowest first; those not that are still under way.
    pub fn slowest(&self) -> Vec<SlowCall> {
        self.asked().slowest.clone()
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

    fn asked(&self) -> MutexGuard<'_, Asked> {
        lock(&self.asked)
    }

    fn change(&self, source: SourceKind, method: &'static str, change: impl FnOnce(&mut Traffic)) {
        change(self.asked().by_method.entry((source, method)).or_default());
    }

    /// A call, or a batch of them, of which nothing is sent yet.
    pub(crate) fn call(self: &Arc<Self>, source: SourceKind, method: &'static str) -> Call {
        Call { meter: Arc::clone(self), source, method, calls: 0, sent: None, depth: 0, answer: None, troubles: 0 }
    }

    fn took(&self, call: SlowCall) {
        let slowest = &mut self.asked().slowest;
        let place = slowest.partition_point(|other| other.took >= call.took);
        if place < Self::SLOWEST {
            slowest.truncate(Self::SLOWEST - 1);
            slowest.insert(place, call);
        }
    }
}

/// A call under way, or a batch of them, until it is answered or given up.
#[derive(Debug)]
pub(crate) struct Call {
    meter: Arc<Meter>,
    source: SourceKind,
    method: &'static str,
    calls: u64,
    sent: Option<Instant>,
    depth: u64,
    /// How large the last request's answer was, and when it was there: to read it is no longer the node's time.
    answer: Option<(u64, Instant)>,
    troubles: u32,
}

impl Call {
    /// Counts a request that is being sent, with so many calls.
    pub(crate) fn sent(&mut self, calls: usize) {
        self.calls = calls as u64;
        self.sent.get_or_insert_with(Instant::now);
        self.depth = self.meter.round_trips() + 1;
        self.answer = None;
        self.meter.change(self.source, self.method, |traffic| {
            traffic.requests += 1;
            traffic.calls += calls as u64;
        });
    }

    /// Counts a request's answer.
    pub(crate) fn answered(&mut self, bytes: usize) {
        self.meter.depth.fetch_max(self.depth, Ordering::AcqRel);
        self.answer = Some((bytes as u64, Instant::now()));
        self.meter.change(self.source, self.method, |traffic| traffic.bytes += bytes as u64);
    }

    /// Counts trouble; how much there was by now.
    pub(crate) fn troubled(&mut self) -> u32 {
        self.troubles += 1;
        self.meter.change(self.source, self.method, |traffic| traffic.retries += 1);
        self.troubles
    }
}

impl Drop for Call {
    /// However it ends, also one that nobody waits for any more.
    fn drop(&mut self) {
        let Some(sent) = self.sent else { return };
        let &mut Self { source, method, calls, .. } = self;
        let (bytes, end) = self.answer.map_or((None, Instant::now()), |(bytes, end)| (Some(bytes), end));
        let (took, retries) = (end - sent, self.troubles.into());
        self.meter.took(SlowCall { source, method, calls, sent, took, bytes, retries });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(took: u64) -> SlowCall {
        let (source, sent, took) = (SourceKind::L1, Instant::now(), Duration::from_millis(took));
        SlowCall { source, method: "eth_call", calls: 1, sent, took, bytes: None, retries: 0 }
    }

    #[test]
    fn the_slowest_calls_are_kept_and_no_others() {
        let meter = Meter::default();
        (0..50).map(|number| number * 37 % 50).for_each(|took| meter.took(call(took)));
        let kept: Vec<_> = meter.slowest().into_iter().map(|call| call.took.as_millis()).collect();
        assert_eq!(kept, (30..50).rev().collect::<Vec<_>>());
    }

    #[test]
    fn call_is_one_whatever_went_wrong_on_the_way() {
        let meter = Arc::new(Meter::default());
        let mut call = meter.call(SourceKind::L2, "eth_getProof");
        call.sent(3);
        assert_eq!(call.troubled(), 1);
        call.sent(3);
        call.answered(70);
        assert_eq!(meter.slowest(), [], "it is under way");
        drop(call);
        let slowest = meter.slowest();
        assert_eq!(slowest.len(), 1);
        assert_eq!((slowest[0].calls, slowest[0].bytes, slowest[0].retries), (3, Some(70), 1));
        let traffic = Traffic { requests: 2, calls: 6, bytes: 70, retries: 1 };
        assert_eq!(meter.traffic(), BTreeMap::from([(SourceKind::L2, traffic)]));
        assert_eq!(meter.by_method(), BTreeMap::from([((SourceKind::L2, "eth_getProof"), traffic)]));
    }

    #[test]
    fn call_that_is_given_up_is_told_and_one_never_sent_is_not() {
        let meter = Arc::new(Meter::default());
        drop(meter.call(SourceKind::L1, "eth_call"));
        assert_eq!(meter.slowest(), []);
        let mut call = meter.call(SourceKind::Beacon, "blobs");
        call.sent(1);
        call.answered(9);
        call.sent(1);
        drop(call);
        assert_eq!(meter.slowest()[0].bytes, None);
    }
}
