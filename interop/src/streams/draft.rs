//! Channels before they are encoded: which batches each holds, and what is wrong with those.

use super::{
    batch::{Batch, Damage, Singular, Span, SpanBlock, part},
    flaw::{Flaw, Flaws},
    sequencer::{self, Block},
    transaction::Transaction,
    world::{L2_CHAIN_ID, World},
};
use crate::{Fork, random::Random};
use alloy_primitives::{B256, Bytes};
use std::ops::Range;

/// What a channel will be made of.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) batches: Vec<Batch>,
    /// Its blocks, as places in the chain.
    pub(super) blocks: Range<usize>,
    /// What is wrong with it.
    pub(super) flaws: Vec<Flaw>,
}

/// The chain in channels.
pub(super) fn drafts(random: &mut Random, world: &World, chain: &[Block], flaws: &Flaws) -> Vec<Draft> {
    let largest = random.pick(&[1, 4, 8, 15]);
    let spans = random.pick(&[0, 50, 100, 100]);
    let mut drafts = Vec::new();
    let mut first = 1;
    while first < chain.len() {
        let mut last = first;
        let size = random.within(1, largest) as usize;
        // All of it must get to L1 within the window of its first block.
        let fits = |block: &Block| 2 * (block.origin - chain[first].origin) < world.window as usize;
        let skips = |place: usize| chain[place].origin > chain[place - 1].origin + 1;
        while last < chain.len() && last - first < size && chain[last].is_posted && fits(&chain[last]) {
            if last > first && skips(last) {
                break;
            }
            last += 1;
        }
        if last > first {
            let batches = batches(random, world, chain, first..last, spans, flaws);
            drafts.push(Draft { batches, blocks: first..last, flaws: Vec::new() });
        }
        first = last.max(first + usize::from(!chain[first].is_posted));
    }
    let same = random.percent(30);
    let mut place = random.place(drafts.len());
    for flaw in flaws.all() {
        if !same {
            place = random.place(drafts.len()).min(random.place(drafts.len()));
        }
        if let Some(draft) = drafts.get_mut(place) {
            draft.flaws.push(*flaw);
        }
    }
    drafts.iter_mut().for_each(|draft| draft.spoil(random, world, chain));
    drafts
}

/// The batches of these blocks, some of them in spans.
fn batches(
    random: &mut Random,
    world: &World,
    chain: &[Block],
    blocks: Range<usize>,
    spans: u64,
    flaws: &Flaws,
) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut first = blocks.start;
    while first < blocks.end {
        let may_span =
            world.is_active(Fork::Delta, world.l1[chain[first].origin].time) || flaws.has(Flaw::SpanBeforeDelta);
        if may_span && random.percent(spans) {
            let last = random.within(first as u64 + 1, blocks.end as u64) as usize;
            batches.push(Batch::Span(span(world, chain, first..last)));
            first = last;
        } else {
            batches.push(Batch::Singular(singular(world, &chain[first])));
            first += 1;
        }
    }
    batches
}

fn singular(world: &World, block: &Block) -> Singular {
    let origin = &world.l1[block.origin];
    Singular {
        parent: block.parent,
        epoch: (origin.number, origin.hash),
        timestamp: block.time,
        transactions: block.transactions.iter().map(|transaction| transaction.encoded.clone()).collect(),
    }
}

fn span(world: &World, chain: &[Block], blocks: Range<usize>) -> Span {
    let first = &chain[blocks.start];
    let last = &world.l1[chain[blocks.end - 1].origin];
    let block = |place: usize| SpanBlock {
        begins_epoch: chain[place].origin != chain[place - 1].origin,
        transactions: chain[place].transactions.clone(),
    };
    Span {
        relative_time: first.time - world.l2_genesis_time,
        last_epoch: last.number,
        parent_check: check(&first.parent),
        epoch_check: check(&last.hash),
        blocks: blocks.map(block).collect(),
        damage: Vec::new(),
    }
}

/// The part of a hash that a span batch holds.
fn check(hash: &B256) -> [u8; 20] {
    std::array::from_fn(|index| hash[index])
}

impl Draft {
    fn spoil(&mut self, random: &mut Random, world: &World, chain: &[Block]) {
        for flaw in self.flaws.clone() {
            match flaw {
                Flaw::BatchRepeated
                | Flaw::BatchesSwapped
                | Flaw::BatchLost
                | Flaw::BatchesReversed
                | Flaw::OverlapEqual
                | Flaw::OverlapDiffers
                | Flaw::OverlapAll
                | Flaw::OverlapOtherEpoch
                | Flaw::SpanOfEpochs => self.spoil_order(random, world, chain, flaw),
                Flaw::ItemUnknownType | Flaw::ItemMalformed => self.spoil_item(random, flaw),
                _ => {
                    let place = random.place(self.batches.len());
                    match self.batches.get_mut(place) {
                        Some(Batch::Singular(batch)) => batch.spoil(random, world, flaw),
                        Some(Batch::Span(span)) => span.spoil(random, world, chain, flaw),
                        _ => {}
                    }
                }
            }
        }
    }

