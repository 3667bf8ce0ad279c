//! The batches of one channel, decompressed one by one (rules D40 to D42; spec: derivation, «Channel reader»).

use crate::{Reason, Subject, pull::At, upstream::RawChannel};
use kohala_protocol::{Batch, BatchError, ChannelId, ChannelReader, Fork, SpanContext};

/// A channel that is being read. A flaw ends it; the batches before it stand.
pub(crate) struct BatchReader {
    channel: ChannelId,
    items: ChannelReader,
}

impl BatchReader {
    /// Opens the channel under the limits in force at `origin`, which completed it (rules F03); `None` if it is flawed
    /// from the start.
    pub(crate) fn open(channel: RawChannel, at: &mut At<'_>) -> Option<Self> {
        let limit = at.config.max_rlp_bytes_per_channel(at.origin.timestamp);
        let fjord = at.config.is_active(Fork::Fjord, at.origin.timestamp);
        match ChannelReader::new(channel.frames, limit, fjord) {
            Ok(items) => Some(Self { channel: channel.id, items }),
            Err(error) => {
                at.events.push(Subject::Channel(channel.id), Reason::Channel(error));
                None
            }
        }
    }

    /// The next batch, or `None` at the end or at a flaw. Items that cost only themselves are skipped (rules D42).
    pub(crate) fn next_batch(&mut self, at: &mut At<'_>) -> Option<Batch> {
        let context = SpanContext {
            block_time: at.config.block_time,
            genesis_time: at.config.genesis.l2_time,
            chain_id: at.config.l2_chain_id,
        };
        loop {
            let item = match self.items.next_item()? {
                Ok(item) => item,
                Err(error) => {
                    at.events.push(Subject::Channel(self.channel), Reason::Channel(error));
                    return None;
                }
            };
            match Batch::decode(item, &context) {
                Ok(Batch::Span(_)) if !at.config.is_active(Fork::Delta, at.origin.timestamp) => {
                    at.events.push(Subject::Item, Reason::SpanBeforeDelta);
                }
                Ok(batch) => return Some(batch),
                Err(error) => {
                    let ends_channel = matches!(error, BatchError::Undecodable(_));
                    at.events.push(Subject::Item, Reason::Batch(error));
                    if ends_channel {
                        return None;
                    }
                }
            }
        }
    }

    pub(crate) const fn channel(&self) -> ChannelId {
        self.channel
    }
}
