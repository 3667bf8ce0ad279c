//! Every store gives back what was put into it, and never anything else.

use crate::common::{BLOBS, CALLS, assert_same, preimages};
use alloy_primitives::{B256, Bytes, hex};
use kohala_host::{
    Store, StoreError,
    packed::Packed,
    recorded,
    store::{MAX_VALUE_BYTES, count},
};
use kohala_preimage::{BLOB_BYTES, BlobError, BlobKeys, Key, KeyKind, Preimages, WrongPreimage};
use std::{collections::BTreeMap, fs};

/// Everything as a foreign program records it, by key.
fn raw(preimages: &Preimages) -> BTreeMap<Key, Bytes> {
    let mut entries: BTreeMap<_, _> = preimages.iter().map(|(key, value)| (key, value.clone())).collect();
    for blob in preimages.blobs() {
        for (index, (key, preimage)) in BlobKeys::new(blob.commitment).enumerate() {
            entries.insert(key, Bytes::copy_from_slice(&blob.element(index)));
            entries.insert(key.with_kind(KeyKind::Keccak256), Bytes::copy_from_slice(&preimage));
        }
    }
    entries
}

fn assemble(entries: &BTreeMap<Key, Bytes>) -> Result<Preimages, StoreError> {
    recorded::assemble(entries.iter().map(|(key, value)| Ok((*key, value.clone()))))
}

fn stream(entries: &BTreeMap<Key, Bytes>) -> Vec<u8> {
    let entry =
        |(key, value): (&Key, &Bytes)| [key.as_bytes(), &(value.len() as u32).to_be_bytes()[..], value].concat();
    entries.iter().flat_map(entry).collect()
}

#[test]
fn packed_file_gives_back_what_was_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    let written = preimages(&BLOBS);
    assert_eq!(Store::write(&path, &written).unwrap(), count(&written));
    let store = Store::open(&path).unwrap();
    assert!(matches!(store, Store::Packed(_)));
    for (key, value) in written.iter() {
        assert_eq!(store.get(key).unwrap().as_ref(), Some(value), "{key}");
        assert_eq!(store.get(key.with_kind(KeyKind::Local)).unwrap(), None);
    }
    // More than once: blobs bring each other, and each may be asked for again.
    for blob in BLOBS.iter().chain(BLOBS.iter().rev()) {
        assert_eq!(store.blob(blob.versioned_hash()).unwrap(), Some(blob.to_bytes()));
    }
    assert_eq!(store.get(Key::keccak256(B256::ZERO)).unwrap(), None);
    assert_eq!(store.get(Key::sha256(B256::ZERO)).unwrap(), None);
    assert_eq!(store.blob(B256::ZERO).unwrap(), None);
    assert_same(&store.load().unwrap(), &written);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

/// The index keeps the start of each key, so a key that differs in its end finds another's value.
#[test]
fn key_that_shares_its_start_with_another_is_absent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    let written = preimages(&BLOBS);
    Packed::write(&path, &written).unwrap();
    let store = Store::open(&path).unwrap();
    for (key, _) in written.iter() {
        let mut neighbour = *key.as_bytes();
        neighbour[31] ^= 1;
        assert_eq!(store.get(Key::from(neighbour)).unwrap(), None, "{key}");
    }
}

#[test]
fn packed_file_of_many_blocks_gives_back_what_was_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    let mut written = preimages(&[]);
    for number in 0..3000u32 {
        let hash = alloy_primitives::keccak256(number.to_be_bytes());
        written.insert_keccak256(hash.repeat(1 + number as usize % 20).into());
    }
    let long = written.insert_keccak256(vec![1; 1 << 20].into());
    Packed::write(&path, &written).unwrap();
    let store = Store::open(&path).unwrap();
    assert_same(&store.load().unwrap(), &written);
    assert_eq!(store.get(long).unwrap().unwrap().len(), 1 << 20);
}

