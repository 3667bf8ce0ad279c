//! Holocene begins while a channel is under way.

use crate::support::{Judge, config};
use alloy_primitives::{Address, U256};
use kohala_devnet::chain::{Channel, Devnet, Fork, Posting};
use kohala_program::Reason;

/// What was read of a channel before L1 passes Holocene's time is lost, so that its second frame finds no channel;
/// posted anew, all blocks come across (T-HOL-ACT).
#[test]
fn channel_in_flight_is_lost_when_holocene_begins() {
    let mut devnet = Devnet::new(config(Fork::Granite).then(Fork::Holocene, 14));
    let mut alice = devnet.user(0);
    for _ in 1..=14 {
        devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
    }
    let lengths: Vec<_> = devnet.l2().iter().map(|block| block.header.extra_data.len()).collect();
    assert_eq!(lengths, [[0; 7].as_slice(), &[9; 8]].concat(), "block 7 is the first one of Holocene");
    let frames = Channel::of(devnet.singulars(1..=2)).cut(2);
    devnet.l1_block(|block| block.frames(&frames[..1]));
    devnet.l1_block(|block| block.frames(&frames[1..]));
    let run = Judge::of(&devnet).safe_head(0);
    assert_eq!(run.reasons(), [Reason::Holocene, Reason::FrameWithoutChannel]);
    devnet.l1_block(|block| block.batch(1..=14, Posting::default()));
    Judge::of(&devnet).safe_head(14);
    Judge::agreed(&devnet, 6).safe_head(14);
}
