//! The database: what was put in comes back, from several threads, past a second process, a kill and damage.

use crate::{
    common::{BLOBS, CALLS, assert_same, preimages},
    recorded,
};
use alloy_primitives::{B256, Bytes, hex, keccak256};
use kohala_host::{Store, StoreError, database::Database, directory::Directory, judge, store::MAX_VALUE_BYTES};
use kohala_preimage::{BLOB_BYTES, BlobError, Key, KeyKind, Preimages, WrongPreimage, versioned_hash};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

/// Tells a test that it is the second process of itself, and which store it is about.
const SECOND: &str = "KOHALA_TEST_STORE";

/// The store that this process is to work on, if it is a second one.
fn as_second_process() -> Option<PathBuf> {
    std::env::var_os(SECOND).map(PathBuf::from)
}

/// Runs `test` alone in a second process.
fn second_process(test: &str, store: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&format!("database::{test}"), "--exact", "--nocapture"]).env(SECOND, store);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

fn value(bytes: &[u8]) -> (Key, Bytes) {
    (Key::keccak256(keccak256(bytes)), Bytes::copy_from_slice(bytes))
}

fn whole_blob(index: usize) -> ([u8; 48], Bytes) {
    (BLOBS[index].commitment, BLOBS[index].to_bytes())
}

#[test]
fn database_gives_back_what_was_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let written = preimages(&BLOBS);
    let mut with_inputs = written.clone();
    with_inputs.insert_local(1, Bytes::from_static(b"boot inputs are in no store"));
    Store::write(&path, &with_inputs).unwrap();
    let store = Store::open(&path).unwrap();
    assert!(matches!(store, Store::Database(_)));
    for (key, value) in written.iter() {
        assert_eq!(store.get(key).unwrap().as_ref(), Some(value), "{key}");
        assert_eq!(store.get(key.with_kind(KeyKind::Local)).unwrap(), None);
        assert_eq!(store.get(key.with_kind(KeyKind::Blob)).unwrap(), None);
    }
    for blob in BLOBS.iter() {
        assert_eq!(store.blob(blob.versioned_hash()).unwrap(), Some(blob.to_bytes()));
    }
    let mut commitments = store.commitments().unwrap();
    let mut expected: Vec<_> = BLOBS.iter().map(|blob| blob.commitment).collect();
    commitments.sort_unstable();
    expected.sort_unstable();
    assert_eq!(commitments, expected);
    for absent in [Key::keccak256(B256::ZERO), Key::sha256(B256::ZERO), Key::from([6; 32]), Key::from([0; 32])] {
        assert_eq!(store.get(absent).unwrap(), None);
    }
    assert_eq!(store.blob(B256::ZERO).unwrap(), None);
    assert_same(&store.load().unwrap(), &written);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn more_is_added_to_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    for blob in 0..2 {
        Store::write(&path, &preimages(&BLOBS[blob..=blob])).unwrap();
    }
    assert_same(&Store::open(&path).unwrap().load().unwrap(), &preimages(&BLOBS[..2]));
}

#[test]
fn call_of_a_precompile_brings_its_outcome() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.db", "directory"] {
        let store = Store::open_or_create(folder.path().join(name)).unwrap();
        for (call, outcome) in CALLS {
            let (key, call) = value(&hex::decode(call).unwrap());
            store.put(&[(key, call.clone())], &[]).unwrap();
            assert_eq!(store.get(key).unwrap(), Some(call));
            let outcome = hex::decode(outcome).unwrap();
            assert_eq!(store.get(key.with_kind(KeyKind::Precompile)).unwrap().unwrap(), outcome);
            assert_eq!(store.load().unwrap().value(key.with_kind(KeyKind::Precompile)).unwrap(), &outcome);
        }
    }
}

