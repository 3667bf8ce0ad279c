//! Stores converted and examined, witnesses made and used, the demo.

use crate::support::{Run, chain_flags, claim, claim_flags, data_flags, file, run};
use kohala_host::{Store, Upload};
use kohala_preimage::{Key, Preimages, versioned_hash};
use serde_json::Value;
use std::{fs, path::Path};

fn store(command: &str, paths: &[&Path]) -> Run {
    let paths = paths.iter().map(|path| path.display().to_string());
    run(["store".to_owned(), command.to_owned(), "--json".to_owned()].into_iter().chain(paths))
}

/// What a store is said to hold.
#[track_caller]
fn held(run: &Run) -> Value {
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    run.json()["preimages"].clone()
}

fn verify_with(chain: &str, name: &str, data: &Path) -> Run {
    let start = vec!["verify".to_owned(), "--json".to_owned(), format!("--data-dir={}", data.display())];
    run([start, claim_flags(&claim(chain, name)), chain_flags(chain)].concat())
}

/// `kohala witness` of a claim into `to`.
fn witness(chain: &str, name: &str, to: &Path) -> Run {
    let start = vec!["witness".to_owned(), "--json".to_owned(), to.display().to_string()];
    run([start, claim_flags(&claim(chain, name)), data_flags(chain)].concat())
}

#[test]
fn store_comes_back_from_a_folder_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(witness("staged", "1-2", &at("witness.kohala")).is_valid());
    let inspected = held(&store("inspect", &[&at("witness.kohala")]));
    assert!(inspected["keccak256"]["number"].as_u64().unwrap() > 30);
    assert!(inspected["blobs"]["number"].as_u64().unwrap() > 0);
    assert_eq!(held(&store("export", &[&at("witness.kohala"), &at("folder")])), inspected);
    assert_eq!(held(&store("inspect", &[&at("folder")])), inspected);
    assert_eq!(held(&store("import", &[&at("folder"), &at("again.kohala")])), inspected);
    // The claim's inputs are the witness's own: other stores don't have them.
    assert_eq!(held(&store("import", &[&at("again.kohala"), &at("twice.kohala")])), inspected);
    assert_eq!(fs::read(at("twice.kohala")).unwrap(), fs::read(at("again.kohala")).unwrap());
    assert_eq!(held(&store("import", &[&at("witness.kohala"), &at("copy.kohala")])), inspected);
    assert_eq!(fs::read(at("witness.kohala")).unwrap(), fs::read(at("copy.kohala")).unwrap());
    assert!(verify_with("staged", "1-2", &at("folder")).is_valid());
    assert!(verify_with("staged", "1-2", &at("again.kohala")).is_valid());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5, "nothing else is left");
}

#[test]
fn store_comes_back_from_a_database_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(witness("staged", "1-2", &at("witness.kohala")).is_valid());
    let inspected = held(&store("inspect", &[&at("witness.kohala")]));
    // A second time adds nothing.
    for _ in 0..2 {
        let imported = store("import", &[&at("witness.kohala"), &at("a.db")]);
        assert_eq!(held(&imported), inspected);
        assert!(imported.json()["bytes_on_disk"].as_u64().unwrap() < 16 << 20, "{imported:?}");
        assert_eq!(held(&store("inspect", &[&at("a.db")])), inspected);
    }
    assert_eq!(held(&store("export", &[&at("a.db"), &at("folder")])), inspected);
    assert_eq!(held(&store("import", &[&at("a.db"), &at("again.kohala")])), inspected);
    // The claim's inputs are the witness's own: other stores don't have them.
    assert_eq!(held(&store("import", &[&at("again.kohala"), &at("twice.kohala")])), inspected);
    assert_eq!(fs::read(at("twice.kohala")).unwrap(), fs::read(at("again.kohala")).unwrap());
    assert_eq!(held(&store("import", &[&at("witness.kohala"), &at("copy.kohala")])), inspected);
    assert_eq!(fs::read(at("witness.kohala")).unwrap(), fs::read(at("copy.kohala")).unwrap());
    store("export", &[&at("witness.kohala"), &at("a.db")]).error_names(&["TO", "a.db", "folder"]);
    assert!(verify_with("staged", "1-2", &at("a.db")).is_valid());
    assert!(witness_from(&at("a.db"), &at("b.kohala")).is_valid());
    assert_eq!(fs::read(at("witness.kohala")).unwrap(), fs::read(at("b.kohala")).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 7, "nothing else is left");
}

/// `kohala witness` of the claim `staged 1-2` from another store than the recorded one.
fn witness_from(data: &Path, to: &Path) -> Run {
    let start = vec!["witness".to_owned(), "--json".to_owned(), to.display().to_string()];
    let data = vec![format!("--data-dir={}", data.display()), "--data-format=database".to_owned()];
    run([start, claim_flags(&claim("staged", "1-2")), chain_flags("staged"), data].concat())
}

