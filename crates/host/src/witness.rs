//! The preimages of one claim, and no others.

use crate::{
    Dispute, HostError, JudgeError, Judgement, NativeOracle, Sight, Store, StoreError, judge::run, kzg,
    precompile::Call,
};
use alloy_primitives::{B256, Bytes};
use kohala_preimage::{Hint, Key, KeyKind, Oracle, Preimages};

/// Judges a claim from `store` and collects what the program read: with these preimages, which include the dispute's
/// inputs, it comes to the same verdict anywhere.
///
/// # Errors
/// As [`judge`](crate::judge()).
pub fn witness(
    store: &Store,
    dispute: &Dispute,
    watch: impl FnMut(Sight<'_>),
) -> Result<(Judgement, Preimages), JudgeError> {
    collect(NativeOracle::new(store, dispute.inputs()), store, dispute, watch)
}

/// The program on `oracle`, and what it read there. `store` may have proofs of blobs.
pub(crate) fn collect(
    oracle: NativeOracle<'_>,
    store: &Store,
    dispute: &Dispute,
    watch: impl FnMut(Sight<'_>),
) -> Result<(Judgement, Preimages), JudgeError> {
    let mut read = Preimages::new();
    dispute.inputs().into_iter().for_each(|(ident, value)| read.insert_local(ident, value));
    let mut collector = Collector { oracle, store, read };
    let judgement = run(&mut collector, watch)?;
    Ok((Judgement { reads: collector.oracle.reads(), ..judgement }, collector.read))
}

/// An oracle that keeps what was read.
struct Collector<'a> {
    oracle: NativeOracle<'a>,
    store: &'a Store,
    read: Preimages,
}

impl Oracle for Collector<'_> {
    type Error = HostError;

    fn hint(&mut self, hint: &Hint) -> Result<(), HostError> {
        self.oracle.hint(hint)
    }

    fn get(&mut self, key: Key) -> Result<Bytes, HostError> {
        let value = self.oracle.get(key)?;
        match key.kind() {
            Some(KeyKind::Local) => {}
            Some(KeyKind::Precompile) => {
                let call = self.oracle.get(key.with_kind(KeyKind::Keccak256))?;
                if let Some(Call { address, gas, input }) = Call::read(&call) {
                    self.read.insert_precompile(address, gas, input, value.clone());
                }
            }
            _ => self.read.insert(key, value.clone())?,
        }
        Ok(value)
    }

    fn blob(&mut self, versioned_hash: B256, index: u64, l1_time: u64) -> Result<Bytes, HostError> {
        let bytes = self.oracle.blob(versioned_hash, index, l1_time)?;
        let wrong = |reason| StoreError::Blob { blob: versioned_hash, reason };
        let blob = match self.store.proven_blob(versioned_hash)? {
            Some(blob) => blob,
            None => kzg::blob(&bytes).map_err(wrong)?,
        };
        self.read.insert_blob(blob, kzg::verify_proof).map_err(wrong)?;
        Ok(bytes)
    }
}
