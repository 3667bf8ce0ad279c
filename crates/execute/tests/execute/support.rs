//! A state source in memory, and attributes made from recorded blocks.

use alloy_consensus::{Header, Sealed, TrieAccount};
use alloy_primitives::{
    Address, B256, Bytes, keccak256,
    map::{AddressMap, B256Map},
};
use alloy_rlp::Decodable;
use kohala_execute::{State, StateSource};
use kohala_protocol::{Attributes, BlockId, Eip1559Params, Fork, RollupConfig};
use kohala_testdata::{Chain, GenesisAccount, GenesisSlot, L2Record};
use kohala_trie::{NodeSource, Trie};
use std::sync::Arc;

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

/// The header of a recorded block.
pub(crate) fn header(record: &L2Record) -> Sealed<Header> {
    let header = Header::decode(&mut record.header_rlp.as_ref()).unwrap();
    Sealed::new_unchecked(header, record.hash)
}

/// The chain's configuration and its state at block 0, with everything the source needs for it.
pub(crate) fn open(chain: &Chain) -> (State, Memory) {
    let config = Arc::new(RollupConfig::from_json(&chain.rollup_json).unwrap());
    let mut memory = Memory::default();
    let head = header(&chain.l2[0]);
    assert_eq!(memory.put_state(&chain.genesis_alloc), head.state_root);
    memory.headers.extend(chain.l2.iter().map(|record| (record.hash, header(record).into_inner())));
    (State::at(config, head), memory)
}

/// What makes a recorded block.
pub(crate) fn attributes(config: &RollupConfig, parent: &L2Record, record: &L2Record) -> Attributes {
    let header = header(record);
    let word = |from: usize| u32::from_be_bytes(header.extra_data[from..from + 4].try_into().unwrap());
    Attributes {
        parent: BlockId { number: parent.number, hash: parent.hash },
        timestamp: header.timestamp,
        prev_randao: header.mix_hash,
        gas_limit: header.gas_limit,
        parent_beacon_block_root: header.parent_beacon_block_root,
        eip1559_params: config
            .is_active(Fork::Holocene, header.timestamp)
            .then(|| Eip1559Params { denominator: word(1), elasticity: word(5) }),
        min_base_fee: config
            .is_active(Fork::Jovian, header.timestamp)
            .then(|| u64::from_be_bytes(header.extra_data[9..17].try_into().unwrap())),
        transactions: record.transactions.clone(),
        deposits: record.transactions.iter().take_while(|transaction| transaction[0] == 0x7e).count(),
        l1_origin: BlockId { number: record.l1_origin_number, hash: record.l1_origin_hash },
        sequence_number: record.sequence_number,
    }
}
