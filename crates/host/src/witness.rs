//! The preimages of one claim, and no others.

use crate::{Dispute, HostError, JudgeError, Judgement, Sight, Store, StoreError, judge::run, kzg, store::count};
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{Hint, Key, KeyKind, Oracle, Preimages};
use kohala_program::{ProgramError, ReadError};

/// Judges a claim from `store` and collects what the program read: with these preimages, and the dispute's inputs, it
/// comes to the same verdict anywhere.
///
/// # Errors
/// As [`judge`](crate::judge()).
pub fn witness(
    store: &Store,
    dispute: &Dispute,
    watch: impl FnMut(Sight<'_>),
) -> Result<(Judgement, Preimages), JudgeError> {
    let mut all = store.load().map_err(|error| ProgramError::Read(ReadError::Oracle(error.into())))?;
    dispute.inputs().into_iter().for_each(|(ident, value)| all.insert_local(ident, value));
    let mut collector = Collector { all, read: Preimages::new() };
    let judgement = run(&mut collector, watch)?;
    Ok((Judgement { reads: count(&collector.read), ..judgement }, collector.read))
}

/// An oracle that keeps what was read.
struct Collector {
    all: Preimages,
    read: Preimages,
}

impl Oracle for Collector {
    type Error = HostError;

    fn hint(&mut self, hint: &Hint) -> Result<(), HostError> {
        Ok(self.all.hint(hint)?)
    }

    fn get(&mut self, key: Key) -> Result<Bytes, HostError> {
        let value = self.all.get(key)?;
        if key.kind() != Some(KeyKind::Local) {
            self.read.insert(key, value.clone())?;
        }
        Ok(value)
    }

    fn blob(&mut self, versioned_hash: B256, index: u64, l1_time: u64) -> Result<Bytes, HostError> {
        let bytes = self.all.blob(versioned_hash, index, l1_time)?;
        if let Some(blob) = self.all.whole_blob(versioned_hash) {
            let wrong = |reason| StoreError::Blob { blob: versioned_hash, reason };
            self.read.insert_blob(blob.clone(), kzg::verify_proof).map_err(wrong)?;
        }
        Ok(bytes)
    }
}
