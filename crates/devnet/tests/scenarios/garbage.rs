//! Garbage in the batch inbox, by the batcher itself.

use crate::support::{Judge, NEWEST, config};
use alloy_primitives::{Bytes, keccak256};
use kohala_devnet::chain::{Channel, Config, Devnet, Fork, L1Call, datum};
use kohala_program::Reason;
use kohala_protocol::FrameError;

/// What becomes of the second frame's datum, and why nothing can be read there.
type Garbage = (fn(&Bytes) -> Vec<u8>, fn(&FrameError) -> bool);

const GARBAGE: [Garbage; 4] = [
    // The version byte is missing, so that the channel's id stands in its place.
    (|datum| datum[1..].to_vec(), |error| matches!(error, FrameError::Version(_))),
    // Nothing but noise.
    (
        |datum| (0..7).flat_map(|seed| keccak256([&[seed], &datum[..]].concat()).0).collect(),
        |error| matches!(error, FrameError::Version(_)),
    ),
    // The end is missing.
    (|datum| datum[..datum.len() - 4].to_vec(), |error| *error == FrameError::Truncated),
    // Something follows that is no frame.
    (|datum| [datum, &[0xba, 0xad, 0xf0, 0x0d][..]].concat(), |error| *error == FrameError::Truncated),
];

/// A datum that can't be read lies between the two frames of a channel, and is no hindrance (T-GARBAGE).
#[test]
fn garbage_between_two_frames_is_passed_over() {
    for (fork, in_blobs) in [(Fork::Granite, false), (NEWEST, false), (NEWEST, true)] {
        for (spoil, expected) in GARBAGE {
            let mut devnet = Devnet::new(Config { channel_timeout: 10, ..config(fork) });
            devnet.l2_blocks(10);
            let frames = Channel::of(devnet.singulars(1..=10)).cut(2);
            let data = [datum(&frames[..1]), datum(&frames[1..])];
            let garbage = spoil(&data[1]).into();
            let post = |datum: Bytes| if in_blobs { L1Call::blobs([datum]) } else { L1Call::calldata(datum) };
            let [first, second] = data.map(post);
            devnet.l1_block(|block| block.send(first));
            assert_eq!(Judge::of(&devnet).safe_head(0).reasons(), []);
            devnet.l1_block(|block| block.send(post(garbage)));
            let reasons = Judge::of(&devnet).safe_head(0).reasons();
            assert!(matches!(&reasons[..], [Reason::Frames(error)] if expected(error)), "{reasons:?}");
            devnet.l1_block(|block| block.send(second));
            assert_eq!(Judge::of(&devnet).safe_head(10).reasons(), reasons);
        }
    }
}
