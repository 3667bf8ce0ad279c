use alloy_primitives::Bytes;
use kohala_protocol::{Frame, parse_frames};

/// A datum: its frames, put together again, are the datum; where there are none, cutting it by hand finds a reason.
pub fn frames(data: &[u8]) {
    let datum = Bytes::copy_from_slice(data);
    let Ok(frames) = parse_frames(&datum) else {
        assert!(!is_whole(data), "frames that were not found");
        return;
    };
    assert!(is_whole(data), "frames where there are none");
    assert!(!frames.is_empty());
    let within = datum.as_ptr_range();
    for frame in &frames {
        let range = frame.data.as_ptr_range();
        assert!(frame.data.is_empty() || (within.start <= range.start && range.end <= within.end), "a copy");
    }
    assert_eq!(encode(&frames), data);
}

/// A datum of these frames.
pub(crate) fn encode(frames: &[Frame]) -> Vec<u8> {
    let mut datum = vec![0];
    for frame in frames {
        datum.extend(frame.id.0);
        datum.extend(frame.number.to_be_bytes());
        datum.extend((frame.data.len() as u32).to_be_bytes());
        datum.extend(&frame.data);
        datum.push(frame.is_last.into());
    }
    datum
}

/// Walks over a datum by offsets.
fn is_whole(datum: &[u8]) -> bool {
    let mut at = 1;
    while at < datum.len() {
        let Some(length) = datum.get(at + 18..at + 22) else { return false };
        let length = length.iter().fold(0, |length, byte| length * 256 + usize::from(*byte));
        if length > 1_000_000 || !matches!(datum.get(at + 22 + length), Some(0 | 1)) {
            return false;
        }
        at += 23 + length;
    }
    datum.first() == Some(&0) && at > 1
}
