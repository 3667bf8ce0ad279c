//! A small program: how it is loaded, what it asks of the outside, and the files of its states.
//!
//! What is named «recorded» is of asterisc: of `load-elf --path <file> --out state.json`, and of `run --input state.json --output
//! end.json` with a preimage server that answers as [`Answers`] does, where the file holds what [`file`] gives.

use crate::assembler::{A0, A1, A2, A7, ECALL, ZERO, addi, b, i, li, r, sd};
use alloy_primitives::{B256, b256, keccak256};
use kohala_preimage::Key;
use kohala_vm::{
    Reached, Server, ServerError, StateError, Stream,
    elf::{Elf, Segment},
    profile::Profile,
    riscv::{Fault, LoadError, Revert, State, Vm, WITNESS_BYTES, replay},
    run::Machine,
};
use std::sync::mpsc::{Receiver, Sender, channel};

const START: u64 = 0x1_0000;
const CODE: u64 = START + HEADERS;

/// The file's headers: its own, and those of two segments.
const HEADERS: u64 = 64 + 2 * 56;

/// Where data lies: a hint behind its length, a line, a key, a buffer.
const DATA: i32 = 0x1_0400;
const HINT: &[u8] = b"\0\0\0\x05hello";
const TEXT: i32 = DATA + 16;
const LINE: &[u8] = b"a line\n";
/// It crosses a leaf.
const KEY: i32 = DATA + 40;
const BUFFER: i32 = DATA + 100;

/// The preimage that the program reads.
const PREIMAGE: [u8; 70] = [0x5a; 70];

/// Behind the preimage and its length.
const READ: i32 = BUFFER + 8 + PREIMAGE.len() as i32;

/// Symbols whose names are known: one is a function that will only return, one a number that becomes 0, at a page's end.
const SYMBOLS: [(&str, u64); 3] =
    [("_start", CODE), ("runtime.gcenable", START + 0x600), ("runtime.MemProfileRate", START + 0xff8)];

/// Hints in two pieces, prints, writes a key, reads the preimage behind its length, stores where no page is, and exits with
/// the preimage's last byte.
fn code() -> Vec<u32> {
    const READS: i32 = 63;
    const WRITES: i32 = 64;
    const T0: u32 = 5;
    const T1: u32 = 6;
    const STACK: u32 = 2;
    let call = |number, fd, address: i32, count| {
        let [high, low] = li(A1, address);
        [addi(A7, ZERO, number), addi(A0, ZERO, fd), high, low, addi(A2, ZERO, count), ECALL]
    };
    let mut code = Vec::new();
    code.extend(call(WRITES, 4, DATA, 3));
    code.extend(call(WRITES, 4, DATA + 3, HINT.len() as i32 - 3));
    code.extend(call(WRITES, 1, TEXT, LINE.len() as i32));
    // As far as a leaf goes, and the rest.
    code.extend(call(WRITES, 6, KEY, 32));
    code.extend(call(WRITES, 6, KEY + 24, 8));
    code.extend(li(T0, BUFFER));
    code.extend(li(T1, READ));
    // Read on till all is there.
    let read = [addi(A7, ZERO, READS), addi(A0, ZERO, 5), addi(A1, T0, 0), addi(A2, ZERO, 100), ECALL];
    code.extend(read);
    code.extend([r(0x33, 0, 0, T0, T0, A0), b(4, T0, T1, -24)]);
    code.extend([sd(T0, STACK, -64), i(0x03, 4, A0, T1, -1), addi(A7, ZERO, 93), ECALL]);
    code
}

