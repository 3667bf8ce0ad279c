//! Nodes that Ethereum's rules could not have produced, each as bytes, each next to what it should have been.

use crate::support::{Missing, Nodes, key};
use alloy_primitives::{B256, keccak256};
use kohala_trie::{
    Trie, TrieError,
    list::{list_item, list_items},
};

/// An RLP list of these encoded items.
fn list(items: &[&[u8]]) -> Vec<u8> {
    let payload = items.concat();
    let mut list = match payload.len() {
        len @ 0..=55 => vec![0xc0 + len as u8],
        len @ 56..=255 => vec![0xf8, len as u8],
        len => vec![0xf9, (len >> 8) as u8, len as u8],
    };
    list.extend(payload);
    list
}

/// An RLP string of 2 to 55 bytes, or of none.
fn string(bytes: &[u8]) -> Vec<u8> {
    [&[0x80 + bytes.len() as u8], bytes].concat()
}

/// A hex-prefix path of whole bytes, with its flag, as a string.
fn path(flag: u8, bytes: usize) -> Vec<u8> {
    string(&[&[flag][..], &vec![0; bytes]].concat())
}

const VALUE: &[u8] = &[0x05];
const NO_CHILD: &[u8] = &[0x80];

fn hash_item(hash: B256) -> Vec<u8> {
    string(hash.as_slice())
}

/// A branch with these children and this last item.
fn branch(children: &[(usize, &[u8])], last: &[u8]) -> Vec<u8> {
    let mut items = [NO_CHILD; 16];
    for (at, child) in children {
        items[*at] = child;
    }
    list(&[&items[..], &[last]].concat())
}

/// What reading the zero key of the trie with this root node gives.
fn read(root: &[u8], nodes: &mut Nodes) -> Result<Option<Vec<u8>>, TrieError<Missing>> {
    let root = nodes.add(root);
    let read = Trie::at(root).get(&B256::ZERO, nodes).map(|value| value.map(<[u8]>::to_vec));
    // Writing and removing come to the same judgement.
    for result in [Trie::at(root).insert(&B256::ZERO, &[1], nodes), Trie::at(root).remove(&B256::ZERO, nodes).map(drop)]
    {
        assert_eq!(result.err(), read.as_ref().err().copied());
    }
    read
}

fn assert_malformed(name: &str, root: &[u8]) {
    assert_eq!(read(root, &mut Nodes::default()), Err(TrieError::Malformed(keccak256(root))), "{name}");
}

#[test]
fn accepts_the_well_formed() {
    let mut nodes = Nodes::default();
    assert_eq!(read(&list(&[&path(0x20, 32), VALUE]), &mut nodes), Ok(Some(vec![5])));
    // A branch of two leaves one nibble down, and the same below an extension of one nibble and of two.
    for (above, bytes, odd) in [(None, 31, 0x30), (Some(&[0x10][..]), 31, 0x20), (Some(&[0x82, 0x00, 0x00]), 30, 0x30)]
    {
        let leaf = nodes.add(&list(&[&path(odd, bytes), VALUE]));
        let branch = branch(&[(0, &hash_item(leaf)), (9, &hash_item(leaf))], NO_CHILD);
        let root = match above {
            None => branch,
            Some(path) => list(&[path, &hash_item(nodes.add(&branch))]),
        };
        assert_eq!(read(&root, &mut nodes), Ok(Some(vec![5])), "{above:?}");
    }
}

#[test]
fn node_of_another_shape_is_malformed() {
    let leaf_path = path(0x20, 32);
    let hash = hash_item(B256::repeat_byte(1));
    for (name, node) in [
        ("no bytes", vec![]),
        ("a byte", vec![0x05]),
        ("a string", string(&[7; 40])),
        ("an empty list", list(&[])),
        ("one item", list(&[&leaf_path])),
        ("three items", list(&[&leaf_path, VALUE, VALUE])),
        ("sixteen items", list(&[NO_CHILD; 16])),
        ("eighteen items", list(&[&[&hash[..], &hash][..], &[NO_CHILD; 16]].concat())),
        ("a byte after the node", [&list(&[&leaf_path, VALUE])[..], &[0]].concat()),
        ("a list cut short", list(&[&leaf_path, VALUE])[..35].to_vec()),
        ("a length of one byte in long form", [&[0xf8, 35][..], &leaf_path, VALUE].concat()),
        ("a length with a leading zero", [&[0xf9, 0, 35][..], &leaf_path, VALUE].concat()),
        ("a length beyond all memory", [&[0xff; 9][..], &[0; 40]].concat()),
    ] {
        assert_malformed(name, &node);
    }
}

#[test]
fn empty_compact_path_is_malformed() {
    // base#2649
    assert_malformed("a leaf", &list(&[NO_CHILD, VALUE]));
    assert_malformed("an extension", &list(&[NO_CHILD, &hash_item(B256::repeat_byte(1))]));
}

#[test]
fn path_that_does_not_fit_is_malformed() {
    let hash = hash_item(B256::repeat_byte(1));
    for (name, path, second) in [
        ("an unknown flag", path(0x40, 32), VALUE),
        ("another unknown flag", path(0xa0, 32), VALUE),
        ("padding that is not zero", path(0x21, 32), VALUE),
        ("padding of an extension that is not zero", path(0x01, 2), &hash),
        ("a leaf one nibble short", path(0x30, 31), VALUE),
        ("a leaf one nibble long", path(0x30, 32), VALUE),
        ("a leaf without a path at the root", vec![0x20], VALUE),
        ("an extension without nibbles", vec![0x00], &hash),
        ("an extension over the whole key", path(0x00, 32), &hash),
        ("an extension beyond the key", path(0x10, 40), &hash),
        ("a list as path", list(&[&[0x20]]), VALUE),
        ("a single byte in long form", vec![0x81, 0x10], &hash),
    ] {
        assert_malformed(name, &list(&[&path, second]));
    }
}

