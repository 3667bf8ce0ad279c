//! Whether a span batch continues the safe chain (rules D90 to D92, Z05; spec: Delta, «Span batch», Holocene, «Batch
//! queue»).

use crate::{
    L2Block, Mismatch, Reason,
    origins::Origin,
    singular_validity::{Judge, Validity},
};
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use kohala_protocol::{Deposit, Fork, L2BlockInfo, SpanBatch};

/// How many L2 blocks are asked for at once to compare an overlap: an overlap may be as long as the chain.
pub(crate) const OVERLAP_AT_ONCE: u64 = 16;

/// One judgement of a span batch. Where the span overlaps the safe chain it needs safe L2 blocks, so it can stop for
/// them and go on when they are provided.
#[derive(Debug, Default)]
pub(crate) struct SpanCheck {
    /// Set when all but the overlap is judged.
    overlap: Option<Overlap>,
    /// What was asked for and is not provided yet.
    asked: Option<RangeInclusive<u64>>,
    provided: Vec<L2Block>,
}

#[derive(Debug)]
struct Overlap {
    /// Number of the span's first block.
    first: u64,
    /// Number of the next safe block to compare with.
    next: u64,
}

/// How far a judgement came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Decided(Validity),
    /// It goes on with these blocks of the safe chain.
    Need(RangeInclusive<u64>),
}

impl SpanCheck {
    /// Judges `span`: the prefix rules, then before Holocene each of its blocks, then its overlap with the safe chain.
    /// From Holocene on the blocks are judged when it is their turn.
    pub(crate) fn judge(&mut self, judge: &Judge<'_>, span: &SpanBatch) -> Verdict {
        let overlap = match self.overlap.take() {
            Some(overlap) => overlap,
            None => {
                let number = match judge.parent_number(span) {
                    Ok(number) => number,
                    Err(validity) => return Verdict::Decided(validity),
                };
                let parent = if number == judge.safe_head.block.number {
                    *judge.safe_head
                } else if let Some(block) = self.provided.pop() {
                    block.info
                } else {
                    return self.ask(number..=number);
                };
                let validity = judge.span(span, &parent);
                if validity != Validity::Accept {
                    return Verdict::Decided(validity);
                }
                Overlap { first: number + 1, next: number + 1 }
            }
        };
        self.judge_overlap(judge, span, overlap)
    }

    /// Compares the blocks of the span that are safe already with the safe chain.
    fn judge_overlap(&mut self, judge: &Judge<'_>, span: &SpanBatch, mut overlap: Overlap) -> Verdict {
        let safe_head = judge.safe_head.block.number;
        while overlap.next <= safe_head {
            if self.provided.is_empty() {
                let last = safe_head.min(overlap.next + OVERLAP_AT_ONCE - 1);
                let numbers = overlap.next..=last;
                self.overlap = Some(overlap);
                return self.ask(numbers);
            }
            for block in core::mem::take(&mut self.provided) {
                let index = usize::try_from(overlap.next - overlap.first).ok();
                if !index.is_some_and(|index| is_same_block(span, index, &block)) {
                    return Verdict::Decided(Validity::Drop(Reason::Overlap));
                }
                overlap.next += 1;
            }
        }
        Verdict::Decided(Validity::Accept)
    }

    fn ask(&mut self, numbers: RangeInclusive<u64>) -> Verdict {
        self.asked = Some(numbers.clone());
        Verdict::Need(numbers)
    }

    /// Takes the blocks that were asked for.
    pub(crate) fn provide(&mut self, blocks: Vec<L2Block>) -> Result<(), Mismatch> {
        let Some(numbers) = self.asked.clone() else { return Err(Mismatch::NotAsked) };
        if !numbers.clone().eq(blocks.iter().map(|block| block.info.block.number)) {
            return Err(Mismatch::L2Blocks);
        }
        let is_chain = blocks.windows(2).all(|pair| pair[1].info.block.parent_hash == pair[0].info.block.hash);
        if !is_chain {
            return Err(Mismatch::L2Blocks);
        }
        self.asked = None;
        self.provided = blocks;
        Ok(())
    }
}

