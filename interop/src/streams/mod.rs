//! Streams: what a batcher might post on L1, right and wrong, made by chance from a seed.
//!
//! A [`Case`] is all that a derivation pipeline reads: the rollup's configuration, L1 blocks, blobs, and which L2 blocks are
//! refused. An honest batcher's stream is made first, in pieces, and some of the pieces are then spoilt: see [`Flaw`].
//! L2 blocks are not executed; their hashes are such that the generator knows them beforehand.
//!
//! Nothing here judges a stream: op-node's derivation does, through [`Derivation`].

mod batch;
mod blob;
mod channel;
mod derivation;
mod draft;
mod flaw;
mod post;
mod sequencer;
mod transaction;
mod world;

pub use derivation::{Answer, Derivation, Derived, End, upgrades};
pub use flaw::Flaw;

use crate::random::Random;
use alloy_primitives::{B256, Bytes};
use flaw::Flaws;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use world::World;

/// An L1 chain, and what becomes of the L2 blocks that it gives rise to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Case {
    /// Where it comes from: seed and number, or a name.
    pub name: String,
    /// What was spoilt.
    pub flaws: Vec<Flaw>,
    /// `rollup.json`.
    pub rollup: Value,
    /// Geth's configuration of L1.
    pub l1_config: Value,
    /// From the rollup's L1 genesis on; beyond the last one there is nothing.
    pub l1: Vec<L1Block>,
    /// By versioned hash, without the zeros at their ends.
    pub blobs: BTreeMap<B256, Bytes>,
    /// True if an L2 block's hash depends on its number alone: see [`Case::l2_hash`].
    pub hash_by_number: bool,
    /// Numbers of L2 blocks that are refused as invalid, once for each time that the number stands here.
    pub refused: Vec<u64>,
    /// Numbers of L2 blocks: as soon as one is safe, derivation begins anew on top of it.
    pub restarts: Vec<u64>,
}

/// An L1 block as a case holds it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct L1Block {
    /// RLP.
    pub header: Bytes,
    /// EIP-2718.
    pub transactions: Vec<Bytes>,
    /// EIP-2718.
    pub receipts: Vec<Bytes>,
}

impl Case {
    /// The case of this seed and number: always the same.
    pub fn random(seed: u64, number: u64) -> Self {
        let random = &mut Random::new(seed, number);
        let flaws = Flaws::random(random);
        let world = World::random(random, &flaws);
        let chain = sequencer::sequence(random, &world, &flaws);
        let drafts = draft::drafts(random, &world, &chain, &flaws);
        let mut inbox = post::post(random, &world, &chain, &drafts);
        let number_of = |random: &mut Random| world.l2_genesis + random.within(1, chain.len() as u64);
        let mut refused = Vec::new();
        let mut restarts = Vec::new();
        for flaw in flaws.all() {
            match flaw {
                Flaw::RefusedBlock => refused.push(number_of(random)),
                Flaw::RefusedTwice => refused.extend([number_of(random); 2]),
                Flaw::RefusedMany => refused.extend((0..5).map(|_| number_of(random))),
                Flaw::Restart => restarts.extend((0..3).map(|_| number_of(random))),
                _ => {}
            }
        }
        let l1 = world.l1.iter().enumerate().map(|(index, block)| L1Block {
            header: block.header.clone(),
            transactions: inbox.transactions.remove(&index).unwrap_or_default(),
            receipts: block.receipts.clone(),
        });
        Self {
            name: format!("seed {seed} case {number}"),
            flaws: flaws.all().to_vec(),
            rollup: world.rollup(),
            l1_config: world.l1_config(),
            l1: l1.collect(),
            blobs: inbox.blobs,
            hash_by_number: world.hash_by_number,
            refused,
            restarts,
        }
    }

    /// Hash of the L2 block with this number, parent, L1 origin and transactions from batches.
    pub fn l2_hash<'a>(
        &self,
        number: u64,
        parent: B256,
        origin: B256,
        transactions: impl IntoIterator<Item = &'a Bytes>,
    ) -> B256 {
        sequencer::block_hash(self.hash_by_number, number, parent, origin, transactions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_same_case_of_the_same_seed_and_another_of_another() {
        let json = |seed, number| serde_json::to_string(&Case::random(seed, number)).unwrap();
        assert_eq!(json(1, 5), json(1, 5));
        assert_ne!(json(1, 5), json(1, 6));
        assert_ne!(json(1, 5), json(2, 5));
    }

    #[test]
    fn a_case_outlasts_its_json() {
        let json = serde_json::to_value(Case::random(1, 5)).unwrap();
        let case: Case = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(case).unwrap(), json);
    }
}
