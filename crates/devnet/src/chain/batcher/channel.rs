use super::Batch;
use alloy_primitives::{B128, Bytes, keccak256};
use alloy_rlp::Encodable;

/// Bytes of a frame besides its data.
pub const FRAME_OVERHEAD: usize = 16 + 2 + 4 + 1;

/// How a channel is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// zlib, at a level from 0 to 10.
    Zlib(u8),
    /// brotli, at a quality from 0 to 11, with the version byte before it.
    Brotli(u8),
    /// Not at all, and without a mark: nothing that derivation could read.
    None,
}

impl Compression {
    /// zlib at its usual level.
    pub const ZLIB: Self = Self::Zlib(6);
    /// brotli at a good level.
    pub const BROTLI: Self = Self::Brotli(9);
}

/// A channel as the batcher cuts it into frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: B128,
    /// Its bytes, compressed.
    pub data: Bytes,
}

impl Channel {
    /// A channel of these batches, in brotli. Its id is made from its bytes: equal channels have equal ids.
    pub fn of<B: Into<Batch>>(batches: impl IntoIterator<Item = B>) -> Self {
        Self::compressed(batches, Compression::BROTLI)
    }

    /// A channel of these batches: as RLP strings, compressed.
    pub fn compressed<B: Into<Batch>>(batches: impl IntoIterator<Item = B>, compression: Compression) -> Self {
        let mut rlp = Vec::new();
        batches.into_iter().for_each(|batch| batch.into().encode().as_slice().encode(&mut rlp));
        Self::raw(compress(&rlp, compression))
    }

    /// A channel of any bytes.
    pub fn raw(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self { id: B128::from_slice(&keccak256(&data)[..16]), data }
    }

    /// Cuts it into frames of `size` bytes of data, the last of which is what is left. An empty channel has one.
    pub fn frames(&self, size: usize) -> Vec<Frame> {
        let count = self.data.len().div_ceil(size).max(1);
        let frame = |number: usize| Frame {
            channel: self.id,
            number: number as u16,
            data: self.data.slice(number * size..self.data.len().min((number + 1) * size)),
            is_last: number + 1 == count,
        };
        (0..count).map(frame).collect()
    }

    /// All of it in one frame.
    pub fn frame(&self) -> Frame {
        Frame { channel: self.id, number: 0, data: self.data.clone(), is_last: true }
    }

    /// Cuts it into so many frames, all of one size but the last.
    pub fn cut(&self, count: usize) -> Vec<Frame> {
        self.frames(self.data.len().div_ceil(count))
    }
}

/// Compresses what a channel holds.
pub fn compress(data: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::Zlib(level) => miniz_oxide::deflate::compress_to_vec_zlib(data, level),
        Compression::Brotli(quality) => {
            let params = brotli::enc::BrotliEncoderParams { quality: quality.into(), ..Default::default() };
            let mut compressed = vec![1];
            brotli::BrotliCompress(&mut &*data, &mut compressed, &params).expect("memory doesn't fail");
            compressed
        }
        Compression::None => data.to_vec(),
    }
}

/// A piece of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The channel's id.
    pub channel: B128,
    /// Its place in the channel.
    pub number: u16,
    /// Its bytes.
    pub data: Bytes,
    /// Whether it says that no other follows.
    pub is_last: bool,
}

impl Frame {
    /// The bytes, without a version.
    pub fn encode(&self) -> Vec<u8> {
        let mut frame = self.channel.to_vec();
        frame.extend_from_slice(&self.number.to_be_bytes());
        frame.extend_from_slice(&(self.data.len() as u32).to_be_bytes());
        frame.extend_from_slice(&self.data);
        frame.push(self.is_last.into());
        frame
    }
}

/// What one transaction or blob carries: the version byte and these frames.
pub fn datum(frames: &[Frame]) -> Bytes {
    std::iter::once(0).chain(frames.iter().flat_map(Frame::encode)).collect()
}
