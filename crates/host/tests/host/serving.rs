//! Programs served over pipes and in this process.

use crate::common::{BLOBS, preimages};
use alloy_primitives::{B256, Bytes};
use embedded_io_adapters::std::FromStd;
use kohala_host::{Channels, HostError, LocalInputs, NativeOracle, Request, Server, Store, serve, server::ServerError};
use kohala_preimage::{BlobKeys, Client, ClientError, Hint, Key, KeyKind, Missing, Oracle, ServeError};
use std::{
    io::{PipeReader, PipeWriter, pipe},
    sync::mpsc,
    thread,
    time::Duration,
};
use tokio::sync::mpsc::unbounded_channel;

pub(crate) type Reader = FromStd<PipeReader>;
pub(crate) type Writer = FromStd<PipeWriter>;

pub(crate) fn channels() -> (Client<Reader, Writer>, Channels<Reader, Writer>) {
    let pipes: [(Reader, Writer); 4] = std::array::from_fn(|_| {
        let (reader, writer) = pipe().unwrap();
        (FromStd::new(reader), FromStd::new(writer))
    });
    let [keys, values, hints, acknowledgements] = pipes;
    let client = Client {
        preimage_reader: values.0,
        preimage_writer: keys.1,
        hint_reader: acknowledgements.0,
        hint_writer: hints.1,
    };
    let host = Channels {
        preimage_reader: keys.0,
        preimage_writer: values.1,
        hint_reader: hints.0,
        hint_writer: acknowledgements.1,
    };
    (client, host)
}

fn inputs() -> LocalInputs {
    [(1, Bytes::from_static(b"head")), (2, Bytes::from_static(b"root"))].into()
}

/// Every kind of store with the same in it.
fn stores(folder: &std::path::Path) -> Vec<Store> {
    let preimages = preimages(&BLOBS[1..2]);
    let written = ["a.kohala", "a.db", "directory"].map(|name| {
        Store::write(folder.join(name), &preimages).unwrap();
        Store::open(folder.join(name)).unwrap()
    });
    written.into_iter().chain([Store::Memory(preimages)]).collect()
}

/// Runs a program against a served store.
fn served<T>(store: &Store, program: impl FnOnce(Client<Reader, Writer>) -> T) -> (T, Result<(), ServerError>) {
    let (client, host) = channels();
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(Server::new(store, inputs()), host));
        let result = program(client);
        (result, server.join().unwrap())
    })
}

#[test]
fn program_behind_pipes_reads_everything() {
    let folder = tempfile::tempdir().unwrap();
    let expected = preimages(&BLOBS[1..2]);
    for store in stores(folder.path()) {
        let ((), outcome) = served(&store, |mut client| {
            assert_eq!(client.get(Key::local(1)).unwrap(), Bytes::from_static(b"head"));
            client.hint(&Hint::L1BlockHeader(B256::ZERO)).unwrap();
            for (key, value) in expected.iter() {
                assert_eq!(client.get(key).unwrap(), *value);
            }
            for blob in expected.blobs() {
                assert_eq!(client.blob(blob.versioned_hash(), 0, 0).unwrap(), blob.to_bytes());
            }
        });
        assert!(outcome.is_ok());
    }
}

#[test]
fn elements_and_their_keys_are_served_without_being_announced() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        let blob = &BLOBS[1];
        let (key, preimage) = BlobKeys::new(blob.commitment).nth(33).unwrap();
        let (element, outcome) = served(&store, |mut client| client.get(key).unwrap());
        assert_eq!(element[..], blob.element(33));
        assert!(outcome.is_ok());
        let (proof, _) = served(&store, |mut client| client.get(key.with_kind(KeyKind::Keccak256)).unwrap());
        assert_eq!(proof[..], preimage);
    }
}

#[test]
fn missing_preimage_closes_the_channel_and_is_named_with_its_hint() {
    let folder = tempfile::tempdir().unwrap();
    let keys = [Key::keccak256(B256::ZERO), Key::sha256(B256::ZERO), Key::from([5; 32]), Key::from([6; 32])];
    for store in stores(folder.path()) {
        for key in keys.into_iter().chain([Key::local(9), Key::from([3; 32]), Key::from([7; 32])]) {
            let hint = Hint::L2StateNode { hash: B256::ZERO, chain_id: None };
            let (answer, outcome) = served(&store, |mut client| {
                client.hint(&Hint::L1BlockHeader(B256::ZERO)).unwrap();
                client.hint(&hint).unwrap();
                let answer = client.get(key);
                // Hints are answered still: a program that gives one more must not hang.
                client.hint(&hint).unwrap();
                answer
            });
            assert_eq!(answer, Err(ClientError::Closed));
            let Err(ServeError::Answer(HostError::Missing(missing))) = outcome else { panic!("{outcome:?}") };
            assert_eq!(*missing, Missing { key, hint: Some(hint) });
        }
    }
}

