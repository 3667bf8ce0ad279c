//! A channel's bytes and its frames, and what is wrong with those.

use super::{blob, draft::Draft, flaw::Flaw};
use crate::random::Random;
use alloy_rlp::Encodable;

/// A frame.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) id: [u8; 16],
    pub(super) number: u16,
    pub(super) data: Vec<u8>,
    pub(super) is_last: bool,
}

impl Frame {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.id);
        out.extend(self.number.to_be_bytes());
        out.extend((self.data.len() as u32).to_be_bytes());
        out.extend(&self.data);
        out.push(self.is_last.into());
    }
}

/// The compressed batches of a draft.
pub(super) fn compress(random: &mut Random, draft: &Draft, brotli: bool) -> Vec<u8> {
    let stream = stream(random, draft);
    let brotli = brotli && random.percent(60) || draft.flaws.contains(&Flaw::BrotliBeforeFjord);
    let mut channel = if brotli {
        let params = brotli::enc::BrotliEncoderParams {
            quality: random.pick(&[0, 2, 5, 9]),
            lgwin: random.pick(&[10, 16, 22, 24]),
            ..Default::default()
        };
        let mut compressed = vec![1];
        brotli::BrotliCompress(&mut stream.as_slice(), &mut compressed, &params).expect("memory doesn't fail");
        compressed
    } else {
        miniz_oxide::deflate::compress_to_vec_zlib(&stream, random.pick(&[0, 1, 6, 9]))
    };
    for flaw in &draft.flaws {
        spoil_channel(random, &mut channel, *flaw);
    }
    channel
}

/// The items as RLP strings, one after the other.
fn stream(random: &mut Random, draft: &Draft) -> Vec<u8> {
    let mut items: Vec<Vec<u8>> = Vec::new();
    for batch in &draft.batches {
        let mut item = Vec::new();
        batch.encode().as_slice().encode(&mut item);
        items.push(item);
    }
    for flaw in &draft.flaws {
        let place = random.place(items.len() + 1);
        match flaw {
            Flaw::ItemEmpty => items.insert(place, vec![0x80]),
            Flaw::ItemIsList => items.insert(place, random.pick(&[&[0xC0][..], &[0xC1, 0x01], &[0xF8, 0x00]]).to_vec()),
            Flaw::ItemHuge => {
                let header = random.pick(&[&[0xBF; 9][..], &[0xBA, 0xFF, 0xFF, 0xFF], &[0xBB, 0x05, 0xF5, 0xE1, 0x00]]);
                items.insert(place, [header, &[1; 40]].concat());
            }
            Flaw::ItemNotCanonical => spoil_length(random, &mut items),
            Flaw::StreamGarbage => {
                let length = random.within(1, 9) as usize;
                items.push(random.bytes(length));
            }
            Flaw::StreamTooLarge if random.percent(20) => {
                let mut item = Vec::new();
                let size = random.pick(&[9_990_000, 9_999_996, 9_999_997, 10_000_000, 11_000_000]);
                let kind = random.pick(&[0, 1, 2]);
                let mut zeros = vec![0; size];
                zeros[0] = kind;
                zeros.as_slice().encode(&mut item);
                items.insert(place, item);
            }
            _ => {}
        }
    }
    let mut stream = items.concat();
    if draft.flaws.contains(&Flaw::StreamCut) {
        stream.truncate(random.place(stream.len()));
    }
    stream
}

/// A length that could be shorter: one byte with a header, a long header for a short string, a zero before a length.
fn spoil_length(random: &mut Random, items: &mut [Vec<u8>]) {
    let place = random.place(items.len());
    let Some(item) = items.get(place) else { return };
    let spoiled = match random.below(3) {
        0 => vec![0x81, random.below(0x80) as u8],
        1 => [&[0xB8, 0x05][..], &[0; 5]].concat(),
        _ => {
            let header = if item[0] >= 0xB8 { usize::from(item[0] - 0xB7) + 1 } else { 1 };
            let payload = item.get(header..).unwrap_or_default();
            [&[0xBC, 0][..], &(payload.len() as u32).to_be_bytes(), payload].concat()
        }
    };
    items[place] = spoiled;
}

