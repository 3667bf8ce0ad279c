use alloy_primitives::Bytes;
use kohala_protocol::{ChannelId, Frame, FrameError, parse_frames};
use proptest::prelude::*;

fn encode(frame: &Frame) -> Vec<u8> {
    let mut out = frame.id.0.to_vec();
    out.extend(frame.number.to_be_bytes());
    out.extend((frame.data.len() as u32).to_be_bytes());
    out.extend(&frame.data);
    out.push(frame.is_last.into());
    out
}

fn datum(frames: &[Frame]) -> Vec<u8> {
    [vec![0], frames.iter().flat_map(encode).collect()].concat()
}

fn frame(number: u16, data: &'static [u8], is_last: bool) -> Frame {
    Frame { id: ChannelId([7; 16]), number, data: Bytes::from_static(data), is_last }
}

fn parse(datum: Vec<u8>) -> Result<Vec<Frame>, FrameError> {
    parse_frames(&datum.into())
}

#[test]
fn reads_every_frame_of_a_datum() {
    let frames = [frame(0, b"one", false), frame(0xabcd, b"", true), frame(1, b"three", false)];
    assert_eq!(parse(datum(&frames)).unwrap(), frames);
}

#[test]
fn data_of_a_frame_is_a_slice_of_the_datum() {
    let datum = Bytes::from(datum(&[frame(0, b"data", true)]));
    let frames = parse_frames(&datum).unwrap();
    assert_eq!(frames[0].data.as_ptr(), datum[23..].as_ptr());
}

#[test]
fn drops_a_datum_without_frames() {
    assert_eq!(parse(vec![]), Err(FrameError::Empty));
    assert_eq!(parse(vec![0]), Err(FrameError::NoFrames));
}

#[test]
fn drops_a_datum_of_another_version() {
    let mut datum = datum(&[frame(0, b"data", true)]);
    datum[0] = 1;
    assert_eq!(parse(datum), Err(FrameError::Version(1)));
}

#[test]
fn drops_the_whole_datum_at_any_cut() {
    let first = datum(&[frame(0, b"one", false)]).len();
    let whole = datum(&[frame(0, b"one", false), frame(1, b"two", true)]);
    for length in (2..first).chain(first + 1..whole.len()) {
        assert_eq!(parse(whole[..length].to_vec()), Err(FrameError::Truncated), "{length}");
    }
    assert_eq!(parse([whole, vec![0]].concat()), Err(FrameError::Truncated));
}

#[test]
fn drops_the_whole_datum_for_a_last_flag_other_than_0_and_1() {
    let mut datum = datum(&[frame(0, b"one", false), frame(1, b"two", true)]);
    *datum.last_mut().unwrap() = 2;
    assert_eq!(parse(datum), Err(FrameError::LastFlag(2)));
}

#[test]
fn a_frame_holds_a_million_bytes_and_no_more() {
    let longest = Frame { data: vec![5; 1_000_000].into(), ..frame(0, b"", true) };
    assert_eq!(parse(datum(std::slice::from_ref(&longest))).unwrap(), [longest]);
    let too_long = Frame { data: vec![5; 1_000_001].into(), ..frame(0, b"", true) };
    assert_eq!(parse(datum(&[too_long])), Err(FrameError::TooLong(1_000_001)));
}

proptest! {
    #[test]
    fn what_is_read_is_all_there_is(bytes in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..120)) {
        if let Ok(frames) = parse(bytes.clone()) {
            prop_assert_eq!(datum(&frames), bytes);
        }
    }
}
