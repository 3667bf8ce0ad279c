use super::{Batch, Frame};
use alloy_primitives::B128;
use alloy_rlp::Encodable;

/// A channel that is posted while it grows: frame by frame of a zlib stream of blocks that are stored as they are. No
/// frame depends on a later one, so that the first may be on L1 before the last one's L2 blocks, which may name that
/// very L1 block, are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenChannel {
    id: B128,
    frames: u16,
    /// Both halves of the stream's Adler-32 so far.
    checksum: [u32; 2],
}

impl OpenChannel {
    /// A channel without frames.
    pub fn new(id: B128) -> Self {
        Self { id, frames: 0, checksum: [1, 0] }
    }

    /// The next frame, with these batches.
    ///
    /// # Panics
    ///
    /// If the batches are longer than 65,535 bytes: a stored block holds no more.
    pub fn frame<B: Into<Batch>>(&mut self, batches: impl IntoIterator<Item = B>) -> Frame {
        self.add(batches, false)
    }

    /// The same, and no frame follows it.
    ///
    /// # Panics
    ///
    /// Like [`OpenChannel::frame`].
    pub fn last_frame<B: Into<Batch>>(&mut self, batches: impl IntoIterator<Item = B>) -> Frame {
        self.add(batches, true)
    }

    fn add<B: Into<Batch>>(&mut self, batches: impl IntoIterator<Item = B>, is_last: bool) -> Frame {
        let mut rlp = Vec::new();
        batches.into_iter().for_each(|batch| batch.into().encode().as_slice().encode(&mut rlp));
        let length = u16::try_from(rlp.len()).expect("a stored block holds 65,535 bytes at most");
        let mut data = if self.frames == 0 { vec![0x78, 0x01] } else { Vec::new() };
        data.push(is_last.into());
        data.extend_from_slice(&length.to_le_bytes());
        data.extend_from_slice(&(!length).to_le_bytes());
        data.extend_from_slice(&rlp);
        let [mut low, mut high] = self.checksum;
        for byte in rlp {
            low = (low + u32::from(byte)) % 65_521;
            high = (high + low) % 65_521;
        }
        self.checksum = [low, high];
        if is_last {
            data.extend_from_slice(&(high << 16 | low).to_be_bytes());
        }
        self.frames += 1;
        Frame { channel: self.id, number: self.frames - 1, data: data.into(), is_last }
    }
}
