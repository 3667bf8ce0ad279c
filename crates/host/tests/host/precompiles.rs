//! Precompiles by the oracle: a program that asks for outcomes instead of computing them, and its host (rules P25, X42).

use crate::{
    asker::{ask, with_asker},
    online::{dispute, sources},
    serving::{Reader, Writer, channels},
};
use alloy_primitives::{Address, B256, Bytes};
use kohala_devnet::{
    chain::{Config, Devnet, Fork, Posting},
    serve,
};
use kohala_host::{Deal, Dispute, HostError, Layout, Online, Server, Store, database::Database, serve as answer};
use kohala_preimage::{Client, ClientError, Hint, Key, KeyKind, Oracle, ServeError};
use kohala_program::{OracleInputs, ProgramError, ReadError, Verdict};
use kohala_testdata::precompile_calls;
use std::{collections::BTreeMap, path::Path, thread, time::Duration};

/// A chain whose three blocks call every precompile, each twice.
fn chain(fork: Fork) -> Devnet {
    let mut devnet = Devnet::new(with_asker(Config::up_to(fork)));
    let mut alice = devnet.user(0);
    for calls in precompile_calls().chunks(5) {
        let questions: Vec<_> = calls.iter().map(|call| ask(&mut alice, call.address, &call.input)).collect();
        devnet.l2_block(&questions);
    }
    devnet.l1_block(|block| block.batch(1..=3, Posting::default()));
    devnet
}

/// A program's end that notes which precompiles it gives hints of.
struct Noting {
    client: Client<Reader, Writer>,
    hints: BTreeMap<u8, usize>,
}

impl Oracle for Noting {
    type Error = ClientError;

    fn hint(&mut self, hint: &Hint) -> Result<(), ClientError> {
        if let Hint::L1PrecompileV2 { address, .. } = hint {
            *self.hints.entry(address[19]).or_default() += 1;
        }
        self.client.hint(hint)
    }

    fn get(&mut self, key: Key) -> Result<Bytes, ClientError> {
        self.client.get(key)
    }
}

type Answer = Result<Verdict, ProgramError<ReadError<ClientError>>>;

/// The verdict of a program that asks for outcomes, and how often it asks for each.
fn accelerated(client: Client<Reader, Writer>) -> (Answer, BTreeMap<u8, usize>) {
    let mut oracle = Noting { client, hints: BTreeMap::new() };
    let verdict = kohala_program::run(OracleInputs::new(&mut oracle).accelerated());
    (verdict, oracle.hints)
}

/// The same, served from nodes; what is fetched comes into a database.
fn from_nodes(dispute: &Dispute, agreed: B256, nodes: &serve::Server, to: &Path) -> (Verdict, BTreeMap<u8, usize>) {
    let below = Store::Database(Database::open_or_create(to).unwrap());
    let deal = Deal { patience: Duration::from_secs(1), ..Deal::default() };
    let online = Online::new(sources(nodes), deal, dispute.clone(), agreed, Some(below)).unwrap();
    let (client, host) = channels();
    thread::scope(|scope| {
        let served = scope.spawn(|| online.serve(host, Layout::Kona));
        let (verdict, hints) = accelerated(client);
        served.join().unwrap().unwrap();
        (verdict.unwrap(), hints)
    })
}

/// The same from a store alone, and how serving ended.
fn from_store(dispute: &Dispute, store: &Store) -> (Answer, BTreeMap<u8, usize>, Result<(), ServeError<HostError>>) {
    let (client, host) = channels();
    thread::scope(|scope| {
        let served = scope.spawn(|| answer(Server::new(store, dispute.inputs()), host));
        let (verdict, hints) = accelerated(client);
        (verdict, hints, served.join().unwrap())
    })
}