fn spoil_channel(random: &mut Random, channel: &mut Vec<u8>, flaw: Flaw) {
    match flaw {
        Flaw::ChannelByte => {
            let place = random.place(channel.len());
            if let Some(byte) = channel.get_mut(place) {
                *byte ^= 1 << random.below(8);
            }
        }
        // Ends are worth more tries than middles: there the checksums are.
        Flaw::ChannelCut if random.percent(50) => {
            let cut = random.within(1, 6) as usize;
            channel.truncate(channel.len().saturating_sub(cut));
        }
        Flaw::ChannelCut => channel.truncate(random.place(channel.len())),
        Flaw::ChannelAppended => {
            let length = random.within(1, 6) as usize;
            channel.extend(random.bytes(length));
        }
        Flaw::ChannelVersion => {
            let version = random.pick(&[0, 1, 2, 0x08, 0x0F, 0x18, 0x58, 0x68, 0x78, 0x88, 0x1F, 0xFF]);
            match channel.first_mut() {
                Some(first) => *first = version,
                None => channel.push(version),
            }
        }
        Flaw::ChannelEmpty => channel.clear(),
        Flaw::ChannelGarbage => {
            let length = random.within(1, 60) as usize;
            *channel = random.bytes(length);
            channel[0] = random.pick(&[1, 1, 0x78, channel[0]]);
        }
        _ => {}
    }
}

/// The channel in frames.
pub(super) fn frames(random: &mut Random, id: [u8; 16], channel: &[u8], flaws: &[Flaw]) -> Vec<Frame> {
    let count = random.pick(&[1, 1, 2, 3, 5, 8]);
    let size = channel.len().div_ceil(count).max(1);
    let mut frames: Vec<Frame> = channel
        .chunks(size)
        .enumerate()
        .map(|(number, data)| Frame { id, number: number as u16, data: data.to_vec(), is_last: false })
        .collect();
    if frames.is_empty() {
        frames.push(Frame { id, number: 0, data: Vec::new(), is_last: false });
    }
    if let Some(last) = frames.last_mut() {
        last.is_last = true;
    }
    for flaw in flaws {
        spoil_frames(random, &mut frames, *flaw);
    }
    frames
}

/// Frames of a channel of more than 100 MB that has no end. They hold zeros, which cost a case nothing as blobs.
pub(super) fn huge(random: &mut Random) -> impl Iterator<Item = Frame> {
    let id = random.array();
    let data = vec![0; blob::CAPACITY - 24];
    (0..=100_000_000 / data.len()).map(move |number| Frame {
        id,
        number: number as u16,
        data: data.clone(),
        is_last: false,
    })
}

fn spoil_frames(random: &mut Random, frames: &mut Vec<Frame>, flaw: Flaw) {
    let (one, other) = (random.place(frames.len()), random.place(frames.len()));
    let Some(frame) = frames.get(one).cloned() else { return };
    match flaw {
        Flaw::FrameLost => {
            frames.remove(one);
        }
        Flaw::FrameRepeated => frames.insert(other, frame),
        Flaw::FramesSwapped => frames.swap(one, other),
        Flaw::FramesReversed => frames.reverse(),
        Flaw::FrameNumber => {
            let by = random.pick(&[1, u16::MAX, 2]);
            let number = random.pick(&[0, u16::MAX, frame.number.wrapping_add(by), frame.number.wrapping_add(by)]);
            frames[one].number = number;
        }
        Flaw::FrameLastMissing => frames.iter_mut().for_each(|frame| frame.is_last = false),
        Flaw::FrameLastEarly => frames[one].is_last = true,
        Flaw::FrameOfOther => {
            let number = random.pick(&[0, frame.number]);
            let id = random.array();
            frames.insert(other, Frame { id, number, is_last: random.percent(50), ..frame });
        }
        Flaw::FrameBeyondEnd => {
            let number = frames.len() as u16 + random.below(3) as u16;
            if random.percent(40) {
                frames.reverse();
            }
            let place = random.pick(&[frames.len(), other, 1]);
            frames.insert(place, Frame { number, is_last: random.percent(50), ..frame });
        }
        Flaw::FrameEmpty => {
            let place = frame.number;
            let later = frames.iter_mut().filter(|frame| frame.number >= place);
            later.for_each(|frame| frame.number = frame.number.wrapping_add(1));
            frames.insert(one, Frame { data: Vec::new(), is_last: false, ..frame });
        }
        Flaw::FrameFirstAgain => {
            let mut first = frames[0].clone();
            if random.percent(50) {
                first.data = random.bytes(5);
            }
            frames.insert(other, first);
        }
        Flaw::FrameOrphan => {
            let number = random.within(1, 3) as u16;
            frames.insert(0, Frame { id: random.array(), number, ..frame });
        }
        _ => {}
    }
}
