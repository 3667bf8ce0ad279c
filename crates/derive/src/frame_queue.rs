//! The frames of one datum, waiting for their channel (rules D10, D30; spec: derivation, «Frame queue»).

use crate::{
    Reason, Subject,
    event::Events,
    inbox::Inbox,
    pull::{Pause, Pull},
};
use alloc::{collections::VecDeque, vec::Vec};
use kohala_protocol::{Frame, parse_frames};

/// It is refilled only when empty, so it never holds frames of two data.
#[derive(Debug, Default)]
pub(crate) struct FrameQueue(VecDeque<Frame>);

impl FrameQueue {
    /// The next frame. `ordered`: Holocene's rules are in force at the origin.
    pub(crate) fn next_frame(&mut self, inbox: &mut Inbox, ordered: bool, events: &mut Events) -> Pull<Frame> {
        if self.0.is_empty() {
            let datum = match inbox.next_datum(events) {
                Pull::Item(datum) => datum,
                Pull::Pause(pause) => return Pull::Pause(pause),
            };
            match parse_frames(&datum) {
                Ok(frames) if ordered => self.0 = in_order(frames, events).into(),
                Ok(frames) => self.0 = frames.into(),
                Err(error) => events.push(Subject::Datum, Reason::Frames(error)),
            }
        }
        self.0.pop_front().map_or(Pull::Pause(Pause::More), Pull::Item)
    }

    /// Holocene begins: what is queued is lost (rules D34).
    pub(crate) fn clear(&mut self, events: &mut Events) {
        for frame in self.0.drain(..) {
            drop_frame(&frame, Reason::Holocene, events);
        }
    }
}

/// Keeps the frames that may follow each other in Holocene's strict order (rules D30).
///
/// Each frame is judged against the last one kept; a first frame throws out the unclosed channel before it, frame by
/// frame, and is then judged against what lies below.
fn in_order(frames: Vec<Frame>, events: &mut Events) -> Vec<Frame> {
    let mut kept: Vec<Frame> = Vec::with_capacity(frames.len());
    'frames: for frame in frames {
        while let Some(last) = kept.last() {
            let same_channel = last.id == frame.id;
            if same_channel && (last.is_last || frame.number != last.number.wrapping_add(1)) {
                drop_frame(&frame, Reason::FrameOutOfOrder, events);
                continue 'frames;
            }
            if !same_channel && frame.number != 0 {
                drop_frame(&frame, Reason::FrameOfOtherChannel, events);
                continue 'frames;
            }
            if same_channel || last.is_last {
                break;
            }
            drop_frame(last, Reason::Replaced, events);
            kept.pop();
        }
        kept.push(frame);
    }
    kept
}

fn drop_frame(frame: &Frame, reason: Reason, events: &mut Events) {
    events.push(Subject::Frame { channel: frame.id, number: frame.number }, reason);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::String, vec, vec::Vec};
    use alloy_primitives::Bytes;
    use kohala_protocol::ChannelId;

    /// `a0 b1!` are the first frame of channel a and the second, closing one of channel b.
    fn frames(text: &str) -> Vec<Frame> {
        text.split_whitespace()
            .map(|word| Frame {
                id: ChannelId([word.as_bytes()[0]; 16]),
                number: word[1..].trim_end_matches('!').parse().unwrap(),
                data: Bytes::new(),
                is_last: word.ends_with('!'),
            })
            .collect()
    }

    fn pruned(text: &str) -> (Vec<Frame>, Vec<Reason>) {
        let mut events = Events::default();
        let kept = in_order(frames(text), &mut events);
        (kept, events.drain().map(|event| event.reason).collect())
    }

    #[test]
    fn keeps_only_frames_that_can_follow_each_other() {
        for (given, expected) in [
            ("", ""),
            ("a2", "a2"),
            ("a2!", "a2!"),
            ("a2! b0", "a2! b0"),
            ("a2! b1", "a2!"),
            ("b1 a2!", "b1"),
            ("b1 a0", "a0"),
            ("b1! a0", "b1! a0"),
            ("b1! b2", "b1!"),
            ("b1 b3", "b1"),
            ("b1 c3", "b1"),
            ("b1 c3 b2!", "b1 b2!"),
            ("b1 b3! b2 b3!", "b1 b2 b3!"),
            ("c0 c1 c2 d0 c3!", "d0"),
            ("b1 b2! a0 c1! a1 a2! c0 c1 d0 c2! e0", "b1 b2! a0 a1 a2! e0"),
            // A closed channel's id comes back after an unclosed one was thrown out: only that one goes.
            ("a0! b0 a0!", "a0!"),
            // Numbers wrap, as in op-node.
            ("a65535 a0", "a65535 a0"),
        ] {
            assert_eq!(pruned(given).0, frames(expected), "{given}");
        }
    }

    #[test]
    fn says_why_a_frame_was_dropped() {
        assert_eq!(pruned("a0 a2").1, vec![Reason::FrameOutOfOrder]);
        assert_eq!(pruned("a0 b1").1, vec![Reason::FrameOfOtherChannel]);
        assert_eq!(pruned("a0 a1 b0").1, vec![Reason::Replaced, Reason::Replaced]);
    }

    #[test]
    fn prunes_a_full_datum_in_one_pass() {
        let opened: String = (0..5000).map(|number| alloc::format!("a{number} ")).collect();
        assert_eq!(pruned(&(opened + "b0")).0, frames("b0"));
    }
}
