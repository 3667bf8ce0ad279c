use crate::script::Script;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{HashBuilder, Nibbles, nodes::TrieNode};
use kohala_trie::{
    EMPTY_ROOT, NodeSource, Trie, TrieError,
    list::{list_item, list_items},
};
use std::collections::BTreeMap;

/// Nodes by hash, some of which are missing or other bytes than their hash says.
#[derive(Default)]
struct Nodes {
    sound: BTreeMap<B256, Bytes>,
    /// Served in place of a sound node; without bytes it is missing.
    spoilt: BTreeMap<B256, Option<Bytes>>,
    /// Whether one of those was served: what is asked for afterwards may never have been given.
    has_served_spoilt: bool,
}

impl NodeSource for Nodes {
    type Error = ();

    fn node(&mut self, hash: B256) -> Result<Bytes, ()> {
        match self.spoilt.get(&hash) {
            Some(Some(node)) => {
                self.has_served_spoilt = true;
                Ok(node.clone())
            }
            Some(None) => Err(()),
            None => {
                let node = self.sound.get(&hash);
                assert!(node.is_some() || self.has_served_spoilt, "asked for a node that was never given");
                node.cloned().ok_or(())
            }
        }
    }
}

impl Nodes {
    fn add(&mut self, node: &[u8]) -> B256 {
        let hash = keccak256(node);
        self.sound.insert(hash, Bytes::copy_from_slice(node));
        hash
    }

    /// Spoils a node: drops it, or changes a byte, or cuts it.
    fn spoil(&mut self, script: &mut Script) {
        let index = script.pick(self.sound.len().max(1));
        let Some((hash, node)) = self.sound.iter().nth(index) else { return };
        let mut node = node.to_vec();
        let at = usize::from(script.byte()) * node.len() / 256;
        let spoilt = match script.pick(4) {
            0 => None,
            1 => {
                node.truncate(at);
                Some(node)
            }
            2 => {
                node.insert(at, script.byte());
                Some(node)
            }
            _ => {
                node[at] ^= script.byte();
                Some(node)
            }
        };
        self.spoilt.insert(*hash, spoilt.map(Bytes::from));
    }
}

/// Sets, removals and reads on a trie whose source may serve anything.
///
/// While nothing spoilt was served the trie is what a map and alloy-trie say; a missing node changes nothing and can be
/// asked for again; what the trie gives are nodes of the hash that it says, and a trie begun again from its root needs
/// no others. Whatever was served, nothing panics, and an operation that fails changes nothing.
pub fn trie_script(input: &[u8]) {
    let mut script = Script::new(input);
    let mut run = Run { trie: Trie::empty(), model: BTreeMap::new(), nodes: Nodes::default() };
    while !script.is_empty() {
        match script.pick(16) {
            0 => run.reopen(),
            1 => run.nodes.spoil(&mut script),
            2 => run.nodes.spoilt.clear(),
            3 | 4 => run.check(),
            choice => run.change(&mut script, choice),
        }
        if run.nodes.has_served_spoilt {
            return run.survive(&mut script);
        }
    }
    run.nodes.spoilt.clear();
    run.check();
    run.reopen();
    for key in run.model.clone().into_keys() {
        assert_eq!(run.trie.remove(&key, &mut run.nodes), Ok(true));
    }
    assert_eq!(run.trie.root(), EMPTY_ROOT);
}

struct Run {
    trie: Trie,
    model: BTreeMap<B256, Vec<u8>>,
    nodes: Nodes,
}

impl Run {
    /// One operation; on the model too if it succeeded.
    fn change(&mut self, script: &mut Script, choice: usize) {
        let key = key(&self.model, script);
        let before = self.trie.clone().root();
        let outcome = match choice {
            5..10 => {
                let value = value(script);
                let outcome = self.trie.insert(&key, &value, &mut self.nodes);
                if outcome.is_ok() && value.is_empty() {
                    self.model.remove(&key);
                } else if outcome.is_ok() {
                    self.model.insert(key, value);
                }
                outcome
            }
            10..14 => self.trie.remove(&key, &mut self.nodes).map(|removed| {
                let expected = self.model.remove(&key).is_some();
                assert!(removed == expected || self.nodes.has_served_spoilt);
            }),
            _ => self.trie.get(&key, &mut self.nodes).map(|value| {
                assert!(value == self.model.get(&key).map(Vec::as_slice) || self.nodes.has_served_spoilt);
            }),
        };
        match outcome {
            Ok(()) => {}
            Err(TrieError::Source(())) => assert_eq!(self.trie.clone().root(), before),
            Err(TrieError::Malformed(_)) => {
                assert!(self.nodes.has_served_spoilt, "a sound node is malformed");
                assert_eq!(self.trie.clone().root(), before);
            }
        }
    }

