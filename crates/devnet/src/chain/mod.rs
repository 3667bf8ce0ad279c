//! The chain's making: a script of steps in, blocks of L1 and L2 out.

pub mod batcher;
mod config;
mod genesis;
mod l1;
mod l2;
mod signer;
mod state;
mod tries;

pub use batcher::{Batches, Carrier, Compression, Posting};
pub use config::{BATCH_INBOX, Config, ConfigUpdate, DEPOSIT_CONTRACT, SYSTEM_CONFIG, SystemConfig};
pub use genesis::{L1_BLOCK, MESSAGE_PASSER, RICH, SET_SLOT};
pub use l1::{Blob, Deposit, L1Block, L1Script, L1Transaction};
pub use l2::L2Block;
pub use signer::Signer;
pub use state::{Account, Prestate, State, Touched};
pub use tries::Tries;

use alloy_op_hardforks::OpHardfork;
use alloy_primitives::{B256, Bytes};
use std::collections::BTreeMap;

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

impl Devnet {
    /// A chain with nothing but its genesis blocks.
    ///
    /// # Panics
    ///
    /// If the fork is not one of Fjord to Jovian.
    pub fn new(config: Config) -> Self {
        let known = OpHardfork::Fjord..=OpHardfork::Jovian;
        assert!(known.contains(&config.fork), "{:?} is not a fork that this chain can start with", config.fork);
        let batcher = Signer::new(&config, BATCHER, config.l1_chain_id).address();
        let l1 = L1Block::genesis(&config);
        let l2 = L2Block::genesis(&config, &l1, SystemConfig::genesis(&config, batcher));
        Self { config, l2_hashes: vec![l2.header.hash()], l1: vec![l1], l2: vec![l2], l1_nonces: BTreeMap::new() }
    }

    /// Adds an L1 block in which happens what the script says.
    ///
    /// # Panics
    ///
    /// If the script names L2 blocks that are not made yet.
    pub fn l1_block(&mut self, script: impl FnOnce(L1Script<'_>) -> L1Script<'_>) -> &L1Block {
        let script = script(L1Script::new(&self.l2, self.config.genesis_time));
        let block = script.build(&self.config, &self.l1[self.l1.len() - 1].header, &mut self.l1_nonces);
        self.l1.push(block);
        &self.l1[self.l1.len() - 1]
    }

    /// Adds an L2 block with these transactions, EIP-2718 encoded. Its epoch is the next one as soon as that L1 block
    /// is there and not in the L2 block's future.
    ///
    /// # Panics
    ///
    /// If one of the transactions is invalid: no sequencer would include it.
    pub fn l2_block(&mut self, transactions: &[Bytes]) -> &L2Block {
        let parent = &self.l2[self.l2.len() - 1];
        let timestamp = parent.header.timestamp + self.config.l2_block_time;
        let next = self.l1.get(parent.origin.number as usize + 1).filter(|next| next.header.timestamp <= timestamp);
        let origin = next.unwrap_or(&self.l1[parent.origin.number as usize]);
        let block = parent.child(&self.config, origin, &self.l2_hashes, transactions);
        self.l2_hashes.push(block.header.hash());
        self.l2.push(block);
        &self.l2[self.l2.len() - 1]
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
