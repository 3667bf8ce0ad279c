//! What pages presuppose: a chain's nodes, some of which lack something, and a folder with files.

use alloy_primitives::U256;
use kohala_devnet::{
    chain::{Carrier, Config, Devnet, Posting, SET_SLOT},
    proxy::{Fault, Faults, Proxy, Rule},
    serve::{Endpoint, Server},
};
use std::{env, fs, os::unix::fs::symlink};

/// L2 blocks of the chain.
const BLOCKS: u64 = 160;

/// What answers for a state that is no longer there.
const STATE: [&str; 6] = [
    "debug_executionWitness",
    "debug_executePayload",
    "debug_traceBlockByNumber",
    "eth_getProof",
    "debug_dbGet",
    "eth_getCode",
];

pub(crate) struct Presupposed {
    server: Server,
    /// An L2 node as op-geth is one.
    l2: Proxy,
    /// An L2 node without states, and a beacon node without blobs.
    pruned: [Proxy; 2],
    rollup: String,
    l1_config: String,
}

impl Presupposed {
    pub(crate) fn start() -> Self {
        let mut devnet = Devnet::new(Config::default());
        let mut alice = devnet.user(0);
        for number in 1..=BLOCKS {
            let slot = [U256::from(number), U256::from(1)].map(|word| word.to_be_bytes::<32>()).concat();
            let set = alice.call(SET_SLOT, U256::ZERO, slot.into());
            devnet.l2_block(&[set]);
            if number % 40 == 0 {
                // A blob is thousands of files in a folder of preimages, so that the page that keeps one has none.
                let carrier = if number <= 80 { Carrier::Calldata } else { Carrier::Blobs };
                devnet.l1_block(|block| block.batch(number - 39..=number, Posting { carrier, ..Posting::default() }));
            }
        }
        let (rollup, l1_config) = (devnet.rollup_json().to_string(), devnet.l1_config_json().to_string());
        let server = Server::start(devnet).unwrap();
        let l2 = Proxy::start(&server.url(Endpoint::L2)).unwrap();
        l2.set(Faults::rule(Rule::always(Fault::missing(["debug_executePayload"]))));
        let pruned = [Endpoint::L2, Endpoint::Beacon].map(|endpoint| Proxy::start(&server.url(endpoint)).unwrap());
        let missing = |method: &&str| Rule::always(Fault::error(-32000, "missing trie node")).only(method);
        pruned[0].set(Faults { plan: STATE.iter().map(missing).collect(), ..Faults::default() });
        let lost = |method: &str| Rule::always(Fault::status(404)).only(method);
        pruned[1].set(Faults { plan: vec![lost("blobs"), lost("blob_sidecars")], ..Faults::default() });
        Self { server, l2, pruned, rollup, l1_config }
    }

    /// True if the guests are there; they must be in continuous integration.
    pub(crate) fn has_guests(&self) -> bool {
        env::var_os("CI").is_some() || super::root().join("target/guests/kohala-client-mips64.elf").exists()
    }

    /// A folder that looks to a page like the repository, with the chain's configuration beside it, and our binary in `bin`.
    pub(crate) fn folder(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for directory in ["bin", "target"] {
            fs::create_dir(path(directory)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_kohala"), path("bin/kohala")).unwrap();
        symlink(super::root().join("testdata").canonicalize().unwrap(), path("testdata")).unwrap();
        if let Ok(guests) = super::root().join("target/guests").canonicalize() {
            symlink(guests, path("target/guests")).unwrap();
        }
        fs::write(path("rollup.json"), &self.rollup).unwrap();
        fs::write(path("l1-config.json"), &self.l1_config).unwrap();
        folder
    }

    /// The shell's variables; with a claim about block 41 among them, in the words of the page on kona's host.
    pub(crate) fn variables(&self, with_claim: bool) -> Vec<(&'static str, String)> {
        let url = |endpoint| self.server.url(endpoint);
        let (l1, beacon, l2) = (url(Endpoint::L1), url(Endpoint::Beacon), self.l2.url());
        let [pruned, forgetful] = self.pruned.each_ref().map(Proxy::url);
        let path = env::var("PATH").unwrap_or_default();
        let mut variables = vec![
            ("CHAIN_FILES", "--rollup-config-path rollup.json --l1-config-path l1-config.json".to_owned()),
            ("NODES", format!("--l1 {l1} --beacon {beacon} --l2 {l2}")),
            ("L1", l1),
            ("BEACON", beacon),
            ("L2", l2),
            ("ROLLUP_NODE", url(Endpoint::RollupNode)),
            ("OTHER_L1", "http://127.0.0.1:1".to_owned()),
            ("PRUNED", pruned),
            ("FORGETFUL", forgetful),
            ("KOHALA_BACKEND_PATH", "no-such-program".to_owned()),
            ("PATH", format!("bin:{path}")),
        ];
        if with_claim {
            let (claim, hash) = self.server.with_chain(|devnet| (devnet.claim(40, 41), devnet.l2()[40].header.hash()));
            variables.extend([
                ("L1_HEAD", claim.l1_head.to_string()),
                ("HASH", hash.to_string()),
                ("ROOT", claim.agreed_output_root.to_string()),
                ("CLAIM", claim.claimed_output_root.to_string()),
            ]);
        }
        variables
    }
}
