//! One run of the fault proof program in this process: a dispute in, a judgement out.

use crate::{Counts, HostError, LocalInputs, NativeOracle, Store, answer_offline, precompile};
use alloy_primitives::{B256, Bytes};
use kohala_preimage::Oracle;
use kohala_program::{
    Boot, CUSTOM_CHAIN, Event, LocalKey, OracleInputs, Program, ProgramError, Progress, ReadError, Verdict,
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// What a dispute fixes.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// Hash of the newest L1 block that may be used.
    pub l1_head: B256,
    /// The output root that both parties agree on.
    pub agreed_output_root: B256,
    /// The output root that is claimed.
    pub claimed_output_root: B256,
    /// Number of the L2 block that it is claimed for.
    pub claimed_block_number: u64,
    /// The chain it is about.
    pub chain: Chain,
}

/// The chain that a dispute is about.
#[derive(Debug, Clone)]
pub enum Chain {
    /// One whose configuration the program knows, by its L2 chain id.
    Known(u64),
    /// Any other.
    Custom {
        /// The rollup configuration, JSON as op-node reads it.
        rollup: Bytes,
        /// The L1 chain's configuration, JSON as geth writes it; not needed where the program knows the L1 chain.
        l1: Option<Bytes>,
    },
}

impl Dispute {
    /// The dispute as boot inputs, where op-program's host puts them.
    pub fn inputs(&self) -> LocalInputs {
        let mut inputs = LocalInputs::new();
        let mut put = |key: LocalKey, value: &[u8]| inputs.insert(key as u64, Bytes::copy_from_slice(value));
        put(LocalKey::L1Head, self.l1_head.as_slice());
        put(LocalKey::AgreedOutputRoot, self.agreed_output_root.as_slice());
        put(LocalKey::ClaimedOutputRoot, self.claimed_output_root.as_slice());
        put(LocalKey::ClaimedBlockNumber, &self.claimed_block_number.to_be_bytes());
        match &self.chain {
            Chain::Known(id) => {
                put(LocalKey::ChainId, &id.to_be_bytes());
            }
            Chain::Custom { rollup, l1 } => {
                put(LocalKey::ChainId, &CUSTOM_CHAIN.to_be_bytes());
                put(LocalKey::RollupConfig, rollup);
                if let Some(l1) = l1 {
                    put(LocalKey::L1ChainConfig, l1);
                }
            }
        }
        inputs
    }

    /// The dispute that these boot inputs say; `None` where something is missing or has another length.
    pub fn of_inputs(inputs: &LocalInputs) -> Option<Self> {
        let input = |key: LocalKey| inputs.get(&(key as u64));
        let hash = |key| B256::try_from(&input(key)?[..]).ok();
        let number = |key| Some(u64::from_be_bytes(input(key)?[..].try_into().ok()?));
        let chain = match number(LocalKey::ChainId)? {
            CUSTOM_CHAIN => Chain::Custom {
                rollup: input(LocalKey::RollupConfig)?.clone(),
                l1: input(LocalKey::L1ChainConfig).cloned(),
            },
            id => Chain::Known(id),
        };
        Some(Self {
            l1_head: hash(LocalKey::L1Head)?,
            agreed_output_root: hash(LocalKey::AgreedOutputRoot)?,
            claimed_output_root: hash(LocalKey::ClaimedOutputRoot)?,
            claimed_block_number: number(LocalKey::ClaimedBlockNumber)?,
            chain,
        })
    }
}

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

/// Runs the program on `store`, its host on a thread beside it.
///
/// # Errors
/// Where there is no verdict. None of them says anything about the claim.
pub fn judge(store: &Store, dispute: &Dispute, watch: impl FnMut(Sight<'_>)) -> Result<Judgement, JudgeError> {
    let (oracle, requests) = NativeOracle::new(store, dispute.inputs());
    thread::scope(|scope| {
        scope.spawn(|| answer_offline(requests));
        // The oracle moves in here, so that it is gone at the end: the host's thread waits for its requests till then.
        let mut oracle = oracle;
        let judgement = run(&mut oracle, watch)?;
        Ok(Judgement { reads: oracle.reads(), ..judgement })
    })
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
