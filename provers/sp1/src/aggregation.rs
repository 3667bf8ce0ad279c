//! Joining: proofs of ranges that follow each other become one, made by a guest that verifies them.

use crate::proof::{kind, verify};
use anyhow::{Result, bail, ensure};
use sp1_sdk::{HashableKey, SP1Proof, SP1ProofWithPublicValues, SP1Stdin, SP1VerifyingKey};
use std::path::PathBuf;

/// The input of the aggregation guest, for proofs of the guest that `key` is of, in the order of their ranges.
///
/// Its hints are the key's hash, eight words in little endian as the guest's `verify_sp1_proof` takes them, and then the public
/// values of each proof. With `mock` the proofs may be mocks: then there is nothing for the guest to verify, and the executor lets
/// it pass.
pub fn input(key: &SP1VerifyingKey, proofs: Vec<(PathBuf, SP1ProofWithPublicValues)>, mock: bool) -> Result<SP1Stdin> {
    ensure!(!proofs.is_empty(), "there are no proofs to join");
    let mut input = SP1Stdin::new();
    input.write_vec(key.hash_u32().into_iter().flat_map(u32::to_le_bytes).collect());
    for (path, proof) in proofs {
        if let Some(reason) = verify(&proof, key, mock) {
            bail!("{} doesn't hold for --range-elf: {reason}", path.display());
        }
        let found = kind(&proof);
        input.write_vec(proof.public_values.to_vec());
        match proof.proof {
            _ if mock => {}
            SP1Proof::Compressed(proof) => input.write_proof(*proof, key.vk.clone()),
            _ => bail!("{} is a {} proof: only compressed ones can be joined", path.display(), found.name()),
        }
    }
    Ok(input)
}
