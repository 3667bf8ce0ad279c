//! A whole state, and the file that it is kept in.

use super::{
    core::{Core, Reservation, Witness},
    thread::{Stack, THREAD_BYTES, Thread},
};
use crate::{BigEndian, Memory, StateError, fields::Fields};
use alloy_primitives::B256;
use std::io::{self, Read, Write};

/// The version of the machine, and of its states' files.
pub const VERSION: u8 = 8;

/// All that a machine is between two steps.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// All but memory.
    pub core: Core,
    /// Memory.
    pub memory: Memory<BigEndian>,
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
        let memory = fields.memory()?;
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
            left: stack(&mut fields, "left threads")?,
            right: stack(&mut fields, "right threads")?,
            last_hint: Vec::new(),
        };
        core.last_hint = fields.bytes("last hint")?;
        fields.end()?;
        Ok(Self { core, memory })
    }
}

fn stack(fields: &mut Fields<impl Read>, field: &'static str) -> Result<Stack, StateError> {
    let mut stack = Stack::default();
    for _ in 0..fields.u64(field)? {
        stack.threads.push(Thread::from_bytes(&fields.array::<THREAD_BYTES>(field)?));
    }
    Ok(stack)
}
