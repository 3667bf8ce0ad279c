//! The recordings are whole and fit together: what other crates' tests rest on, checked by alloy alone.

use alloy_consensus::{BlockHeader, EthereumTxEnvelope, Header, Transaction, TxEip4844};
use alloy_eips::Decodable2718;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{TrieAccount, root};
use kohala_testdata::{BLOB_LEN, CHAINS, Chain, GenesisAccount, chain};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

fn header(rlp: &Bytes) -> Header {
    Header::decode(&mut rlp.as_ref()).expect("a header")
}

fn list_root(items: &[Bytes]) -> B256 {
    root::ordered_trie_root_encoded(items)
}

fn for_each_chain(check: impl Fn(&str, Chain)) {
    for name in CHAINS {
        check(name, chain(name));
    }
}

#[test]
fn holds_as_many_blocks_as_the_readme_says() {
    let counts = CHAINS.map(|name| {
        let chain = chain(name);
        (chain.l1.len(), chain.blobs.len(), chain.l2.len(), chain.claims.len())
    });
    assert_eq!(counts, [(96, 38, 171, 8), (52, 23, 83, 6), (17, 16, 22, 3)]);
}

#[test]
fn l1_blocks_are_linked_and_open_their_headers_roots() {
    for_each_chain(|name, chain| {
        let mut parent = None;
        for block in &chain.l1 {
            let header = header(&block.header_rlp);
            assert_eq!(header.hash_slow(), block.hash, "{name} {}", block.number);
            assert_eq!(header.number, block.number);
            assert_eq!(parent.unwrap_or(header.parent_hash), header.parent_hash, "{name} {}", block.number);
            assert_eq!(list_root(&block.transactions), header.transactions_root, "{name} {}", block.number);
            assert_eq!(list_root(&block.receipts), header.receipts_root, "{name} {}", block.number);
            parent = Some(block.hash);
        }
    });
}

#[test]
fn l2_blocks_are_linked_and_open_their_transactions_root() {
    for_each_chain(|name, chain| {
        let mut parent = None;
        for block in &chain.l2 {
            let header = header(&block.header_rlp);
            assert_eq!(header.hash_slow(), block.hash, "{name} {}", block.number);
            assert_eq!(header.number, block.number);
            assert_eq!(parent.unwrap_or(header.parent_hash), header.parent_hash, "{name} {}", block.number);
            assert_eq!(list_root(&block.transactions), header.transactions_root, "{name} {}", block.number);
            let origin = header_of_origin(&chain, block.l1_origin_number);
            assert!(origin.timestamp <= header.timestamp, "{name} {}", block.number);
            parent = Some(block.hash);
        }
    });
}

fn header_of_origin(chain: &Chain, number: u64) -> Header {
    header(&chain.l1[number as usize].header_rlp)
}

#[test]
fn output_roots_are_of_their_blocks_from_isthmus_on() {
    // Before Isthmus the withdrawals root is not the message passer's storage root: the hash of an empty list.
    for_each_chain(|name, chain| {
        let active = if name == "staged" { 20 } else { 0 };
        for block in &chain.l2[active..] {
            let header = header(&block.header_rlp);
            let preimage =
                [B256::ZERO, header.state_root, header.withdrawals_root().expect("a withdrawals root"), block.hash];
            assert_eq!(keccak256(preimage.concat()), block.output_root, "{name} {}", block.number);
        }
    });
}

#[test]
fn genesis_accounts_hash_to_block_0s_state_root() {
    fn account(entry: &GenesisAccount) -> TrieAccount {
        let storage = entry.storage.iter().map(|slot| (B256::from(slot.key), slot.value));
        TrieAccount {
            nonce: entry.nonce,
            balance: entry.balance,
            storage_root: root::storage_root_unhashed(storage),
            code_hash: keccak256(&entry.code),
        }
    }
    for_each_chain(|name, chain| {
        let accounts: HashMap<_, _> = chain.genesis_alloc.iter().map(|entry| (entry.address, account(entry))).collect();
        assert_eq!(root::state_root_unhashed(accounts), header(&chain.l2[0].header_rlp).state_root, "{name}");
    });
}

