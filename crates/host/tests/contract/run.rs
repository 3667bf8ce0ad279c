//! What an accelerated program reads on the way to a verdict, as on a fault proof VM.

use crate::recorded;
use alloy_primitives::Bytes;
use kohala_host::{HostError, Server, Store, precompile::Call};
use kohala_preimage::{Hint, Key, KeyKind, Missing, Oracle, Preimages};
use kohala_program::OracleInputs;
use std::collections::BTreeMap;

/// All keys that the program reads for a claim of a recorded chain, with the values, and what the host has by then.
pub(crate) fn reads(chain: &str, claim: &str) -> (BTreeMap<Key, Bytes>, Store) {
    let store = recorded::store(chain);
    let dispute = recorded::dispute(chain, &recorded::claim(chain, claim));
    let server = Server::new(&store, dispute.inputs());
    let mut recorder = Recorder { server, kept: store.load().unwrap(), read: BTreeMap::new() };
    let verdict = kohala_program::run(OracleInputs::new(&mut recorder).accelerated()).unwrap();
    assert!(verdict.is_valid(), "{chain} {claim}");
    (recorder.read, Store::Memory(recorder.kept))
}

/// A host that remembers what was asked, and keeps the precompile calls that hints announce.
struct Recorder<'a> {
    server: Server<'a>,
    kept: Preimages,
    read: BTreeMap<Key, Bytes>,
}

impl Oracle for Recorder<'_> {
    type Error = HostError;

    fn hint(&mut self, hint: &Hint) -> Result<(), HostError> {
        if let Hint::L1PrecompileV2 { address, gas, input } = hint {
            let outcome = Call { address: *address, gas: *gas, input }.outcome().expect("a precompile that it has");
            self.kept.insert_precompile(*address, *gas, input, outcome);
        }
        Ok(())
    }

    fn get(&mut self, key: Key) -> Result<Bytes, HostError> {
        let value = match key.kind() {
            Some(KeyKind::Precompile) => self.kept.value(key).cloned().ok_or(Missing { key, hint: None })?,
            _ => self.server.preimage(key)?,
        };
        self.read.insert(key, value.clone());
        Ok(value)
    }
}