/// Each call of a precompile that L1 stands in for is one hint, and its outcome lies in the store then, from which the
/// claim is judged once more. Others, and those that the fork doesn't have yet, are none (T-PRE-1).
#[test]
fn accelerated_calls_are_asked_of_the_host() {
    for fork in [Fork::Holocene, Fork::Jovian] {
        let nodes = serve::Server::start(chain(fork)).unwrap();
        let (dispute, agreed) = nodes.with_chain(|devnet| dispute(devnet, 0, 3));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("left.db");
        let (verdict, hints) = from_nodes(&dispute, agreed, &nodes, &path);
        assert!(verdict.is_valid(), "{fork:?}");
        let there = |name: &str| Fork::ALL.into_iter().any(|since| since.name() == name && since <= fork);
        let asked_for = |last: u8| matches!(last, 0x01 | 0x08 | 0x0a..=0x11);
        let called = precompile_calls().into_iter().filter(|call| there(&call.since)).map(|call| call.address[19]);
        let mut expected: BTreeMap<u8, usize> = called.filter(|last| asked_for(*last)).map(|last| (last, 2)).collect();
        // Who signed thirteen transactions of users, and the batcher's.
        *expected.get_mut(&0x01).unwrap() += 14;
        let distinct = expected.len() + 14 + 1;
        // Where the batcher's blob ends.
        *expected.entry(0x0c).or_default() += 1;
        assert_eq!(hints, expected, "{fork:?}");

        let store = Store::open(&path).unwrap();
        let mut preimages = store.load().unwrap();
        let kinds = |kind| preimages.iter().filter(move |(key, _)| key.kind() == Some(kind));
        let outcomes: Vec<_> = kinds(KeyKind::Precompile).map(|(key, _)| key).collect();
        assert_eq!(outcomes.len(), distinct, "two calls are the same, and ask for the same");
        let (again, hints, served) = from_store(&dispute, &store);
        assert_eq!((again.unwrap(), hints, served.is_ok()), (verdict, expected, true));

        // Without them it takes the hints alone: they say what was called.
        outcomes.into_iter().for_each(|outcome| {
            preimages.remove(outcome).unwrap();
            preimages.remove(outcome.with_kind(KeyKind::Keccak256)).unwrap();
        });
        let (computed, _, served) = from_store(&dispute, &Store::Memory(preimages));
        assert_eq!((computed.unwrap(), served.is_ok()), (verdict, true));
    }
}

/// Nothing is computed of precompiles that L1 doesn't stand in for, and nobody waits for that.
#[test]
fn host_refuses_other_precompiles() {
    let nodes = serve::Server::start(chain(Fork::Jovian)).unwrap();
    let (dispute, agreed) = nodes.with_chain(|devnet| dispute(devnet, 0, 3));
    for (address, hint) in [2u16, 5, 0x100].into_iter().flat_map(|last| {
        let address = Address::left_padding_from(&last.to_be_bytes());
        let (input, payload) = (Bytes::from_static(b"input"), Bytes::from_static(b"\0\0\0\0\0\0\0\x07input"));
        [Hint::L1PrecompileV2 { address, gas: 7, input }, Hint::L1Precompile { address, payload }]
            .map(|hint| (address, hint))
    }) {
        let deal = Deal { patience: Duration::from_secs(600), ..Deal::default() };
        let online = Online::new(sources(&nodes), deal, dispute.clone(), agreed, None).unwrap();
        let (mut client, host) = channels();
        let served = thread::scope(|scope| {
            let served = scope.spawn(|| online.serve(host, Layout::Kona));
            client.hint(&hint).unwrap();
            assert_eq!(client.get(Key::precompile(address, 7, b"input")), Err(ClientError::Closed));
            drop(client);
            served.join().unwrap()
        });
        let Err(ServeError::Answer(error)) = served else { panic!("{served:?}") };
        let (text, hint) = (error.to_string(), hint.text());
        assert!(text.contains(&hint) && text.contains(&format!("the precompile at {address}")), "{text}");
    }
}
