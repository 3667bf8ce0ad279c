//! The trie beside kona-mpt's, and beside alloy-trie where the work is to build one whole: a case's name says so then.

use crate::{Bars, Case};
use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};
use alloy_rlp::Decodable;
use alloy_trie::{HashBuilder, root::ordered_trie_root_with_encoder};
use kohala_trie::{NodeSource, Trie, list::list_root};
use kona_mpt::{Nibbles, NoopTrieHinter, TrieNode, TrieProvider};
use std::{cell::RefCell, rc::Rc};

/// Keys of the big trie.
const KEYS: u64 = 100_000;

/// How many keys a witness is for; their paths have about 2,000 nodes.
const WITNESS_KEYS: u64 = 600;

/// Nodes by hash, for either side.
#[derive(Clone, Default)]
struct Nodes(B256Map<Bytes>);

impl NodeSource for &Nodes {
    type Error = ();

    fn node(&mut self, hash: B256) -> Result<Bytes, ()> {
        self.0.get(&hash).cloned().ok_or(())
    }
}

impl TrieProvider for Nodes {
    type Error = alloy_rlp::Error;

    fn trie_node_by_hash(&self, hash: B256) -> Result<TrieNode, Self::Error> {
        TrieNode::decode(&mut &self.0.get(&hash).ok_or(alloy_rlp::Error::InputTooShort)?[..])
    }
}

/// A key of the big trie.
fn key(index: u64) -> B256 {
    keccak256(index.to_be_bytes())
}

/// A value as long as an account's.
fn value(version: u64) -> Bytes {
    [keccak256(version.to_be_bytes()).0, [7; 32]].concat().into()
}

/// A trie of ours.
#[derive(Clone)]
struct Ours(Trie);

impl Ours {
    fn insert(&mut self, key: &B256, value: &Bytes, nodes: &Nodes) {
        self.0.insert(key, value, &mut { nodes }).expect("a sound trie");
    }

    fn remove(&mut self, key: &B256, nodes: &Nodes) {
        assert!(self.0.remove(key, &mut { nodes }).expect("a sound trie"));
    }
}

/// A trie of kona's.
#[derive(Clone)]
struct Kona(TrieNode);

impl Kona {
    fn insert(&mut self, key: &B256, value: &Bytes, nodes: &Nodes) {
        self.0.insert(&Nibbles::unpack(key), value.clone(), nodes).expect("a sound trie");
    }

    fn remove(&mut self, key: &B256, nodes: &Nodes) {
        self.0.delete(&Nibbles::unpack(key), nodes, &NoopTrieHinter).expect("a sound trie");
    }
}

/// What the cases begin with.
struct Big {
    entries: Vec<(B256, Bytes)>,
    /// Nothing to be asked for: for tries that are in memory.
    none: Nodes,
}

impl Big {
    fn ours(&self) -> Ours {
        let mut trie = Ours(Trie::empty());
        self.entries.iter().for_each(|(key, value)| trie.insert(key, value, &self.none));
        trie
    }

    fn kona(&self) -> Kona {
        let mut trie = Kona(TrieNode::Empty);
        self.entries.iter().for_each(|(key, value)| trie.insert(key, value, &self.none));
        trie
    }

    fn builder(&self) -> B256 {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        let mut builder = HashBuilder::default();
        entries.iter().for_each(|(key, value)| builder.add_leaf(Nibbles::unpack(key), value));
        builder.root()
    }
}

