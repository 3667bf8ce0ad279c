//! L1's real `PreimageOracle` takes every preimage that a run of the program reads, by the call that is made of our store, and
//! has the same part of it as the program's VM reads.
//!
//! A test of its own because revm's own cryptography judges here: nothing in this process may have put ours in its place.

mod oracle;
#[path = "../support/recorded.rs"]
mod recorded;
mod run;

use alloy_primitives::{B256, Bytes, U256, keccak256};
use kohala_host::{Argument, HostError, Store, Upload, UploadError, kzg, precompile::Call, upload::MIN_PROPOSAL_BYTES};
use kohala_preimage::{BLOB_BYTES, Key, KeyKind, Preimages};
use oracle::{Oracle, selector};
use run::reads;

/// Points of a preimage of `len` bytes: where its length begins and ends, in between, and its last word and byte.
fn offsets(len: usize) -> Vec<u64> {
    let len = len as u64;
    let mut offsets = vec![0, 3, 8, 8 + len / 2, (8 + len).saturating_sub(32), 7 + len];
    offsets.sort_unstable();
    offsets.dedup();
    offsets
}

/// What a VM reads of a preimage at an offset (rule V11): of the length and the value, 32 bytes or what is left.
fn part(value: &[u8], offset: u64) -> Vec<u8> {
    let stream = [&(value.len() as u64).to_be_bytes(), value].concat();
    let rest = &stream[offset as usize..];
    rest[..rest.len().min(32)].to_vec()
}

/// Loads the preimage of `key` part by part, and holds what the oracle has then to what a VM reads.
#[track_caller]
fn loads(oracle: &mut Oracle, store: &Store, key: Key, value: &[u8]) {
    for offset in offsets(value.len()) {
        let upload = Upload::of(store, key, offset, None).unwrap_or_else(|error| panic!("{key} {offset}: {error}"));
        assert_eq!(upload.contract, "PreimageOracle");
        assert_eq!(oracle.part(key, offset), None, "{key} {offset}: not before");
        assert_eq!(oracle.call(&upload.calldata()), Ok(Bytes::new()), "{key} {offset}: {upload:?}");
        assert_eq!(oracle.part(key, offset), Some(part(value, offset)), "{key} {offset}");
    }
}

/// The hash is what `snapshots/semver-lock.json` of optimism v1.17.0 has: code that was compiled otherwise has another.
#[test]
fn creation_code_is_that_of_version_1_1_5() {
    let hash = keccak256(kohala_testdata::preimage_oracle());
    assert_eq!(hash.to_string(), "0x0d4914ec1a173835ac6964eabe0d54050665a3589e0e3baf6f2ae0e2d2de0dcf");
    let mut oracle = Oracle::deployed();
    let version = oracle.call(&selector("version()")).unwrap();
    assert_eq!(&version[64..69], b"1.1.5");
    let size = oracle.call(&selector("minProposalSize()")).unwrap();
    assert_eq!(U256::from_be_slice(&size), U256::from(MIN_PROPOSAL_BYTES));
}

/// A sample of each kind that accelerated runs read: field element by field element, as on a VM.
#[test]
fn oracle_has_the_part_that_the_vm_reads() {
    let kinds = [KeyKind::Keccak256, KeyKind::Sha256, KeyKind::Blob, KeyKind::Precompile];
    for (chain, claim) in [("main", "40-41"), ("staged", "1-35")] {
        let (read, kept) = reads(chain, claim);
        let mut oracle = Oracle::deployed();
        for kind in kinds {
            let keys: Vec<_> = read.iter().filter(|(key, _)| key.kind() == Some(kind)).collect();
            assert!(!keys.is_empty(), "{chain} {claim} reads no {kind}");
            for (key, value) in keys.iter().step_by(keys.len().div_ceil(6)) {
                loads(&mut oracle, &kept, **key, value);
            }
        }
        let local = |(key, _): &(&Key, &Bytes)| key.kind() == Some(KeyKind::Local);
        assert!(read.iter().filter(local).count() >= 5);
        assert!(read.keys().all(|key| key.kind().is_some_and(|kind| kind == KeyKind::Local || kinds.contains(&kind))));
    }
}

