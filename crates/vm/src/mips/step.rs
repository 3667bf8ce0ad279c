//! One step: whose turn it is, the instruction, and what the outside sees of it.

use super::{
    core::{Core, Reservation},
    execute::{Flow, execute, loaded, stored},
    instruction::{Instruction, Op},
    syscall,
    thread::Thread,
};
use crate::{BigEndian, Decode, Order, ReadError, Stream, Unproven, Words};
use std::convert::Infallible;

/// Steps after which another thread has its turn.
pub(super) const QUANTUM: u64 = 100_000;

/// Why a step can't be taken. The machine on L1 can't take it either, and the state has no successor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Instructions take four bytes, and lie at multiples of four.
    #[error("the instruction's address is no multiple of 4")]
    UnalignedPc,
    /// What stands behind a branch is executed before the branch is taken, and can't be one itself.
    #[error("branch or jump in a delay slot")]
    DelaySlot,
    /// The machine does not know the instruction.
    #[error("unknown instruction")]
    Instruction,
    /// A division by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// The machine does not know the system call.
    #[error("unknown system call {0}")]
    Syscall(u64),
    /// No thread is left, and the program has not exited.
    #[error("no thread is left to execute")]
    NoThread,
    /// A write that no program makes: the machine would take it, and its output would not end.
    #[error("a write of {0} bytes")]
    WriteTooLong(u64),
    /// The preimage can't be read.
    #[error(transparent)]
    Preimage(#[from] ReadError),
    /// A proof does not show what the step needs.
    #[error(transparent)]
    Unproven(#[from] Unproven),
}

impl From<Infallible> for Fault {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What happens in a step that nothing of the state shows afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An instruction is executed.
    Fetched {
        /// Its address.
        pc: u64,
    },
    /// A thread has reserved an address.
    Linked {
        /// The thread's number.
        thread: u64,
    },
    /// A thread has stored to an address that it had reserved, or would have.
    Conditional {
        /// The thread's number.
        thread: u64,
        /// Whether it has stored.
        succeeded: bool,
    },
    /// A store has struck a reserved address.
    Invalidated,
    /// A thread's turn has ended since it was long.
    Preempted,
    /// A thread's turn has begun because another gave it up.
    Activated {
        /// The thread's number.
        thread: u64,
    },
}

/// What is outside the machine.
pub trait Outside {
    /// What follows from `offset` on of the preimage of `key`, length first: at least one byte, and of many only the first
    /// 32 count.
    ///
    /// # Errors
    /// Where it can't be had.
    fn preimage(&mut self, key: [u8; 32], offset: u64) -> Result<&[u8], ReadError>;

    /// Takes a hint.
    ///
    /// # Errors
    /// Where whoever hints are for can't be reached.
    fn hint(&mut self, hint: &[u8]) -> Result<(), ReadError>;

    /// Takes what the program writes for people.
    fn output(&mut self, stream: Stream, text: &[u8]);

    /// Takes note of what happens in step `step`.
    fn note(&mut self, step: u64, event: Event);
}

/// Memory in which a store to the reserved word is noticed.
pub(super) struct Reserving<'a, M> {
    pub(super) memory: &'a mut M,
    /// The word's address. Without a reservation it is 0.
    pub(super) reserved: u64,
    /// How many stores there were to the word that was reserved then.
    pub(super) struck: u64,
}

impl<'a, M> Reserving<'a, M> {
    pub(super) const fn new(memory: &'a mut M, reservation: Reservation) -> Self {
        Self { memory, reserved: reservation.address & !7, struck: 0 }
    }
}

impl<M: Words> Words for Reserving<'_, M> {
    type Error = M::Error;

    fn fetch(&mut self, address: u64) -> Result<u64, M::Error> {
        self.memory.fetch(address)
    }

    #[inline(always)]
    fn load(&mut self, address: u64) -> Result<u64, M::Error> {
        self.memory.load(address)
    }

    #[inline(always)]
    fn store(&mut self, address: u64, word: u64) -> Result<(), M::Error> {
        if address & !7 == self.reserved {
            self.struck += 1;
            self.reserved = 0;
        }
        self.memory.store(address, word)
    }

    fn read(&self, address: u64, count: u64, take: impl FnMut(&[u8])) {
        self.memory.read(address, count, take);
    }
}

impl Core {
    /// Takes note of stores to the reserved word.
    pub(super) fn strike(&mut self, struck: u64, outside: &mut impl Outside) {
        if struck > 0 {
            self.reservation = Reservation::default();
        }
        for _ in 0..struck {
            outside.note(self.step, Event::Invalidated);
        }
    }

    /// Ends the top thread's turn: it goes to the other stack, which becomes the active one if no thread is left here.
    pub(super) fn preempt(&mut self, outside: &mut impl Outside) -> Result<(), Fault> {
        let thread = self.active_mut().threads.pop().ok_or(Fault::NoThread)?;
        self.inactive_mut().threads.push(thread);
        self.turn();
        if let Some(thread) = self.thread() {
            outside.note(self.step, Event::Activated { thread: thread.id });
        }
        Ok(())
    }

