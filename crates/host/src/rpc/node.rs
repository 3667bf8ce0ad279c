//! One node behind an endpoint: how it is, and what it can bear.

use super::{Limits, label};
use crate::lock;
use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, atomic::AtomicUsize},
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};
use url::Url;

/// One URL and what is known of the node there.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) url: Url,
    pub(super) label: String,
    pub(super) permits: Semaphore,
    pub(super) batch: AtomicUsize,
    state: Mutex<State>,
}

/// What may change.
#[derive(Debug)]
pub(super) struct State {
    pub(super) unsupported: BTreeSet<&'static str>,
    /// Troubles without a success in between.
    pub(super) troubles: u32,
    /// Not to be asked before.
    pub(super) rests_until: Instant,
    /// When the next request may go, where there is a rate.
    pub(super) next: Instant,
}

impl Node {
    pub(super) fn new(url: Url, limits: &Limits) -> Self {
        let state =
            State { unsupported: BTreeSet::new(), troubles: 0, rests_until: Instant::now(), next: Instant::now() };
        Self {
            label: label(&url),
            url,
            permits: Semaphore::new(limits.concurrency.max(1)),
            batch: AtomicUsize::new(limits.batch.max(1)),
            state: Mutex::new(state),
        }
    }

    /// What is known of it now.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// It has answered.
    pub(super) fn recovered(&self) {
        self.state().troubles = 0;
    }

    /// Lets the node rest: twice as long each time, up to ten seconds, by chance a little more or less so that many
    /// hosts don't come back at once.
    pub(super) fn ails(&self, after: Option<Duration>) -> (u32, Duration) {
        let mut state = self.state();
        state.troubles += 1;
        let longest = Duration::from_millis(100 << state.troubles.min(7)).min(Duration::from_secs(10));
        let rest = after.unwrap_or_else(|| longest.mul_f64(0.5 + jitter() / 2.0)).min(Duration::from_secs(60));
        state.rests_until = state.rests_until.max(Instant::now() + rest);
        (state.troubles, rest)
    }
}

/// A number in 0..1 that differs from call to call and from process to process.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(()) >> 11) as f64 / (1u64 << 53) as f64
}
