//! Runs of guests in SP1's executor, without a proof.

use crate::{
    guest::Guest,
    phases::{Phase, Phases},
};
use anyhow::{Context, Result};
use sp1_core_executor::{
    CycleResult, ExecutionReport, GasEstimatingVM, Instruction, OutputConsumers, Program, Register, SP1CoreOpts,
    SupervisorMode, SyscallCode,
};
use sp1_core_executor_runner::MinimalExecutorRunner;
use sp1_sdk::SP1Stdin;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// The file descriptor of a guest's standard output.
const STDOUT: u64 = 1;

/// What came out of a run and what it took.
#[derive(Clone, Debug)]
pub struct Execution {
    /// 0 if the guest succeeded. Nothing of a run that failed can be proven.
    pub exit_code: u32,
    /// What the guest committed to.
    pub public_values: Vec<u8>,
    /// Instructions.
    pub cycles: u64,
    /// What else was counted.
    pub counts: Option<Counts>,
    /// The last 2 KiB of what the guest wrote to its standard error.
    pub errors: String,
    /// Time that it took here.
    pub wall: Duration,
}

/// What takes longer to count than to do.
#[derive(Clone, Debug)]
pub struct Counts {
    /// SP1's measure of what a proof takes.
    pub gas: u64,
    /// Cycles by phase, if the guest says where it is.
    pub phases: Vec<Phase>,
    /// Cycles in which values of the witness were checked, in whatever phase: part of what the phases took.
    pub values: Option<u64>,
    /// Calls of SP1's precompiles, by SP1's names.
    pub precompiles: BTreeMap<String, u64>,
}

impl Execution {
    /// True if the guest ended well.
    pub const fn succeeded(&self) -> bool {
        self.exit_code == 0
    }
}

/// Runs a guest, and counts more than cycles if it is to. Proofs in its input are not verified: the guest's own check of them holds
/// only in a proof.
pub fn execute(guest: &Guest, input: &SP1Stdin, counted: bool) -> Result<Execution> {
    let start = Instant::now();
    let options = SP1CoreOpts::default();
    // Gas depends on how runs are cut, and SP1 cuts them so.
    let chunk = counted.then_some(options.gas_trace_chunk_threshold);
    let (limit, slots) = (options.memory_limit, options.gas_trace_chunk_slots);
    let mut executor = MinimalExecutorRunner::new(guest.program.clone(), false, chunk, limit, slots);
    let (errors, written) = watch::channel(String::new());
    executor.set_output_consumers(OutputConsumers { stdout: None, stderr: Some(errors) });
    input.buffer.iter().for_each(|hint| executor.with_input(hint));
    let (mut report, mut phases, mut cycles) = (ExecutionReport::default(), Phases::default(), 0);
    let mut values = if counted { guest.values().map(Calls::of) } else { None };
    while let Some(chunk) = executor.try_execute_chunk().context("SP1's executor can't run the guest")? {
        let vm = GasEstimatingVM::new(&chunk, guest.program.clone(), [0; 4], options.clone());
        let (counted, in_chunk) = count(vm, &guest.program, cycles, &mut phases, values.as_mut())?;
        report += counted;
        cycles += in_chunk;
    }
    // Without a trace it is run in one go.
    let cycles = if counted { cycles } else { executor.global_clk() };
    let calls = report.syscall_counts.iter().filter(|(_, count)| **count > 0);
    Ok(Execution {
        exit_code: executor.exit_code(),
        public_values: executor.public_values_stream().clone(),
        cycles,
        counts: counted.then(|| Counts {
            gas: report.gas().unwrap_or_default(),
            phases: phases.finish(cycles),
            values: values.map(|values| values.cycles),
            precompiles: calls.map(|(code, count)| (code.to_string(), *count)).collect(),
        }),
        errors: written.borrow().clone(),
        wall: start.elapsed(),
    })
}

/// Goes through a part of a run that begins at the cycle `first`: what it took, and its cycles.
fn count(
    mut vm: GasEstimatingVM<'_, SupervisorMode>,
    program: &Program,
    first: u64,
    phases: &mut Phases,
    mut values: Option<&mut Calls>,
) -> Result<(ExecutionReport, u64)> {
    loop {
        let instruction = vm.core.fetch();
        if let Some(values) = &mut values {
            values.see(vm.core.pc(), vm.core.registers()[Register::X1 as usize].value, first + vm.core.global_clk());
        }
        if instruction.is_ecall_instruction() && vm.core.read_code() == SyscallCode::WRITE {
            let register = |register: Register| vm.core.registers()[register as usize].value;
            if register(Register::X10) == STDOUT
                && let Some(text) = constant(program, register(Register::X11), register(Register::X12))
            {
                phases.see(&String::from_utf8_lossy(&text), first + vm.core.global_clk());
            }
        }
        step(&mut vm, &instruction).context("SP1's executor can't count the run")?;
        if !matches!(vm.core.advance(), CycleResult::Done(false)) {
            return Ok((vm.gas_calculator.generate_report(), vm.core.global_clk()));
        }
    }
}

/// Calls of one function, which doesn't call itself.
struct Calls {
    entry: u64,
    /// Where the one under way returns to, and when it began.
    open: Option<(u64, u64)>,
    cycles: u64,
}

impl Calls {
    const fn of(entry: u64) -> Self {
        Self { entry, open: None, cycles: 0 }
    }

    /// Sees an instruction before it is executed, and the register that holds where to return to.
    const fn see(&mut self, pc: u64, return_address: u64, cycle: u64) {
        match self.open {
            None if pc == self.entry => self.open = Some((return_address, cycle)),
            Some((end, start)) if pc == end => {
                self.cycles += cycle - start;
                self.open = None;
            }
            _ => {}
        }
    }
}

/// Executes one instruction.
fn step(
    vm: &mut GasEstimatingVM<'_, SupervisorMode>,
    instruction: &Instruction,
) -> Result<(), sp1_core_executor::ExecutionError> {
    if instruction.is_alu_instruction() {
        vm.execute_alu(instruction);
    } else if instruction.is_memory_load_instruction() {
        vm.execute_load(instruction)?;
    } else if instruction.is_memory_store_instruction() {
        vm.execute_store(instruction)?;
    } else if instruction.is_branch_instruction() {
        vm.execute_branch(instruction);
    } else if instruction.is_jump_instruction() {
        vm.execute_jump(instruction);
    } else if instruction.is_utype_instruction() {
        vm.execute_utype(instruction);
    } else if instruction.is_ecall_instruction() {
        vm.execute_ecall(instruction)?;
    }
    Ok(())
}

/// Bytes of the program's image; none if they don't all lie in it.
fn constant(program: &Program, address: u64, length: u64) -> Option<Vec<u8>> {
    let end = address.checked_add(length)?;
    (address..end)
        .map(|at| program.memory_image.get(&(at & !7)).map(|word| word.to_le_bytes()[(at & 7) as usize]))
        .collect()
}
