//! What a guest asks for: RISC Zero's system calls, those of them that Kohala's guest makes.

use anyhow::{Context, Result, bail, ensure};
use risc0_binfmt::{ByteAddr, tagged_list, tagged_struct};
use risc0_circuit_rv32im::execute::{REG_A3, REG_A4, REG_A5, Syscall, SyscallContext};
use risc0_zkp::core::{digest::Digest, hash::sha::Impl};
use std::{cell::RefCell, mem};

/// File descriptors.
const STDIN: u32 = 0;
const STDOUT: u32 = 1;
const STDERR: u32 = 2;
const JOURNAL: u32 = 3;

/// Ways to call for Keccak-256.
const PERMUTE: u32 = 0;
const PROVE: u32 = 1;

/// Permutations that are proven at once: a circuit of 2^17 rows has room for them, 200 rows each.
const BATCH: usize = (1 << 17) / 200;

/// Longest name of a system call, and longest message of a guest that panics.
const MAX_TEXT: usize = 4096;

/// The host of one run.
#[derive(Debug)]
pub(crate) struct Host {
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The guest's standard input, and how much of it was read.
    input: Vec<u8>,
    read: usize,
    journal: Vec<u8>,
    /// Digests of what other proofs show, newest first.
    assumptions: Vec<Digest>,
    permutations: u64,
    /// Permutations that wait to be proven.
    batch: usize,
    /// The last call's two results.
    results: [u32; 2],
}

impl Host {
    /// The host that hands over one frame of input.
    pub(crate) fn new(frame: &[u8]) -> Result<Self> {
        let length = u32::try_from(frame.len()).context("the input is longer than the machine's memory")?;
        let input = [&length.to_le_bytes(), frame].concat();
        Ok(Self { state: RefCell::new(State { input, ..State::default() }) })
    }

    /// What the guest committed to, the digest of what other proofs have to show, and how often Keccak-256 was permuted.
    pub(crate) fn into_heard(self) -> (Vec<u8>, Digest, u64) {
        let State { journal, assumptions, permutations, .. } = self.state.into_inner();
        (journal, tagged_list::<Impl>("risc0.Assumptions", &assumptions), permutations)
    }
}

impl Syscall for Host {
    /// The kernel reads twice for each call: from the address of the call's name what the call brings, and from 0 its results.
    fn host_read(&self, ctx: &mut impl SyscallContext, from: u32, bytes: &mut [u8]) -> Result<u32> {
        let state = &mut *self.state.borrow_mut();
        if from == 0 {
            let results = mem::take(&mut state.results);
            bytes
                .iter_mut()
                .zip(results.iter().flat_map(|result| result.to_le_bytes()))
                .for_each(|(to, byte)| *to = byte);
        } else {
            let name = name(ctx, from)?;
            // All have the path of RISC Zero's module before them.
            state.results = match name.rsplit("::").next() {
                Some("SYS_READ") => state.read(ctx, bytes)?,
                Some("SYS_WRITE") => state.write(ctx)?,
                Some("SYS_KECCAK") => state.keccak(ctx, bytes)?,
                Some("SYS_VERIFY_INTEGRITY2") => state.assume(ctx)?,
                // Seeds of hash tables. A host may choose them as it likes: so that runs are repeated exactly, they are zeros.
                Some("SYS_RANDOM") => [0; 2],
                Some("SYS_PANIC") => bail!("the guest failed: {}", text(ctx)?),
                _ => bail!("the guest makes the system call {name:?}, which is not offered here"),
            };
        }
        Ok(bytes.len() as u32)
    }

    /// The kernel's own words.
    fn host_write(&self, _: &mut impl SyscallContext, _: u32, bytes: &[u8]) -> Result<u32> {
        eprintln!("{}", String::from_utf8_lossy(bytes));
        Ok(bytes.len() as u32)
    }
}

