//! [`Trie`] against alloy-trie over random contents, and its promises about the source.

use crate::support::{Missing, Model, Nodes, build, expected_root, key, nodes_by_path, sibling_path};
use alloy_primitives::{B256, keccak256};
use kohala_trie::{EMPTY_ROOT, Trie, TrieError};
use proptest::{collection::vec, prelude::*};

/// Keys that meet often: a few nibbles at the top, in the middle and at the very end, where nodes are embedded.
fn any_key() -> impl Strategy<Value = B256> {
    let positions = [0, 1, 2, 3, 30, 31, 61, 62, 63];
    prop_oneof![
        8 => vec(prop_oneof![3 => Just(0u8), 2 => 1..3u8, 1 => 3..16u8], positions.len())
            .prop_map(move |nibbles| key(&positions.into_iter().zip(nibbles).collect::<Vec<_>>())),
        1 => any::<[u8; 32]>().prop_map(B256::from),
    ]
}

/// Values of every size that matters: one byte of either kind, embeddable, inline, and beyond.
fn any_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(1..=255u8, 1),
        2 => vec(any::<u8>(), 2..8),
        1 => vec(any::<u8>(), 25..42),
        1 => vec(any::<u8>(), 55..120),
        1 => vec(any::<u8>(), 250..300),
    ]
}

fn any_model(keys: std::ops::Range<usize>) -> impl Strategy<Value = Model> {
    proptest::collection::btree_map(any_key(), any_value(), keys)
}

/// The first key from the random one on: a removal should mostly hit.
fn next_key(model: &Model, from: B256) -> B256 {
    model.range::<B256, _>(from..).next().map_or(from, |(key, _)| *key)
}