/// The game calls the oracle with what it knows, and a VM's step is judged by the localised key.
#[test]
fn local_data_has_the_part_that_the_vm_reads() {
    let (read, kept) = reads("main", "0-1");
    let mut oracle = Oracle::deployed();
    let context = keccak256("the claims that a game is about");
    for ident in 1..=5u64 {
        let (key, value) = (Key::local(ident), &read[&Key::local(ident)]);
        let mut word = B256::ZERO;
        word[..value.len()].copy_from_slice(value);
        for offset in offsets(value.len()) {
            let upload = Upload::of(&kept, key, offset, Some(61)).unwrap();
            assert_eq!(
                (upload.contract, &*upload.signature()),
                ("FaultDisputeGame", "addLocalData(uint256,uint256,uint256)")
            );
            let arguments: Vec<_> = upload.arguments.iter().map(|(_, argument)| argument.to_string()).collect();
            assert_eq!(arguments, [ident.to_string(), "61".to_owned(), offset.to_string()]);
            let localised = oracle.load_local(ident, context, word, value.len(), offset);
            assert_eq!(oracle.part(localised, offset), Some(part(value, offset)), "{ident} {offset}");
        }
    }
    let refused = |key, offset, claim| Upload::of(&kept, key, offset, claim).unwrap_err().to_string();
    assert!(refused(Key::local(6), 0, Some(1)).contains("local data 1 to 5, and not 6"));
    assert!(refused(Key::local(0), 0, Some(1)).contains("and not 0"));
    assert!(refused(Key::local(1), 0, None).contains("from a claim on"));
    assert!(refused(Key::local(1), 40, Some(1)).contains("40 is not below"));
    assert!(refused(Key::local(4), 16, Some(1)).contains("16 is not below"));
}

/// Every precompile that the oracle stands in for, with op-geth's answer, and a failure.
#[test]
fn precompiles_answer_as_they_did() {
    let (mut oracle, mut kept, mut outcomes) = (Oracle::deployed(), Preimages::new(), Vec::new());
    let mut keep = |call: Call<'_>, outcome: Vec<u8>| {
        let preimage = [call.address.as_slice(), &call.gas.to_be_bytes(), call.input].concat();
        kept.insert_precompile(call.address, call.gas, call.input, outcome.clone().into());
        outcomes.push((Key::keccak256(keccak256(preimage)).with_kind(KeyKind::Precompile), outcome));
    };
    for known in kohala_testdata::precompile_calls() {
        let call = Call { address: known.address, gas: 100_000, input: &known.input };
        if call.outcome().is_some() {
            keep(call, [&[1], &known.output[..]].concat());
        }
    }
    let failing = Call { address: alloy_primitives::Address::with_last_byte(8), gas: 45_000, input: &[1] };
    keep(failing, vec![0]);
    assert_eq!(outcomes.len(), 11);
    let store = Store::Memory(kept);
    outcomes.iter().for_each(|(key, outcome)| loads(&mut oracle, &store, *key, outcome));
}

/// Z11: the required gas is in the key, and the oracle refuses a transaction that does not bring it.
#[test]
fn precompile_takes_its_required_gas() {
    let known = &kohala_testdata::precompile_calls()[0];
    let mut keys = Vec::new();
    for (gas, loads) in [(0, true), (3_000, true), (20_000_000, true), (40_000_000, false), (u64::MAX, false)] {
        let mut kept = Preimages::new();
        let outcome = Call { address: known.address, gas, input: &known.input }.outcome().unwrap();
        kept.insert_precompile(known.address, gas, &known.input, outcome);
        let key = kept.iter().find(|(key, _)| key.kind() == Some(KeyKind::Precompile)).unwrap().0;
        let upload = Upload::of(&Store::Memory(kept), key, 0, None).unwrap();
        let mut oracle = Oracle::deployed();
        // With u64::MAX the contract's sum does not overflow: its numbers have 256 bits.
        let answer = oracle.call(&upload.calldata());
        let expected = if loads { Ok(Bytes::new()) } else { Err(selector("NotEnoughGas()")) };
        assert_eq!((answer, oracle.part(key, 0).is_some()), (expected, loads), "{gas}");
        assert!(!keys.contains(&key));
        keys.push(key);
    }
}