/// A case whose sides answer with a root, which is the same.
fn case(name: &str, rate: (&'static str, f64), speed: Option<f64>, sides: [Box<dyn Fn() -> B256>; 2]) -> Case {
    let [ours, kona] = sides;
    assert_eq!(ours(), kona(), "{name}");
    Case {
        place: <_>::default(),
        name: name.to_owned(),
        rate,
        bars: Bars { speed, ..Bars::default() },
        two_threads: false,
        instructions: false,
        ours: Box::new(move || {
            ours();
        }),
        kona: Box::new(move || {
            kona();
        }),
    }
}

/// All cases of the trie.
///
/// # Panics
/// If the sides' roots differ.
pub(crate) fn cases() -> Vec<Case> {
    let big = Rc::new(Big { entries: (0..KEYS).map(|index| (key(index), value(0))).collect(), none: Nodes::default() });
    let mut cases = vec![open(&big)];
    cases.extend(built(&big));
    cases.push(thinned(&big));
    cases.extend(witness(&big));
    cases.extend([200, 1_000].map(list));
    cases
}

/// One key changed in a trie that is open and hashed.
fn open(big: &Rc<Big>) -> Case {
    let changed = |index: u64| (key(index * 7 % KEYS), value(index));
    let (ours, kona) = (RefCell::new((big.ours(), 0)), RefCell::new((big.kona(), 0)));
    ours.borrow_mut().0.0.root();
    let [our_nodes, kona_nodes] = [Nodes::default(), Nodes::default()];
    let ours = Box::new(move || {
        let (trie, index) = &mut *ours.borrow_mut();
        *index += 1;
        let (key, value) = changed(*index);
        trie.insert(&key, &value, &our_nodes);
        trie.0.root()
    });
    let kona = Box::new(move || {
        let (trie, index) = &mut *kona.borrow_mut();
        *index += 1;
        let (key, value) = changed(*index);
        trie.insert(&key, &value, &kona_nodes);
        trie.0.blind()
    });
    case("one key into an open trie of 100,000, then root", ("roots/s", 1.0), Some(5_000.0), [ours, kona])
}

/// A whole trie, from its keys in random order.
fn built(big: &Rc<Big>) -> [Case; 2] {
    let ours = || {
        let big = big.clone();
        Box::new(move || big.ours().0.root()) as Box<dyn Fn() -> B256>
    };
    let (kona, builder) = (big.clone(), big.clone());
    let kona = Box::new(move || kona.kona().0.blind());
    let builder = Box::new(move || builder.builder());
    let rate = ("keys/s", KEYS as f64);
    [
        case("100,000 keys inserted, then root", rate, Some(3.0), [ours(), kona]),
        case("the same, beside alloy-trie: sorted, then HashBuilder", rate, Some(1.0), [ours(), builder]),
    ]
}

/// A tenth of the keys of an open trie removed, and set again.
fn thinned(big: &Rc<Big>) -> Case {
    let (ours, kona) = (RefCell::new(big.ours()), RefCell::new(big.kona()));
    ours.borrow_mut().0.root();
    let (our_big, kona_big) = (big.clone(), big.clone());
    let ours = Box::new(move || {
        let trie = &mut *ours.borrow_mut();
        let tenth = || our_big.entries.iter().step_by(10);
        tenth().for_each(|(key, _)| trie.remove(key, &our_big.none));
        let thin = trie.0.root();
        tenth().for_each(|(key, value)| trie.insert(key, value, &our_big.none));
        thin ^ trie.0.root()
    });
    let kona = Box::new(move || {
        let trie = &mut *kona.borrow_mut();
        let tenth = || kona_big.entries.iter().step_by(10);
        tenth().for_each(|(key, _)| trie.remove(key, &kona_big.none));
        let thin = trie.0.blind();
        tenth().for_each(|(key, value)| trie.insert(key, value, &kona_big.none));
        thin ^ trie.0.blind()
    });
    case("a tenth of 100,000 removed, root, set again, root", ("changes/s", KEYS as f64 / 5.0), None, [ours, kona])
}

/// What a stateless block does: opens paths from a witness, and changes some of them.
fn witness(big: &Rc<Big>) -> [Case; 2] {
    let mut nodes = Nodes::default();
    let root = big.ours().0.commit(|hash, node| {
        nodes.0.insert(hash, Bytes::copy_from_slice(node));
    });
    let read = (0..WITNESS_KEYS).map(|index| key(index * 97 % KEYS)).collect::<Rc<[_]>>();
    let nodes = Rc::new(read_only(root, &read, &nodes));
    let count = nodes.0.len();
    let run = |changed: usize| {
        let (our_nodes, our_read) = (nodes.clone(), read.clone());
        let ours = Box::new(move || {
            let mut trie = Ours(Trie::at(root));
            for key in &our_read[..] {
                let read = trie.0.get(key, &mut { &*our_nodes }).expect("a sound trie");
                assert!(read.is_some());
            }
            our_read[..changed].iter().for_each(|key| trie.insert(key, &value(9), &our_nodes));
            trie.0.root()
        });
        let (nodes, read) = (nodes.clone(), read.clone());
        let kona = Box::new(move || {
            let mut trie = Kona(TrieNode::new_blinded(root));
            for key in &read[..] {
                let read = trie.0.open(&Nibbles::unpack(key), &*nodes).expect("a sound trie");
                assert!(read.is_some());
            }
            read[..changed].iter().for_each(|key| trie.insert(key, &value(9), &nodes));
            if changed == 0 { root } else { trie.0.blind() }
        });
        [ours as Box<dyn Fn() -> B256>, kona]
    };
    let name = format!("{WITNESS_KEYS} keys read from a witness of {count} nodes");
    let changed = read.len() / 10;
    let rate = ("nodes/s", count as f64);
    [
        case(&name, rate, None, run(0)),
        case(&format!("{name}, {changed} of them set, then root"), rate, None, run(changed)),
    ]
}

/// Those of `nodes` that reading these keys asks for.
fn read_only(root: B256, read: &[B256], nodes: &Nodes) -> Nodes {
    struct Log<'a>(&'a Nodes, Nodes);

    impl NodeSource for Log<'_> {
        type Error = ();

        fn node(&mut self, hash: B256) -> Result<Bytes, ()> {
            let node = { self.0 }.node(hash)?;
            self.1.0.insert(hash, node.clone());
            Ok(node)
        }
    }

    let mut log = Log(nodes, Nodes::default());
    let mut trie = Trie::at(root);
    for key in read {
        trie.get(key, &mut log).expect("a sound trie");
    }
    log.1
}

/// The root of a list of transactions: most short, some with calldata.
fn list(count: usize) -> Case {
    let lengths = [110, 118, 177, 245, 400, 118, 1_200, 110, 312, 5_000];
    let transaction = |index: usize| Bytes::from(vec![1 + index as u8 % 200; lengths[index % lengths.len()]]);
    let items: Rc<[_]> = (0..count).map(transaction).collect();
    let theirs = items.clone();
    let ours = Box::new(move || list_root(items.iter().map(|item| &item[..])));
    let theirs =
        Box::new(move || ordered_trie_root_with_encoder(&theirs, |item, buffer| buffer.extend_from_slice(item)));
    let name = format!("list root of {count} transactions, beside alloy-trie");
    case(&name, ("lists/s", 1.0), Some(1.0), [ours, theirs])
}
