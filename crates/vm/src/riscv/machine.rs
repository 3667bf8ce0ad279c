//! Running a state: fast, one step at a time, and with proofs.

use super::{
    Core, Revert, State, Witness,
    decode::Instruction,
    execute::{Trap, execute},
    state_hash,
    system::{self, Outside, Stream},
};
use crate::{
    Code, Decode, LittleEndian, PAGE_BYTES, PROOF_BYTES, Paged, PreimageRead, Preimages, Proof, ProvenMemory,
    ReadError, Server, ServerError, Tracked, Unproven, Words,
};
use alloy_primitives::B256;
use kohala_preimage::Key;
use std::{
    convert::Infallible,
    io::{self, Write},
};

/// A step that can't be done. The state is the one before it.
#[derive(Debug, thiserror::Error)]
#[error("step {step} (pc {pc:#x}, instruction {instruction:#010x}) stops: {reason}")]
pub struct Stopped {
    /// The steps that were done before it.
    pub step: u64,
    /// The address of the instruction.
    pub pc: u64,
    /// The instruction, 0 where it can't be had.
    pub instruction: u32,
    /// Why.
    pub reason: Reason,
}

/// Why a step can't be done.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
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
    /// What the program prints can't be written.
    #[error("cannot write the program's output: {0}")]
    Output(#[from] io::Error),
    /// The program prints, or hints, more than can be meant.
    #[error("the program writes {0} bytes at once")]
    TooLong(u64),
    /// A proof does not show what the step needs.
    #[error(transparent)]
    Unproven(#[from] Unproven),
}

impl Reason {
    /// Why the step reverts, if it does.
    pub const fn revert(&self) -> Option<Revert> {
        match self {
            Self::Revert(revert) | Self::Call { revert, .. } => Some(*revert),
            Self::End { .. } => Some(Revert::FailToReadPreimage),
            _ => None,
        }
    }
}

impl From<ReadError> for Reason {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Server(error) => Self::Server(error),
            ReadError::End { key, offset } => Self::End { key, offset },
        }
    }
}

impl From<Infallible> for Reason {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A state that runs.
///
/// `S` answers the program's hints and reads, `W` takes what it prints.
#[derive(Debug)]
pub struct Machine<S, W> {
    /// The state. Its memory's words may be read; whoever writes them makes a new machine, as this one keeps decoded
    /// instructions.
    pub state: State,
    /// The preimages.
    pub preimages: Preimages<S>,
    /// Where the program's standard output goes.
    pub output: W,
    /// Where its standard error goes.
    pub errors: W,
    code: Code<Instruction>,
}

/// A step with all that L1 needs to do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The witness of the state before the step.
    pub witness: Witness,
    /// A proof of 60×32 bytes for the instruction's leaf, and for each leaf of data that the step touches, in this order.
    pub proofs: Vec<u8>,
}

impl<S: Server, W: Write> Machine<S, W> {
    /// A machine in this state.
    pub fn new(state: State, server: S, output: W, errors: W) -> Self {
        Self { state, preimages: Preimages::new(server), output, errors, code: Code::default() }
    }

    /// Runs until the program has exited or so many steps have been done in all, by the state's count.
    ///
    /// # Errors
    /// At a step that can't be done.
    pub fn run(&mut self, until: u64) -> Result<(), Stopped> {
        self.preimages.forget_read();
        while !self.state.core.exited && self.state.core.step < until {
            if self.state.core.pc & 3 == 0 { self.run_aligned(until)? } else { self.step()? }
        }
        Ok(())
    }

    /// Does one step, or none if the program has exited.
    ///
    /// # Errors
    /// See [`Machine::run`].
    pub fn step(&mut self) -> Result<(), Stopped> {
        self.preimages.forget_read();
        let Self { state: State { core, memory, last_hint, .. }, preimages, output, errors, code } = self;
        let mut outside = Surroundings { preimages, output, errors, last_hint };
        step(core, &mut Paged { memory, code }, &mut outside)
    }

    /// Does one step as [`Machine::step`], and proves it.
    ///
    /// # Errors
    /// See [`Machine::run`].
    pub fn prove(&mut self) -> Result<Proven, Stopped> {
        self.preimages.forget_read();
        let witness = self.state.witness();
        let Self { state: State { core, memory, last_hint, .. }, preimages, output, errors, code } = self;
        if core.exited {
            return Ok(Proven { witness, proofs: Vec::new() });
        }
        let mut proofs = memory.proof(core.pc).as_bytes().to_vec();
        let mut outside = Surroundings { preimages, output, errors, last_hint };
        let mut memory = Tracked::of_leaves(Paged { memory, code });
        step(core, &mut memory, &mut outside)?;
        for proof in memory.into_proofs() {
            proofs.extend_from_slice(proof.as_bytes());
        }
        Ok(Proven { witness, proofs })
    }