    /// The root is that of the model, and the given nodes are kept.
    fn check(&mut self) {
        let (trie, nodes) = (&mut self.trie, &mut self.nodes);
        let root = trie.commit(|hash, node| assert_eq!(nodes.add(node), hash));
        let mut builder = HashBuilder::default();
        self.model.iter().for_each(|(key, value)| builder.add_leaf(Nibbles::unpack(key), value));
        assert_eq!(root, builder.root());
    }

    fn reopen(&mut self) {
        self.check();
        self.trie = Trie::at(self.trie.root());
    }

    /// Goes on with a trie of which nothing is known but that it does not panic. What it leads to may be anything.
    fn survive(mut self, script: &mut Script) {
        while !script.is_empty() {
            let choice = script.pick(4);
            let (key, before) = (key(&self.model, script), self.trie.clone().root());
            let outcome = match choice {
                0 => self.trie.insert(&key, &value(script), &mut self.nodes),
                1 => self.trie.remove(&key, &mut self.nodes).map(drop),
                _ => self.trie.get(&key, &mut self.nodes).map(drop),
            };
            assert!(outcome.is_ok() || self.trie.root() == before);
        }
    }
}

/// A key of the model, or one that shares nibbles with it.
fn key(model: &BTreeMap<B256, Vec<u8>>, script: &mut Script) -> B256 {
    let of = script.pick(model.len() + 1);
    let mut key = model.keys().nth(of).copied().unwrap_or_default();
    let at = script.byte();
    if at < 128 {
        let nibble = script.byte() & 15;
        key[usize::from(at / 4)] ^= if at % 4 < 2 { nibble << 4 } else { nibble };
    }
    key
}

/// A value of up to a few kilobytes, mostly short.
fn value(script: &mut Script) -> Vec<u8> {
    match script.pick(8) {
        7 => script.string().repeat(16),
        6 => script.string().to_vec(),
        length => script.bytes(1 + length * length).to_vec(),
    }
}

/// The bytes of a node that is served as if its hash had been checked, at a depth that the first byte says.
///
/// What can be read is a node for alloy-trie too, which encodes it to the same bytes; written over and back it has its
/// hash again. As a node of a list it does not panic either.
pub fn trie_node(input: &[u8]) {
    let Some((&depth, node)) = input.split_first() else { return };
    let mut nodes = Nodes::default();
    let root = place(node, usize::from(depth % 64), &mut nodes);
    nodes.has_served_spoilt = true;
    drop(list_items(keccak256(node), &mut nodes));
    drop(list_item(keccak256(node), depth.into(), &mut nodes));

    let mut trie = Trie::at(root);
    let key = B256::ZERO;
    let value = match trie.get(&key, &mut nodes) {
        Err(TrieError::Malformed(_)) => return,
        Err(TrieError::Source(())) => None,
        Ok(value) => Some(value.map(<[u8]>::to_vec)),
    };
    let theirs = TrieNode::decode(&mut &node[..]).expect("a node for both");
    assert_eq!(alloy_rlp::encode(theirs), node);
    if let Some(value) = value {
        trie.insert(&key, &[0xaa; 7], &mut nodes).expect("its way is open");
        assert_eq!(trie.root() == root, value.as_deref() == Some(&[0xaa; 7]));
        if trie.insert(&key, value.as_deref().unwrap_or_default(), &mut nodes).is_ok() {
            assert_eq!(trie.root(), root);
        }
    }
}

/// The root above a node that hangs at this depth on the way to the zero key.
fn place(node: &[u8], depth: usize, nodes: &mut Nodes) -> B256 {
    let hash = nodes.add(node);
    if depth == 0 {
        return hash;
    }
    let item = |node: &[u8], hash: B256| if node.len() < 32 { node.to_vec() } else { alloy_rlp::encode(hash) };
    let list = |payload: Vec<u8>| {
        let mut list = Vec::new();
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut list);
        [list, payload].concat()
    };
    let other = alloy_rlp::encode(B256::repeat_byte(1));
    let branch = list([item(node, hash), other, vec![0x80; 15]].concat());
    let hash = nodes.add(&branch);
    if depth == 1 {
        return hash;
    }
    let nibbles = depth - 1;
    let path = [vec![if nibbles % 2 == 1 { 0x10 } else { 0 }], vec![0; nibbles / 2]].concat();
    nodes.add(&list([alloy_rlp::encode(&path[..]), item(&branch, hash)].concat()))
}

/// Nodes of tries of all kinds, with the depth at which each hangs or might.
pub(crate) fn nodes() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for shared in [0, 30, 58, 61] {
        let mut trie = Trie::empty();
        for index in 0..40_u8 {
            let mut key = B256::ZERO;
            key[shared / 2..shared / 2 + 2].copy_from_slice(&keccak256([index]).0[..2]);
            let length = [1, 3, 31, 33, 70][usize::from(index % 5)];
            trie.insert(&key, &vec![7; length], &mut Nodes::default()).expect("in memory");
        }
        trie.commit(|_, node| {
            seeds.extend([0, shared, shared + 1, shared + 2].map(|at| [&[at as u8][..], node].concat()))
        });
    }
    seeds
}
