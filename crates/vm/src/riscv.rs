//! asterisc: a RISC-V processor of 64 bits with one thread, RV64IMA without compressed instructions.
//!
//! It follows asterisc's `rvgo`, whose fast and slow machines agree wherever there is a next state; the contract on L1 does
//! what the slow one does. Floating point, fences and breakpoints do nothing; control registers read as 0.
//!
//! In one place it is L1 instead: once asterisc's fast machine has hashed its memory, it hashes of the stores into a page that
//! follow only the first one anew (`Invalidate` in `rvgo/fast/radix.go`). The hashes that it gives after a second store are those
//! of no memory; a first hash, and a proof of the step behind it, are right.

mod core;
mod decode;
mod execute;
mod file;
mod replay;
mod revert;
mod state;
mod step;
mod system;
mod vm;

pub use self::core::{Core, Registers, WITNESS_BYTES, Witness};
pub use replay::replay;
pub use revert::Revert;
pub use state::{LoadError, State};
pub use step::{Fault, StepError};
pub use vm::{StepProof, Vm};
