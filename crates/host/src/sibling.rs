//! Trie nodes that no path leads to: the one beside a path that a deletion leaves alone in its branch.
//!
//! Nodes prove paths to keys, and keys are hashes. To have a node proven that lies at a known place in the trie, one
//! needs an address or a slot whose hash begins with that place. A few million hashes find one, which is well below a
//! minute: state tries are seven or eight nibbles deep where they are largest, storage tries mostly less.

use alloy_primitives::{Address, B256, Bytes, U256, address, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::nodes::{RlpNode, TrieNode};
use kohala_protocol::{Fork, RollupConfig};
use rayon::prelude::*;

/// The deepest place that is searched for, in nibbles: 16^7 hashes take about two minutes on two cores.
const DEEPEST: usize = 7;

/// A key that leads to the node beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    Account(Address),
    Slot(B256),
}

/// An address whose path in the state leads to the node `hash`, which lies beside the path to `address`.
pub(crate) async fn account_beside(proof: &[Bytes], address: Address, hash: B256) -> Option<Beside> {
    let place = place_beside(proof, keccak256(address), hash)?;
    let found = search(place, |number| keccak256(Address::from_word(B256::from(U256::from(number))))).await?;
    Some(Beside::Account(Address::from_word(B256::from(U256::from(found)))))
}

/// The same for a slot of an account.
pub(crate) async fn slot_beside(proof: &[Bytes], slot: B256, hash: B256) -> Option<Beside> {
    let place = place_beside(proof, keccak256(slot), hash)?;
    let found = search(place, |number| keccak256(B256::from(U256::from(number)))).await?;
    Some(Beside::Slot(U256::from(found).into()))
}

/// Where the node `hash` lies, in nibbles, if it is a child of a branch on the path to `key`.
fn place_beside(proof: &[Bytes], key: B256, hash: B256) -> Option<Vec<u8>> {
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
            TrieNode::Extension(extension) => depth += extension.key.len(),
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
    const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
    const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");
    const HISTORY: Address = address!("0000F90827F1C53a10cb7A02335B175320002935");
    const ROOTS: u64 = 8191;
    let time = config.genesis.l2_time + (number - config.genesis.l2.number) * config.block_time;
    let slot = |slot: u64| B256::from(U256::from(slot));
    let vaults = [0x11, 0x19, 0x1a, 0x1b, 0x16].map(|last| {
        let mut address = address!("4200000000000000000000000000000000000000");
        address.0[19] = last;
        (address, Vec::new())
    });
    let mut touched = vec![(L1_BLOCK, (0..=8).map(slot).collect())];
    touched.extend(vaults);
    if config.is_active(Fork::Ecotone, time) {
        touched.push((BEACON_ROOTS, vec![slot(time % ROOTS), slot(time % ROOTS + ROOTS)]));
    }
    if config.is_active(Fork::Isthmus, time) {
        touched.push((HISTORY, vec![slot((number - 1) % ROOTS)]));
    }
    touched
}
