use crate::{ExecuteError, StateSource, made::Made};
use alloy_consensus::TrieAccount;
use alloy_primitives::{
    Address, B256, U256,
    map::{AddressMap, B256Map},
};
use alloy_rlp::Decodable;
use kohala_trie::{EMPTY_ROOT, Trie};
use revm::state::Bytecode;

/// The tries of a state and the codes that its accounts name.
#[derive(Clone, Debug)]
pub(crate) struct Tries {
    /// Accounts by the hash of their address.
    pub(crate) accounts: Trie,
    /// Storage tries that were opened, each at the root that its account has in `accounts`.
    pub(crate) storage: AddressMap<Trie>,
    /// Codes by hash, analysed.
    pub(crate) code: B256Map<Bytecode>,
    /// Nodes that blocks of this state have made.
    pub(crate) made: Made,
}

impl Tries {
    pub(crate) fn at(root: B256) -> Self {
        Self {
            accounts: Trie::at(root),
            storage: AddressMap::default(),
            code: B256Map::default(),
            made: Made::default(),
        }
    }

    /// The account at a hashed address.
    pub(crate) fn account<S: StateSource>(
        &mut self,
        key: B256,
        source: &mut S,
    ) -> Result<Option<TrieAccount>, ExecuteError<S::Error>> {
        let leaf = self.accounts.get(&key, &mut self.made.or(source))?;
        leaf.map(|leaf| alloy_rlp::decode_exact(leaf).map_err(|_| ExecuteError::Leaf(key))).transpose()
    }

    /// The value at a hashed slot of an account whose storage has the given root: zero where there is none, and no
    /// question to the source where there is no storage at all (rules X60).
    pub(crate) fn slot<S: StateSource>(
        &mut self,
        address: Address,
        storage_root: B256,
        key: B256,
        source: &mut S,
    ) -> Result<U256, ExecuteError<S::Error>> {
        if storage_root == EMPTY_ROOT {
            return Ok(U256::ZERO);
        }
        let (trie, made) = self.storage(address, storage_root);
        let Some(mut leaf) = trie.get(&key, &mut made.or(source))? else {
            return Ok(U256::ZERO);
        };
        match U256::decode(&mut leaf) {
            Ok(value) if leaf.is_empty() && !value.is_zero() => Ok(value),
            _ => Err(ExecuteError::Leaf(key)),
        }
    }

    /// The account's storage trie, at `root` if it was not opened yet; and the nodes that it may lead to.
    pub(crate) fn storage(&mut self, address: Address, root: B256) -> (&mut Trie, &mut Made) {
        (self.storage.entry(address).or_insert_with(|| Trie::at(root)), &mut self.made)
    }

    /// Forgets what was written halfway: the state is at `root` again, the storage of `accounts` unopened.
    pub(crate) fn reset<'a>(&mut self, root: B256, accounts: impl Iterator<Item = &'a Address>) {
        self.accounts = Trie::at(root);
        for address in accounts {
            self.storage.remove(address);
        }
    }
}
