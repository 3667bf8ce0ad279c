//! Nobody posts batches until the sequencing window is over.

use crate::support::{Judge, NEWEST, config};
use alloy_primitives::{Address, U256};
use kohala_devnet::chain::{Channel, Config, Deposit, Devnet, Fork, Posting};
use kohala_program::Reason;

const WINDOW: u64 = 4;

/// So many L1 blocks, each with a deposit.
fn l1_with_deposits(devnet: &mut Devnet, count: usize) {
    for _ in 0..count {
        let deposit = Deposit { to: Address::repeat_byte(7).into(), mint: 5, gas_limit: 50_000, ..Deposit::default() };
        devnet.l1_block(|block| block.deposit(deposit));
    }
}

/// L2 goes on without a batcher: its blocks hold deposits and nothing else. Then the batcher posts empty blocks, some of
/// which L1 has made itself by then, until it has caught up; from there on there are users again (T-SWE-1).
#[test]
fn batcher_recovers_after_the_sequencing_window() {
    for fork in [Fork::Granite, NEWEST] {
        let mut devnet = Devnet::new(Config { seq_window_size: WINDOW, ..config(fork) });
        l1_with_deposits(&mut devnet, 10);
        devnet.l2_blocks(41);
        assert_eq!(devnet.head().origin.number, 10 - WINDOW);
        let counts = |devnet: &Devnet| -> Vec<_> { devnet.l2().iter().map(|block| block.transactions.len()).collect() };
        assert_eq!(counts(&devnet)[1..], [&[1; 5][..], &[2, 1, 1, 1, 1, 1].repeat(6)].concat());
        let run = Judge::of(&devnet).safe_head(41);
        assert!(run.reasons().is_empty() && run.rejected.is_empty());
        Judge::agreed(&devnet, 20).safe_head(41);
        Judge::of(&devnet).until(4).safe_head(5);
        Judge::of(&devnet).until(3).safe_head(0);

        // By the time of the batcher's post, L1 has made the blocks of one more epoch itself.
        l1_with_deposits(&mut devnet, 1);
        devnet.catch_up();
        let last = devnet.head().header.number;
        assert_eq!((last, devnet.head().origin.number), (66, 11));
        Judge::of(&devnet).safe_head(47);
        let channel = Channel::of(devnet.singulars(42..=last));
        devnet.l1_block(|block| block.channel(&channel));
        let run = Judge::of(&devnet).safe_head(last);
        assert_eq!(run.reasons(), vec![Reason::Past; 6]);
        assert_eq!(devnet.l1().len() as u64 - 1 - devnet.head().origin.number, 1, "the batcher has caught up");

        let mut bob = devnet.user(1);
        let users = devnet.l2_block(&[bob.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
        assert_eq!(users.transactions.len(), 2);
        devnet.l1_block(|block| block.batch(last + 1..=last + 1, Posting::default()));
        Judge::of(&devnet).safe_head(last + 1);
        Judge::agreed(&devnet, last).safe_head(last + 1);
    }
}

/// A channel is opened in time and closed when the window is over, and, the second time, its own time as well: what it
/// says of its blocks is too late (T-SWE-2).
#[test]
fn channel_closed_after_the_sequencing_window_is_too_late() {
    for fork in [Fork::Granite, NEWEST] {
        for (wait, timed_out) in [(WINDOW as usize + 1, false), (51, true)] {
            let config = Config { seq_window_size: WINDOW, l2_block_time: 12, ..config(fork) };
            let mut devnet = Devnet::new(config);
            let mut alice = devnet.user(0);
            for _ in 0..2 {
                devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
            }
            let frames = Channel::of(devnet.singulars(1..=2)).cut(2);
            devnet.l1_block(|block| block.frames(&frames[..1]));
            assert_eq!(Judge::of(&devnet).safe_head(0).reasons(), []);
            l1_with_deposits(&mut devnet, wait);
            devnet.l1_block(|block| block.frames(&frames[1..]));
            devnet.rewind(0);
            let newest = devnet.l1().len() as u64 - 1;
            devnet.l2_blocks((newest - WINDOW) as usize);
            let last = devnet.head().header.number;
            assert_eq!((last, devnet.head().origin.number), (newest - WINDOW, newest - WINDOW));
            let reasons = Judge::of(&devnet).safe_head(last).reasons();
            match (timed_out, fork < Fork::Holocene) {
                (false, _) => assert_eq!(reasons, [Reason::Past, Reason::Past]),
                (true, true) => assert_eq!(reasons, [Reason::TimedOut]),
                (true, false) => assert_eq!(reasons, [Reason::TimedOut, Reason::FrameWithoutChannel]),
            }
            Judge::agreed(&devnet, last / 2).safe_head(last);
        }
    }
}
