//! Channels that began before the block that is agreed on.

use crate::support::{Judge, NEWEST, config};
use alloy_primitives::{Address, B128, U256};
use kohala_devnet::chain::{Channel, Config, Devnet, Fork, OpenChannel, Singular};
use kohala_program::Reason;

/// Eight blocks in a channel of eight frames, each in an L1 block of its own (T-LOOK-1).
#[test]
fn channel_of_many_frames_is_read_from_its_first_one_on() {
    for fork in [Fork::Granite, NEWEST] {
        let mut devnet = Devnet::new(config(fork));
        devnet.l2_blocks(8);
        let frames = Channel::of(devnet.singulars(1..=8)).frames(20);
        assert!(frames.len() >= 8);
        for frame in &frames {
            devnet.l1_block(|block| block.frames(std::slice::from_ref(frame)));
        }
        let judge = Judge::of(&devnet);
        assert_eq!(judge.safe_head(8).reasons(), []);
        assert!(judge.claim(4, devnet.output_root(4)).verdict.is_valid());
        assert!(!judge.claim(4, devnet.output_root(3)).verdict.is_valid());
        Judge::agreed(&devnet, 4).safe_head(8);
        Judge::of(&devnet).until(frames.len() - 1).safe_head(0);
    }
}

/// A channel is under way for as long as it may be, and holds blocks made in that time. Whichever of them is agreed on,
/// the program goes back in L1 to the channel's first frame (T-LOOK-1).
#[test]
fn channel_began_a_whole_time_out_before_the_agreed_block() {
    for (fork, timeout) in [(Fork::Fjord, 4), (Fork::Granite, 50), (NEWEST, 50)] {
        let config = Config { l2_block_time: 6, channel_timeout: 4, seq_window_size: 100, ..config(fork) };
        let mut devnet = Devnet::new(config);
        devnet.l1_blocks(3);
        devnet.catch_up();
        let mut channel = OpenChannel::new(B128::repeat_byte(3));
        let before = devnet.head().header.number;
        let first = channel.frame(devnet.singulars(1..=before));
        let opened = devnet.l1_block(|block| block.frames(&[first])).header.number;
        // One more L1 block would be too many.
        devnet.l1_blocks(timeout - 1);
        devnet.catch_up();
        devnet.l2_block(&[]);
        let last = devnet.head().header.number;
        let closing = channel.last_frame(devnet.singulars(before + 1..=last));
        devnet.l1_block(|block| block.frames(&[closing]));
        let newest = devnet.l1().len() as u64 - 1;
        let origin = devnet.l2()[last as usize - 1].origin.number;
        assert_eq!((newest, origin), (opened + timeout as u64, newest - 1));
        assert_eq!(Judge::of(&devnet).safe_head(last).reasons(), []);
        for agreed in [before, before + 1, last - 1, last] {
            Judge::agreed(&devnet, agreed).safe_head(last);
        }
    }
}

/// After the channel's first frame comes one that says something else of the same block: the block stays what the first
/// one says (T-LOOK-2).
#[test]
fn block_is_what_the_channel_says_first() {
    for fork in [Fork::Granite, NEWEST] {
        let (mut devnet, other) = first_block_and_another(fork);
        let mut channel = OpenChannel::new(B128::repeat_byte(3));
        let mut frames = vec![channel.frame([devnet.singular(1)]), channel.frame([other])];
        devnet.l2_blocks(7);
        frames.extend((2..=7).map(|number| channel.frame([devnet.singular(number)])));
        frames.push(channel.last_frame([devnet.singular(8)]));
        for frame in frames {
            devnet.l1_block(|block| block.frames(&[frame]));
        }
        assert_eq!(Judge::of(&devnet).safe_head(8).reasons(), [Reason::Past]);
        Judge::agreed(&devnet, 4).safe_head(8);
    }
}

/// The channel's first frame comes twice, the second time with another block. Before Holocene it is one frame too many;
/// from then on the channel begins anew with it (T-LOOK-2).
#[test]
fn first_frame_reopens_the_channel_from_holocene_on() {
    for fork in [Fork::Granite, NEWEST] {
        let (mut devnet, other) = first_block_and_another(fork);
        let (mut channel, mut reopened) =
            (OpenChannel::new(B128::repeat_byte(3)), OpenChannel::new(B128::repeat_byte(3)));
        let mut frames = vec![channel.frame([devnet.singular(1)]), reopened.frame([other.clone()])];
        if fork >= Fork::Holocene {
            devnet.rewind(0);
            devnet.l2_block(&other.transactions);
            channel = reopened;
        }
        devnet.l2_blocks(7);
        frames.extend((2..=7).map(|number| channel.frame([devnet.singular(number)])));
        frames.push(channel.last_frame([devnet.singular(8)]));
        for frame in frames {
            devnet.l1_block(|block| block.frames(&[frame]));
        }
        let reason = if fork < Fork::Holocene { Reason::FrameTwice } else { Reason::Replaced };
        assert_eq!(Judge::of(&devnet).safe_head(8).reasons(), [reason]);
        Judge::agreed(&devnet, 4).safe_head(8);
    }
}

/// A chain with one block of Alice's, and what a batch says of it if it is Bob's.
fn first_block_and_another(fork: Fork) -> (Devnet, Singular) {
    let mut devnet = Devnet::new(config(fork));
    let [alices, bobs] = [0, 1].map(|user| devnet.user(user).transfer(Address::repeat_byte(0xb0), U256::from(1)));
    devnet.l2_block(&[alices]);
    let other = Singular { transactions: vec![bobs], ..devnet.singular(1) };
    (devnet, other)
}