/// An open trie keeps the nodes that it was given.
#[test]
fn value_of_a_packed_file_does_not_keep_its_block() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    let mut written = preimages(&[]);
    let keys: Vec<_> =
        (0..1000_u32).map(|number| written.insert_keccak256(number.to_be_bytes().repeat(100).into())).collect();
    Packed::write(&path, &written).unwrap();
    let store = Store::open(&path).unwrap();
    for key in keys {
        let value = store.get(key).unwrap().unwrap();
        assert!(value.0.is_unique(), "it shares its memory with the block");
    }
}

#[test]
fn empty_packed_file_has_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    Packed::write(&path, &Preimages::new()).unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.load().unwrap().iter().len(), 0);
    assert_eq!(store.get(Key::keccak256(B256::ZERO)).unwrap(), None);
}

#[test]
fn the_same_preimages_make_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.kohala", "b.kohala"].map(|name| folder.path().join(name));
    Packed::write(&paths[0], &preimages(&BLOBS)).unwrap();
    Packed::write(&paths[1], &Store::open(&paths[0]).unwrap().load().unwrap()).unwrap();
    assert_eq!(fs::read(&paths[0]).unwrap(), fs::read(&paths[1]).unwrap());
}

/// Asks for everything; what is answered must be right, and `Err` says that something wasn't.
fn right_or_error(path: &std::path::Path, expected: &Preimages) -> Result<(), StoreError> {
    let store = Store::open(path)?;
    for (key, value) in expected.iter() {
        if let Some(answer) = store.get(key)? {
            assert_eq!(answer, *value, "a wrong answer for {key}");
        }
    }
    for blob in expected.blobs() {
        if let Some(answer) = store.blob(blob.versioned_hash())? {
            assert_eq!(answer, blob.to_bytes(), "a wrong blob");
        }
    }
    store.load().map(|loaded| assert_same(&loaded, expected))
}

#[test]
fn every_altered_byte_of_a_packed_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    let expected = preimages(&BLOBS[..1]);
    Packed::write(&path, &expected).unwrap();
    right_or_error(&path, &expected).unwrap();
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut altered = whole.clone();
        altered[place] ^= 1 << (place % 8);
        fs::write(&path, altered).unwrap();
        assert!(right_or_error(&path, &expected).is_err(), "byte {place}");
    }
}

#[test]
fn every_truncation_of_a_packed_file_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    Packed::write(&path, &preimages(&BLOBS[..1])).unwrap();
    let whole = fs::read(&path).unwrap();
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        let error = Packed::open(&path).unwrap_err();
        match error {
            StoreError::Format => assert!(len < 8, "{len}"),
            // A cut moves the index: the lengths may add up by chance, the checksum then doesn't.
            error => assert!(matches!(error, StoreError::Truncated), "{len}: {error}"),
        }
    }
    fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
    assert!(matches!(Packed::open(&path), Err(StoreError::Truncated)));
}

/// Puts right checksums over an altered file, as someone would who means it.
fn forge(file: &mut [u8]) {
    let count = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let (blocks, values, blobs) = (count(12), count(16), count(24));
    let index = file.len() - blocks * 12 - values * 20 - blobs * 100;
    let mut start = 36;
    for block in 0..blocks {
        let entry = index + block * 12;
        let len = u32::from_le_bytes(file[entry..entry + 4].try_into().unwrap()) as usize;
        if start + len <= index {
            let crc = crc32fast::hash(&file[start..start + len]);
            file[entry + 8..entry + 12].copy_from_slice(&crc.to_le_bytes());
        }
        start += len;
    }
    let crc = crc32fast::hash(&file[index..]);
    file[28..32].copy_from_slice(&crc.to_le_bytes());
    let crc = crc32fast::hash(&file[..32]);
    file[32..36].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn forged_checksums_yield_no_wrong_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    let expected = preimages(&BLOBS[..1]);
    Packed::write(&path, &expected).unwrap();
    let whole = fs::read(&path).unwrap();
    let (mut tried, mut refused) = (0, 0);
    // A prime step passes through every field of the index entries, and takes a fraction of the time.
    for place in (36..whole.len()).step_by(7) {
        tried += 1;
        let mut altered = whole.clone();
        altered[place] ^= 0x11;
        forge(&mut altered);
        fs::write(&path, altered).unwrap();
        // An entry under another key is found by nobody; everything else is an error. Nothing is answered wrongly.
        let Ok(store) = Store::open(&path) else {
            refused += 1;
            continue;
        };
        for (key, value) in expected.iter() {
            match store.get(key) {
                Ok(answer) => assert!(answer.is_none_or(|answer| answer == *value), "byte {place}"),
                Err(_) => refused += 1,
            }
        }
        match store.blob(BLOBS[0].versioned_hash()) {
            Ok(answer) => assert!(answer.is_none_or(|answer| answer == BLOBS[0].to_bytes()), "byte {place}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > tried / 2, "{refused} of {tried}");
}

#[test]
fn other_versions_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    Packed::write(&path, &preimages(&[])).unwrap();
    let mut file = fs::read(&path).unwrap();
    file[8] = 2;
    fs::write(&path, file).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Version(2))));
}

