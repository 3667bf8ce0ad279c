//! What an accelerated program reads on the way to a verdict, as on a fault proof VM.

use alloy_primitives::Bytes;
use kohala_host::{Chain, Dispute, HostError, Server, Store, precompile::Call};
use kohala_preimage::{Hint, Key, KeyKind, Missing, Oracle, Preimages};
use kohala_program::OracleInputs;
use std::{collections::BTreeMap, fs};

/// All keys that the program reads for a claim of a recorded chain, with the values, and what the host has by then.
pub(crate) fn reads(chain: &str, claim: &str) -> (BTreeMap<Key, Bytes>, Store) {
    let recorded = kohala_testdata::path("chains").join(chain);
    let store = Store::open(recorded.join("preimages.kohala")).unwrap();
    let dispute = dispute(chain, claim);
    let server = Server::new(&store, dispute.inputs());
    let mut recorder = Recorder { server, kept: store.load().unwrap(), read: BTreeMap::new() };
    let verdict = kohala_program::run(OracleInputs::new(&mut recorder).accelerated()).unwrap();
    assert!(verdict.is_valid(), "{chain} {claim}");
    (recorder.read, Store::Memory(recorder.kept))
}

fn dispute(chain: &str, claim: &str) -> Dispute {
    let file = |name: &str| Bytes::from(fs::read(kohala_testdata::path("chains").join(chain).join(name)).unwrap());
    let claim: kohala_testdata::Claim = serde_json::from_slice(&file(&format!("claims/{claim}.json"))).unwrap();
    Dispute {
        l1_head: claim.l1_head,
        agreed_output_root: claim.agreed_l2_output_root,
        claimed_output_root: claim.claimed_l2_output_root,
        claimed_block_number: claim.claimed_l2_block_number,
        chain: Chain::Custom { rollup: file("rollup.json"), l1: Some(file("l1-chain-config.json")) },
    }
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
