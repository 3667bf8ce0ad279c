//! Claims of recorded chains as disputes.

use alloy_primitives::Bytes;
use kohala_host::{Chain, Dispute, Store};
use kohala_testdata::Claim;
use std::fs;

fn file(chain: &str, name: &str) -> Bytes {
    fs::read(kohala_testdata::path("chains").join(chain).join(name)).unwrap().into()
}

/// The chain's claim of that name.
pub(crate) fn claim(chain: &str, name: &str) -> Claim {
    serde_json::from_slice(&file(chain, &format!("claims/{name}.json"))).unwrap()
}

/// The dispute about a claim, as of a chain that the program doesn't know.
pub(crate) fn dispute(chain: &str, claim: &Claim) -> Dispute {
    Dispute {
        l1_head: claim.l1_head,
        agreed_output_root: claim.agreed_l2_output_root,
        claimed_output_root: claim.claimed_l2_output_root,
        claimed_block_number: claim.claimed_l2_block_number,
        chain: Chain::Custom { rollup: file(chain, "rollup.json"), l1: Some(file(chain, "l1-chain-config.json")) },
    }
}

/// The chain's own store.
pub(crate) fn store(chain: &str) -> Store {
    Store::open(kohala_testdata::path("chains").join(chain).join("preimages.kohala")).unwrap()
}
