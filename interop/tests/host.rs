//! Our host and our client among the peers: every pairing says the same of a claim as op-program does.

mod program;

use alloy_primitives::B256;
use anyhow::{Context, Result, ensure};
use kohala_interop::{Arguments, Claim, Peers, Preimages, Run, call, shared};
use program::kohala;
use serde_json::json;
use std::{ffi::OsString, fs, path::Path};

/// One block, out of blobs; two blocks out of calldata; span batches, then single ones.
const RANGES: [(u64, u64); 3] = [(40, 41), (120, 122), (60, 110)];

/// Our program with a subcommand and what every one of them takes.
fn command(peers: &Peers, subcommand: &[&str], fetched: bool) -> Result<Arguments> {
    let mut arguments: Arguments = vec![kohala()?.into()];
    arguments.extend(subcommand.iter().map(OsString::from));
    let mut add = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
    add("--rollup-config-path", peers.chain.file("rollup.json").into());
    add("--l1-config-path", peers.chain.file("l1-config.json").into());
    if fetched {
        add("--l1", peers.chain.urls.l1.clone().into());
        add("--beacon", peers.chain.urls.beacon.clone().into());
        add("--l2", peers.chain.urls.l2.clone().into());
    }
    Ok(arguments)
}

/// `kohala verify` with the claim in a file.
fn verify(peers: &Peers, claim: &Claim, directory: &Path, store: Option<&Path>, fetched: bool) -> Result<Arguments> {
    let mut arguments = command(peers, &["verify", "--json"], fetched)?;
    let file = directory.join("claim.json");
    fs::write(&file, serde_json::to_vec(claim)?)?;
    arguments.extend(["--claim".into(), file.into()]);
    if let Some(store) = store {
        arguments.extend(["--data-dir".into(), store.into()]);
    }
    Ok(arguments)
}

/// `kohala host single`, with the claim in flags.
fn host(peers: &Peers, claim: &Claim, store: &Path, mode: &str) -> Result<Arguments> {
    let mut arguments = command(peers, &["host", "single", mode], true)?;
    let mut add = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
    add("--l1-head", claim.l1_head.to_string().into());
    add("--agreed-l2-head-hash", claim.agreed_l2_head_hash.to_string().into());
    add("--agreed-l2-output-root", claim.agreed_l2_output_root.to_string().into());
    add("--claimed-l2-output-root", claim.claimed_l2_output_root.to_string().into());
    add("--claimed-l2-block-number", claim.claimed_l2_block_number.to_string().into());
    add("--data-dir", store.into());
    Ok(arguments)
}

/// Runs a pairing on each claim and on its falsification: 0 and 1 are said of them, and nothing else.
fn judges(what: &str, ranges: &[(u64, u64)], run: impl Fn(&Peers, &Claim, &Path) -> Result<Run>) -> Result<()> {
    let peers = shared()?;
    for (agreed, claimed) in ranges {
        let claim = peers.chain.claim(*agreed, *claimed)?;
        for (claim, exit_code) in [(claim.flipped(), 1), (claim, 0)] {
            let directory = tempfile::tempdir()?;
            let run = run(peers, &claim, directory.path()).with_context(|| what.to_owned())?;
            report(what, &claim, &run);
            let name = format!("{what}, {agreed} to {claimed}: {}", run.logs.display());
            assert_eq!(run.program.exit_code, exit_code, "{name}");
            assert!(run.server.is_none_or(|server| server.exit_code == 0), "{name}");
        }
    }
    Ok(())
}

/// One line of figures: `cargo test -p kohala-interop -- --nocapture` shows them.
fn report(what: &str, claim: &Claim, Run { program, server, calls, .. }: &Run) {
    let cpu = program.cpu() + server.as_ref().map_or(0.0, |server| server.cpu());
    let peak = program.peak_kib.max(server.as_ref().map_or(0, |server| server.peak_kib)) / 1024;
    println!(
        "{what} {}->{}: exit {}, {cpu:.2} s CPU, {:.2} s, {peak} MiB, requests {}+{}+{}, calls {}+{}+{}",
        claim.agreed_block,
        claim.claimed_l2_block_number,
        program.exit_code,
        program.wall,
        calls.l1.requests,
        calls.beacon.requests,
        calls.l2.requests,
        calls.l1.calls,
        calls.beacon.calls,
        calls.l2.calls,
    );
}

#[test]
fn our_host_with_our_client() -> Result<()> {
    judges("kohala verify", &RANGES, |peers, claim, directory| peers.run(&verify(peers, claim, directory, None, true)?))
}

#[test]
fn our_host_runs_our_client_natively() -> Result<()> {
    judges("kohala host --native", &RANGES[..1], |peers, claim, directory| {
        peers.run(&host(peers, claim, &directory.join("store"), "--native")?)
    })
}

