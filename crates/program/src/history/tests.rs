//! Walks over L1 chains whose states hold the history contract.

use super::*;
use crate::{
    OracleInputs, ReadError,
    l1::{L1Chain, STRIDE},
};
use alloc::{collections::BTreeMap, rc::Rc, string::ToString, vec, vec::Vec};
use alloy_consensus::Header;
use alloy_eips::eip2935;
use core::cell::RefCell;
use kohala_preimage::{Hint, Key, Missing, Oracle, PreimageError, Preimages};
use std::{collections::HashMap, sync::LazyLock};

type Error = ProgramError<ReadError<PreimageError>>;

/// What an L1 is like.
struct L1 {
    /// Number of the newest block.
    head: u64,
    /// The first block of Prague.
    prague: u64,
    /// The history contract's code; without any the contract isn't there.
    code: Bytes,
    /// Values of slots that are other than they should be, RLP, by the block whose hash is due there.
    lies: BTreeMap<u64, Vec<u8>>,
}

impl Default for L1 {
    fn default() -> Self {
        Self { head: 300, prague: 0, code: eip2935::HISTORY_STORAGE_CODE.clone(), lies: BTreeMap::new() }
    }
}

/// Its headers and states.
struct Made {
    hashes: Vec<B256>,
    numbers: HashMap<B256, u64>,
    preimages: Preimages,
}

/// A long chain, of Prague from block 3000 on.
static LONG: LazyLock<Made> = LazyLock::new(|| L1 { head: 20_000, prague: 3000, ..L1::default() }.make());

impl L1 {
    fn make(&self) -> Made {
        let mut made = Made { hashes: Vec::new(), numbers: HashMap::new(), preimages: Preimages::new() };
        let (mut accounts, mut storage) = (Trie::empty(), Trie::empty());
        for other in 0..50u8 {
            let account = TrieAccount { balance: U256::from(other), ..TrieAccount::default() };
            accounts.insert(&keccak256([other; 20]), &alloy_rlp::encode(account), &mut Nothing).unwrap();
        }
        for number in 0..=self.head {
            let parent = number.checked_sub(1);
            if let Some(parent) = parent.filter(|_| number >= self.prague) {
                let hash = alloy_rlp::encode(U256::from_be_bytes(made.hashes[parent as usize].0));
                storage.insert(&slot_key(parent), self.lies.get(&parent).unwrap_or(&hash), &mut Nothing).unwrap();
            }
            let storage_root = made.keep(&mut storage);
            let code_hash = keccak256(&self.code);
            let account = TrieAccount { nonce: 1, storage_root, code_hash, ..TrieAccount::default() };
            if !self.code.is_empty() {
                accounts.insert(&keccak256(HISTORY), &alloy_rlp::encode(account), &mut Nothing).unwrap();
            }
            let header = Header {
                parent_hash: parent.map(|parent| made.hashes[parent as usize]).unwrap_or_default(),
                number,
                state_root: made.keep(&mut accounts),
                base_fee_per_gas: Some(7),
                withdrawals_root: Some(B256::ZERO),
                blob_gas_used: Some(0),
                excess_blob_gas: Some(0),
                parent_beacon_block_root: Some(B256::ZERO),
                requests_hash: (number >= self.prague).then_some(B256::ZERO),
                ..Header::default()
            };
            let header: Bytes = alloy_rlp::encode(header).into();
            made.hashes.push(keccak256(&header));
            made.numbers.insert(keccak256(&header), number);
            made.preimages.insert_keccak256(header);
        }
        made
    }
}

fn slot_key(number: u64) -> B256 {
    keccak256(B256::from(U256::from(number % 8191)))
}

/// A trie that grows from nothing asks for no node.
struct Nothing;

impl NodeSource for Nothing {
    type Error = B256;

    fn node(&mut self, hash: B256) -> Result<Bytes, B256> {
        Err(hash)
    }
}

/// What a walk asked for, in order.
#[derive(Default)]
struct Asked {
    headers: Vec<u64>,
    nodes: Vec<Key>,
    /// The blocks that paths were announced of, by number.
    paths: Vec<u64>,
}

/// An oracle over a chain that notes what it is asked.
struct Noted<'a> {
    made: &'a Made,
    /// What it says it doesn't have.
    missing: Option<Key>,
    asked: Rc<RefCell<Asked>>,
}

