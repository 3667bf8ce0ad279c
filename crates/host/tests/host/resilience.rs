//! Whatever the network and the nodes do, there is the right verdict or none, and it doesn't take for ever.

use crate::online::{chain, dispute};
use alloy_primitives::B256;
use kohala_devnet::{
    chain::Config,
    proxy::{Fault, Faults, Proxy, Rule},
    serve::{Endpoint, Server},
};
use kohala_host::{Deal, Dispute, HostError, JudgeError, Judgement, Online, Sources, rpc::Limits};
use kohala_program::{ProgramError, ReadError};
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

/// The nodes of one chain, each behind a proxy.
struct Net {
    _server: Server,
    proxies: [Proxy; 3],
    dispute: Dispute,
    agreed_block: B256,
}

const SOURCES: [Endpoint; 3] = [Endpoint::L1, Endpoint::Beacon, Endpoint::L2];

impl Net {
    fn new() -> Self {
        static CHAIN: LazyLock<kohala_devnet::chain::Devnet> = LazyLock::new(|| chain(Config::default(), 18));
        let devnet = CHAIN.clone();
        let (dispute, agreed_block) = dispute(&devnet, 6, 18);
        let server = Server::start(devnet).unwrap();
        let proxies = SOURCES.map(|endpoint| Proxy::start(&server.url(endpoint)).unwrap());
        Self { _server: server, proxies, dispute, agreed_block }
    }

    fn sources(&self) -> Sources {
        let [l1, beacon, l2] = [0, 1, 2].map(|index| vec![self.proxies[index].url().parse().unwrap()]);
        Sources { l1, beacon, l2 }
    }

    fn judge(&self, dispute: &Dispute, deal: Deal) -> Result<Judgement, JudgeError> {
        Online::new(self.sources(), deal, dispute.clone(), self.agreed_block, None).unwrap().judge(|_| ())
    }

    /// The claim and one with another root have the verdicts that they deserve.
    #[track_caller]
    fn judges_right(&self, what: &str) {
        let mut lie = self.dispute.clone();
        lie.claimed_output_root.0[7] ^= 1;
        for (dispute, is_valid) in [(&self.dispute, true), (&lie, false)] {
            let judgement = self.judge(dispute, deal()).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(judgement.verdict.is_valid(), is_valid, "{what}");
        }
    }
}

/// Short time-outs, and a deadline far beyond what any case here takes: to fail rather than to hang.
fn deal() -> Deal {
    Deal {
        limits: Limits { timeout: Duration::from_millis(500), ..Limits::default() },
        patience: Duration::from_secs(20),
        deadline: Some(Instant::now() + Duration::from_secs(120)),
        ..Deal::default()
    }
}

/// What goes wrong with some of the requests, and how often.
fn faults() -> Vec<(&'static str, Rule)> {
    vec![
        ("late answers", Rule::always(Fault::Late(Duration::from_millis(30)))),
        ("answers that come too late", Rule::always(Fault::Late(Duration::from_secs(2))).every(5)),
        ("no answers", Rule::always(Fault::Silent).every(6)),
        ("closed connections", Rule::always(Fault::Closed).every(3)),
        ("reset connections", Rule::always(Fault::Reset).every(3)),
        ("too many requests", Rule::always(Fault::status(429)).every(3)),
        ("server errors", Rule::always(Fault::status(500)).every(3)),
        ("bad gateways", Rule::always(Fault::status(502)).every(2)),
        ("pages instead of answers", Rule::always(Fault::Page).every(3)),
        ("cut bodies", Rule::always(Fault::Cut).every(3)),
        ("altered bytes", Rule::always(Fault::Altered).every(3)),
        ("nulls", Rule::always(Fault::Null).every(3)),
        ("missing trie nodes", Rule::always(Fault::error(-32000, "missing trie node")).every(3)),
        ("exceeded limits", Rule::always(Fault::error(-32005, "limit exceeded")).every(3)),
        ("stale heads", Rule::always(Fault::StaleHead(2)).every(2)),
        ("no batches", Rule::always(Fault::BatchRefused { above: 1, status: None })),
        ("no batches, by status", Rule::always(Fault::BatchRefused { above: 2, status: Some(413) })),
        ("reversed batches", Rule::always(Fault::Reversed)),
        ("incomplete batches", Rule::always(Fault::LeftOut).every(2)),
    ]
}

#[test]
fn no_fault_of_one_source_changes_a_verdict() {
    for (what, rule) in faults() {
        for (endpoint, spoiled) in SOURCES.into_iter().zip(0..) {
            let net = Net::new();
            net.proxies[spoiled].set(Faults::rule(rule.clone()));
            net.judges_right(&format!("{what} of {endpoint:?}"));
        }
    }
}

#[test]
fn no_fault_of_all_sources_changes_a_verdict() {
    for (what, rule) in faults() {
        let net = Net::new();
        net.proxies.iter().for_each(|proxy| proxy.set(Faults::rule(rule.clone())));
        net.judges_right(what);
    }
}

#[test]
fn outage_at_the_start_is_waited_out() {
    for fault in [Fault::Closed, Fault::status(503), Fault::Silent] {
        let net = Net::new();
        net.proxies.iter().for_each(|proxy| proxy.set(Faults::rule(Rule::always(fault.clone()).first(6))));
        net.judges_right(fault.name());
    }
}

#[test]
fn other_urls_stand_in_for_one_that_fails() {
    for fault in [Fault::Closed, Fault::status(500), Fault::Silent, Fault::Null, Fault::Altered] {
        let net = Net::new();
        let broken: Vec<Proxy> = net.proxies.iter().map(|proxy| Proxy::start(&proxy.url()).unwrap()).collect();
        broken.iter().for_each(|proxy| proxy.set(Faults::rule(Rule::always(fault.clone()))));
        let mut sources = net.sources();
        for (urls, broken) in [&mut sources.l1, &mut sources.beacon, &mut sources.l2].into_iter().zip(&broken) {
            urls.insert(0, broken.url().parse().unwrap());
        }
        let online = Online::new(sources, deal(), net.dispute.clone(), net.agreed_block, None).unwrap();
        let judgement = online.judge(|_| ()).unwrap_or_else(|error| panic!("{}: {error}", fault.name()));
        assert!(judgement.verdict.is_valid());
    }
}

#[test]
fn outage_without_end_ends_at_the_deadline_without_a_verdict() {
    for spoiled in 0..SOURCES.len() {
        let net = Net::new();
        net.proxies[spoiled].set(Faults::rule(Rule::always(Fault::status(503))));
        let deal = Deal { deadline: Some(Instant::now() + Duration::from_secs(2)), ..deal() };
        let outcome = net.judge(&net.dispute, deal);
        let error = outcome.expect_err("there is nothing to judge by");
        assert!(matches!(error, ProgramError::Read(ReadError::Oracle(HostError::Deadline))), "{error}");
    }
}

#[test]
fn nodes_that_never_have_it_end_the_run_without_a_verdict() {
    for (spoiled, fault) in [(0, Fault::Null), (1, Fault::Null), (2, Fault::Null), (2, Fault::Altered)] {
        let net = Net::new();
        net.proxies[spoiled].set(Faults::rule(Rule::always(fault.clone())));
        let outcome = net.judge(&net.dispute, Deal { patience: Duration::from_secs(1), ..deal() });
        let error = outcome.expect_err("there is nothing to judge by");
        assert!(matches!(error, ProgramError::Read(ReadError::Oracle(HostError::NotFetched(_)))), "{spoiled}: {error}");
    }
}
