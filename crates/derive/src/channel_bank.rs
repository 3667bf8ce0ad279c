//! Before Holocene, channels side by side, their frames in any order (rules D20 to D27; spec: derivation, «Channel
//! bank»).

use crate::{
    Reason, Subject,
    event::Events,
    frame_queue::FrameQueue,
    inbox::Inbox,
    pull::{At, Pause, Pull},
    upstream::{RawChannel, frame_size},
};
use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};
use alloy_primitives::Bytes;
use kohala_protocol::{ChannelId, Fork, Frame};

/// The channels that have begun and were not read, in order of their first frame.
#[derive(Debug, Default)]
pub(crate) struct ChannelBank {
    channels: BTreeMap<ChannelId, Channel>,
    /// Of all channels: a map for each would take more than twice what a lonely frame counts for in the bank's size.
    frames: Frames,
    queue: VecDeque<ChannelId>,
    /// Sum of the channels' sizes.
    size: u64,
    /// How many channels are ready: spares the scan of the queue where none is.
    ready: usize,
}

/// Data of frames by their channel and number.
type Frames = BTreeMap<(ChannelId, u16), Bytes>;

#[derive(Debug)]
struct Channel {
    opened_at: u64,
    /// How many of its frames are stored.
    frames: usize,
    /// Number of the closing frame.
    end: Option<u16>,
    /// Data and overhead of the frames, but see [`Channel::add`].
    size: u64,
}

impl ChannelBank {
    /// The next channel. A pull reads one if it can, and takes in one frame if not (rules D26, D27).
    pub(crate) fn next_channel(
        &mut self,
        at: &mut At<'_>,
        frames: &mut FrameQueue,
        inbox: &mut Inbox,
    ) -> Pull<RawChannel> {
        while let Some(head) = self.queue.front().copied()
            && self.is_timed_out(&head, at)
        {
            self.remove(0);
            at.events.push(Subject::Channel(head), Reason::TimedOut);
        }
        if let Some(channel) = self.read(at) {
            return Pull::Item(channel);
        }
        match frames.next_frame(inbox, false, at.events) {
            Pull::Item(frame) => {
                self.ingest(frame, at);
                Pull::Pause(Pause::More)
            }
            Pull::Pause(pause) => Pull::Pause(pause),
        }
    }

    /// The head channel if it is ready; from Canyon on, the first one that is.
    fn read(&mut self, at: &At<'_>) -> Option<RawChannel> {
        if self.ready == 0 {
            return None;
        }
        let scanned = if at.config.is_active(Fork::Canyon, at.origin.timestamp) { self.queue.len() } else { 1 };
        let place = self
            .queue
            .iter()
            .take(scanned)
            .position(|id| self.channels.get(id).is_some_and(Channel::is_ready) && !self.is_timed_out(id, at))?;
        let (id, frames) = self.remove(place)?;
        Some(RawChannel { id, frames })
    }

    fn ingest(&mut self, frame: Frame, at: &mut At<'_>) {
        let (id, number) = (frame.id, frame.number);
        let channel = self.channels.entry(id).or_insert_with(|| {
            self.queue.push_back(id);
            Channel { opened_at: at.origin.number, frames: 0, end: None, size: 0 }
        });
        if channel.is_timed_out(at) {
            at.events.push(Subject::Frame { channel: id, number }, Reason::TimedOut);
            return;
        }
        let (size, was_ready) = (channel.size, channel.is_ready());
        if let Err(reason) = channel.add(frame, &mut self.frames) {
            at.events.push(Subject::Frame { channel: id, number }, reason);
            return;
        }
        self.size = self.size - size + channel.size;
        self.ready += usize::from(channel.is_ready() && !was_ready);
        while self.size > at.config.max_channel_bank_size(at.origin.timestamp)
            && let Some((pruned, _)) = self.remove(0)
        {
            at.events.push(Subject::Channel(pruned), Reason::Pruned);
        }
    }

    fn is_timed_out(&self, id: &ChannelId, at: &At<'_>) -> bool {
        self.channels.get(id).is_some_and(|channel| channel.is_timed_out(at))
    }

