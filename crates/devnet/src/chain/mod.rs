//! The chain's making: a script of steps in, blocks of L1 and L2 out.

pub mod batcher;
mod config;
mod dump;
mod fork;
mod genesis;
mod l1;
mod l1_script;
mod l1_state;
mod l2;
mod leaves;
mod signer;
mod state;
mod system_config;
mod tries;

pub use batcher::{
    Batch, Batches, Carrier, Channel, Compression, Frame, OpenChannel, Posting, Singular, Span, SpanTransactions, datum,
};
pub use config::{BATCH_INBOX, Config, DEPOSIT_CONTRACT, SYSTEM_CONFIG};
pub use fork::{Fork, L1Fork, Schedule, bpo};
pub use genesis::{L1_BLOCK, MESSAGE_PASSER, RICH, SET_SLOT};
pub use l1::{Blob, Deposit, L1Block, L1Log, L1Transaction};
pub use l1_script::{L1Call, L1Kind, L1Script};
pub use l2::L2Block;
pub use signer::Signer;
pub use state::{Account, Prestate, State, Touched};
pub use system_config::{ConfigUpdate, SystemConfig};
pub use tries::Tries;

use alloy_primitives::{B256, Bytes};
use l1_state::L1State;
use std::{collections::BTreeMap, ops::RangeInclusive};

/// Number of the key that posts batches until the system config names another.
pub const BATCHER: u32 = 100;

/// Number of the key that deposits on L1 and owns the contracts there.
pub const USER: u32 = 101;

/// A chain in the making: L1 and the L2 that hangs on it.
#[derive(Clone, Debug)]
pub struct Devnet {
    config: Config,
    l1: Vec<L1Block>,
    l2: Vec<L2Block>,
    l2_hashes: Vec<B256>,
    l1_nonces: BTreeMap<u32, u64>,
    /// After the newest block, if there is one.
    l1_state: Option<L1State>,
}

/// What a dispute is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Hash of the newest L1 block.
    pub l1_head: B256,
    /// The output root that is agreed on.
    pub agreed_output_root: B256,
    /// The output root that is claimed.
    pub claimed_output_root: B256,
    /// The number of the L2 block that it is claimed for.
    pub claimed_block_number: u64,
}

/// Which L1 origin the sequencer gives a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The next one as soon as that L1 block is there and not in the L2 block's future, else the parent's.
    Next,
    /// The parent's.
    Stay,
    /// The one after the parent's, whenever it comes.
    Advance,
}

impl Devnet {
    /// A chain with nothing but its genesis blocks.
    pub fn new(config: Config) -> Self {
        let batcher = Signer::new(&config, BATCHER, config.l1_chain_id).address();
        let l1_state = config.l1_history.then(|| L1State::genesis(&config));
        let l1 = L1Block::genesis(&config, l1_state.as_ref());
        let l2 = L2Block::genesis(&config, &l1, SystemConfig::genesis(&config, batcher));
        let (l2_hashes, l1_nonces) = (vec![l2.header.hash()], BTreeMap::new());
        Self { config, l2_hashes, l1: vec![l1], l2: vec![l2], l1_nonces, l1_state }
    }

