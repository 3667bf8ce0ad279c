//! Before Holocene, batches in any order (rules D70 to D73; spec: derivation, «Batch queue»).

use crate::{
    Halted, L2Block, Mismatch, Need, Reason, Subject,
    empty_batch::next_empty_batch,
    event::Events,
    open_span::OpenSpan,
    origins::Origins,
    pull::{At, Pause, Pull},
    singular_validity::{Judge, Validity},
    span_validity::{SpanCheck, Verdict},
    upstream::Upstream,
};
use alloc::{collections::VecDeque, vec::Vec};
use alloy_primitives::B256;
use kohala_protocol::{Batch, BlockInfo, L2BlockInfo, RollupConfig, SingularBatch};

/// The next block's batch.
#[derive(Debug)]
pub(crate) struct NextBatch {
    pub(crate) batch: SingularBatch,
    /// True if the block is safe as soon as it is built; false if more blocks of the same span batch must be valid for
    /// that (rules D72).
    pub(crate) concludes: bool,
}

/// Batches that may be next, in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct BatchQueue {
    batches: VecDeque<Queued>,
    span: Option<OpenSpan>,
    round: Round,
    /// How far the queue was searched without a result, and on what grounds: while those hold, nothing before that
    /// place can have become valid. Without this, a channel of future batches costs the square of its length.
    searched: Option<(Grounds, usize)>,
}

/// What a batch's validity depends on beside the batch: the safe head's hash, the origin's and the epoch's number.
type Grounds = (B256, u64, u64);

#[derive(Debug)]
struct Queued {
    batch: Batch,
    /// The L1 block that completed its channel.
    inclusion: BlockInfo,
}

/// Where a pull stands: judging a span batch may have to wait for L2 blocks.
#[derive(Debug, Default)]
enum Round {
    /// The next batch is pulled from below.
    #[default]
    Load,
    /// It arrived, is the last one of the queue, and is judged for the first time.
    Arrived(SpanCheck),
    /// The queue is searched from `place` on.
    Search { place: usize, used_up: bool, check: SpanCheck },
}

impl Round {
    /// The queue is searched from its front; `used_up` says that the origin was read to its end.
    fn search(used_up: bool) -> Self {
        Self::Search { place: 0, used_up, check: SpanCheck::default() }
    }
}

impl BatchQueue {
    /// The next block's batch on top of `parent`.
    pub(crate) fn next_batch(
        &mut self,
        at: &mut At<'_>,
        origins: &mut Origins,
        upstream: &mut Upstream,
        parent: &L2BlockInfo,
    ) -> Pull<NextBatch> {
        loop {
            match core::mem::take(&mut self.round) {
                Round::Load => {
                    if let Some(batch) = OpenSpan::pop_from(&mut self.span, at, origins, parent) {
                        return Pull::Item(NextBatch { batch, concludes: self.span.is_none() });
                    }
                    origins.advance_to(&parent.l1_origin);
                    if at.origin.number < parent.l1_origin.number {
                        return Pull::Pause(upstream.skip_batches(at));
                    }
                    self.round = match upstream.next_batch(at) {
                        Pull::Item(batch) => {
                            self.batches.push_back(Queued { batch, inclusion: *at.origin });
                            Round::Arrived(SpanCheck::default())
                        }
                        Pull::Pause(Pause::End) => Round::search(true),
                        Pull::Pause(pause) => return Pull::Pause(pause),
                    };
                }
                Round::Arrived(mut check) => {
                    self.round = Round::search(false);
                    let Some(arrived) = self.batches.back() else { continue };
                    match arrived.judge(at.config, origins, parent, &mut check) {
                        Verdict::Need(numbers) => {
                            self.round = Round::Arrived(check);
                            return Pull::Pause(Pause::Need(Need::L2Blocks { numbers }));
                        }
                        Verdict::Decided(Validity::Drop(reason)) => {
                            arrived.discard(reason, at.events);
                            self.batches.pop_back();
                        }
                        Verdict::Decided(_) => {}
                    }
                }
                Round::Search { place, used_up, check } => {
                    return self.search(at, origins, parent, (place, used_up, check));
                }
            }
        }
    }

