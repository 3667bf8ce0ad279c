//! `kohala demo`: a true claim proven and a false one refuted, on a chain that comes with the binary.

use crate::{cli::Output, exit_code, report, verify};
use alloy_primitives::{B256, Bytes, b256};
use anyhow::{Result, ensure};
use kohala_host::{Chain, Dispute, Store, judge, packed::Packed};
use std::process::ExitCode;

/// Preimages for one claim of the recorded chain `main`: `testdata/README.md` says how it was made.
static PREIMAGES: &[u8] = include_bytes!("../../../testdata/demo/main-60-110.kohala");
static ROLLUP_CONFIG: &[u8] = include_bytes!("../../../testdata/chains/main/rollup.json");
static L1_CONFIG: &[u8] = include_bytes!("../../../testdata/chains/main/l1-chain-config.json");

/// The dispute's inputs: `testdata/chains/main/claims/60-110.json`.
const L1_HEAD: B256 = b256!("2fc6f6323d7de27f5f9bccea25b7024ab0250ede62464809cbffa454d98aab25");
const AGREED_OUTPUT_ROOT: B256 = b256!("05597c2cd8e641cb968af796179fbbe2ccdb60a10b8e75fc969fd7d0f797e1f0");
const CLAIMED_OUTPUT_ROOT: B256 = b256!("22474c949856cd6ceb3048e3a636f242437f5ba3b771b2ff8f86d8bc01dc88f4");
const CLAIMED_BLOCK_NUMBER: u64 = 110;

const INTRODUCTION: &str = "\
An OP Stack chain (L2) writes its users' transactions to Ethereum (L1), and then claims what came of them: «block N has
the output root R», a hash of all balances and contracts. Whoever believes a false claim loses money. Kohala checks a
claim from two things that nobody disputes: the hash of one L1 block, and an earlier output root. Everything else it
computes: it reads the transactions back from L1, executes them, and compares. No node is asked and none is trusted;
every byte is checked against a hash.

The chain is a small one, made by op-geth, op-node and op-batcher: 50 blocks, their batches in 38 blobs.
";

pub(crate) fn demo(output: Output) -> Result<ExitCode> {
    let store = Store::Packed(Packed::from_bytes(Bytes::from_static(PREIMAGES))?);
    let honest = Dispute {
        l1_head: L1_HEAD,
        agreed_output_root: AGREED_OUTPUT_ROOT,
        claimed_output_root: CLAIMED_OUTPUT_ROOT,
        claimed_block_number: CLAIMED_BLOCK_NUMBER,
        chain: Chain::Custom { rollup: Bytes::from_static(ROLLUP_CONFIG), l1: Some(Bytes::from_static(L1_CONFIG)) },
    };
    let mut lie = honest.clone();
    lie.claimed_output_root.0[0] ^= 1;

    let say = |text: &str| {
        if !output.json {
            report::say(text);
        }
    };
    say(INTRODUCTION);
    say("1. A true claim\n");
    let proven = verify::report(&honest, None, output, |watch| judge(&store, &honest, watch))?;
    say("\n2. The same claim with one bit of the root changed\n");
    let refuted = verify::report(&lie, None, output, |watch| judge(&store, &lie, watch))?;
    say("\nThe same on your own data: kohala verify --help");
    ensure!(
        proven.verdict.is_valid() && !refuted.verdict.is_valid(),
        "the demo came to the wrong verdicts: this build of Kohala must not be trusted"
    );
    Ok(exit_code(true))
}
