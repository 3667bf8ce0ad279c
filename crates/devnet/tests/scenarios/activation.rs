//! A fork's activation block, which is for upgrades alone.

use crate::support::{Judge, config, real};
use alloy_primitives::{Address, U256};
use kohala_devnet::chain::{Channel, Devnet, Fork, Posting};
use kohala_program::Reason;

/// A batch that brings a user's transaction into Jovian's activation block is dropped: the chain ends before it
/// (T-ACT).
#[test]
fn user_transaction_in_the_activation_block_drops_the_batch() {
    let mut devnet = Devnet::new(config(Fork::Isthmus).then(Fork::Jovian, 8));
    let mut alice = devnet.user(0);
    devnet.l1_blocks(1);
    devnet.l2_blocks(4);
    assert_eq!(devnet.head().transactions.len(), 6, "L1 info and five upgrades");
    let mut batches = devnet.singulars(1..=4);
    batches[3].transactions.push(alice.transfer(Address::repeat_byte(0xb0), U256::from(1)));
    let channel = Channel::of(batches);
    devnet.l1_block(|block| block.channel(&channel));
    let run = Judge::of(&devnet).safe_head(3);
    assert_eq!(run.reasons(), [Reason::NotEmptyAtActivation, Reason::Flushed]);
    devnet.l1_block(|block| block.batch(4..=4, Posting::default()));
    Judge::of(&devnet).safe_head(4);
}

/// Every upgrade from Granite to Jovian succeeds on real contracts, and the chain goes on by the new rules.
#[test]
fn upgrades_succeed_on_real_contracts() {
    let genesis = real(Fork::Granite);
    let mut devnet = Devnet::new(genesis.then(Fork::Holocene, 4).then(Fork::Isthmus, 8).then(Fork::Jovian, 12));
    let mut alice = devnet.user(0);
    for number in 1..=8 {
        let users = if number == 6 { vec![] } else { vec![alice.transfer(Address::repeat_byte(0xb0), U256::from(1))] };
        devnet.l2_block(&users);
    }
    let counts: Vec<_> = devnet.l2().iter().map(|block| block.transactions.len()).collect();
    assert_eq!(counts, [0, 2, 2, 2, 10, 2, 6, 2, 2]);
    assert!(devnet.l2().iter().flat_map(|block| &block.receipts).all(|receipt| receipt.is_success()));
    devnet.l1_blocks(1);
    devnet.l1_block(|block| block.batch(1..=8, Posting::default()));
    Judge::of(&devnet).safe_head(8);
    Judge::agreed(&devnet, 5).safe_head(8);
}
