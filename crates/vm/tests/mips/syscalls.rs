//! System calls: what they answer, and what they change.

use crate::machine::{A3, Answers, DATA, Said, V0, after, calling, changed, step, step_with};
use kohala_preimage::Key;
use kohala_vm::{
    ReadError, ServerError,
    mips::{Core, Fault, State},
};
use proptest::prelude::*;

const BAD_FILE: u64 = 9;
const AGAIN: u64 = 11;
const INVALID: u64 = 22;
const READ: u64 = 5000;
const WRITE: u64 = 5001;
const HEAP: u64 = 0x1000_0000_0000;
const KEY: [u8; 32] = [2; 32];

/// The core after a call that answers so.
fn answered(state: &State, answer: Result<u64, u64>) -> Core {
    let (value, failed) = answer.map_or_else(|errno| (errno, u64::MAX), |value| (value, 0));
    after(state, |thread| (thread.registers[V0], thread.registers[A3]) = (value, failed))
}

/// Makes a call, which must change nothing but what it answers.
fn answers(number: u64, arguments: [u64; 3], answer: Result<u64, u64>) {
    let state = calling(number, arguments);
    let mut done = step(&state).unwrap();
    assert_eq!(done.core, answered(&state, answer), "call {number}, {arguments:x?}");
    assert_eq!(done.memory.root(), state.memory.clone().root(), "call {number}");
}

/// V10.
#[test]
fn calls_without_effect_answer_0() {
    let calls = [
        5011, 5010, 5196, 5027, 5014, 5129, 5013, 5297, 5003, 5016, 5004, 5005, 5247, 5087, 5257, 5015, 5285, 5287,
        5208, 5272, 5061, 5100, 5102, 5026, 5225, 5095, 5008, 5036, 5216, 5217, 5220,
    ];
    for call in calls {
        answers(call, [3, DATA, 5], Ok(0));
    }
}

/// V10. All numbers but the known ones.
#[test]
fn unknown_call_stops_the_machine() {
    let known = [
        5000, 5001, 5002, 5003, 5004, 5005, 5008, 5009, 5010, 5011, 5012, 5013, 5014, 5015, 5016, 5023, 5026, 5027,
        5034, 5036, 5038, 5055, 5058, 5061, 5070, 5087, 5095, 5100, 5102, 5129, 5178, 5194, 5196, 5205, 5208, 5216,
        5217, 5220, 5222, 5225, 5247, 5257, 5272, 5284, 5285, 5287, 5297, 5313,
    ];
    for call in (4990..5400).chain([0, 4001, u64::MAX, 5003 + (1 << 32)]) {
        let found = step(&calling(call, [3, DATA, 0]));
        assert_eq!(found.is_ok(), known.contains(&call), "{call}");
        if let Err(fault) = found {
            assert_eq!(fault, Fault::Syscall(call));
        }
    }
}

/// V09.
#[test]
fn calls_that_answer_a_constant() {
    answers(5012, [DATA, 0, 0], Ok(0x4000_0000_0000)); // brk
    answers(5038, [1, 2, 3], Ok(0)); // getpid
    answers(5002, [DATA, 0, 0], Err(BAD_FILE)); // open
    answers(5284, [0, 0x80, 0], Ok(100)); // eventfd2
    answers(5284, [0, 0x7f, 0], Err(INVALID));
    let mut state = calling(5178, [0; 3]); // gettid
    state.core.left.threads[0].id = 77;
    assert_eq!(step(&state).unwrap().core, answered(&state, Ok(77)));
}

/// V09.
#[test]
fn mmap_moves_the_heap_by_whole_pages() {
    let map = |heap, wish, size| {
        let mut state = calling(5009, [wish, size, 0]);
        state.core.heap = heap;
        let core = step(&state).unwrap().core;
        assert_eq!(core, changed(&answered(&state, answer_of(&core)), |expected| expected.heap = core.heap));
        (answer_of(&core), core.heap)
    };
    let end = 0x6000_0000_0000;
    assert_eq!(map(HEAP, 0, 0x2001), (Ok(HEAP), HEAP + 0x3000));
    assert_eq!(map(HEAP, 0, 0x2000), (Ok(HEAP), HEAP + 0x2000));
    assert_eq!(map(HEAP, 0, 0), (Ok(HEAP), HEAP));
    assert_eq!(map(HEAP, 0x1234, u64::MAX), (Ok(0x1234), HEAP), "a wish is granted");
    assert_eq!(map(end - 0x1000, 0, 1), (Ok(end - 0x1000), end));
    assert_eq!(map(end - 0x1000, 0, 0x1001), (Err(INVALID), end - 0x1000));
    assert_eq!(map(HEAP, 0, u64::MAX), (Err(INVALID), HEAP), "rounding overflows");
    assert_eq!(map(HEAP, 0, u64::MAX - 0x1fff), (Err(INVALID), HEAP), "the heap overflows");
}