    fn spoil_item(&mut self, random: &mut Random, flaw: Flaw) {
        let place = random.place(self.batches.len());
        let Some(batch) = self.batches.get_mut(place) else { return };
        let mut item = batch.encode();
        if item.is_empty() {
            return;
        }
        match flaw {
            Flaw::ItemUnknownType => item[0] = random.pick(&[2, 3, 0x7F, 0x80, 0xFF]),
            _ if random.percent(40) => item.truncate(random.place(item.len())),
            _ if random.percent(40) => item.extend(random.array::<2>()),
            _ => {
                let place = random.place(item.len().min(90));
                item[place] = random.next() as u8;
            }
        }
        *batch = Batch::Raw(item);
    }

    /// What concerns more than one batch.
    fn spoil_order(&mut self, random: &mut Random, world: &World, chain: &[Block], flaw: Flaw) {
        let count = self.batches.len();
        if count == 0 {
            return;
        }
        let (one, other) = (random.place(count), random.place(count));
        match flaw {
            Flaw::BatchRepeated => self.batches.insert(other, self.batches[one].clone()),
            Flaw::BatchesSwapped => self.batches.swap(one, other),
            Flaw::BatchesReversed => self.batches.reverse(),
            Flaw::BatchLost => {
                self.batches.remove(one);
            }
            Flaw::OverlapAll => {
                let first = self.blocks.start.saturating_sub(random.within(1, 9) as usize).max(1);
                let last = random.within(first as u64 + 1, self.blocks.start.max(first + 1) as u64) as usize;
                self.batches.insert(one, Batch::Span(span(world, chain, first..last)));
            }
            Flaw::SpanOfEpochs => {
                let mut span = span(world, chain, self.blocks.clone());
                span.blocks.iter_mut().for_each(|block| block.begins_epoch = true);
                self.batches = vec![Batch::Span(span)];
            }
            _ => {
                let first = self.blocks.start.saturating_sub(random.within(1, 20) as usize).max(1);
                let mut span = span(world, chain, first..self.blocks.end);
                let overlap = self.blocks.start - first;
                let block = &mut span.blocks[random.place(overlap)];
                match flaw {
                    Flaw::OverlapOtherEpoch => block.begins_epoch ^= true,
                    Flaw::OverlapDiffers if block.transactions.is_empty() || random.percent(50) => {
                        block.transactions.push(sequencer::transaction(random, world, chain[first].time));
                    }
                    Flaw::OverlapDiffers => {
                        block.transactions.pop();
                    }
                    _ => {}
                }
                self.batches = vec![Batch::Span(span)];
            }
        }
    }
}

impl Singular {
    fn spoil(&mut self, random: &mut Random, world: &World, flaw: Flaw) {
        let steps = world.block_time * random.within(1, 4);
        match flaw {
            Flaw::ParentHash => self.parent[31] ^= 1,
            Flaw::EpochHash => self.epoch.1[31] ^= 1,
            Flaw::EpochBack => self.move_epoch(world, -1),
            Flaw::EpochAhead => self.move_epoch(world, random.pick(&[1, 1, 2, 7])),
            Flaw::TimeAhead => self.timestamp = self.timestamp.wrapping_add(steps),
            Flaw::TimeBack => self.timestamp = self.timestamp.wrapping_sub(steps),
            Flaw::TimeMisaligned => self.timestamp = self.timestamp.wrapping_add(1),
            Flaw::TimeHuge => self.timestamp = random.pick(&[0, 1, u64::MAX, u64::MAX - 1, 1 << 63]),
            _ => {
                if let Some(transaction) = strange_transaction(random, flaw) {
                    let place = random.place(self.transactions.len() + 1);
                    self.transactions.insert(place, transaction);
                }
            }
        }
    }

    fn move_epoch(&mut self, world: &World, by: i64) {
        let number = self.epoch.0.wrapping_add_signed(by);
        let known = world.l1.iter().find(|l1| l1.number == number);
        self.epoch = (number, known.map_or(B256::ZERO, |l1| l1.hash));
    }
}

/// A transaction that a singular batch shouldn't hold.
fn strange_transaction(random: &mut Random, flaw: Flaw) -> Option<Bytes> {
    let length = random.within(1, 20) as usize;
    let mut transaction = random.bytes(length);
    match flaw {
        Flaw::EmptyTransaction => transaction.clear(),
        Flaw::DepositTransaction => transaction[0] = 0x7E,
        Flaw::SetCodeTransaction => return Some(Transaction::random(random, 4, L2_CHAIN_ID).encoded),
        Flaw::PostExecTransaction => transaction[0] = 0x7D,
        Flaw::GarbageTransaction => transaction[0] = random.pick(&[0, 3, 5, 0x7F, 0x80, 0xC0, 0xFF]),
        _ => return None,
    }
    Some(transaction.into())
}

