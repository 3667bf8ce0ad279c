//! A state source in memory.

use alloy_consensus::{Header, TrieAccount};
use alloy_primitives::{
    Address, B256, Bytes, keccak256,
    map::{AddressMap, B256Map},
};
use kohala_execute::StateSource;
use kohala_testdata::{GenesisAccount, GenesisSlot};
use kohala_trie::{NodeSource, Trie};

/// Every node, code and header that was put in, by hash; may be told to fail.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) nodes: B256Map<Bytes>,
    pub(crate) codes: B256Map<Bytes>,
    pub(crate) headers: B256Map<Header>,
    /// What was asked for, in order.
    pub(crate) asked: Vec<B256>,
    /// Fails at the request of this number, counted from 0.
    pub(crate) fail_at: Option<usize>,
    /// How many paths were announced.
    pub(crate) announcements: usize,
    /// Fails at the announcement of this number, counted from 0.
    pub(crate) fail_at_announcement: Option<usize>,
    /// Code hashes of the accounts that were put in.
    code_of: AddressMap<B256>,
    /// The account that was announced last.
    announced: Option<Address>,
}

/// The source said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) B256);

impl Memory {
    fn answer<T: Clone>(&mut self, hash: B256, found: impl FnOnce(&Self) -> Option<T>) -> Result<T, Missing> {
        let fails = self.fail_at == Some(self.asked.len());
        self.asked.push(hash);
        if fails { Err(Missing(hash)) } else { found(self).ok_or(Missing(hash)) }
    }

    /// Puts accounts in, as the genesis has them; the root of their trie.
    pub(crate) fn put_state<'a>(&mut self, accounts: impl IntoIterator<Item = &'a GenesisAccount>) -> B256 {
        let mut trie = Trie::empty();
        for account in accounts {
            let storage_root = self.put_storage(&account.storage);
            let code_hash = keccak256(&account.code);
            self.codes.insert(code_hash, account.code.clone());
            self.code_of.insert(account.address, code_hash);
            let leaf = TrieAccount { nonce: account.nonce, balance: account.balance, storage_root, code_hash };
            trie.insert(&keccak256(account.address), &alloy_rlp::encode(leaf), self).unwrap();
        }
        trie.commit(|hash, node| drop(self.nodes.insert(hash, node.to_vec().into())))
    }

    /// Puts an account's storage in; its root.
    pub(crate) fn put_storage(&mut self, slots: &[GenesisSlot]) -> B256 {
        let mut trie = Trie::empty();
        for slot in slots {
            let key = keccak256(slot.key.to_be_bytes::<32>());
            trie.insert(&key, &alloy_rlp::encode(slot.value), self).unwrap();
        }
        trie.commit(|hash, node| drop(self.nodes.insert(hash, node.to_vec().into())))
    }
}

impl NodeSource for Memory {
    type Error = Missing;

    fn node(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.answer(hash, |memory| memory.nodes.get(&hash).cloned())
    }
}

impl StateSource for Memory {
    /// Who asks for a code has announced an account that has it: a source may know codes by accounts only.
    fn code(&mut self, hash: B256) -> Result<Bytes, Missing> {
        let announced = self.announced.and_then(|address| self.code_of.get(&address));
        assert!(self.code_of.is_empty() || announced == Some(&hash), "{hash} is not the code of {:?}", self.announced);
        self.answer(hash, |memory| memory.codes.get(&hash).cloned())
    }

    fn header(&mut self, hash: B256) -> Result<Header, Missing> {
        self.answer(hash, |memory| memory.headers.get(&hash).cloned())
    }

    fn path(&mut self, address: Address, _slot: Option<B256>) -> Result<(), Missing> {
        let fails = self.fail_at_announcement == Some(self.announcements);
        self.announcements += 1;
        self.announced = Some(address);
        if fails { Err(Missing(address.into_word())) } else { Ok(()) }
    }
}
