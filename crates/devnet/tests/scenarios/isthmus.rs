//! Isthmus: withdrawals in headers, its upgrades, and requests that L2 knows nothing of.

use crate::support::{
    GAS_PRICE_ORACLE, Judge, NEWEST, OPERATOR_FEE_VAULT, answers, ask_for, config, implementation, real, with_asker,
    word,
};
use alloy_consensus::EMPTY_ROOT_HASH;
use alloy_eips::{eip2935, eip7002, eip7251, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::{Address, B256, Bytes, U256, address, b256, keccak256};
use alloy_trie::root::storage_root_unhashed;
use kohala_devnet::chain::{Account, Devnet, Fork, L1_BLOCK, L2Block, MESSAGE_PASSER, Posting};

/// What a withdrawal costs of ether here.
const WITHDRAWN: U256 = U256::from_limbs([500, 0, 0, 0]);

/// Where Isthmus is there from genesis on, the genesis block's header already commits to the withdrawals and to no
/// requests (T-ISTH-GEN).
#[test]
fn genesis_block_of_isthmus_commits_to_withdrawals_and_no_requests() {
    for fork in [Fork::Isthmus, Fork::Jovian, NEWEST] {
        let config = config(fork);
        let passer = Devnet::new(config.clone()).l2()[0].state.accounts[&MESSAGE_PASSER].clone();
        let storage = [(U256::from(7), U256::from(1))].into();
        let config = config.with(MESSAGE_PASSER, Account { storage, ..Account::clone(&passer) });
        let mut devnet = Devnet::new(config.clone());
        let genesis = devnet.l2()[0].header.clone();
        let root = storage_root_unhashed([(U256::from(7).into(), U256::from(1))]);
        assert_eq!((genesis.withdrawals_root, genesis.requests_hash), (Some(root), Some(EMPTY_REQUESTS_HASH)));
        assert_eq!(Devnet::new(config).l2()[0].header, genesis, "it can be made again");
        assert_eq!(devnet.rollup_json()["genesis"]["l2"]["hash"], genesis.hash_slow().to_string());
        devnet.l1_blocks(1);
        devnet.catch_up();
        let head = devnet.head().header.clone();
        assert_eq!((head.withdrawals_root, head.requests_hash), (Some(root), Some(EMPTY_REQUESTS_HASH)));
        devnet.l1_block(|block| block.batch(1..=head.number, Posting::default()));
        Judge::of(&devnet).safe_head(head.number);
    }
}

/// The withdrawals' root as the newest header has it, and as the state has it.
fn withdrawals_roots(block: &L2Block) -> (B256, B256) {
    (block.header.withdrawals_root.unwrap(), block.state.storage_root(MESSAGE_PASSER))
}

/// Before Isthmus headers hold the root of nothing, whatever is withdrawn (T-ISTH-WR).
#[test]
fn withdrawal_shows_in_headers_from_isthmus_on() {
    for fork in [Fork::Holocene, Fork::Isthmus, Fork::Jovian, NEWEST] {
        let mut devnet = Devnet::new(config(fork));
        let mut alice = devnet.user(0);
        let sent = [U256::from(9), U256::from(1)].map(|word| word.to_be_bytes::<32>()).concat();
        devnet.l2_block(&[alice.call(MESSAGE_PASSER, WITHDRAWN, sent.into())]);
        devnet.l2_blocks(2);
        let (header, state) = withdrawals_roots(devnet.head());
        assert_ne!(state, EMPTY_ROOT_HASH);
        assert_eq!(header, if fork < Fork::Isthmus { EMPTY_ROOT_HASH } else { state });
        devnet.l1_block(|block| block.batch(1..=3, Posting::default()));
        Judge::of(&devnet).safe_head(3);
    }
}

/// The real contract takes a withdrawal in the last block before Isthmus, in its first block or in the one after, or
/// none at all (T-ISTH-WR).
#[test]
fn withdrawals_before_at_and_after_isthmus() {
    for last in 1..=3 {
        for withdraws in [false, true] {
            let mut devnet = Devnet::new(real(Fork::Holocene).then(Fork::Isthmus, 4));
            let mut alice = devnet.user(0);
            devnet.l2_blocks(last - 1);
            let withdrawal = alice.call(MESSAGE_PASSER, WITHDRAWN, Bytes::new());
            let block = devnet.l2_block(if withdraws { std::slice::from_ref(&withdrawal) } else { &[] });
            assert!(block.receipts.iter().all(|receipt| receipt.is_success()));
            let ((header, state), (_, before)) = (withdrawals_roots(block), withdrawals_roots(&devnet.l2()[last - 1]));
            assert_eq!(state != before, withdraws, "block {last}");
            assert_eq!(header, if last < 2 { EMPTY_ROOT_HASH } else { state }, "block {last}");
            devnet.l1_block(|block| block.batch(1..=last as u64, Posting::default()));
            Judge::of(&devnet).safe_head(last as u64);
        }
    }
}

/// The eight upgrades of Isthmus on real contracts: they succeed, proxies point to the new contracts, those say which
/// version they are, and the contract of past block hashes has its first entry one block later (T-ISTH-NUT).
#[test]
fn upgrades_of_isthmus_bring_their_contracts() {
    let mut devnet = Devnet::new(with_asker(real(Fork::Holocene).then(Fork::Isthmus, 4)));
    let contracts = [
        (
            L1_BLOCK,
            address!("4210000000000000000000000000000000000003"),
            b256!("8e3fe7a416d3e5f3b7be74ddd4e7e58e516fa3f80b67c6d930e3cd7297da4a4b"),
            "1.6.0",
        ),
        (
            GAS_PRICE_ORACLE,
            address!("4210000000000000000000000000000000000004"),
            b256!("4d195a9d7caf9fb6d4beaf80de252c626c853afd5868c4f4f8d19c9d301c2679"),
            "1.4.0",
        ),
        (
            OPERATOR_FEE_VAULT,
            address!("4210000000000000000000000000000000000005"),
            b256!("57dc55c9c09ca456fa728f253fe7b895d3e6aae0706104935fe87c7721001971"),
            "1.0.0",
        ),
    ];
    devnet.l2_blocks(2);
    let [before, isthmus] = [1, 2].map(|number| &devnet.l2()[number]);
    assert_eq!(isthmus.transactions.len(), 9);
    assert!(isthmus.receipts.iter().all(|receipt| receipt.is_success()));
    for (proxy, deployer, code_hash, _) in contracts {
        let (address, code) = implementation(isthmus, proxy);
        assert_eq!((address, keccak256(code)), (deployer.create(0), code_hash), "{proxy}");
        assert_ne!(implementation(before, proxy).0, address);
    }
    let history = &isthmus.state.accounts[&eip2935::HISTORY_STORAGE_ADDRESS];
    assert_eq!(history.code, eip2935::HISTORY_STORAGE_CODE);
    assert!(history.storage.is_empty(), "the contract wasn't there when the block began");

    let mut alice = devnet.user(0);
    let mut questions = contracts.map(|(proxy, ..)| ask_for(&mut alice, proxy, "version()", &[])).to_vec();
    questions.push(ask_for(&mut alice, GAS_PRICE_ORACLE, "isIsthmus()", &[]));
    let after = devnet.l2_block(&questions).clone();
    let parent = word(&after, eip2935::HISTORY_STORAGE_ADDRESS, U256::from(2));
    assert_eq!(B256::from(parent), after.header.parent_hash);
    for ((.., version), index) in contracts.iter().zip(1..) {
        // A string: where it begins, its length, itself.
        let answer = answers(&after, index)[0].clone().unwrap();
        assert_eq!(&answer[64..69], version.as_bytes());
    }
    assert_eq!(answers(&after, 4)[0], Some(B256::with_last_byte(1).into()));
    devnet.l1_block(|block| block.batch(1..=3, Posting::default()));
    Judge::of(&devnet).safe_head(3);
}

/// Ethereum's contracts for requests to the consensus layer may be there on L2, and take requests; no header shows
/// any (T-ISTHMUS-REQ).
#[test]
fn requests_to_ethereums_contracts_are_none_of_l2() {
    let contract = |code: &Bytes| Account { nonce: 1, code: code.clone(), ..Account::default() };
    let withdrawal = (eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, 56);
    let consolidation = (eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, 96);
    for fork in [Fork::Isthmus, Fork::Jovian, NEWEST] {
        let config = config(fork)
            .with(withdrawal.0, contract(&eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_CODE))
            .with(consolidation.0, contract(&eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_CODE));
        let mut devnet = Devnet::new(config);
        let mut alice = devnet.user(0);
        let requests = [withdrawal, consolidation].map(|(to, length): (Address, usize)| {
            let mut request = alice.prepare(to, U256::from(1), vec![0; length].into());
            request.gas_limit = 500_000;
            alice.encode(request)
        });
        let block = devnet.l2_block(&requests);
        assert!(block.receipts.iter().all(|receipt| receipt.is_success()));
        for (address, _) in [withdrawal, consolidation] {
            assert_eq!(word(block, address, U256::from(3)), U256::from(1), "a request waits in {address}");
        }
        assert_eq!(block.header.requests_hash, Some(EMPTY_REQUESTS_HASH));
        devnet.l2_blocks(1);
        assert_eq!(devnet.head().header.requests_hash, Some(EMPTY_REQUESTS_HASH));
        devnet.l1_block(|block| block.batch(1..=2, Posting::default()));
        Judge::of(&devnet).safe_head(2);
    }
}