#[test]
fn directory_gives_back_what_was_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let written = preimages(&BLOBS[..1]);
    Store::write(folder.path(), &written).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(matches!(store, Store::Directory(_)));
    for (key, value) in written.iter() {
        assert_eq!(store.get(key).unwrap().as_ref(), Some(value), "{key}");
    }
    assert_eq!(store.blob(BLOBS[0].versioned_hash()).unwrap(), Some(BLOBS[0].to_bytes()));
    assert_same(&store.load().unwrap(), &written);
}

#[test]
fn directory_is_laid_out_as_op_program_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut preimages = Preimages::new();
    // keccak256 of nothing
    preimages.insert_keccak256(Bytes::new());
    preimages.insert_keccak256(Bytes::from_static(&[0xAB, 0x01]));
    preimages.insert_local(1, Bytes::from_static(b"input"));
    Store::write(folder.path(), &preimages).unwrap();
    let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
    assert_eq!(read("kvformat"), "directory");
    assert_eq!(read("02d2/460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470.txt"), "");
    let key = Key::keccak256(alloy_primitives::keccak256([0xAB, 0x01])).to_string();
    assert_eq!(read(&format!("{}/{}.txt", &key[2..6], &key[6..])), "ab01");
    assert_eq!(read("lock"), "");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "boot inputs are not written, nor anything else");
}

#[test]
fn directory_holds_all_that_contracts_may_ask_for() {
    let folder = tempfile::tempdir().unwrap();
    let written = preimages(&BLOBS[..1]);
    Store::write(folder.path(), &written).unwrap();
    for (key, value) in raw(&written) {
        let text = key.to_string();
        let path = folder.path().join(&text[2..6]).join(format!("{}.txt", &text[6..]));
        assert_eq!(fs::read_to_string(path).unwrap(), hex::encode(value));
    }
}

/// Nobody reads a file into memory to find that it is too long.
#[test]
fn value_that_is_too_long_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    Store::write(folder.path(), &Preimages::new()).unwrap();
    let key = Key::keccak256(B256::ZERO);
    fs::create_dir(folder.path().join("0200")).unwrap();
    let file = fs::File::create(folder.path().join("0200").join(format!("{}.txt", "00".repeat(30)))).unwrap();
    file.set_len(2 * MAX_VALUE_BYTES as u64 + 1).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(matches!(store.get(key), Err(StoreError::TooLong(named)) if named == key));
    assert!(matches!(store.load(), Err(StoreError::TooLong(named)) if named == key));
}

/// Whoever gives a folder may put anything in it.
#[test]
fn what_is_no_file_in_a_directory_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    Store::write(folder.path(), &Preimages::new()).unwrap();
    fs::create_dir(folder.path().join("0200")).unwrap();
    let path = folder.path().join("0200").join(format!("{}.txt", "00".repeat(30)));
    std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(matches!(store.get(Key::keccak256(B256::ZERO)), Err(StoreError::Format)));
    assert!(matches!(store.load(), Err(StoreError::Format)));
    fs::remove_file(folder.path().join("kvformat")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("kvformat")).unwrap();
    assert!(matches!(Store::open(folder.path()), Err(StoreError::Format)));
}

