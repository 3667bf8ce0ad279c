//! A whole state, and the file that it is kept in.

use super::{
    core::{Core, Reservation, Witness},
    thread::{Stack, THREAD_BYTES, Thread},
};
use crate::{BigEndian, Memory};
use alloy_primitives::B256;
use std::io::{self, Read, Write};

/// The version of the machine, and of its states' files.
pub const VERSION: u8 = 8;

/// Bytes allocated at a time for a hint of a length that the file states.
const CHUNK: usize = 1 << 20;

/// All that a machine is between two steps.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// All but memory.
    pub core: Core,
    /// Memory.
    pub memory: Memory<BigEndian>,
}

/// Why a file holds no state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file can't be read on, or has ended.
    #[error("cannot read the state's {field}: {error}")]
    Read {
        /// What was to be read.
        field: &'static str,
        /// Why it can't.
        error: io::Error,
    },
    /// The state of another machine.
    #[error("state version {0} is not {VERSION} (multithreaded64-5)")]
    Version(u8),
    /// A field that is 0 or 1 is neither.
    #[error("the state's {field} is {value}, neither 0 nor 1")]
    NotBool {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u8,
    },
    /// The file goes on behind the state.
    #[error("the file goes on behind the state")]
    TooLong,
}

impl State {
    /// The state's witness.
    pub fn witness(&mut self) -> Witness {
        self.core.witness(self.memory.root())
    }

    /// The state's hash.
    pub fn hash(&mut self) -> B256 {
        self.witness().state_hash()
    }

    /// Writes the state, not compressed.
    ///
    /// # Errors
    /// Where `out` fails.
    pub fn serialize(&self, mut out: impl Write) -> io::Result<()> {
        let core = &self.core;
        out.write_all(&[VERSION])?;
        self.memory.serialize(&mut out)?;
        out.write_all(&core.preimage_key)?;
        out.write_all(&core.preimage_offset.to_be_bytes())?;
        out.write_all(&core.heap.to_be_bytes())?;
        out.write_all(&[core.reservation.status])?;
        out.write_all(&core.reservation.address.to_be_bytes())?;
        out.write_all(&core.reservation.owner.to_be_bytes())?;
        out.write_all(&[core.exit_code, core.exited.into()])?;
        out.write_all(&core.step.to_be_bytes())?;
        out.write_all(&core.steps_since_switch.to_be_bytes())?;
        out.write_all(&[core.traverse_right.into()])?;
        out.write_all(&core.next_thread_id.to_be_bytes())?;
        for stack in [&core.left, &core.right] {
            out.write_all(&(stack.threads.len() as u64).to_be_bytes())?;
            for thread in &stack.threads {
                out.write_all(&thread.to_bytes())?;
            }
        }
        let hint_length = u32::try_from(core.last_hint.len()).map_err(io::Error::other)?;
        out.write_all(&hint_length.to_be_bytes())?;
        out.write_all(&core.last_hint)
    }

    /// Reads a state, not compressed, to the end of `input`.
    ///
    /// # Errors
    /// Where `input` fails, or holds something else.
    pub fn deserialize(input: impl Read) -> Result<Self, StateError> {
        let mut fields = Fields(input);
        let version = fields.u8("version")?;
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        let memory = Memory::deserialize(&mut fields.0).map_err(|error| StateError::Read { field: "memory", error })?;
        let mut core = Core {
            preimage_key: fields.array("preimage key")?,
            preimage_offset: fields.u64("preimage offset")?,
            heap: fields.u64("heap")?,
            reservation: Reservation {
                status: fields.u8("reservation's status")?,
                address: fields.u64("reservation's address")?,
                owner: fields.u64("reservation's owner")?,
            },
            exit_code: fields.u8("exit code")?,
            exited: fields.bool("mark of exit")?,
            step: fields.u64("step")?,
            steps_since_switch: fields.u64("steps since the last switch")?,
            traverse_right: fields.bool("direction")?,
            next_thread_id: fields.u64("next thread's number")?,
            left: fields.stack("left threads")?,
            right: fields.stack("right threads")?,
            last_hint: Vec::new(),
        };
        core.last_hint = fields.bytes("last hint")?;
        // A compressed file's checksum is looked at where it ends.
        match fields.0.read(&mut [0]) {
            Ok(0) => Ok(Self { core, memory }),
            Ok(_) => Err(StateError::TooLong),
            Err(error) => Err(StateError::Read { field: "end", error }),
        }
    }
}

/// What a file holds, field by field.
struct Fields<R>(R);

impl<R: Read> Fields<R> {
    fn fill(&mut self, field: &'static str, bytes: &mut [u8]) -> Result<(), StateError> {
        self.0.read_exact(bytes).map_err(|error| StateError::Read { field, error })
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], StateError> {
        let mut bytes = [0; N];
        self.fill(field, &mut bytes)?;
        Ok(bytes)
    }

    fn u8(&mut self, field: &'static str) -> Result<u8, StateError> {
        Ok(self.array::<1>(field)?[0])
    }

    fn u64(&mut self, field: &'static str) -> Result<u64, StateError> {
        Ok(u64::from_be_bytes(self.array(field)?))
    }

    fn bool(&mut self, field: &'static str) -> Result<bool, StateError> {
        match self.u8(field)? {
            value @ (0 | 1) => Ok(value == 1),
            value => Err(StateError::NotBool { field, value }),
        }
    }

    fn stack(&mut self, field: &'static str) -> Result<Stack, StateError> {
        let mut stack = Stack::default();
        for _ in 0..self.u64(field)? {
            stack.threads.push(Thread::from_bytes(&self.array::<THREAD_BYTES>(field)?));
        }
        Ok(stack)
    }

    /// Bytes behind their number, which alone allocates no more than a chunk.
    fn bytes(&mut self, field: &'static str) -> Result<Vec<u8>, StateError> {
        let length = u32::from_be_bytes(self.array(field)?) as usize;
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let start = bytes.len();
            bytes.resize(start + CHUNK.min(length - start), 0);
            self.fill(field, &mut bytes[start..])?;
        }
        Ok(bytes)
    }
}