    /// The part of a preimage that was read since the last call that does steps began; of a run the last one.
    pub fn preimage_read(&self) -> Option<PreimageRead<'_>> {
        self.preimages.last_read()
    }

    /// The loop over decoded pages: until a pc that is not aligned, the program's exit, or the step.
    fn run_aligned(&mut self, until: u64) -> Result<(), Stopped> {
        let Self { state: State { core, memory, last_hint, .. }, preimages, output, errors, code } = self;
        let mut pc = core.pc;
        let mut left = until - core.step;
        while left > 0 {
            let start = code.page(pc, memory);
            let page = pc & !(PAGE_BYTES - 1);
            let mut paged = Paged { memory, code };
            let trap = loop {
                let instruction = paged.code.instructions()[start + (pc % PAGE_BYTES / 4) as usize];
                match execute(instruction, pc, &mut core.registers, &mut paged) {
                    Ok(next) => {
                        pc = next;
                        left -= 1;
                        if next & !(PAGE_BYTES - 1) != page || left == 0 {
                            break None;
                        }
                    }
                    Err(trap) => break Some(trap),
                }
            };
            core.pc = pc;
            core.step = until - left;
            match trap {
                None => {}
                Some(Trap::System) => {
                    let mut outside = Surroundings { preimages, output, errors, last_hint };
                    step(core, &mut paged, &mut outside)?;
                    pc = core.pc;
                    left -= 1;
                    if core.exited {
                        return Ok(());
                    }
                }
                Some(trap) => {
                    let word = memory.load(pc);
                    return Err(stopped(core, (word >> (8 * (pc & 4))) as u32, trap));
                }
            }
        }
        Ok(())
    }
}

/// What a machine's program sees of the outside.
struct Surroundings<'a, S, W> {
    preimages: &'a mut Preimages<S>,
    output: &'a mut W,
    errors: &'a mut W,
    last_hint: &'a mut Vec<u8>,
}

impl<S: Server, W: Write> Outside for Surroundings<'_, S, W> {
    fn preimage(&mut self, key: [u8; 32], offset: u64) -> Result<&[u8], Reason> {
        Ok(self.preimages.read(key, offset)?)
    }

    fn write(&mut self, to: Stream, bytes: &[u8]) -> Result<(), Reason> {
        match to {
            Stream::Output => self.output.write_all(bytes)?,
            Stream::Errors => self.errors.write_all(bytes)?,
            Stream::Hints => self.last_hint.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn written(&mut self, to: Stream) -> Result<(), Reason> {
        match to {
            Stream::Output => self.output.flush()?,
            Stream::Errors => self.errors.flush()?,
            Stream::Hints => {
                while let Some((len, rest)) = self.last_hint.split_first_chunk() {
                    let Some(hint) = rest.get(..u32::from_be_bytes(*len) as usize) else { break };
                    self.preimages.server.hint(hint)?;
                    self.last_hint.drain(..4 + hint.len());
                }
            }
        }
        Ok(())
    }
}

/// What the step of a replay sees of the outside: the one part of a preimage that it reads.
struct Shown<'a>(Option<PreimageRead<'a>>);

impl Outside for Shown<'_> {
    fn preimage(&mut self, key: [u8; 32], offset: u64) -> Result<&[u8], Reason> {
        let shown = self.0.filter(|read| read.key == key && read.offset == offset);
        let rest = shown.and_then(|read| read.value.get(usize::try_from(offset).ok()?..));
        rest.filter(|rest| !rest.is_empty()).ok_or(Reason::End { key: Key::from(key), offset })
    }

    fn write(&mut self, _: Stream, _: &[u8]) -> Result<(), Reason> {
        Ok(())
    }

    fn written(&mut self, _: Stream) -> Result<(), Reason> {
        Ok(())
    }
}

/// Does the step of a witness and its proofs as L1 does, which knows nothing else but the part of a preimage that the step
/// reads; gives the hash of the state behind it.
///
/// # Errors
/// Where the step can't be done, or isn't proven.
pub fn replay(witness: &Witness, proofs: &[u8], read: Option<PreimageRead<'_>>) -> Result<B256, Stopped> {
    let (root, mut core) = Core::from_witness(witness);
    let (proofs, _) = proofs.as_chunks::<PROOF_BYTES>();
    let mut memory = ProvenMemory::<LittleEndian>::of_leaves(root, proofs.iter().map(Proof::from_bytes).collect());
    step(&mut core, &mut memory, &mut Shown(read))?;
    Ok(state_hash(&core.witness(memory.root())))
}

/// One step, of whatever memory.
fn step<W: Words<Error: Into<Reason>>>(
    core: &mut Core,
    memory: &mut W,
    outside: &mut impl Outside,
) -> Result<(), Stopped> {
    if core.exited {
        return Ok(());
    }
    let word = fetch(core.pc, memory).map_err(|trap| stopped(core, 0, trap))?;
    let next = match execute(Instruction::decode(word), core.pc, &mut core.registers, memory) {
        Err(Trap::System) => system::call(core, memory, outside).map(|()| core.pc.wrapping_add(4)),
        next => next,
    };
    core.pc = next.map_err(|trap| stopped(core, word, trap))?;
    core.step = core.step.wrapping_add(1);
    Ok(())
}

/// The instruction at `pc`, which need not be aligned, but must lie in one leaf.
fn fetch<W: Words>(pc: u64, memory: &mut W) -> Result<u32, Trap<W::Error>> {
    if pc % 32 > 28 {
        return Err(Revert::UnexpectedRightProof.into());
    }
    let at = 8 * (pc % 8);
    let low = memory.fetch(pc).map_err(Trap::Memory)? >> at;
    let high = if at > 32 { memory.fetch(pc + 7).map_err(Trap::Memory)? << (64 - at) } else { 0 };
    Ok((low | high) as u32)
}

fn stopped<E: Into<Reason>>(core: &Core, instruction: u32, trap: Trap<E>) -> Stopped {
    let reason = match trap {
        Trap::Stopped(reason) => reason,
        Trap::Memory(error) => error.into(),
        Trap::System => unreachable!("a step does its system calls"),
    };
    Stopped { step: core.step, pc: core.pc, instruction, reason }
}
