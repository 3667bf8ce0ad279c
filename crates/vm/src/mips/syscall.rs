//! System calls: of Linux on MIPS64 (n64) those that programs need, most of which do nothing.

use super::{
    core::Core,
    step::{Fault, Outside, Reserving},
    thread::Thread,
};
use crate::{BigEndian, Order, PAGE_BYTES, Stream, Words, oracle::drain_hints};

/// Where mappings of memory end.
const HEAP_END: u64 = 0x6000_0000_0000;

/// What `brk` answers: memory comes from `mmap`.
const PROGRAM_BREAK: u64 = 0x4000_0000_0000;

/// The flags that a thread may be made with: those of Go's runtime.
const CLONE_FLAGS: u64 = 0x5_0f00;

/// What the machine exits with where a thread is made with other flags.
const PANIC: u8 = 2;

/// The clock's steps a second.
const HERTZ: u64 = 10_000_000;

/// More bytes than a program writes in one call.
const WRITE_LIMIT: u64 = 1 << 30;

/// Registers by their use in a call.
mod register {
    /// The call's number, then its result.
    pub(super) const V0: u8 = 2;
    /// Arguments.
    pub(super) const A0: u8 = 4;
    pub(super) const A1: u8 = 5;
    pub(super) const A2: u8 = 6;
    /// Whether the call has failed: then the result says why.
    pub(super) const A3: u8 = 7;
    /// The stack pointer.
    pub(super) const SP: u8 = 29;
}

/// Why a call fails.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Errno {
    BadFile = 9,
    Again = 11,
    Invalid = 22,
}

/// File descriptors.
mod file {
    pub(super) const INPUT: u64 = 0;
    pub(super) const OUTPUT: u64 = 1;
    pub(super) const ERROR: u64 = 2;
    pub(super) const HINT_READ: u64 = 3;
    pub(super) const HINT_WRITE: u64 = 4;
    pub(super) const PREIMAGE_READ: u64 = 5;
    pub(super) const PREIMAGE_WRITE: u64 = 6;
    /// An event that never happens.
    pub(super) const EVENT: u64 = 100;
}

/// What a call answers.
type Answer = Result<u64, Errno>;

/// Executes the call that the thread's registers name.
pub(super) fn call<M: Words, O: Outside>(core: &mut Core, memory: &mut M, outside: &mut O) -> Result<(), Fault>
where
    Fault: From<M::Error>,
{
    let mut memory = Reserving::new(memory, core.reservation);
    let thread = core.thread_mut().ok_or(Fault::NoThread)?;
    let [number, a0, a1, a2] =
        [register::V0, register::A0, register::A1, register::A2].map(|register| thread.registers[register]);
    let answer = match number {
        5000 => read(core, &mut memory, outside, [a0, a1, a2])?,
        5001 => write(core, &mut memory, outside, [a0, a1, a2])?,
        5002 => Err(Errno::BadFile), // open
        5009 => map(&mut core.heap, a0, a1),
        5012 => Ok(PROGRAM_BREAK),
        5023 | 5034 => return give_up_turn(core, outside), // sched_yield, nanosleep
        5038 => Ok(0),                                     // getpid
        5055 => return clone(core, a0, a1),
        5058 => return exit_thread(core, a0 as u8),
        5070 => control(a0, a1),
        5178 => Ok(thread.id), // gettid
        5194 => match futex(&mut memory, [a0, a1, a2])? {
            Ok(()) => return give_up_turn(core, outside),
            Err(errno) => Err(errno),
        },
        5205 => {
            core.exited = true;
            core.exit_code = a0 as u8;
            return Ok(());
        }
        5222 => time(core.step, &mut memory, a0, a1)?,
        5284 if a1 & 0x80 == 0 => Err(Errno::Invalid), // eventfd2 that may block
        5284 => Ok(file::EVENT),
        5313 => random(core.step, &mut memory, a0, a1)?,
        _ if does_nothing(number) => Ok(0),
        _ => return Err(Fault::Syscall(number)),
    };
    let struck = memory.struck;
    core.thread_mut().ok_or(Fault::NoThread)?.end_call(answer);
    core.strike(struck, outside);
    Ok(())
}