/// Names of unfinished files can be guessed.
#[test]
fn links_in_the_place_of_unfinished_files_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (victim, path) = (folder.path().join("victim"), folder.path().join("a.kohala"));
    fs::write(&victim, "dear").unwrap();
    let link = |name: String| std::os::unix::fs::symlink(&victim, folder.path().join(name)).unwrap();
    link(format!("a.kohala.{}", std::process::id()));
    Store::write(&path, &preimages(&[])).unwrap();
    let store = folder.path().join("store");
    let mut written = Preimages::new();
    let key = written.insert_keccak256(Bytes::from_static(b"value"));
    let name = key.to_string();
    fs::create_dir_all(store.join(&name[2..6])).unwrap();
    link(format!("store/{}/{}.txt.{}", &name[2..6], &name[6..], std::process::id()));
    Store::write(&store, &written).unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"dear");
    assert_same(&Store::open(&path).unwrap().load().unwrap(), &preimages(&[]));
    assert_eq!(Store::open(&store).unwrap().get(key).unwrap().unwrap(), b"value"[..]);
}

/// A few bytes may unpack to more than any memory, and an index name them again and again.
#[test]
fn packed_file_that_unpacks_to_too_much_is_not_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    Packed::write(&path, &preimages(&BLOBS[..1])).unwrap();
    let mut file = fs::read(&path).unwrap();
    let number = |file: &[u8], at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (values, blobs) = (number(&file, 16) as usize, number(&file, 24) as usize);
    assert!(values > 1);
    let first = file.len() - 100 * blobs - 20 * values;
    for entry in 0..2 {
        file[first + 20 * entry + 16..][..4].copy_from_slice(&u32::MAX.to_le_bytes());
    }
    forge(&mut file);
    fs::write(&path, &file).unwrap();
    assert!(matches!(Store::open(&path).unwrap().load(), Err(StoreError::TooLarge)));
}

/// One that is asked for brings others with it, before any of them is checked.
#[test]
fn blob_of_a_packed_file_that_is_too_long_is_not_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.kohala");
    Packed::write(&path, &preimages(&BLOBS[..1])).unwrap();
    let mut file = fs::read(&path).unwrap();
    let number = |file: &[u8], at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let (blocks, values, blobs) = (number(&file, 12), number(&file, 16), number(&file, 24));
    let index = file.len() - 100 * blobs - 20 * values - 12 * blocks;
    let block = number(&file, file.len() - 4);
    assert!(number(&file, index + 12 * block + 4) <= BLOB_BYTES);
    file[index + 12 * block + 4..][..4].copy_from_slice(&(BLOB_BYTES as u32 + 1).to_le_bytes());
    forge(&mut file);
    fs::write(&path, &file).unwrap();
    let read = Store::open(&path).unwrap().blob(BLOBS[0].versioned_hash());
    assert!(matches!(read, Err(StoreError::Blob { reason: BlobError::Length, .. })), "{read:?}");
}

/// The same of a stream. Boot inputs are left out of it, but unpacked before that.
#[test]
fn compressed_stream_that_unpacks_to_too_much_is_refused() {
    let entry = [&[1; 32][..], &(MAX_VALUE_BYTES as u32).to_be_bytes(), &vec![0; MAX_VALUE_BYTES]].concat();
    let bomb = zstd::bulk::compress(&entry, 1).unwrap().repeat(33);
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(recorded::read_stream(&bomb[..]), Err(StoreError::TooLarge)));
}

/// What is written to a store of the older format can be read again, as can what was there.
#[test]
fn older_file_format_is_added_to() {
    for marker in [None, Some("file")] {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (Bytes::from_static(b"old"), Bytes::from_static(b"new"));
        let key = |value: &Bytes| Key::keccak256(alloy_primitives::keccak256(value));
        fs::write(folder.path().join(format!("{}.txt", key(&old))), hex::encode(&old)).unwrap();
        marker.into_iter().for_each(|marker| fs::write(folder.path().join("kvformat"), marker).unwrap());
        let store = Store::open_or_create(folder.path()).unwrap();
        store.put(&[(key(&new), new.clone())], &[]).unwrap();
        assert_eq!(store.load().unwrap().iter().len(), 2);
        assert_eq!(fs::read_to_string(folder.path().join(format!("{}.txt", key(&new)))).unwrap(), hex::encode(new));
    }
}

