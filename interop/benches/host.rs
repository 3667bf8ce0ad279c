//! Our host beside op-program's on the same claims and nodes: calls, bytes, round trips in sequence, CPU and wall time, with
//! no, some and much latency added. `cargo xtask bench --host` runs it.
//!
//! All requests go through proxies, which count and delay them. Round trips in sequence are counted, not timed: a request's
//! depth is one more than that of the deepest request answered before it.

use anyhow::{Context, Result, ensure};
use kohala_devnet::proxy::{Faults, Group, Proxy};
use kohala_interop::{Arguments, Claim, Peers, Preimages, shared};
use std::{env, ffi::OsString, fs, path::PathBuf, time::Duration};

/// Agreed and claimed blocks.
const RANGES: [(u64, u64); 2] = [(40, 41), (60, 110)];
/// Milliseconds that every answer comes later.
const LATENCIES: [u64; 3] = [0, 20, 100];

/// The chain's nodes behind proxies.
struct Net<'a> {
    peers: &'a Peers,
    group: Group,
    proxies: [Proxy; 3],
}

fn main() -> Result<()> {
    let kohala: PathBuf = env::var_os("KOHALA").context("KOHALA names the binary to measure")?.into();
    let peers = shared()?;
    let group = Group::default();
    let urls = &peers.chain.urls;
    let proxy = |url: &str| Proxy::start_in(&group, url);
    let proxies = [proxy(&urls.l1)?, proxy(&urls.beacon)?, proxy(&urls.l2)?];
    let net = Net { peers, group: group.clone(), proxies };
    println!(
        "\n{:<8} {:>7} {:<11} {:>8} {:>9} {:>9} {:>6} {:>7} {:>7} {:>6}",
        "claim", "latency", "host", "requests", "calls", "answers", "depth", "CPU", "wall", "peak"
    );
    for (agreed, claimed) in RANGES {
        let claim = peers.chain.claim(agreed, claimed)?;
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("claim.json");
        fs::write(&file, serde_json::to_vec(&claim)?)?;
        let mut ours: Arguments = vec![kohala.clone().into(), "verify".into(), "--json".into()];
        let mut add = |flag: &str, value: OsString| ours.extend([flag.into(), value]);
        add("--rollup-config-path", peers.chain.file("rollup.json").into());
        add("--l1-config-path", peers.chain.file("l1-config.json").into());
        add("--claim", file.into());
        for (flag, url) in ["--l1", "--beacon", "--l2"].into_iter().zip([&urls.l1, &urls.beacon, &urls.l2]) {
            add(flag, url.into());
        }
        for latency in LATENCIES {
            net.measure("kohala", &claim, latency, &ours)?;
            net.measure("op-program", &claim, latency, &peers.op_program(&claim, Preimages::Fetched))?;
        }
    }
    Ok(())
}

impl Net<'_> {
    /// Runs one program behind the proxies and prints a line.
    fn measure(&self, name: &str, claim: &Claim, latency: u64, arguments: &[OsString]) -> Result<()> {
        let urls = &self.peers.chain.urls;
        let behind = |argument: &OsString| {
            let text = argument.to_string_lossy();
            let nodes = [&urls.l1, &urls.beacon, &urls.l2].into_iter().zip(&self.proxies);
            nodes.fold(text.into_owned(), |text, (url, proxy)| text.replace(url.as_str(), &proxy.url())).into()
        };
        let arguments: Arguments = arguments.iter().map(behind).collect();
        for proxy in &self.proxies {
            proxy.set(Faults::latency(Duration::from_millis(latency)));
            proxy.reset();
        }
        let run = self.peers.run(&arguments)?;
        ensure!(run.program.exit_code == 0, "{name} ended with {}: {}", run.program.exit_code, run.logs.display());
        let counts = self.proxies.each_ref().map(Proxy::counts);
        let requests: u64 = counts.iter().map(|counts| counts.requests).sum();
        let calls: u64 = counts.iter().flat_map(|counts| counts.methods.values()).sum();
        let bytes: u64 = counts.iter().map(|counts| counts.bytes_out).sum();
        println!(
            "{:<8} {:>4} ms {name:<11} {requests:>8} {calls:>9} {:>5.1} MiB {:>6} {:>5.2} s {:>5.2} s {:>3} MiB",
            format!("{}-{}", claim.agreed_block, claim.claimed_l2_block_number),
            latency,
            bytes as f64 / f64::from(1 << 20),
            self.group.depth(),
            run.program.cpu(),
            run.program.wall,
            run.program.peak_kib >> 10,
        );
        Ok(())
    }
}
