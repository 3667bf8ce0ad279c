//! From Holocene on, one channel at a time, its frames in order (rules D31, D32; spec: Holocene, «Channel assembly»).

use crate::{
    Reason, Subject,
    event::Events,
    frame_queue::FrameQueue,
    inbox::Inbox,
    pull::{At, Pull},
    upstream::{RawChannel, frame_size},
};
use alloc::vec::Vec;
use alloy_primitives::Bytes;
use kohala_protocol::{ChannelId, Frame};

/// Holds the channel that is being assembled, if there is one.
#[derive(Debug, Default)]
pub(crate) struct ChannelAssembler(Option<Staged>);

#[derive(Debug)]
struct Staged {
    id: ChannelId,
    /// Number of the L1 block that held the first frame.
    opened_at: u64,
    /// Data of the frames 0, 1, …
    frames: Vec<Bytes>,
    /// Data and overhead of the frames.
    size: u64,
}

impl ChannelAssembler {
    /// Reads frames until a channel is complete.
    pub(crate) fn next_channel(
        &mut self,
        at: &mut At<'_>,
        frames: &mut FrameQueue,
        inbox: &mut Inbox,
    ) -> Pull<RawChannel> {
        // A channel that is opened below is opened at this origin, so testing once per pull is enough.
        let timeout = at.config.channel_timeout(at.origin.timestamp);
        if let Some(staged) = self.0.take_if(|staged| staged.opened_at.saturating_add(timeout) < at.origin.number) {
            at.events.push(Subject::Channel(staged.id), Reason::TimedOut);
        }
        loop {
            let frame = match frames.next_frame(inbox, true, at.events) {
                Pull::Item(frame) => frame,
                Pull::Pause(pause) => return Pull::Pause(pause),
            };
            let (id, is_last) = (frame.id, frame.is_last);
            if !self.add(frame, at) {
                continue;
            }
            let Some(staged) = &self.0 else { continue };
            if staged.size > at.config.max_rlp_bytes_per_channel(at.origin.timestamp) {
                at.events.push(Subject::Channel(id), Reason::TooLarge);
                self.0 = None;
            } else if is_last && let Some(staged) = self.0.take() {
                return Pull::Item(RawChannel { id, frames: staged.frames });
            }
        }
    }

    /// Adds the frame if it is a first one or the next one of the staged channel; a dropped frame changes nothing.
    fn add(&mut self, frame: Frame, at: &mut At<'_>) -> bool {
        if frame.number == 0 {
            let fresh = Staged { id: frame.id, opened_at: at.origin.number, frames: Vec::new(), size: 0 };
            if let Some(replaced) = self.0.replace(fresh) {
                at.events.push(Subject::Channel(replaced.id), Reason::Replaced);
            }
        }
        let refused = match &self.0 {
            None => Some(Reason::FrameWithoutChannel),
            Some(staged) if staged.id != frame.id => Some(Reason::FrameOfOtherChannel),
            Some(staged) if staged.frames.len() != usize::from(frame.number) => Some(Reason::FrameOutOfOrder),
            Some(_) => None,
        };
        if let Some(reason) = refused {
            at.events.push(Subject::Frame { channel: frame.id, number: frame.number }, reason);
            return false;
        }
        if let Some(staged) = &mut self.0 {
            staged.size += frame_size(&frame.data);
            staged.frames.push(frame.data);
        }
        true
    }

    /// A batch of the channel was invalid: what is staged goes too (rules D33).
    pub(crate) fn flush(&mut self, events: &mut Events) {
        if let Some(staged) = self.0.take() {
            events.push(Subject::Channel(staged.id), Reason::Flushed);
        }
    }
}
