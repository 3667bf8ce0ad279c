//! The state that a program begins in.

use super::{core::Core, state::State, thread::Thread};
use crate::{
    Memory, PAGE_BYTES,
    elf::{Elf, Segment},
};

/// Where mappings of memory begin: segments lie before it.
const HEAP_START: u64 = 0x1000_0000_0000;

/// The first address that a program can't name.
const ADDRESSES_END: u64 = 1 << 48;

/// Where the stack pointer begins.
const STACK_TOP: u64 = 0x7fff_ffff_f000;

/// Pages below [`STACK_TOP`] that are there from the beginning.
const STACK_PAGES: u64 = 4;

/// Bytes of all segments: more than any program has, and not more than a host can bear.
const SEGMENTS_LIMIT: u64 = 1 << 30;

/// The processor's number in an ELF file.
const MIPS: u16 = 8;

/// Segments that are loaded, and may be longer than their data.
const LOAD: u32 = 1;

/// Segments that say what the program wants of a processor, and are not loaded.
const ABI_FLAGS: u32 = 0x7000_0003;

/// Register $29.
const STACK_POINTER: u8 = 29;

/// Why a program can't be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// For another processor, or for MIPS with the other byte order.
    #[error("not a program for big-endian MIPS: machine {machine}, {} endian", if *is_big_endian { "big" } else { "little" })]
    Machine {
        /// The processor's number.
        machine: u16,
        /// Whether words have their most significant byte first.
        is_big_endian: bool,
    },
    /// More data than memory for it.
    #[error("segment {0} has more bytes in the file than in memory")]
    Overlong(usize),
    /// Something that is not loaded has more memory than data.
    #[error("segment {0} is to be filled with zeros, which only segments to be loaded are")]
    Fill(usize),
    /// Beyond what a program can name.
    #[error("segment {0} lies beyond 48 bits of address")]
    Range(usize),
    /// Where the heap will be.
    #[error("segment {0} reaches into the heap, which begins at {HEAP_START:#x}")]
    Heap(usize),
    /// Too much.
    #[error("the segments take more than {SEGMENTS_LIMIT} bytes")]
    TooLarge,
}

impl State {
    /// The state before the first step of a program: its segments, and a stack with the arguments that Go's runtime looks for.
    ///
    /// # Errors
    /// Where the file is no program for this machine.
    pub fn load(elf: &Elf<'_>) -> Result<Self, LoadError> {
        if (elf.machine, elf.is_big_endian) != (MIPS, true) {
            return Err(LoadError::Machine { machine: elf.machine, is_big_endian: elf.is_big_endian });
        }
        let mut memory = Memory::new();
        let mut size = 0_u64;
        for (index, segment) in elf.segments.iter().enumerate() {
            if segment.kind == ABI_FLAGS {
                continue;
            }
            check(index, segment)?;
            size = size.saturating_add(segment.memory_size);
            if size > SEGMENTS_LIMIT {
                return Err(LoadError::TooLarge);
            }
            memory.write(segment.address, segment.data);
            let filled = segment.data.len() as u64;
            memory.write(segment.address + filled, &vec![0; (segment.memory_size - filled) as usize]);
        }
        write_stack(&mut memory);
        let mut thread = Thread { pc: elf.entry, next_pc: elf.entry.wrapping_add(4), ..Thread::default() };
        thread.registers[STACK_POINTER] = STACK_TOP;
        let mut core = Core { heap: HEAP_START, next_thread_id: 1, ..Core::default() };
        core.left.threads.push(thread);
        Ok(Self { core, memory })
    }
}

fn check(index: usize, segment: &Segment<'_>) -> Result<(), LoadError> {
    let filled = segment.data.len() as u64;
    if segment.kind != LOAD && filled != segment.memory_size {
        return Err(LoadError::Fill(index));
    }
    if filled > segment.memory_size {
        return Err(LoadError::Overlong(index));
    }
    match segment.address.checked_add(segment.memory_size) {
        _ if segment.memory_size == 0 => Ok(()),
        Some(end) if end <= HEAP_START => Ok(()),
        Some(end) if end <= ADDRESSES_END => Err(LoadError::Heap(index)),
        _ => Err(LoadError::Range(index)),
    }
}

/// Writes what Linux gives a program on its stack: one argument, one variable, and where random bytes are found.
fn write_stack(memory: &mut Memory<crate::BigEndian>) {
    const RANDOM: &[u8] = b"4;byfairdiceroll";
    const VARIABLE: &[u8] = b"GODEBUG=memprofilerate=0\0\0\0\0\0\0\0\0";
    const NAME: &[u8] = b"op-program\0\0\0\0\0\0";
    const WORDS: u64 = 10;

    let length = (STACK_PAGES + 1) * PAGE_BYTES;
    memory.write(STACK_TOP - STACK_PAGES * PAGE_BYTES, &vec![0; length as usize]);
    let random = STACK_TOP + 8 * WORDS;
    let variable = random + RANDOM.len() as u64;
    let name = variable + VARIABLE.len() as u64;
    // Number of arguments, arguments, variables, then pairs of key and value: 6 bytes of a page, 25 random bytes.
    let words: [u64; WORDS as usize] = [1, name, 0, variable, 0, 6, PAGE_BYTES, 25, random, 0];
    let words = words.map(u64::to_be_bytes);
    memory.write(STACK_TOP, &[words.as_flattened(), RANDOM, VARIABLE, NAME].concat());
}
