//! Karst: a bundle of upgrades with gas of its own.

use crate::support::{GAS_PRICE_ORACLE, Judge, config, implementation, real};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{Address, U256};
use kohala_devnet::chain::{Channel, Config, Devnet, Fork, L1_BLOCK, Posting};
use kohala_program::Reason;
use op_alloy_consensus::TxDeposit;

/// The first block of Karst is op-node's bundle, byte by byte, behind the L1 info: all of it succeeds, proxies point to
/// new contracts, and its gas comes on top of the block's gas limit, where it stays if the chain wants it to (T-NUT).
#[test]
fn bundle_of_karst_succeeds_with_gas_of_its_own() {
    let bundle = &kohala_testdata::upgrades()["karst"];
    let gas: u64 = bundle.iter().map(|encoded| TxDeposit::decode_2718(&mut &encoded[..]).unwrap().gas_limit).sum();
    assert_eq!((bundle.len(), gas), (31, 55_370_657));
    for keep in [false, true] {
        let config = Config { keep_karst_upgrade_gas: keep, ..real(Fork::Fjord) };
        let config = config.then(Fork::Granite, 2).then(Fork::Holocene, 4).then(Fork::Isthmus, 6);
        let mut devnet = Devnet::new(config.then(Fork::Jovian, 8).then(Fork::Karst, 10));
        devnet.l2_blocks(5);
        let [before, karst] = [4, 5].map(|number| &devnet.l2()[number]);
        assert_eq!(karst.transactions[1..], bundle[..]);
        assert!(karst.receipts.iter().all(|receipt| receipt.is_success()));
        assert!(karst.header.gas_used < karst.header.gas_limit);
        for proxy in [L1_BLOCK, GAS_PRICE_ORACLE] {
            let [(old, _), (new, code)] = [before, karst].map(|block| implementation(block, proxy));
            assert!(old != new && !code.is_empty(), "{proxy} led to {old} and leads to {new}");
        }
        assert_eq!((before.header.gas_limit, karst.header.gas_limit), (60_000_000, 60_000_000 + gas));
        let kept = if keep { karst.header.gas_limit } else { before.header.gas_limit };
        devnet.l1_block(|block| block.batch(1..=5, Posting::default()));
        Judge::agreed(&devnet, 4).safe_head(5);

        let mut alice = devnet.user(0);
        devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
        devnet.l2_blocks(1);
        assert_eq!([6, 7].map(|number| devnet.l2()[number].header.gas_limit), [kept; 2]);
        devnet.l1_block(|block| block.batch(6..=7, Posting::default()));
        Judge::of(&devnet).safe_head(7);
        Judge::agreed(&devnet, 5).safe_head(7);
    }
}

/// Nor may users come between (T-ACT).
#[test]
fn user_transaction_in_karsts_first_block_drops_the_batch() {
    let mut devnet = Devnet::new(config(Fork::Jovian).then(Fork::Karst, 4));
    let mut alice = devnet.user(0);
    devnet.l2_blocks(2);
    assert_eq!(devnet.head().transactions.len(), 1 + 31);
    let mut batches = devnet.singulars(1..=2);
    batches[1].transactions.push(alice.transfer(Address::repeat_byte(0xb0), U256::from(1)));
    let channel = Channel::of(batches);
    devnet.l1_block(|block| block.channel(&channel));
    let run = Judge::of(&devnet).safe_head(1);
    assert_eq!(run.reasons(), [Reason::NotEmptyAtActivation, Reason::Flushed]);
    devnet.l1_block(|block| block.batch(2..=2, Posting::default()));
    Judge::of(&devnet).safe_head(2);
}
