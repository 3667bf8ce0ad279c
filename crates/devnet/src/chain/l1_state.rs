use super::{Account, Config, L1Block, L1Fork, State, leaves::Leaves, state::leaf, tries::hashed};
use alloy_consensus::Header;
use alloy_eips::eip2935::{HISTORY_SERVE_WINDOW, HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE};
use alloy_primitives::{Address, B256, U256, keccak256};
use std::collections::BTreeMap;

/// Accounts beside the history contract's, so that the path to that has some nodes.
const OTHERS: u64 = 15;

/// The state of L1 after the newest block, where it has one: the history contract with its storage, and some accounts to
/// which nothing happens. It is kept as leaves, so that a block costs what it changes.
#[derive(Clone, Debug)]
pub(super) struct L1State {
    accounts: Leaves,
    slots: Leaves,
}

impl L1State {
    /// The state of the genesis block.
    pub(super) fn genesis(config: &Config) -> Self {
        let mut state = Self { accounts: Leaves::default(), slots: Leaves::default() };
        for (address, account) in accounts(config) {
            state.set(address, &account, account.storage_root());
        }
        state
    }

    /// What happens before all transactions of the block after `parent`: from Prague on, its hash is stored.
    pub(super) fn advance(&mut self, parent: &Header, is_prague: bool) {
        if is_prague {
            let (slot, value) = kept(parent.number, parent.hash_slow());
            self.slots.set(hashed(slot), Some(leaf(&value)));
            self.set(HISTORY_STORAGE_ADDRESS, &history(), self.slots.root());
        }
    }

    /// Root of the state trie.
    pub(super) fn root(&self) -> B256 {
        self.accounts.root()
    }

    fn set(&mut self, address: Address, account: &Account, storage_root: B256) {
        self.accounts.set(keccak256(address), Some(account.encode(storage_root).into()));
    }
}

/// The same after any block: of all `blocks`, that with this number.
pub(super) fn after(config: &Config, blocks: &[L1Block], number: usize) -> State {
    let mut accounts = accounts(config);
    let is_prague = |block: &&L1Block| config.is_active_on_l1(L1Fork::Prague, block.header.timestamp);
    let newest = blocks[1..=number].iter().rev().take(HISTORY_SERVE_WINDOW).filter(is_prague);
    let storage = newest.map(|block| kept(block.header.number - 1, block.header.parent_hash)).collect();
    accounts.insert(HISTORY_STORAGE_ADDRESS, Account { storage, ..history() });
    State::of(accounts)
}

/// Where the hash of a block is kept, and as what.
fn kept(number: u64, hash: B256) -> (U256, U256) {
    (U256::from(number % HISTORY_SERVE_WINDOW as u64), hash.into())
}

/// The contract before anything is stored there.
fn history() -> Account {
    Account { nonce: 1, code: HISTORY_STORAGE_CODE.clone(), ..Account::default() }
}

/// The accounts of the genesis block.
fn accounts(config: &Config) -> BTreeMap<Address, Account> {
    let other = |number| {
        let account = Account { balance: U256::from(number), ..Account::default() };
        (Address::from_word(config.noise("l1 account", number)), account)
    };
    (0..OTHERS).map(other).chain([(HISTORY_STORAGE_ADDRESS, history())]).collect()
}
