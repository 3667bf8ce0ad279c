//! cannon's `multithreaded64-5`: a MIPS64 processor with threads, state version 8.
//!
//! Where the specification and cannon's Go code differ, this is the Go code. In one place it is L1 instead: a program that
//! stores into its own instructions executes what it has stored, as the contract does; cannon decodes all code when it
//! starts and would go on with what was there.
//!
//! Specification: the OP Stack's "Cannon Fault Proof Virtual Machine".

mod core;
mod execute;
mod instruction;
mod load;
mod replay;
mod state;
mod stats;
mod step;
mod syscall;
mod thread;
mod vm;

pub use self::core::{Core, Reservation, WITNESS_BYTES, Witness};
pub use instruction::{Instruction, Op};
pub use load::LoadError;
pub use replay::{ReplayError, replay};
pub use state::{State, VERSION};
pub use stats::{DebugInfo, Stats};
pub use step::{Event, Fault, Outside, step};
pub use thread::{HiLo, Registers, Stack, THREAD_BYTES, Thread};
pub use vm::{StepError, StepProof, Vm};
