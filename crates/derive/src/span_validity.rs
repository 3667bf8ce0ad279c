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

/// How far below the safe head the safe chain is sounded first, on the way to a span's parent.
const FIRST_SOUNDING: u64 = 256;

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
                } else {
                    match self.parent(judge, span, number) {
                        Ok(parent) => parent,
                        Err(verdict) => return verdict,
                    }
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

    /// The span's parent, the safe block at `number`.
    ///
    /// A few bytes can claim to begin millions of blocks back, and who provides the parent may have to walk there block
    /// by block. So the safe chain is sounded on the way, at distances that double: where a block is of an epoch that the
    /// span can't follow on, so are all before it, and the span is dropped whatever its parent is. As the span's first
    /// epoch lies within the sequencing window, that bounds the walk.
    fn parent(&mut self, judge: &Judge<'_>, span: &SpanBatch, number: u64) -> Result<L2BlockInfo, Verdict> {
        let safe_head = judge.safe_head.block.number;
        let distance = match self.provided.pop() {
            None => FIRST_SOUNDING,
            Some(block) if block.info.block.number == number => return Ok(block.info),
            Some(block) if span.origin_number(0) > block.info.l1_origin.number + 1 => {
                return Err(Verdict::Decided(Validity::Drop(Reason::EpochTooNew)));
            }
            Some(block) => 2 * (safe_head - block.info.block.number),
        };
        let sounding = number.max(safe_head.saturating_sub(distance));
        Err(self.ask(sounding..=sounding))
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
        let parent = parent.filter(|number| *number >= self.config.genesis.l2.number).ok_or(Validity::Undecided)?;
        // op-node looks at the parent first. Either way the span is dropped, and this way nothing is read for it.
        if self.is_window_expired(span.origin_number(0)) {
            return Err(Validity::Drop(Reason::WindowExpired));
        }
        Ok(parent)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        origins::Origins,
        testing::{Span, config, l1_header, l1_id, l2_block, l2_hash, l2_transaction, origins},
    };
    use alloc::vec;
    use alloy_primitives::Bytes;
    use kohala_protocol::{Batch, RollupConfig, SpanContext};

    /// Blocks 12 and 13 are the first of epoch 2; block 11 is safe, L1 is read up to block 3.
    struct Case {
        config: RollupConfig,
        origins: Origins,
        safe_head: L2BlockInfo,
        inclusion: u64,
        span: Span,
        check: SpanCheck,
    }

    impl Case {
        fn new(fork: Fork) -> Self {
            Self {
                config: config(fork),
                origins: origins(1..=3),
                safe_head: l2_block(11),
                inclusion: 3,
                span: Span::of(12..=13, 1),
                check: SpanCheck::default(),
            }
        }

        /// A span of these blocks.
        fn of(fork: Fork, numbers: RangeInclusive<u64>) -> Self {
            Self { span: Span::of(numbers, 1), ..Self::new(fork) }
        }

        fn judge(&mut self) -> Verdict {
            let context = SpanContext { genesis_time: 1000, block_time: 2, chain_id: 901 };
            let Ok(Batch::Span(span)) = Batch::decode(self.span.item(), &context) else { panic!("no span") };
            let inclusion = &l1_header(self.inclusion).info();
            let Self { config, origins, safe_head, check, .. } = self;
            check.judge(&Judge { config, origins, safe_head, inclusion }, &span)
        }

        /// Provides safe blocks whose batches had one transaction each.
        fn provide(&mut self, numbers: RangeInclusive<u64>) {
            self.check.provide(numbers.map(safe_block).collect()).unwrap();
        }
    }

    fn safe_block(number: u64) -> L2Block {
        let transactions = vec![Bytes::from_static(&[0x7E, 1]), Bytes::from_static(&[0x7E, 2]), l2_transaction(0)];
        L2Block { info: l2_block(number), transactions }
    }

    const ACCEPT: Verdict = Verdict::Decided(Validity::Accept);

    fn dropped(reason: Reason) -> Verdict {
        Verdict::Decided(Validity::Drop(reason))
    }

    #[test]
    fn accepts_spans_that_begin_with_the_next_block() {
        for fork in [Fork::Delta, Fork::Granite, Fork::Holocene, Fork::Jovian] {
            assert_eq!(Case::new(fork).judge(), ACCEPT, "{fork:?}");
            assert_eq!(Case::of(fork, 12..=20).judge(), ACCEPT, "{fork:?}");
        }
    }

    #[test]
    fn drops_spans_before_delta_by_the_time_of_their_first_epoch() {
        let mut case = Case::new(Fork::Granite);
        case.config.forks.set(Fork::Delta, Some(l1_header(2).timestamp));
        assert_eq!(case.judge(), ACCEPT);
        case.config.forks.set(Fork::Delta, Some(l1_header(2).timestamp + 1));
        assert_eq!(case.judge(), dropped(Reason::SpanBeforeDelta));
    }

    #[test]
    fn judges_the_spans_time_like_a_batchs() {
        for (fork, span, expected) in [
            (Fork::Granite, 13..=14, Verdict::Decided(Validity::Future)),
            (Fork::Holocene, 13..=14, dropped(Reason::Future)),
            (Fork::Granite, 8..=11, dropped(Reason::Past)),
            (Fork::Holocene, 8..=11, Verdict::Decided(Validity::Past)),
        ] {
            assert_eq!(Case::of(fork, span).judge(), expected);
        }
        for before in [1, 3] {
            let mut case = Case::of(Fork::Granite, 12..=16);
            case.span.timestamp -= before;
            assert_eq!(case.judge(), dropped(Reason::Misaligned));
        }
    }

    #[test]
    fn drops_spans_that_do_not_fit_the_chain() {
        type Change = fn(&mut Case);
        let cases: [(Change, Reason); 5] = [
            (|case| case.span.parent = l2_hash(10), Reason::ParentHash),
            (|case| case.inclusion = 103, Reason::WindowExpired),
            (|case| (case.span.last_origin, case.span.blocks[0].0) = (l1_id(3), true), Reason::EpochTooNew),
            (|case| case.span.last_origin.hash = l1_id(1).hash, Reason::EpochHash),
            (|case| (case.safe_head.l1_origin, case.span.blocks[0].0) = (l1_id(3), false), Reason::EpochTooOld),
        ];
        for fork in [Fork::Granite, Fork::Holocene] {
            for (change, reason) in &cases {
                let mut case = Case::new(fork);
                change(&mut case);
                assert_eq!(case.judge(), dropped(reason.clone()), "{fork:?}");
            }
        }
    }

    #[test]
    fn is_undecided_until_the_last_epoch_is_known() {
        let mut case = Case::of(Fork::Granite, 12..=25);
        assert_eq!(case.judge(), Verdict::Decided(Validity::Undecided));
        case.origins = origins(1..=4);
        assert_eq!(case.judge(), ACCEPT);
        case.origins = origins(1..=1);
        assert_eq!(case.judge(), Verdict::Decided(Validity::Undecided));
    }

    #[test]
    fn judges_each_block_at_once_only_before_holocene() {
        for (fork, expected) in [(Fork::Granite, dropped(Reason::OlderThanEpoch)), (Fork::Holocene, ACCEPT)] {
            let mut case = Case::of(fork, 12..=17);
            // The last block begins epoch 3 a block too early.
            case.span.blocks[5].0 = true;
            case.span.last_origin = l1_id(3);
            assert_eq!(case.judge(), expected);
        }
    }

    #[test]
    fn drops_spans_beyond_the_sequencer_drift() {
        let ahead = |fork, transactions: u64| {
            let mut case = Case::new(fork);
            case.safe_head.block.timestamp = l1_header(1).timestamp + 598;
            case.span = Span {
                timestamp: case.safe_head.block.timestamp + 2,
                last_origin: l1_id(1),
                blocks: vec![(false, vec![]), (false, (0..transactions).collect())],
                ..Span::of(12..=12, 0)
            };
            case
        };
        assert_eq!(ahead(Fork::Ecotone, 1).judge(), dropped(Reason::SequencerDrift));
        assert_eq!(ahead(Fork::Fjord, 1).judge(), ACCEPT);
        assert_eq!(ahead(Fork::Ecotone, 0).judge(), dropped(Reason::SequencerDrift), "epoch 2 could be adopted");
        let mut no_next_epoch = ahead(Fork::Ecotone, 0);
        no_next_epoch.origins = origins(1..=1);
        assert_eq!(no_next_epoch.judge(), Verdict::Decided(Validity::Undecided));
        let mut begins_epoch = ahead(Fork::Ecotone, 0);
        begins_epoch.span.blocks[1].0 = true;
        begins_epoch.span.last_origin = l1_id(2);
        assert_eq!(begins_epoch.judge(), ACCEPT);
    }

    #[test]
    fn compares_the_overlap_with_the_safe_chain() {
        for fork in [Fork::Granite, Fork::Holocene] {
            let mut case = Case::of(fork, 8..=13);
            assert_eq!(case.judge(), Verdict::Need(7..=7));
            case.provide(7..=7);
            assert_eq!(case.judge(), Verdict::Need(8..=11));
            case.provide(8..=11);
            assert_eq!(case.judge(), ACCEPT);
        }
    }

    #[test]
    fn reads_a_long_overlap_in_pieces() {
        let mut case = Case::of(Fork::Holocene, 1..=42);
        (case.safe_head, case.origins, case.inclusion) = (l2_block(40), origins(6..=9), 9);
        assert_eq!(case.judge(), Verdict::Need(0..=0));
        case.provide(0..=0);
        for numbers in [1..=16, 17..=32, 33..=40] {
            assert_eq!(case.judge(), Verdict::Need(numbers.clone()));
            case.provide(numbers);
        }
        assert_eq!(case.judge(), ACCEPT);
    }

    #[test]
    fn sounds_the_safe_chain_on_the_way_to_a_parent_far_back() {
        let case = |first| {
            let mut case = Case::of(Fork::Holocene, first..=1502);
            (case.safe_head, case.origins, case.inclusion) = (l2_block(1500), origins(250..=253), 253);
            case
        };
        let mut honest = case(960);
        for number in [1244, 988, 959] {
            assert_eq!(honest.judge(), Verdict::Need(number..=number));
            honest.provide(number..=number);
        }
        assert_eq!(honest.judge(), Verdict::Need(960..=975));

        // All blocks are said to be of the safe head's epoch.
        let mut deep = case(2);
        deep.span.blocks.iter_mut().for_each(|block| block.0 = false);
        deep.span.last_origin = l1_id(250);
        assert_eq!(deep.judge(), Verdict::Need(1244..=1244));
        deep.provide(1244..=1244);
        assert_eq!(deep.judge(), dropped(Reason::EpochTooNew));

        // The first epoch is as far back as the first block.
        assert_eq!(case(2).judge(), dropped(Reason::WindowExpired));
    }

    #[test]
    fn drops_spans_that_contradict_a_safe_block() {
        type Change = fn(&mut L2Block);
        let cases: [(Change, bool); 5] = [
            (|_| (), true),
            (|block| block.transactions.push(l2_transaction(1)), false),
            (|block| drop(block.transactions.pop()), false),
            (|block| block.transactions[2] = l2_transaction(1), false),
            (|block| block.info.l1_origin = l1_id(0), false),
        ];
        for fork in [Fork::Granite, Fork::Holocene] {
            for (change, fits) in &cases {
                let mut case = Case::of(fork, 11..=13);
                case.judge();
                case.provide(10..=10);
                assert_eq!(case.judge(), Verdict::Need(11..=11));
                let mut block = safe_block(11);
                change(&mut block);
                case.check.provide(vec![block]).unwrap();
                assert_eq!(case.judge(), if *fits { ACCEPT } else { dropped(Reason::Overlap) });
            }
        }
    }

    #[test]
    fn drops_an_overlap_with_another_parent() {
        let mut case = Case::of(Fork::Holocene, 8..=13);
        case.span.parent = l2_hash(6);
        case.judge();
        case.provide(7..=7);
        assert_eq!(case.judge(), dropped(Reason::ParentHash));
    }

    #[test]
    fn spans_from_genesis_on_stay_undecided() {
        let mut case = Case::of(Fork::Granite, 1..=12);
        case.span.timestamp -= 2;
        case.span.blocks.push((false, vec![]));
        assert_eq!(case.judge(), Verdict::Decided(Validity::Undecided));
        case.config.genesis.l2.number = 5;
        let mut from_genesis = Case::of(Fork::Granite, 5..=12);
        from_genesis.config.genesis.l2.number = 5;
        assert_eq!(from_genesis.judge(), Verdict::Decided(Validity::Undecided));
    }

    #[test]
    fn refuses_other_blocks_than_those_asked_for() {
        let mut case = Case::of(Fork::Holocene, 8..=13);
        assert_eq!(case.check.provide(vec![]), Err(Mismatch::NotAsked));
        case.judge();
        assert_eq!(case.check.provide(vec![safe_block(8)]), Err(Mismatch::L2Blocks));
        assert_eq!(case.check.provide(vec![]), Err(Mismatch::L2Blocks));
        case.provide(7..=7);
        case.judge();
        let mut blocks: Vec<_> = (8..=11).map(safe_block).collect();
        blocks[2].info.block.parent_hash = l2_hash(0);
        assert_eq!(case.check.provide(blocks), Err(Mismatch::L2Blocks));
        assert_eq!(case.judge(), Verdict::Need(8..=11));
    }
}