    /// Adds an L1 block in which happens what the script says.
    ///
    /// # Panics
    ///
    /// If the script names L2 blocks that are not made yet.
    pub fn l1_block(&mut self, script: impl FnOnce(L1Script<'_>) -> L1Script<'_>) -> &L1Block {
        let script = script(L1Script::new(&self.config, &self.l2));
        let block = script.build(&self.l1[self.l1.len() - 1].header, &mut self.l1_nonces, self.l1_state.as_mut());
        self.l1.push(block);
        &self.l1[self.l1.len() - 1]
    }

    /// Adds L1 blocks in which nothing happens.
    pub fn l1_blocks(&mut self, count: usize) {
        (0..count).for_each(|_| {
            self.l1_block(|block| block);
        });
    }

    /// Adds an L2 block with these transactions, EIP-2718 encoded, and [`Origin::Next`].
    ///
    /// # Panics
    ///
    /// If one of the transactions is invalid: no sequencer would include it.
    pub fn l2_block(&mut self, transactions: &[Bytes]) -> &L2Block {
        self.l2_block_at(Origin::Next, transactions)
    }

    /// Adds an L2 block with this origin and these transactions.
    ///
    /// # Panics
    ///
    /// If one of the transactions is invalid, or there is no such L1 block.
    pub fn l2_block_at(&mut self, origin: Origin, transactions: &[Bytes]) -> &L2Block {
        let parent = self.head();
        let origin = &self.l1[self.origin_number(origin) as usize];
        let block = parent.child(&self.config, origin, &self.l2_hashes, transactions);
        self.l2_hashes.push(block.header.hash());
        self.l2.push(block);
        self.head()
    }

    /// Adds L2 blocks with nothing but deposits.
    pub fn l2_blocks(&mut self, count: usize) {
        (0..count).for_each(|_| {
            self.l2_block(&[]);
        });
    }

    /// Adds L2 blocks with nothing but deposits until one has the newest L1 block as its origin.
    pub fn catch_up(&mut self) {
        while self.head().origin.number + 1 < self.l1.len() as u64 {
            self.l2_block(&[]);
        }
    }

    /// Forgets the L2 blocks after `number`, so that others can follow. What of them is posted stays on L1.
    ///
    /// # Panics
    ///
    /// If there is no such block.
    pub fn rewind(&mut self, number: u64) {
        assert!(number < self.l2.len() as u64, "L2 block {number} is not made yet");
        self.l2.truncate(number as usize + 1);
        self.l2_hashes.truncate(number as usize + 1);
    }

    /// The newest L2 block.
    pub fn head(&self) -> &L2Block {
        &self.l2[self.l2.len() - 1]
    }

    fn origin_number(&self, origin: Origin) -> u64 {
        let parent = self.head();
        let timestamp = parent.header.timestamp + self.config.l2_block_time;
        let advances = match origin {
            Origin::Stay => false,
            Origin::Advance => true,
            Origin::Next => {
                let next = self.l1.get(parent.origin.number as usize + 1);
                next.is_some_and(|next| next.header.timestamp <= timestamp)
            }
        };
        parent.origin.number + u64::from(advances)
    }

    /// What a batch says of an L2 block.
    pub fn singular(&self, number: u64) -> Singular {
        Singular::of(&self.l2[number as usize])
    }

    /// What batches say of these L2 blocks.
    pub fn singulars(&self, blocks: RangeInclusive<u64>) -> Vec<Singular> {
        blocks.map(|number| self.singular(number)).collect()
    }

    /// What one batch says of these L2 blocks.
    pub fn span(&self, blocks: RangeInclusive<u64>) -> Span {
        self.span_of(&self.singulars(blocks))
    }

    /// What one batch says that holds these. The first one's time says which block it follows, whose origin is that of
    /// the block there now.
    ///
    /// # Panics
    ///
    /// If there is no block before the first one, or a transaction is none.
    pub fn span_of(&self, batches: &[Singular]) -> Span {
        let Some(first) = batches.first() else { return Span::default() };
        let number = (first.timestamp - self.config.genesis_time) / self.config.l2_block_time;
        Span::of(batches, self.l2[number as usize - 1].origin.number, self.config.genesis_time)
    }

    /// What a batch would say of the next L2 block with this origin and these transactions. Nobody executes it, so
    /// that execution may refuse it.
    ///
    /// # Panics
    ///
    /// If there is no such L1 block.
    pub fn draft(&self, origin: Origin, transactions: &[Bytes]) -> Singular {
        let (parent, epoch) = (self.head(), self.origin_number(origin));
        Singular {
            parent_hash: parent.header.hash(),
            epoch_number: epoch,
            epoch_hash: self.l1[epoch as usize].header.hash(),
            timestamp: parent.header.timestamp + self.config.l2_block_time,
            transactions: transactions.to_vec(),
        }
    }

    /// What the chain is made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// All L1 blocks by number.
    pub fn l1(&self) -> &[L1Block] {
        &self.l1
    }

    /// All L2 blocks by number.
    pub fn l2(&self) -> &[L2Block] {
        &self.l2
    }

    /// The state after an L1 block, where [`Config::l1_history`] lets L1 have any. It is made anew for each question.
    ///
    /// # Panics
    ///
    /// If the block is not made yet.
    pub fn l1_state(&self, number: u64) -> Option<State> {
        self.config.l1_history.then(|| l1_state::after(&self.config, &self.l1, number as usize))
    }

    /// The output root of an L2 block.
    ///
    /// # Panics
    ///
    /// If it is not made yet.
    pub fn output_root(&self, number: u64) -> B256 {
        self.l2[number as usize].output_root()
    }

    /// Number of the newest L2 block that is posted with all before it in the L1 blocks up to `l1_number`. A script that
    /// also posts what derivation drops has to ask derivation.
    pub fn safe_head(&self, l1_number: u64) -> u64 {
        let posted =
            self.l1.iter().take_while(|block| block.header.number <= l1_number).flat_map(|block| &block.posted);
        posted.fold(0, |safe, range| if *range.start() <= safe + 1 { safe.max(*range.end()) } else { safe })
    }

    /// The true claim about the block `claimed`, where `agreed` is agreed on and all of L1 is there.
    ///
    /// # Panics
    ///
    /// If one of the blocks is not made yet.
    pub fn claim(&self, agreed: u64, claimed: u64) -> Claim {
        Claim {
            l1_head: self.l1[self.l1.len() - 1].header.hash(),
            agreed_output_root: self.output_root(agreed),
            claimed_output_root: self.output_root(claimed),
            claimed_block_number: claimed,
        }
    }

    /// Key number `index` on L2, with the nonce that the newest block leaves it. The first [`RICH`] own coins.
    pub fn user(&self, index: u32) -> Signer {
        let mut signer = Signer::new(&self.config, index, self.config.l2_chain_id);
        let account = self.l2[self.l2.len() - 1].state.accounts.get(&signer.address());
        signer.nonce = account.map_or(0, |account| account.nonce);
        signer
    }

    /// Key number `index` on L1: the address is what matters, for scripts sign by number.
    pub fn l1_user(&self, index: u32) -> Signer {
        Signer::new(&self.config, index, self.config.l1_chain_id)
    }

    /// op-node's `rollup.json`.
    pub fn rollup_json(&self) -> serde_json::Value {
        let system_config = &self.l2[0].system_config;
        self.config.rollup_json(self.l1[0].header.hash(), self.l2[0].header.hash(), system_config)
    }

    /// The L1 chain's configuration as geth writes it.
    pub fn l1_config_json(&self) -> serde_json::Value {
        self.config.l1_json()
    }
}
