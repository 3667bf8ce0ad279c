use crate::{
    blob,
    chain::{self, Posted, Poster},
    frames,
    pipeline_script::built,
    script::Script,
};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::Bytes;
use kohala_derive::{IndexedBlobHash, L1Block, L2Block, Pipeline, Source, next_attributes};
use kohala_protocol::{Attributes, BlockInfo, Deposit, Fork, RollupConfig, parse_frames};
use op_alloy_consensus::TxDeposit;
use std::{collections::BTreeMap, convert::Infallible, ops::RangeInclusive, sync::Arc};

/// A whole chain: a batcher that makes mistakes posts calldata and blobs, some blocks are rejected.
///
/// The attributes make a chain; whoever derives it again, with each datum's frames in data of their own before Holocene,
/// gets the same one; a block has the transactions that a batch named for its time, epoch and parent, or none; and
/// nothing is asked for more often than what was posted can explain.
pub fn pipeline_chain(input: &[u8]) {
    let world = World::new(&mut Script::new(input));
    let derived = derive(world.clone());
    let again = world.apart().unwrap_or(world);
    assert_eq!(derive(again), derived, "another chain");
}

/// Both chains.
#[derive(Clone)]
struct World {
    config: RollupConfig,
    l1: Vec<L1Block>,
    /// By number of the L1 block.
    blobs: BTreeMap<u64, Vec<Bytes>>,
    l2: BTreeMap<u64, L2Block>,
    /// One block in this many is rejected.
    strictness: u64,
    /// How many L2 blocks were posted in all.
    count: u64,
    posted: Option<Posted>,
    /// How often something was asked for.
    asked: u64,
}

impl World {
    fn new(script: &mut Script<'_>) -> Self {
        let fork = Fork::ALL[script.pick(Fork::ALL.len())];
        let activation = chain::GENESIS_TIME + (1 + script.pick(8) as u64) * chain::L1_BLOCK_TIME;
        let later = script.rarely(2).then(|| (Fork::ALL[script.pick(Fork::ALL.len())], activation));
        let config = chain::config(fork, later);
        let mut world = Self {
            l1: vec![chain::start(&config).origin],
            config,
            blobs: BTreeMap::new(),
            l2: BTreeMap::new(),
            strictness: 2 + u64::from(script.byte()),
            count: 0,
            posted: None,
            asked: 0,
        };
        let mut poster = Poster::new();
        while !script.is_empty() && world.l1.len() < 40 {
            world.push(&mut poster, script);
        }
        // The sequencing window ends for some of it.
        for _ in 0..script.pick(2) * 15 {
            world.push(&mut poster, &mut Script::new(&[]));
        }
        (world.count, world.posted) = (poster.count, poster.posted);
        world
    }

    fn push(&mut self, poster: &mut Poster, script: &mut Script<'_>) {
        let number = self.l1.len() as u64;
        let mut transactions = Vec::new();
        for _ in 0..script.pick(3) {
            let data = poster.post(script);
            // Blobs are large, and their transactions signed: one block has them at most.
            let fits = (1..=3).contains(&data.len()) && self.blobs.is_empty();
            if fits && self.config.is_active(Fork::Ecotone, chain::l1_header(number).timestamp) && script.rarely(64) {
                transactions.push(chain::blob_carrier(data.len()));
                self.blobs.entry(number).or_default().extend(data.iter().map(|datum| blob::encode(datum).into()));
            } else {
                transactions.extend(data.iter().map(|datum| chain::carrier(datum)));
            }
        }
        self.l1.push(L1Block { header: chain::l1_header(number), transactions, receipts: None, senders: None });
    }

    /// Before Holocene it makes no difference which frames share a datum.
    fn apart(&self) -> Option<Self> {
        let last = self.l1.last()?.header.timestamp;
        if self.config.is_active(Fork::Holocene, last) || !self.blobs.is_empty() {
            return None;
        }
        let mut apart = self.clone();
        for block in &mut apart.l1 {
            let transactions = block.transactions.iter().flat_map(|transaction| {
                let datum = Deposit::decode(transaction).expect("a carrier").data;
                match parse_frames(&datum) {
                    Ok(all) => all.into_iter().map(|frame| chain::carrier(&frames::encode(&[frame]))).collect(),
                    Err(_) => vec![transaction.clone()],
                }
            });
            block.transactions = transactions.collect();
        }
        Some(apart)
    }
}