impl State {
    /// Whole words go to `bytes`, what is less than a word is the second result. The first one is how many bytes it was.
    fn read(&mut self, ctx: &mut impl SyscallContext, bytes: &mut [u8]) -> Result<[u32; 2]> {
        let fd = ctx.peek_register(REG_A3)?;
        ensure!(fd == STDIN, "the guest reads from file descriptor {fd}, which is not open");
        let asked = ctx.peek_register(REG_A4)? as usize;
        let rest = asked.checked_sub(bytes.len()).filter(|rest| *rest < 4).context("the guest reads no whole words")?;
        let mut last = [0; 4];
        let read = self.take(bytes) + self.take(&mut last[..rest]);
        Ok([read as u32, u32::from_le_bytes(last)])
    }

    /// Fills `bytes` as far as there is input.
    fn take(&mut self, bytes: &mut [u8]) -> usize {
        let input = &self.input[self.read..];
        let length = input.len().min(bytes.len());
        bytes[..length].copy_from_slice(&input[..length]);
        self.read += length;
        length
    }

    fn write(&mut self, ctx: &mut impl SyscallContext) -> Result<[u32; 2]> {
        let (fd, address) = (ctx.peek_register(REG_A3)?, ctx.peek_register(REG_A4)?);
        let length = ctx.peek_register(REG_A5)? as usize;
        let bytes = ctx.peek_region(ByteAddr(address), length)?;
        match fd {
            JOURNAL => self.journal.extend(bytes),
            STDOUT | STDERR => eprint!("{}", String::from_utf8_lossy(&bytes)),
            _ => bail!("the guest writes to file descriptor {fd}, which is not open"),
        }
        Ok([0; 2])
    }

    /// Permutes a state, or has all that were permuted proven. The first result says that it is time to have them proven.
    fn keccak(&mut self, ctx: &mut impl SyscallContext, bytes: &mut [u8]) -> Result<[u32; 2]> {
        match (ctx.peek_register(REG_A3)?, bytes.len()) {
            (PERMUTE, 200) => {
                let address = ctx.peek_register(REG_A4)?;
                let region = ctx.peek_region(ByteAddr(address), bytes.len())?;
                let mut lanes = [0; 25];
                for (lane, bytes) in lanes.iter_mut().zip(region.as_chunks().0) {
                    *lane = u64::from_le_bytes(*bytes);
                }
                keccak::f1600(&mut lanes);
                for (bytes, lane) in bytes.as_chunks_mut().0.iter_mut().zip(lanes) {
                    *bytes = lane.to_le_bytes();
                }
                self.permutations += 1;
                self.batch += 1;
                ensure!(self.batch <= BATCH, "the guest permutes more than can be proven at once");
                Ok([u32::from(self.batch == BATCH), 0])
            }
            (PROVE, 0) => {
                self.batch = 0;
                Ok([0; 2])
            }
            (mode, length) => bail!("the guest calls for Keccak-256 in way {mode} with {length} bytes"),
        }
    }

    /// Remembers what another proof has to show. Whether one can is not known before it is made.
    fn assume(&mut self, ctx: &mut impl SyscallContext) -> Result<[u32; 2]> {
        let address = ctx.peek_register(REG_A3)?;
        let digest = |bytes: &[u8]| Digest::try_from(bytes).context("a digest of 32 bytes");
        let bytes = ctx.peek_region(ByteAddr(address), 64)?;
        let assumption = [digest(&bytes[..32])?, digest(&bytes[32..])?];
        self.assumptions.insert(0, tagged_struct::<Impl>("risc0.Assumption", &assumption, &[]));
        Ok([0; 2])
    }
}

/// The name at an address, up to a zero.
fn name(ctx: &mut impl SyscallContext, address: u32) -> Result<String> {
    let mut name = Vec::new();
    while name.len() < MAX_TEXT {
        match ctx.peek_u8(ByteAddr(address.wrapping_add(name.len() as u32)))? {
            0 => return String::from_utf8(name).context("the guest makes a system call without a name"),
            byte => name.push(byte),
        }
    }
    bail!("the guest makes a system call without a name")
}

/// What the guest says: an address and a length.
fn text(ctx: &mut impl SyscallContext) -> Result<String> {
    let (address, length) = (ctx.peek_register(REG_A3)?, ctx.peek_register(REG_A4)? as usize);
    Ok(String::from_utf8_lossy(&ctx.peek_region(ByteAddr(address), length.min(MAX_TEXT))?).into_owned())
}