impl Oracle for Noted<'_> {
    type Error = PreimageError;

    fn hint(&mut self, hint: &Hint) -> Result<(), PreimageError> {
        if let Hint::L1AccountStorageProof { block, address, .. } = hint {
            assert_eq!(*address, eip2935::HISTORY_STORAGE_ADDRESS);
            self.asked.borrow_mut().paths.push(self.made.numbers[block]);
        }
        Ok(())
    }

    fn get(&mut self, key: Key) -> Result<Bytes, PreimageError> {
        let mut asked = self.asked.borrow_mut();
        let found = self.made.preimages.value(key).filter(|_| self.missing != Some(key));
        let Some(value) = found else { return Err(Missing { key, hint: None }.into()) };
        match self.made.numbers.get(&keccak256(value)) {
            Some(number) => asked.headers.push(*number),
            None => asked.nodes.push(key),
        }
        Ok(value.clone())
    }
}

impl Made {
    /// Keeps what is new of a trie; its root.
    fn keep(&mut self, trie: &mut Trie) -> B256 {
        trie.commit(|_, node| {
            self.preimages.insert_keccak256(Bytes::copy_from_slice(node));
        })
    }

    /// Asks for the headers with these numbers, one after the other, and sees that they are the chain's.
    fn walk(&self, numbers: impl IntoIterator<Item = u64>, by_history: bool) -> Result<Asked, Error> {
        self.walk_without(None, numbers, by_history)
    }

    fn walk_without(
        &self,
        missing: Option<Key>,
        numbers: impl IntoIterator<Item = u64>,
        by_history: bool,
    ) -> Result<Asked, Error> {
        let asked = Rc::new(RefCell::new(Asked::default()));
        let inputs = OracleInputs::new(Noted { made: self, missing, asked: Rc::clone(&asked) });
        let mut inputs = if by_history { inputs.by_history() } else { inputs };
        let mut l1 = L1Chain::new(*self.hashes.last().unwrap(), &mut inputs)?;
        for number in numbers {
            let header = l1.header(number, &mut inputs)?;
            assert_eq!(header.map(|header| header.hash), self.hashes.get(number as usize).copied(), "{number}");
        }
        Ok(asked.take())
    }

    /// The hash of block `number` by the state after block `after`.
    fn look_up(&self, after: u64, number: u64) -> Result<Option<B256>, Error> {
        let mut inputs = OracleInputs::new(Noted { made: self, missing: None, asked: Rc::default() }).by_history();
        let block = inputs.l1_header(self.hashes[after as usize]).unwrap();
        History::default().block_hash(&block, number, &mut inputs)
    }
}

fn down(from: u64, to: u64) -> Vec<u64> {
    (to..=from).rev().collect()
}

#[test]
fn contract_is_that_of_the_eip() {
    assert_eq!(HISTORY, eip2935::HISTORY_STORAGE_ADDRESS);
    assert_eq!(CODE_HASH, keccak256(&eip2935::HISTORY_STORAGE_CODE));
    assert_eq!(WINDOW, eip2935::HISTORY_SERVE_WINDOW as u64);
}

#[test]
fn without_states_every_header_is_read_from_the_head_down() {
    let asked = LONG.walk([19_900, 19_500, 19_501, 20_000], false).unwrap();
    assert_eq!(asked.headers, down(20_000, 19_500));
    assert!(asked.nodes.is_empty() && asked.paths.is_empty());
}

#[test]
fn near_headers_are_walked_to() {
    let asked = LONG.walk([19_968, 19_936, 19_968, 20_001], true).unwrap();
    assert_eq!(asked.headers, down(20_000, 19_936));
    assert!(asked.paths.is_empty());
    assert_eq!(LONG.walk([19_967], true).unwrap().paths, [20_000]);
}

/// The oldest block of the window is 8,191 blocks below the state's, the newest is its parent.
#[test]
fn hash_is_looked_up_at_both_edges_of_the_window() {
    for number in [19_999, 19_998, 15_000, 11_810, 11_809] {
        assert_eq!(LONG.look_up(20_000, number).unwrap(), Some(LONG.hashes[number as usize]), "{number}");
    }
    for below in [0, 1] {
        // One below the edge it is near enough to walk from there.
        let asked = LONG.walk([11_809 - STRIDE - below], true).unwrap();
        assert_eq!(asked.headers, [vec![20_000], down(11_809, 11_809 - STRIDE - below)].concat());
        assert_eq!(asked.paths, [20_000]);
    }
}

#[test]
fn beyond_the_window_it_goes_by_hops_of_8191() {
    let asked = LONG.walk([3100], true).unwrap();
    assert_eq!(asked.paths, [20_000, 11_809, 3618]);
    assert_eq!(asked.headers, [vec![20_000, 11_809, 3618], down(3100 + STRIDE, 3100)].concat());
}