/// Neither what comes before nor after it, nor under another kind.
#[test]
fn wrong_value_is_not_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_or_create(folder.path().join("a.db")).unwrap();
    let right = value(b"right");
    let wrong = Bytes::from_static(b"wrong");
    let outcome = Key::from(*right.0.with_kind(KeyKind::Precompile).as_bytes());
    for key in [right.0, Key::sha256(B256::ZERO), outcome, Key::local(1), Key::blob(&[0; 48], 0), Key::from([9; 32])] {
        let error = store.put(&[right.clone(), (key, wrong.clone()), right.clone()], &[whole_blob(0)]).unwrap_err();
        assert!(matches!(error, StoreError::Wrong(WrongPreimage { key: named }) if named == key), "{error}");
        assert_eq!(store.get(right.0).unwrap(), None);
        assert_eq!(store.blob(BLOBS[0].versioned_hash()).unwrap(), None);
    }
    let long = value(&vec![1; MAX_VALUE_BYTES + 1]);
    assert!(matches!(store.put(std::slice::from_ref(&long), &[]), Err(StoreError::TooLong(key)) if key == long.0));
    let long = ([1; 48], Bytes::from(vec![0; BLOB_BYTES + 1]));
    let refused = store.put(&[], &[long]);
    assert!(matches!(refused, Err(StoreError::Blob { reason: BlobError::Length, .. })), "{refused:?}");
    assert_eq!(store.load().unwrap().iter().len(), 0);
}

/// Blobs are taken on trust, and checked when they are read.
#[test]
fn wrong_blob_is_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_or_create(folder.path().join("a.db")).unwrap();
    store.put(&[], &[(BLOBS[0].commitment, BLOBS[1].data.clone()), whole_blob(2)]).unwrap();
    let hash = BLOBS[0].versioned_hash();
    let wrong = |error| matches!(error, StoreError::Blob { blob, reason: BlobError::Proof } if blob == hash);
    assert!(store.blob(hash).is_err_and(wrong));
    assert!(store.load().is_err_and(wrong));
    store.put(&[], &[whole_blob(0)]).unwrap();
    assert_eq!(store.blob(hash).unwrap(), Some(BLOBS[0].to_bytes()));
    assert_eq!(store.load().unwrap().blobs().len(), 2);
}

const VALUES: redb::TableDefinition<'_, &[u8; 32], &[u8]> = redb::TableDefinition::new("values");
const BLOBS_TABLE: redb::TableDefinition<'_, &[u8; 33], &[u8]> = redb::TableDefinition::new("blobs");

/// Writes with the library alone, which knows nothing of what a value must be.
fn forge<const N: usize>(path: &Path, table: redb::TableDefinition<'_, &[u8; N], &[u8]>, key: &[u8; N], value: &[u8]) {
    let database = redb::Database::open(path).unwrap();
    let writing = database.begin_write().unwrap();
    writing.open_table(table).unwrap().insert(key, value).unwrap();
    writing.commit().unwrap();
}

#[test]
fn forged_value_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let written = preimages(&[]);
    for (key, _) in written.iter().filter(|(_, value)| value.len() > 64) {
        Store::write(&path, &written).unwrap();
        // Where a call is, its outcome is asked for as well.
        let is_call = written.value(key.with_kind(KeyKind::Precompile)).is_some();
        let place = if is_call { key.with_kind(KeyKind::Precompile) } else { key };
        forge(&path, VALUES, place.as_bytes(), b"forged");
        let store = Store::open(&path).unwrap();
        let names = |error, key| matches!(error, StoreError::Wrong(WrongPreimage { key: named }) if named == key);
        let keccak = key.with_kind(KeyKind::Keccak256);
        assert!(store.get(key).is_err_and(|error| names(error, keccak)), "{key}");
        assert!(store.get(place).is_err_and(|error| names(error, keccak)), "{key}");
        assert!(store.load().is_err_and(|error| names(error, keccak)), "{key}");
    }
    for (number, key) in [0, 1, 2, 3, 4, 5, 6, 7].into_iter().enumerate() {
        let path = folder.path().join(format!("{number}.db"));
        Store::write(&path, &written).unwrap();
        forge(&path, VALUES, &[key; 32], b"value");
        assert!(Store::open(&path).unwrap().load().is_err(), "{number}");
    }
}