#[test]
fn older_file_format_is_read() {
    for marker in [None, Some("file")] {
        let folder = tempfile::tempdir().unwrap();
        let written = preimages(&BLOBS[..1]);
        for (key, value) in raw(&written) {
            fs::write(folder.path().join(format!("{key}.txt")), hex::encode(value)).unwrap();
        }
        marker.into_iter().for_each(|marker| fs::write(folder.path().join("kvformat"), marker).unwrap());
        let store = Store::open(folder.path()).unwrap();
        assert_same(&store.load().unwrap(), &written);
        assert_eq!(store.blob(BLOBS[0].versioned_hash()).unwrap(), Some(BLOBS[0].to_bytes()));
    }
}

#[test]
fn unknown_directory_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kvformat"), "pebble").unwrap();
    assert!(matches!(Store::open(folder.path()), Err(StoreError::Format)));
}

#[test]
fn altered_files_of_a_directory_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let written = preimages(&BLOBS[..1]);
    Store::write(folder.path(), &written).unwrap();
    let store = Store::open(folder.path()).unwrap();
    let path = |key: Key| folder.path().join(&key.to_string()[2..6]).join(format!("{}.txt", &key.to_string()[6..]));

    let key =
        written.iter().find(|(key, value)| key.kind() == Some(KeyKind::Keccak256) && value.len() == 532).unwrap().0;
    for wrong in ["00", "zz", ""] {
        fs::write(path(key), wrong).unwrap();
        assert!(matches!(store.get(key), Err(StoreError::Wrong(WrongPreimage { key: named })) if named == key));
        assert!(matches!(store.load(), Err(StoreError::Wrong(WrongPreimage { key: named })) if named == key));
    }
    let element = Key::blob(&BLOBS[0].commitment, 1);
    fs::write(path(element), "00".repeat(32)).unwrap();
    assert!(matches!(store.blob(BLOBS[0].versioned_hash()), Err(StoreError::Blob { .. })));
    fs::remove_file(path(element)).unwrap();
    let incomplete = store.blob(BLOBS[0].versioned_hash());
    assert!(matches!(incomplete, Err(StoreError::IncompleteBlob { key, .. }) if key == element), "{incomplete:?}");
}

#[test]
fn recorded_stream_is_read_plain_and_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let written = preimages(&BLOBS[..2]);
    let plain = stream(&raw(&written));
    let compressed = zstd::bulk::compress(&plain, 1).unwrap();
    for (name, bytes) in [("a.kv", &plain), ("a.kv.zst", &compressed)] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert_same(&Store::open(path).unwrap().load().unwrap(), &written);
    }
}

