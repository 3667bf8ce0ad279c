use alloc::{collections::VecDeque, vec::Vec};
use alloy_primitives::B256;
use kohala_protocol::{BatchError, BlobError, BlockId, ChannelError, ChannelId, ConfigUpdateError, FrameError};

/// A piece of L1 data that was dropped, or left unused, and why. Without consequence for the chain: it is for
/// people who ask where their batch went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The L1 block that was being read.
    pub origin: BlockId,
    /// What was dropped.
    pub subject: Subject,
    /// Why.
    pub reason: Reason,
}

/// What an [`Event`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A transaction to the batch inbox: its place in the L1 block.
    Transaction(usize),
    /// A blob: its versioned hash.
    Blob(B256),
    /// The data of one transaction or blob.
    Datum,
    /// A frame.
    Frame {
        /// The channel it names.
        channel: ChannelId,
        /// Its number.
        number: u16,
    },
    /// A whole channel.
    Channel(ChannelId),
    /// An item of the channel being read.
    Item,
    /// A batch, or what was left of one: the timestamp of its first block.
    Batch {
        /// Seconds since the Unix epoch.
        timestamp: u64,
    },
    /// A log of the system config contract.
    ConfigUpdate,
    /// Payload attributes: the L2 block's number.
    Attributes(u64),
    /// Other events.
    Events,
}

/// Why a piece of L1 data was dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The log is no update of the system config (rules S10 to S12).
    ConfigUpdate(ConfigUpdateError),
    /// The transaction's signature recovers no sender, or belongs to another chain (rules D03).
    Signature,
    /// The sender is not the batcher (rules D03).
    NotTheBatcher,
    /// The blob holds no data (rules D05).
    Blob(BlobError),
    /// The datum is not a sequence of frames (rules D10).
    Frames(FrameError),
    /// Not the next frame of its channel (rules D30, D31).
    FrameOutOfOrder,
    /// The channel has a frame of this number (rules D22).
    FrameTwice,
    /// A second closing frame (rules D22).
    ClosedTwice,
    /// A number beyond the closing frame's (rules D22, D24).
    FrameBeyondEnd,
    /// The channel was never opened (rules D31).
    FrameWithoutChannel,
    /// Another channel is open (rules D30, D31).
    FrameOfOtherChannel,
    /// The channel's time is over (rules D21, D26, D32).
    TimedOut,
    /// The channel bank was too large (rules D25).
    Pruned,
    /// The channel's frames are too large (rules D32).
    TooLarge,
    /// A new channel began before this one was closed (rules D30, D31).
    Replaced,
    /// Holocene began (rules D34).
    Holocene,
    /// The channel can only hold batches of blocks that are safe (rules D61, D95); it was not decompressed.
    BehindSafeHead,
    /// The channel, or the rest of it, can't be decompressed or split into items (rules D40, D41).
    Channel(ChannelError),
    /// The item is no batch, or not one of this chain (rules D42).
    Batch(BatchError),
    /// A span batch before Delta (rules D42, D90).
    SpanBeforeDelta,
    /// Time beyond the next block's, Holocene (rules D80, D90).
    Future,
    /// Time at or before the safe head's (rules D80, D90).
    Past,
    /// Time between two blocks (rules D90).
    Misaligned,
    /// It builds on another parent (rules D80, D90).
    ParentHash,
    /// Included after the sequencing window (rules D81, D90).
    WindowExpired,
    /// Its epoch is over (rules D81, D90).
    EpochTooOld,
    /// Its epoch is beyond the next one (rules D81, D90).
    EpochTooNew,
    /// Its epoch is unknown (rules D91, D93).
    EpochUnknown,
    /// Its epoch is on another L1 chain (rules D81, D90).
    EpochHash,
    /// Older than its epoch (rules D81).
    OlderThanEpoch,
    /// Time too far beyond its epoch's (rules D82).
    SequencerDrift,
    /// Transactions where only upgrades may be (rules D83).
    NotEmptyAtActivation,
    /// An empty transaction (rules D84).
    EmptyTransaction,
    /// A transaction of a type that a batch can't carry, or not yet (rules D84).
    TransactionType(u8),
    /// It says something else about a safe block (rules D91, Z05).
    Overlap,
    /// It can't be judged now and is not kept (rules D90).
    Undecided,
    /// Its next block is not the next block of the chain (rules D72).
    SpanInterrupted,
    /// A batch or block of the same channel was invalid (rules D33, D96, D101).
    Flushed,
    /// The block was rejected (rules D101).
    Rejected,
    /// The buffer was full.
    Lost(u64),
}

/// The events since they were last read. Bounded: what L1 holds can't exhaust us.
#[derive(Debug, Default)]
pub(crate) struct Events {
    origin: BlockId,
    kept: VecDeque<Event>,
    lost: u64,
}

impl Events {
    /// The oldest are lost beyond this many; [`Reason::Lost`] tells how many were.
    const CAPACITY: usize = 1024;

    /// From now on `origin` is being read.
    pub(crate) fn at(&mut self, origin: BlockId) {
        self.origin = origin;
    }

    pub(crate) fn push(&mut self, subject: Subject, reason: Reason) {
        if self.kept.len() == Self::CAPACITY {
            self.kept.pop_front();
            self.lost += 1;
        }
        self.kept.push_back(Event { origin: self.origin, subject, reason });
    }

    /// Takes all of them, oldest first.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Event> + use<> {
        let lost = core::mem::take(&mut self.lost);
        let kept: Vec<Event> = core::mem::take(&mut self.kept).into();
        let first =
            (lost > 0).then_some(Event { origin: self.origin, subject: Subject::Events, reason: Reason::Lost(lost) });
        first.into_iter().chain(kept)
    }
}