/// An executable file: headers, code and data in one segment that takes more memory than it has bytes, one segment of nothing,
/// symbols.
fn file() -> Vec<u8> {
    let segment = |kind: u32, address: u64, size: u64, memory: u64| {
        let head = [kind.to_le_bytes(), 7_u32.to_le_bytes()].concat();
        let words = [0, address, address, size, memory, 4096];
        [head, words.iter().flat_map(|word: &u64| word.to_le_bytes()).collect()].concat()
    };
    let size = 0x1000;
    let sections = size + 0x200;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([2, 0, 243, 0, 1, 0, 0, 0]);
    file.extend([CODE, 64, sections].iter().flat_map(|word| word.to_le_bytes()));
    file.extend([0; 4]);
    file.extend([64_u16, 56, 2, 64, 3, 2].iter().flat_map(|half| half.to_le_bytes()));
    file.extend(segment(1, START, size, size + 0x2345));
    // What the stack may be, which says nothing, at address 0.
    file.extend(segment(0x6474_e551, 0, 0, 0));
    file.extend(code().iter().flat_map(|word| word.to_le_bytes()));
    file.resize((DATA as u64 - START) as usize, 0);
    file.extend(HINT);
    file.resize((TEXT as u64 - START) as usize, 0);
    file.extend(LINE);
    file.resize((KEY as u64 - START) as usize, 0);
    file.extend(1..=32);
    file.resize(size as usize, 0xee);
    // Symbols, the first of which is none, and their names.
    let mut names = vec![0];
    file.extend([0; 24]);
    for (name, address) in SYMBOLS {
        file.extend((names.len() as u32).to_le_bytes());
        file.extend([0x12, 0, 1, 0]);
        file.extend([address, 8].iter().flat_map(|word| word.to_le_bytes()));
        names.extend(name.bytes().chain([0]));
    }
    let names_at = file.len() as u64;
    file.extend(&names);
    file.resize(sections as usize, 0);
    file.extend([0; 64]);
    for (kind, offset, len, link, entry) in
        [(2_u32, size, names_at - size, 2_u32, 24), (3, names_at, names.len() as u64, 0, 0)]
    {
        file.extend([0, kind].iter().flat_map(|word: &u32| word.to_le_bytes()));
        file.extend([0, 0, offset, len].iter().flat_map(|word| word.to_le_bytes()));
        file.extend([link, 1].iter().flat_map(|word| word.to_le_bytes()));
        file.extend([1, entry].iter().flat_map(|word: &u64| word.to_le_bytes()));
    }
    file
}

/// A server that notes what it is asked.
struct Answers(Sender<Asked>);

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Hint(Vec<u8>),
    Preimage(Key),
    Line(Vec<u8>),
}

impl Server for Answers {
    fn hint(&mut self, hint: &[u8]) -> Result<(), ServerError> {
        self.0.send(Asked::Hint(hint.to_vec())).expect("someone listens");
        Ok(())
    }

    fn preimage(&mut self, key: Key) -> Result<Vec<u8>, ServerError> {
        self.0.send(Asked::Preimage(key)).expect("someone listens");
        Ok(PREIMAGE.to_vec())
    }
}

fn machine(state: State) -> (Vm<Answers>, Receiver<Asked>) {
    let (sender, asked) = channel();
    let answers = Answers(sender.clone());
    let vm = Vm::new(state, answers, move |stream, text: &[u8]| {
        assert_eq!(stream, Stream::Output);
        sender.send(Asked::Line(text.to_vec())).expect("someone listens");
    });
    (vm, asked)
}

fn loaded() -> State {
    State::load(&Elf::parse(&file()).expect("is an executable")).expect("can be loaded")
}

fn json(state: &State) -> Vec<u8> {
    let mut json = Vec::new();
    state.write_json(&mut json).expect("can be written");
    json
}

fn binary(state: &State) -> Vec<u8> {
    let mut binary = Vec::new();
    state.serialize(&mut binary).expect("can be written");
    binary
}

/// The recorded state hash and keccak256 of the JSON, before the first step and behind the last.
const RECORDED: [(B256, B256); 2] = [
    (
        b256!("037b7d274ba98f4aff25e13b65737e40d3c1809b23799b154258b2239f59e06b"),
        b256!("f74173775889f26b45c8db9c58fda4eeb5ccf18b8cbbd80f2f7f69ea6c90751b"),
    ),
    (
        b256!("02dc0192d8148529cf8843fac841f831da9054dcc945447ed338142c4435dcdc"),
        b256!("4dc0bce51ebab46c7c103996562a59416e928c839522e743231643ed161c7fdd"),
    ),
];