/// Blob keys name points: the contract takes any of the field's, not only those of a blob's elements.
#[test]
fn blob_is_loaded_at_any_point() {
    let bytes = blob_bytes();
    let blob = kzg::blob(&bytes).unwrap();
    let mut oracle = Oracle::deployed();
    let mut hash = keccak256("no root of unity").0;
    hash[0] >>= 2;
    for point in [[0; 32], hash] {
        let mut kept = Preimages::new();
        kept.insert_blob(blob.clone(), kzg::verify_proof).unwrap();
        let key = kept.insert_keccak256([&blob.commitment[..], &point].concat().into()).with_kind(KeyKind::Blob);
        let value = kohala_preimage::evaluate(&bytes, &point).unwrap();
        loads(&mut oracle, &Store::Memory(kept), key, &value);
    }
}

#[test]
fn altered_proofs_are_refused() {
    let (read, kept) = reads("main", "20-21");
    let of = |kind: KeyKind| *read.keys().filter(|key| key.kind() == Some(kind)).nth(1).unwrap();
    let mut oracle = Oracle::deployed();
    let (key, offset) = (of(KeyKind::Blob), 8);
    let upload = Upload::of(&kept, key, offset, None).unwrap();
    for place in 0..4 {
        let mut altered = upload.clone();
        match &mut altered.arguments[place].1 {
            Argument::Uint256(number) => *number += U256::ONE,
            Argument::Bytes(bytes) => *bytes = flipped(bytes, 47),
            other => panic!("{other:?}"),
        }
        assert_eq!(oracle.call(&altered.calldata()), Err(selector("InvalidProof()")), "{}", altered.arguments[place].0);
        assert_eq!(oracle.part(key, offset), None);
    }
    // What is hashed is somebody else's preimage when it is altered.
    for kind in [KeyKind::Keccak256, KeyKind::Sha256, KeyKind::Precompile] {
        let key = of(kind);
        let upload = Upload::of(&kept, key, offset, None).unwrap();
        let altered = flipped(&upload.calldata(), upload.calldata().len() - 64);
        assert_eq!(oracle.call(&altered), Ok(Bytes::new()), "{kind}");
        assert_eq!(oracle.part(key, offset), None, "{kind}");
        assert_eq!(oracle.call(&upload.calldata()), Ok(Bytes::new()), "{kind}");
        assert_eq!(oracle.part(key, offset), Some(part(&read[&key], offset)), "{kind}");
    }
}

fn flipped(bytes: &Bytes, index: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[index] ^= 1;
    bytes.into()
}

#[test]
fn nothing_is_loaded_behind_the_end() {
    let (read, kept) = reads("main", "20-21");
    let mut oracle = Oracle::deployed();
    for kind in [KeyKind::Keccak256, KeyKind::Sha256, KeyKind::Blob, KeyKind::Precompile] {
        let (key, value) = read.iter().find(|(key, _)| key.kind() == Some(kind)).unwrap();
        let end = value.len() as u64 + 8;
        let error = Upload::of(&kept, *key, end, None).unwrap_err();
        assert!(matches!(error, UploadError::Offset { len, offset } if (len, offset) == (end, end)), "{error}");
        let mut upload = Upload::of(&kept, *key, end - 1, None).unwrap();
        assert_eq!(oracle.call(&upload.calldata()), Ok(Bytes::new()));
        let place = upload.arguments.iter().position(|(name, _)| *name == "partOffset").unwrap();
        upload.arguments[place].1 = Argument::Uint256(U256::from(end));
        assert_eq!(oracle.call(&upload.calldata()), Err(selector("PartOffsetOOB()")), "{kind}");
    }
}