#[test]
fn blobs_are_whole_and_exactly_those_that_l1_transactions_name() {
    for_each_chain(|name, chain| {
        let blob_transactions = chain.l1.iter().flat_map(|block| &block.transactions).filter(|bytes| bytes[0] == 3);
        let named: BTreeSet<_> = blob_transactions
            .flat_map(|bytes| {
                let transaction = EthereumTxEnvelope::<TxEip4844>::decode_2718_exact(bytes).expect("a transaction");
                transaction.blob_versioned_hashes().expect("blobs").to_vec()
            })
            .collect();
        assert_eq!(chain.blobs.keys().copied().collect::<BTreeSet<_>>(), named, "{name}");
        for (versioned_hash, blob) in &chain.blobs {
            assert_eq!(blob.data.len(), BLOB_LEN, "{name} {versioned_hash}");
            assert!(blob.data.iter().any(|byte| *byte != 0), "{name} {versioned_hash}");
            let mut hash = sha256(&blob.commitment);
            hash[0] = 1;
            assert_eq!(hash, *versioned_hash, "{name}");
        }
    });
}

fn sha256(bytes: &[u8]) -> B256 {
    B256::from_slice(&Sha256::digest(bytes))
}

#[test]
fn claims_are_about_recorded_blocks() {
    for_each_chain(|name, chain| {
        let names: BTreeSet<_> = chain.claims.iter().map(|claim| claim.name()).collect();
        assert_eq!(names.len(), chain.claims.len());
        for claim in &chain.claims {
            let agreed = &chain.l2[claim.agreed_block as usize];
            let claimed = &chain.l2[claim.claimed_l2_block_number as usize];
            assert_eq!((agreed.hash, agreed.output_root), (claim.agreed_l2_head_hash, claim.agreed_l2_output_root));
            assert_eq!(claimed.output_root, claim.claimed_l2_output_root, "{name} {}", claim.name());
            assert_eq!(claimed.hash, claim.claimed_block_hash);
            assert_eq!(chain.l1[claim.l1_head_number as usize].hash, claim.l1_head, "{name} {}", claim.name());
            assert_eq!(agreed.l1_origin_number, claim.agreed_l1_origin);
            assert_eq!(claimed.l1_origin_number, claim.claim_l1_origin);
        }
    });
}

/// The first bytes of the source hashes, which commit to the order and the names of a fork's upgrades, are those of the
/// specs, and of op-node where the specs err (rules U04, U05, U11).
#[test]
fn upgrades_are_those_of_the_forks() {
    let expected = [
        ("ecotone", 6, "877a6077 a312b451 18acb38c ee4f9385 0c1cb38e 69b763c4"),
        ("fjord", 3, "86122c53 1e6bb0c2 bac7bb0d"),
        ("isthmus", 8, "3b2d0821 fc70b484 107a570d ebe8b5cb ecf2d916 ad74e1ad 3ddf4b13 bfb734da"),
        ("jovian", 5, "bb1a656f f3275f82 239b7021 a70c60aa e836db6a"),
        ("karst", 31, "7e71ceb6"),
    ];
    let upgrades = kohala_testdata::upgrades();
    assert_eq!(upgrades.len(), expected.len());
    for (fork, count, prefixes) in expected {
        assert_eq!(upgrades[fork].len(), count);
        for (encoded, prefix) in upgrades[fork].iter().zip(prefixes.split(' ')) {
            assert_eq!(encoded[0], 0x7e);
            let mut fields = &encoded[1..];
            alloy_rlp::Header::decode(&mut fields).unwrap();
            assert_eq!(alloy_primitives::hex::encode(&fields[1..5]), prefix, "{fork}");
        }
    }
}
