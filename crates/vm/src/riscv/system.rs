//! System calls (V23).

use super::{
    Core, Fault, Revert,
    execute::{load, store},
    step::Outside,
};
use crate::{Stream, Words};

/// The longest write of a program that is printed or taken as hints: more than any hint's length can say.
const LONGEST_WRITE: u64 = 1 << 33;

// Registers of a call.
const A0: u8 = 10;
const A1: u8 = 11;
const A2: u8 = 12;
const A3: u8 = 13;
const A4: u8 = 14;
const A7: u8 = 17;

// Error numbers. Linux calls the last one EBADFD; asterisc says it is EBADF.
const EACCES: u64 = 0xd;
const EINVAL: u64 = 0x16;
const EBADF: u64 = 0x4d;

/// What a call gives: a value, or an error's number.
type Answer = Result<u64, u64>;

/// Executes the system call that the registers name.
///
/// # Errors
/// For calls that revert, and a preimage that can't be had.
pub(super) fn call<W: Words<Error: Into<Fault>>>(
    core: &mut Core,
    memory: &mut W,
    outside: &mut impl Outside,
) -> Result<(), Fault> {
    let [number, a0, a1] = [A7, A0, A1].map(|index| core.registers.read(index));
    let answer = match number {
        // exit, exit_group
        93 | 94 => {
            core.exit_code = a0 as u8;
            core.exited = true;
            return Ok(());
        }
        // brk: at 1 GiB, whatever is asked for.
        214 => Ok(1 << 30),
        222 => mmap(core),
        63 => read(core, memory, outside)?,
        64 => write(core, memory, outside)?,
        25 => fcntl(a0, a1),
        // openat: there are no files.
        56 => Err(EACCES),
        // clock_gettime: 1,337 s and 42 ns.
        113 => {
            store_pair(memory, a1, [1337, 42])?;
            Ok(0)
        }
        // clone: there is one thread.
        220 => Ok(1),
        // getrlimit, of open files: 1,024.
        163 if a0 == 7 => {
            store_pair(memory, a1, [1024, 1024])?;
            Ok(0)
        }
        163 => return Err(Fault::Call { number, revert: Revert::UnrecognizedResource }),
        // nanosleep, prlimit64, futex
        101 | 261 | 422 => return Err(Fault::Call { number, revert: Revert::InvalidSyscall }),
        _ => Ok(0),
    };
    let (value, error) = match answer {
        Ok(value) => (value, 0),
        Err(error) => (u64::MAX, error),
    };
    core.registers.write(A0, value);
    core.registers.write(A1, error);
    Ok(())
}

/// Anonymous memory: where the program wishes, or else the heap grows by whole pages.
fn mmap(core: &mut Core) -> Answer {
    const ANONYMOUS: u64 = 0x20;
    let [address, len, flags, fd] = [A0, A1, A3, A4].map(|index| core.registers.read(index));
    if flags & ANONYMOUS == 0 || fd != u64::MAX {
        return Err(EBADF);
    }
    if address != 0 {
        return Ok(address);
    }
    let heap = core.heap;
    core.heap = heap.wrapping_add(len.wrapping_add(4095) & !4095);
    Ok(heap)
}

fn read<W: Words<Error: Into<Fault>>>(
    core: &mut Core,
    memory: &mut W,
    outside: &mut impl Outside,
) -> Result<Answer, Fault> {
    let [fd, address, count] = [A0, A1, A2].map(|index| core.registers.read(index));
    Ok(match fd {
        0 => Ok(0),
        // The answer to a hint is as long as the program likes.
        3 => Ok(count),
        5 => Ok(read_preimage(core, memory, outside, address, count)?),
        _ => Err(EBADF),
    })
}

