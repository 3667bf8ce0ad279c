use alloy_consensus::TrieAccount;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256, map::B256Map};
use alloy_trie::{
    EMPTY_ROOT_HASH, HashBuilder, Nibbles,
    proof::{ProofNodes, ProofRetainer},
};
use revm::{
    database::{BundleAccount, DatabaseRef},
    primitives::{StorageKey, StorageValue},
    state::{AccountInfo, Bytecode},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
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

/// The state after a block: all accounts, in memory.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The accounts by their addresses.
    pub accounts: BTreeMap<Address, Account>,
}

/// Accounts and storage slots, as many as a block touched.
pub type Touched = BTreeMap<Address, BTreeSet<U256>>;

/// Accounts as a transaction found them. Of their storage only the slots that it looked at, zeros among them.
pub type Prestate = BTreeMap<Address, Account>;

/// A trie's root, and those of its nodes that were asked for, by path.
struct Trie {
    root: B256,
    nodes: ProofNodes,
}

/// Builds the trie of hashed keys and RLP encoded values; keeps the nodes on the ways to `targets`.
fn build(leaves: &B256Map<Vec<u8>>, targets: impl Iterator<Item = B256>) -> Trie {
    let mut sorted: Vec<_> = leaves.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| **key);
    let mut builder =
        HashBuilder::default().with_proof_retainer(targets.map(Nibbles::unpack).collect::<ProofRetainer>());
    for (key, value) in sorted {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    Trie { root: builder.root(), nodes: builder.take_proof_nodes() }
}

fn hashed(slot: U256) -> B256 {
    keccak256(B256::from(slot))
}

impl Account {
    fn leaves(&self) -> B256Map<Vec<u8>> {
        self.storage.iter().map(|(slot, value)| (hashed(*slot), alloy_rlp::encode(value))).collect()
    }

    /// Root of the storage trie.
    pub fn storage_root(&self) -> B256 {
        build(&self.leaves(), std::iter::empty()).root
    }

    /// The nodes from the storage root towards a slot.
    pub fn storage_proof(&self, slot: U256) -> Vec<Bytes> {
        path(&build(&self.leaves(), std::iter::once(hashed(slot))), hashed(slot))
    }

    fn encode(&self) -> Vec<u8> {
        let (storage_root, code_hash) = (self.storage_root(), keccak256(&self.code));
        alloy_rlp::encode(TrieAccount { nonce: self.nonce, balance: self.balance, storage_root, code_hash })
    }
}

/// The nodes from the root towards `key`. An empty trie has none.
fn path(trie: &Trie, key: B256) -> Vec<Bytes> {
    if trie.root == EMPTY_ROOT_HASH {
        return Vec::new();
    }
    trie.nodes.matching_nodes_sorted(&Nibbles::unpack(key)).into_iter().map(|(_, node)| node).collect()
}

impl State {
    fn leaves(&self) -> B256Map<Vec<u8>> {
        self.accounts.iter().map(|(address, account)| (keccak256(address), account.encode())).collect()
    }

    /// Root of the state trie.
    pub fn root(&self) -> B256 {
        build(&self.leaves(), std::iter::empty()).root
    }

    /// Root of an account's storage; that of an empty trie if there is no such account.
    pub fn storage_root(&self, address: Address) -> B256 {
        self.accounts.get(&address).map_or(EMPTY_ROOT_HASH, Account::storage_root)
    }

    /// The nodes from the state root towards an account.
    pub fn account_proof(&self, address: Address) -> Vec<Bytes> {
        path(&build(&self.leaves(), std::iter::once(keccak256(address))), keccak256(address))
    }

    /// Every node of the state trie and of all storage tries.
    pub fn nodes(&self) -> Vec<Bytes> {
        let all = |leaves: B256Map<Vec<u8>>| build(&leaves, leaves.keys().copied()).nodes.into_inner().into_values();
        let storage = self.accounts.values().filter(|account| !account.storage.is_empty());
        all(self.leaves()).chain(storage.flat_map(|account| all(account.leaves()))).collect()
    }

    /// The nodes that a stateless execution opens which reads and writes what `touched` names and ends in `after`.
    /// Where a slot or an account is deleted, all of its trie: the neighbour that a branch folds into is among it.
    pub fn witness(&self, touched: &Touched, after: &Self) -> BTreeSet<Bytes> {
        let mut nodes = BTreeSet::new();
        let leaves = self.leaves();
        let gone =
            touched.keys().any(|address| self.accounts.contains_key(address) && !after.accounts.contains_key(address));
        let targets: Vec<_> =
            if gone { leaves.keys().copied().collect() } else { touched.keys().map(keccak256).collect() };
        nodes.extend(build(&leaves, targets.into_iter()).nodes.into_inner().into_values());
        for (address, slots) in touched {
            let Some(account) = self.accounts.get(address).filter(|account| !account.storage.is_empty()) else {
                continue;
            };
            let kept = |slot| after.accounts.get(address).is_some_and(|account| account.storage.contains_key(slot));
            let gone = slots.iter().any(|slot| account.storage.contains_key(slot) && !kept(slot));
            let leaves = account.leaves();
            let targets: Vec<_> =
                if gone { leaves.keys().copied().collect() } else { slots.iter().map(|slot| hashed(*slot)).collect() };
            nodes.extend(build(&leaves, targets.into_iter()).nodes.into_inner().into_values());
        }
        nodes
    }

    /// Takes over what the executor changed.
    pub(crate) fn apply<'a>(&mut self, changes: impl IntoIterator<Item = (&'a Address, &'a BundleAccount)>) {
        for (address, change) in changes {
            let Some(info) = change.info.as_ref().filter(|info| !info.is_empty()) else {
                self.accounts.remove(address);
                continue;
            };
            let account = self.accounts.entry(*address).or_default();
            if change.was_destroyed() {
                *account = Account::default();
            }
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
        }
    }
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
