//! Programs that look up the hashes of L1 blocks in L1's states, served from nodes.

use crate::{
    online::{chain, dispute, sources},
    serving::{Reader, Writer, channels},
};
use alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS;
use alloy_primitives::{B256, Bytes};
use kohala_devnet::{
    chain::{Config, Devnet, L1Fork, Schedule},
    proxy::{Fault, Faults, Proxy, Rule},
    serve::{self, Endpoint},
};
use kohala_host::{Deal, Dispute, HostError, Layout, Online, Sources};
use kohala_preimage::{Client, ClientError, Hint, Key, Oracle, ServeError};
use kohala_program::{OracleInputs, ProgramError, ReadError, Verdict};
use std::{thread, time::Duration};

/// An oracle that counts.
struct Counted {
    client: Client<Reader, Writer>,
    reads: Reads,
}

/// What a program asked for of L1.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reads {
    headers: usize,
    /// Look-ups of hashes.
    paths: usize,
    preimages: usize,
    bytes: usize,
}

impl Oracle for Counted {
    type Error = ClientError;

    fn hint(&mut self, hint: &Hint) -> Result<(), ClientError> {
        match hint {
            Hint::L1BlockHeader(_) => self.reads.headers += 1,
            Hint::L1AccountStorageProof { .. } => self.reads.paths += 1,
            _ => {}
        }
        self.client.hint(hint)
    }

    fn get(&mut self, key: Key) -> Result<Bytes, ClientError> {
        let value = self.client.get(key)?;
        self.reads.preimages += 1;
        self.reads.bytes += value.len();
        Ok(value)
    }
}

type Answer = Result<Verdict, ProgramError<ReadError<ClientError>>>;
type Served = Result<(), ServeError<HostError>>;

/// The verdict of a program behind pipes, what it asked for, and how serving ended.
fn judge(sources: Sources, dispute: &Dispute, agreed: B256, by_history: bool) -> (Answer, Reads, Served) {
    let deal = Deal { patience: Duration::from_secs(1), ..Deal::default() };
    let online = Online::new(sources, deal, dispute.clone(), agreed, None).unwrap();
    let (client, host) = channels();
    thread::scope(|scope| {
        let served = scope.spawn(|| online.serve(host, Layout::Kona));
        let mut oracle = Counted { client, reads: Reads::default() };
        let inputs = OracleInputs::new(&mut oracle);
        let verdict = kohala_program::run(if by_history { inputs.by_history() } else { inputs });
        let reads = oracle.reads;
        drop(oracle.client);
        (verdict, reads, served.join().unwrap())
    })
}

/// Twelve L2 blocks, and an L1 that goes on for so many blocks after them; Prague comes so many seconds after genesis.
fn long(prague: u64, l1_blocks: usize) -> Devnet {
    let config = Config { l1_history: true, l1_forks: Schedule::default(), ..Config::default() };
    let mut devnet = chain(config.then_l1(L1Fork::Cancun, 0).then_l1(L1Fork::Prague, prague), 12);
    devnet.l1_blocks(l1_blocks);
    devnet
}

/// True claims and false ones, with Prague from the start, beginning between the claim and the head, and none of it.
#[test]
fn verdict_by_history_is_that_of_the_walk() {
    for (prague, l1_blocks) in [(0, 300), (12 * 150, 300), (12 * 1000, 300), (0, 8400)] {
        let nodes = serve::Server::start(long(prague, l1_blocks)).unwrap();
        let (dispute, agreed) = nodes.with_chain(|devnet| dispute(devnet, 4, 12));
        let lie = Dispute { claimed_output_root: B256::repeat_byte(0xde), ..dispute.clone() };
        for (dispute, valid) in [(&dispute, true), (&lie, false)] {
            let (verdict, walked, served) = judge(sources(&nodes), dispute, agreed, false);
            let verdict = verdict.unwrap();
            assert_eq!((verdict.is_valid(), served.is_ok(), walked.paths), (valid, true, 0));
            assert!(walked.headers > l1_blocks);
            let (by_history, looked_up, served) = judge(sources(&nodes), dispute, agreed, true);
            assert_eq!((by_history.unwrap(), served.is_ok()), (verdict, true));
            match prague {
                0 => assert!(looked_up.headers < 25 && looked_up.paths > l1_blocks / 8191, "{looked_up:?}"),
                _ => assert_eq!(looked_up.headers, walked.headers, "{looked_up:?}"),
            }
        }
    }
}

/// Ordinary nodes have the states of the newest blocks alone. That ends a program, with advice: it doesn't walk instead.
#[test]
fn without_l1_states_there_is_advice_and_no_verdict() {
    let nodes = serve::Server::start(long(0, 100)).unwrap();
    let (dispute, agreed) = nodes.with_chain(|devnet| dispute(devnet, 4, 12));
    let proxy = Proxy::start(&nodes.url(Endpoint::L1)).unwrap();
    let pruned = Fault::error(-32000, "missing trie node 0123 (path ) state 0x0123 is not available");
    // The L2 block agreed on has the genesis block as its origin, above which a hash is looked up.
    let slot = B256::with_last_byte(16);
    let advice = "use an L1 archive node, or a program that does without (a client without --l1-history)";
    for (fault, reason) in
        [(pruned, "missing trie node 0123"), (Fault::missing(["eth_getProof"]), "no L1 endpoint knows eth_getProof")]
    {
        proxy.set(Faults::rule(Rule::always(fault).only("eth_getProof")));
        let sources = Sources { l1: vec![proxy.url().parse().unwrap()], ..sources(&nodes) };
        let (verdict, _, served) = judge(sources.clone(), &dispute, agreed, true);
        assert!(matches!(verdict, Err(ProgramError::Read(ReadError::Oracle(ClientError::Closed)))), "{verdict:?}");
        let Err(ServeError::Answer(error)) = served else { panic!("{served:?}") };
        let text = error.to_string();
        let hint = Hint::L1AccountStorageProof { block: dispute.l1_head, address: HISTORY_STORAGE_ADDRESS, slot };
        for words in [reason, advice, &hint.text()] {
            assert!(text.contains(words), "{words} is not in {text}");
        }
        assert!(judge(sources, &dispute, agreed, false).0.unwrap().is_valid(), "the walk needs no state");
    }
}