fn write<W: Words<Error: Into<Fault>>>(
    core: &mut Core,
    memory: &mut W,
    outside: &mut impl Outside,
) -> Result<Answer, Fault> {
    let [fd, address, count] = [A0, A1, A2].map(|index| core.registers.read(index));
    if !matches!(fd, 1 | 2 | 4 | 6) {
        return Ok(Err(EBADF));
    }
    if fd == 6 {
        return Ok(Ok(write_key(core, memory, address, count)?));
    }
    if count > LONGEST_WRITE {
        return Err(Fault::TooLong(count));
    }
    let mut hinted = Ok(());
    memory.read(address, count, |bytes| match fd {
        1 => outside.output(Stream::Output, bytes),
        2 => outside.output(Stream::Error, bytes),
        _ if hinted.is_ok() => hinted = outside.hint(bytes),
        _ => {}
    });
    hinted?;
    Ok(Ok(count))
}

/// Copies a part of the preimage to memory, as far as the leaf at the address goes; gives its length.
fn read_preimage<W: Words<Error: Into<Fault>>>(
    core: &mut Core,
    memory: &mut W,
    outside: &mut impl Outside,
    address: u64,
    count: u64,
) -> Result<u64, Fault> {
    let part = outside.preimage(core.preimage_key.0, core.preimage_offset)?;
    let at = (address & 31) as usize;
    let len = part.len().min(32 - at).min(usize::try_from(count).unwrap_or(usize::MAX));
    core.preimage_offset = core.preimage_offset.wrapping_add(len as u64);
    // A read of nothing writes the leaf as well: it is proven, and its page comes to be.
    let mut leaf = load_leaf(memory, address & !31)?;
    leaf[at..at + len].copy_from_slice(&part[..len]);
    for (word, bytes) in (0..).zip(leaf.as_chunks().0) {
        store::<W, 8>(memory, (address & !31) + 8 * word, u64::from_le_bytes(*bytes)).map_err(Into::into)?;
    }
    Ok(len as u64)
}

/// Appends to the preimage's key, which loses as much at its front, as far as the leaf at the address goes; gives how much.
fn write_key<W: Words<Error: Into<Fault>>>(
    core: &mut Core,
    memory: &mut W,
    address: u64,
    count: u64,
) -> Result<u64, Fault> {
    let at = (address & 31) as usize;
    let len = usize::try_from(count).unwrap_or(usize::MAX).min(32 - at);
    let leaf = load_leaf(memory, address & !31)?;
    let key = &mut core.preimage_key.0;
    key.copy_within(len.., 0);
    key[32 - len..].copy_from_slice(&leaf[at..at + len]);
    core.preimage_offset = 0;
    Ok(len as u64)
}

const fn fcntl(fd: u64, command: u64) -> Answer {
    const DESCRIPTOR_FLAGS: u64 = 1;
    const STATUS_FLAGS: u64 = 3;
    match (command, fd) {
        (DESCRIPTOR_FLAGS, 0..=6) | (STATUS_FLAGS, 0 | 3 | 5) => Ok(0),
        // What is written to is write-only.
        (STATUS_FLAGS, 1 | 2 | 4 | 6) => Ok(1),
        (DESCRIPTOR_FLAGS | STATUS_FLAGS, _) => Err(EBADF),
        _ => Err(EINVAL),
    }
}

fn load_leaf<W: Words<Error: Into<Fault>>>(memory: &mut W, address: u64) -> Result<[u8; 32], Fault> {
    let mut leaf = [0; 32];
    for (word, bytes) in (0..).zip(leaf.as_chunks_mut().0) {
        *bytes = load::<W, 8>(memory, address + 8 * word).map_err(Into::into)?.to_le_bytes();
    }
    Ok(leaf)
}

/// Writes two numbers, one after the other.
fn store_pair<W: Words<Error: Into<Fault>>>(
    memory: &mut W,
    address: u64,
    [first, second]: [u64; 2],
) -> Result<(), Fault> {
    store::<W, 8>(memory, address, first).map_err(Into::into)?;
    store::<W, 8>(memory, address.wrapping_add(8), second).map_err(Into::into)
}
