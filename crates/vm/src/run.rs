//! A machine's run, as op-challenger has it: on the way proofs and snapshots are written, and it stops where it should.

mod asterisc;
mod cannon;
mod metadata;
mod output;
mod pattern;
mod record;
mod stop;

pub use metadata::Metadata;
pub use output::{Format, Names, NamesError, Output, OutputError};
pub use pattern::{Pattern, PatternError};
pub use record::{AsteriscWitness, CannonWitness, Proof, Read};
pub use stop::{PreimageStop, key_type};

use crate::PreimageRead;
use std::{
    error::Error,
    io::{self, Write},
};

/// A machine in the midst of its run, with all that it talks to.
pub trait Machine {
    /// Why it can't go on.
    type Error: Error + Send + Sync + 'static;

    /// How many steps were made.
    fn step(&self) -> u64;

    /// The program's exit code, once it has ended.
    fn exit_code(&self) -> Option<u8>;

    /// Where it is.
    fn place(&mut self) -> Place;

    /// Makes steps until their number is `until` or the program ends. With `pause`, a step that reads a preimage is the last as
    /// well.
    ///
    /// # Errors
    /// Where a step can't be made.
    fn advance(&mut self, until: u64, pause: bool) -> Result<(), Self::Error>;

    /// Makes one step, and tells all that L1 needs to make it.
    ///
    /// # Errors
    /// As [`Machine::advance`].
    fn prove(&mut self) -> Result<Proof, Self::Error>;

    /// What the last step has read.
    fn last_read(&self) -> Option<PreimageRead<'_>>;

    /// Takes note that the run is over: what is written next is the last state.
    fn finish(&mut self) {}

    /// Writes the state as a file has it, not compressed.
    ///
    /// # Errors
    /// Those of `out`, or where the machine has no files of this format.
    fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()>;
}

/// Where a machine is, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The address of the instruction that is next.
    pub pc: u64,
    /// That instruction.
    pub instruction: u32,
    /// Pages of memory that were touched so far.
    pub pages: usize,
}

/// What is done on the way. At one step it is done in this order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// When something is said of the run.
    pub info_at: Pattern,
    /// When it stops.
    pub stop_at: Pattern,
    /// When the state is written.
    pub snapshot_at: Pattern,
    /// Where the state is written to.
    pub snapshots: Names,
    /// When the step that is next is proved.
    pub proof_at: Pattern,
    /// Where proofs are written to.
    pub proofs: Names,
    /// After which read it stops.
    pub stop_at_preimage: Option<PreimageStop>,
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The program has ended, with this code.
    Exited(u8),
    /// It has come to where it stops.
    Stopped,
    /// A preimage was read after which it stops.
    PreimageRead,
}

/// Why a run can't go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E: Error + 'static> {
    /// A step can't be made.
    #[error(transparent)]
    Step(E),
    /// A snapshot or a proof can't be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The machine has made as many steps as it can count.
    #[error("no step is counted behind step {}", u64::MAX)]
    Uncounted,
}

/// Runs a machine until it ends or stops; `inform` says something of it when the plan wants that.
///
/// # Errors
/// Where a step can't be made, or not be counted, or a file not be written.
pub fn run<M: Machine>(
    machine: &mut M,
    plan: &Plan,
    mut inform: impl FnMut(&mut M),
) -> Result<End, RunError<M::Error>> {
    let patterns = [plan.info_at, plan.stop_at, plan.snapshot_at, plan.proof_at];
    loop {
        if let Some(code) = machine.exit_code() {
            return Ok(End::Exited(code));
        }
        let step = machine.step();
        if plan.info_at.matches(step) {
            inform(machine);
        }
        if plan.stop_at.matches(step) {
            return Ok(End::Stopped);
        }
        if plan.snapshot_at.matches(step) {
            let snapshot = plan.snapshots.at(step);
            snapshot.write(|out| machine.write(snapshot.format(), out))?;
        }
        if plan.proof_at.matches(step) {
            let proof = machine.prove().map_err(RunError::Step)?;
            plan.proofs.at(step).write_json(&proof)?;
        } else if step == u64::MAX {
            return Err(RunError::Uncounted);
        } else {
            let until = patterns.iter().filter_map(|pattern| pattern.after(step)).min().unwrap_or(u64::MAX);
            machine.advance(until, plan.stop_at_preimage.is_some()).map_err(RunError::Step)?;
        }
        // The read is that of the step before.
        let last = machine.step().wrapping_sub(1);
        let stop = plan.stop_at_preimage.as_ref().zip(machine.last_read());
        if stop.is_some_and(|(stop, read)| stop.matches(&read, last)) {
            return Ok(End::PreimageRead);
        }
    }
}

#[cfg(test)]
mod tests;
