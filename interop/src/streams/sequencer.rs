//! The L2 chain that a sequencer would make of L1, honest or nearly so.

use super::{
    flaw::{Flaw, Flaws},
    transaction::Transaction,
    world::{FORKS, L2_CHAIN_ID, World, l2_hash_by_number},
};
use crate::{Fork, random::Random};
use alloy_primitives::{B256, Bytes, keccak256};

/// No chain is longer: cases are many and should be small.
const MAX_BLOCKS: usize = 80;

/// An L2 block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) number: u64,
    pub(super) time: u64,
    pub(super) parent: B256,
    pub(super) hash: B256,
    /// Index of its L1 origin.
    pub(super) origin: usize,
    pub(super) transactions: Vec<Transaction>,
    /// The batcher posts it.
    pub(super) is_posted: bool,
}

/// The blocks from genesis on.
pub(super) fn sequence(random: &mut Random, world: &World, flaws: &Flaws) -> Vec<Block> {
    let genesis = Block {
        number: world.l2_genesis,
        time: world.l2_genesis_time,
        parent: B256::ZERO,
        hash: world.genesis_hash(),
        origin: 0,
        transactions: Vec::new(),
        is_posted: false,
    };
    let mut blocks = vec![genesis];
    let silence = flaws.has(Flaw::SilentBatcher).then(|| {
        let first = random.within(1, 20);
        first..first + random.within(1, 15)
    });
    let lags = [Flaw::BeyondDrift, Flaw::EmptyBeyondDrift, Flaw::OriginTooOld].iter().any(|flaw| flaws.has(*flaw));
    let lag_from = if lags { random.place(20) } else { usize::MAX };
    let skip_at = if flaws.has(Flaw::OriginSkipped) { random.within(2, 30) as usize } else { usize::MAX };
    let eagerness = random.pick(&[30, 70, 90, 100]);
    let busyness = random.pick(&[20, 50, 80, 100]);
    while blocks.len() < MAX_BLOCKS {
        let parent = &blocks[blocks.len() - 1];
        let time = parent.time + world.block_time;
        let is_silent = silence.as_ref().is_some_and(|silence| silence.contains(&(blocks.len() as u64)));
        let next = world.l1.get(parent.origin + 1);
        let tip = world.l1.iter().rposition(|l1| l1.time <= time).unwrap_or(0);
        let lag = (tip.saturating_sub(parent.origin)) as u64;
        let advances = next.is_some_and(|next| {
            if next.time > time {
                return flaws.has(Flaw::OriginTooNew) && random.percent(5);
            }
            let must = time > world.l1[parent.origin].time + world.drift_at(world.l1[parent.origin].time)
                || lag * 2 >= world.window
                || is_silent;
            // Nothing can be left out by who is up to date.
            let lags_to_skip = skip_at < usize::MAX && blocks.len() <= skip_at && blocks.len() + 9 > skip_at;
            let lags = lags_to_skip
                || blocks.len() > lag_from
                    && (lag <= world.window || !flaws.has(Flaw::OriginTooOld) || random.percent(5));
            !lags && (must || random.percent(eagerness))
        });
        let skips = skip_at == blocks.len() && world.l1.get(parent.origin + 2).is_some_and(|l1| l1.time <= time);
        let origin = parent.origin + if skips { 2 } else { usize::from(advances) };
        if origin + 2 > world.l1.len() {
            break;
        }
        let transactions = if is_silent || !is_busy(random, world, flaws, time, origin, busyness) {
            Vec::new()
        } else {
            let count = random.within(1, 3);
            (0..count).map(|_| transaction(random, world, time)).collect()
        };
        let mut block = Block {
            number: parent.number + 1,
            time,
            parent: parent.hash,
            hash: B256::ZERO,
            origin,
            transactions,
            is_posted: !is_silent,
        };
        let encoded = block.transactions.iter().map(|transaction| &transaction.encoded);
        let origin_hash = world.l1[origin].hash;
        block.hash = block_hash(world.hash_by_number, block.number, block.parent, origin_hash, encoded);
        blocks.push(block);
    }
    blocks
}

/// True if the block may have transactions, or has some nevertheless.
fn is_busy(random: &mut Random, world: &World, flaws: &Flaws, time: u64, origin: usize, busyness: u64) -> bool {
    let origin_time = world.l1[origin].time;
    if FORKS.iter().any(|fork| *fork >= Fork::Jovian && world.is_activation(*fork, time)) {
        return flaws.has(Flaw::NonEmptyAtActivation);
    }
    if time > origin_time + world.drift_at(origin_time) {
        return flaws.has(Flaw::BeyondDrift);
    }
    random.percent(busyness)
}

pub(super) fn transaction(random: &mut Random, world: &World, time: u64) -> Transaction {
    let kinds: &[u8] = if world.is_active(Fork::Isthmus, time) { &[0, 1, 2, 4] } else { &[0, 1, 2] };
    let kind = random.pick(kinds);
    Transaction::random(random, kind, L2_CHAIN_ID)
}

/// The block's name: it covers what a batch says of a block, and no more.
pub(super) fn block_hash<'a>(
    by_number: bool,
    number: u64,
    parent: B256,
    origin: B256,
    transactions: impl IntoIterator<Item = &'a Bytes>,
) -> B256 {
    if by_number {
        return l2_hash_by_number(number);
    }
    let mut named = [&b"L2"[..], &number.to_be_bytes()].concat();
    named.extend(parent);
    named.extend(origin);
    transactions.into_iter().for_each(|transaction| named.extend(keccak256(transaction)));
    keccak256(named)
}
