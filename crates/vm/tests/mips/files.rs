//! What is read and written: programs, states, memory's hashes, the server's wire.

use crate::machine::{CODE, DATA, machine};
use alloy_primitives::{B256, b256, keccak256};
use kohala_preimage::Key;
use kohala_vm::{
    BigEndian, LittleEndian, Memory, Order, PAGE_BYTES, Pipes, Server, ServerError, StateError,
    elf::{Elf, ElfError, Symbol},
    file,
    mips::{LoadError, Reservation, State, Thread},
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    io::{self, Cursor},
    path::Path,
};

/// A segment of an ELF file: kind, address, size in memory, data.
type Segment<'a> = (u32, u64, u64, &'a [u8]);

const LOAD: u32 = 1;
const ABI_FLAGS: u32 = 0x7000_0003;

/// An ELF file for MIPS with a symbol for each of `names`.
fn elf(entry: u64, segments: &[Segment<'_>], names: &[(&str, u64, u64)]) -> Vec<u8> {
    let mut strings = b"\0".to_vec();
    let mut symbols = vec![0; 24];
    for (name, start, size) in names {
        symbols.extend_from_slice(&(strings.len() as u32).to_be_bytes());
        symbols.extend_from_slice(&[2, 0, 0, 1]);
        symbols.extend_from_slice(&start.to_be_bytes());
        symbols.extend_from_slice(&size.to_be_bytes());
        strings.extend_from_slice(name.as_bytes());
        strings.push(0);
    }
    let mut data = Vec::new();
    let start = 64 + 56 * segments.len() as u64;
    let mut headers = Vec::new();
    for (kind, address, memory_size, bytes) in segments {
        headers.extend_from_slice(&kind.to_be_bytes());
        headers.extend_from_slice(&5_u32.to_be_bytes());
        let at = start + data.len() as u64;
        for word in [at, *address, *address, bytes.len() as u64, *memory_size, 1] {
            headers.extend_from_slice(&word.to_be_bytes());
        }
        data.extend_from_slice(bytes);
    }
    let mut sections = vec![0; 64];
    for (kind, bytes, link, entry_size) in [(2_u32, &symbols, 2_u32, 24_u64), (3, &strings, 0, 0)] {
        sections.extend_from_slice(&0_u32.to_be_bytes());
        sections.extend_from_slice(&kind.to_be_bytes());
        for word in [0, 0, start + data.len() as u64, bytes.len() as u64] {
            sections.extend_from_slice(&word.to_be_bytes());
        }
        sections.extend_from_slice(&link.to_be_bytes());
        sections.extend_from_slice(&1_u32.to_be_bytes());
        sections.extend_from_slice(&8_u64.to_be_bytes());
        sections.extend_from_slice(&entry_size.to_be_bytes());
        data.extend_from_slice(bytes);
    }
    let mut file = b"\x7fELF\x02\x02\x01\0\0\0\0\0\0\0\0\0".to_vec();
    file.extend_from_slice(&[0, 2, 0, 8, 0, 0, 0, 1]);
    for word in [entry, 64, start + data.len() as u64] {
        file.extend_from_slice(&word.to_be_bytes());
    }
    file.extend_from_slice(&0_u32.to_be_bytes());
    for half in [64, 56, segments.len() as u16, 64, 3, 2] {
        file.extend_from_slice(&half.to_be_bytes());
    }
    [file, headers, data, sections].concat()
}

fn load(segments: &[Segment<'_>]) -> Result<State, LoadError> {
    State::load(&Elf::parse(&elf(CODE, segments, &[])).unwrap())
}

/// V13, V33. The hashes are cannon's (`load-elf`, then `witness`) for the same files.
#[test]
fn program_begins_in_the_state_that_cannon_says() {
    let code: Vec<u8> = (0..300_u32).flat_map(|word| (0x2400_0000 | word).to_be_bytes()).collect();
    let file = elf(
        CODE + 8,
        &[
            (LOAD, CODE, 5000, &code),
            (4, 0x40_0123, 3, b"abc"),
            (LOAD, 0x50_0000, 0x3001, &[]),
            (ABI_FLAGS, 7, 9, b"skipped"),
        ],
        &[("later", CODE + 16, 8), ("_start", CODE + 8, 8)],
    );
    let parsed = Elf::parse(&file).unwrap();
    let symbol = |name: &str, start, size| Symbol { name: name.to_owned(), start, size };
    assert_eq!(parsed.symbols, [symbol("later", CODE + 16, 8), symbol("_start", CODE + 8, 8)]);
    let mut state = State::load(&parsed).unwrap();
    assert_eq!(state.hash(), b256!("039b0af70b02d13c69dd24ba2a0dc2e079d9abf894d8add00aafe09daad3fc72"));
    // Pages are there if a segment reaches into them, be it with zeros: 2 of code, 1, 4 of zeros, 5 of the stack.
    assert_eq!(state.memory.page_count(), 12);
    let mut file = Vec::new();
    state.serialize(&mut file).unwrap();
    assert_eq!(keccak256(file), b256!("9c36f560c55c5caa74e3009a97e0ed7c37ede5d862a39c763549cc8754769b40"));
}

/// V13.
#[test]
fn segments_that_cannot_be_loaded_are_named() {
    let heap = 0x1000_0000_0000;
    let bytes = [1; 16];
    let error = |segment: Segment<'_>| load(&[(LOAD, CODE, 16, &bytes), segment]).err();
    assert_eq!(error((LOAD, CODE, 8, &bytes)), Some(LoadError::Overlong(1)));
    assert_eq!(error((LOAD, 0, 0, &bytes)), Some(LoadError::Overlong(1)));
    assert_eq!(error((2, CODE, 17, &bytes)), Some(LoadError::Fill(1)));
    assert_eq!(error((2, CODE, 15, &bytes)), Some(LoadError::Fill(1)));
    assert_eq!(error((LOAD, heap - 15, 16, &bytes)), Some(LoadError::Heap(1)));
    assert_eq!(error((LOAD, (1 << 48) - 16, 16, &bytes)), Some(LoadError::Heap(1)));
    assert_eq!(error((LOAD, (1 << 48) - 15, 16, &bytes)), Some(LoadError::Range(1)));
    assert_eq!(error((LOAD, u64::MAX - 14, 16, &bytes)), Some(LoadError::Range(1)));
    assert_eq!(error((LOAD, CODE, 1 << 31, &bytes)), Some(LoadError::TooLarge));
    assert_eq!(error((LOAD, heap - 16, 16, &bytes)), None);
    assert_eq!(error((LOAD, u64::MAX, 0, &[])), None);
    assert_eq!(error((ABI_FLAGS, u64::MAX, 5, &bytes)), None);
}

#[test]
fn files_that_are_no_programs_are_refused() {
    let good = elf(CODE, &[(LOAD, CODE, 16, &[1; 16])], &[("_start", CODE, 8)]);
    let parse = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = good.clone();
        change(&mut file);
        Elf::parse(&file).map(|elf| State::load(&elf).map(|_| ()))
    };
    assert!(matches!(parse(&|_| ()), Ok(Ok(()))));
    assert!(matches!(parse(&|file| file[0] = 0), Err(ElfError::Malformed(_))));
    assert!(matches!(parse(&|file| file[4] = 1), Err(ElfError::Malformed(_))));
    assert!(matches!(parse(&|file| file[17] = 3), Err(ElfError::NotExecutable(3))));
    assert!(matches!(parse(&|file| file[19] = 243), Ok(Err(LoadError::Machine { machine: 243, is_big_endian: true }))));
    // A segment's data beyond the end of the file.
    assert!(matches!(parse(&|file| file[64 + 8] = 1), Err(ElfError::Truncated(0))));
    for length in 0..good.len() {
        assert!(Elf::parse(&good[..length]).is_err(), "cut to {length} bytes");
    }
}

/// 257 symbols of one name of a MiB: 1 MiB of file, 257 of names.
#[test]
fn symbols_whose_names_take_too_much_are_refused() {
    let parse = |count: usize| {
        let name = "n".repeat(1 << 20);
        let mut names = vec![(&*name, CODE, 8)];
        names.resize(count, ("", CODE, 8));
        let mut file = elf(CODE, &[], &names);
        // The symbols follow the header, and one that is none. They begin with where their names are.
        file[64 + 24..].chunks_mut(24).take(count).for_each(|symbol| symbol[..4].copy_from_slice(&[0, 0, 0, 1]));
        Elf::parse(&file).map(|elf| elf.symbols.len())
    };
    assert_eq!(parse(257), Err(ElfError::Names));
    assert_eq!(parse(2), Ok(2));
}

/// A state in which nothing is as at the beginning.
fn state() -> State {
    let mut state = machine(&[1, 2, 3]);
    let _ = state.memory.store(DATA + 0x100_0000, 77);
    let core = &mut state.core;
    core.preimage_key = [3; 32];
    (core.preimage_offset, core.heap, core.step, core.steps_since_switch) = (4, 5, 6, 7);
    core.reservation = Reservation { status: 2, address: 8, owner: 9 };
    (core.exit_code, core.exited, core.traverse_right, core.next_thread_id) = (10, true, true, 11);
    core.right.threads =
        vec![Thread { id: 12, exited: true, ..Thread::default() }, Thread { id: 13, ..Thread::default() }];
    core.last_hint = b"half a hi".to_vec();
    state
}

fn written(state: &State) -> Vec<u8> {
    let mut file = Vec::new();
    state.serialize(&mut file).unwrap();
    file
}

/// V06.
#[test]
fn state_is_read_as_it_was_written() {
    let mut before = state();
    let file = written(&before);
    let mut after = State::deserialize(file.as_slice()).unwrap();
    assert_eq!(after.core, before.core);
    assert_eq!(after.hash(), before.hash());
    assert_eq!(written(&after), file);
}

/// V02. Every field has its place.
#[test]
fn witness_has_its_place_for_everything() {
    let mut state = state();
    let root = state.memory.root();
    let witness = state.witness().0;
    let word = |start: usize| u64::from_be_bytes(witness[start..start + 8].try_into().unwrap());
    assert_eq!(&witness[..32], root.as_slice());
    assert_eq!(witness[32..64], [3; 32]);
    assert_eq!([64, 72, 81, 89, 99, 107, 180].map(word), [4, 5, 8, 9, 6, 7, 11]);
    assert_eq!([80, 97, 98, 115].map(|at| witness[at]), [2, 10, 1, 1]);
    let below = B256::from(keccak256([0; 64]));
    let fold = |below: B256, thread: &Thread| keccak256([below, keccak256(thread.to_bytes())].concat());
    let roots = [&state.core.left, &state.core.right].map(|stack| stack.threads.iter().fold(below, fold));
    assert_eq!(witness[116..180], roots.concat());
}

/// V02. The hash's first byte says how the program fares.
#[test]
fn state_hash_says_whether_and_how_the_program_has_ended() {
    for (exited, exit_code, status) in
        [(false, 0, 3), (false, 1, 3), (true, 0, 0), (true, 1, 1), (true, 2, 2), (true, 255, 2)]
    {
        let mut state = machine(&[]);
        (state.core.exited, state.core.exit_code) = (exited, exit_code);
        let hash = state.hash();
        assert_eq!(hash[0], status);
        assert_eq!(hash[1..], keccak256(state.witness().0)[1..]);
    }
}

/// V01.
#[test]
fn other_versions_states_are_refused() {
    for version in (0..=255_u8).filter(|version| *version != 8) {
        let mut file = written(&state());
        file[0] = version;
        assert!(matches!(State::deserialize(file.as_slice()), Err(StateError::Version(found)) if found == version));
    }
}

/// Each field is named where it is missing, and nothing is believed that the file does not hold.
#[test]
fn broken_states_are_refused() {
    let file = written(&state());
    for length in 0..file.len() {
        assert!(matches!(State::deserialize(&file[..length]), Err(StateError::Read { .. })), "cut to {length} bytes");
    }
    assert!(matches!(State::deserialize([&file[..], &[0]].concat().as_slice()), Err(StateError::TooLong)));
    // Behind two pages: key, offset, heap, reservation, exit code.
    let exited = 1 + 8 + 2 * 4104 + 32 + 16 + 17 + 1;
    let with = |at: usize, bytes: &[u8]| {
        let mut file = file.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        State::deserialize(file.as_slice()).map(|_| ())
    };
    assert!(matches!(with(exited, &[2]), Err(StateError::NotBool { field: "mark of exit", value: 2 })));
    assert!(matches!(with(exited + 17, &[255]), Err(StateError::NotBool { field: "direction", value: 255 })));
    assert!(matches!(with(1, &[255; 8]), Err(StateError::Read { field: "memory", .. })), "number of pages");
    assert!(matches!(with(9, &[255; 8]), Err(StateError::Read { field: "memory", .. })), "number of a page");
    assert!(matches!(with(exited + 26, &[255; 8]), Err(StateError::Read { field: "left threads", .. })));
    assert!(matches!(with(file.len() - 13, &[255; 4]), Err(StateError::Read { field: "last hint", .. })));
}

/// V06. Compressed or not, as the name says; a broken checksum is seen.
#[test]
fn files_are_compressed_where_their_name_says_so() {
    let folder = std::env::temp_dir().join(format!("kohala-vm-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let state = state();
    let read = |path: &Path| State::deserialize(file::open(path).unwrap());
    for name in ["state.bin", "state.bin.gz"] {
        let path = folder.join(name);
        let out = std::fs::File::create(&path).unwrap();
        file::write(&path, out, |out| state.serialize(out)).unwrap();
        assert_eq!(read(&path).unwrap().core, state.core);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.starts_with(&[0x1f, 0x8b]), name.ends_with("gz"));
        if name.ends_with("gz") {
            let mut broken = bytes.clone();
            let checksum = bytes.len() - 8;
            broken[checksum] ^= 1;
            std::fs::write(&path, broken).unwrap();
            assert!(matches!(read(&path), Err(StateError::Read { field: "end", .. })));
            std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
            assert!(matches!(read(&path), Err(StateError::Read { field: "end", .. })));
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// The root of the tree over `leaves`, by number, of which those that are not there are zero: as the specification says it.
fn root_of(leaves: &BTreeMap<u64, [u8; 32]>, first: u64, level: u32) -> B256 {
    if level == 0 {
        return B256::from(leaves.get(&first).copied().unwrap_or_default());
    }
    let half = 1 << (level - 1);
    if leaves.range(first..=first + (half - 1) + half).next().is_none() {
        return (0..level).fold(B256::ZERO, |zero, _| keccak256([zero, zero].concat()));
    }
    keccak256([root_of(leaves, first, level - 1), root_of(leaves, first + half, level - 1)].concat())
}

/// Stores `words`, and compares roots and proofs now and then with the tree of all leaves.
fn check_tree<O: Order>(words: &[(u64, u64)], every: usize) {
    let mut memory = Memory::<O>::new();
    let mut leaves = BTreeMap::new();
    for (index, (address, word)) in words.iter().enumerate() {
        assert!(!memory.store(*address, *word));
        let leaf: &mut [u8; 32] = leaves.entry(address / 32).or_default();
        let at = (address % 32 / 8 * 8) as usize;
        leaf[at..at + 8].copy_from_slice(&O::bytes(*word));
        assert_eq!(memory.load(*address), *word);
        if index % every == 0 {
            let root = root_of(&leaves, 0, 59);
            assert_eq!(memory.root(), root);
            for proven in [*address, address ^ 0x20, address ^ 0x1000, address.wrapping_add(1 << 40)] {
                let proof = memory.proof(proven);
                assert_eq!(proof.root(proven), root);
                assert_eq!(*proof.leaf(), leaves.get(&(proven / 32)).copied().unwrap_or_default());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// V04. Whatever was hashed before.
    #[test]
    fn memory_has_the_root_of_its_leaves(
        words in prop::collection::vec(
            (prop_oneof![any::<u64>(), 0..0x4000_u64, 0x7fff_ffff_e000..0x7fff_ffff_ffff_u64], prop_oneof![Just(0), any::<u64>()]),
            1..30,
        ),
        every in 1..5_usize,
    ) {
        check_tree::<BigEndian>(&words, every);
        check_tree::<LittleEndian>(&words, every);
    }

    /// Bytes go in and out as they are, over pages' ends and the memory's.
    #[test]
    fn memory_reads_what_was_written(
        address in prop_oneof![any::<u64>(), 0..0x3000_u64, u64::MAX - 0x2000..=u64::MAX],
        data in prop::collection::vec(any::<u8>(), 0..9000),
    ) {
        let mut memory = Memory::<BigEndian>::new();
        memory.write(address, &data);
        let mut read = Vec::new();
        memory.read(address.wrapping_sub(3), data.len() as u64 + 5, |bytes| read.extend_from_slice(bytes));
        prop_assert_eq!(read, [&[0; 3], data.as_slice(), &[0; 2]].concat());
    }
}

/// Many pages are hashed on many threads: to the same root.
#[test]
fn many_pages_have_the_root_of_few_at_a_time() {
    let (mut at_once, mut one_by_one) = (Memory::<BigEndian>::new(), Memory::<BigEndian>::new());
    for page in 0..600 {
        let address = page * 3 * PAGE_BYTES + 8 * (page % 512);
        let _ = at_once.store(address, page);
        let _ = one_by_one.store(address, page);
        if page % 100 == 0 {
            one_by_one.root();
        }
    }
    assert_eq!(at_once.root(), one_by_one.root());
}

/// P10. What goes over the wire, and what is made of broken answers.
#[test]
fn server_is_asked_over_two_channels() {
    let pipes = |preimages: &[u8], hints: &[u8]| Pipes {
        preimage_reader: Stream(Cursor::new(preimages.to_vec())),
        preimage_writer: Stream(Cursor::new(Vec::new())),
        hint_reader: Stream(Cursor::new(hints.to_vec())),
        hint_writer: Stream(Cursor::new(Vec::new())),
    };
    let key = Key::from([2; 32]);
    let mut server = pipes(b"\0\0\0\0\0\0\0\x03abc\0\0\0\0\0\0\0\0", &[0]);
    assert_eq!(server.preimage(key).as_deref(), Ok(&b"abc"[..]));
    assert_eq!(server.preimage(key).as_deref(), Ok(&b""[..]));
    assert_eq!(server.preimage(key), Err(ServerError::Closed));
    assert_eq!(server.preimage_writer.0.get_ref(), &[2; 96]);
    assert_eq!(server.hint(b"hint 0x01"), Ok(()));
    assert_eq!(server.hint(b""), Err(ServerError::Closed));
    assert_eq!(server.hint_writer.0.get_ref(), b"\0\0\0\x09hint 0x01\0\0\0\0");
    // The length alone costs no memory, and no preimage is as long as any number says.
    let announced = |length: u64| pipes(&[&length.to_be_bytes()[..], b"abc"].concat(), &[]).preimage(key);
    assert_eq!(announced(1 << 30), Err(ServerError::Closed));
    assert_eq!(announced((1 << 30) + 1), Err(ServerError::TooLong((1 << 30) + 1)));
    assert_eq!(announced(u64::MAX), Err(ServerError::TooLong(u64::MAX)));
}

/// Bytes in memory as a channel.
struct Stream(Cursor<Vec<u8>>);

impl embedded_io::ErrorType for Stream {
    type Error = io::Error;
}

impl embedded_io::Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut self.0, bytes)
    }
}

impl embedded_io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut self.0, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