#[test]
fn forged_blob_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    Store::write(&path, &preimages(&BLOBS[..1])).unwrap();
    let hash = BLOBS[0].versioned_hash();
    let mut key = [0; 33];
    key[..32].copy_from_slice(Key::sha256(hash).as_bytes());
    let long = [&BLOBS[0].commitment[..], &vec![0; BLOB_BYTES + 1]].concat();
    for entry in [&BLOBS[0].commitment[..47], &BLOBS[1].commitment, &BLOBS[0].commitment, &long] {
        forge(&path, BLOBS_TABLE, &key, entry);
        let store = Store::open(&path).unwrap();
        let is_error = |error| matches!(error, StoreError::Wrong(_) | StoreError::Blob { .. });
        assert!(store.blob(hash).is_err_and(is_error));
        assert!(store.load().is_err_and(is_error));
        let has_commitment = entry.starts_with(&BLOBS[0].commitment);
        assert_eq!(store.get(Key::sha256(hash)).is_ok(), has_commitment);
        assert_eq!(store.commitments().is_ok(), has_commitment);
    }
    // Parts that there were of a longer entry don't stay.
    for number in 1..7 {
        key[32] = number;
        forge(&path, BLOBS_TABLE, &key, b"part");
    }
    let store = Store::open_or_create(&path).unwrap();
    assert!(store.blob(hash).is_err());
    store.put(&[], &[whole_blob(0)]).unwrap();
    assert_eq!(store.blob(hash).unwrap(), Some(BLOBS[0].to_bytes()));
}

#[test]
fn several_threads_write_and_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.db", "directory"] {
        let path = folder.path().join(name);
        let store = Store::open_or_create(&path).unwrap();
        thread::scope(|scope| {
            for thread in 0..4u32 {
                let store = &store;
                scope.spawn(move || {
                    for number in 0..50u32 {
                        // Every other value is one that all threads write.
                        let own = [thread * (number % 2), number].map(u32::to_be_bytes).concat();
                        store.put(&[value(&own)], &[]).unwrap();
                        assert_eq!(store.get(value(&own).0).unwrap().unwrap(), own);
                    }
                });
            }
        });
        drop(store);
        assert_eq!(Store::open(&path).unwrap().load().unwrap().iter().len(), 25 + 4 * 25, "{name}");
    }
}

#[test]
fn claim_of_a_recorded_chain_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("staged.db");
    let read = recorded::store("staged").load().unwrap();
    Store::write(&path, &read).unwrap();
    let store = Store::open(&path).unwrap();
    let mut dispute = recorded::dispute("staged", &recorded::claim("staged", "9-10"));
    for lie in [0, 1] {
        dispute.claimed_output_root.0[0] ^= lie;
        assert_eq!(judge(&store, &dispute, |_| ()).unwrap().verdict.is_valid(), lie == 0);
    }
    let loaded = store.load().unwrap();
    assert_eq!(loaded.iter().len(), read.iter().len());
    assert!(read.iter().all(|(key, value)| loaded.value(key) == Some(value)));
    assert!(read.blobs().all(|blob| loaded.whole_blob(blob.versioned_hash()) == Some(blob)));
}

