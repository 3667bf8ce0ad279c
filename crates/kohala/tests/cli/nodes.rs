//! The nodes of a chain on the devnet, and the flags that name them.

use alloy_primitives::U256;
use kohala_devnet::{
    chain::{Config, Devnet, Posting, SET_SLOT},
    serve::{Endpoint, Server},
};
use std::fs;

/// A chain's nodes, and its configuration as files.
pub(crate) struct Nodes {
    pub(crate) server: Server,
    folder: tempfile::TempDir,
}

const FLAGS: [(&str, Endpoint); 4] =
    [("l1", Endpoint::L1), ("beacon", Endpoint::Beacon), ("l2", Endpoint::L2), ("rollup-node", Endpoint::RollupNode)];

impl Nodes {
    pub(crate) fn start() -> Self {
        Self::with(24)
    }

    /// The nodes of a chain with so many L2 blocks, of which each sixth is followed by an L1 block.
    pub(crate) fn with(blocks: u64) -> Self {
        let mut devnet = Devnet::new(Config::default());
        let mut alice = devnet.user(0);
        for number in 1..=blocks {
            let word = |value: u64| U256::from(value).to_be_bytes::<32>();
            let set = alice.call(SET_SLOT, U256::ZERO, [word(number), word(1)].concat().into());
            devnet.l2_block(&[set]);
            if number % 6 == 0 {
                devnet.l1_block(|block| block.batch(number - 5..=number, Posting::default()));
            }
        }
        Self::of(devnet)
    }

    /// The nodes of this chain.
    pub(crate) fn of(devnet: Devnet) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("rollup.json"), devnet.rollup_json().to_string()).unwrap();
        fs::write(folder.path().join("l1.json"), devnet.l1_config_json().to_string()).unwrap();
        Self { server: Server::start(devnet).unwrap(), folder }
    }

    /// Flags for all nodes, of which some are elsewhere.
    pub(crate) fn flags(&self, elsewhere: &[(&str, &str)]) -> Vec<String> {
        let url = |name: &str, endpoint| match elsewhere.iter().find(|(flag, _)| *flag == name) {
            Some((_, url)) => (*url).to_owned(),
            None => self.server.url(endpoint),
        };
        let nodes = FLAGS.into_iter().map(|(name, endpoint)| format!("--{name}={}", url(name, endpoint)));
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let chain =
            [format!("--rollup-config-path={}", file("rollup.json")), format!("--l1-config-path={}", file("l1.json"))];
        nodes.chain(chain).collect()
    }

    /// The flags of a claim on block 24, agreed on block 12.
    pub(crate) fn claim_flags(&self) -> Vec<String> {
        let (claim, hash) = self.server.with_chain(|devnet| (devnet.claim(12, 24), devnet.l2()[12].header.hash()));
        vec![
            format!("--l1-head={}", claim.l1_head),
            format!("--agreed-l2-head-hash={hash}"),
            format!("--agreed-l2-output-root={}", claim.agreed_output_root),
            format!("--claimed-l2-output-root={}", claim.claimed_output_root),
            format!("--claimed-l2-block-number={}", claim.claimed_block_number),
        ]
    }
}