impl Judge<'_> {
    /// The first prefix rules, up to the number of the span's parent: the safe head or, where the span overlaps the
    /// safe chain, a block before it.
    fn parent_number(&self, span: &SpanBatch) -> Result<u64, Validity> {
        let epoch = self.origins.epoch().ok_or(Validity::Undecided)?;
        let mut origin = epoch;
        if span.origin_number(0) == epoch.header.number + 1 {
            origin = self.origins.next_epoch().ok_or(Validity::Undecided)?;
        }
        if !self.config.is_active(Fork::Delta, origin.header.timestamp) {
            return Err(Validity::Drop(Reason::SpanBeforeDelta));
        }
        let (first, last) = (span.timestamp(0), span.timestamp(span.len() - 1));
        if first > self.next_timestamp() {
            return Err(self.future());
        }
        if last < self.next_timestamp() {
            return Err(self.past());
        }
        if first == self.next_timestamp() {
            return Ok(self.safe_head.block.number);
        }
        let Some(overlap) = self.safe_head.block.timestamp.checked_sub(first) else {
            return Err(Validity::Drop(Reason::Misaligned));
        };
        if overlap % self.config.block_time != 0 {
            return Err(Validity::Drop(Reason::Misaligned));
        }
        // A span that begins at or before genesis has no parent that op-node could load: it stays undecided.
        let parent = self.safe_head.block.number.checked_sub(overlap / self.config.block_time + 1);
        parent.filter(|number| *number >= self.config.genesis.l2.number).ok_or(Validity::Undecided)
    }

    /// The rules that need the span's parent.
    fn span(&self, span: &SpanBatch, parent: &L2BlockInfo) -> Validity {
        if parent.block.hash[..20] != span.parent_check()[..] {
            return Validity::Drop(Reason::ParentHash);
        }
        let start_epoch = span.origin_number(0);
        if self.is_window_expired(start_epoch) {
            return Validity::Drop(Reason::WindowExpired);
        }
        if start_epoch > parent.l1_origin.number + 1 {
            return Validity::Drop(Reason::EpochTooNew);
        }
        match self.origins.get(span.origin_number(span.len() - 1)) {
            None => return Validity::Undecided,
            Some(end) if end.header.hash[..20] != span.l1_origin_check()[..] => {
                return Validity::Drop(Reason::EpochHash);
            }
            Some(_) => {}
        }
        if start_epoch < parent.l1_origin.number {
            return Validity::Drop(Reason::EpochTooOld);
        }
        if self.is_holocene() {
            return Validity::Accept;
        }
        (0..span.len())
            .filter(|index| span.timestamp(*index) > self.safe_head.block.timestamp)
            .map(|index| self.span_block(span, index, parent))
            .find(|validity| *validity != Validity::Accept)
            .unwrap_or(Validity::Accept)
    }

    /// Judges one new block of a span before Holocene (rules D91).
    fn span_block(&self, span: &SpanBatch, index: usize, parent: &L2BlockInfo) -> Validity {
        let (timestamp, epoch) = (span.timestamp(index), span.origin_number(index));
        if epoch < self.safe_head.l1_origin.number {
            return Validity::Drop(Reason::EpochTooOld);
        }
        let Some(origin) = self.origins.get(epoch).map(Origin::info) else {
            return Validity::Drop(Reason::EpochUnknown);
        };
        if timestamp < origin.timestamp {
            return Validity::Drop(Reason::OlderThanEpoch);
        }
        let previous_epoch = match index.checked_sub(1) {
            Some(previous) => span.origin_number(previous),
            None => parent.l1_origin.number,
        };
        let transactions = span.transactions(index);
        match self.drift(timestamp, transactions.len() == 0, &origin, epoch > previous_epoch) {
            Validity::Accept => self.transactions(timestamp, transactions),
            validity => validity,
        }
    }
}

/// True if block `index` of the span says what the safe block is: transactions but for the derived ones, and origin.
fn is_same_block(span: &SpanBatch, index: usize, block: &L2Block) -> bool {
    let deposits = block.transactions.iter().filter(|transaction| transaction.first() == Some(&Deposit::TYPE)).count();
    index < span.len()
        && block.transactions[deposits..].iter().cloned().eq(span.transactions(index))
        && block.info.l1_origin.number == span.origin_number(index)
}
