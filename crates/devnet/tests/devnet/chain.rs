//! What holds of the chain by itself.

use crate::story::tell;
use alloy_consensus::{TrieAccount, transaction::SignerRecoverable};
use alloy_eips::{eip2718::Decodable2718, eip2935::HISTORY_STORAGE_ADDRESS};
use alloy_primitives::{U256, address, keccak256};
use alloy_trie::{Nibbles, proof::verify_proof, root};
use kohala_devnet::chain::{BATCHER, Config, Devnet, L1_BLOCK, L1Fork, Posting, SET_SLOT, Schedule};
use op_alloy_consensus::OpTxEnvelope;

fn story() -> Devnet {
    tell(Config::default(), Posting::default())
}

fn trie_account(account: &kohala_devnet::chain::Account) -> TrieAccount {
    let storage = account.storage.iter().map(|(slot, value)| ((*slot).into(), *value));
    TrieAccount {
        nonce: account.nonce,
        balance: account.balance,
        storage_root: root::storage_root_unhashed(storage),
        code_hash: keccak256(&account.code),
    }
}

#[test]
fn equal_scripts_make_equal_chains_and_seeds_tell_them_apart() {
    let heads = |devnet: Devnet| (devnet.l1().last().unwrap().header.hash(), devnet.output_root(12));
    let first = heads(story());
    assert_eq!(heads(story()), first);
    let other = heads(tell(Config { seed: 1, ..Config::default() }, Posting::default()));
    assert!(other.0 != first.0 && other.1 != first.1);
}

#[test]
fn state_roots_are_those_of_the_accounts() {
    for block in story().l2() {
        let accounts = block.state.accounts.iter().map(|(address, account)| (*address, trie_account(account)));
        assert_eq!(block.header.state_root, root::state_root_unhashed(accounts), "block {}", block.header.number);
    }
}

/// From its first block of Prague on, each block's state has the hashes of those before it that are in the window.
#[test]
fn l1_states_hold_the_hashes_of_the_blocks_before() {
    let config = Config { l1_history: true, l1_forks: Schedule::default(), ..Config::default() };
    let mut devnet = Devnet::new(config.then_l1(L1Fork::Cancun, 0).then_l1(L1Fork::Prague, 60));
    devnet.l1_blocks(8300);
    for number in [0, 1, 4, 5, 6, 7, 70, 700, 8190, 8191, 8192, 8195, 8196, 8197, 8300] {
        let state = devnet.l1_state(number).unwrap();
        let accounts = state.accounts.iter().map(|(address, account)| (*address, trie_account(account)));
        let root = devnet.l1()[number as usize].header.state_root;
        assert_eq!(root, root::state_root_unhashed(accounts), "block {number}");
        let storage = &state.accounts[&HISTORY_STORAGE_ADDRESS].storage;
        let expected = 4.max(number.saturating_sub(8191))..number;
        assert_eq!(storage.len() as u64, expected.end.saturating_sub(expected.start), "block {number}");
        for stored in expected {
            let hash = devnet.l1()[stored as usize].header.hash();
            assert_eq!(storage[&U256::from(stored % 8191)], U256::from_be_bytes(hash.0), "{stored} after {number}");
        }
    }
    assert!(story().l1_state(1).is_none());
}

#[test]
fn proofs_lead_from_the_roots_to_accounts_and_slots() {
    let devnet = story();
    let block = &devnet.l2()[12];
    let account = &block.state.accounts[&SET_SLOT];
    let expected = alloy_rlp::encode(trie_account(account));
    let tries = block.state.tries();
    assert_eq!(tries.root(), block.header.state_root);
    let proof = tries.account_proof(SET_SLOT);
    verify_proof(block.header.state_root, Nibbles::unpack(keccak256(SET_SLOT)), Some(expected), &proof).unwrap();
    for slot in [9, 100, 101].map(U256::from) {
        let proof = tries.storage_proof(SET_SLOT, slot);
        let expected = account.storage.get(&slot).map(alloy_rlp::encode);
        let key = keccak256(slot.to_be_bytes::<32>());
        verify_proof(tries.storage_root(SET_SLOT), Nibbles::unpack(key), expected, &proof).unwrap();
    }
}