/// A process can't close the pipes that it was started with: the program would wait for an answer, and the server for the
/// program.
#[test]
fn missing_preimage_ends_the_service_though_the_program_waits() {
    let (mut client, host) = channels();
    let inherited = host.preimage_writer.inner().try_clone().unwrap();
    let (ended, outcome) = mpsc::channel();
    thread::spawn(move || ended.send(serve(Server::new(&Store::Memory(preimages(&[])), inputs()), host)));
    let program = thread::spawn(move || client.get(Key::keccak256(B256::ZERO)));
    let outcome = outcome.recv_timeout(Duration::from_secs(10)).expect("the service ends");
    assert!(matches!(outcome, Err(ServeError::Answer(HostError::Missing(_)))), "{outcome:?}");
    assert!(!program.is_finished());
    drop(inherited);
    assert_eq!(program.join().unwrap(), Err(ClientError::Closed));
}

#[test]
fn native_program_reads_the_store_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let expected = preimages(&BLOBS[1..2]);
    for store in stores(folder.path()) {
        let mut oracle = NativeOracle::new(&store, inputs());
        assert_eq!(oracle.get(Key::local(2)).unwrap(), Bytes::from_static(b"root"));
        for (key, value) in expected.iter() {
            assert_eq!(oracle.get(key).unwrap(), *value);
        }
        assert_eq!(oracle.blob(BLOBS[1].versioned_hash(), 0, 0).unwrap(), BLOBS[1].to_bytes());
        let (reads, held) = (oracle.reads(), kohala_host::store::count(&expected));
        for kind in [KeyKind::Keccak256, KeyKind::Sha256, KeyKind::Precompile] {
            assert_eq!(reads.of(kind), held.of(kind));
        }
        assert_eq!((reads.of(KeyKind::Local).number, reads.of(KeyKind::Local).bytes), (1, 4));
        assert_eq!((reads.blobs.number, reads.blobs.bytes), (1, 131_072));
    }
}

#[test]
fn native_program_learns_what_is_missing() {
    let store = Store::Memory(preimages(&[]));
    let mut oracle = NativeOracle::new(&store, inputs());
    let hint = Hint::L2Code { hash: B256::ZERO, chain_id: None };
    oracle.hint(&hint).unwrap();
    for key in [Key::keccak256(B256::ZERO), Key::local(7)] {
        let Err(HostError::Missing(missing)) = oracle.get(key) else { panic!("{key} is not missing") };
        assert_eq!(*missing, Missing { key, hint: Some(hint.clone()) });
    }
    let Err(HostError::Missing(missing)) = oracle.blob(BLOBS[1].versioned_hash(), 2, 5) else { panic!() };
    let hint = Hint::L1Blob { versioned_hash: BLOBS[1].versioned_hash(), index: Some(2), l1_time: 5 };
    assert_eq!(*missing, Missing { key: Key::sha256(BLOBS[1].versioned_hash()), hint: Some(hint) });
}

#[test]
fn missing_field_element_of_a_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    Store::write(folder.path(), &preimages(&BLOBS[..1])).unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (hash, key) = (BLOBS[0].versioned_hash(), Key::blob(&BLOBS[0].commitment, 77));
    let digits = alloy_primitives::hex::encode(key.as_bytes());
    std::fs::remove_file(folder.path().join(&digits[..4]).join(format!("{}.txt", &digits[4..]))).unwrap();

    let native = NativeOracle::new(&store, inputs()).blob(hash, 2, 5);
    let Err(HostError::Missing(missing)) = native else { panic!("{native:?}") };
    let hint = Hint::L1Blob { versioned_hash: hash, index: Some(2), l1_time: 5 };
    assert_eq!(*missing, Missing { key, hint: Some(hint.clone()) });

    let (answer, outcome) = served(&store, |mut client| {
        client.hint(&hint).unwrap();
        client.get(Key::sha256(hash)).unwrap();
        client.get(key)
    });
    assert_eq!(answer, Err(ClientError::Closed));
    let Err(ServeError::Answer(HostError::Missing(missing))) = outcome else { panic!("{outcome:?}") };
    assert_eq!(*missing, Missing { key, hint: Some(hint) });
}

#[test]
fn host_thread_may_answer_what_the_store_lacks() {
    let store = Store::Memory(preimages(&[]));
    let (sender, mut requests) = unbounded_channel();
    let mut oracle = NativeOracle::new(&store, inputs()).asking(sender);
    thread::scope(|scope| {
        scope.spawn(|| {
            let answer = |request: Request| {
                let blob = if request.wanted.whole_blob.is_some() {
                    BLOBS[1].to_bytes()
                } else {
                    Bytes::from_static(b"fetched")
                };
                request.answer(Ok(blob));
            };
            while let Some(request) = requests.blocking_recv() {
                answer(request);
            }
        });
        assert_eq!(oracle.get(Key::keccak256(B256::ZERO)).unwrap(), Bytes::from_static(b"fetched"));
        assert_eq!(oracle.blob(BLOBS[1].versioned_hash(), 0, 0).unwrap(), BLOBS[1].to_bytes());
        drop(oracle);
    });
}
