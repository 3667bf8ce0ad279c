//! From the L1 block at the origin to batches: inbox, frames, channels, items, in one hand.

use crate::{
    Mismatch, Reason, Subject,
    batch_reader::BatchReader,
    channel_assembler::ChannelAssembler,
    channel_bank::ChannelBank,
    event::Events,
    frame_queue::FrameQueue,
    inbox::Inbox,
    pull::{At, Pause, Pull},
};
use alloc::vec::Vec;
use alloy_primitives::Bytes;
use kohala_protocol::{Batch, BlockInfo, ChannelId, Fork, RollupConfig};

/// A complete channel, still compressed.
#[derive(Debug)]
pub(crate) struct RawChannel {
    pub(crate) id: ChannelId,
    /// Data of its frames in order.
    pub(crate) frames: Vec<Bytes>,
}

/// What a frame counts for in a channel's size: its data and an overhead (rules F12, D23).
pub(crate) fn frame_size(data: &Bytes) -> u64 {
    const FRAME_OVERHEAD: u64 = 200;
    data.len() as u64 + FRAME_OVERHEAD
}

/// What lies below the batch stages.
pub(crate) struct Upstream {
    inbox: Inbox,
    frames: FrameQueue,
    channels: Channels,
    reader: Option<BatchReader>,
}

/// The stage that makes channels of frames.
enum Channels {
    /// Before Holocene.
    Bank(ChannelBank),
    /// From Holocene on.
    Assembler(ChannelAssembler),
}

impl Upstream {
    /// Begins with `inbox`, which is that of `origin`.
    pub(crate) fn new(config: &RollupConfig, origin: &BlockInfo, inbox: Inbox) -> Self {
        let channels = if config.is_active(Fork::Holocene, origin.timestamp) {
            Channels::Assembler(ChannelAssembler::default())
        } else {
            Channels::Bank(ChannelBank::default())
        };
        Self { inbox, frames: FrameQueue::default(), channels, reader: None }
    }

    /// The origin advances: the old block's inbox is used up.
    pub(crate) fn open(&mut self, inbox: Inbox) {
        self.inbox = inbox;
    }

    /// The next batch of the current channel or of the next one (rules D40 to D42).
    pub(crate) fn next_batch(&mut self, at: &mut At<'_>) -> Pull<Batch> {
        loop {
            match &mut self.reader {
                Some(reader) => match reader.next_batch(at) {
                    Some(batch) => return Pull::Item(batch),
                    None => self.reader = None,
                },
                None => match self.next_channel(at) {
                    Pull::Item(channel) => self.reader = BatchReader::open(channel, at),
                    Pull::Pause(pause) => return Pull::Pause(pause),
                },
            }
        }
    }

    /// Reads on without looking into channels, because all that they can hold at this origin is past.
    ///
    /// Answers what a pull for batches would have answered after the last of them: a channel is read to its end at the
    /// origin that completes it, so none that is skipped here could have been left half-read.
    pub(crate) fn skip_batches(&mut self, at: &mut At<'_>) -> Pause {
        if self.reader.take().is_some() {
            return Pause::More;
        }
        match self.next_channel(at) {
            Pull::Item(channel) => {
                at.events.push(Subject::Channel(channel.id), Reason::BehindSafeHead);
                Pause::More
            }
            Pull::Pause(pause) => pause,
        }
    }

    fn next_channel(&mut self, at: &mut At<'_>) -> Pull<RawChannel> {
        let Self { inbox, frames, channels, .. } = self;
        match channels {
            Channels::Bank(bank) => bank.next_channel(at, frames, inbox),
            Channels::Assembler(assembler) => assembler.next_channel(at, frames, inbox),
        }
    }

    /// Drops what is left of the channel being read and the one being assembled (rules D33); frames stay queued.
    pub(crate) fn flush_channel(&mut self, events: &mut Events) {
        if let Some(reader) = self.reader.take() {
            events.push(Subject::Channel(reader.channel()), Reason::Flushed);
        }
        if let Channels::Assembler(assembler) = &mut self.channels {
            assembler.flush(events);
        }
    }

    /// Holocene begins at the new origin: frames and channels in flight are lost (rules D34).
    pub(crate) fn begin_holocene(&mut self, events: &mut Events) {
        self.frames.clear(events);
        if let Channels::Bank(bank) = &mut self.channels {
            bank.clear(events);
        }
        self.channels = Channels::Assembler(ChannelAssembler::default());
    }

    pub(crate) fn provide_blobs(&mut self, blobs: Vec<Bytes>) -> Result<(), Mismatch> {
        self.inbox.provide_blobs(blobs)
    }
}
