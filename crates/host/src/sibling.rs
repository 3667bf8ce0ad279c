//! Trie nodes that no path leads to: the one beside a path that a deletion leaves alone in its branch.
//!
//! Nodes prove paths to keys, and keys are hashes, so there are two ways to have it. Most often it is a leaf, and folded it
//! is at the end of the deleted key's proof in the state after the block, longer by what was cut off the path to it. And
//! anywhere it can be proven by an address or a slot whose hash begins with its place: a few million hashes find one,
//! which is well below a minute for tries that are not among the largest.

use alloy_primitives::{Address, B256, Bytes, U256, address, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::nodes::{ExtensionNode, LeafNode, RlpNode, TrieNode};
use kohala_protocol::{
    Fork, RollupConfig,
    predeploys::{BEACON_ROOTS, HISTORY, L1_BLOCK},
};
use rayon::prelude::*;

/// The deepest place that is searched for, in nibbles: 16^7 hashes take about two minutes on two cores.
const DEEPEST: usize = 7;

/// Places that are not deeper than this are found sooner by hashing than by asking.
pub(crate) const SHALLOW: usize = 4;

/// An address whose path leads to a place in the state trie.
pub(crate) async fn address_at(place: Vec<u8>) -> Option<Address> {
    let address = |number: u64| Address::from_word(B256::from(U256::from(number)));
    search(place, move |number| keccak256(address(number))).await.map(address)
}

/// A slot whose path leads to a place in a storage trie.
pub(crate) async fn slot_at(place: Vec<u8>) -> Option<B256> {
    let slot = |number: u64| B256::from(U256::from(number));
    search(place, move |number| keccak256(slot(number))).await.map(slot)
}

/// The node `hash` out of what a deletion made of it: the last node of the deleted key's proof afterwards. A leaf or an
/// extension that was left alone in its branch has grown at its beginning, and nothing else about it has changed.
pub(crate) fn before_folding(proof: &[Bytes], hash: B256) -> Option<Bytes> {
    let folded = TrieNode::decode(&mut &proof.last()?[..]).ok()?;
    let (key, least) = match &folded {
        TrieNode::Leaf(leaf) => (leaf.key, 0),
        TrieNode::Extension(extension) => (extension.key, 1),
        TrieNode::Branch(_) | TrieNode::EmptyRoot => return None,
    };
    let shortened = |cut: usize| match &folded {
        TrieNode::Leaf(leaf) => TrieNode::Leaf(LeafNode::new(key.slice(cut..), leaf.value.clone())),
        TrieNode::Extension(extension) => {
            TrieNode::Extension(ExtensionNode::new(key.slice(cut..), extension.child.clone()))
        }
        other => other.clone(),
    };
    let lengths = 1..=key.len().checked_sub(least)?;
    let nodes = lengths.map(|cut| Bytes::from(alloy_rlp::encode(shortened(cut))));
    nodes.into_iter().find(|node| keccak256(node) == hash)
}

/// Where the node `hash` lies, in nibbles, if it is a child of a branch on the path to `key`.
pub(crate) fn place_beside(proof: &[Bytes], key: B256, hash: B256) -> Option<Vec<u8>> {
    let nibbles: Vec<u8> = key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
    let mut depth = 0;
    for node in proof {
        match TrieNode::decode(&mut &node[..]).ok()? {
            TrieNode::Branch(branch) => {
                let wanted = RlpNode::word_rlp(&hash);
                let branch = branch.as_ref();
                for (nibble, child) in branch.children() {
                    if child == Some(&wanted) && Some(&nibble) != nibbles.get(depth) {
                        return Some(nibbles[..depth].iter().copied().chain([nibble]).collect());
                    }
                }
                depth += 1;
            }
            TrieNode::Extension(extension) => {
                // Split by a key that is there now, the extension is a branch, and its child beside the path.
                if extension.child == RlpNode::word_rlp(&hash) {
                    return Some(nibbles[..depth].iter().copied().chain(extension.key.to_vec()).collect());
                }
                depth += extension.key.len();
            }
            TrieNode::Leaf(_) | TrieNode::EmptyRoot => return None,
        }
    }
    None
}

/// The first number whose hash begins with `place`.
async fn search(place: Vec<u8>, hash: impl Fn(u64) -> B256 + Sync + Send + 'static) -> Option<u64> {
    if place.len() > DEEPEST {
        return None;
    }
    let begins = move |hash: B256| {
        place.iter().enumerate().all(|(index, nibble)| {
            let byte = hash[index / 2];
            (if index % 2 == 0 { byte >> 4 } else { byte & 15 }) == *nibble
        })
    };
    // Sixteen times the expected number of hashes: there is one with near certainty.
    let search = move || (0..u32::MAX).into_par_iter().find_any(|number| begins(hash(u64::from(*number))));
    tokio::task::spawn_blocking(search).await.ok().flatten().map(u64::from)
}

/// Accounts and slots that every block touches, also where the tracer doesn't say so: what the block itself does
/// before and after its transactions.
pub(crate) fn always_touched(config: &RollupConfig, number: u64) -> Vec<(Address, Vec<B256>)> {
    const ROOTS: u64 = 8191;
    let time = config.genesis.l2_time + number.saturating_sub(config.genesis.l2.number) * config.block_time;
    let slot = |slot: u64| B256::from(U256::from(slot));
    let predeploys = [0x11, 0x19, 0x1a, 0x1b, 0x16].map(|last| {
        let mut address = address!("4200000000000000000000000000000000000000");
        address.0[19] = last;
        (address, Vec::new())
    });
    let mut touched = vec![(L1_BLOCK, (0..=8).map(slot).collect())];
    touched.extend(predeploys);
    if config.is_active(Fork::Ecotone, time) {
        touched.push((BEACON_ROOTS, vec![slot(time % ROOTS), slot(time % ROOTS + ROOTS)]));
    }
    if config.is_active(Fork::Isthmus, time) {
        touched.push((HISTORY, vec![slot(number.saturating_sub(1) % ROOTS)]));
    }
    touched
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};
    use std::collections::BTreeMap;

    /// The proof of one of many slots.
    fn proof(slots: u64, proven: u64) -> Vec<Bytes> {
        let key = |slot: u64| Nibbles::unpack(keccak256(B256::from(U256::from(slot))));
        let leaves: BTreeMap<Nibbles, Vec<u8>> =
            (0..slots).map(|slot| (key(slot), alloy_rlp::encode(U256::from(slot + 1) << 200))).collect();
        let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(vec![key(proven)]));
        leaves.iter().for_each(|(key, value)| builder.add_leaf(*key, value));
        builder.root();
        builder.take_proof_nodes().into_nodes_sorted().into_iter().map(|(_, node)| node).collect()
    }

    #[tokio::test]
    async fn key_is_found_for_every_node_beside_a_path() {
        let slot = B256::from(U256::from(7));
        let nodes = proof(300, 7);
        let mut depth = 0;
        let mut found = 0;
        for node in &nodes {
            let TrieNode::Branch(branch) = TrieNode::decode(&mut &node[..]).unwrap() else { break };
            for (nibble, child) in branch.as_ref().children() {
                let on_path = Nibbles::unpack(keccak256(slot)).get(depth) == Some(nibble);
                let Some(hash) = child.and_then(RlpNode::as_hash).filter(|_| !on_path) else { continue };
                let place = place_beside(&nodes, keccak256(slot), hash).unwrap();
                let Some(beside) = slot_at(place).await else { panic!("{depth} {nibble}") };
                let (ours, theirs) = (Nibbles::unpack(keccak256(slot)), Nibbles::unpack(keccak256(beside)));
                assert_eq!((ours.slice(..depth), theirs.get(depth)), (theirs.slice(..depth), Some(nibble)));
                found += 1;
            }
            depth += 1;
        }
        assert!(found > 15, "{found}");
        assert_eq!(place_beside(&nodes, keccak256(slot), B256::ZERO), None);
        let address = address_at(vec![0xa, 0xb, 0xc]).await.unwrap();
        assert_eq!(keccak256(address)[..2], [0xab, keccak256(address)[1] & 15 | 0xc0]);
    }

    #[test]
    fn folded_node_is_unfolded_to_the_one_that_was_asked_for() {
        let path = Nibbles::from_nibbles([3, 1, 4, 1, 5, 9]);
        let leaf = |key: Nibbles| Bytes::from(alloy_rlp::encode(TrieNode::Leaf(LeafNode::new(key, vec![7; 40]))));
        let child = RlpNode::word_rlp(&B256::repeat_byte(9));
        let extension =
            |key: Nibbles| Bytes::from(alloy_rlp::encode(TrieNode::Extension(ExtensionNode::new(key, child.clone()))));
        for cut in 1..=6 {
            let before = leaf(path.slice(cut..));
            assert_eq!(before_folding(&[leaf(path)], keccak256(&before)), Some(before), "{cut}");
        }
        for cut in 1..6 {
            let before = extension(path.slice(cut..));
            assert_eq!(before_folding(&[extension(path)], keccak256(&before)), Some(before), "{cut}");
        }
        // The node itself is not one that was folded, and others aren't made up.
        assert_eq!(before_folding(&[leaf(path)], keccak256(leaf(path))), None);
        assert_eq!(before_folding(&[extension(path)], keccak256(leaf(path.slice(1..)))), None);
        assert_eq!(before_folding(&[], B256::ZERO), None);
    }
}
