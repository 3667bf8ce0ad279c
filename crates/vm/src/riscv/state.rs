//! States: from programs, and in files.

use super::{Core, Registers, Witness};
use crate::{
    LittleEndian, Memory, PAGE_BYTES,
    elf::{Elf, Segment},
};
use alloy_primitives::B256;

/// The machine between two steps.
#[derive(Clone, Debug)]
pub struct State {
    /// Memory.
    pub memory: Memory<LittleEndian>,
    /// All else that a step may change.
    pub core: Core,
    /// What the program has written of a hint that is not whole yet. No part of the witness.
    pub last_hint: Vec<u8>,
    /// The witness as the state's file holds it: of the state that [`State::record_witness`] was last called in, empty if it
    /// never was. Snapshots of a run hold that of its start.
    pub recorded_witness: Vec<u8>,
    /// The state hash, likewise.
    pub recorded_hash: B256,
}

/// Why a program can't be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The program is another processor's.
    #[error("ELF machine {0} is not RISC-V (243, least significant byte first)")]
    Machine(u16),
    /// Only segments to be loaded may take more memory than they have in the file.
    #[error("segment {0} has {1} bytes in the file, but takes {2} in memory")]
    Size(usize, usize, u64),
    /// More than a program can need, all of which would be made.
    #[error("the segments take more than {SEGMENTS_LIMIT} bytes of memory")]
    TooLarge,
    /// The symbols name what has to be patched.
    #[error("the program has no symbols: it can't be patched")]
    NoSymbols,
}

/// ELF's number of the processor.
const RISCV: u16 = 243;

/// The segment of `.riscv.attributes`, which isn't loaded.
const ATTRIBUTES: u32 = 0x7000_0003;

/// A segment that is to be loaded.
const LOAD: u32 = 1;

/// Bytes of all segments: more than any program has, and not more than a host can bear.
const SEGMENTS_LIMIT: u64 = 1 << 30;

/// Where `mmap` begins, above all addresses that Go's runtime asks for.
const HEAP: u64 = 0x7f00_0000_0000;

/// The stack's top.
const STACK: u64 = 0x1000_0000_0000_0000;

/// Functions that only return in a program that was loaded: what starts threads, or needs floating point.
const RETURNING: [&str; 14] = [
    "runtime.gcenable",
    "runtime.init.5",
    "runtime.main.func1",
    "runtime.deductSweepCredit",
    "runtime.(*gcControllerState).commit",
    "github.com/prometheus/client_golang/prometheus.init",
    "github.com/prometheus/client_golang/prometheus.init.0",
    "github.com/prometheus/procfs.init",
    "github.com/prometheus/common/model.init",
    "github.com/prometheus/client_model/go.init",
    "github.com/prometheus/client_model/go.init.0",
    "github.com/prometheus/client_model/go.init.1",
    "flag.init",
    "runtime.check",
];

/// `ret`.
const RETURN: [u8; 4] = 0x8067_u32.to_le_bytes();

/// The number of eight bytes that Go's runtime samples memory by: 0 is never.
const SAMPLING: &str = "runtime.MemProfileRate";

impl State {
    /// A program, loaded and patched, before its first step (V24). Its witness is recorded.
    ///
    /// # Errors
    /// Where asterisc doesn't load it.
    pub fn load(program: &Elf<'_>) -> Result<Self, LoadError> {
        if program.machine != RISCV || program.is_big_endian {
            return Err(LoadError::Machine(program.machine));
        }
        let mut memory = Memory::new();
        let mut size = 0_u64;
        for (index, segment) in program.segments.iter().enumerate() {
            if segment.kind == ATTRIBUTES {
                continue;
            }
            size = size.saturating_add(segment.memory_size);
            if size > SEGMENTS_LIMIT {
                return Err(LoadError::TooLarge);
            }
            load_segment(index, segment, &mut memory)?;
        }
        patch(program, &mut memory)?;
        let mut registers = [0; 32];
        registers[2] = STACK;
        let core = Core {
            preimage_key: B256::ZERO,
            preimage_offset: 0,
            pc: program.entry,
            exit_code: 0,
            exited: false,
            step: 0,
            heap: HEAP,
            registers: Registers::new(registers, 0),
        };
        let mut state =
            Self { memory, core, last_hint: Vec::new(), recorded_witness: Vec::new(), recorded_hash: B256::ZERO };
        state.record_witness();
        Ok(state)
    }

    /// The state's witness.
    pub fn witness(&mut self) -> Witness {
        self.core.witness(self.memory.root())
    }

    /// The state's hash.
    pub fn hash(&mut self) -> B256 {
        self.witness().state_hash()
    }

    /// Records the witness and its hash, for the file.
    pub fn record_witness(&mut self) {
        let witness = self.witness();
        self.recorded_witness = witness.0.to_vec();
        self.recorded_hash = witness.state_hash();
    }
}

fn load_segment(index: usize, segment: &Segment<'_>, memory: &mut Memory<LittleEndian>) -> Result<(), LoadError> {
    let file_size = segment.data.len();
    let rest = segment.memory_size.checked_sub(file_size as u64);
    let Some(rest) = rest.filter(|rest| *rest == 0 || segment.kind == LOAD) else {
        return Err(LoadError::Size(index, file_size, segment.memory_size));
    };
    memory.write(segment.address, segment.data);
    let zeros = segment.address.wrapping_add(file_size as u64);
    for offset in (0..rest).step_by(PAGE_BYTES as usize) {
        let len = (rest - offset).min(PAGE_BYTES) as usize;
        memory.write(zeros.wrapping_add(offset), &[0; PAGE_BYTES as usize][..len]);
    }
    make_page(memory, segment.address.wrapping_add(segment.memory_size));
    Ok(())
}

/// Makes the page of an address if it isn't there. asterisc does so with the address behind whatever it loads, also where it
/// loads nothing. It shows in files, not in hashes.
fn make_page(memory: &mut Memory<LittleEndian>, address: u64) {
    let word = memory.load(address);
    let _is_watched = memory.store(address, word);
}

fn write(memory: &mut Memory<LittleEndian>, address: u64, bytes: &[u8]) {
    memory.write(address, bytes);
    make_page(memory, address.wrapping_add(bytes.len() as u64));
}

/// What asterisc changes of a program, most of it for Go's sake, and the stack that it starts with.
fn patch(program: &Elf<'_>, memory: &mut Memory<LittleEndian>) -> Result<(), LoadError> {
    if program.symbols.is_empty() {
        return Err(LoadError::NoSymbols);
    }
    for symbol in &program.symbols {
        if RETURNING.contains(&symbol.name.as_str()) {
            write(memory, symbol.start, &RETURN);
        } else if symbol.name == SAMPLING {
            write(memory, symbol.start, &[0; 8]);
        }
    }
    // Above the stack pointer: two numbers in place of the arguments, no environment, the auxiliary vector (page size 6,
    // random bytes 25), and the random bytes.
    let random = STACK + 9 * 8;
    let words = [0x42, 0x35, 0, 6, 4096, 25, random, 0, 0x6f72_7020_646e_6172, 0x6164_626d_616c_6f74];
    for (index, word) in (1..).zip(words) {
        write(memory, STACK + 8 * index, &u64::to_le_bytes(word));
    }
    Ok(())
}