#[test]
fn second_writer_is_told() {
    if let Some(path) = as_second_process() {
        match Store::open_or_create(path) {
            Ok(_) => println!("\nopened"),
            Err(StoreError::InUse) => println!("\nin use"),
            Err(error) => panic!("{error}"),
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let told = |path: &Path| {
        let output = second_process("second_writer_is_told", path).wait_with_output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        match (output.contains("\nopened"), output.contains("\nin use")) {
            (true, false) => "opened",
            (false, true) => "in use",
            _ => panic!("{output}"),
        }
    };
    for name in ["a.db", "directory"] {
        let path = folder.path().join(name);
        let first = Store::open_or_create(&path).unwrap();
        assert_eq!(told(&path), "in use", "{name}");
        assert!(matches!(Store::open_or_create(&path), Err(StoreError::InUse)), "{name}");
        drop(first);
        assert_eq!(told(&path), "opened", "{name}");
        // Reading is another matter: a directory is read while it is written.
        let first = Store::open_or_create(&path).unwrap();
        first.put(&[value(b"new")], &[]).unwrap();
        match Store::open(&path) {
            Ok(second) => assert_eq!((name, second.get(value(b"new").0).unwrap().unwrap().len()), ("directory", 3)),
            Err(error) => assert!(name == "a.db" && matches!(error, StoreError::InUse), "{error}"),
        }
    }
}

/// What the second process puts in as its transaction `number`: a few hundred kilobytes, so that a kill mostly comes
/// in the middle of one, and one of the blobs.
fn transaction(number: u32) -> (Vec<(Key, Bytes)>, usize) {
    let of = |index: u32| value(&keccak256([number, index].map(u32::to_be_bytes).as_flattened()).repeat(100));
    ((0..200).map(of).collect(), number as usize % BLOBS.len())
}

#[test]
fn what_was_put_in_survives_a_kill() {
    if let Some(path) = as_second_process() {
        let store = Database::open_or_create(path).unwrap();
        let next = |number: &u32| store.get(transaction(*number).0[0].0).unwrap().is_none();
        for number in (0..).find(next).unwrap().. {
            let (values, blob) = transaction(number);
            store.put(&values, &[whole_blob(blob)]).unwrap();
            println!("\nput {number}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    for until in [0, 5, 40, 41, 80] {
        let mut child = second_process("what_was_put_in_survives_a_kill", &path);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut put = lines.filter_map(|line| line.strip_prefix("put ").map(|number| number.parse::<u32>().unwrap()));
        let last = put.find(|number| *number >= until).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();

        let store = Database::open(&path).unwrap();
        let is_there =
            |(key, value): &(Key, Bytes)| store.get(*key).unwrap().inspect(|it| assert_eq!(it, value)).is_some();
        let mut transactions = (0..).map(|number| transaction(number).0);
        let whole = transactions.by_ref().take_while(|values| values.iter().all(is_there)).count() as u32;
        assert!(whole > last, "{whole} transactions after {last}");
        // Nothing is there of the first one that isn't whole, nor of those after it.
        for number in whole..whole + 3 {
            assert!(!transaction(number).0.iter().any(is_there), "{number} of {whole}");
        }
        assert_eq!(store.load().unwrap().iter().len(), whole as usize * 200 + BLOBS.len().min(whole as usize));
    }
}

const PAGE_BYTES: usize = 4096;

/// Asks for everything: an answer must be right, and no answer is an error or nothing. Says whether all was there.
fn right_or_none(path: &Path, expected: &Preimages) -> bool {
    let Ok(store) = Store::open(path) else { return false };
    let mut complete = true;
    for (key, value) in expected.iter() {
        let answer = store.get(key).ok().flatten();
        complete &= answer.is_some();
        assert!(answer.is_none_or(|answer| answer == *value), "{key}");
    }
    for blob in expected.blobs() {
        let answer = store.blob(blob.versioned_hash()).ok().flatten();
        complete &= answer.is_some();
        assert!(answer.is_none_or(|answer| answer == blob.to_bytes()));
    }
    match store.load() {
        Ok(loaded) => complete && loaded.iter().len() == expected.iter().len(),
        Err(_) => false,
    }
}

#[test]
fn damage_yields_no_wrong_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let expected = preimages(&BLOBS[..1]);
    // Twice, so that there are pages that nothing points to any more.
    for _ in 0..2 {
        Store::write(&path, &expected).unwrap();
    }
    let whole = fs::read(&path).unwrap();
    assert!(right_or_none(&path, &expected));
    let flipped = |place: usize, bits: u8| {
        let mut altered = whole.clone();
        altered[place] ^= bits;
        altered
    };
    let head = (0..512).step_by(9).map(|place| flipped(place, 1 << (place % 8)));
    let pages = whole.len() / PAGE_BYTES;
    // The start of a page says what it is, so it is altered in every one.
    let starts = (1..pages).flat_map(|page| [0, 2].map(|byte| flipped(page * PAGE_BYTES + byte, 0xff)));
    let zeroed = (0..pages).map(|page| {
        let mut altered = whole.clone();
        altered[page * PAGE_BYTES..(page + 1) * PAGE_BYTES].fill(0);
        altered
    });
    let anywhere = (0..whole.len()).step_by(whole.len() / 60).map(|place| flipped(place, 0x10));
    let cut = (0..whole.len()).step_by(whole.len() / 30).map(|len| whole[..len].to_vec());

    let (mut tried, mut seen) = (0, 0);
    for altered in head.chain(starts).chain(zeroed).chain(anywhere).chain(cut) {
        fs::write(&path, altered).unwrap();
        tried += 1;
        seen += usize::from(!right_or_none(&path, &expected));
    }
    assert!(seen > tried / 5, "{seen} of {tried}");
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(matches!(Database::open(at("absent.db")), Err(StoreError::Io(_))));
    assert!(matches!(Database::open_or_create(at("no folder/a.db")), Err(StoreError::Io(_))));
    fs::create_dir(at("folder.db")).unwrap();
    assert!(matches!(Database::open_or_create(at("folder.db")), Err(StoreError::Io(_))));
    for content in ["", "redb", "something else"] {
        fs::write(at("other.db"), content).unwrap();
        assert!(matches!(Database::open(at("other.db")), Err(StoreError::Format)));
        assert!(matches!(Store::open_or_create(at("other.db")), Err(StoreError::Format)));
        assert_eq!(fs::read_to_string(at("other.db")).unwrap(), content);
    }
    // Of the library, but not ours.
    drop(redb::Database::create(at("foreign.db")).unwrap());
    assert!(matches!(Store::open(at("foreign.db")), Err(StoreError::Format)));
    // Not to be added to.
    fs::write(at("file"), "").unwrap();
    for name in ["file", "a.kohala"] {
        assert!(matches!(Store::open_or_create(at(name)), Err(StoreError::ReadOnly)));
    }
    let memory = Store::Memory(Preimages::new());
    assert!(matches!(memory.put(&[value(b"value")], &[]), Err(StoreError::ReadOnly)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "nothing else is left");
}

#[test]
fn directory_is_added_to_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Directory::open_or_create(folder.path()).unwrap();
    let reader = Store::open(folder.path()).unwrap();
    let hash = BLOBS[1].versioned_hash();
    assert_eq!(reader.blob(hash).unwrap(), None);
    let commitment = Bytes::copy_from_slice(&BLOBS[1].commitment);
    writer.put(&[value(b"value")], &[(BLOBS[1].commitment, BLOBS[1].data.clone())]).unwrap();
    assert_eq!(reader.get(value(b"value").0).unwrap().unwrap(), value(b"value").1);
    assert_eq!(reader.get(Key::sha256(versioned_hash(&commitment))).unwrap(), Some(commitment));
    assert_eq!(reader.blob(hash).unwrap(), Some(BLOBS[1].to_bytes()));
    assert!(matches!(reader.put(&[value(b"more")], &[]), Err(StoreError::ReadOnly)));
    let wrong = (value(b"value").0, Bytes::from_static(b"other"));
    assert!(matches!(writer.put(&[wrong], &[]), Err(StoreError::Wrong(_))));
    let long = ([1; 48], Bytes::from(vec![0; BLOB_BYTES + 1]));
    assert!(matches!(writer.put(&[], &[long]), Err(StoreError::Blob { reason: BlobError::Length, .. })));
    let loaded = reader.load().unwrap();
    assert_eq!((loaded.iter().len(), loaded.blobs().len()), (2, 1));
}
