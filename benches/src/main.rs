//! Counts the allocations of one run of the program: judges a claim as `kohala verify` does, in this process, and
//! prints `{"allocations": …, "bytes": …}`. It does not measure time: `cargo xtask bench` does that on the command
//! line itself.

use anyhow::{Context, Result, ensure};
use kohala_host::{Chain, Dispute, Store, judge};
use kohala_testdata::Claim;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, fs, path::Path};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Arguments: the folder with the chain's configurations, the store of preimages, the claim's file.
fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [chain, store, claim] = &arguments[..] else { anyhow::bail!("give a chain's folder, a store, a claim") };
    let claim: Claim = serde_json::from_slice(&fs::read(claim).with_context(|| claim.clone())?)?;
    let configuration = |name: &str| fs::read(Path::new(chain).join(name)).with_context(|| name.to_owned());
    let (rollup, l1) = (configuration("rollup.json")?, configuration("l1-chain-config.json")?);
    let dispute = Dispute {
        l1_head: claim.l1_head,
        agreed_output_root: claim.agreed_l2_output_root,
        claimed_output_root: claim.claimed_l2_output_root,
        claimed_block_number: claim.claimed_l2_block_number,
        chain: Chain::Custom { rollup: rollup.into(), l1: Some(l1.into()) },
    };
    let region = Region::new(ALLOCATOR);
    let judgement = judge(&Store::open(store)?, &dispute, |_| {})?;
    let stats = region.change();
    ensure!(judgement.verdict.is_valid(), "the claim was judged wrong");
    let (allocations, bytes) = (stats.allocations + stats.reallocations, stats.bytes_allocated);
    println!("{}", serde_json::json!({ "allocations": allocations, "bytes": bytes }));
    Ok(())
}
