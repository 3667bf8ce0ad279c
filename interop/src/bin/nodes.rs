//! The tests' chain of real op-geth, op-node and op-batcher, served until Ctrl-C: for trying Kohala on nodes when one has none.
//! `cargo xtask nodes` runs it.

use anyhow::{Context, Result};
use kohala_interop::{Chain, Programs, Urls};
use std::{
    io::{Write, stdout},
    thread,
};

/// Blocks to judge: batches of them are in blobs, and then in calldata.
const BLOCKS: (u64, u64) = (60, 110);

fn main() -> Result<()> {
    eprintln!(
        "Builds op-geth, op-node and op-batcher, and makes a chain: five minutes the first time, seconds after that."
    );
    let programs = Programs::build()?;
    let chain = Chain::make(&programs)?.serve(&programs)?;
    let Urls { l1, beacon, l2, rollup } = &chain.uncounted;
    let (agreed, claimed) = BLOCKS;
    chain.claim(agreed, claimed).context("the chain was made to be judged up to there")?;
    let first = agreed + 1;
    let (rollup_json, l1_config) = (chain.file("rollup.json"), chain.file("l1-config.json"));
    let text = format!(
        "\n# Paste into another terminal:\nL1={l1} BEACON={beacon} L2={l2} ROLLUP_NODE={rollup}\n\
         CHAIN_FILES=\"--rollup-config-path {} --l1-config-path {}\"\n\
         NODES=\"--l1 $L1 --beacon $BEACON --l2 $L2 --rollup-node $ROLLUP_NODE\"\n\
         kohala verify $CHAIN_FILES $NODES --block {first}..{claimed}\n\n\
         # The nodes answer until Ctrl-C.\n",
        rollup_json.display(),
        l1_config.display(),
    );
    stdout().write_all(text.as_bytes())?;
    loop {
        thread::park();
    }
}
