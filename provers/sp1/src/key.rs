//! Verifying keys: what proofs of a guest are verified by.

use crate::guest::Guest;
use anyhow::{Context, Result, anyhow, ensure};
use sp1_sdk::{HashableKey, SP1VerifyingKey};
use std::{fs, path::Path};

/// What a key's file begins with. The SHA-256 of the guest's ELF file follows, and the key as SP1 serializes it.
const MAGIC: &[u8] = b"kohala-sp1 verifying key 1\n";

/// The verifying key of a guest.
pub struct Key {
    /// The key.
    pub sp1: SP1VerifyingKey,
    /// SHA-256 of the guest's ELF file.
    pub elf_sha256: [u8; 32],
}

impl Key {
    /// A guest's key. To compute it takes about 20 seconds of a core.
    pub fn of(guest: &Guest) -> Result<Self> {
        Ok(Self { sp1: guest.verifying_key()?, elf_sha256: guest.sha256() })
    }

    /// Reads a key that [`write`](Self::write) wrote.
    pub fn read(flag: &str, path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("{flag}: {} can't be read", path.display()))?;
        Self::decode(&bytes)
            .ok_or_else(|| anyhow!("{flag}: {} is no verifying key that `vkey --out` wrote", path.display()))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (sha256, key) = bytes.strip_prefix(MAGIC)?.split_at_checked(32)?;
        Some(Self { sp1: bincode::deserialize(key).ok()?, elf_sha256: sha256.try_into().ok()? })
    }

    /// Writes the key whole: its hash is not enough to verify core proofs.
    pub fn write(&self, path: &Path) -> Result<()> {
        let key = bincode::serialize(&self.sp1).context("the verifying key")?;
        fs::write(path, [MAGIC, &self.elf_sha256, &key].concat())
            .with_context(|| format!("--out: {} can't be written", path.display()))
    }

    /// Refuses the key of another guest.
    pub fn check(&self, flag: &str, guest: &Guest) -> Result<()> {
        ensure!(self.elf_sha256 == guest.sha256(), "{flag}: it is the verifying key of another guest");
        Ok(())
    }

    /// The hash that contracts on L1 know the guest by.
    pub fn on_chain(&self) -> String {
        self.sp1.bytes32()
    }

    /// The hash that guests know the guest by when they verify its proofs: eight words, in big endian.
    pub fn program(&self) -> [u8; 32] {
        self.sp1.hash_bytes()
    }
}
