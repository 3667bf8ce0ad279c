//! The runtime of programs on fault proof VMs: asterisc (RISC-V 64) and cannon (MIPS 64).
//!
//! What an operating system does elsewhere is here: the entry (`entry!`), system calls, memory, the preimage oracle over
//! file descriptors (`HostOracle`). And what the processor does elsewhere: copying, and keccak256 in as few
//! instructions as the two machines can do it in. A VM's dispute is about one instruction, and every instruction is run
//! by every challenger: fewer of them is all that counts here.
//!
//! It knows nothing of chains, and has no threads, no clock, no files. It is the only crate with `unsafe`. Natively only
//! the parts exist that can be tested there.
//!
//! Rules V09 to V14 (cannon) and V20 to V24 (asterisc).
#![no_std]
#![cfg_attr(all(target_os = "none", target_arch = "mips64"), feature(asm_experimental_arch))]

extern crate alloc;

#[cfg(test)]
extern crate std;

#[cfg(any(test, target_os = "none"))]
mod bump;
#[cfg(any(test, target_os = "none"))]
mod keccak;
#[cfg(any(test, target_os = "none"))]
mod memory;

#[cfg(target_os = "none")]
mod oracle;
#[cfg(target_os = "none")]
mod runtime;
#[cfg(target_os = "none")]
mod system;

#[cfg(target_os = "none")]
pub use {
    oracle::HostOracle,
    runtime::{Exit, stderr},
};
