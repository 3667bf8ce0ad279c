//! [`Trie`] in lock step with alloy-trie over long histories, opened from proofs: the source holds the nodes that the
//! next operation has to ask for, and no others.

use crate::support::{Model, Nodes, expected_root, key, nibble, nodes_by_path, sibling_path};
use alloy_primitives::{B256, Bytes, keccak256};
use kohala_trie::{EMPTY_ROOT, Trie};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    /// Sets a key beside one that is there, which shares so many nibbles with it.
    InsertBeside(Index, usize, u8, Vec<u8>),
    Insert(B256, Vec<u8>),
    Overwrite(Index, Vec<u8>),
    Remove(Index),
    Get(Index),
    GetBeside(Index, usize, u8),
    /// Removes every key, in an order that begins somewhere, and sets some of them again.
    Refill(Index, Index),
    /// Hashes what changed since the last time.
    Check,
    /// Forgets what is in memory and begins again from the root.
    Reopen,
}

/// Values of every size that matters: one byte of either kind, embeddable, inline, beyond, kilobytes.
fn any_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(1..=255u8, 1),
        4 => vec(any::<u8>(), 2..8),
        2 => vec(any::<u8>(), 25..42),
        2 => vec(any::<u8>(), 55..120),
        1 => vec(any::<u8>(), 250..5_000),
    ]
}

/// How many nibbles a key shares with another: often nearly all, where nodes are embedded.
fn any_shared() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 0..64usize, 1 => 0..3usize, 3 => 58..64usize]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => (any::<Index>(), any_shared(), 1..16u8, any_value())
            .prop_map(|(of, shared, change, value)| Step::InsertBeside(of, shared, change, value)),
        6 => (any::<[u8; 32]>(), any_value()).prop_map(|(key, value)| Step::Insert(key.into(), value)),
        8 => (any::<Index>(), any_value()).prop_map(|(of, value)| Step::Overwrite(of, value)),
        30 => any::<Index>().prop_map(Step::Remove),
        4 => any::<Index>().prop_map(Step::Get),
        4 => (any::<Index>(), any_shared(), 1..16u8).prop_map(|(of, shared, change)| Step::GetBeside(of, shared, change)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, kept)| Step::Refill(from, kept)),
        50 => Just(Step::Check),
        8 => Just(Step::Reopen),
    ]
}

/// A trie, what it should hold, and which of its nodes it has not asked for.
struct Run {
    trie: Trie,
    model: Model,
    /// Nodes not in memory that can be asked for, by path. An unopened node stays what and where it is.
    unopened: BTreeMap<Vec<u8>, Bytes>,
    /// All nodes that the trie ever gave.
    given: BTreeMap<B256, Bytes>,
}

impl Run {
    fn new() -> Self {
        Self { trie: Trie::empty(), model: Model::new(), unopened: BTreeMap::new(), given: BTreeMap::new() }
    }

    /// The key that a random number means.
    fn present(&self, of: Index) -> Option<B256> {
        (!self.model.is_empty()).then(|| *self.model.keys().nth(of.index(self.model.len())).unwrap())
    }

    /// A key that shares `shared` nibbles with one that is there, or with zero.
    fn beside(&self, of: Index, shared: usize, change: u8) -> B256 {
        let other = self.present(of).unwrap_or_default();
        let digits = (0..64).map(|at| match nibble(&other, at) {
            digit if at == shared => (at, digit ^ change),
            digit => (at, digit),
        });
        key(&digits.collect::<Vec<_>>())
    }

    /// A source of what is not in memory on the way to `key`, then of the node at `beside`.
    fn source(&mut self, key: &B256, beside: Option<Vec<u8>>) -> (Nodes, Vec<B256>) {
        let path: Vec<u8> = (0..64).map(|at| nibble(key, at)).collect();
        let mut paths: Vec<_> = (0..=64).map(|depth| path[..depth].to_vec()).collect();
        paths.extend(beside);
        let mut nodes = Nodes::default();
        let asked = paths.iter().filter_map(|path| self.unopened.remove(path)).map(|node| nodes.add(&node)).collect();
        (nodes, asked)
    }

