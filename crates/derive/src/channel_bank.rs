//! Before Holocene, channels side by side, their frames in any order (rules D20 to D27; spec: derivation, «Channel
//! bank»).

use crate::{
    Reason, Subject,
    event::Events,
    frame_queue::FrameQueue,
    inbox::Inbox,
    pull::{Pause, Pull},
    upstream::{RawChannel, frame_size},
};
use alloc::collections::{BTreeMap, VecDeque};
use alloy_primitives::Bytes;
use kohala_protocol::{BlockInfo, ChannelId, Fork, Frame, RollupConfig};

/// The channels that have begun and were not read, in order of their first frame.
#[derive(Debug, Default)]
pub(crate) struct ChannelBank {
    channels: BTreeMap<ChannelId, Channel>,
    queue: VecDeque<ChannelId>,
    /// Sum of the channels' sizes.
    size: u64,
    /// How many channels are ready: spares the scan of the queue where none is.
    ready: usize,
}

#[derive(Debug)]
struct Channel {
    opened_at: u64,
    frames: BTreeMap<u16, Bytes>,
    /// Number of the closing frame.
    end: Option<u16>,
    /// Data and overhead of the frames, but see [`Channel::add`].
    size: u64,
}

impl ChannelBank {
    /// The next channel. A pull reads one if it can, and takes in one frame if not (rules D26, D27).
    pub(crate) fn next_channel(
        &mut self,
        config: &RollupConfig,
        origin: &BlockInfo,
        frames: &mut FrameQueue,
        inbox: &mut Inbox,
        events: &mut Events,
    ) -> Pull<RawChannel> {
        let timeout = config.channel_timeout(origin.timestamp);
        while let Some(head) = self.queue.front().copied()
            && self.is_timed_out(&head, timeout, origin)
        {
            self.remove(0);
            events.push(Subject::Channel(head), Reason::TimedOut);
        }
        if let Some(channel) = self.read(config, timeout, origin) {
            return Pull::Item(channel);
        }
        match frames.next_frame(inbox, false, events) {
            Pull::Item(frame) => {
                self.ingest(frame, config, origin, events);
                Pull::Pause(Pause::More)
            }
            Pull::Pause(pause) => Pull::Pause(pause),
        }
    }

    /// The head channel if it is ready; from Canyon on, the first one that is.
    fn read(&mut self, config: &RollupConfig, timeout: u64, origin: &BlockInfo) -> Option<RawChannel> {
        if self.ready == 0 {
            return None;
        }
        let scanned = if config.is_active(Fork::Canyon, origin.timestamp) { self.queue.len() } else { 1 };
        let place = self.queue.iter().take(scanned).position(|id| {
            self.channels.get(id).is_some_and(Channel::is_ready) && !self.is_timed_out(id, timeout, origin)
        })?;
        let (id, channel) = self.remove(place)?;
        Some(RawChannel { id, frames: channel.frames.into_values().collect() })
    }

    fn ingest(&mut self, frame: Frame, config: &RollupConfig, origin: &BlockInfo, events: &mut Events) {
        let (id, number) = (frame.id, frame.number);
        let channel = self.channels.entry(id).or_insert_with(|| {
            self.queue.push_back(id);
            Channel { opened_at: origin.number, frames: BTreeMap::new(), end: None, size: 0 }
        });
        let timeout = config.channel_timeout(origin.timestamp);
        if channel.opened_at.saturating_add(timeout) < origin.number {
            events.push(Subject::Frame { channel: id, number }, Reason::TimedOut);
            return;
        }
        let (size, was_ready) = (channel.size, channel.is_ready());
        if let Err(reason) = channel.add(frame) {
            events.push(Subject::Frame { channel: id, number }, reason);
            return;
        }
        self.size = self.size - size + channel.size;
        self.ready += usize::from(channel.is_ready() && !was_ready);
        while self.size > config.max_channel_bank_size(origin.timestamp)
            && let Some((pruned, _)) = self.remove(0)
        {
            events.push(Subject::Channel(pruned), Reason::Pruned);
        }
    }

    fn is_timed_out(&self, id: &ChannelId, timeout: u64, origin: &BlockInfo) -> bool {
        self.channels.get(id).is_some_and(|channel| channel.opened_at.saturating_add(timeout) < origin.number)
    }

    /// Takes out the channel at `place` of the queue.
    fn remove(&mut self, place: usize) -> Option<(ChannelId, Channel)> {
        let id = self.queue.remove(place)?;
        let channel = self.channels.remove(&id)?;
        self.size -= channel.size;
        self.ready -= usize::from(channel.is_ready());
        Some((id, channel))
    }

    /// Holocene begins: channels that were not read are lost (rules D34).
    pub(crate) fn clear(&mut self, events: &mut Events) {
        for id in core::mem::take(self).queue {
            events.push(Subject::Channel(id), Reason::Holocene);
        }
    }
}

impl Channel {
    /// Adds a frame, or says why it may not be here (rules D22).
    ///
    /// A closing frame throws out the frames from its number on, and takes *every* stored frame off the size, also
    /// those that stay. op-node does so, and pruning depends on it (rules D24, Z15).
    fn add(&mut self, frame: Frame) -> Result<(), Reason> {
        if frame.is_last && self.end.is_some() {
            return Err(Reason::ClosedTwice);
        }
        if self.frames.contains_key(&frame.number) {
            return Err(Reason::FrameTwice);
        }
        if self.end.is_some_and(|end| frame.number >= end) {
            return Err(Reason::FrameBeyondEnd);
        }
        if frame.is_last {
            self.end = Some(frame.number);
            if self.frames.last_key_value().is_some_and(|(highest, _)| frame.number < *highest) {
                self.frames.split_off(&frame.number);
                self.size = 0;
            }
        }
        self.size += frame_size(&frame.data);
        self.frames.insert(frame.number, frame.data);
        Ok(())
    }

    /// True if the frames 0 to the closing one are here: none lies beyond it, so counting them is enough.
    fn is_ready(&self) -> bool {
        self.end.is_some_and(|end| self.frames.len() == usize::from(end) + 1)
    }
}
