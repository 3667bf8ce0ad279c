//! L1 goes on to forks that are to come.

use crate::support::{Judge, NEWEST, config};
use alloy_primitives::{Address, U256, bytes};
use kohala_devnet::chain::{Carrier, Deposit, Devnet, Fork, L1Fork, Posting};

/// Amsterdam begins on L1: headers have two fields more, and in front of each block lie transactions of types that nobody
/// knows. Deposits and batches count as before, in calldata and in blobs (T-GLAM).
#[test]
fn safe_head_advances_over_amsterdam() {
    for fork in [Fork::Granite, NEWEST] {
        let mut config = config(fork);
        for (step, l1_fork) in L1Fork::ALL.into_iter().skip(2).enumerate() {
            // All up to BPO5 in the first block, Amsterdam in the fourth.
            config = config.then_l1(l1_fork, if step == 6 { 48 } else { 12 });
        }
        let mut devnet = Devnet::new(config);
        let (mut alice, mut posted) = (devnet.user(0), 0);
        for number in 1..=8 {
            let deposit =
                Deposit { to: Address::repeat_byte(7).into(), mint: 5, gas_limit: 50_000, ..Deposit::default() };
            let carrier = if number % 2 == 0 { Carrier::Blobs } else { Carrier::Calldata };
            let posting = Posting { carrier, ..Posting::default() };
            let last = devnet.head().header.number;
            devnet.l1_block(|block| {
                let block = if number < 4 {
                    block
                } else {
                    block.unknown(bytes!("05c3010203")).unknown(bytes!("0600")).unknown(bytes!("7fffff"))
                };
                let block = block.deposit(deposit);
                if last > posted { block.batch(posted + 1..=last, posting) } else { block }
            });
            posted = last;
            let header = &devnet.l1()[number].header;
            let fields = [header.block_access_list_hash.is_some(), header.slot_number.is_some()];
            assert_eq!(fields, [number >= 4; 2]);
            devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
            devnet.catch_up();
        }
        assert!(devnet.l2()[posted as usize].origin.number >= 7, "its origin is a block of Amsterdam");
        let run = Judge::of(&devnet).safe_head(posted);
        assert_eq!((run.reasons().as_slice(), run.rejected.as_slice()), (&[][..], &[][..]));
        Judge::agreed(&devnet, posted / 2).safe_head(posted);
        Judge::of(&devnet).until(5).safe_head(devnet.safe_head(5));
    }
}
