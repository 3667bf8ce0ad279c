//! The peers by themselves: what we compare ourselves with must stand on its own feet first.

use alloy_primitives::{B256, keccak256};
use anyhow::Result;
use kohala_interop::{Chain, Claim, Peers, Preimages, call, shared};
use serde_json::{Value, json};
use std::net::TcpStream;

/// The claim whose derivation reads span batches from blobs, and then single batches from calldata.
const LONG: (u64, u64) = (60, 110);

/// A claim of one block.
const SHORT: (u64, u64) = (40, 41);

fn field(value: &Value, name: &str) -> B256 {
    value[name].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name} in {value}"))
}

/// The output root at a block, put together from what the L2 execution layer says.
fn output_root(peers: &Peers, number: u64) -> Result<B256> {
    let url = &peers.chain.uncounted.l2;
    let number = format!("0x{number:x}");
    let block: Value = call(url, "eth_getBlockByNumber", json!([number, false]))?;
    let message_passer = "0x4200000000000000000000000000000000000016";
    let account: Value = call(url, "eth_getProof", json!([message_passer, [], number]))?;
    let parts = [B256::ZERO, field(&block, "stateRoot"), field(&account, "storageHash"), field(&block, "hash")];
    Ok(keccak256(parts.concat()))
}

fn claim((agreed, claimed): (u64, u64)) -> Result<(&'static Peers, Claim)> {
    let peers = shared()?;
    Ok((peers, peers.chain.claim(agreed, claimed)?))
}

#[test]
fn roots_of_a_claim_are_those_of_the_execution_layer() -> Result<()> {
    let (peers, claim) = claim(LONG)?;
    assert_eq!(claim.agreed_l2_output_root, output_root(peers, claim.agreed_block)?);
    assert_eq!(claim.claimed_l2_output_root, output_root(peers, claim.claimed_l2_block_number)?);
    assert_ne!(claim.claimed_l2_output_root, claim.flipped().claimed_l2_output_root);
    Ok(())
}

#[test]
fn a_block_is_not_claimed_before_it_is_safe() -> Result<()> {
    let peers = shared()?;
    assert!(peers.chain.claim(60, 100_000).is_err());
    Ok(())
}

#[test]
fn batches_of_the_long_claim_are_in_blobs_and_in_calldata() -> Result<()> {
    let (peers, claim) = claim(LONG)?;
    let (mut blobs, mut calldata) = (0, 0);
    for number in 1..=claim.l1_head_number {
        let block: Value =
            call(&peers.chain.uncounted.l1, "eth_getBlockByNumber", json!([format!("0x{number:x}"), true]))?;
        let transactions = block["transactions"].as_array().into_iter().flatten();
        for batch in transactions.filter(|it| it["to"] == "0xff00000000000000000000000000000000000901") {
            blobs += batch["blobVersionedHashes"].as_array().map_or(0, Vec::len);
            calldata += usize::from(batch["type"] != "0x3");
        }
    }
    println!("{blobs} blobs, {calldata} transactions with batches in calldata");
    assert!(blobs > 10 && calldata > 2, "{blobs} blobs, {calldata} in calldata");
    Ok(())
}

#[test]
fn op_program_says_what_is_true_and_what_is_false() -> Result<()> {
    for range in [SHORT, LONG] {
        let (peers, claim) = claim(range)?;
        for (claim, exit_code) in [(claim.flipped(), 1), (claim, 0)] {
            let run = peers.run(&peers.op_program(&claim, Preimages::Fetched))?;
            println!("op-program {range:?}: {run:?}");
            assert_eq!(run.program.exit_code, exit_code, "{}", run.logs.display());
            assert!(run.calls.l1.calls > 0 && run.calls.beacon.calls > 0 && run.calls.l2.calls > 0);
            assert!(run.program.cpu() > 0.0 && run.program.peak_kib > 0);
        }
    }
    Ok(())
}

#[test]
fn op_program_needs_no_chain_once_it_has_the_preimages() -> Result<()> {
    let (peers, claim) = claim(SHORT)?;
    let store = tempfile::tempdir()?;
    let filling = peers.run(&peers.op_program(&claim, Preimages::Filling(store.path())))?;
    assert_eq!(filling.program.exit_code, 0, "{}", filling.logs.display());
    let stored = peers.run(&peers.op_program(&claim, Preimages::Stored(store.path())))?;
    assert_eq!(stored.program.exit_code, 0, "{}", stored.logs.display());
    assert!(filling.calls.total() > 0);
    assert_eq!(stored.calls.total(), 0);
    Ok(())
}

#[test]
fn op_program_serves_its_client_over_file_descriptors() -> Result<()> {
    let (peers, claim) = claim(SHORT)?;
    for (claim, exit_code) in [(claim.flipped(), 1), (claim, 0)] {
        let server = peers.op_program_server(&claim, Preimages::Fetched);
        let run = peers.run_pair(&server, &peers.op_program_client())?;
        assert_eq!(run.program.exit_code, exit_code, "{}", run.logs.display());
        assert_eq!(run.server.map(|server| server.exit_code), Some(0), "{}", run.logs.display());
    }
    Ok(())
}

#[test]
fn nothing_goes_on_once_a_served_chain_is_dropped() -> Result<()> {
    let peers = shared()?;
    // Beside the one that is served already, and with the same claims.
    let served = Chain::make(&peers.programs)?.serve(&peers.programs)?;
    assert_eq!(served.claim(SHORT.0, SHORT.1)?, peers.chain.claim(SHORT.0, SHORT.1)?);
    let urls = [served.urls.clone(), served.uncounted.clone()];
    drop(served);
    for url in urls.into_iter().flat_map(|urls| [urls.l1, urls.beacon, urls.l2, urls.rollup]) {
        assert!(TcpStream::connect(url.trim_start_matches("http://")).is_err(), "{url} still answers");
    }
    Ok(())
}