    fn get(&mut self, key: B256) {
        let (mut nodes, expected) = self.source(&key, None);
        let value = self.trie.get(&key, &mut nodes).unwrap();
        assert_eq!(value, self.model.get(&key).map(Vec::as_slice));
        assert_eq!(nodes.asked, expected);
    }

    fn insert(&mut self, key: B256, value: Vec<u8>) {
        let (mut nodes, expected) = self.source(&key, None);
        self.trie.insert(&key, &value, &mut nodes).unwrap();
        assert_eq!(nodes.asked, expected);
        self.model.insert(key, value);
    }

    fn remove(&mut self, key: B256) {
        let (mut nodes, expected) = self.source(&key, sibling_path(&self.model, key));
        assert_eq!(self.trie.remove(&key, &mut nodes).unwrap(), self.model.remove(&key).is_some());
        assert_eq!(nodes.asked, expected);
    }

    /// The root is alloy-trie's, and what the trie gives for it are nodes of alloy-trie's.
    fn check(&mut self) {
        let given = &mut self.given;
        let root = self.trie.commit(|hash, node| {
            assert_eq!(hash, keccak256(node));
            given.insert(hash, Bytes::copy_from_slice(node));
        });
        assert_eq!(root, expected_root(&self.model));
    }

    /// Begins again from the root, and from nodes that were all given before.
    fn reopen(&mut self) {
        let nodes = nodes_by_path(&self.model, self.model.keys().copied());
        let has_hash = |path: &[u8], node: &[u8]| path.is_empty() && node != [0x80] || node.len() >= 32;
        self.unopened = nodes.into_iter().filter(|(path, node)| has_hash(path, node)).collect();
        assert!(self.unopened.values().all(|node| self.given.get(&keccak256(node)) == Some(node)));
        self.trie = Trie::at(self.trie.root());
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::InsertBeside(of, shared, change, value) => self.insert(self.beside(of, shared, change), value),
            Step::Insert(key, value) => self.insert(key, value),
            Step::Overwrite(of, value) => {
                if let Some(key) = self.present(of) {
                    self.insert(key, value);
                }
            }
            Step::Remove(of) => self.remove(self.present(of).unwrap_or_default()),
            Step::Get(of) => self.get(self.present(of).unwrap_or_default()),
            Step::GetBeside(of, shared, change) => self.get(self.beside(of, shared, change)),
            Step::Refill(from, kept) => {
                let mut entries: Vec<_> = self.model.clone().into_iter().collect();
                let (from, kept) = (from.index(entries.len() + 1), kept.index(entries.len() + 1));
                entries.rotate_left(from);
                entries.iter().for_each(|(key, _)| self.remove(*key));
                assert_eq!(self.trie.root(), EMPTY_ROOT);
                entries.truncate(kept);
                entries.into_iter().for_each(|(key, value)| self.insert(key, value));
            }
            Step::Check => self.check(),
            Step::Reopen => {
                self.check();
                self.reopen();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn asks_for_exactly_what_each_step_needs_and_equals_hash_builder(history in vec(any_step(), 500..1_200)) {
        let mut run = Run::new();
        history.into_iter().chain([Step::Reopen]).for_each(|step| run.step(step));
    }
}

/// A history without chance that meets every length of a common prefix, and folds back to the empty trie.
#[test]
fn keys_that_share_every_number_of_nibbles_come_and_go() {
    for value in [vec![1], vec![7; 20], vec![9; 40], vec![5; 3_000]] {
        let mut run = Run::new();
        let keys: Vec<_> = (0..64).map(|at| key(&[(at, 1 + at as u8 % 15)])).chain([B256::ZERO]).collect();
        for key in &keys {
            run.insert(*key, value.clone());
            run.check();
            run.reopen();
        }
        for key in keys {
            run.remove(key);
            run.check();
            run.reopen();
        }
        assert_eq!(run.trie.root(), EMPTY_ROOT);
    }
}
