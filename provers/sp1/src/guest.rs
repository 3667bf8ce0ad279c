//! Guests: the programs that SP1 runs and proves.

use crate::proof::quietly;
use anyhow::{Context, Result, anyhow, ensure};
use object::{Object, ObjectSymbol};
use sha2::{Digest, Sha256};
use sp1_core_executor::Program;
use sp1_sdk::{
    Elf, ProvingKey, SP1VerifyingKey,
    blocking::{LightProver, Prover},
};
use std::{fs, path::Path, sync::Arc};

/// A program for SP1's VM (RISC-V 64, `riscv64im-succinct-zkvm-elf`).
pub struct Guest {
    /// The executable, as it was read.
    pub elf: Elf,
    /// What the executor makes of it.
    pub program: Arc<Program>,
}

/// The end of that function's path, as symbols have it: `kohala_zkvm::witness::Witness::value`.
const VALUE: &str = "7Witness5value";

impl Guest {
    /// Reads an ELF file.
    ///
    /// Fails if it can't be read, or if SP1 can't run it.
    pub fn read(path: &Path) -> Result<Self> {
        let elf = fs::read(path).with_context(|| format!("the guest {} can't be read", path.display()))?;
        Self::new(elf).with_context(|| format!("the guest {} can't be used", path.display()))
    }

    /// The guest in the bytes of an ELF file.
    pub fn new(elf: Vec<u8>) -> Result<Self> {
        let header = elf.get(..20).filter(|header| header.starts_with(b"\x7fELF")).context("it is no ELF file")?;
        // Class 64, little endian; machine 243.
        ensure!(
            header[4..6] == [2, 1] && header[18..20] == [243, 0],
            "it is not for RISC-V 64: `cargo xtask guests --target sp1` builds guests for SP1"
        );
        let program = disassemble(&elf)?;
        ensure!(!program.enable_untrusted_programs, "it loads programs of others, which Kohala's guests don't");
        Ok(Self { elf: elf.into(), program: Arc::new(program) })
    }

    /// SHA-256 of the file.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&*self.elf).into()
    }

    /// Where the function begins that checks a value of the witness, if the guest has one and its symbols.
    pub fn values(&self) -> Option<u64> {
        let file = object::File::parse(&*self.elf).ok()?;
        file.symbols()
            .find(|symbol| symbol.name().is_ok_and(|name| name.contains(VALUE)))
            .map(|symbol| symbol.address())
    }

    /// The key that proofs of this guest are verified by. It takes seconds to compute.
    pub fn verifying_key(&self) -> Result<SP1VerifyingKey> {
        let key = LightProver::new().setup(self.elf.clone()).context("the guest's verifying key can't be computed")?;
        Ok(key.verifying_key().clone())
    }
}

/// SP1's reading of an ELF file, which panics on some of those that it can't use.
fn disassemble(elf: &[u8]) -> Result<Program> {
    match quietly(|| Program::from(elf)) {
        Some(program) => program.map_err(|error| anyhow!("SP1 can't run it: {error}")),
        None => Err(anyhow!("SP1 can't run it: it has segments or instructions that SP1 doesn't know")),
    }
}
