//! Runs of guests, without a proof.

use crate::{guest::Guest, host::Host};
use anyhow::{Context, Result, ensure};
use risc0_binfmt::tagged_struct;
use risc0_circuit_rv32im::{
    MAX_INSN_CYCLES, TerminateState,
    execute::{CycleLimit, DEFAULT_SEGMENT_LIMIT_PO2, Executor},
};
use risc0_zkp::core::hash::sha::{Impl, Sha256};

/// What came out of a run and what it took.
#[derive(Clone, Debug)]
pub struct Execution {
    /// What the guest committed to.
    pub journal: Vec<u8>,
    /// Cycles of the guest and its kernel.
    pub cycles: u64,
    /// The same and what paging takes, filled up segment by segment: what is proven.
    pub total_cycles: u64,
    /// Pieces that the run is proven in.
    pub segments: u64,
    /// Permutations of Keccak-256, which another circuit proves.
    pub permutations: u64,
}

/// Runs a guest on one frame of input.
///
/// # Errors
/// If the guest fails, or does what this machine doesn't offer. There is no proof of such a run.
pub fn execute(guest: &Guest, input: &[u8]) -> Result<Execution> {
    let host = Host::new(input)?;
    let mut executor = Executor::new(guest.image.clone(), &host, None, Vec::new(), None);
    let result = executor.run(DEFAULT_SEGMENT_LIMIT_PO2, MAX_INSN_CYCLES, CycleLimit::None, |_| Ok(()));
    let result = result?;
    let TerminateState { a0, .. } = result.claim.terminate_state.context("the guest didn't end")?;
    let (exit_code, how) = (a0.0, a0.1);
    ensure!((exit_code, how) == (0, 0), "the guest ended with exit code {exit_code}, in way {how}");
    let (journal, assumptions, permutations) = host.into_heard();
    // What a proof holds is the hash of all that was committed to, and of what other proofs it takes.
    let output = tagged_struct::<Impl>("risc0.Output", &[*Impl::hash_bytes(&journal), assumptions], &[]);
    ensure!(result.claim.output == Some(output), "the guest committed to something else than it said");
    let (cycles, total_cycles, segments) = (result.user_cycles, result.total_cycles, result.segments);
    Ok(Execution { journal, cycles, total_cycles, segments, permutations })
}