#[test]
fn value_that_is_none_is_malformed() {
    for (name, value) in [
        ("an empty value", vec![0x80]),
        ("a list as value", list(&[VALUE])),
        ("a single byte in long form", vec![0x81, 0x05]),
        ("a length beyond the node", vec![0xb8, 0xff, 0x05]),
        ("a length beyond all memory", [0xbf; 9].to_vec()),
    ] {
        assert_malformed(name, &list(&[&path(0x20, 32), &value]));
    }
}

#[test]
fn child_that_is_none_is_malformed() {
    let hash = hash_item(B256::repeat_byte(1));
    for (name, child) in [
        ("a short string", string(&[1; 31])),
        ("a long string", string(&[1; 33])),
        ("a byte", vec![0x05]),
        ("a hash in long form", [&[0xb8, 32][..], &[1; 32]].concat()),
        ("a list of 32 bytes", list(&[&string(&[1; 30])])),
        ("a hash cut short", vec![0xa0, 1, 2]),
    ] {
        assert_malformed(name, &list(&[&path(0x00, 2), &child]));
        assert_malformed(name, &branch(&[(0, &child), (1, &hash)], NO_CHILD));
        assert_malformed(name, &branch(&[(0, &hash), (15, &child)], NO_CHILD));
    }
    assert_malformed("no child below an extension", &list(&[&path(0x00, 2), NO_CHILD]));
}

#[test]
fn branch_with_a_value_or_without_two_children_is_malformed() {
    let hash = hash_item(B256::repeat_byte(1));
    assert_malformed("a value", &branch(&[(0, &hash), (1, &hash)], VALUE));
    assert_malformed("a list for a value", &branch(&[(0, &hash), (1, &hash)], &[0xc0]));
    assert_malformed("one child", &branch(&[(0, &hash)], NO_CHILD));
    assert_malformed("no child", &branch(&[], NO_CHILD));
}

#[test]
fn short_node_named_by_its_hash_is_malformed() {
    // Below an extension of 62 nibbles: two leaves of one byte fit into the branch, and that into its parent.
    let branch = branch(&[(0, &list(&[&[0x30], VALUE])), (1, &list(&[&[0x30], VALUE]))], NO_CHILD);
    let mut nodes = Nodes::default();
    let hash = nodes.add(&branch);
    assert_eq!(read(&list(&[&path(0x00, 31), &branch]), &mut nodes), Ok(Some(vec![5])));
    let by_hash = list(&[&path(0x00, 31), &hash_item(hash)]);
    assert_eq!(read(&by_hash, &mut nodes), Err(TrieError::Malformed(hash)));
}

#[test]
fn malformed_embedded_node_is_named_by_its_own_hash() {
    let broken = list(&[&[0x40], VALUE]);
    let branch = branch(&[(0, &broken), (1, &broken)], NO_CHILD);
    let root = list(&[&path(0x00, 31), &branch]);
    assert_eq!(read(&root, &mut Nodes::default()), Err(TrieError::Malformed(keccak256(broken))));
}

#[test]
fn extension_above_anything_but_a_branch_is_malformed() {
    let mut nodes = Nodes::default();
    let leaf = nodes.add(&list(&[&path(0x20, 31), VALUE]));
    let extension = nodes.add(&list(&[&path(0x00, 2), &hash_item(leaf)]));
    for child in [leaf, extension] {
        let root = list(&[&path(0x00, 1), &hash_item(child)]);
        assert_eq!(read(&root, &mut nodes), Err(TrieError::Malformed(child)));
    }
}

#[test]
fn malformed_sibling_stops_the_fold() {
    let mut nodes = Nodes::default();
    let leaf = nodes.add(&list(&[&path(0x30, 31), VALUE]));
    let broken = nodes.add(&list(&[&path(0x40, 31), VALUE]));
    let root = nodes.add(&branch(&[(0, &hash_item(leaf)), (1, &hash_item(broken))], NO_CHILD));
    let mut trie = Trie::at(root);
    assert_eq!(trie.remove(&B256::ZERO, &mut nodes), Err(TrieError::Malformed(broken)));
    assert_eq!(trie.root(), root);
    assert_eq!(trie.get(&B256::ZERO, &mut nodes), Ok(Some(&[5][..])));
}

/// A node whose every child is a node like it: a real trie can't be so deep, nor the stack.
#[test]
fn depth_ends_with_the_key() {
    let mut nodes = Nodes::default();
    let mut node = nodes.add(&list(&[&path(0x20, 32), VALUE]));
    for _ in 0..100 {
        node = nodes.add(&branch(&[(0, &hash_item(node)), (1, &hash_item(node))], NO_CHILD));
    }
    assert!(matches!(Trie::at(node).get(&key(&[]), &mut nodes), Err(TrieError::Malformed(_))));
    assert_eq!(nodes.asked.len(), 65);
    nodes.asked.clear();
    assert!(matches!(list_items(node, &mut nodes), Err(TrieError::Malformed(_))));
    assert_eq!(nodes.asked.len(), 19);
    assert_eq!(list_item(node, 0, &mut nodes), Ok(None));
}
