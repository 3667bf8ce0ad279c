//! Guests: the programs that RISC Zero's machine runs.

use anyhow::{Context, Result};
use risc0_binfmt::{MemoryImage, ProgramBinary};
use risc0_zkos_v1compat::V1COMPAT_ELF;
use std::{fs, path::Path};

/// A program for RISC Zero's machine (RISC-V 32, `riscv32im-risc0-zkvm-elf`), beside RISC Zero's kernel.
#[derive(Debug)]
pub struct Guest {
    pub(crate) image: MemoryImage,
    /// What proofs of this guest are verified by.
    pub image_id: [u8; 32],
}

impl Guest {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// If it can't be read, or is none that the machine can run.
    pub fn read(path: &Path) -> Result<Self> {
        let elf = fs::read(path).with_context(|| format!("the guest {} can't be read", path.display()))?;
        Self::new(&elf).with_context(|| format!("the guest {} can't be used", path.display()))
    }

    /// The guest in the bytes of an ELF file.
    ///
    /// # Errors
    /// If it is none that the machine can run.
    pub fn new(elf: &[u8]) -> Result<Self> {
        let binary = ProgramBinary::new(elf, V1COMPAT_ELF);
        Ok(Self { image: binary.to_image()?, image_id: binary.compute_image_id()?.into() })
    }
}
