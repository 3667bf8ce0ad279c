//! `kohala demo`: a chain made in this process, a claim about it proven from what its nodes tell, and refuted offline.

use crate::{cli::Output, exit_code, logs, report::say, source::Watch, verify};
use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::{Context, Result, ensure};
use indicatif::{HumanBytes, HumanCount};
use kohala_devnet::{
    chain::{Config, Deposit, Devnet, MESSAGE_PASSER, Posting, SET_SLOT},
    serve::{Endpoint, Server},
};
use kohala_host::{Chain, Deal, Dispute, Online, Sources, Store, meter::Meter, packed::Packed, witness};
use std::{fs, process::ExitCode};

/// L2 blocks of the chain.
const BLOCKS: u64 = 60;
/// The block that both parties agree on.
const AGREED: u64 = 20;
/// The claimed block.
const CLAIMED: u64 = 60;

const INTRODUCTION: &str = "\
An OP Stack chain (L2) writes its users' transactions to Ethereum (L1), and then claims what came of them: «block N has
the output root R», a hash of all balances and contracts. Whoever believes a false claim loses money. Kohala checks a
claim from two things that nobody disputes: the hash of one L1 block, and an earlier output root. Everything else it
computes: it reads the transactions back from L1, executes them, and compares. Nodes are asked for data, and none is
trusted: every byte is checked against a hash.

The chain here is a small one that is made right now, in this process, by other code than Kohala's. Its nodes answer over
HTTP like real ones: an L1 node, a beacon node and an L2 node.
";

pub(crate) fn demo(output: Output) -> Result<ExitCode> {
    logs::start(output, "warn");
    let tell = |text: &str| {
        if !output.json {
            say(text);
        }
    };
    tell(INTRODUCTION);
    let devnet = chain();
    let (honest, agreed_block) = dispute(&devnet);
    let mut lie = honest.clone();
    lie.claimed_output_root.0[0] ^= 1;
    let server = Server::start(devnet).context("the chain's nodes can't be started on loopback")?;

    tell("1. A true claim, its data fetched from the nodes\n");
    let online = Online::new(sources(&server)?, Deal::default(), honest.clone(), agreed_block, None)?;
    let (proven, preimages) = verify::report(&honest, Some(&online), output, None, |watch| online.witness(watch))?;
    if !output.json {
        asked(online.meter());
    }
    drop(server);

    let file = std::env::temp_dir().join(format!("kohala-demo-{}.kohala", std::process::id()));
    let packed = Packed::write(&file, &preimages).and_then(|()| Ok(fs::read(&file)?));
    drop(fs::remove_file(&file));
    let packed = packed.context("the witness can't be written")?;
    tell(&format!(
        "\n2. The nodes are gone. All that was needed is in one file of {}, and proves the claim anywhere\n",
        HumanBytes(packed.len() as u64)
    ));
    let store = Store::Packed(Packed::from_bytes(packed.into())?);
    let (replayed, _) = verify::report(&honest, None, output, None, |watch| witness(&store, &honest, watch))?;

    tell("\n3. The same claim with one bit of the root changed\n");
    let judge = |watch: Watch<'_>| Ok((kohala_host::judge(&store, &lie, watch)?, ()));
    let (refuted, ()) = verify::report(&lie, None, output, None, judge)?;
    tell("\nThe same on your own data: kohala verify --help");
    ensure!(
        proven.verdict.is_valid() && replayed.verdict.is_valid() && !refuted.verdict.is_valid(),
        "the demo came to the wrong verdicts: this build of Kohala must not be trusted"
    );
    Ok(exit_code(true))
}

/// Users that write and delete slots, send coins and withdraw; deposits from L1; all posted as span batches in blobs.
fn chain() -> Devnet {
    let slot = |key: u64, value: u64| -> Bytes {
        [U256::from(key), U256::from(value)].map(|word| word.to_be_bytes::<32>()).concat().into()
    };
    let mut devnet = Devnet::new(Config::default());
    let (mut alice, mut bob) = (devnet.user(0), devnet.user(1));
    let mut posted = 0;
    for number in 1..=BLOCKS {
        let mut transactions = vec![
            alice.call(SET_SLOT, U256::ZERO, slot(number, number)),
            alice.call(SET_SLOT, U256::ZERO, slot(number.saturating_sub(3), 0)),
            bob.call(MESSAGE_PASSER, U256::ZERO, slot(number, 1)),
        ];
        transactions.extend((0..5).map(|other| bob.transfer(Address::repeat_byte(other), U256::from(number))));
        devnet.l2_block(&transactions);
        if number % 6 == 0 {
            let deposit = Deposit { to: Address::repeat_byte(0x77).into(), mint: 1_000, ..Deposit::default() };
            devnet.l1_block(|block| block.batch(posted + 1..=number, Posting::default()).deposit(deposit));
            posted = number;
        }
    }
    devnet.l1_block(|block| block);
    devnet
}

/// The dispute, and the agreed block's hash.
fn dispute(devnet: &Devnet) -> (Dispute, B256) {
    let claim = devnet.claim(AGREED, CLAIMED);
    let json = |json: serde_json::Value| Bytes::from(json.to_string().into_bytes());
    let dispute = Dispute {
        l1_head: claim.l1_head,
        agreed_output_root: claim.agreed_output_root,
        claimed_output_root: claim.claimed_output_root,
        claimed_block_number: claim.claimed_block_number,
        chain: Chain::Custom { rollup: json(devnet.rollup_json()), l1: Some(json(devnet.l1_config_json())) },
    };
    (dispute, devnet.l2()[AGREED as usize].header.hash())
}

fn sources(server: &Server) -> Result<Sources> {
    let url = |endpoint| -> Result<_> { Ok(vec![server.url(endpoint).parse()?]) };
    Ok(Sources { l1: url(Endpoint::L1)?, beacon: url(Endpoint::Beacon)?, l2: url(Endpoint::L2)? })
}

/// Says what was asked of whom.
fn asked(meter: &Meter) {
    say("\n  asked     of           for                       calls");
    for ((source, method), traffic) in meter.by_method() {
        let calls = HumanCount(traffic.calls).to_string();
        say(format_args!("            {:<12} {method:<24} {calls:>6}", source.name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_is_the_same_every_time() {
        assert_eq!(dispute(&chain()).0.claimed_output_root, dispute(&chain()).0.claimed_output_root);
    }
}