fn answer_of(core: &Core) -> Result<u64, u64> {
    let registers = &core.thread().unwrap().registers;
    if registers[A3] == 0 { Ok(registers[V0]) } else { Err(registers[V0]) }
}

/// V09.
#[test]
fn fcntl_knows_the_files_flags() {
    for file in 0..9 {
        let known = |answer| if file < 7 { Ok(answer) } else { Err(BAD_FILE) };
        answers(5070, [file, 1, 0], known(0));
        answers(5070, [file, 3, 0], known(u64::from([1, 2, 4, 6].contains(&file))));
        answers(5070, [file, 2, 0], Err(INVALID));
    }
    answers(5070, [100, 3, 0], Err(BAD_FILE));
}

/// V09.
#[test]
fn clock_counts_ten_million_steps_a_second() {
    let read = |clock, address: u64| {
        let mut state = calling(5222, [clock, address, 0]);
        state.core.step = 20_000_122;
        let mut done = step(&state).unwrap();
        assert_eq!(done.core, answered(&state, Ok(0)));
        let first = address & !7;
        [done.memory.load(first), done.memory.load(first.wrapping_add(8))]
    };
    assert_eq!(read(1, DATA + 7), [2, 12_300]);
    assert_eq!(read(1, DATA + 0xff8), [2, 12_300], "over a page's end");
    assert_eq!(read(1, u64::MAX), [2, 12_300], "over the memory's end");
    assert_eq!(read(0, DATA), [0, 0]);
    answers(5222, [2, DATA, 0], Err(INVALID));
}

/// V09. splitmix64 of 1 and 2, by its author's program; into a part of a word goes that part of it.
#[test]
fn getrandom_gives_splitmix64_of_the_step() {
    let random = |step_before, address: u64, count| {
        let mut state = calling(5313, [address, count, 0]);
        state.core.step = step_before;
        let _ = state.memory.store(DATA, 0x1111_1111_1111_1111);
        let mut done = step(&state).unwrap();
        (done.memory.load(DATA), answer_of(&done.core))
    };
    assert_eq!(random(0, DATA, 8), (0x910a_2dec_8902_5cc1, Ok(8)));
    assert_eq!(random(1, DATA, u64::MAX), (0x9758_35de_1c97_56ce, Ok(8)));
    assert_eq!(random(0, DATA + 2, 3), (0x1111_2dec_8911_1111, Ok(3)));
    assert_eq!(random(0, DATA + 6, 8), (0x1111_1111_1111_5cc1, Ok(2)));
    assert_eq!(random(0, DATA, 0), (0x1111_1111_1111_1111, Ok(0)));
}

/// V11.
#[test]
fn reads_of_other_files() {
    answers(READ, [0, DATA, 8], Ok(0));
    answers(READ, [3, DATA, 12345], Ok(12345));
    answers(READ, [100, DATA, 8], Err(AGAIN));
    for file in [1, 2, 4, 6, 7, 99, u64::MAX] {
        answers(READ, [file, DATA, 8], Err(BAD_FILE));
    }
}

/// V11.
#[test]
fn writes_to_other_files() {
    answers(WRITE, [100, DATA, 8], Err(AGAIN));
    for file in [0, 3, 5, 7, 99, u64::MAX] {
        answers(WRITE, [file, DATA, 8], Err(BAD_FILE));
    }
}

