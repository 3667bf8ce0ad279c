//! A state in memory, and the configuration of a chain that has no other rules than its fork's.

use alloy_consensus::{Header, TrieAccount};
use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256, map::B256Map};
use kohala_execute::StateSource;
use kohala_protocol::{BaseFeeConfig, Fork, ForkTimes, Genesis, RollupConfig};
use kohala_trie::{NodeSource, Trie};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Chain id and block time of [`config`].
pub(crate) const CHAIN: u64 = 901;
pub(crate) const BLOCK_TIME: u64 = 2;

/// An account of a genesis, as geth writes it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Account {
    pub(crate) code: Bytes,
    pub(crate) storage: BTreeMap<B256, B256>,
    pub(crate) balance: U256,
    pub(crate) nonce: U64,
}

pub(crate) type Alloc = BTreeMap<Address, Account>;

/// A chain whose forks up to `fork` are active from its genesis on.
pub(crate) fn config(fork: Fork) -> RollupConfig {
    let mut forks = ForkTimes::default();
    for active in Fork::ALL.into_iter().filter(|active| (Fork::Regolith..=fork).contains(active)) {
        forks.set(active, Some(0));
    }
    RollupConfig {
        genesis: Genesis::default(),
        block_time: BLOCK_TIME,
        max_sequencer_drift: 600,
        seq_window_size: 3600,
        channel_timeout: 300,
        l1_chain_id: 900,
        l2_chain_id: CHAIN,
        forks,
        pectra_blob_schedule_time: None,
        keep_karst_upgrade_gas: false,
        batch_inbox_address: Address::ZERO,
        deposit_contract_address: Address::ZERO,
        l1_system_config_address: Address::ZERO,
        base_fee: BaseFeeConfig::default(),
    }
}

/// Nodes and codes by hash.
#[derive(Default)]
pub(crate) struct Memory {
    nodes: B256Map<Bytes>,
    codes: B256Map<Bytes>,
}

impl Memory {
    /// Puts accounts in; the root of their trie.
    pub(crate) fn put(&mut self, alloc: &Alloc) -> B256 {
        let mut trie = Trie::empty();
        for (address, account) in alloc {
            let mut storage = Trie::empty();
            for (slot, value) in account.storage.iter().filter(|(_, value)| !value.is_zero()) {
                storage.insert(&keccak256(slot), &alloy_rlp::encode(U256::from_be_bytes(value.0)), self).unwrap();
            }
            let code_hash = keccak256(&account.code);
            self.codes.insert(code_hash, account.code.clone());
            let storage_root = self.commit(&mut storage);
            let leaf = TrieAccount { nonce: account.nonce.to(), balance: account.balance, storage_root, code_hash };
            trie.insert(&keccak256(address), &alloy_rlp::encode(leaf), self).unwrap();
        }
        self.commit(&mut trie)
    }

    fn commit(&mut self, trie: &mut Trie) -> B256 {
        trie.commit(|hash, node| drop(self.nodes.insert(hash, node.to_vec().into())))
    }
}

impl NodeSource for Memory {
    type Error = B256;

    fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.nodes.get(&hash).cloned().ok_or(hash)
    }
}

impl StateSource for Memory {
    fn code(&mut self, hash: B256) -> Result<Bytes, B256> {
        self.codes.get(&hash).cloned().ok_or(hash)
    }

    fn header(&mut self, hash: B256) -> Result<Header, B256> {
        Err(hash)
    }
}
