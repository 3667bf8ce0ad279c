//! What the nodes remember so that they needn't go through the chain for every call.

use crate::chain::{Devnet, L1Block, L2Block, State, Tries};
use alloy_consensus::{Header, Sealed};
use alloy_primitives::{
    B256, Bytes, keccak256,
    map::{B256Map, B256Set},
};
use std::{collections::VecDeque, sync::Arc};

/// How many states' tries are kept: a host asks about one state many times, and about few at a time.
const STATES: usize = 64;
/// The same for L1, whose states hold thousands of slots.
const L1_STATES: usize = 4;

/// Both chains' places, and what was computed of states.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) l1: Places,
    pub(super) l2: Places,
    pub(super) states: States,
}

impl Memory {
    /// Catches up with the chain.
    pub(super) fn catch_up(&mut self, devnet: &Devnet) {
        self.l1.catch_up(devnet.l1());
        self.l2.catch_up(devnet.l2());
    }
}

/// Where the blocks and transactions of a chain are, by hash.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The hashes of the blocks that are known.
    hashes: Vec<B256>,
    blocks: B256Map<usize>,
    transactions: B256Map<(usize, usize)>,
}

/// A block of either chain as far as places go.
trait Placed {
    fn header(&self) -> &Sealed<Header>;
    fn transaction_hashes(&self) -> impl Iterator<Item = B256>;
}

impl Placed for L1Block {
    fn header(&self) -> &Sealed<Header> {
        &self.header
    }

    fn transaction_hashes(&self) -> impl Iterator<Item = B256> {
        self.transactions.iter().map(|transaction| *transaction.tx_hash())
    }
}

impl Placed for L2Block {
    fn header(&self) -> &Sealed<Header> {
        &self.header
    }

    fn transaction_hashes(&self) -> impl Iterator<Item = B256> {
        self.transactions.iter().map(keccak256)
    }
}

impl Places {
    fn catch_up<B: Placed>(&mut self, blocks: &[B]) {
        // Whoever lets the chain grow may also put another in its place.
        let newest = self.hashes.len().checked_sub(1);
        if newest
            .is_some_and(|newest| blocks.get(newest).map(|block| block.header().hash()) != self.hashes.last().copied())
        {
            *self = Self::default();
        }
        for (number, block) in blocks.iter().enumerate().skip(self.hashes.len()) {
            let hash = block.header().hash();
            self.hashes.push(hash);
            self.blocks.insert(hash, number);
            let hashes = block.transaction_hashes().enumerate();
            self.transactions.extend(hashes.map(|(index, hash)| (hash, (number, index))));
        }
    }

    /// The number of a block.
    pub(super) fn block(&self, hash: &B256) -> Option<usize> {
        self.blocks.get(hash).copied()
    }

    /// A transaction's block and its index there.
    pub(super) fn transaction(&self, hash: &B256) -> Option<(usize, usize)> {
        self.transactions.get(hash).copied()
    }
}

/// Tries of states, and nodes and codes by their hashes.
#[derive(Debug, Default)]
pub(super) struct States {
    tries: VecDeque<(B256, Arc<Tries>)>,
    /// States of L1 by root, with their tries.
    l1: VecDeque<(B256, Arc<(State, Tries)>)>,
    /// Roots of the states whose nodes and codes are in `preimages`.
    known: B256Set,
    preimages: B256Map<Bytes>,
}

impl States {
    /// The tries of a block's state.
    pub(super) fn tries(&mut self, block: &L2Block) -> Arc<Tries> {
        let root = block.header.state_root;
        if let Some((_, tries)) = self.tries.iter().find(|(known, _)| *known == root) {
            return Arc::clone(tries);
        }
        let tries = Arc::new(block.state.tries());
        self.tries.truncate(STATES - 1);
        self.tries.push_front((root, Arc::clone(&tries)));
        tries
    }

    /// The state after an L1 block, if L1 has any, with its tries.
    pub(super) fn l1(&mut self, devnet: &Devnet, number: usize) -> Option<Arc<(State, Tries)>> {
        let root = devnet.l1()[number].header.state_root;
        if let Some((_, opened)) = self.l1.iter().find(|(known, _)| *known == root) {
            return Some(Arc::clone(opened));
        }
        let state = devnet.l1_state(number as u64)?;
        let tries = state.tries();
        let opened = Arc::new((state, tries));
        self.l1.truncate(L1_STATES - 1);
        self.l1.push_front((root, Arc::clone(&opened)));
        Some(opened)
    }

    /// The node or code with this hash, of any block's state.
    pub(super) fn preimage(&mut self, blocks: &[L2Block], hash: &B256) -> Option<Bytes> {
        // Who reads a state begins at its root, so that in practice no other state has to be searched.
        let by_root = blocks.iter().filter(|block| block.header.state_root == *hash);
        for block in by_root.chain(blocks.iter().rev()) {
            if self.preimages.contains_key(hash) {
                break;
            }
            if !self.known.contains(&block.header.state_root) {
                self.learn(block);
            }
        }
        self.preimages.get(hash).cloned()
    }

    fn learn(&mut self, block: &L2Block) {
        let codes = block.state.accounts.values().map(|account| &account.code);
        let tries = block.state.tries();
        self.preimages.extend(tries.nodes().chain(codes).map(|value| (keccak256(value), value.clone())));
        self.known.insert(block.header.state_root);
    }
}