/// The calls that succeed and have no effect.
const fn does_nothing(number: u64) -> bool {
    matches!(
        number,
        5003 // close
        | 5004 // stat
        | 5005 // fstat
        | 5008 // lseek
        | 5010 // mprotect
        | 5011 // munmap
        | 5013 // rt_sigaction
        | 5014 // rt_sigprocmask
        | 5015 // ioctl
        | 5016 // pread64
        | 5026 // mincore
        | 5027 // madvise
        | 5036 // setitimer
        | 5061 // uname
        | 5087 // readlink
        | 5095 // getrlimit
        | 5100 // getuid
        | 5102 // getgid
        | 5129 // sigaltstack
        | 5196 // sched_getaffinity
        | 5208 // epoll_ctl
        | 5216 // timer_create
        | 5217 // timer_settime
        | 5220 // timer_delete
        | 5225 // tgkill
        | 5247 // openat
        | 5257 // readlinkat
        | 5272 // epoll_pwait
        | 5285 // epoll_create1
        | 5287 // pipe2
        | 5297 // prlimit64
    )
}

impl Thread {
    /// Gives the program a call's answer, and goes on.
    fn end_call(&mut self, answer: Answer) {
        let (value, has_failed) = match answer {
            Ok(value) => (value, 0),
            Err(errno) => (errno as u64, u64::MAX),
        };
        self.registers[register::V0] = value;
        self.registers[register::A3] = has_failed;
        self.advance();
    }
}

/// Another thread's turn begins. When this one's does again, the call has returned 0.
fn give_up_turn(core: &mut Core, outside: &mut impl Outside) -> Result<(), Fault> {
    core.thread_mut().ok_or(Fault::NoThread)?.end_call(Ok(0));
    core.preempt(outside)
}

/// Makes a thread, which goes on behind this call with `stack`, and whose turn begins.
fn clone(core: &mut Core, flags: u64, stack: u64) -> Result<(), Fault> {
    if flags != CLONE_FLAGS {
        core.exited = true;
        core.exit_code = PANIC;
        return Ok(());
    }
    let id = core.next_thread_id;
    core.next_thread_id = id.wrapping_add(1);
    let parent = core.thread_mut().ok_or(Fault::NoThread)?;
    let mut child = Thread { id, exit_code: 0, exited: false, ..parent.clone() };
    child.registers[register::SP] = stack;
    // Not as behind a branch that this call stands in the delay slot of: there the parent goes on elsewhere.
    child.pc = parent.next_pc;
    child.next_pc = parent.next_pc.wrapping_add(4);
    child.registers[register::V0] = 0;
    child.registers[register::A3] = 0;
    parent.end_call(Ok(id));
    core.push(child);
    Ok(())
}

/// Ends the thread, which stays where it is till its next turn, and the program with the last thread.
fn exit_thread(core: &mut Core, code: u8) -> Result<(), Fault> {
    let is_last = core.is_last_thread();
    let thread = core.thread_mut().ok_or(Fault::NoThread)?;
    thread.exited = true;
    thread.exit_code = code;
    if is_last {
        core.exited = true;
        core.exit_code = code;
    }
    Ok(())
}

/// `mmap`: memory is there without it. Where an address is wished for, that is the answer.
fn map(heap: &mut u64, wish: u64, size: u64) -> Answer {
    if wish != 0 {
        return Ok(wish);
    }
    let end = size.checked_next_multiple_of(PAGE_BYTES).and_then(|size| heap.checked_add(size));
    match end {
        Some(end) if end <= HEAP_END => Ok(std::mem::replace(heap, end)),
        _ => Err(Errno::Invalid),
    }
}

/// `fcntl`: a file's flags.
const fn control(file: u64, command: u64) -> Answer {
    match (command, file) {
        (1, file::INPUT..=file::PREIMAGE_WRITE) => Ok(0),
        (3, file::INPUT | file::HINT_READ | file::PREIMAGE_READ) => Ok(0),
        (3, file::OUTPUT | file::ERROR | file::HINT_WRITE | file::PREIMAGE_WRITE) => Ok(1),
        (1 | 3, _) => Err(Errno::BadFile),
        _ => Err(Errno::Invalid),
    }
}

