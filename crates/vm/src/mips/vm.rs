//! The machine that runs programs: a state, whoever answers it, and what is remembered to be fast.

use super::{
    core::Witness,
    execute::{Flow, execute},
    instruction::{Instruction, Op},
    replay::MEMORY_PROOFS,
    state::State,
    stats::{DECODED_END, DebugInfo, Stats},
    step::{Event, Fault, Outside, QUANTUM, Reserving, step},
    thread::Thread,
};
use crate::{
    BigEndian, Code, CodePage, Decode, Order, PAGE_BYTES, Paged, Preimage, PreimageRead, Preimages, Proof, Reached,
    ReadError, Server, Stream, Tracked, Words, machine::Output, profile::Profile,
};
use alloy_primitives::B256;
use std::convert::Infallible;

/// A machine with a state, a preimage server, and someone who reads what the program writes.
pub struct Vm<S> {
    state: State,
    code: Code<Instruction>,
    outside: Host<S>,
    /// What stands in a step's proof for words that it does not touch: in cannon that is what stood there before.
    proofs: [Proof; MEMORY_PROOFS - 1],
}

/// What is outside a running machine.
struct Host<S> {
    preimages: Preimages<S>,
    output: Output,
    stats: Option<Stats>,
}

impl<S: Server> Outside for Host<S> {
    fn preimage(&mut self, key: [u8; 32], offset: u64) -> Result<&[u8], ReadError> {
        self.preimages.read(key, offset)
    }

    fn hint(&mut self, hint: &[u8]) -> Result<(), ReadError> {
        Ok(self.preimages.server.hint(hint)?)
    }

    fn output(&mut self, stream: Stream, text: &[u8]) {
        (self.output)(stream, text);
    }

    fn note(&mut self, step: u64, event: Event) {
        if let Some(stats) = &mut self.stats {
            stats.note(step, event);
        }
    }
}

/// A step can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step {step}, at {pc:#x}: {fault}")]
pub struct StepError {
    /// The number of steps before it.
    pub step: u64,
    /// Address of the instruction.
    pub pc: u64,
    /// Why it can't.
    pub fault: Fault,
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
    /// The thread, the root of the stack below it, and the proofs of the instruction and of two words.
    pub data: Vec<u8>,
    /// What was read of a preimage.
    pub preimage: Option<Preimage>,
}

impl<S: Server> Vm<S> {
    /// A machine in `state`. Its program asks `server`; what it writes for people goes to `output`, in pieces of any length.
    pub fn new(state: State, server: S, output: impl FnMut(Stream, &[u8]) + Send + 'static) -> Self {
        Self {
            state,
            code: Code::default(),
            outside: Host { preimages: Preimages::new(server), output: Box::new(output), stats: None },
            proofs: [Proof::ZERO; _],
        }
    }

    /// Counts from now on what [`Vm::debug_info`] tells beyond the state.
    pub fn enable_stats(&mut self) {
        self.outside.stats = Some(Stats::default());
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
        &mut self.outside.preimages
    }

