//! The machine that runs programs: a state, whoever answers it, and what is remembered to be fast.

use super::{
    Core, StepError, Witness,
    decode::Instruction,
    execute::{Flow, execute},
    state::State,
    step::{Outside, step},
};
use crate::{
    Code, CodePage, Decode, LittleEndian, Order, PAGE_BYTES, Paged, Preimage, PreimageRead, Preimages, Reached,
    ReadError, Server, ServerError, Stream, Tracked, Words, machine::Output, oracle::drain_hints, profile::Profile,
};
use alloy_primitives::B256;
use std::convert::Infallible;

/// A machine with a state, a preimage server, and someone who reads what the program writes.
pub struct Vm<S> {
    state: State,
    code: Code<Instruction>,
    preimages: Preimages<S>,
    output: Output,
}

/// What L1 needs to take a step itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepProof {
    /// The number of steps before it.
    pub step: u64,
    /// The witness of the state before it.
    pub witness: Witness,
    /// The hash of the state behind it.
    pub post: B256,
    /// A proof of 60×32 bytes of the instruction's leaf, then one of each leaf of data that the step touches: none, one or
    /// two. Empty where the program has exited.
    pub data: Vec<u8>,
    /// What was read of a preimage.
    pub preimage: Option<Preimage>,
}

impl<S: Server> Vm<S> {
    /// A machine in `state`. Its program asks `server`; what it writes for people goes to `output`, in pieces of any length.
    pub fn new(state: State, server: S, output: impl FnMut(Stream, &[u8]) + Send + 'static) -> Self {
        Self { state, code: Code::default(), preimages: Preimages::new(server), output: Box::new(output) }
    }

    /// The state.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The state, for its hash: memory is hashed only when someone asks.
    pub const fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// The preimages, and the server that they come from.
    pub const fn preimages(&mut self) -> &mut Preimages<S> {
        &mut self.preimages
    }

    /// What the last step has read of a preimage.
    pub fn last_read(&self) -> Option<PreimageRead<'_>> {
        self.preimages.last_read()
    }

    /// Runs until `until` steps are taken altogether, the program exits, or, if it is to pause there, a preimage was read.
    ///
    /// # Errors
    /// Where a step can't be taken: the state is the one before it.
    pub fn run(&mut self, until: u64, pauses_at_reads: bool) -> Result<Reached, StepError> {
        loop {
            if self.state.core.exited {
                return Ok(Reached::Exit);
            }
            if self.state.core.step >= until {
                return Ok(Reached::Step);
            }
            self.run_plain(until);
            if self.state.core.step < until {
                self.step()?;
                if pauses_at_reads && self.last_read().is_some() {
                    return Ok(Reached::Read);
                }
            }
        }
    }

    /// As [`Vm::run`], without a pause at reads, and every step is counted in `profile`: slowly.
    ///
    /// # Errors
    /// As [`Vm::run`].
    pub fn run_profiled(&mut self, until: u64, profile: &mut Profile) -> Result<Reached, StepError> {
        while !self.state.core.exited && self.state.core.step < until {
            let pc = self.state.core.pc;
            let instruction = LittleEndian::half(self.state.memory.load(pc), pc);
            profile.step(0, pc, Instruction::decode(instruction).turn());
            self.step()?;
        }
        Ok(if self.state.core.exited { Reached::Exit } else { Reached::Step })
    }

    /// Takes one step: none where the program has exited.
    ///
    /// # Errors
    /// As [`Vm::run`].
    pub fn step(&mut self) -> Result<(), StepError> {
        self.preimages.forget_read();
        let State { core, memory, last_hint, .. } = &mut self.state;
        let mut paged = Paged { memory, code: &self.code };
        step(core, &mut paged, &mut Host { preimages: &mut self.preimages, output: &mut self.output, last_hint })
    }

    /// Takes one step, and proves it.
    ///
    /// # Errors
    /// As [`Vm::run`].
    pub fn prove(&mut self) -> Result<StepProof, StepError> {
        self.preimages.forget_read();
        let witness = self.state.witness();
        let State { core, memory, last_hint, .. } = &mut self.state;
        let before = core.step;
        let mut data = Vec::new();
        if !core.exited {
            data.extend_from_slice(memory.proof(core.pc).as_bytes());
        }
        let mut tracked = Tracked::of_leaves(Paged { memory, code: &self.code });
        step(core, &mut tracked, &mut Host { preimages: &mut self.preimages, output: &mut self.output, last_hint })?;
        for proof in tracked.into_proofs() {
            data.extend_from_slice(proof.as_bytes());
        }
        let preimage = self.last_read().and_then(Preimage::of);
        Ok(StepProof { step: before, witness, post: self.state.hash(), data, preimage })
    }

    /// Takes steps until one is not plain, or `until` steps are taken. A plain step executes an aligned instruction that is no
    /// system call and does not fail.
    fn run_plain(&mut self, until: u64) {
        let State { core, memory, .. } = &mut self.state;
        let count = until - core.step;
        let mut left = count;
        loop {
            let slot = self.code.slot(core.pc, memory);
            let mut paged = Paged { memory, code: &self.code };
            let before = left;
            left = run_page(self.code.page(slot), left, core, &mut paged);
            if left == before {
                break;
            }
        }
        if left < count {
            self.preimages.forget_read();
        }
        core.step += count - left;
    }
}

/// Executes instructions from `page`, where the program is, till one leads elsewhere, one is not plain, or `left` are executed:
/// says how many of them are left.
#[inline(never)]
fn run_page<W: Words<Error = Infallible>>(
    page: &CodePage<Instruction>,
    mut left: u64,
    core: &mut Core,
    memory: &mut W,
) -> u64 {
    let start = core.pc & !(PAGE_BYTES - 1);
    let mut pc = core.pc;
    loop {
        // An address elsewhere, or one that is no multiple of four, becomes an index far beyond.
        let first = pc.wrapping_sub(start).rotate_right(2);
        let end = first.saturating_add(left).min(page.len() as u64);
        let Some(instructions) = page.get(first as usize..end as usize) else { break };
        let mut count = 0;
        let target = loop {
            let Some(instruction) = instructions.get(count) else { break None };
            match execute(instruction.get(), pc.wrapping_add(4 * count as u64), &mut core.registers, memory) {
                Ok(Flow::Next) => count += 1,
                Ok(Flow::Jump(target)) => break Some(target),
                Err(_) => break None,
            }
        };
        left -= count as u64;
        pc = pc.wrapping_add(4 * count as u64);
        let Some(target) = target else { break };
        left -= 1;
        pc = target;
    }
    core.pc = pc;
    left
}

/// What is outside a running machine.
struct Host<'a, S> {
    preimages: &'a mut Preimages<S>,
    output: &'a mut (dyn FnMut(Stream, &[u8]) + Send),
    last_hint: &'a mut Vec<u8>,
}

impl<S: Server> Outside for Host<'_, S> {
    fn preimage(&mut self, key: [u8; 32], offset: u64) -> Result<&[u8], ReadError> {
        self.preimages.read(key, offset)
    }

    fn hint(&mut self, bytes: &[u8]) -> Result<(), ServerError> {
        self.last_hint.extend_from_slice(bytes);
        drain_hints(self.last_hint, |hint| self.preimages.server.hint(hint))
    }

    fn output(&mut self, stream: Stream, text: &[u8]) {
        (self.output)(stream, text);
    }
}