impl Span {
    fn spoil(&mut self, random: &mut Random, world: &World, chain: &[Block], flaw: Flaw) {
        let steps = world.block_time * random.within(1, 4);
        let some_block = random.place(self.blocks.len());
        let (place, byte) = (random.place(1000), random.next() as u8);
        let numbers = [part::TIME, part::EPOCH, part::BLOCK_COUNT, part::TRANSACTION_COUNTS, part::NONCES, part::GAS];
        let lists = [part::ORIGIN_BITS, part::CREATION_BITS, part::PARITY_BITS, part::PROTECTED_BITS];
        match flaw {
            Flaw::ParentHash => self.parent_check[19] ^= 1,
            Flaw::EpochHash => self.epoch_check[19] ^= 1,
            Flaw::EpochBack => self.move_epoch(world, -1, random.percent(70)),
            Flaw::EpochAhead => self.move_epoch(world, random.pick(&[1, 1, 2, 7]), random.percent(70)),
            Flaw::TimeAhead => self.relative_time = self.relative_time.wrapping_add(steps),
            Flaw::TimeBack => self.relative_time = self.relative_time.saturating_sub(steps),
            // Later it would be in the future, on whatever block's time.
            Flaw::TimeMisaligned => self.relative_time = self.relative_time.saturating_sub(1),
            Flaw::TimeHuge => {
                let time = random.pick(&[0, 1, u64::MAX, u64::MAX - world.l2_genesis_time, 1 << 63]);
                self.relative_time = time;
            }
            Flaw::OriginBit => {
                if let Some(block) = self.blocks.get_mut(some_block) {
                    block.begins_epoch ^= true;
                }
            }
            Flaw::BitsBeyondEnd => {
                let mask = random.pick(&[0x80, 0xC0, 0xF0, 0xFF]);
                self.damage.push(Damage::Bits { part: random.pick(&lists), mask });
            }
            Flaw::NumberNotMinimal => {
                let longer = random.pick(&[1, 1, 2, 8, 9, 10]);
                self.damage.push(Damage::NotMinimal { part: random.pick(&numbers), longer });
            }
            Flaw::CountWrong => {
                let count = self.blocks.len() as u64;
                let wrong = [0, 1, count + 1, count + 9, 10_000_000, 10_000_001, 1 << 32, 1 << 63, u64::MAX];
                let part = random.pick(&[part::BLOCK_COUNT, part::TRANSACTION_COUNTS]);
                self.damage.push(Damage::Number { part, number: random.pick(&wrong) });
            }
            Flaw::PartCut => self.damage.push(Damage::Cut { part: place, bytes: random.within(1, 3) as usize }),
            Flaw::PartByte => {
                let part = random.pick(&[place, part::REST, part::REST]);
                self.damage.push(Damage::Byte { part, place: random.place(50), byte });
            }
            Flaw::SpanEndsEarly => self.damage.push(Damage::End { part: place }),
            Flaw::SpanGoesOn => self.damage.push(Damage::More(random.array::<3>().to_vec())),
            Flaw::CreationBit => {
                self.damage.push(Damage::Bits { part: part::CREATION_BITS, mask: 1 << random.below(3) })
            }
            Flaw::SpanOfNothing => self.blocks.clear(),
            _ => self.spoil_transaction(random, world, chain, flaw, some_block),
        }
    }

    fn spoil_transaction(&mut self, random: &mut Random, world: &World, chain: &[Block], flaw: Flaw, place: usize) {
        let mut transaction = sequencer::transaction(random, world, chain[0].time);
        match flaw {
            Flaw::SetCodeTransaction => transaction = Transaction::random(random, 4, L2_CHAIN_ID),
            Flaw::EmptyTransaction => transaction.rest = Vec::new(),
            Flaw::DepositTransaction => transaction.rest = vec![0x7E, 0xC0],
            Flaw::PostExecTransaction => {
                transaction.rest =
                    random.pick(&[&[0x7D, 0xC0][..], &[0x7D, 0xC2, 0x80, 0x80], &[0x7D, 0xC1, 0x80]]).to_vec()
            }
            Flaw::GarbageTransaction => {
                let kind = random.pick(&[0, 1, 2, 3, 4, 5, 0x7F]);
                transaction.rest =
                    [&[kind][..], random.pick(&[&[0xC0][..], &[0xC3, 0x80, 0x80, 0x80], &[0x80]])].concat();
            }
            _ => return,
        }
        if let Some(block) = self.blocks.get_mut(place) {
            block.transactions.push(transaction);
        }
    }

    /// Another epoch at the end, with a check that fits or not.
    fn move_epoch(&mut self, world: &World, by: i64, fits: bool) {
        self.last_epoch = self.last_epoch.wrapping_add_signed(by);
        if let Some(l1) = world.l1.iter().find(|l1| l1.number == self.last_epoch && fits) {
            self.epoch_check = check(&l1.hash);
        }
    }
}
