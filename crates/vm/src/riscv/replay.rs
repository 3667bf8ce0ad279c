//! A step taken from its proof alone: what the contract on L1 does.

use super::{
    Core, Fault, StepError, Witness,
    step::{Outside, step},
};
use crate::{LittleEndian, PROOF_BYTES, PreimageRead, Proof, ProvenMemory, ReadError, ServerError, Stream};
use kohala_preimage::Key;

/// The witness after one step from `witness`, which `proofs` show the memory of, and where `preimage` is read.
///
/// # Errors
/// Where the proofs don't show what the step needs, or the step can't be taken.
pub fn replay(witness: &Witness, proofs: &[u8], preimage: Option<PreimageRead<'_>>) -> Result<Witness, StepError> {
    let (root, mut core) = Core::from_witness(witness);
    let (proofs, []) = proofs.as_chunks::<PROOF_BYTES>() else {
        let fault = Fault::ProofLength(proofs.len());
        return Err(StepError { step: core.step, pc: core.pc, instruction: 0, fault });
    };
    if core.exited {
        return Ok(*witness);
    }
    let mut memory = ProvenMemory::<LittleEndian>::of_leaves(root, proofs.iter().map(Proof::from_bytes).collect());
    step(&mut core, &mut memory, &mut Part(preimage))?;
    Ok(core.witness(memory.root()))
}

/// The part of a preimage that was loaded into the oracle's contract for the step.
struct Part<'a>(Option<PreimageRead<'a>>);

impl Outside for Part<'_> {
    fn preimage(&mut self, key: [u8; 32], offset: u64) -> Result<&[u8], ReadError> {
        let read = self.0.filter(|read| (read.key, read.offset) == (key, offset));
        let rest = read.and_then(|read| read.value.get(usize::try_from(offset).ok()?..));
        rest.filter(|rest| !rest.is_empty()).ok_or(ReadError::End { key: Key::from(key), offset })
    }

    fn hint(&mut self, _: &[u8]) -> Result<(), ServerError> {
        Ok(())
    }

    fn output(&mut self, _: Stream, _: &[u8]) {}
}
