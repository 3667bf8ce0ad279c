use super::{
    Touched,
    state::{Account, State},
};
use alloy_consensus::TrieAccount;
use alloy_primitives::{
    Address, B256, Bytes, U256, keccak256,
    map::{B256Map, HashMap},
};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles, proof::ProofRetainer};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The tries of a state with all their nodes. To build them takes as long as the state is large; then each proof takes
/// next to nothing.
#[derive(Clone, Debug)]
pub struct Tries {
    accounts: Trie,
    /// Those that aren't empty.
    storage: BTreeMap<Address, Trie>,
}

/// A trie's root and its nodes by path.
#[derive(Clone, Debug)]
struct Trie {
    root: B256,
    nodes: HashMap<Nibbles, Bytes>,
}

/// The root of the trie of hashed keys and RLP encoded values.
pub(super) fn root(leaves: &B256Map<Vec<u8>>) -> B256 {
    add(HashBuilder::default(), leaves).root()
}

/// The root of the trie of these keys and values, which come in order.
pub(super) fn sorted_root<'a>(leaves: impl Iterator<Item = (Nibbles, &'a Bytes)>) -> B256 {
    let mut builder = HashBuilder::default();
    leaves.for_each(|(key, value)| builder.add_leaf(key, value));
    builder.root()
}

fn add(mut builder: HashBuilder, leaves: &B256Map<Vec<u8>>) -> HashBuilder {
    let mut sorted: Vec<_> = leaves.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| **key);
    for (key, value) in sorted {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    builder
}

/// The key under which a slot's value lies.
pub(super) fn hashed(slot: U256) -> B256 {
    keccak256(B256::from(slot))
}

impl Trie {
    fn of(leaves: &B256Map<Vec<u8>>) -> Self {
        let targets: ProofRetainer = leaves.keys().map(Nibbles::unpack).collect();
        let mut builder = add(HashBuilder::default().with_proof_retainer(targets), leaves);
        Self { root: builder.root(), nodes: builder.take_proof_nodes().into_inner() }
    }

    /// The nodes from the root towards `key`. An empty trie has none.
    fn path(&self, key: B256) -> Vec<Bytes> {
        if self.root == EMPTY_ROOT_HASH {
            return Vec::new();
        }
        let key = Nibbles::unpack(key);
        (0..=key.len()).filter_map(|length| self.nodes.get(&key.slice(..length)).cloned()).collect()
    }

    /// All nodes, or those towards some keys.
    fn opened(&self, all: bool, keys: impl Iterator<Item = B256>) -> BTreeSet<Bytes> {
        if all { self.nodes.values().cloned().collect() } else { keys.flat_map(|key| self.path(key)).collect() }
    }
}

impl Tries {
    pub(super) fn of(state: &State) -> Self {
        let storage: BTreeMap<_, _> = state
            .accounts
            .iter()
            .filter(|(_, account)| !account.storage.is_empty())
            .map(|(address, account)| (*address, Trie::of(&account.leaves())))
            .collect();
        let root = |address: &Address| storage.get(address).map_or(EMPTY_ROOT_HASH, |trie| trie.root);
        let leaf = |(address, account): (&Address, &Arc<Account>)| (keccak256(address), account.encode(root(address)));
        let accounts = Trie::of(&state.accounts.iter().map(leaf).collect());
        Self { accounts, storage }
    }

    /// Root of the state trie.
    pub fn root(&self) -> B256 {
        self.accounts.root
    }

    /// Root of an account's storage; that of an empty trie if there is no such account.
    pub fn storage_root(&self, address: Address) -> B256 {
        self.storage.get(&address).map_or(EMPTY_ROOT_HASH, |trie| trie.root)
    }

    /// The nodes from the state root towards an account.
    pub fn account_proof(&self, address: Address) -> Vec<Bytes> {
        self.accounts.path(keccak256(address))
    }

    /// The nodes from an account's storage root towards a slot.
    pub fn storage_proof(&self, address: Address, slot: U256) -> Vec<Bytes> {
        self.storage.get(&address).map(|trie| trie.path(hashed(slot))).unwrap_or_default()
    }

    /// Every node of the state trie and of all storage tries.
    pub fn nodes(&self) -> impl Iterator<Item = &Bytes> {
        self.accounts.nodes.values().chain(self.storage.values().flat_map(|trie| trie.nodes.values()))
    }

    /// The nodes that a stateless execution opens which reads and writes what `touched` names, and leads from the state
    /// `before`, whose tries these are, to `after`. Where a slot or an account is deleted, all of its trie: the
    /// neighbour that a branch folds into is among it.
    pub fn witness(&self, touched: &Touched, before: &State, after: &State) -> BTreeSet<Bytes> {
        let gone = |address| before.accounts.contains_key(address) && !after.accounts.contains_key(address);
        let mut nodes = self.accounts.opened(touched.keys().any(gone), touched.keys().map(keccak256));
        for (address, slots) in touched {
            let (Some(trie), Some(account)) = (self.storage.get(address), before.accounts.get(address)) else {
                continue;
            };
            let kept = |slot| after.accounts.get(address).is_some_and(|account| account.storage.contains_key(slot));
            let gone = slots.iter().any(|slot| account.storage.contains_key(slot) && !kept(slot));
            nodes.extend(trie.opened(gone, slots.iter().map(|slot| hashed(*slot))));
        }
        nodes
    }
}

impl Account {
    pub(super) fn leaves(&self) -> B256Map<Vec<u8>> {
        self.storage.iter().map(|(slot, value)| (hashed(*slot), alloy_rlp::encode(value))).collect()
    }

    /// What the state trie holds of it.
    pub(super) fn encode(&self, storage_root: B256) -> Vec<u8> {
        let code_hash = keccak256(&self.code);
        alloy_rlp::encode(TrieAccount { nonce: self.nonce, balance: self.balance, storage_root, code_hash })
    }
}
