//! A machine at the start of a few instructions, and its steps, each taken in every way there is.

use kohala_preimage::Key;
use kohala_vm::{
    Server, ServerError,
    mips::{Core, Fault, State, Thread, Vm, replay},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Where programs begin.
pub(crate) const CODE: u64 = 0x1_0000;

/// A page of data.
pub(crate) const DATA: u64 = 0x40_2000;

/// The instruction of a system call.
pub(crate) const SYSCALL: u32 = 0xc;

/// Registers.
pub(crate) const V0: u8 = 2;
pub(crate) const A0: u8 = 4;
pub(crate) const A1: u8 = 5;
pub(crate) const A2: u8 = 6;
pub(crate) const A3: u8 = 7;
pub(crate) const SP: u8 = 29;
pub(crate) const RA: u8 = 31;

/// A thread at the first of `instructions`, alone.
pub(crate) fn machine(instructions: &[u32]) -> State {
    let mut state = State::default();
    for (index, instruction) in instructions.iter().enumerate() {
        state.memory.write(CODE + 4 * index as u64, &instruction.to_be_bytes());
    }
    state.core.left.threads.push(Thread { pc: CODE, next_pc: CODE + 4, ..Thread::default() });
    state.core.next_thread_id = 1;
    state.core.heap = 0x1000_0000_0000;
    state
}

/// The thread whose turn it is.
pub(crate) fn thread(state: &State) -> &Thread {
    state.core.thread().unwrap()
}

/// The same, to be changed.
pub(crate) fn thread_mut(state: &mut State) -> &mut Thread {
    let core = &mut state.core;
    if core.traverse_right { &mut core.right } else { &mut core.left }.threads.last_mut().unwrap()
}

/// A machine before a system call with these arguments.
pub(crate) fn calling(number: u64, arguments: [u64; 3]) -> State {
    let mut state = machine(&[SYSCALL]);
    let registers = &mut thread_mut(&mut state).registers;
    registers[V0] = number;
    for (register, argument) in [A0, A1, A2].into_iter().zip(arguments) {
        registers[register] = argument;
    }
    // An answer that a call doesn't give is seen.
    registers[A3] = 0xbad;
    state
}

/// What a machine has said to the outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) hints: Vec<Vec<u8>>,
    pub(crate) text: Vec<u8>,
}

/// A server with a few preimages, that remembers hints.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    pub(crate) preimages: BTreeMap<[u8; 32], Vec<u8>>,
    said: Arc<Mutex<Said>>,
}

impl Server for Answers {
    fn hint(&mut self, hint: &[u8]) -> Result<(), ServerError> {
        self.said.lock().unwrap().hints.push(hint.to_vec());
        Ok(())
    }

    fn preimage(&mut self, key: Key) -> Result<Vec<u8>, ServerError> {
        self.preimages.get(key.as_bytes()).cloned().ok_or(ServerError::None(key))
    }
}

impl Answers {
    /// One preimage.
    pub(crate) fn of(key: [u8; 32], value: &[u8]) -> Self {
        Self { preimages: [(key, value.to_vec())].into(), ..Self::default() }
    }

    /// A machine that asks a copy of these, and what it says.
    pub(crate) fn vm(&self, state: &State) -> (Vm<Self>, Arc<Mutex<Said>>) {
        let said = Arc::<Mutex<Said>>::default();
        let server = Self { said: said.clone(), ..self.clone() };
        let output = said.clone();
        let vm = Vm::new(state.clone(), server, move |_, text| output.lock().unwrap().text.extend_from_slice(text));
        (vm, said)
    }
}

/// Takes one step: alone, as a run of one step, and with a proof, from which it is replayed. All must agree.
pub(crate) fn step_with(answers: &Answers, state: &State) -> Result<(State, Said), Fault> {
    let (mut alone, said) = answers.vm(state);
    let (mut run, said_in_run) = answers.vm(state);
    let (mut proven, said_in_proof) = answers.vm(state);
    let result = alone.step();
    assert_eq!(run.run(state.core.step + 1, false).map(|_| ()), result, "a run of one step");
    let proof = proven.prove();
    assert_eq!(proof.as_ref().map(|_| ()).map_err(Clone::clone), result, "a proven step");
    result.map_err(|error| error.fault)?;
    let mut proof = proof.unwrap();
    let hash = alone.state_mut().hash();
    assert_eq!(run.state_mut().hash(), hash, "a run of one step");
    assert_eq!(proof.post, hash, "a proven step");
    let read = proof.preimage.take();
    let read =
        read.as_ref().map(|read| kohala_vm::PreimageRead { key: read.key, value: &read.value, offset: read.offset });
    let replayed = replay(&proof.witness, &proof.data, read).unwrap();
    assert_eq!(replayed, alone.state_mut().witness(), "a step replayed from its proof");
    let said = said.lock().unwrap().clone();
    assert_eq!([&*said_in_run.lock().unwrap(), &*said_in_proof.lock().unwrap()], [&said; 2]);
    Ok((alone.state().clone(), said))
}

/// As [`step_with`], where nothing is asked for.
pub(crate) fn step(state: &State) -> Result<State, Fault> {
    step_with(&Answers::default(), state).map(|(state, _)| state)
}

/// The core with `change`: what a step should make of it.
pub(crate) fn changed(core: &Core, change: impl FnOnce(&mut Core)) -> Core {
    let mut core = core.clone();
    change(&mut core);
    core
}

/// The core after an instruction that the next one follows, and `change`.
pub(crate) fn after(state: &State, change: impl FnOnce(&mut Thread)) -> Core {
    let mut state = state.clone();
    state.core.step += 1;
    state.core.steps_since_switch += 1;
    let thread = thread_mut(&mut state);
    thread.pc = thread.next_pc;
    thread.next_pc = thread.pc.wrapping_add(4);
    change(thread);
    state.core
}