#[test]
fn our_host_serves_our_client() -> Result<()> {
    judges("kohala host --server, kohala client", &RANGES[..1], |peers, claim, directory| {
        let client = [kohala()?.into(), "client".into()];
        peers.run_pair(&host(peers, claim, &directory.join("store"), "--server")?, &client)
    })
}

#[test]
fn our_host_tells_our_client_of_precompiles() -> Result<()> {
    judges("kohala host --server, kohala client --accelerated", &RANGES[..1], |peers, claim, directory| {
        let client = [kohala()?.into(), "client".into(), "--accelerated".into()];
        peers.run_pair(&host(peers, claim, &directory.join("store.db"), "--server")?, &client)
    })
}

/// From the newest L1 block, far above what is read, by what geth proves of the history contract's storage.
#[test]
fn our_client_looks_up_l1_blocks_in_geths_states() -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Block {
        hash: B256,
    }
    judges("kohala host --server, kohala client --l1-history", &RANGES[..1], |peers, claim, directory| {
        let l1_head_number = peers.chain.l1_height()?;
        let block: Block = call(&peers.chain.uncounted.l1, "eth_getBlockByNumber", json!(["latest", false]))?;
        let claim = Claim { l1_head: block.hash, l1_head_number, ..claim.clone() };
        let client = [kohala()?.into(), "client".into(), "--l1-history".into()];
        let run = peers.run_pair(&host(peers, &claim, &directory.join("store.db"), "--server")?, &client)?;
        let proofs = run.calls.l1.methods.get("eth_getProof").copied().unwrap_or_default();
        ensure!(proofs > 0, "no hash was looked up from L1 block {l1_head_number}: {}", run.logs.display());
        Ok(run)
    })
}

#[test]
fn our_host_serves_op_programs_client() -> Result<()> {
    judges("kohala host --server, op-program-client", &RANGES, |peers, claim, directory| {
        // A folder as op-challenger reads it takes a second a blob: once is enough.
        let store = if claim.claimed_l2_block_number == RANGES[0].1 { "store" } else { "store.db" };
        let mut server = host(peers, claim, &directory.join(store), "--server")?;
        server.extend(["--program".into(), "op-program".into()]);
        peers.run_pair(&server, &peers.op_program_client())
    })
}

#[test]
fn op_program_tells_our_client_of_precompiles() -> Result<()> {
    judges("op-program --server, kohala client --accelerated", &[RANGES[0], RANGES[2]], |peers, claim, _| {
        let client = [kohala()?.into(), "client".into(), "--accelerated".into()];
        peers.run_pair(&peers.op_program_server(claim, Preimages::Fetched), &client)
    })
}

#[test]
fn op_program_serves_our_client() -> Result<()> {
    judges("op-program --server, kohala client", &RANGES, |peers, claim, _| {
        let client = [kohala()?.into(), "client".into()];
        peers.run_pair(&peers.op_program_server(claim, Preimages::Fetched), &client)
    })
}

#[test]
fn our_client_needs_what_op_programs_host_stored_and_nothing_else() -> Result<()> {
    let peers = shared()?;
    let claim = peers.chain.claim(RANGES[0].0, RANGES[0].1)?;
    let store = tempfile::tempdir()?;
    let filling = peers.run(&peers.op_program(&claim, Preimages::Filling(store.path())))?;
    assert_eq!(filling.program.exit_code, 0, "{}", filling.logs.display());
    for (claim, exit_code) in [(claim.flipped(), 1), (claim, 0)] {
        let directory = tempfile::tempdir()?;
        let run = peers.run(&verify(peers, &claim, directory.path(), Some(store.path()), false)?)?;
        assert_eq!((run.program.exit_code, run.calls.total()), (exit_code, 0), "{}", run.logs.display());
    }
    Ok(())
}

#[test]
fn our_host_asks_less_often_than_op_program() -> Result<()> {
    let peers = shared()?;
    for (agreed, claimed) in RANGES {
        let claim = peers.chain.claim(agreed, claimed)?;
        let directory = tempfile::tempdir()?;
        let ours = peers.run(&verify(peers, &claim, directory.path(), None, true)?)?;
        let theirs = peers.run(&peers.op_program(&claim, Preimages::Fetched))?;
        report("kohala", &claim, &ours);
        report("op-program", &claim, &theirs);
        assert_eq!((ours.program.exit_code, theirs.program.exit_code), (0, 0));
        let requests = |run: &Run| run.calls.l1.requests + run.calls.beacon.requests + run.calls.l2.requests;
        assert!(requests(&ours) < requests(&theirs), "{agreed} to {claimed}");
    }
    Ok(())
}
