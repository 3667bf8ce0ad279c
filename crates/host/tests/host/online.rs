//! Claims judged while everything is fetched over HTTP, from nodes with all their methods and with few.

use alloy_primitives::{Address, B256, Bytes, U256};
use kohala_devnet::{
    chain::{Config, Deposit, Devnet, MESSAGE_PASSER, Posting, SET_SLOT},
    serve::{Endpoint, Server},
};
use kohala_host::{Chain, Deal, Dispute, Judgement, Online, Sources, meter::Meter};
use std::time::Duration;

/// Writes a slot of [`SET_SLOT`] or [`MESSAGE_PASSER`].
fn slot(key: u64, value: u64) -> Bytes {
    [U256::from(key), U256::from(value)].map(|word| word.to_be_bytes::<32>()).concat().into()
}

/// A chain of `blocks` L2 blocks that write and delete slots, in spans of six.
pub(crate) fn chain(config: Config, blocks: u64) -> Devnet {
    let mut devnet = Devnet::new(config);
    let (mut alice, mut bob) = (devnet.user(0), devnet.user(1));
    let mut posted = 0;
    for number in 1..=blocks {
        let write = alice.call(SET_SLOT, U256::ZERO, slot(number, number * 1000));
        let deletion = alice.call(SET_SLOT, U256::ZERO, slot(number.saturating_sub(4), 0));
        let withdrawal = bob.call(MESSAGE_PASSER, U256::ZERO, slot(number, 1));
        devnet.l2_block(&[write, deletion, withdrawal]);
        if number % 6 == 0 {
            let deposit = Deposit { to: Address::repeat_byte(7).into(), mint: 5, ..Deposit::default() };
            devnet.l1_block(|block| block.batch(posted + 1..=number, Posting::default()).deposit(deposit));
            posted = number;
        }
    }
    devnet.l1_block(|block| block);
    devnet
}

pub(crate) fn dispute(devnet: &Devnet, agreed: u64, claimed: u64) -> (Dispute, B256) {
    let claim = devnet.claim(agreed, claimed);
    let chain = Chain::Custom {
        rollup: devnet.rollup_json().to_string().into_bytes().into(),
        l1: Some(devnet.l1_config_json().to_string().into_bytes().into()),
    };
    let dispute = Dispute {
        l1_head: claim.l1_head,
        agreed_output_root: claim.agreed_output_root,
        claimed_output_root: claim.claimed_output_root,
        claimed_block_number: claim.claimed_block_number,
        chain,
    };
    (dispute, devnet.l2()[agreed as usize].header.hash())
}

pub(crate) fn sources(server: &Server) -> Sources {
    let url = |endpoint| vec![server.url(endpoint).parse().unwrap()];
    Sources { l1: url(Endpoint::L1), beacon: url(Endpoint::Beacon), l2: url(Endpoint::L2) }
}

fn deal() -> Deal {
    Deal { patience: Duration::from_secs(1), ..Deal::default() }
}

/// Judges block `claimed` on top of `agreed`, with these methods of L2 switched off.
pub(crate) fn judge(server: &Server, agreed: u64, claimed: u64, l2_off: &[&str]) -> (Judgement, u64) {
    l2_off.iter().for_each(|method| server.switch_off(Endpoint::L2, method));
    let (dispute, agreed_block) = server.with_chain(|devnet| dispute(devnet, agreed, claimed));
    let online = Online::new(sources(server), deal(), dispute, agreed_block, None).unwrap();
    let judgement = online.judge(|_| ());
    l2_off.iter().for_each(|method| server.switch_on(Endpoint::L2, method));
    show(online.meter());
    (judgement.unwrap(), online.meter().round_trips())
}

fn show(meter: &Meter) {
    println!("{} round trips in sequence", meter.round_trips());
    for ((source, method), traffic) in meter.by_method() {
        println!("{source} {method}: {traffic:?}");
    }
}

#[test]
fn judges_with_whatever_methods_there_are() {
    let server = Server::start(chain(Config::default(), 48)).unwrap();
    let witnesses = ["debug_executionWitness", "debug_executePayload"];
    let traces = ["debug_traceBlockByNumber"];
    let database = ["debug_dbGet"];
    let proofs = ["eth_getProof"];
    let raw = ["debug_getRawHeader", "debug_getRawBlock", "debug_getRawReceipts"];
    for off in [
        vec![],
        witnesses.to_vec(),
        [&witnesses[..], &traces].concat(),
        [&witnesses[..], &traces, &database].concat(),
        [&witnesses[..], &traces, &proofs].concat(),
        [&witnesses[..], &traces, &database, &raw].concat(),
    ] {
        println!("without {off:?}");
        let (judgement, _) = judge(&server, 10, 40, &off);
        assert!(judgement.verdict.is_valid(), "without {off:?}");
        assert_eq!(judgement.blocks, 30);
    }
}

#[test]
fn claim_far_beyond_what_there_is_asks_for_no_more_than_there_is() {
    let server = Server::start(chain(Config::default(), 12)).unwrap();
    let (mut dispute, agreed_block) = server.with_chain(|devnet| dispute(devnet, 2, 12));
    dispute.claimed_block_number = 1_000_000;
    let online = Online::new(sources(&server), deal(), dispute, agreed_block, None).unwrap();
    let judgement = online.judge(|_| ()).unwrap();
    // L1 gives rise to no more than twelve blocks, whose root is the answer (rules Z01).
    assert_eq!((judgement.verdict.block_number, judgement.verdict.is_valid()), (12, true));
    let witnesses = online.meter().by_method()[&(kohala_host::rpc::SourceKind::L2, "debug_executionWitness")].calls;
    assert!(witnesses <= 50, "{witnesses}");
}

#[test]
fn agreed_root_of_another_block_is_named() {
    let server = Server::start(chain(Config::default(), 12)).unwrap();
    let (dispute, _) = server.with_chain(|devnet| dispute(devnet, 2, 12));
    let other = server.with_chain(|devnet| devnet.l2()[3].header.hash());
    let error = Online::new(sources(&server), deal(), dispute, other, None).unwrap().judge(|_| ()).unwrap_err();
    assert!(error.to_string().contains("the agreed output root is"), "{error}");
}

#[test]
fn blocks_receipts_and_blobs_come_from_nodes_without_debug_methods() {
    let server = Server::start(chain(Config::default(), 24)).unwrap();
    for method in ["debug_getRawHeader", "debug_getRawBlock", "debug_getRawReceipts"] {
        server.switch_off(Endpoint::L1, method);
        server.switch_off(Endpoint::L2, method);
    }
    server.switch_off(Endpoint::Beacon, "blobs");
    let (judgement, _) = judge(&server, 6, 24, &[]);
    assert!(judgement.verdict.is_valid());
    assert!(judgement.reads.blobs.number > 0);
    let calls = [Endpoint::L1, Endpoint::Beacon].map(|endpoint| server.calls(endpoint).methods);
    for (calls, method) in
        [(&calls[0], "eth_getBlockByNumber"), (&calls[0], "eth_getBlockReceipts"), (&calls[1], "blob_sidecars")]
    {
        assert!(calls.contains_key(method), "{method}: {calls:?}");
    }
}