/// Removes a key from trie and model.
fn remove(trie: &mut Trie, model: &mut Model, key: B256, nodes: &mut Nodes) {
    assert_eq!(trie.remove(&key, nodes).unwrap(), model.remove(&key).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn reads_and_changes_what_alloy_trie_encoded(
        mut model in any_model(1..60),
        changes in vec((any_key(), prop::option::of(any_value())), 1..20),
    ) {
        let (root, mut nodes) = Nodes::of(&model);
        let mut trie = Trie::at(root);
        for (from, value) in changes {
            let key = next_key(&model, from);
            prop_assert_eq!(trie.get(&key, &mut nodes).unwrap(), model.get(&key).map(Vec::as_slice));
            match value {
                Some(value) => {
                    trie.insert(&key, &value, &mut nodes).unwrap();
                    model.insert(key, value);
                }
                None => remove(&mut trie, &mut model, key, &mut nodes),
            }
        }
        prop_assert_eq!(trie.root(), expected_root(&model));
    }

    #[test]
    fn commit_gives_each_hashed_node_once_and_nothing_else(model in any_model(1..60)) {
        let mut given = Vec::new();
        build(&model).commit(|hash, node| given.push((hash, node.to_vec())));
        let mut expected: Vec<_> = nodes_by_path(&model, model.keys().copied())
            .into_iter()
            .filter(|(path, node)| path.is_empty() || node.len() >= 32)
            .map(|(_, node)| (keccak256(&node), node.to_vec()))
            .collect();
        given.sort();
        expected.sort();
        prop_assert_eq!(given, expected);
    }

    #[test]
    fn get_asks_for_the_nodes_of_the_proof_only(model in any_model(1..60), key in any_key()) {
        let (root, mut nodes) = Nodes::of(&model);
        Trie::at(root).get(&key, &mut nodes).unwrap();
        prop_assert_eq!(nodes.asked, proof_hashes(&model, key));
    }

    #[test]
    fn insert_asks_for_the_nodes_of_the_proof_only(model in any_model(1..60), key in any_key()) {
        let (root, mut nodes) = Nodes::of(&model);
        Trie::at(root).insert(&key, &[1], &mut nodes).unwrap();
        prop_assert_eq!(nodes.asked, proof_hashes(&model, key));
    }

    #[test]
    fn remove_asks_for_the_sibling_only_when_a_branch_folds(model in any_model(1..60), from in any_key()) {
        let key = next_key(&model, from);
        let (root, mut nodes) = Nodes::of(&model);
        Trie::at(root).remove(&key, &mut nodes).unwrap();
        let mut expected = proof_hashes(&model, key);
        expected.extend(folded_sibling(&model, key));
        prop_assert_eq!(nodes.asked, expected);
    }

    #[test]
    fn a_failing_source_leaves_the_trie_as_it_was(
        model in any_model(1..40),
        pending in vec((any_key(), any_value()), 0..4),
        from in any_key(),
        value in any_value(),
    ) {
        let key = next_key(&model, from);
        for value in [value, Vec::new()] {
            fails_at_each_request(&model, &pending, key, &value);
        }
    }

    #[test]
    fn altered_nodes_never_panic_and_reencode_to_themselves(
        model in any_model(1..20),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
        probe in any_key(),
    ) {
        let (root, _) = Nodes::of(&model);
        let (_, mut nodes) = Nodes::of(&model);
        let mut altered = nodes.map[&root].to_vec();
        let at = at.index(altered.len());
        altered[at] = to;
        let altered = nodes.add(&altered);
        for key in model.keys().chain([&probe]) {
            let mut trie = Trie::at(altered);
            let Ok(value) = trie.get(key, &mut nodes).map(|value| value.map(<[u8]>::to_vec)) else { continue };
            prop_assert_eq!(trie.root(), altered);
            // To another value and back: the altered node is encoded anew.
            trie.insert(key, &[0xaa; 7], &mut nodes).unwrap();
            prop_assert!(value.as_deref() == Some(&[0xaa; 7]) || trie.root() != altered);
            // Removing may ask for what the alteration took away.
            if trie.insert(key, value.as_deref().unwrap_or_default(), &mut nodes).is_ok() {
                prop_assert_eq!(trie.root(), altered);
            }
        }
    }
}

/// The hashes to ask for on the way to `key`, root first; embedded nodes come with their parents.
fn proof_hashes(model: &Model, key: B256) -> Vec<B256> {
    let proof = nodes_by_path(model, [key]);
    proof.iter().filter(|(path, node)| path.is_empty() || node.len() >= 32).map(|(_, node)| keccak256(node)).collect()
}

/// The child that takes the place of `key`'s branch when `key` goes, if it is one that has to be asked for.
fn folded_sibling(model: &Model, key: B256) -> Option<B256> {
    let sibling = nodes_by_path(model, model.keys().copied()).remove(&sibling_path(model, key)?)?;
    (sibling.len() >= 32).then(|| keccak256(sibling))
}

/// Sets `key` (an empty value removes it) with a source that fails at the first request, the second, and so on, until
/// it has failed at each; the trie has unhashed changes all the while.
fn fails_at_each_request(model: &Model, pending: &[(B256, Vec<u8>)], key: B256, value: &[u8]) {
    let (root, mut nodes) = Nodes::of(model);
    let (mut trie, mut model) = (Trie::at(root), model.clone());
    for (key, value) in pending {
        trie.insert(key, value, &mut nodes).unwrap();
        model.insert(*key, value.clone());
    }
    let before = expected_root(&model);
    if value.is_empty() {
        model.remove(&key);
    } else {
        model.insert(key, value.to_vec());
    }
    let after = expected_root(&model);
    // Tried again and again on the one trie, which keeps what it opened; and each time on a fresh one.
    let mut failing = trie.clone();
    for answers in 0.. {
        let mut fresh = trie.clone();
        nodes.answers_left = Some(answers);
        let outcome = fresh.insert(&key, value, &mut nodes);
        assert_eq!(fresh.root(), if outcome.is_ok() { after } else { before });
        if outcome.is_ok() {
            break;
        }
        assert!(matches!(outcome, Err(TrieError::Source(Missing(_)))));
        nodes.answers_left = Some(usize::from(answers > 0));
        let outcome = failing.insert(&key, value, &mut nodes);
        assert_eq!(failing.clone().root(), if outcome.is_ok() { after } else { before });
        nodes.answers_left = None;
        fresh.insert(&key, value, &mut nodes).unwrap();
        assert_eq!(fresh.root(), after);
    }
    nodes.answers_left = None;
    failing.insert(&key, value, &mut nodes).unwrap();
    assert_eq!(failing.root(), after);
}

#[test]
fn empty_trie_has_the_empty_root_and_asks_for_nothing() {
    // kona#705
    let mut nodes = Nodes::default();
    let mut trie = Trie::empty();
    assert_eq!(trie.root(), keccak256([0x80]));
    assert_eq!(trie.get(&B256::ZERO, &mut nodes).unwrap(), None);
    assert!(!trie.remove(&B256::ZERO, &mut nodes).unwrap());
    assert_eq!(trie.commit(|_, _| panic!("the empty trie has no node")), EMPTY_ROOT);

    trie.insert(&B256::ZERO, &[1], &mut nodes).unwrap();
    assert_ne!(trie.root(), EMPTY_ROOT);
    assert!(trie.remove(&B256::ZERO, &mut nodes).unwrap());
    assert_eq!(trie.commit(|_, _| panic!("the empty trie has no node")), EMPTY_ROOT);
    assert!(nodes.asked.is_empty());
}

#[test]
fn an_untouched_trie_asks_for_nothing() {
    let mut trie = Trie::at(B256::repeat_byte(7));
    assert_eq!(trie.root(), B256::repeat_byte(7));
    assert_eq!(trie.commit(|_, _| panic!("nothing changed")), B256::repeat_byte(7));
}

#[test]
fn inserting_an_empty_value_removes_the_key() {
    let (a, b) = (key(&[(0, 1)]), key(&[(0, 2)]));
    let mut trie = build(&Model::from([(a, vec![1]), (b, vec![2])]));
    trie.insert(&a, &[], &mut Nodes::default()).unwrap();
    assert_eq!(trie.get(&a, &mut Nodes::default()).unwrap(), None);
    assert_eq!(trie.root(), expected_root(&Model::from([(b, vec![2])])));
}

#[test]
fn removing_an_absent_key_changes_and_hashes_nothing() {
    let model = Model::from([(key(&[(5, 1)]), vec![1; 40]), (key(&[(5, 2)]), vec![2; 40])]);
    let (root, mut nodes) = Nodes::of(&model);
    let mut trie = Trie::at(root);
    for absent in [key(&[]), key(&[(0, 9)]), key(&[(5, 1), (60, 1)])] {
        assert!(!trie.remove(&absent, &mut nodes).unwrap());
        assert_eq!(trie.commit(|_, _| panic!("nothing changed")), root);
    }
}

#[test]
fn writing_the_same_value_hashes_nothing() {
    let model = Model::from([(key(&[(5, 1)]), vec![1; 40]), (key(&[(5, 2)]), vec![2; 40])]);
    let (root, mut nodes) = Nodes::of(&model);
    let mut trie = Trie::at(root);
    trie.insert(&key(&[(5, 1)]), &[1; 40], &mut nodes).unwrap();
    assert_eq!(trie.commit(|_, _| panic!("nothing changed")), root);
}

#[test]
fn root_hashes_only_the_changed_path() {
    let model: Model = (0..500u32).map(|at| (keccak256(at.to_be_bytes()), vec![1; 33])).collect();
    let mut trie = build(&model);
    trie.root();
    let changed = keccak256(7u32.to_be_bytes());
    trie.insert(&changed, &[2; 33], &mut Nodes::default()).unwrap();
    let mut hashed = 0;
    trie.commit(|_, _| hashed += 1);
    assert_eq!(hashed, nodes_by_path(&model, [changed]).len());
    trie.commit(|_, _| panic!("nothing changed"));
}

#[test]
fn removing_and_inserting_again_reuses_memory() {
    // A kept-open trie must not grow with the number of changes: its debug form lists the whole arena, whatever it calls
    // a vacant slot. The last two keys share a path, so that branches fold into extensions too.
    let mut model: Model = (0..64u32).map(|at| (keccak256(at.to_be_bytes()), vec![1; 33])).collect();
    model.extend([(key(&[(63, 1)]), vec![1; 33]), (key(&[(63, 2)]), vec![1; 33])]);
    let mut trie = build(&model);
    let mut length_after = |cycles: usize| {
        for _ in 0..cycles {
            for key in model.keys() {
                trie.remove(key, &mut Nodes::default()).unwrap();
            }
            for (key, value) in &model {
                trie.insert(key, value, &mut Nodes::default()).unwrap();
            }
        }
        format!("{trie:?}").len()
    };
    let length = length_after(1);
    assert!(length > model.len() * 33, "all values are in it");
    assert!(length_after(100) < 2 * length);
}

/// Three keys below a common path; removing and inserting cuts and joins the extension at its every nibble.
#[test]
fn extension_is_cut_and_joined_at_every_nibble() {
    // kona#300
    let (a, b) = (key(&[(63, 1)]), key(&[(63, 2)]));
    for parting in 0..63 {
        for value in [vec![1], vec![9; 40]] {
            let c = key(&[(parting, 5)]);
            let with = Model::from([(a, value.clone()), (b, value.clone()), (c, value.clone())]);
            let without = Model::from([(a, value.clone()), (b, value.clone())]);

            let (root, mut nodes) = Nodes::of(&without);
            let mut trie = Trie::at(root);
            trie.insert(&c, &value, &mut nodes).unwrap();
            assert_eq!(trie.root(), expected_root(&with), "cut at {parting}");
            for (key, value) in &with {
                assert_eq!(trie.get(key, &mut nodes).unwrap(), Some(value.as_slice()));
            }

            let (root, mut nodes) = Nodes::of(&with);
            let mut trie = Trie::at(root);
            assert!(trie.remove(&c, &mut nodes).unwrap());
            assert_eq!(trie.root(), expected_root(&without), "joined at {parting}");
            for key in [&a, &b, &c] {
                assert_eq!(trie.get(key, &mut nodes).unwrap(), without.get(key).map(Vec::as_slice));
            }
        }
    }
}

/// A branch as the child of a branch, either of which loses a child or folds.
#[test]
fn branch_within_a_branch_loses_children() {
    // kona#493
    let keys: Vec<B256> = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)].map(|(a, b)| key(&[(0, a), (1, b)])).to_vec();
    for value in [vec![1], vec![9; 40]] {
        let full: Model = keys.iter().map(|key| (*key, value.clone())).collect();
        let (root, nodes) = Nodes::of(&full);
        // Every set of keys, removed in either order.
        for chosen in 0..1u32 << keys.len() {
            let removed: Vec<&B256> =
                (0..).zip(&keys).filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, k)| k).collect();
            for order in [removed.clone(), removed.into_iter().rev().collect()] {
                let (mut trie, mut model, mut nodes) = (Trie::at(root), full.clone(), nodes.clone());
                for key in order {
                    remove(&mut trie, &mut model, *key, &mut nodes);
                    assert_eq!(trie.root(), expected_root(&model));
                }
            }
        }
    }
}

#[test]
fn fold_without_the_siblings_preimage_is_a_source_error() {
    let (gone, kept) = (key(&[(0, 1)]), key(&[(0, 2)]));
    let model = Model::from([(gone, vec![1; 40]), (kept, vec![2; 40])]);
    let (root, mut nodes) = Nodes::of(&model);
    let sibling = folded_sibling(&model, gone).unwrap();
    let leaf = nodes.map.remove(&sibling).unwrap();
    let mut trie = Trie::at(root);
    assert_eq!(trie.remove(&gone, &mut nodes), Err(TrieError::Source(Missing(sibling))));
    assert_eq!(trie.root(), root);
    nodes.add(&leaf);
    assert!(trie.remove(&gone, &mut nodes).unwrap());
    assert_eq!(trie.root(), expected_root(&Model::from([(kept, vec![2; 40])])));
}