/// Who meets a database that another process has open is told so, by the name of the flag and the path.
#[test]
fn database_in_use_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let ours = Store::open_or_create(&path).unwrap();
    let words = ["a.db", "another process has the store open"];
    verify_with("staged", "1-2", &path).error_names(&[&words[..], &["--data-dir"]].concat());
    store("inspect", &[&path]).error_names(&[&words[..], &["STORE"]].concat());
    store("import", &[&file("staged", "preimages.kohala"), &path]).error_names(&[&words[..], &["TO"]].concat());
    drop(ours);
    store("import", &[&file("staged", "preimages.kohala"), &path]);
    assert!(verify_with("staged", "1-2", &path).is_valid());
    // A folder may be read while it is written, and is written by one.
    let path = folder.path().join("folder");
    let ours = Store::open_or_create(&path).unwrap();
    assert_eq!(held(&store("inspect", &[&path])), serde_json::json!({}));
    let words = ["TO", "folder", "another process has the store open"];
    store("export", &[&file("staged", "preimages.kohala"), &path]).error_names(&words);
    drop(ours);
}

#[test]
fn recorded_stores_are_what_they_say() {
    for chain in kohala_testdata::CHAINS {
        let run = store("inspect", &[&file(chain, "preimages.kohala")]);
        let held = held(&run);
        assert!(held["keccak256"]["number"].as_u64().unwrap() > 100, "{chain}");
        assert_eq!(held["sha256"]["number"], held["blobs"]["number"], "{chain}: commitments and blobs");
        assert_eq!(run.json()["bytes_on_disk"], fs::metadata(file(chain, "preimages.kohala")).unwrap().len());
    }
}

#[test]
fn witness_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    for (chain, name) in [("main", "20-21"), ("staged", "9-10"), ("full", "3-4"), ("staged", "1-35")] {
        let path = folder.path().join(format!("{chain}-{name}.kohala"));
        let made = witness(chain, name, &path);
        assert!(made.is_valid());
        assert!(fs::metadata(&path).unwrap().len() < fs::metadata(file(chain, "preimages.kohala")).unwrap().len());
        let judged = verify_with(chain, name, &path);
        assert!(judged.is_valid(), "{chain} {name}");
        assert_eq!(judged.json()["output_root"], made.json()["output_root"]);
    }
}

/// Of a false claim too: a refutation is worth as much as a proof.
#[test]
fn witness_of_a_false_claim_refutes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("false.kohala");
    let lie = crate::support::but(&claim("main", "0-1"), |claim| claim.claimed_l2_output_root.0[0] ^= 1);
    let start = vec!["witness".to_owned(), "--json".to_owned(), path.display().to_string()];
    assert!(!run([start, claim_flags(&lie), data_flags("main")].concat()).is_valid());
    let start = vec!["verify".to_owned(), "--json".to_owned(), format!("--data-dir={}", path.display())];
    assert!(!run([start, claim_flags(&lie), chain_flags("main")].concat()).is_valid());
    assert!(verify_with("main", "0-1", &path).is_valid());
}