    /// Finds the first batch of the queue that is valid now, from where the round stands; if there is none, perhaps
    /// an empty one.
    fn search(
        &mut self,
        at: &mut At<'_>,
        origins: &mut Origins,
        parent: &L2BlockInfo,
        (mut place, used_up, mut check): (usize, bool, SpanCheck),
    ) -> Pull<NextBatch> {
        if let Err(halted) = check_epoch(origins, parent) {
            return Pull::Pause(Pause::Halt(halted));
        }
        let nothing = Pull::Pause(if used_up { Pause::End } else { Pause::More });
        let epoch = origins.epoch().map_or(0, |epoch| epoch.header.number);
        let grounds = (parent.block.hash, at.origin.number, epoch);
        if let Some((earlier, searched)) = self.searched.take()
            && earlier == grounds
        {
            place = place.max(searched);
        }
        while let Some(queued) = self.batches.get(place) {
            match queued.judge(at.config, origins, parent, &mut check) {
                Verdict::Need(numbers) => {
                    self.round = Round::Search { place, used_up, check };
                    return Pull::Pause(Pause::Need(Need::L2Blocks { numbers }));
                }
                Verdict::Decided(Validity::Accept) => {
                    let Some(queued) = self.batches.remove(place) else { break };
                    return self.begin(queued.batch, origins, parent, at.events);
                }
                Verdict::Decided(Validity::Undecided) => {
                    self.searched = Some((grounds, place));
                    return nothing;
                }
                Verdict::Decided(Validity::Drop(reason)) => {
                    queued.discard(reason, at.events);
                    self.batches.remove(place);
                }
                Verdict::Decided(Validity::Future | Validity::Past) => place += 1,
            }
            check = SpanCheck::default();
        }
        self.searched = Some((grounds, place));
        match next_empty_batch(at, origins, used_up, parent) {
            Some(batch) => Pull::Item(NextBatch { batch, concludes: true }),
            None => nothing,
        }
    }

    /// Serves the first block of a valid batch.
    fn begin(&mut self, batch: Batch, origins: &Origins, parent: &L2BlockInfo, events: &mut Events) -> Pull<NextBatch> {
        let span = match batch {
            Batch::Singular(batch) => return Pull::Item(NextBatch { batch, concludes: true }),
            Batch::Span(span) => span,
        };
        let timestamp = span.timestamp(0);
        match OpenSpan::begin(span, origins, parent) {
            Ok((batch, rest)) => {
                self.span = rest;
                Pull::Item(NextBatch { batch, concludes: self.span.is_none() })
            }
            // The span was judged block by block, so only a mistake of ours leads here; not using it is safe.
            Err(reason) => {
                events.push(Subject::Batch { timestamp }, reason);
                Pull::Pause(Pause::More)
            }
        }
    }

    /// The block of the batch served last was rejected: the rest of its span goes too (rules D101).
    pub(crate) fn discard_span(&mut self, events: &mut Events) {
        if let Some(open) = self.span.take() {
            open.discard(Reason::SpanInterrupted, events);
        }
    }

    /// Holocene begins: batches that wait are lost (rules D34).
    pub(crate) fn clear(&mut self, events: &mut Events) {
        for queued in self.batches.drain(..) {
            queued.discard(Reason::Holocene, events);
        }
    }

    pub(crate) fn provide_l2_blocks(&mut self, blocks: Vec<L2Block>) -> Result<(), Mismatch> {
        match &mut self.round {
            Round::Load => Err(Mismatch::NotAsked),
            Round::Arrived(check) | Round::Search { check, .. } => check.provide(blocks),
        }
    }
}

impl Queued {
    fn judge(
        &self,
        config: &RollupConfig,
        origins: &Origins,
        safe_head: &L2BlockInfo,
        check: &mut SpanCheck,
    ) -> Verdict {
        let judge = Judge { config, origins, safe_head, inclusion: &self.inclusion };
        match &self.batch {
            Batch::Singular(batch) => Verdict::Decided(judge.singular(batch)),
            Batch::Span(span) => check.judge(&judge, span),
        }
    }

    fn discard(&self, reason: Reason, events: &mut Events) {
        let timestamp = match &self.batch {
            Batch::Singular(batch) => batch.timestamp,
            Batch::Span(span) => span.timestamp(0),
        };
        events.push(Subject::Batch { timestamp }, reason);
    }
}

/// The epoch must be the safe head's origin, or the block after it once its own epoch was ended (rules D62, D95).
pub(crate) fn check_epoch(origins: &Origins, parent: &L2BlockInfo) -> Result<(), Halted> {
    let epoch = origins.epoch().map(|epoch| epoch.info().id());
    let fits = epoch.is_some_and(|epoch| epoch == parent.l1_origin || epoch.number == parent.l1_origin.number + 1);
    if fits {
        return Ok(());
    }
    let l1_block = epoch.map_or(0, |epoch| epoch.number);
    Err(Halted::OriginMismatch { safe_head: parent.l1_origin.number, l1_block })
}