    /// What the last step has read of a preimage.
    pub fn last_read(&self) -> Option<PreimageRead<'_>> {
        self.outside.preimages.last_read()
    }

    /// Figures about the run so far.
    pub fn debug_info(&self) -> DebugInfo {
        let pages = self.state.memory.page_count() as u64;
        let mut info = DebugInfo {
            pages,
            memory_used: pages * PAGE_BYTES,
            num_preimage_requests: self.outside.preimages.requests(),
            total_preimage_size: self.outside.preimages.bytes(),
            total_steps: self.state.core.step,
            instruction_cache_miss_count: 0,
            highest_icache_miss_pc: 0,
            rmw_success_count: 0,
            rmw_fail_count: 0,
            max_steps_between_ll_and_sc: 0,
            reservation_invalidation_count: 0,
            forced_preemption_count: 0,
            idle_step_count_thread_0: 0,
        };
        if let Some(stats) = &self.outside.stats {
            stats.fill(&mut info);
        }
        info
    }

    /// Runs until `until` steps are taken altogether, the program exits, or, if it is to pause there, a preimage was read.
    ///
    /// # Errors
    /// Where a step can't be taken.
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
    /// Where a step can't be taken.
    pub fn run_profiled(&mut self, until: u64, profile: &mut Profile) -> Result<Reached, StepError> {
        while !self.state.core.exited && self.state.core.step < until {
            if let Some(Thread { id, pc, .. }) = self.state.core.thread() {
                let instruction = BigEndian::half(self.state.memory.load(*pc), *pc);
                profile.step(*id, *pc, Instruction::decode(instruction).turn());
            }
            self.step()?;
        }
        Ok(if self.state.core.exited { Reached::Exit } else { Reached::Step })
    }

    /// Takes one step: none where the program has exited.
    ///
    /// # Errors
    /// Where the step can't be taken.
    pub fn step(&mut self) -> Result<(), StepError> {
        self.outside.preimages.forget_read();
        let mut paged = Paged { memory: &mut self.state.memory, code: &self.code };
        let at = Place::of(&self.state.core);
        step(&mut self.state.core, &mut paged, &mut self.outside).map_err(|fault| at.error(fault))
    }

    /// Takes one step, and proves it.
    ///
    /// # Errors
    /// Where the step can't be taken.
    pub fn prove(&mut self) -> Result<StepProof, StepError> {
        let witness = self.state.witness();
        let core = &self.state.core;
        let at = Place::of(core);
        let Some(thread) = core.thread() else { return Err(at.error(Fault::NoThread)) };
        let mut data = thread.to_bytes().to_vec();
        data.extend_from_slice(core.active().root_below_top().as_slice());
        data.extend_from_slice(self.state.memory.proof(thread.pc).as_bytes());
        for (kept, proof) in self.tracked_step()?.into_iter().zip(&mut self.proofs) {
            *proof = kept;
        }
        for proof in &self.proofs {
            data.extend_from_slice(proof.as_bytes());
        }
        let preimage = self.last_read().and_then(Preimage::of);
        Ok(StepProof { step: at.step, witness, post: self.state.hash(), data, preimage })
    }

    /// Takes one step: the proofs of the words that it touches.
    fn tracked_step(&mut self) -> Result<Vec<Proof>, StepError> {
        self.outside.preimages.forget_read();
        let mut tracked = Tracked::new(Paged { memory: &mut self.state.memory, code: &self.code });
        let at = Place::of(&self.state.core);
        step(&mut self.state.core, &mut tracked, &mut self.outside).map_err(|fault| at.error(fault))?;
        Ok(tracked.into_proofs())
    }

    /// Takes steps until one is not plain, or `until` steps are taken. A plain step executes an instruction that is no system
    /// call, reserves nothing, and does not fail.
    fn run_plain(&mut self, until: u64) {
        let core = &mut self.state.core;
        let count = (until - core.step).min(QUANTUM.saturating_sub(core.steps_since_switch));
        let code_end = if self.outside.stats.is_some() { DECODED_END } else { u64::MAX };
        let mut reserved = core.reservation.address & !7;
        let (mut left, mut struck) = (count, 0);
        let Some(thread) = core.thread_mut() else { return };
        while !thread.exited && thread.pc < code_end {
            let slot = self.code.slot(thread.pc, &mut self.state.memory);
            let mut paged = Paged { memory: &mut self.state.memory, code: &self.code };
            let mut memory = Reserving { memory: &mut paged, reserved, struck };
            let before = left;
            left = run_page(self.code.page(slot), left, thread, &mut memory);
            (reserved, struck) = (memory.reserved, memory.struck);
            if left == before {
                break;
            }
        }
        if left < count {
            self.outside.preimages.forget_read();
        }
        core.step += count - left;
        core.steps_since_switch += count - left;
        core.strike(struck, &mut self.outside);
    }
}

/// Executes instructions from `page`, where the thread is, till one leads elsewhere, one is not plain, or `left` are executed:
/// says how many of them are left.
///
/// The program counter is kept in `thread` only between those that follow one another.
#[inline(never)]
fn run_page<M: Words<Error = Infallible>>(
    page: &CodePage<Instruction>,
    mut left: u64,
    thread: &mut Thread,
    memory: &mut Reserving<'_, M>,
) -> u64 {
    let Thread { registers, hi_lo, .. } = thread;
    let start = thread.pc & !(PAGE_BYTES - 1);
    // An address elsewhere, or one that is no multiple of four, becomes an index far beyond.
    let index_of = |address: u64| address.wrapping_sub(start).rotate_right(2);
    let (mut pc, mut next_pc) = (thread.pc, thread.next_pc);
    while next_pc == pc.wrapping_add(4) {
        let first = index_of(pc);
        let end = first.saturating_add(left).min(page.len() as u64);
        let Some(instructions) = page.get(first as usize..end as usize) else { break };
        let mut count = 0;
        let jump = loop {
            let Some(instruction) = instructions.get(count) else { break None };
            match execute(instruction.get(), pc.wrapping_add(4 * count as u64), hi_lo, registers, memory) {
                Ok(Flow::Next) => count += 1,
                Ok(Flow::Jump(target)) => break Some(target),
                Err(_) => break None,
            }
        };
        left -= count as u64;
        pc = pc.wrapping_add(4 * count as u64);
        next_pc = pc.wrapping_add(4);
        let Some(target) = jump else { break };
        left -= 1;
        pc = next_pc;
        next_pc = target;
        let Some(delayed) = instructions.get(count + 1) else { break };
        let delayed = delayed.get();
        if delayed.op != Op::Nop && (delayed.op.is_branch() || execute(delayed, pc, hi_lo, registers, memory).is_err())
        {
            break;
        }
        left -= 1;
        pc = target;
        next_pc = target.wrapping_add(4);
    }
    (thread.pc, thread.next_pc) = (pc, next_pc);
    left
}

/// Where a machine is, for an error.
struct Place {
    step: u64,
    pc: u64,
}

impl Place {
    fn of(core: &super::Core) -> Self {
        Self { step: core.step, pc: core.thread().map_or(0, |thread| thread.pc) }
    }

    const fn error(self, fault: Fault) -> StepError {
        StepError { step: self.step, pc: self.pc, fault }
    }
}
