use crate::{
    Machine, Phase, Statement,
    witness::{Witness, WitnessError},
};
use alloy_primitives::Bytes;
use kohala_program::{OracleInputs, Program, ProgramError, Progress, ReadError, Verdict};

/// Why a witness proves no statement.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The witness is none.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The program came to no verdict.
    #[error(transparent)]
    Program(#[from] ProgramError<ReadError<WitnessError>>),
    /// L1 has not given rise to the claimed block yet. In a dispute the last block's output root is then the right claim for
    /// every number above (rules Z01); a proof is of the block that it names.
    #[error("the L1 head gives rise to no block {} yet, only to {}", .0.claimed_block_number, .0.block_number)]
    Short(Verdict),
    /// The claim is wrong.
    #[error("the claim is wrong: the output root of block {} is {}, not {}", .0.block_number, .0.output_root, .0.claimed_output_root)]
    Wrong(Verdict),
}

/// Runs the program on a witness, and checks the witness on the way: the statement was proven, if this ran in a zkVM.
///
/// Values of the witness are used where they lie, and hashed fastest if it begins at a multiple of eight.
///
/// # Errors
/// Where the witness is not just what the program reads, or the claim is wrong, or ahead of L1.
pub fn judge<M: Machine>(input: Bytes) -> Result<Statement, ClaimError> {
    M::enters(Phase::Witness);
    let mut witness = Witness::read::<M>(input)?;
    let statement = *witness.statement();
    M::enters(Phase::Boot);
    let boot = witness.boot()?;
    let verdict = verdict::<M>(Program::start(boot, inputs::<M>(&mut witness))?)?;
    witness.finish()?;
    match verdict {
        verdict if verdict.block_number != verdict.claimed_block_number => Err(ClaimError::Short(verdict)),
        verdict if !verdict.is_valid() => Err(ClaimError::Wrong(verdict)),
        _ => Ok(statement),
    }
}

fn inputs<M: Machine>(witness: &mut Witness) -> OracleInputs<&mut Witness> {
    OracleInputs::new(witness).at_roots(|| M::enters(Phase::Trie))
}

fn verdict<M: Machine>(mut program: Program<OracleInputs<&mut Witness>>) -> Result<Verdict, ClaimError> {
    let claimed = program.boot().claimed_block_number;
    let mut phase = Phase::Derivation;
    loop {
        M::enters(if program.head().number == claimed { Phase::Epilogue } else { phase });
        phase = match program.step()? {
            Progress::Derived(_) => Phase::Execution,
            Progress::Executed(_) | Progress::Rejected { .. } => Phase::Derivation,
            Progress::Judged(verdict) => return Ok(verdict),
        };
    }
}