proptest! {
    /// V11. The stream is the length in eight bytes, then the value.
    #[test]
    fn preimage_is_read_up_to_the_words_end(
        length in 0..40_usize,
        offset in 0..50_u64,
        start in 0..8_u64,
        count in prop_oneof![0..12_u64, any::<u64>()],
    ) {
        let value: Vec<u8> = (1..=length as u8).collect();
        let mut state = calling(READ, [5, DATA + start, count]);
        (state.core.preimage_key, state.core.preimage_offset) = (KEY, offset);
        let _ = state.memory.store(DATA, 0xeeee_eeee_eeee_eeee);
        let stream = [&(length as u64).to_be_bytes(), value.as_slice()].concat();
        let result = step_with(&Answers::of(KEY, &value), &state);
        let Some(rest) = stream.get(offset as usize..).filter(|rest| !rest.is_empty()) else {
            let end = ReadError::End { key: Key::from(KEY), offset };
            prop_assert_eq!(result.err(), Some(Fault::Preimage(end)));
            return Ok(());
        };
        let read = count.min(8 - start).min(rest.len() as u64);
        let mut word = [0xee; 8];
        word[start as usize..(start + read) as usize].copy_from_slice(&rest[..read as usize]);
        let mut done = result.unwrap().0;
        prop_assert_eq!(done.core, changed(&answered(&state, Ok(read)), |core| core.preimage_offset += read));
        prop_assert_eq!(done.memory.load(DATA), u64::from_be_bytes(word));
    }

    /// V11.
    #[test]
    fn key_is_shifted_by_what_is_written(start in 0..8_usize, count in prop_oneof![0..12_u64, any::<u64>()]) {
        let word = *b"ABCDEFGH";
        let mut state = calling(WRITE, [6, DATA + start as u64, count]);
        let _ = state.memory.store(DATA, u64::from_be_bytes(word));
        state.core.preimage_key = std::array::from_fn(|byte| byte as u8);
        state.core.preimage_offset = 9;
        let written = usize::try_from(count).unwrap().min(8 - start);
        let key = [&state.core.preimage_key[written..], &word[start..start + written]].concat();
        let expected = changed(&answered(&state, Ok(written as u64)), |core| {
            core.preimage_key.copy_from_slice(&key);
            core.preimage_offset = 0;
        });
        prop_assert_eq!(step(&state).unwrap().core, expected);
    }

    /// V11. However the program cuts them.
    #[test]
    fn hints_are_handed_out_when_they_are_whole(
        hints in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..5),
        cut in 1..30_usize,
    ) {
        let stream: Vec<u8> =
            hints.iter().flat_map(|hint| [&(hint.len() as u32).to_be_bytes(), hint.as_slice()].concat()).collect();
        let (mut last_hint, mut handed) = (Vec::new(), Vec::new());
        for piece in stream.chunks(cut) {
            let mut state = calling(WRITE, [4, DATA + 0xffa, piece.len() as u64]);
            state.memory.write(DATA + 0xffa, piece);
            state.core.last_hint = last_hint;
            let (done, said) = step_with(&Answers::default(), &state).unwrap();
            prop_assert_eq!(&answered(&state, Ok(piece.len() as u64)), &changed(&done.core, |core| core.last_hint = state.core.last_hint.clone()));
            last_hint = done.core.last_hint;
            handed.extend(said.hints);
        }
        prop_assert_eq!(handed, hints);
        prop_assert!(last_hint.is_empty());
    }
}

/// V11.
#[test]
fn output_and_error_are_written_from_wherever_they_are() {
    for file in [1, 2] {
        let text: Vec<u8> = (0..9000_u32).map(|byte| byte as u8).collect();
        let mut state = calling(WRITE, [file, DATA + 5, 9000]);
        state.memory.write(DATA + 5, &text);
        let (done, said) = step_with(&Answers::default(), &state).unwrap();
        assert_eq!(said, Said { text, ..Said::default() });
        assert_eq!(done.core, answered(&state, Ok(9000)));
    }
}

#[test]
fn write_without_an_end_stops_the_machine() {
    for file in [1, 2, 4] {
        let state = calling(WRITE, [file, DATA, (1 << 30) + 1]);
        assert_eq!(step(&state).err(), Some(Fault::WriteTooLong((1 << 30) + 1)));
    }
}

/// The key of zeros names nothing: cannon has no preimage at hand then, and reads behind its end.
#[test]
fn preimage_that_nobody_has_stops_the_machine() {
    let mut state = calling(READ, [5, DATA, 8]);
    let end = ReadError::End { key: Key::from([0; 32]), offset: 0 };
    assert_eq!(step(&state).err(), Some(Fault::Preimage(end)));
    state.core.preimage_key = KEY;
    let none = ReadError::Server(ServerError::None(Key::from(KEY)));
    assert_eq!(step(&state).err(), Some(Fault::Preimage(none)));
}
