//! Figures about a run, for those who look into one.

use super::step::Event;
use serde::Serialize;

/// Where the code ends that cannon decodes when it starts: what is executed behind it counts as missed.
pub(super) const DECODED_END: u64 = 128 << 20;

/// Threads whose last reservation is remembered, the longest unused forgotten first.
const REMEMBERED: usize = 5;

/// Counts of what nothing of the state shows.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// The step of each thread's last reservation that was not yet followed by a store, oldest first.
    linked: Vec<(u64, u64)>,
    active: u64,
    /// The step in which thread 0's turn ended.
    thread_0_ended: u64,
    successes: u64,
    failures: u64,
    most_steps_between: u64,
    invalidations: u64,
    preemptions: u64,
    thread_0_idle: u64,
    missed: u64,
    highest_missed: u64,
}

/// What cannon writes with `--debug-info`, under the same names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are cannon's")]
pub struct DebugInfo {
    pub pages: u64,
    #[serde(serialize_with = "quantity")]
    pub memory_used: u64,
    pub num_preimage_requests: u64,
    pub total_preimage_size: u64,
    pub total_steps: u64,
    pub instruction_cache_miss_count: u64,
    #[serde(serialize_with = "quantity")]
    pub highest_icache_miss_pc: u64,
    pub rmw_success_count: u64,
    pub rmw_fail_count: u64,
    pub max_steps_between_ll_and_sc: u64,
    pub reservation_invalidation_count: u64,
    pub forced_preemption_count: u64,
    pub idle_step_count_thread_0: u64,
}

/// A number in hexadecimal digits behind `0x`.
fn quantity<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{number:#x}"))
}

impl Stats {
    pub(super) fn note(&mut self, step: u64, event: Event) {
        match event {
            Event::Fetched { pc } if pc >= DECODED_END => {
                self.missed += 1;
                self.highest_missed = self.highest_missed.max(pc);
            }
            Event::Fetched { .. } => {}
            Event::Linked { thread } => {
                self.take_linked(thread);
                if self.linked.len() == REMEMBERED {
                    self.linked.remove(0);
                }
                self.linked.push((thread, step));
            }
            Event::Conditional { thread, succeeded } => {
                *(if succeeded { &mut self.successes } else { &mut self.failures }) += 1;
                if let Some(linked) = self.take_linked(thread) {
                    self.most_steps_between = self.most_steps_between.max(step.wrapping_sub(linked));
                }
            }
            Event::Invalidated => self.invalidations += 1,
            Event::Preempted => self.preemptions += 1,
            Event::Activated { thread } => {
                match (self.active, thread) {
                    (0, 1..) => self.thread_0_ended = step,
                    (1.., 0) => self.thread_0_idle += step - self.thread_0_ended,
                    _ => {}
                }
                self.active = thread;
            }
        }
    }

    fn take_linked(&mut self, thread: u64) -> Option<u64> {
        let index = self.linked.iter().position(|(linked, _)| *linked == thread)?;
        Some(self.linked.remove(index).1)
    }

    /// Puts the counts into `info`.
    pub(super) const fn fill(&self, info: &mut DebugInfo) {
        info.instruction_cache_miss_count = self.missed;
        info.highest_icache_miss_pc = self.highest_missed;
        info.rmw_success_count = self.successes;
        info.rmw_fail_count = self.failures;
        info.max_steps_between_ll_and_sc = self.most_steps_between;
        info.reservation_invalidation_count = self.invalidations;
        info.forced_preemption_count = self.preemptions;
        info.idle_step_count_thread_0 = self.thread_0_idle;
    }
}