/// V34: op-challenger proposes in pieces what is as long as the contract's `minProposalSize()`.
#[test]
fn large_preimage_is_no_matter_of_one_call() {
    let mut kept = Preimages::new();
    let [short, long] = [1, 0].map(|less| kept.insert_keccak256(vec![7; MIN_PROPOSAL_BYTES - less].into()));
    let store = Store::Memory(kept);
    loads(&mut Oracle::deployed(), &store, short, &vec![7; MIN_PROPOSAL_BYTES - 1]);
    let error = Upload::of(&store, long, 0, None).unwrap_err();
    assert!(matches!(error, UploadError::Large(MIN_PROPOSAL_BYTES)), "{error}");
}

#[test]
fn what_is_not_there_is_missing() {
    let kept = Store::Memory(Preimages::new());
    let unknown = Key::keccak256(keccak256("unknown"));
    for kind in [KeyKind::Keccak256, KeyKind::Sha256, KeyKind::Blob, KeyKind::Precompile] {
        let error = Upload::of(&kept, unknown.with_kind(kind), 0, None).unwrap_err();
        assert!(matches!(error, UploadError::Host(HostError::Missing(_))), "{error}");
    }
    for key in [unknown.with_kind(KeyKind::GlobalGeneric), Key::from([7; 32])] {
        assert!(matches!(Upload::of(&kept, key, 0, None), Err(UploadError::Kind(_))));
    }
}

/// Keys of blobs and of precompiles stand for what hashes to them, and that has a shape.
#[test]
fn other_preimages_name_no_point_and_no_call() {
    let mut kept = Preimages::new();
    let blob = kzg::blob(&blob_bytes()).unwrap();
    kept.insert_blob(blob.clone(), kzg::verify_proof).unwrap();
    let beyond = [&blob.commitment[..], &[0xff; 32]].concat();
    let keys = [vec![1; 27], vec![1; 79], vec![1; 81], beyond].map(|value| kept.insert_keccak256(value.into()));
    let store = Store::Memory(kept);
    let error = |key| Upload::of(&store, key, 0, None).unwrap_err();
    for key in keys.map(|key| key.with_kind(KeyKind::Blob)) {
        assert!(matches!(error(key), UploadError::Shape(named) if named == key), "{}", error(key));
    }
    let [short, other, ..] = keys.map(|key| key.with_kind(KeyKind::Precompile));
    assert!(matches!(error(short), UploadError::Shape(named) if named == short), "{}", error(short));
    // A call, but of no precompile.
    assert!(matches!(error(other), UploadError::Host(HostError::Missing(_))), "{}", error(other));
}

/// Whatever the store, the call is the same.
#[test]
fn stores_of_all_kinds_make_the_same_call() {
    let call = &kohala_testdata::precompile_calls()[0];
    let mut preimages = Preimages::new();
    let outcome = Call { address: call.address, gas: 3_000, input: &call.input }.outcome().unwrap();
    preimages.insert_precompile(call.address, 3_000, &call.input, outcome);
    let blob = kzg::blob(&blob_bytes()).unwrap();
    preimages.insert_blob(blob.clone(), kzg::verify_proof).unwrap();
    let mut keys: Vec<_> = preimages.iter().map(|(key, _)| key).collect();
    keys.extend([0, 77, 4095].map(|index| Key::blob(&blob.commitment, index)));
    assert_eq!(keys.len(), 6, "a call and its outcome, a commitment, three elements");
    let folder = tempfile::tempdir().unwrap();
    let stores = ["a.kohala", "a.db", "folder"].map(|name| {
        let path = folder.path().join(name);
        Store::write(&path, &preimages).unwrap();
        Store::open(path).unwrap()
    });
    let memory = Store::Memory(preimages);
    for key in keys {
        let upload = Upload::of(&memory, key, 8, None).unwrap();
        stores.iter().for_each(|store| assert_eq!(Upload::of(store, key, 8, None).unwrap(), upload, "{key}"));
    }
}

fn blob_bytes() -> Vec<u8> {
    (0..BLOB_BYTES).map(|index| if index % 32 == 0 { 0 } else { (index * 7) as u8 }).collect()
}
