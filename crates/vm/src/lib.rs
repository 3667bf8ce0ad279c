//! Fault proof VMs: the machines that a dispute's last step is judged on, emulated fast.
//!
//! [`mips`] is cannon's `multithreaded64-5` (state version 8), [`riscv`] is asterisc. State hashes, witnesses, proofs and files
//! are the same, byte for byte, as those of the machine that contracts on L1 execute a single step of, but for one part of a
//! proof that L1 does not look at: where a step of cannon needs no proof of a second word of memory, there stands that of the
//! last `clock_gettime` before it, for us of the last one that was proven.
//!
//! A machine's instructions have one meaning, written once, over whatever they load from and store to ([`Words`]): pages
//! ([`Memory`]) to run a program, and the few words that a proof shows ([`ProvenMemory`]) to check a step as L1 does. What
//! lies outside the machine, the preimage server, is a [`Server`].
//!
//! This crate knows no command line and starts no process.

mod code;
pub mod elf;
mod fields;
pub mod file;
mod machine;
mod memory;
pub mod mips;
mod oracle;
mod order;
mod page;
pub mod profile;
mod proof;
pub mod riscv;
pub mod run;
mod tree;

pub use code::{Code, CodePage, Decode};
pub use fields::StateError;
pub use machine::{Preimage, Reached, Stream};
pub use memory::Memory;
pub use oracle::{NoServer, Pipes, PreimageRead, Preimages, ReadError, Server, ServerError};
pub use order::{BigEndian, LittleEndian, Order};
pub use page::{PAGE_BYTES, PAGE_WORDS, Page};
pub use proof::{PROOF_BYTES, Paged, Proof, ProvenMemory, Tracked, Unproven, Words};
