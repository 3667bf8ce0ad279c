//! A step taken from its proof alone: what the contract on L1 does.

use super::{
    core::{Core, Reservation, WITNESS_BYTES, Witness},
    step::{Event, Fault, Outside, step},
    thread::{Stack, THREAD_BYTES, Thread},
};
use crate::{BigEndian, PROOF_BYTES, PreimageRead, Proof, ProvenMemory, ReadError, Stream};
use alloy_primitives::B256;
use kohala_preimage::Key;

/// Proofs of memory in a step's proof: of the instruction, and of two words.
pub(super) const MEMORY_PROOFS: usize = 3;

/// Bytes of a preimage that the contract sees at once.
const PART_BYTES: usize = 32;

/// Why a step's proof proves no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The proof's length.
    #[error("the proof has {0} bytes, not {PROOF_LENGTH}")]
    Length(usize),
    /// The witness's active stack is empty, or its top is another thread.
    #[error("the proof's thread is not on top of the active stack")]
    Thread,
    /// The step can't be taken.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Bytes of a step's proof: thread, root of the stack below it, proofs of memory.
const PROOF_LENGTH: usize = THREAD_BYTES + 32 + MEMORY_PROOFS * PROOF_BYTES;

/// The witness after one step from `witness`, which `proof` shows the thread and the memory of, and where `preimage` is read.
///
/// # Errors
/// Where the proof doesn't show what the step needs, or the step can't be taken.
pub fn replay(witness: &Witness, proof: &[u8], preimage: Option<PreimageRead<'_>>) -> Result<Witness, ReplayError> {
    if proof.len() != PROOF_LENGTH {
        return Err(ReplayError::Length(proof.len()));
    }
    let (thread, rest) = proof.split_at(THREAD_BYTES);
    let (below, rest) = rest.split_at(32);
    let (mut core, memory_root) = parse(witness);
    if core.exited {
        return Ok(*witness);
    }
    let root = core.active().root();
    let mut stack = Stack::unknown(B256::from_slice(below));
    stack.threads.push(Thread::from_bytes(thread.try_into().expect("was split there")));
    if stack.root() != root {
        return Err(ReplayError::Thread);
    }
    *core.active_mut() = stack;
    let (proofs, _) = rest.as_chunks::<PROOF_BYTES>();
    let mut memory = ProvenMemory::<BigEndian>::new(memory_root, proofs.iter().map(Proof::from_bytes).collect());
    step(&mut core, &mut memory, &mut Part(preimage))?;
    Ok(core.witness(memory.root()))
}

/// The state of this witness with unknown threads, and its memory's root.
fn parse(Witness(bytes): &Witness) -> (Core, B256) {
    let mut at = 0;
    let mut take = |count: usize| {
        at += count;
        &bytes[at - count..at]
    };
    let word = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().expect("eight bytes were taken"));
    let memory_root = B256::from_slice(take(32));
    let core = Core {
        preimage_key: B256::from_slice(take(32)).0,
        preimage_offset: word(take(8)),
        heap: word(take(8)),
        reservation: Reservation { status: take(1)[0], address: word(take(8)), owner: word(take(8)) },
        exit_code: take(1)[0],
        exited: take(1)[0] == 1,
        step: word(take(8)),
        steps_since_switch: word(take(8)),
        traverse_right: take(1)[0] == 1,
        left: Stack::unknown(B256::from_slice(take(32))),
        right: Stack::unknown(B256::from_slice(take(32))),
        next_thread_id: word(take(8)),
        last_hint: Vec::new(),
    };
    debug_assert_eq!(at, WITNESS_BYTES);
    (core, memory_root)
}

/// The part of a preimage that was loaded into the oracle's contract for the step.
struct Part<'a>(Option<PreimageRead<'a>>);

impl Outside for Part<'_> {
    fn preimage(&mut self, key: [u8; 32], offset: u64) -> Result<&[u8], ReadError> {
        let end = ReadError::End { key: Key::from(key), offset };
        let read = self.0.filter(|read| (read.key, read.offset) == (key, offset)).ok_or(end)?;
        let rest = usize::try_from(offset).ok().and_then(|offset| read.value.get(offset..));
        match rest.filter(|rest| !rest.is_empty()) {
            Some(rest) => Ok(&rest[..rest.len().min(PART_BYTES)]),
            None => Err(end),
        }
    }

    fn hint(&mut self, _: &[u8]) -> Result<(), ReadError> {
        Ok(())
    }

    fn output(&mut self, _: Stream, _: &[u8]) {}

    fn note(&mut self, _: u64, _: Event) {}
}
