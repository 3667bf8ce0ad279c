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