#[test]
fn a_program_is_loaded_as_asterisc_loads_it() {
    let mut state = loaded();
    assert_eq!((state.hash(), keccak256(json(&state))), RECORDED[0]);
    assert_eq!(state.recorded_hash, RECORDED[0].0);
}

#[test]
fn a_program_ends_as_on_asterisc() {
    let (mut vm, asked) = machine(loaded());
    assert_eq!(vm.run(u64::MAX, false).expect("no step stops"), Reached::Exit);
    vm.finish();
    assert_eq!((vm.state_mut().hash(), keccak256(json(vm.state()))), RECORDED[1]);
    assert_eq!(vm.state().core.exit_code, PREIMAGE[0]);
    let key = Key::from(std::array::from_fn(|index| index as u8 + 1));
    let expected = [Asked::Hint(HINT[4..].to_vec()), Asked::Line(LINE.to_vec()), Asked::Preimage(key)];
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn every_step_replays_from_its_proof_and_goes_on_from_its_file() {
    let (mut vm, mut _asked) = machine(loaded());
    let (mut fast, _of_fast) = machine(loaded());
    while !vm.state().core.exited {
        let proof = vm.prove().expect("no step stops");
        let witness = replay(&proof.witness, &proof.data, vm.last_read()).expect("is proven");
        assert_eq!(witness, vm.state_mut().witness());
        fast.run(vm.state().core.step, false).expect("no step stops");
        assert_eq!(fast.state_mut().hash(), proof.post);
        let (binary, json) = (binary(vm.state()), json(vm.state()));
        let read = State::deserialize(&*binary).expect("is a state");
        assert_eq!(self::binary(&read), binary);
        let mut read = State::read_json(&*json).expect("is a state");
        assert_eq!((self::json(&read), self::binary(&read)), (json, binary));
        assert_eq!(read.hash(), proof.post);
        (vm, _asked) = machine(read);
    }
}

#[test]
fn a_run_pauses_at_reads() {
    let (mut vm, _asked) = machine(loaded());
    let mut offsets = Vec::new();
    while vm.run(u64::MAX, true).expect("no step stops") == Reached::Read {
        offsets.push(vm.last_read().expect("has read").offset);
    }
    // As far as leaves go: the buffer begins 28 bytes before one.
    assert_eq!(offsets, [0, 28, 60]);
}

#[test]
fn a_profile_counts_every_step() {
    let file = file();
    let elf = Elf::parse(&file).expect("is an executable");
    let mut profile = Profile::new(&elf.symbols, false);
    let (mut vm, _asked) = machine(loaded());
    assert_eq!(vm.run_profiled(u64::MAX, &mut profile).expect("no step stops"), Reached::Exit);
    let functions = profile.functions();
    assert_eq!(functions.iter().map(|function| function.own).sum::<u64>(), vm.state().core.step);
    assert_eq!(functions.iter().find(|function| function.own > 0).map(|function| function.name), Some("_start"));
}

#[test]
fn a_wrong_proof_or_part_is_refused() {
    let (mut vm, _asked) = machine(loaded());
    vm.run(u64::MAX, true).expect("no step stops");
    let proof = vm.prove().expect("no step stops");
    let mut data = proof.data.clone();
    data[40] ^= 1;
    let error = replay(&proof.witness, &data, vm.last_read()).expect_err("is not proven");
    assert!(matches!(error.fault, Fault::Unproven(_)), "{error}");
    vm.run(u64::MAX, true).expect("no step stops");
    let before = vm.state().clone();
    let (mut vm, _asked) = machine(before);
    vm.state_mut().core.preimage_offset = 78;
    let error = vm.run(u64::MAX, false).expect_err("reads behind the end");
    assert_eq!(error.fault.revert(), Some(Revert::FailToReadPreimage));
    assert!(error.to_string().contains("0xbadf00d0"), "{error}");
}

#[test]
fn proofs_that_are_not_whole_are_refused() {
    let (mut vm, _asked) = machine(loaded());
    let proof = vm.prove().expect("no step stops");
    for len in [proof.data.len() - 1, 1] {
        let error = replay(&proof.witness, &proof.data[..len], None).expect_err("is not whole");
        assert!(matches!(error.fault, Fault::ProofLength(refused) if refused == len), "{error}");
    }
    let longer = [&*proof.data, &[0]].concat();
    assert!(replay(&proof.witness, &longer, None).is_err());
}

#[test]
fn a_witness_that_has_exited_stays_as_it_is() {
    let (mut vm, _asked) = machine(loaded());
    vm.run(u64::MAX, false).expect("no step stops");
    let mut witness = vm.state_mut().witness();
    assert_eq!(replay(&witness, &[], None).expect("has exited"), witness);
    // The mark, behind the exit code: asterisc takes any number but 0 for it, and does not write it anew.
    witness.0[32 + 32 + 8 + 8 + 1] = 2;
    assert_eq!(replay(&witness, &[], None).expect("has exited"), witness);
}

#[test]
fn programs_for_other_machines_are_refused() {
    let file = file();
    let load = |elf: &Elf<'_>| State::load(elf).expect_err("can't be loaded");
    let elf = Elf::parse(&file).expect("is an executable");
    assert_eq!(load(&Elf { machine: 8, ..elf.clone() }), LoadError::Machine(8));
    assert_eq!(load(&Elf { symbols: Vec::new(), ..elf.clone() }), LoadError::NoSymbols);
    let mut other = elf.clone();
    other.segments[1].memory_size = 1;
    assert_eq!(load(&other), LoadError::Size(1, 0, 1));
}

#[test]
fn segments_that_take_too_much_memory_together_are_refused() {
    let file = file();
    let elf = Elf::parse(&file).expect("is an executable");
    let load = |sizes: &[u64]| {
        let sized = |size: &u64| Segment { memory_size: *size, ..elf.segments[0] };
        State::load(&Elf { segments: sizes.iter().map(sized).collect(), ..elf.clone() }).map(drop)
    };
    let data = elf.segments[0].data.len() as u64;
    for sizes in [&[(1 << 30) + 1][..], &[1 << 40], &[data, u64::MAX], &[data, (1 << 30) - data + 1]] {
        assert_eq!(load(sizes), Err(LoadError::TooLarge), "{sizes:?}");
    }
    assert_eq!(load(&[data, 1 << 20]), Ok(()));
}

#[test]
fn broken_files_are_named_by_their_field() {
    let state = loaded();
    let binary = binary(&state);
    let error = |bytes: &[u8]| State::deserialize(bytes).expect_err("is broken").to_string();
    assert!(error(&binary[..100]).contains("memory"));
    assert!(error(&binary[..binary.len() - 1]).contains("state hash"));
    assert_eq!(error(&[&*binary, &[0]].concat()), StateError::TooLong.to_string());
    // Behind the mark: three numbers, the registers, an empty hint, the witness, its hash.
    let mark = binary.len() - 32 - (4 + WITNESS_BYTES) - 4 - 35 * 8 - 1;
    let mut marked = binary.clone();
    marked[mark] = 7;
    assert_eq!(error(&marked), StateError::NotBool { field: "mark of exit", value: 7 }.to_string());
    let text = String::from_utf8(json(&state)).expect("is text");
    let error = |text: &str| State::read_json(text.as_bytes()).expect_err("is broken").to_string();
    assert!(error(&text.replace("\"heap\"", "\"help\"")).contains("missing field `heap`"));
    assert!(error(&text.replace("\"index\": 16,", "\"index\": 17,")).contains("page 0x11 is there twice"));
    assert!(error(&text.replace("\"data\": \"00", "\"data\": \"")).contains("data of page 0x0"));
    assert!(error(&text.replace("\"witness\": \"", "\"witness\": \"!")).contains("witness"));
}
