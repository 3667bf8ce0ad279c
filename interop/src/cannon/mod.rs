//! Cannon, the fault proof VM of the OP Stack: its command line, its VM as a process that makes step after step, what
//! op-challenger makes of a trace, and op-program's client as a program for it.
//!
//! [`State`]s and what they are about to execute are made by chance from a seed. Nothing here judges a step, or knows what it
//! should come to: who knows is [`Lockstep`], which is cannon's real code.

mod case;
mod instruction;
mod lockstep;
mod program;
mod state;

pub use case::{Case, KINDS};
pub use lockstep::{Answer, Lockstep, Proof, Request};
pub use program::{program, reader};
pub use state::{Link, PAGE, State, Thread};

use crate::programs;
use anyhow::Result;
use std::path::PathBuf;

/// Cannon's programs, as they were built.
#[derive(Clone, Debug)]
pub struct Cannon {
    directory: PathBuf,
}

impl Cannon {
    /// Builds what is not there yet: about a minute and a half the first time.
    ///
    /// # Errors
    /// If there is no Go, or if it fails, which it does without a network the first time.
    pub fn build() -> Result<Self> {
        Ok(Self { directory: programs::cannon()? })
    }

    /// The command line: `load-elf`, `run`, `witness`.
    pub fn vm(&self) -> PathBuf {
        self.directory.join("cannon")
    }

    /// What has op-challenger read a trace that a VM makes.
    pub fn challenger(&self) -> PathBuf {
        self.directory.join("challenger")
    }

    /// op-program's client, an ELF file for the VM.
    pub fn op_program_client(&self) -> PathBuf {
        self.directory.join("op-program-client.elf")
    }
}
