//! What can be wrong with a stream.

use crate::random::Random;

macro_rules! flaws {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// Something that is wrong with a stream, on L1, or with an L2 block.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize)]
        pub enum Flaw {
            $($(#[doc = $doc])* $name,)*
        }

        impl Flaw {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

flaws! {
    // The chains.
    /// Blocks are never posted, and what comes after them comes late.
    SilentBatcher,
    /// An L2 block is refused.
    RefusedBlock,
    /// An L2 block is refused, and then the block that takes its place.
    RefusedTwice,
    /// Many L2 blocks are refused.
    RefusedMany,
    /// Derivation begins anew somewhere.
    Restart,
    /// A log of the deposit contract is no deposit.
    MalformedDeposit,
    /// Logs of the system config contract are no updates.
    MalformedUpdate,
    /// The batcher changes, and its transactions with it.
    BatcherChange,
    /// The batcher changes and goes on with its old key.
    BatcherUnaware,
    /// The sequencer lags behind L1 until the drift is over, and goes on with transactions.
    BeyondDrift,
    /// The sequencer lags behind L1 until the drift is over, and goes on without transactions.
    EmptyBeyondDrift,
    /// The sequencer doesn't know that a fork's first block has no transactions.
    NonEmptyAtActivation,
    /// The sequencer names an L1 block that is younger than the L2 block.
    OriginTooNew,
    /// The sequencer stays with an L1 block until the window is over.
    OriginTooOld,
    /// The sequencer leaves out an L1 block, and the batcher waits until nobody can make a block of it.
    OriginSkipped,
    // Batches.
    /// Another parent.
    ParentHash,
    /// Another hash of the epoch.
    EpochHash,
    /// An epoch before the right one.
    EpochBack,
    /// An epoch after the right one.
    EpochAhead,
    /// A later time.
    TimeAhead,
    /// An earlier time.
    TimeBack,
    /// A time that is no block's.
    TimeMisaligned,
    /// A time at the end of all times.
    TimeHuge,
    /// A transaction without bytes.
    EmptyTransaction,
    /// A deposit among the transactions.
    DepositTransaction,
    /// A set-code transaction, at any time.
    SetCodeTransaction,
    /// A transaction of a type that nobody knows yet.
    PostExecTransaction,
    /// A transaction that is none.
    GarbageTransaction,
    /// A batch comes twice.
    BatchRepeated,
    /// Two batches change places.
    BatchesSwapped,
    /// A batch is missing.
    BatchLost,
    /// A channel's batches in reverse.
    BatchesReversed,
    /// A span batch begins with blocks that are safe.
    OverlapEqual,
    /// It says something else about one of them.
    OverlapDiffers,
    /// It says nothing new.
    OverlapAll,
    /// It says another epoch of one of them.
    OverlapOtherEpoch,
    /// A bit of the origin bits.
    OriginBit,
    /// A bit list has bits beyond its end.
    BitsBeyondEnd,
    /// A number is not as short as it can be.
    NumberNotMinimal,
    /// A count is another.
    CountWrong,
    /// A part of a span batch is too short.
    PartCut,
    /// A byte of a span batch is another.
    PartByte,
    /// A span batch ends too early.
    SpanEndsEarly,
    /// A span batch goes on after its end.
    SpanGoesOn,
    /// A contract creation bit is another.
    CreationBit,
    /// A span batch before its time.
    SpanBeforeDelta,
    /// A span batch of no block.
    SpanOfNothing,
    /// A span whose blocks begin an epoch each.
    SpanOfEpochs,
    // Items.
    /// An item of no bytes.
    ItemEmpty,
    /// A batch of an unknown type.
    ItemUnknownType,
    /// A batch that is cut, goes on, or has another byte.
    ItemMalformed,
    /// An item that is a list.
    ItemIsList,
    /// An item with a length that is not as short as it can be.
    ItemNotCanonical,
    /// An item that claims to be larger than anything.
    ItemHuge,
    /// Bytes after the last item.
    StreamGarbage,
    /// The stream ends within an item.
    StreamCut,
    /// An item too large for a channel.
    StreamTooLarge,
    // Channels.
    /// The compressed stream has another byte.
    ChannelByte,
    /// It ends early.
    ChannelCut,
    /// It goes on after its end.
    ChannelAppended,
    /// Another first byte.
    ChannelVersion,
    /// No bytes at all.
    ChannelEmpty,
    /// Bytes that nobody compressed.
    ChannelGarbage,
    /// Brotli before its time.
    BrotliBeforeFjord,
    /// The channel takes the name of the one before it.
    ChannelIdReused,
    /// The next channel's frames come between this one's.
    ChannelsInterleaved,
    /// A channel takes too long.
    ChannelTimedOut,
    /// A channel is posted twice.
    ChannelRepeated,
    /// Two channels change places.
    ChannelsSwapped,
    /// A channel larger than all channels together may be, which never ends.
    ChannelHuge,
    // Frames.
    /// A frame is missing.
    FrameLost,
    /// A frame comes twice.
    FrameRepeated,
    /// Two frames change places.
    FramesSwapped,
    /// All frames in reverse.
    FramesReversed,
    /// A frame has another number.
    FrameNumber,
    /// The last frame doesn't say that it is.
    FrameLastMissing,
    /// A frame says that it is the last and is not.
    FrameLastEarly,
    /// A frame of another channel.
    FrameOfOther,
    /// One more frame after the last one.
    FrameBeyondEnd,
    /// A frame without data.
    FrameEmpty,
    /// The first frame comes again in between.
    FrameFirstAgain,
    /// A frame without a channel before all others.
    FrameOrphan,
    // Data.
    /// Another version of the datum.
    DatumVersion,
    /// Bytes after the last frame.
    DatumGoesOn,
    /// No frame.
    DatumEmpty,
    /// Nothing at all.
    DatumNothing,
    /// A flag that is neither 0 nor 1.
    DatumFlag,
    /// A frame that claims to be too large.
    DatumLength,
    /// The datum is cut.
    DatumCut,
    // Transactions.
    /// A stranger's signature.
    Signer,
    /// To another address.
    OtherInbox,
    /// A transaction of type 4.
    SetCodeOnL1,
    /// Signed for another chain.
    OtherChain,
    /// A signature that nobody made.
    BadSignature,
    /// It creates a contract.
    Creation,
    /// A blob of zeros.
    BlobZero,
    /// A field element with one of its two highest bits.
    BlobHighBits,
    /// A blob with bytes after its end.
    BlobTail,
    /// A blob with another length.
    BlobLength,
    /// A blob of another version.
    BlobVersion,
    /// A blob before Ecotone.
    BlobBeforeEcotone,
    /// A blob transaction with calldata.
    BlobCalldata,
    /// A transaction comes twice.
    TransactionRepeated,
    /// A transaction comes too late.
    TransactionLate,
    /// A channel comes when the window ends, or just after.
    WindowEnd,
    /// A transaction comes before its time.
    TransactionEarly,
    /// Two transactions change places.
    TransactionsSwapped,
}

/// What is wrong with a case.
#[derive(Clone, Debug)]
pub(super) struct Flaws(Vec<Flaw>);

impl Flaws {
    /// Flaws that may go well or badly in very many ways (decompressors, span batches, the ends of windows), or that seldom
    /// meet the right moment.
    const RARE_MEETINGS: [Flaw; 14] = [
        Flaw::ChannelByte,
        Flaw::ChannelCut,
        Flaw::ChannelAppended,
        Flaw::StreamCut,
        Flaw::PartByte,
        Flaw::SpanEndsEarly,
        Flaw::OverlapDiffers,
        Flaw::WindowEnd,
        Flaw::OriginSkipped,
        Flaw::FrameBeyondEnd,
        Flaw::TimeMisaligned,
        Flaw::NonEmptyAtActivation,
        Flaw::RefusedMany,
        Flaw::TransactionEarly,
    ];

    /// None to three of all.
    pub(super) fn random(random: &mut Random) -> Self {
        let count = random.pick(&[0, 1, 1, 2, 2, 3, 3]);
        let one = |random: &mut Random| {
            let choice = if random.percent(15) { &Self::RARE_MEETINGS } else { Flaw::ALL };
            random.pick(choice)
        };
        Self((0..count).map(|_| one(random)).collect())
    }

    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.0.contains(&flaw)
    }

    pub(super) fn all(&self) -> &[Flaw] {
        &self.0
    }
}
