//! Ordered lists against alloy-trie.

use crate::support::{Missing, Nodes};
use alloy_primitives::{B256, keccak256};
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer, root::ordered_trie_root_encoded};
use kohala_trie::{
    EMPTY_ROOT, TrieError,
    list::{list_commit, list_item, list_items, list_root},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::collections::BTreeMap;

/// Items of so many lengths that nodes of all kinds occur, embedded ones too.
fn items(count: usize) -> Vec<Vec<u8>> {
    let lengths = [1, 3, 20, 31, 32, 55, 56, 110, 300, 70_000];
    let longest = if count <= 20 { 10 } else { 9 };
    (0..count).map(|at| vec![1 + (at % 251) as u8; lengths[(at * 7 + at / 16) % longest]]).collect()
}

fn stored(items: &[Vec<u8>]) -> (B256, Nodes) {
    let mut nodes = Nodes::default();
    let root = list_commit(items.iter().map(Vec::as_slice), |hash, node| assert_eq!(nodes.add(node), hash));
    (root, nodes)
}

/// The nodes on the way to an item, as alloy-trie proves them: the root, then those that have a hash.
fn proof(items: &[Vec<u8>], index: u64) -> Vec<B256> {
    let path = |index| Nibbles::unpack(alloy_rlp::encode_fixed_size(&index));
    let entries: BTreeMap<_, _> = (0..).map(path).zip(items).collect();
    let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(vec![path(index)]));
    entries.iter().for_each(|(path, item)| builder.add_leaf(*path, item));
    builder.root();
    let nodes = builder.take_proof_nodes().into_nodes_sorted();
    nodes.iter().filter(|(path, node)| path.is_empty() || node.len() >= 32).map(|(_, node)| keccak256(node)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn any_list_equals_alloy_trie_and_comes_back(
        items in vec(prop_oneof![4 => vec(any::<u8>(), 1..8), 2 => vec(any::<u8>(), 25..120), 1 => vec(any::<u8>(), 250..3_000)], 1..400),
        one in any::<Index>(),
    ) {
        let (root, nodes) = stored(&items);
        prop_assert_eq!(root, ordered_trie_root_encoded(&items));
        prop_assert_eq!(list_root(items.iter().map(Vec::as_slice)), root);
        prop_assert_eq!(list_items(root, &mut nodes.clone()).unwrap(), &items[..]);
        // From its proof alone.
        let index = one.index(items.len());
        let expected = proof(&items, index as u64);
        let mut proven = Nodes::default();
        expected.iter().for_each(|hash| assert_eq!(proven.add(&nodes.map[hash]), *hash));
        prop_assert_eq!(&list_item(root, index as u64, &mut proven).unwrap().unwrap(), &items[index]);
        prop_assert_eq!(proven.asked, expected);
    }
}

#[test]
fn empty_list_has_the_empty_root() {
    // kona#705
    assert_eq!(list_root([].into_iter()), EMPTY_ROOT);
    assert_eq!(list_commit([].into_iter(), |_, _| panic!("the empty list has no node")), EMPTY_ROOT);
    assert_eq!(list_items(EMPTY_ROOT, &mut Nodes::default()), Ok(vec![]));
    assert_eq!(list_item(EMPTY_ROOT, 0, &mut Nodes::default()), Ok(None));
}

#[test]
fn root_equals_alloy_trie() {
    for count in (0..=300).chain([1_000, 66_000]) {
        let items = if count > 1_000 { vec![vec![5; 3]; count] } else { items(count) };
        assert_eq!(list_root(items.iter().map(Vec::as_slice)), ordered_trie_root_encoded(&items), "{count} items");
    }
}

#[test]
fn list_of_one_byte_items_equals_alloy_trie() {
    for count in 0..=300 {
        let items = vec![[0x7f]; count];
        assert_eq!(list_root(items.iter().map(|item| &item[..])), ordered_trie_root_encoded(&items), "{count} items");
    }
}

#[test]
fn items_come_back_in_index_order() {
    for count in [1, 2, 16, 17, 127, 128, 129, 130, 255, 256, 257, 300, 1_000] {
        let items = items(count);
        let (root, mut nodes) = stored(&items);
        assert_eq!(list_items(root, &mut nodes).unwrap(), items, "{count} items");
        for (index, item) in (0..).zip(&items) {
            assert_eq!(list_item(root, index, &mut nodes).unwrap().unwrap(), *item);
        }
        for absent in [count as u64, count as u64 + 1, 70_000, u64::MAX] {
            assert_eq!(list_item(root, absent, &mut nodes).unwrap(), None);
        }
    }
}

#[test]
fn items_share_the_memory_of_their_nodes() {
    let (root, mut nodes) = stored(&[vec![1; 100], vec![2; 5], vec![3; 70_000]]);
    let spans: Vec<_> = nodes.map.values().map(|node| node.as_ptr_range()).collect();
    for item in list_items(root, &mut nodes).unwrap() {
        assert!(spans.iter().any(|span| span.contains(&item.as_ptr())));
    }
}

#[test]
fn item_asks_for_its_path_only() {
    let (root, mut nodes) = stored(&items(200));
    list_item(root, 5, &mut nodes).unwrap();
    // The root, the branch of the keys 00 to 0f, the item's leaf.
    assert_eq!(nodes.asked.len(), 3);
    assert_eq!(nodes.asked[0], root);
}

#[test]
fn each_missing_node_is_a_source_error() {
    let (root, nodes) = stored(&items(140));
    for missing in nodes.map.keys() {
        let mut rest = nodes.clone();
        rest.map.remove(missing);
        assert_eq!(list_items(root, &mut rest), Err(TrieError::Source(Missing(*missing))));
    }
}

/// A leaf with an even path of whole bytes.
fn leaf(path: &[u8], value: u8) -> Vec<u8> {
    let compact = [&[0x20], path].concat();
    let mut leaf = vec![0xc0 + compact.len() as u8 + 2, 0x80 + compact.len() as u8];
    leaf.extend(compact);
    leaf.push(value);
    leaf
}

#[test]
fn keys_that_are_no_indices_are_malformed() {
    let mut nodes = Nodes::default();
    let single = nodes.add(&leaf(&[0x80], 5));
    assert_eq!(list_items(single, &mut nodes).unwrap(), [vec![5]]);
    // Index 1 alone; a zero that is not RLP; leading zeros; a key cut short; one too long; no key at all.
    for path in [&[0x01][..], &[0x00], &[0x81, 0x05], &[0x82, 0x00, 0x80], &[0x82, 0x01], &[0x80, 0x01], &[]] {
        let root = match path {
            // Its compact path is the single byte 0x20.
            [] => nodes.add(&[0xc2, 0x20, 5]),
            path => nodes.add(&leaf(path, 5)),
        };
        assert_eq!(list_items(root, &mut nodes), Err(TrieError::Malformed(root)), "{path:02x?}");
    }
}

#[test]
fn list_that_misses_an_index_is_malformed() {
    let mut nodes = Nodes::default();
    // Items 0 and 1, or 0 and 2, as leaves embedded in a branch: 17 items in 21 bytes.
    let branch = |second: u8| [&[0xd5, 0xc2, 0x30 | second, 5], &[0x80; 7][..], &[0xc2, 0x30, 5], &[0x80; 8]].concat();
    let whole = nodes.add(&branch(1));
    let gap = nodes.add(&branch(2));
    assert_eq!(list_items(whole, &mut nodes).unwrap(), [vec![5], vec![5]]);
    assert_eq!(list_items(gap, &mut nodes), Err(TrieError::Malformed(gap)));
}
