//! Channels that take too long.

use crate::support::{Judge, NEWEST, config};
use kohala_devnet::chain::{Channel, Config, Devnet, Fork, Frame};
use kohala_program::Reason;

/// Forks with the L1 blocks that a channel may take: as configured before Granite, 50 from then on; in a bank before
/// Holocene, alone from then on.
const TIMEOUTS: [(Fork, usize); 3] = [(Fork::Fjord, 4), (Fork::Granite, 50), (NEWEST, 50)];

/// Ten blocks in a channel of two frames, the first of which has been on L1 for too long.
fn timed_out(fork: Fork, timeout: usize) -> (Devnet, [Frame; 2]) {
    let mut devnet = Devnet::new(Config { channel_timeout: 4, ..config(fork) });
    devnet.l2_blocks(10);
    let frames: [Frame; 2] = Channel::of(devnet.singulars(1..=10)).cut(2).try_into().unwrap();
    devnet.l1_block(|block| block.frames(&frames[..1]));
    assert_eq!(Judge::of(&devnet).safe_head(0).reasons(), []);
    devnet.l1_blocks(timeout + 1);
    assert_eq!(Judge::of(&devnet).until(1 + timeout).safe_head(0).reasons(), []);
    assert_eq!(Judge::of(&devnet).safe_head(0).reasons(), [Reason::TimedOut]);
    (devnet, frames)
}

/// Posted anew, the channel brings its ten blocks across (T-CHTO-1).
#[test]
fn timed_out_channel_can_be_posted_anew() {
    for (fork, timeout) in TIMEOUTS {
        let (mut devnet, frames) = timed_out(fork, timeout);
        devnet.l1_block(|block| block.frames(&frames[..1]));
        devnet.l1_block(|block| block.frames(&frames[1..]));
        let run = Judge::of(&devnet).safe_head(10);
        assert_eq!(run.reasons(), [Reason::TimedOut]);
        Judge::agreed(&devnet, 4).safe_head(10);
    }
}

/// A closing frame that comes in the last L1 block of the channel's time brings its ten blocks across.
#[test]
fn channel_is_closed_in_its_last_block() {
    for (fork, timeout) in TIMEOUTS {
        let mut devnet = Devnet::new(Config { channel_timeout: 4, ..config(fork) });
        devnet.l2_blocks(10);
        let frames = Channel::of(devnet.singulars(1..=10)).cut(2);
        devnet.l1_block(|block| block.frames(&frames[..1]));
        devnet.l1_blocks(timeout - 1);
        devnet.l1_block(|block| block.frames(&frames[1..]));
        assert_eq!(Judge::of(&devnet).safe_head(10).reasons(), []);
    }
}

/// The frame that closes the channel comes after its time and brings nothing across; both frames posted anew bring all
/// of it. The channel bank keeps the late frame, so that there the first frame alone is enough (T-CHTO-2).
#[test]
fn frame_after_the_time_out_does_not_close_the_channel() {
    for (fork, timeout) in TIMEOUTS {
        let (mut devnet, frames) = timed_out(fork, timeout);
        devnet.l1_block(|block| block.frames(&frames[1..]));
        let run = Judge::of(&devnet).safe_head(0);
        let dropped = [Reason::TimedOut, Reason::FrameWithoutChannel];
        assert_eq!(run.reasons(), if fork < Fork::Holocene { &dropped[..1] } else { &dropped });
        devnet.l1_block(|block| block.frames(&frames[..1]));
        Judge::of(&devnet).safe_head(if fork < Fork::Holocene { 10 } else { 0 });
        devnet.l1_block(|block| block.frames(&frames[1..]));
        Judge::of(&devnet).safe_head(10);
    }
}
