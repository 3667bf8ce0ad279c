//! One step, whatever memory is.

use super::{
    Core, Revert,
    decode::Instruction,
    execute::{Flow, Trap, execute},
    system,
};
use crate::{Decode, PROOF_BYTES, ReadError, ServerError, Stream, Unproven, Words};
use kohala_preimage::Key;
use std::convert::Infallible;

/// A step that can't be done. The state is the one before it.
#[derive(Debug, thiserror::Error)]
#[error("step {step} (pc {pc:#x}, instruction {instruction:#010x}) stops: {fault}")]
pub struct StepError {
    /// The steps that were done before it.
    pub step: u64,
    /// The address of the instruction.
    pub pc: u64,
    /// The instruction, 0 where it can't be had.
    pub instruction: u32,
    /// Why.
    pub fault: Fault,
}

/// Why a step can't be done.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It reverts.
    #[error(transparent)]
    Revert(Revert),
    /// A system call reverts.
    #[error("system call {number}: {revert}")]
    Call {
        /// The call's number.
        number: u64,
        /// Why.
        revert: Revert,
    },
    /// A preimage is read behind its end: the step reverts.
    #[error("preimage {key} at offset {offset}: {revert}", revert = Revert::FailToReadPreimage)]
    End {
        /// The preimage's key.
        key: Key,
        /// The offset, which counts the length's eight bytes.
        offset: u64,
    },
    /// The server has no answer.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The program prints, or hints, more than can be meant.
    #[error("the program writes {0} bytes at once")]
    TooLong(u64),
    /// A proof does not show what the step needs.
    #[error(transparent)]
    Unproven(#[from] Unproven),
    /// What should be proofs are not whole ones.
    #[error("the proofs have {0} bytes, no multiple of {PROOF_BYTES}")]
    ProofLength(usize),
}

impl Fault {
    /// Why the step reverts, if it does.
    pub const fn revert(&self) -> Option<Revert> {
        match self {
            Self::Revert(revert) | Self::Call { revert, .. } => Some(*revert),
            Self::End { .. } => Some(Revert::FailToReadPreimage),
            _ => None,
        }
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Server(error) => Self::Server(error),
            ReadError::End { key, offset } => Self::End { key, offset },
        }
    }
}

impl From<Infallible> for Fault {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What a step may ask of the world outside.
pub(super) trait Outside {
    /// What follows from `offset` on of the preimage of `key`, its length first; at least one byte, 32 are enough.
    fn preimage(&mut self, key: [u8; 32], offset: u64) -> Result<&[u8], ReadError>;

    /// Takes a piece of what the program writes of hints.
    fn hint(&mut self, bytes: &[u8]) -> Result<(), ServerError>;

    /// Takes a piece of what the program writes for people.
    fn output(&mut self, stream: Stream, text: &[u8]);
}

/// Takes one step: none where the program has exited.
pub(super) fn step<W: Words<Error: Into<Fault>>>(
    core: &mut Core,
    memory: &mut W,
    outside: &mut impl Outside,
) -> Result<(), StepError> {
    if core.exited {
        return Ok(());
    }
    let stopped = |instruction, fault| StepError { step: core.step, pc: core.pc, instruction, fault };
    let instruction = fetch(core.pc, memory).map_err(|fault| stopped(0, fault))?;
    let flow = match execute(Instruction::decode(instruction), core.pc, &mut core.registers, memory) {
        Ok(flow) => Ok(flow),
        Err(Trap::System) => system::call(core, memory, outside).map(|()| Flow::Next),
        Err(Trap::Revert(revert)) => Err(Fault::Revert(revert)),
        Err(Trap::Memory(error)) => Err(error.into()),
    };
    let flow = flow.map_err(|fault| StepError { step: core.step, pc: core.pc, instruction, fault })?;
    core.pc = match flow {
        Flow::Next => core.pc.wrapping_add(4),
        Flow::Jump(target) => target,
    };
    core.step = core.step.wrapping_add(1);
    Ok(())
}

/// The instruction at `pc`, which need not be aligned, but must lie in one leaf.
fn fetch<W: Words<Error: Into<Fault>>>(pc: u64, memory: &mut W) -> Result<u32, Fault> {
    if pc % 32 > 28 {
        return Err(Fault::Revert(Revert::UnexpectedRightProof));
    }
    let at = 8 * (pc % 8);
    let low = memory.fetch(pc).map_err(Into::into)? >> at;
    let high = if at > 32 { memory.fetch(pc + 7).map_err(Into::into)? << (64 - at) } else { 0 };
    Ok((low | high) as u32)
}