/// The first block of Prague stores its parent's hash, and nothing is known of those before. There parents lead on.
#[test]
fn before_activation_parents_lead_on() {
    assert_eq!(LONG.look_up(3000, 2999).unwrap(), Some(LONG.hashes[2999]));
    assert_eq!(LONG.look_up(9000, 2999).unwrap(), Some(LONG.hashes[2999]));
    assert_eq!(LONG.look_up(9000, 2998).unwrap(), None);
    assert_eq!(LONG.look_up(2999, 2998).unwrap(), None);
    let hops = [20_000, 11_809, 3618];
    let asked = LONG.walk([2999 - STRIDE], true).unwrap();
    assert_eq!(asked.headers, [&hops[..], &down(2999, 2999 - STRIDE)].concat());
    let asked = LONG.walk([2998 - STRIDE, 100], true).unwrap();
    assert_eq!(asked.headers, [&hops[..2], &down(3618, 100)].concat());
    assert_eq!(asked.paths, hops, "none is looked for below");
}

#[test]
fn before_prague_no_state_is_read() {
    let asked = L1 { prague: u64::MAX, ..L1::default() }.make().walk([200, 100], true).unwrap();
    assert_eq!(asked.headers, down(300, 100));
    assert!(asked.nodes.is_empty() && asked.paths.is_empty());
}

#[test]
fn only_the_contract_of_the_eip_is_believed() {
    for code in [Bytes::new(), Bytes::from_static(&[0])] {
        let made = L1 { code, ..L1::default() }.make();
        assert_eq!(made.look_up(300, 200).unwrap(), None);
        let asked = made.walk([200, 100], true).unwrap();
        assert_eq!((asked.headers, asked.paths), (down(300, 100), vec![300]));
    }
}

#[test]
fn slot_without_a_hash_is_a_contradiction() {
    // A string of 33 bytes, a zero where nothing should be, a leading zero, and a list.
    let malformed =
        [[&[0xa1][..], &[1; 33]].concat(), vec![0x80], [&[0xa0, 0][..], &[1; 31]].concat(), vec![0xc2, 1, 1]];
    for value in malformed {
        let made = L1 { lies: [(216, value)].into(), ..L1::default() }.make();
        let error = made.walk([216 - STRIDE], true).err().unwrap();
        let expected = Contradiction::HistorySlot { after: 300, number: 216 };
        assert_eq!(error.to_string(), expected.to_string());
        made.walk([215 - STRIDE], true).unwrap();
    }
}

#[test]
fn hash_of_another_block_is_a_contradiction() {
    let plain = L1::default().make();
    let other = alloy_rlp::encode(U256::from_be_bytes(plain.hashes[215].0));
    let made = L1 { lies: [(216, other)].into(), ..L1::default() }.make();
    let error = made.walk([216 - STRIDE], true).err().unwrap();
    let expected = Contradiction::HistoryNumber { hash: plain.hashes[215], expected: 216, number: 215 };
    assert_eq!(error.to_string(), expected.to_string());
    // A hash that is no header's.
    let made = L1 { lies: [(216, vec![7])].into(), ..L1::default() }.make();
    assert!(matches!(made.walk([216 - STRIDE], true), Err(ProgramError::Read(_))));
}

/// A missing node is neither an absent account nor a zero slot: nothing falls back to parents for it.
#[test]
fn without_any_node_there_is_no_header() {
    let asked = LONG.walk([3100], true).unwrap();
    assert!(asked.nodes.len() > 12, "{}", asked.nodes.len());
    for node in asked.nodes {
        let error = LONG.walk_without(Some(node), [3100], true).err().unwrap();
        assert!(matches!(error, ProgramError::Read(_)), "{error}");
    }
}

/// Derivation goes up block by block: a look-up every few blocks, by a state that stays open.
#[test]
fn nothing_is_read_twice_on_the_way_up() {
    let mut asked = LONG.walk([15_000].into_iter().chain(14_900..15_100), true).unwrap();
    assert!(asked.headers.len() as u64 <= 1 + 200 + STRIDE, "{}", asked.headers.len());
    assert!(asked.paths.len() as u64 <= 2 + 200 / STRIDE, "{:?}", asked.paths);
    assert!(asked.paths.iter().all(|block| *block == 20_000));
    let reads = asked.nodes.len();
    asked.nodes.sort_unstable();
    asked.nodes.dedup();
    assert_eq!(asked.nodes.len(), reads);
}

#[test]
fn every_order_of_asking_leads_to_the_same_headers() {
    for seed in 0..20u64 {
        let random = |index: u64, below: u64| -> u64 {
            let bytes = keccak256([seed, index].map(u64::to_be_bytes).concat());
            (U256::from_be_bytes(bytes.0) % U256::from(below)).to()
        };
        // Anywhere, then near that.
        let numbers = (0..12).flat_map(|index| {
            let far = random(index, 20_001);
            [far, far.saturating_sub(random(index + 100, 80)), far + 1]
        });
        LONG.walk(numbers, true).unwrap();
    }
}
