//! asterisc: a RISC-V machine of 64 bits with one thread, RV64IMA without compressed instructions (V20 to V25).
//!
//! [`Machine`] runs a [`State`], step by step or fast, and proves steps; [`replay`] checks a proof as L1 does. States come
//! from an ELF file ([`State::load`]) or from files that asterisc writes, and are written as it writes them.
//!
//! It follows asterisc's `rvgo`, whose fast and slow machines agree in every state that they give (`slow` is what the
//! contract on L1 does). Floating point, fences, breakpoints and control registers do nothing.

mod core;
mod decode;
mod execute;
mod machine;
mod revert;
mod state;
mod system;

pub use self::core::{Core, Registers, WITNESS_BYTES, Witness, state_hash};
pub use machine::{Machine, Proven, Reason, Stopped, replay};
pub use revert::Revert;
pub use state::{LoadError, State};
