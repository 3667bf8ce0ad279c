//! One run of the fault proof program in this process: a dispute in, a judgement out.

use crate::{Counts, Dispute, HostError, NativeOracle, Store, precompile};
use kohala_preimage::Oracle;
use kohala_program::{Boot, Event, OracleInputs, Program, ProgramError, Progress, ReadError, Verdict};
use std::time::{Duration, Instant};

/// What a run found, and what it took.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The program's answer.
    pub verdict: Verdict,
    /// Where the time went.
    pub phases: Phases,
    /// L2 blocks that were executed, those included that a span batch took back before Holocene.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Gas used by them.
    pub gas_used: u64,
    /// Preimages that the program read.
    pub reads: Counts,
}

/// Wall time by phase.
#[derive(Debug, Clone, Copy, Default)]
pub struct Phases {
    /// Boot inputs, the agreed state, the walk back to where derivation starts.
    pub prologue: Duration,
    /// From L1 data to payload attributes.
    pub derivation: Duration,
    /// From payload attributes to headers.
    pub execution: Duration,
    /// The comparison with the claim.
    pub epilogue: Duration,
}

/// What can be seen of a run while it goes on.
#[derive(Debug)]
pub enum Sight<'a> {
    /// The prologue is over.
    Started {
        /// The boot inputs.
        boot: &'a Boot,
        /// Number of the agreed block.
        agreed: u64,
    },
    /// Derivation dropped something.
    Dropped(Event),
    /// The program took a step.
    Step(&'a Progress),
}

/// Why a run ended without a verdict.
pub type JudgeError = ProgramError<ReadError<HostError>>;

/// Runs the program on `store`.
///
/// # Errors
/// Where there is no verdict. None of them says anything about the claim.
pub fn judge(store: &Store, dispute: &Dispute, watch: impl FnMut(Sight<'_>)) -> Result<Judgement, JudgeError> {
    let mut oracle = NativeOracle::new(store, dispute.inputs());
    let judgement = run(&mut oracle, watch)?;
    Ok(Judgement { reads: oracle.reads(), ..judgement })
}

/// The program from boot to verdict. What was read, `oracle` knows.
pub(crate) fn run<O: Oracle<Error = HostError>>(
    oracle: &mut O,
    mut watch: impl FnMut(Sight<'_>),
) -> Result<Judgement, JudgeError> {
    precompile::use_native_crypto();
    let start = Instant::now();
    let boot = Boot::read(oracle)?;
    let mut program = Program::start(boot, OracleInputs::new(oracle).announcing_paths())?;
    let mut phases = Phases { prologue: start.elapsed(), ..Phases::default() };
    let (mut blocks, mut transactions, mut gas_used) = (0, 0, 0);
    watch(Sight::Started { boot: program.boot(), agreed: program.head().number });
    loop {
        let start = Instant::now();
        let progress = program.step()?;
        let phase = match &progress {
            Progress::Derived(_) => &mut phases.derivation,
            Progress::Executed(_) | Progress::Rejected { .. } => &mut phases.execution,
            Progress::Judged(_) => &mut phases.epilogue,
        };
        *phase += start.elapsed();
        program.events().for_each(|event| watch(Sight::Dropped(event)));
        watch(Sight::Step(&progress));
        match progress {
            Progress::Executed(block) => {
                blocks += 1;
                transactions += block.receipts.len() as u64;
                gas_used += block.header.gas_used;
            }
            Progress::Judged(verdict) => {
                return Ok(Judgement { verdict, phases, blocks, transactions, gas_used, reads: Counts::default() });
            }
            Progress::Derived(_) | Progress::Rejected { .. } => {}
        }
    }
}
