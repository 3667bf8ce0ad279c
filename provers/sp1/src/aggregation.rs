//! Joining: proofs of ranges that follow each other become one, made by a guest that verifies them.

use crate::{
    key::Key,
    proof::{kind, verify},
    statement::Statement,
};
use anyhow::{Context, Result, bail, ensure};
use sp1_sdk::{SP1Proof, SP1ProofWithPublicValues, SP1Stdin};
use std::path::PathBuf;

/// The input of the aggregation guest, for proofs of the guest whose key this is, in the order of their ranges.
///
/// Its hint is what `kohala_zkvm::AggregationInput` encodes. `l1_headers` are those from the last proof's L1 head down to a child of
/// the oldest one, RLP; none if all proofs have the same. With `mock` the proofs may be mocks: then there is nothing for the guest to
/// verify, and the executor lets it pass.
pub fn input(
    key: &Key,
    proofs: Vec<(PathBuf, SP1ProofWithPublicValues)>,
    l1_headers: &[Vec<u8>],
    mock: bool,
) -> Result<SP1Stdin> {
    ensure!(!proofs.is_empty(), "there are no proofs to join");
    let mut hint = key.program().to_vec();
    number(proofs.len(), &mut hint);
    let mut input = SP1Stdin::new();
    for (path, proof) in proofs {
        if let Some(reason) = verify(&proof, key, mock) {
            bail!("{} is no proof of the guest of --range-elf or --range-vkey: {reason}", path.display());
        }
        let values = proof.public_values.as_slice();
        let statement = Statement::decode(values).with_context(|| format!("{} is no range's", path.display()))?;
        ensure!(statement.program.is_none(), "{} is a proof that was joined already", path.display());
        hint.extend_from_slice(values);
        let found = kind(&proof);
        match proof.proof {
            _ if mock => {}
            SP1Proof::Compressed(proof) => input.write_proof(*proof, key.sp1.vk.clone()),
            _ => bail!("{} is a {} proof: only compressed ones can be joined", path.display(), found.name()),
        }
    }
    number(l1_headers.len(), &mut hint);
    for header in l1_headers {
        number(header.len(), &mut hint);
        hint.extend_from_slice(header);
    }
    input.write_vec(hint);
    Ok(input)
}

/// A number as a word.
fn number(number: usize, to: &mut Vec<u8>) {
    to.extend([0; 24]);
    to.extend((number as u64).to_be_bytes());
}