#[test]
fn nothing_is_written_without_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Another chain's preimages, a name that says no packed file, a store that is none.
    let start = vec!["witness".to_owned(), "--json".to_owned(), at("a.kohala").display().to_string()];
    let foreign = run([start, claim_flags(&claim("main", "0-1")), data_flags("staged")].concat());
    foreign.error_names(&["no verdict"]);
    witness("main", "0-1", &at("a.txt")).error_names(&["TO", "a.txt", ".kohala"]);
    store("import", &[&file("main", "preimages.kohala"), &at("a")]).error_names(&["TO", ".kohala"]);
    store("export", &[&file("main", "preimages.kohala"), &at("a.kohala")]).error_names(&["TO", "folder"]);
    store("export", &[&file("main", "preimages.kohala"), &at("a.db")]).error_names(&["TO", "folder"]);
    store("import", &[&at("none"), &at("a.kohala")]).error_names(&["FROM", "none", "No such file"]);
    store("export", &[&at("none"), &at("a")]).error_names(&["FROM", "none", "No such file"]);
    store("inspect", &[&at("none")]).error_names(&["STORE", "none", "No such file"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// `kohala store call` about the recorded chain `main`.
fn store_call(flags: &[String]) -> Run {
    let path = file("main", "preimages.kohala").display().to_string();
    run(["store".to_owned(), "call".to_owned(), path].into_iter().chain(flags.iter().cloned()))
}

/// What is printed is the call that `kohala-host` makes, to people as to scripts.
#[test]
fn calls_that_load_preimages_are_printed() {
    let recorded = Store::open(file("main", "preimages.kohala")).unwrap();
    let header = Key::keccak256(claim("main", "20-21").l1_head);
    let element = Key::blob(&recorded.commitments().unwrap()[0], 5);
    let commitment = Key::sha256(versioned_hash(&recorded.commitments().unwrap()[0]));
    for (key, offset, claim) in
        [(header, 500, None), (element, 8, None), (commitment, 55, None), (Key::local(1), 0, Some(61))]
    {
        let expected = Upload::of(&recorded, key, offset, claim).unwrap();
        let claim = claim.map(|index| format!("--claim-index={index}"));
        let flags = [format!("--key={key}"), format!("--offset={offset}")].into_iter().chain(claim).collect::<Vec<_>>();
        let said = store_call(&[flags.clone(), vec!["--json".to_owned()]].concat()).json();
        assert_eq!(said["contract"], expected.contract);
        assert_eq!(said["function"], expected.signature());
        assert_eq!(said["calldata"], expected.calldata().to_string());
        let told = store_call(&flags);
        assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told:?}");
        let mut words = vec![expected.contract.to_owned(), expected.signature(), expected.calldata().to_string()];
        for ((name, argument), said) in expected.arguments.iter().zip(said["arguments"].as_array().unwrap()) {
            let text = argument.to_string();
            assert_eq!(*said, serde_json::json!({ "name": name, "type": argument.type_name(), "value": text }));
            words.push(format!("{name} {text}"));
        }
        let lines: Vec<_> =
            told.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        words.iter().for_each(|word| assert!(lines.iter().any(|line| line.ends_with(word)), "{word}: {told:?}"));
    }
}

#[test]
fn calls_that_cannot_be_made_name_the_flag() {
    let refused = |flags: &[String], words: &[&str]| {
        store_call(&[flags, &["--json".to_owned()]].concat()).error_names(words);
    };
    let header = format!("--key={}", Key::keccak256(claim("main", "20-21").l1_head));
    refused(&[header, "--offset=100000".to_owned()], &["--offset", "100000 is not below"]);
    let unknown = "22".repeat(31);
    refused(&[format!("--key=02{unknown}")], &["STORE", "preimages.kohala", "0x0222"]);
    refused(&[format!("--key=05{unknown}")], &["STORE", "preimages.kohala", "0x0222"]);
    refused(&[format!("--key=07{unknown}")], &["--key", "0x0722", "no key of a kind"]);
    refused(&[format!("--key={}", Key::local(1))], &["--claim-index", "by its index"]);
    refused(&[format!("--key={}", Key::local(6)), "--claim-index=1".to_owned()], &["--key", "1 to 5, and not 6"]);
    store_call(&["--key=0x12".to_owned()]).usage_error_names(&["--key", "0x12"]);
    store_call(&[]).usage_error_names(&["--key"]);
}

/// V34: op-challenger proposes what is as long as this in pieces.
#[test]
fn large_preimage_is_said_to_be_proposed_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let mut preimages = Preimages::new();
    let key = preimages.insert_keccak256(vec![1; 126_000].into());
    Store::write(folder.path().join("a.db"), &preimages).unwrap();
    let path = folder.path().join("a.db").display().to_string();
    let words = ["--key", "126000 bytes", "initLPP, addLeavesLPP, squeezeLPP"];
    run(["store", "call", &path, "--key", &key.to_string(), "--json"]).error_names(&words);
}

/// A file that stands in the way of a failed witness stays as it is.
#[test]
fn failed_import_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let (old, cut) = (folder.path().join("old.kohala"), folder.path().join("cut.kohala"));
    let whole = fs::read(file("staged", "preimages.kohala")).unwrap();
    fs::write(&old, &whole).unwrap();
    fs::write(&cut, &whole[..whole.len() - 1]).unwrap();
    store("import", &[&cut, &old]).error_names(&["FROM", "truncated"]);
    assert_eq!(fs::read(&old).unwrap(), whole);
}

#[test]
fn demo_proves_and_refutes() {
    let told = run(["demo"]);
    assert_eq!(told.code, 0, "{told:?}");
    let verdicts: Vec<_> = told.stdout.lines().filter(|line| line.contains("verdict")).collect();
    let valid = |line: &&str| line.contains(" VALID: the claim is right");
    assert_eq!(verdicts.iter().map(valid).collect::<Vec<_>>(), [true, true, false], "{told:?}");
    assert!(verdicts[2].contains("INVALID: the claim is wrong"));
    let words = ["A true claim", "one bit of the root changed", "trusted", "derived", "executed", "computed"];
    let asked = ["fetched", "round trips in sequence", "debug_executionWitness", "blobs", "The nodes are gone"];
    for word in words.into_iter().chain(asked) {
        assert!(told.stdout.contains(word), "{word}");
    }
}

#[test]
fn demo_prints_an_object_for_each_judgement_as_json() {
    let told = run(["demo", "--json"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told:?}");
    let judged: Vec<Value> = told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<_> = judged.iter().map(|judged| judged["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["valid", "valid", "invalid"]);
    let same = |field: &str| judged.iter().all(|other| other[field] == judged[0][field]);
    assert!(["output_root", "l1_head", "agreed_output_root", "claimed_block_number", "blocks"].into_iter().all(same));
    assert_eq!((judged[0]["blocks"].clone(), judged[0]["claimed_block_number"].clone()), (40.into(), 60.into()));
    assert!(judged[0]["nodes"]["round_trips_in_sequence"].as_u64().unwrap() > 0);
    assert!(judged[1]["nodes"].is_null());
}