/// `futex`: to wait while a value is as expected, and to wake who waits, is to give up one's turn.
fn futex<M: Words>(memory: &mut M, [address, operation, expected]: [u64; 3]) -> Result<Result<(), Errno>, M::Error> {
    Ok(match operation {
        128 => {
            let word = memory.load(address)?;
            let value = BigEndian::half(word, address);
            if value == expected as u32 { Ok(()) } else { Err(Errno::Again) }
        }
        129 => Ok(()),
        _ => Err(Errno::Invalid),
    })
}

/// `clock_gettime`: the monotonic clock (1) counts steps, the real one (0) stands still.
fn time<M: Words>(step: u64, memory: &mut M, clock: u64, address: u64) -> Result<Answer, M::Error> {
    let (seconds, nanoseconds) = match clock {
        0 => (0, 0),
        1 => (step / HERTZ, step % HERTZ * (1_000_000_000 / HERTZ)),
        _ => return Ok(Err(Errno::Invalid)),
    };
    let address = address & !7;
    memory.store(address, seconds)?;
    memory.store(address.wrapping_add(8), nanoseconds)?;
    Ok(Ok(0))
}

/// `getrandom`: splitmix64 of the step, of whose bytes as a word those are taken that lie where the answer goes.
fn random<M: Words>(step: u64, memory: &mut M, address: u64, count: u64) -> Result<Answer, M::Error> {
    let mut z = step.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    let count = put(memory, address, &z.to_be_bytes()[(address % 8) as usize..], count)?;
    Ok(Ok(count))
}

/// Puts the first of `data`, no more than `count`, into the word of `address`, up to its end: says how many bytes. The word is
/// written, if only with what it held.
fn put<M: Words>(memory: &mut M, address: u64, data: &[u8], count: u64) -> Result<u64, M::Error> {
    let mut bytes = BigEndian::bytes(memory.load(address)?);
    let start = (address % 8) as usize;
    let length = data.len().min(8 - start).min(usize::try_from(count).unwrap_or(usize::MAX));
    bytes[start..start + length].copy_from_slice(&data[..length]);
    memory.store(address, BigEndian::word(bytes))?;
    Ok(length as u64)
}

fn read<M: Words, O: Outside>(
    core: &mut Core,
    memory: &mut M,
    outside: &mut O,
    [file, address, count]: [u64; 3],
) -> Result<Answer, Fault>
where
    Fault: From<M::Error>,
{
    Ok(match file {
        file::INPUT => Ok(0),
        // The answer to a hint means nothing, and is not even put into memory.
        file::HINT_READ => Ok(count),
        file::PREIMAGE_READ => {
            let data = outside.preimage(core.preimage_key, core.preimage_offset)?;
            let length = put(memory, address, data, count)?;
            core.preimage_offset += length;
            Ok(length)
        }
        file::EVENT => Err(Errno::Again),
        _ => Err(Errno::BadFile),
    })
}

fn write<M: Words, O: Outside>(
    core: &mut Core,
    memory: &mut M,
    outside: &mut O,
    [file, address, count]: [u64; 3],
) -> Result<Answer, Fault>
where
    Fault: From<M::Error>,
{
    if matches!(file, file::OUTPUT | file::ERROR | file::HINT_WRITE) && count > WRITE_LIMIT {
        return Err(Fault::WriteTooLong(count));
    }
    Ok(match file {
        file::OUTPUT => {
            memory.read(address, count, |text| outside.output(Stream::Output, text));
            Ok(count)
        }
        file::ERROR => {
            memory.read(address, count, |text| outside.output(Stream::Error, text));
            Ok(count)
        }
        file::HINT_WRITE => {
            memory.read(address, count, |bytes| core.last_hint.extend_from_slice(bytes));
            drain_hints(&mut core.last_hint, |hint| outside.hint(hint))?;
            Ok(count)
        }
        file::PREIMAGE_WRITE => {
            // The key is shifted by the bytes that are written, up to the word's end.
            let bytes = BigEndian::bytes(memory.load(address)?);
            let start = (address % 8) as usize;
            let length = (8 - start).min(usize::try_from(count).unwrap_or(usize::MAX));
            core.preimage_key.copy_within(length.., 0);
            core.preimage_key[32 - length..].copy_from_slice(&bytes[start..start + length]);
            core.preimage_offset = 0;
            Ok(length as u64)
        }
        file::EVENT => Err(Errno::Again),
        _ => Err(Errno::BadFile),
    })
}
