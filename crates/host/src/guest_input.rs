//! The input of a zkVM's guest: what the program reads to judge one claim, in the form that the guest proves it from.

use crate::{Dispute, HostError, NativeOracle, Store, kzg, precompile};
use alloy_primitives::{Bytes, keccak256};
use kohala_preimage::{BLOB_BYTES, BlobError};
use kohala_program::{Boot, OracleInputs, ProgramError, ReadError, Verdict};
use kohala_zkvm::{ClaimError, Machine, Recorder, Statement, Weighted, encode_chain};

/// A guest's input, and what it is about.
#[derive(Debug, Clone)]
pub struct GuestInput {
    /// The witness, as the guest reads it.
    pub witness: Vec<u8>,
    /// What a proof will say.
    pub statement: Statement,
    /// What the program says of it natively.
    pub verdict: Verdict,
    /// Bytes of the preimages that are in it, without their keys, blobs whole.
    pub plain_bytes: usize,
}

/// Why there is no input for a guest.
#[derive(Debug, thiserror::Error)]
pub enum GuestInputError {
    /// The program came to no verdict.
    #[error(transparent)]
    Program(#[from] ProgramError<ReadError<HostError>>),
    /// A blob can't be opened.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The guest's program, run here on the input, does not prove the statement: L1 has not given rise to the claimed block
    /// yet, or it is a defect of ours.
    #[error("the guest would fail: {0}")]
    Guest(#[from] ClaimError),
}

/// Judges a claim from `store` and makes the guest's input of what the program read.
///
/// The claim may be wrong, and the guest will then fail. An input for a right one is tried here, by what the guest runs.
///
/// # Errors
/// Where there is no verdict, which says nothing about the claim.
pub fn guest_input(store: &Store, dispute: &Dispute) -> Result<GuestInput, GuestInputError> {
    precompile::use_native_crypto();
    let mut recorder = Recorder::new(NativeOracle::new(store, dispute.inputs()));
    let boot = Boot::read(&mut recorder)?;
    let verdict = kohala_program::run(OracleInputs::new(&mut recorder))?;
    let recorded = recorder.into_recorded();
    let chain = encode_chain(&boot.rollup, &boot.l1);
    let statement = Statement {
        chain_hash: keccak256(&chain),
        l1_head: boot.l1_head,
        agreed_output_root: boot.agreed_output_root,
        claimed_output_root: boot.claimed_output_root,
        claimed_block_number: boot.claimed_block_number,
    };
    let witness = recorded.witness(&statement, &chain, open)?;
    if verdict.is_valid() {
        kohala_zkvm::judge::<Native>(Bytes::copy_from_slice(&witness))?;
    }
    Ok(GuestInput { witness, statement, verdict, plain_bytes: recorded.plain_bytes() })
}

/// The proof of a value of the polynomial with these field elements.
fn open(elements: &[u8], point: &[u8; 32]) -> Result<[u8; 48], BlobError> {
    let mut bytes = elements.to_vec();
    bytes.resize(BLOB_BYTES, 0);
    kzg::open(&bytes, point).map(|evaluation| evaluation.proof)
}

/// What a guest's program is tried on.
#[derive(Debug)]
pub struct Native;

impl Machine for Native {
    fn opens(sum: &[Weighted], point: &[u8; 32], value: &[u8; 32], proof: &[u8; 48]) -> bool {
        kzg::verify_sum(sum, point, value, proof)
    }
}