    /// Puts a new thread on top, whose turn it is.
    pub(super) fn push(&mut self, thread: Thread) {
        self.active_mut().threads.push(thread);
        self.steps_since_switch = 0;
    }

    fn turn(&mut self) {
        if self.active().is_empty() {
            self.traverse_right = !self.traverse_right;
        }
        self.steps_since_switch = 0;
    }
}

/// Takes one step: none where the program has exited.
///
/// # Errors
/// Where the machine can't take it. What `core` and `memory` hold then is no state, but for the thread's program counter.
pub fn step<M: Words, O: Outside>(core: &mut Core, memory: &mut M, outside: &mut O) -> Result<(), Fault>
where
    Fault: From<M::Error>,
{
    if core.exited {
        return Ok(());
    }
    core.step = core.step.wrapping_add(1);
    if core.thread().ok_or(Fault::NoThread)?.exited {
        core.active_mut().threads.pop();
        core.turn();
    } else if core.steps_since_switch >= QUANTUM {
        core.preempt(outside)?;
        outside.note(core.step, Event::Preempted);
    } else {
        core.steps_since_switch += 1;
        instruction(core, memory, outside)?;
    }
    if core.active().is_empty() { Err(Fault::NoThread) } else { Ok(()) }
}

fn instruction<M: Words, O: Outside>(core: &mut Core, memory: &mut M, outside: &mut O) -> Result<(), Fault>
where
    Fault: From<M::Error>,
{
    let pc = core.thread().ok_or(Fault::NoThread)?.pc;
    if !pc.is_multiple_of(4) {
        return Err(Fault::UnalignedPc);
    }
    outside.note(core.step, Event::Fetched { pc });
    let instruction = Instruction::decode(BigEndian::half(memory.fetch(pc)?, pc));
    match instruction.op {
        Op::Syscall => syscall::call(core, memory, outside),
        Op::Ll | Op::Lld => load_linked(core, memory, outside, instruction),
        Op::Sc | Op::Scd => store_conditional(core, memory, outside, instruction),
        _ => plain(core, memory, outside, instruction),
    }
}

/// Executes an instruction that concerns no other thread, and not the outside.
fn plain<M: Words, O: Outside>(
    core: &mut Core,
    memory: &mut M,
    outside: &mut O,
    instruction: Instruction,
) -> Result<(), Fault>
where
    Fault: From<M::Error>,
{
    let mut memory = Reserving::new(memory, core.reservation);
    let thread = core.thread_mut().ok_or(Fault::NoThread)?;
    if instruction.op.is_branch() && thread.next_pc != thread.pc.wrapping_add(4) {
        return Err(Fault::DelaySlot);
    }
    let flow = execute(instruction, thread.pc, &mut thread.hi_lo, &mut thread.registers, &mut memory)?;
    thread.advance();
    if let Flow::Jump(target) = flow {
        thread.next_pc = target;
    }
    let struck = memory.struck;
    core.strike(struck, outside);
    Ok(())
}

/// The reservation's status that goes with an instruction.
const fn status(op: Op) -> u8 {
    if matches!(op, Op::Ll | Op::Sc) { 1 } else { 2 }
}

/// Loads, and reserves the address.
fn load_linked<M: Words, O: Outside>(
    core: &mut Core,
    memory: &mut M,
    outside: &mut O,
    Instruction { op, s, d, immediate, .. }: Instruction,
) -> Result<(), Fault>
where
    Fault: From<M::Error>,
{
    let thread = core.thread_mut().ok_or(Fault::NoThread)?;
    let address = thread.registers[s].wrapping_add_signed(immediate.into());
    thread.registers[d] = loaded(op, address, memory.load(address)?, 0);
    thread.advance();
    let owner = thread.id;
    core.reservation = Reservation { status: status(op), address, owner };
    outside.note(core.step, Event::Linked { thread: owner });
    Ok(())
}

/// Stores, if the thread's reservation of the address, by a load of as many bytes, still holds. The reservation ends if so.
fn store_conditional<M: Words, O: Outside>(
    core: &mut Core,
    memory: &mut M,
    outside: &mut O,
    Instruction { op, s, t, d, immediate }: Instruction,
) -> Result<(), Fault>
where
    Fault: From<M::Error>,
{
    let reservation = core.reservation;
    let thread = core.thread_mut().ok_or(Fault::NoThread)?;
    let owner = thread.id;
    let address = thread.registers[s].wrapping_add_signed(immediate.into());
    let succeeded = reservation == Reservation { status: status(op), address, owner };
    if succeeded {
        let word = memory.load(address)?;
        memory.store(address, stored(op, address, word, thread.registers[t]))?;
    }
    thread.registers[d] = succeeded.into();
    thread.advance();
    if succeeded {
        core.reservation = Reservation::default();
    }
    outside.note(core.step, Event::Conditional { thread: owner, succeeded });
    Ok(())
}

impl Thread {
    /// Goes on to the next instruction.
    pub(super) const fn advance(&mut self) {
        self.pc = self.next_pc;
        self.next_pc = self.next_pc.wrapping_add(4);
    }
}
