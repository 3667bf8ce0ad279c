//! Frames: how a channel is cut into the data of L1 transactions (spec: derivation, «Frame format»; rules D10, D11).
use alloc::vec::Vec;
use alloy_primitives::{Bytes, hex};
use core::fmt;

/// The version byte that starts every datum (F16).
const DERIVATION_VERSION: u8 = 0;

/// Longest data of one frame, in bytes (F12).
const MAX_FRAME_DATA: usize = 1_000_000;

/// A channel's name, chosen by the batcher.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub [u8; 16]);

impl fmt::Debug for ChannelId {
    /// As op-node logs it, so that one can be looked for in the other's output.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// One piece of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The channel it belongs to.
    pub id: ChannelId,
    /// Its place in the channel, from 0.
    pub number: u16,
    /// The piece itself, a slice of the datum; may be empty (D11).
    pub data: Bytes,
    /// True for the channel's last frame.
    pub is_last: bool,
}

/// Why a datum holds no frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The datum is empty.
    #[error("datum is empty")]
    Empty,
    /// The datum starts with another version than 0.
    #[error("derivation version {0} is unknown")]
    Version(u8),
    /// Nothing follows the version.
    #[error("datum holds no frame")]
    NoFrames,
    /// A frame ends after the datum.
    #[error("frame is cut short")]
    Truncated,
    /// A frame declares more data than it may hold.
    #[error("frame data of {0} bytes is too long")]
    TooLong(u32),
    /// The flag of the last frame is neither 0 nor 1.
    #[error("last-frame flag {0} is neither 0 nor 1")]
    LastFlag(u8),
}

/// The frames of one datum, that is of one transaction's calldata or of one blob: all of it or nothing (D10).
///
/// # Errors
/// Any flaw anywhere discards the whole datum.
pub fn parse_frames(datum: &Bytes) -> Result<Vec<Frame>, FrameError> {
    match datum.first() {
        None => return Err(FrameError::Empty),
        Some(&DERIVATION_VERSION) if datum.len() == 1 => return Err(FrameError::NoFrames),
        Some(&DERIVATION_VERSION) => {}
        Some(&version) => return Err(FrameError::Version(version)),
    }
    let mut frames = Vec::new();
    let mut rest = &datum[1..];
    while !rest.is_empty() {
        frames.push(parse_frame(datum, &mut rest)?);
    }
    Ok(frames)
}

fn parse_frame(datum: &Bytes, rest: &mut &[u8]) -> Result<Frame, FrameError> {
    let id = ChannelId(take_array(rest)?);
    let number = u16::from_be_bytes(take_array(rest)?);
    let length = u32::from_be_bytes(take_array(rest)?);
    if length as usize > MAX_FRAME_DATA {
        return Err(FrameError::TooLong(length));
    }
    let (data, tail) = rest.split_at_checked(length as usize).ok_or(FrameError::Truncated)?;
    *rest = tail;
    let is_last = match take_array(rest)? {
        [0] => false,
        [1] => true,
        [flag] => return Err(FrameError::LastFlag(flag)),
    };
    Ok(Frame { id, number, data: datum.slice_ref(data), is_last })
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], FrameError> {
    let (head, tail) = rest.split_first_chunk().ok_or(FrameError::Truncated)?;
    *rest = tail;
    Ok(*head)
}
