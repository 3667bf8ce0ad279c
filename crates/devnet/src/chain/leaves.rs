use super::tries;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::{EMPTY_STRING_CODE, Header};
use alloy_trie::Nibbles;
use std::sync::{Arc, OnceLock};

/// The leaves of a trie by hashed key, and its root at the price of what changed: they lie in buckets by the first byte
/// of their keys, copies share the buckets that they have in common, and each bucket keeps the hash of its part of the
/// trie.
///
/// Every leaf takes at least 32 bytes, as accounts and slots with their 30 and more bytes of key do: the hash of a part
/// then is what the node above it holds.
#[derive(Clone, Debug)]
pub(super) struct Leaves {
    buckets: Vec<Option<Arc<Bucket>>>,
}

/// The leaves whose keys begin with the same byte, in order; there is one at least.
#[derive(Clone, Debug, Default)]
struct Bucket {
    leaves: Vec<(B256, Bytes)>,
    hash: OnceLock<B256>,
}

impl Default for Leaves {
    fn default() -> Self {
        Self { buckets: vec![None; 256] }
    }
}

impl Leaves {
    /// Sets the value of a leaf, or removes it.
    pub(super) fn set(&mut self, key: B256, value: Option<Bytes>) {
        let slot = &mut self.buckets[usize::from(key[0])];
        let mut bucket = slot.take().map_or_else(Bucket::default, Arc::unwrap_or_clone);
        bucket.hash = OnceLock::new();
        match (bucket.leaves.binary_search_by_key(&key, |(key, _)| *key), value) {
            (Ok(at), Some(value)) => bucket.leaves[at].1 = value,
            (Ok(at), None) => {
                bucket.leaves.remove(at);
            }
            (Err(at), Some(value)) => bucket.leaves.insert(at, (key, value)),
            (Err(_), None) => {}
        }
        *slot = (!bucket.leaves.is_empty()).then(|| bucket.into());
    }

    /// Root of the trie.
    pub(super) fn root(&self) -> B256 {
        self.root_of_parts().unwrap_or_else(|| {
            let leaves = self.buckets.iter().flatten().flat_map(|bucket| &bucket.leaves);
            tries::sorted_root(leaves.map(|(key, value)| (Nibbles::unpack(key), value)))
        })
    }

    /// The same from the buckets' parts, if the trie is full enough for its first two levels to be branches.
    fn root_of_parts(&self) -> Option<B256> {
        let mut children = [None; 16];
        for (child, buckets) in children.iter_mut().zip(self.buckets.chunks(16)) {
            let parts: Vec<_> = buckets.iter().map(|bucket| bucket.as_ref().map(|bucket| bucket.hash())).collect();
            *child = match parts.iter().flatten().count() {
                0 => None,
                1 => return None,
                _ => Some(branch(&parts)),
            };
        }
        (children.iter().flatten().count() > 1).then(|| branch(&children))
    }
}

impl Bucket {
    /// Hash of the node that the trie has two nibbles below its root.
    fn hash(&self) -> B256 {
        let leaves = self.leaves.iter().map(|(key, value)| (Nibbles::unpack(key).slice(2..), value));
        *self.hash.get_or_init(|| tries::sorted_root(leaves))
    }
}

/// Hash of a branch with these children.
fn branch(children: &[Option<B256>]) -> B256 {
    let mut payload = Vec::with_capacity(16 * 33 + 1);
    for child in children {
        match child {
            Some(hash) => {
                payload.push(EMPTY_STRING_CODE + 32);
                payload.extend_from_slice(hash.as_slice());
            }
            None => payload.push(EMPTY_STRING_CODE),
        }
    }
    payload.push(EMPTY_STRING_CODE);
    let mut node = Vec::with_capacity(payload.len() + 3);
    Header { list: true, payload_length: payload.len() }.encode(&mut node);
    node.extend(payload);
    keccak256(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder};
    use std::collections::BTreeMap;

    /// However full the trie is, and whatever was set and removed: its root is that of alloy's trie of the same leaves.
    #[test]
    fn root_is_that_of_the_whole_trie() {
        let (mut leaves, mut plain) = (Leaves::default(), BTreeMap::new());
        assert_eq!(leaves.root(), EMPTY_ROOT_HASH);
        // Fills with a thousand keys, a third of which go again; then all go, in another order.
        let growing =
            (0..2000).map(|step: u64| (step * 7 % 1000, (step < 1000 || !step.is_multiple_of(3)).then_some(step)));
        for (key, value) in growing.chain((0..1000).map(|step| (step * 11 % 1000, None))) {
            let key = keccak256(key.to_be_bytes());
            let value = value.map(|step| Bytes::from(step.to_be_bytes().repeat(4)));
            match &value {
                Some(value) => plain.insert(key, value.clone()),
                None => plain.remove(&key),
            };
            leaves.set(key, value);
            if plain.len() % 7 == 0 || plain.len() < 60 {
                let mut builder = HashBuilder::default();
                plain.iter().for_each(|(key, value)| builder.add_leaf(Nibbles::unpack(key), value));
                assert_eq!(leaves.root(), builder.root(), "{} leaves", plain.len());
            }
        }
        assert!(plain.is_empty());
    }
}
