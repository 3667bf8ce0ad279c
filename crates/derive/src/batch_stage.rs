//! From Holocene on, batches in strict order (rules D95, D96; spec: Holocene, «Batch queue»).

use crate::{
    Halted, L2Block, Mismatch, Need, Reason, Subject,
    batch_queue::check_epoch,
    empty_batch::next_empty_batch,
    event::Events,
    open_span::OpenSpan,
    origins::Origins,
    pull::{At, Pause, Pull},
    singular_validity::{Judge, Validity},
    span_validity::{SpanCheck, Verdict},
    upstream::Upstream,
};
use alloc::vec::Vec;
use kohala_protocol::{Batch, L2BlockInfo, SingularBatch, SpanBatch};

/// Nothing waits here but the rest of one span: a batch is the next one or it is lost.
#[derive(Debug, Default)]
pub(crate) struct BatchStage {
    span: Option<OpenSpan>,
    /// A span whose judgement waits for L2 blocks.
    judging: Option<(SpanBatch, SpanCheck)>,
}

impl BatchStage {
    /// The next block's batch on top of `parent`. The block is safe as soon as it is built.
    pub(crate) fn next_batch(
        &mut self,
        at: &mut At<'_>,
        origins: &mut Origins,
        upstream: &mut Upstream,
        parent: &L2BlockInfo,
    ) -> Pull<SingularBatch> {
        origins.advance_to(&parent.l1_origin);
        if at.origin.number <= parent.l1_origin.number {
            return Pull::Pause(upstream.skip_batches(at));
        }
        if let Err(halted) = check_window(origins, parent) {
            return Pull::Pause(Pause::Halt(halted));
        }
        let candidate = match self.candidate(at, origins, upstream, parent) {
            Pull::Item(batch) => batch,
            Pull::Pause(Pause::End) => {
                let empty = next_empty_batch(at, origins, true, parent);
                return empty.map_or(Pull::Pause(Pause::End), Pull::Item);
            }
            Pull::Pause(pause) => return Pull::Pause(pause),
        };
        let judge = Judge { config: at.config, origins, safe_head: parent, inclusion: at.origin };
        let validity = judge.singular(&candidate);
        if validity == Validity::Accept {
            return Pull::Item(candidate);
        }
        self.refuse(validity, candidate.timestamp, upstream, at.events)
    }

    /// The batch to judge next: of the open span, or from below.
    fn candidate(
        &mut self,
        at: &mut At<'_>,
        origins: &Origins,
        upstream: &mut Upstream,
        parent: &L2BlockInfo,
    ) -> Pull<SingularBatch> {
        if let Some(batch) = OpenSpan::pop_from(&mut self.span, at, origins, parent) {
            return Pull::Item(batch);
        }
        let (span, mut check) = match self.judging.take() {
            Some(judging) => judging,
            None => match upstream.next_batch(at) {
                Pull::Item(Batch::Span(span)) => (span, SpanCheck::default()),
                Pull::Item(Batch::Singular(batch)) => return Pull::Item(batch),
                Pull::Pause(pause) => return Pull::Pause(pause),
            },
        };
        let judge = Judge { config: at.config, origins, safe_head: parent, inclusion: at.origin };
        let timestamp = span.timestamp(0);
        match check.judge(&judge, &span) {
            Verdict::Need(numbers) => {
                self.judging = Some((span, check));
                return Pull::Pause(Pause::Need(Need::L2Blocks { numbers }));
            }
            Verdict::Decided(Validity::Accept) => {}
            Verdict::Decided(validity) => return self.refuse(validity, timestamp, upstream, at.events),
        }
        // The prefix rules don't look at every epoch, so a span can still turn out to be useless here (rules D93).
        match OpenSpan::begin(span, origins, parent) {
            Ok((batch, rest)) => {
                self.span = rest;
                Pull::Item(batch)
            }
            Err(reason) => self.refuse(Validity::Drop(reason), timestamp, upstream, at.events),
        }
    }

    /// What a batch that is not accepted costs: an invalid one its channel, a past or undecided one only itself.
    fn refuse<T>(
        &mut self,
        validity: Validity,
        timestamp: u64,
        upstream: &mut Upstream,
        events: &mut Events,
    ) -> Pull<T> {
        let (reason, flushes) = match validity {
            Validity::Drop(reason) => (reason, true),
            Validity::Past => (Reason::Past, false),
            Validity::Accept | Validity::Undecided | Validity::Future => (Reason::Undecided, false),
        };
        events.push(Subject::Batch { timestamp }, reason);
        if flushes {
            self.flush(upstream, events);
        }
        Pull::Pause(Pause::More)
    }

    /// An invalid batch or block takes the rest of its span and channel with it (rules D33).
    pub(crate) fn flush(&mut self, upstream: &mut Upstream, events: &mut Events) {
        if let Some(open) = self.span.take() {
            open.discard(Reason::Flushed, events);
        }
        upstream.flush_channel(events);
    }

    pub(crate) fn provide_l2_blocks(&mut self, blocks: Vec<L2Block>) -> Result<(), Mismatch> {
        let (_, check) = self.judging.as_mut().ok_or(Mismatch::NotAsked)?;
        check.provide(blocks)
    }
}

/// Beyond the safe head's origin, the epoch and an L1 block after it are known (rules D95).
fn check_window(origins: &Origins, parent: &L2BlockInfo) -> Result<(), Halted> {
    if origins.len() < 2 {
        let l1_block = origins.epoch().map_or(0, |epoch| epoch.header.number);
        return Err(Halted::OriginMismatch { safe_head: parent.l1_origin.number, l1_block });
    }
    check_epoch(origins, parent)
}