#[test]
fn truncated_stream_is_an_error() {
    let written = stream(&raw(&preimages(&[])));
    let mut ends = 0;
    for len in 0..written.len() {
        match recorded::read_stream(&written[..len]) {
            Err(StoreError::Truncated) => {}
            // Between two entries nothing is cut, but the call of an outcome may be gone.
            Ok(_) | Err(StoreError::Unproven(_)) => ends += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(ends < 80, "{ends}");
    let of_len = |len: usize| [&[2; 32][..], &(len as u32).to_be_bytes(), b"few"].concat();
    assert!(matches!(recorded::read_stream(&of_len(MAX_VALUE_BYTES)[..]), Err(StoreError::Truncated)));
    let huge = recorded::read_stream(&of_len(MAX_VALUE_BYTES + 1)[..]);
    assert!(matches!(huge, Err(StoreError::TooLong(key)) if key == Key::from([2; 32])));
}

#[test]
fn wrong_value_is_not_imported() {
    let entries = raw(&preimages(&BLOBS[..1]));
    for kind in [KeyKind::Keccak256, KeyKind::Sha256, KeyKind::Blob, KeyKind::Precompile] {
        let key = *entries.keys().find(|key| key.kind() == Some(kind)).unwrap();
        let mut wrong = entries.clone();
        let mut value = wrong[&key].to_vec();
        match value.last_mut() {
            Some(byte) => *byte ^= 1,
            None => value.push(0),
        }
        wrong.insert(key, value.into());
        let error = assemble(&wrong).unwrap_err();
        assert!(matches!(error, StoreError::Wrong(_) | StoreError::Blob { .. }), "{kind}: {error}");
    }
}

#[test]
fn blob_with_a_missing_element_is_not_imported() {
    let mut entries = raw(&preimages(&BLOBS[..1]));
    let missing = Key::blob(&BLOBS[0].commitment, 77);
    entries.remove(&missing);
    let error = assemble(&entries).unwrap_err();
    assert!(matches!(error, StoreError::IncompleteBlob { key, .. } if key == missing), "{error}");
}

#[test]
fn blob_is_found_by_its_commitment_or_by_the_preimages_of_its_keys() {
    let written = preimages(&BLOBS[..1]);
    let mut entries = raw(&written);
    entries.remove(&Key::sha256(BLOBS[0].versioned_hash()));
    assert_same(&assemble(&entries).unwrap(), &written);
    let mut entries = raw(&written);
    BlobKeys::new(BLOBS[0].commitment).for_each(|(key, _)| drop(entries.remove(&key.with_kind(KeyKind::Keccak256))));
    assert_same(&assemble(&entries).unwrap(), &written);
}

#[test]
fn element_without_any_proof_is_not_imported() {
    let mut entries = raw(&preimages(&[]));
    let key = Key::from([5; 32]);
    entries.insert(key, Bytes::from_static(&[0; 32]));
    assert!(matches!(assemble(&entries), Err(StoreError::Unproven(named)) if named == key));
}

#[test]
fn konas_element_past_the_last_is_passed_over() {
    let written = preimages(&BLOBS[..1]);
    let mut entries = raw(&written);
    let mut preimage = Key::blob_preimage(&BLOBS[0].commitment, 4095);
    preimage[72..].copy_from_slice(&4096u64.to_be_bytes());
    let key = Key::keccak256(alloy_primitives::keccak256(preimage));
    entries.insert(key, Bytes::copy_from_slice(&preimage));
    entries.insert(key.with_kind(KeyKind::Blob), Bytes::copy_from_slice(&BLOBS[0].proof));
    let read = assemble(&entries).unwrap();
    assert_eq!(read.blobs().len(), 1);
    assert_eq!(read.iter().len(), written.iter().len() + 1);
}

#[test]
fn outcomes_of_precompiles_are_computed_as_recorded() {
    for (call, outcome) in CALLS {
        let call = hex::decode(call).unwrap();
        let call = kohala_host::precompile::Call::read(&call).unwrap();
        assert_eq!(hex::encode(call.outcome().unwrap()), outcome);
    }
    assert_eq!(kohala_host::precompile::Call::read(&[0; 27]), None);
    assert_eq!(kohala_host::precompile::Call::read(&[0xff; 28]).unwrap().outcome(), None);
}

#[test]
fn any_store_converts_to_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let written = preimages(&BLOBS[..1]);
    let path = |name: &str| folder.path().join(name);
    Store::write(path("a.kohala"), &written).unwrap();
    Store::write(path("directory"), &Store::open(path("a.kohala")).unwrap().load().unwrap()).unwrap();
    Store::write(path("a.db"), &Store::open(path("directory")).unwrap().load().unwrap()).unwrap();
    Store::write(path("b.kohala"), &Store::open(path("a.db")).unwrap().load().unwrap()).unwrap();
    assert_eq!(fs::read(path("a.kohala")).unwrap(), fs::read(path("b.kohala")).unwrap());
    let counts = count(&written);
    assert_eq!((counts.blobs.number, counts.of(KeyKind::Sha256).number), (1, 2));
    assert_eq!(counts.total().number, written.iter().len() as u64);
}
