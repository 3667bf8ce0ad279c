//! An accepted span batch, served block by block (rules D72, D92).

use crate::{Reason, Subject, event::Events, origins::Origins, pull::At};
use kohala_protocol::{L2BlockInfo, SingularBatch, SpanBatch};

/// The blocks of a span batch that are not safe yet. Their transactions are put together when it is their turn.
#[derive(Debug)]
pub(crate) struct OpenSpan {
    span: SpanBatch,
    next: usize,
}

impl OpenSpan {
    /// Opens the span at its first block after `parent`, if the epochs of all of those are known and not over (rules
    /// D93). Before Holocene the span's validity implies that they are.
    fn open(span: SpanBatch, origins: &Origins, parent: &L2BlockInfo) -> Result<Self, Reason> {
        let is_new = |index: &usize| span.timestamp(*index) > parent.block.timestamp;
        for index in (0..span.len()).filter(is_new) {
            let epoch = span.origin_number(index);
            if epoch < parent.l1_origin.number {
                return Err(Reason::EpochTooOld);
            }
            if origins.get(epoch).is_none() {
                return Err(Reason::EpochUnknown);
            }
        }
        let next = (0..span.len()).find(is_new).unwrap_or(span.len());
        Ok(Self { span, next })
    }

    /// Opens the span and takes its first block; what is left of it, if anything.
    pub(crate) fn begin(
        span: SpanBatch,
        origins: &Origins,
        parent: &L2BlockInfo,
    ) -> Result<(SingularBatch, Option<Self>), Reason> {
        let mut open = Self::open(span, origins, parent)?;
        let batch = open.pop(origins, parent).ok_or(Reason::EpochUnknown)?;
        Ok((batch, (!open.is_done()).then_some(open)))
    }

    /// Takes the block that follows `parent`. The span has vouched for its parent as a whole, so a block gets whatever
    /// parent it is put on.
    fn pop(&mut self, origins: &Origins, parent: &L2BlockInfo) -> Option<SingularBatch> {
        if self.is_done() {
            return None;
        }
        let batch = SingularBatch {
            parent_hash: parent.block.hash,
            epoch: origins.get(self.span.origin_number(self.next))?.info().id(),
            timestamp: self.span.timestamp(self.next),
            transactions: self.span.transactions(self.next).collect(),
        };
        self.next += 1;
        Some(batch)
    }

    /// True if no block is left.
    fn is_done(&self) -> bool {
        self.next >= self.span.len()
    }

    /// The next block of the span in `slot` if it is the block after `parent`; a span that is used up or interrupted
    /// is thrown away.
    pub(crate) fn pop_from(
        slot: &mut Option<Self>,
        at: &mut At<'_>,
        origins: &Origins,
        parent: &L2BlockInfo,
    ) -> Option<SingularBatch> {
        let open = slot.as_mut()?;
        if !open.is_done() && open.span.timestamp(open.next) != parent.block.timestamp + at.config.block_time {
            open.discard(Reason::SpanInterrupted, at.events);
            *slot = None;
            return None;
        }
        let batch = open.pop(origins, parent);
        if open.is_done() {
            *slot = None;
        }
        batch
    }

    /// Says that the rest of the span is dropped.
    pub(crate) fn discard(&self, reason: Reason, events: &mut Events) {
        if !self.is_done() {
            events.push(Subject::Batch { timestamp: self.span.timestamp(self.next) }, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Span, config, l2_block, origins};
    use kohala_protocol::{Batch, Fork, SpanContext};

    /// The judge of spans lets neither through; opening one doesn't rely on it (rules D93).
    #[test]
    fn opens_no_span_with_a_block_of_an_epoch_that_is_over_or_unknown() {
        let config = config(Fork::Holocene);
        let context = SpanContext {
            genesis_time: config.genesis.l2_time,
            block_time: config.block_time,
            chain_id: config.l2_chain_id,
        };
        // Blocks 7 to 13 belong to the epochs 1 and 2.
        let Ok(Batch::Span(span)) = Batch::decode(Span::of(7..=13, 1).item(), &context) else { panic!("a span") };
        let open = |first, last, parent| {
            OpenSpan::begin(span.clone(), &origins(first..=last), &l2_block(parent)).map(|(batch, _)| batch.timestamp)
        };
        assert_eq!(open(1, 2, 6), Ok(l2_block(7).block.timestamp));
        assert_eq!(open(1, 1, 6), Err(Reason::EpochUnknown));
        assert_eq!(open(2, 2, 6), Err(Reason::EpochUnknown));
        let parent = L2BlockInfo { l1_origin: l2_block(12).l1_origin, ..l2_block(10) };
        assert_eq!(OpenSpan::begin(span.clone(), &origins(1..=2), &parent).err(), Some(Reason::EpochTooOld));
        assert_eq!(open(2, 2, 12), Ok(l2_block(13).block.timestamp), "what is safe already isn't asked about");
        assert_eq!(open(2, 2, 13), Err(Reason::EpochUnknown), "nothing left");
    }
}
