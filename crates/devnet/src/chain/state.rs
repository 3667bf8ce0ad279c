use super::{
    leaves::Leaves,
    tries::{self, Tries},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::EMPTY_ROOT_HASH;
use revm::{
    database::{BundleAccount, DatabaseRef},
    primitives::{StorageKey, StorageValue},
    state::{AccountInfo, Bytecode},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::Arc,
};

/// An account with all it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Transactions it sent.
    pub nonce: u64,
    /// Wei.
    pub balance: U256,
    /// Its code.
    pub code: Bytes,
    /// Its storage; no slot is zero.
    pub storage: BTreeMap<U256, U256>,
}

/// The state after a block: all accounts, in memory. Blocks share those that they leave alone.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The accounts by their addresses.
    pub accounts: BTreeMap<Address, Arc<Account>>,
    /// What the state trie holds of them.
    leaves: Leaves,
    /// What the storage tries of those hold that own many slots.
    slots: BTreeMap<Address, Leaves>,
}

/// From so many slots on, a storage trie's leaves are kept from block to block.
const MANY_SLOTS: usize = 64;

/// Accounts and storage slots, as many as a block touched.
pub type Touched = BTreeMap<Address, BTreeSet<U256>>;

/// Accounts as a transaction found them. Of their storage only the slots that it looked at, zeros among them.
pub type Prestate = BTreeMap<Address, Account>;

impl Account {
    /// Root of the storage trie.
    pub fn storage_root(&self) -> B256 {
        tries::root(&self.leaves())
    }
}

impl State {
    /// A state of these accounts.
    pub(crate) fn of(accounts: BTreeMap<Address, Account>) -> Self {
        let mut state = Self::default();
        accounts.into_iter().for_each(|(address, account)| state.set(address, account));
        state
    }

    fn set(&mut self, address: Address, account: Account) {
        let storage_root = match self.slots.get(&address) {
            Some(slots) => slots.root(),
            None => account.storage_root(),
        };
        self.leaves.set(keccak256(address), Some(account.encode(storage_root).into()));
        self.accounts.insert(address, account.into());
    }

    fn remove(&mut self, address: Address) {
        self.leaves.set(keccak256(address), None);
        self.slots.remove(&address);
        self.accounts.remove(&address);
    }

    /// Root of the state trie.
    pub fn root(&self) -> B256 {
        self.leaves.root()
    }

    /// Root of an account's storage; that of an empty trie if there is no such account.
    pub fn storage_root(&self, address: Address) -> B256 {
        match self.slots.get(&address) {
            Some(slots) => slots.root(),
            None => self.accounts.get(&address).map_or(EMPTY_ROOT_HASH, |account| account.storage_root()),
        }
    }

    /// The tries, for more than one question.
    pub fn tries(&self) -> Tries {
        Tries::of(self)
    }

    /// Every node of the state trie and of all storage tries.
    pub fn nodes(&self) -> Vec<Bytes> {
        self.tries().nodes().cloned().collect()
    }

    /// The nodes that a stateless execution opens: see [`Tries::witness`].
    pub fn witness(&self, touched: &Touched, after: &Self) -> BTreeSet<Bytes> {
        self.tries().witness(touched, self, after)
    }

    /// Takes over what the executor changed.
    pub(crate) fn apply<'a>(&mut self, changes: impl IntoIterator<Item = (&'a Address, &'a BundleAccount)>) {
        for (address, change) in changes {
            let Some(info) = change.info.as_ref().filter(|info| !info.is_empty()) else {
                self.remove(*address);
                continue;
            };
            if change.was_destroyed() {
                self.remove(*address);
            }
            let mut account = self.accounts.get(address).map(|account| Account::clone(account)).unwrap_or_default();
            (account.nonce, account.balance) = (info.nonce, info.balance);
            if let Some(code) = &info.code {
                account.code = code.original_bytes();
            }
            for (slot, value) in &change.storage {
                if value.present_value.is_zero() {
                    account.storage.remove(slot);
                } else {
                    account.storage.insert(*slot, value.present_value);
                }
            }
            self.set_slots(*address, &account, change.storage.keys());
            self.set(*address, account);
        }
    }

    /// Keeps the leaves of an account with many slots, some of which changed.
    fn set_slots<'a>(&mut self, address: Address, account: &Account, changed: impl Iterator<Item = &'a U256>) {
        if let Some(slots) = self.slots.get_mut(&address) {
            changed.for_each(|slot| slots.set(tries::hashed(*slot), account.storage.get(slot).map(leaf)));
        } else if account.storage.len() >= MANY_SLOTS {
            let mut slots = Leaves::default();
            account.storage.iter().for_each(|(slot, value)| slots.set(tries::hashed(*slot), Some(leaf(value))));
            self.slots.insert(address, slots);
        }
    }
}

/// What the storage trie holds of a slot.
pub(super) fn leaf(value: &U256) -> Bytes {
    alloy_rlp::encode(value).into()
}

/// The state that a block is executed on, with the hashes of the blocks before it.
#[derive(Debug)]
pub(crate) struct Parent<'a> {
    pub(crate) state: &'a State,
    pub(crate) block_hashes: &'a [B256],
}

impl DatabaseRef for Parent<'_> {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.state.accounts.get(&address).map(|account| {
            let code = Bytecode::new_raw(account.code.clone());
            AccountInfo::new(account.balance, account.nonce, keccak256(&account.code), code)
        }))
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Infallible> {
        let found = self.state.accounts.values().find(|account| keccak256(&account.code) == hash);
        Ok(found.map(|account| Bytecode::new_raw(account.code.clone())).unwrap_or_default())
    }

    fn storage_ref(&self, address: Address, slot: StorageKey) -> Result<StorageValue, Infallible> {
        let value = self.state.accounts.get(&address).and_then(|account| account.storage.get(&slot));
        Ok(value.copied().unwrap_or_default())
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Infallible> {
        Ok(self.block_hashes.get(number as usize).copied().unwrap_or_default())
    }
}