#[test]
fn senders_are_those_who_signed() {
    let devnet = story();
    for block in devnet.l1() {
        let recovered: Vec<_> =
            block.transactions.iter().map(|transaction| transaction.recover_signer().unwrap()).collect();
        assert_eq!(recovered, block.senders);
    }
    let posts = &devnet.l1()[2];
    assert_eq!(posts.senders, [devnet.l1_user(BATCHER).address()]);
    for block in devnet.l2() {
        let decode = |encoded: &_| OpTxEnvelope::decode_2718(&mut AsRef::<[u8]>::as_ref(encoded)).unwrap();
        let recovered: Vec<_> = block
            .transactions
            .iter()
            .map(|bytes: &alloy_primitives::Bytes| decode(bytes).recover_signer().unwrap())
            .collect();
        assert_eq!(recovered, block.senders);
    }
}

#[test]
fn fees_and_blobs_of_l1_follow_the_block_before() {
    let devnet = tell(Config::default(), Posting { frame_size: 100, ..Posting::default() });
    for pair in devnet.l1().windows(2) {
        let [parent, block] = [&pair[0].header, &pair[1].header];
        let params = alloy_eips::eip7840::BlobParams::prague();
        assert_eq!(block.excess_blob_gas, parent.next_block_excess_blob_gas(params));
        assert_eq!(block.base_fee_per_gas, parent.next_block_base_fee(alloy_eips::eip1559::BaseFeeParams::ethereum()));
        assert_eq!((block.parent_hash, block.number), (parent.hash(), parent.number + 1));
    }
    assert!(devnet.l1().last().unwrap().header.excess_blob_gas.unwrap() > 0);
}

#[test]
fn commitments_are_those_of_the_blobs() {
    let devnet = story();
    let settings = c_kzg::ethereum_kzg_settings(0);
    let blobs: Vec<_> = devnet.l1().iter().flat_map(|block| &block.blobs).collect();
    assert_eq!(blobs.len(), 2);
    for blob in blobs {
        let data = c_kzg::Blob::from_bytes(&blob.data).unwrap();
        let [commitment, proof] =
            [&blob.commitment, &blob.proof].map(|bytes| c_kzg::Bytes48::from_bytes(bytes).unwrap());
        assert!(settings.verify_blob_kzg_proof(&data, &commitment, &proof).unwrap());
    }
}

#[test]
fn forks_and_config_show_in_the_headers() {
    let devnet = story();
    let [before, after] = [3, 12].map(|number| &devnet.l2()[number].header);
    assert_eq!((before.gas_limit, after.gas_limit), (30_000_000, 25_000_000));
    assert_eq!(before.extra_data[..], [&[1][..], &250u32.to_be_bytes(), &6u32.to_be_bytes(), &[0; 8]].concat());
    assert_eq!(
        after.extra_data[..],
        [&[1][..], &50u32.to_be_bytes(), &4u32.to_be_bytes(), &1_000_000u64.to_be_bytes()].concat()
    );
    assert!(before.blob_gas_used.unwrap() > 0, "the footprint of nine transactions");
    assert_ne!(before.withdrawals_root, after.withdrawals_root);
    assert!(devnet.l2()[6].transactions.len() == 5, "L1 info, two deposits, two users");
    assert!(devnet.l2()[6].receipts[1].is_success() && !devnet.l2()[6].receipts[2].is_success());
}

/// The contract's storage is where the fee rules read it, and fees are taken by it.
#[test]
fn l1_info_lies_in_its_slots() {
    let devnet = story();
    let block = &devnet.l2()[12];
    let origin = &devnet.l1()[block.origin.number as usize];
    let slots = &block.state.accounts[&L1_BLOCK].storage;
    let number = |number: u64| U256::from(number);
    let expected = [
        (0, number(origin.header.timestamp) << 64 | number(origin.header.number)),
        (1, number(origin.header.base_fee_per_gas.unwrap())),
        (2, origin.header.hash().into()),
        (3, number(2000) << 96 | number(900_000) << 64 | number(block.sequence_number)),
        (4, devnet.l1_user(BATCHER).address().into_word().into()),
        (7, U256::from(origin.blob_base_fee())),
        (8, number(300) << 96 | number(7) << 64 | number(11)),
    ];
    assert_eq!(*slots, expected.map(|(slot, value)| (U256::from(slot), value)).into());
    let vault = |number: usize, vault: u8| {
        let mut address = address!("4200000000000000000000000000000000000000");
        address[19] = vault;
        devnet.l2()[number].state.accounts.get(&address).map_or(U256::ZERO, |account| account.balance)
    };
    for fees in [0x11, 0x19, 0x1a] {
        assert!(!vault(3, fees).is_zero() && vault(3, fees) < vault(12, fees), "{fees:x}");
    }
    assert!(vault(5, 0x1b).is_zero() && !vault(12, 0x1b).is_zero(), "the operator's, from the update on");
}