/// Derives to the end of L1 or to where derivation halts.
fn derive(mut world: World) -> Vec<Attributes> {
    let start = chain::start(&world.config);
    let mut pipeline = Pipeline::new(Arc::new(world.config.clone()), Arc::new(chain::l1_config()), start);
    let mut derived = Vec::new();
    let mut rejected = 0;
    while let Ok(Some(mut attributes)) = next_attributes(&mut pipeline, &mut world) {
        check(&attributes, &pipeline, &world.config);
        let transactions = &attributes.transactions[attributes.deposits..];
        let reads = !transactions.is_empty();
        if let Some(posted) = &world.posted {
            let (epoch, list) = (attributes.l1_origin.number, transactions.to_vec());
            let said = posted.get(&attributes.timestamp);
            let is_posted = said.is_some_and(|said| {
                [Some(attributes.parent.hash), None].iter().any(|parent| said.contains(&(*parent, epoch, list.clone())))
            });
            assert!(!reads || is_posted, "nobody posted {attributes:?}");
        }
        if reads && (attributes.number() + rejected).is_multiple_of(world.strictness) {
            rejected += 1;
            match pipeline.reject() {
                Some(deposits_only) => attributes = deposits_only,
                None => continue,
            }
        }
        let safe_head = built(&attributes);
        let transactions = attributes.transactions.clone();
        world.l2.insert(attributes.number(), L2Block { info: safe_head.info, transactions });
        pipeline.accept(safe_head);
        derived.push(attributes);
    }
    let (l1, l2) = (world.l1.len() as u64, derived.len() as u64);
    assert!(rejected <= world.count, "{rejected} blocks rejected of {} posted", world.count);
    // Each L1 block, its blobs; for each span that overlaps, the soundings and the blocks in sixteens.
    assert!(world.asked <= 2 * (l1 + 1) + (world.count + 1) * (12 + l2 / 16), "asked {} times", world.asked);
    derived
}

/// What holds of any attributes.
fn check(attributes: &Attributes, pipeline: &Pipeline, config: &RollupConfig) {
    let parent = pipeline.pending_safe_head().info;
    assert_eq!(attributes.parent, parent.block.id());
    assert_eq!(attributes.timestamp, parent.block.timestamp + config.block_time);
    let epoch = attributes.l1_origin.number;
    assert_eq!(attributes.l1_origin, chain::l1_id(epoch));
    let sequence_number = if epoch == parent.l1_origin.number { parent.sequence_number + 1 } else { 0 };
    assert!(epoch - parent.l1_origin.number <= 1 && epoch <= pipeline.origin().number);
    assert_eq!(attributes.sequence_number, sequence_number);
    assert!(attributes.timestamp >= chain::l1_header(epoch).timestamp, "older than its origin");

    let (deposits, others) = attributes.transactions.split_at(attributes.deposits);
    assert!(deposits.iter().all(|deposit| TxDeposit::decode_2718_exact(deposit).is_ok()));
    assert!(others.iter().all(|transaction| transaction.first().is_some_and(|kind| *kind != Deposit::TYPE)));
    assert!(pipeline.safe_head().info.block.number <= parent.block.number);
}

impl Source for World {
    type Error = Infallible;

    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, Infallible> {
        self.asked += 1;
        Ok(self.l1.get(number as usize).cloned())
    }

    fn blobs(&mut self, block: &BlockInfo, _: &[IndexedBlobHash]) -> Result<Vec<Bytes>, Infallible> {
        self.asked += 1;
        Ok(self.blobs[&block.number].clone())
    }

    fn l2_blocks(&mut self, numbers: RangeInclusive<u64>) -> Result<Vec<L2Block>, Infallible> {
        self.asked += 1;
        let genesis = || L2Block { info: chain::l2_block(0), transactions: Vec::new() };
        Ok(numbers.map(|number| self.l2.get(&number).cloned().unwrap_or_else(genesis)).collect())
    }
}