    /// Takes out the channel at `place` of the queue, with the data of its frames in order.
    fn remove(&mut self, place: usize) -> Option<(ChannelId, Vec<Bytes>)> {
        let id = self.queue.remove(place)?;
        let channel = self.channels.remove(&id)?;
        self.size -= channel.size;
        self.ready -= usize::from(channel.is_ready());
        Some((id, remove_frames(&mut self.frames, id, 0)))
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
    fn add(&mut self, frame: Frame, frames: &mut Frames) -> Result<(), Reason> {
        if frame.is_last && self.end.is_some() {
            return Err(Reason::ClosedTwice);
        }
        if frames.contains_key(&(frame.id, frame.number)) {
            return Err(Reason::FrameTwice);
        }
        if self.end.is_some_and(|end| frame.number >= end) {
            return Err(Reason::FrameBeyondEnd);
        }
        if frame.is_last {
            self.end = Some(frame.number);
            let beyond = remove_frames(frames, frame.id, frame.number);
            if !beyond.is_empty() {
                self.frames -= beyond.len();
                self.size = 0;
            }
        }
        self.size += frame_size(&frame.data);
        self.frames += 1;
        frames.insert((frame.id, frame.number), frame.data);
        Ok(())
    }

    fn is_timed_out(&self, at: &At<'_>) -> bool {
        let timeout = at.config.channel_timeout(at.origin.timestamp);
        self.opened_at.saturating_add(timeout) < at.origin.number
    }

    /// True if the frames 0 to the closing one are here: none lies beyond it, so counting them is enough.
    fn is_ready(&self) -> bool {
        self.end.is_some_and(|end| self.frames == usize::from(end) + 1)
    }
}

/// Takes out the data of a channel's frames from a number on, in order.
fn remove_frames(frames: &mut Frames, id: ChannelId, first: u16) -> Vec<Bytes> {
    let stored: Vec<_> = frames.range((id, first)..=(id, u16::MAX)).map(|(place, _)| *place).collect();
    stored.iter().filter_map(|place| frames.remove(place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{config, l1_header};
    use alloc::{string::String, vec, vec::Vec};
    use kohala_protocol::{BlockInfo, RollupConfig};

    /// `a0 b1!` are the first frame of channel a and the second, closing one of channel b.
    fn frame(word: &str, size: usize) -> Frame {
        Frame {
            id: ChannelId([word.as_bytes()[0]; 16]),
            number: word[1..].trim_end_matches('!').parse().unwrap(),
            data: vec![0; size].into(),
            is_last: word.ends_with('!'),
        }
    }

    struct Bank {
        bank: ChannelBank,
        config: RollupConfig,
        origin: BlockInfo,
        events: Events,
    }

    impl Bank {
        fn new(fork: Fork) -> Self {
            let (bank, events) = Default::default();
            Self { bank, config: config(fork), origin: l1_header(1).info(), events }
        }

        fn ingest(&mut self, text: &str, size: usize) {
            for word in text.split_whitespace() {
                let Self { bank, config, origin, events } = self;
                bank.ingest(frame(word, size), &mut At { config, origin, events });
            }
        }

        /// Names of the channels that can be read now, each with the number of its frames.
        fn read(&mut self) -> Vec<(char, usize)> {
            let Self { bank, config, origin, events } = self;
            let at = At { config, origin, events };
            let read = || bank.read(&at);
            core::iter::from_fn(read).map(|channel| (channel.id.0[0].into(), channel.frames.len())).collect()
        }

        fn reasons(&mut self) -> Vec<Reason> {
            self.events.drain().map(|event| event.reason).collect()
        }

        fn queued(&self) -> String {
            self.bank.queue.iter().map(|id| char::from(id.0[0])).collect()
        }
    }

    #[test]
    fn completes_a_channel_from_frames_in_any_order() {
        for text in ["a0 a1 a2!", "a2! a1 a0", "a1 a2! a0", "a0 b0 a2! b1 a1"] {
            let mut bank = Bank::new(Fork::Canyon);
            bank.ingest(text, 10);
            assert_eq!(bank.read(), [('a', 3)], "{text}");
        }
        let mut bank = Bank::new(Fork::Canyon);
        bank.ingest("a0 a2!", 10);
        assert_eq!(bank.read(), []);
    }

    #[test]
    fn reads_only_the_oldest_channel_before_canyon() {
        for (fork, expected) in [(Fork::Regolith, vec![]), (Fork::Canyon, vec![('b', 1)])] {
            let mut bank = Bank::new(fork);
            bank.ingest("a0 b0!", 10);
            assert_eq!(bank.read(), expected);
            bank.ingest("a1!", 10);
            let rest = if expected.is_empty() { vec![('a', 2), ('b', 1)] } else { vec![('a', 2)] };
            assert_eq!(bank.read(), rest);
        }
    }

    #[test]
    fn drops_frames_that_do_not_fit_their_channel() {
        for (text, reason) in [
            ("a0 a0", Reason::FrameTwice),
            ("a3! a4!", Reason::ClosedTwice),
            ("a3! a2!", Reason::ClosedTwice),
            ("a3! a4", Reason::FrameBeyondEnd),
        ] {
            let mut bank = Bank::new(Fork::Canyon);
            bank.ingest(text, 10);
            assert_eq!(bank.reasons(), [reason], "{text}");
        }
    }

    #[test]
    fn closing_frame_throws_out_those_beyond_it() {
        let mut bank = Bank::new(Fork::Canyon);
        bank.ingest("a0 a5 a7 a1!", 10);
        assert_eq!(bank.read(), [('a', 2)]);
    }

    #[test]
    fn closing_frame_takes_every_stored_frame_off_the_size() {
        let mut bank = Bank::new(Fork::Canyon);
        bank.ingest("a0 a5 b0", 10);
        assert_eq!(bank.bank.size, 3 * 210);
        bank.ingest("a1!", 10);
        assert_eq!(bank.bank.size, 2 * 210, "b0 and a1; a0 counts no more");
        bank.read();
        assert_eq!(bank.bank.size, 210);
    }

    #[test]
    fn prunes_the_oldest_channels_above_the_size_limit() {
        let mut bank = Bank::new(Fork::Canyon);
        bank.ingest("a0 b0 c0", 33_000_000);
        assert_eq!(bank.queued(), "abc");
        bank.ingest("d0", 2_000_000);
        assert_eq!((bank.queued().as_str(), bank.reasons()), ("bcd", vec![Reason::Pruned]));
        // Even the channel that grew is not spared.
        bank.ingest("b1", 34_000_000);
        assert_eq!(bank.queued(), "cd");
        assert_eq!(bank.bank.size, 35_000_400);
    }

    #[test]
    fn ignores_frames_of_a_timed_out_channel() {
        let mut bank = Bank::new(Fork::Canyon);
        bank.ingest("a0", 10);
        bank.origin = l1_header(11).info();
        bank.ingest("a1", 10);
        assert_eq!(bank.reasons(), []);
        bank.origin = l1_header(12).info();
        bank.ingest("a2!", 10);
        assert_eq!(bank.reasons(), [Reason::TimedOut]);
        assert_eq!(bank.read(), []);
    }

    #[test]
    fn granite_shortens_the_time_out_by_the_origins_time() {
        for (fork, number, reasons) in
            [(Fork::Fjord, 61, vec![]), (Fork::Granite, 51, vec![]), (Fork::Granite, 52, vec![Reason::TimedOut])]
        {
            let mut bank = Bank::new(fork);
            bank.config.channel_timeout = 60;
            bank.ingest("a0", 10);
            bank.origin = l1_header(number).info();
            bank.ingest("a1!", 10);
            assert_eq!(bank.reasons(), reasons);
        }
    }

    #[test]
    fn empty_frames_count() {
        let mut bank = Bank::new(Fork::Canyon);
        bank.ingest("a0 a1!", 0);
        assert_eq!(bank.bank.size, 400);
        assert_eq!(bank.read(), [('a', 2)]);
    }
}
