//! Joining: the aggregation guest reads what we write, and joins what follows each other.

use crate::support::{elf, folder, run_in};
use kohala_sp1::{key::Key, proof};
use serde_json::json;
use sp1_sdk::{SP1_CIRCUIT_VERSION, SP1ProofMode, SP1ProofWithPublicValues, SP1PublicValues};
use tempfile::TempDir;

/// A statement's words, by their last bytes.
fn statement(words: [u8; 6]) -> Vec<u8> {
    words.into_iter().flat_map(|last| [[0; 31].as_slice(), &[last]].concat()).collect()
}

/// A folder with mocks of statements, `0` and so on, and the key of the guest that they are of.
fn proofs(statements: &[Vec<u8>]) -> TempDir {
    let folder = folder();
    let key = Key::read("", &folder.path().join("key")).unwrap();
    for (place, statement) in statements.iter().enumerate() {
        let values = SP1PublicValues::from(statement);
        let (mode, version) = (SP1ProofMode::Groth16, SP1_CIRCUIT_VERSION);
        let mock = SP1ProofWithPublicValues::create_mock_proof(&key.sp1, values, mode, version);
        proof::write(&mock, &folder.path().join(place.to_string())).unwrap();
    }
    folder
}

const JOIN: [&str; 7] = ["aggregate", "--range-vkey", "./key", "--mode", "execute", "--json", "--elf"];

#[test]
fn ranges_that_follow_each_other_are_joined() {
    let folder =
        proofs(&[statement([1, 2, 3, 4, 5, 60]), statement([1, 2, 3, 5, 6, 85]), statement([1, 2, 3, 6, 7, 110])]);
    let guest = elf("kohala-sp1-aggregation.elf").display().to_string();
    let run = run_in(folder.path(), &[&JOIN[..], &[&guest, "./0", "./1", "./2"]].concat());
    assert_eq!(run.code, 0, "{run:?}");
    let key = Key::read("", &folder.path().join("key")).unwrap();
    let word = |last: u8| format!("0x{:064x}", last);
    let joined = json!({
        "version": 1,
        "chain_hash": word(2),
        "l1_head": word(3),
        "agreed_output_root": word(4),
        "claimed_output_root": word(7),
        "claimed_block_number": 110,
        "program": format!("0x{}", hex::encode(key.program())),
    });
    assert_eq!(run.json()["statement"], joined);
}

#[test]
fn ranges_that_dont_follow_each_other_are_not_joined() {
    let folder = proofs(&[statement([1, 2, 3, 4, 5, 60]), statement([1, 2, 3, 9, 6, 85])]);
    let guest = elf("kohala-sp1-aggregation.elf").display().to_string();
    let run = run_in(folder.path(), &[&JOIN[..], &[&guest, "./0", "./1"]].concat());
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains("statement 1 does not go on from the one before it: its agreed output root"),
        "{run:?}"
    );
}

#[test]
fn what_cant_be_joined_is_named() {
    let folder =
        proofs(&[statement([1, 2, 3, 4, 5, 60]), b"no statement".to_vec(), [statement([1; 6]), vec![0; 32]].concat()]);
    let guest = elf("kohala-sp1-aggregation.elf").display().to_string();
    let join = |proofs: &[&str]| run_in(folder.path(), &[&JOIN[..], &[&guest], proofs].concat());
    join(&["./0", "./1"]).error_names(&["1 is no range's"]);
    join(&["./2"]).error_names(&["2 is a proof that was joined already"]);
    join(&["./0", "./bytes"]).error_names(&["bytes is no proof of SP1"]);
    join(&[]).error_names(&["<PROOFS>"]);
    // Mocks are joined by nothing but mocks.
    let mut core = JOIN;
    core[4] = "compressed";
    let run = run_in(folder.path(), &[&core[..], &[&guest, "./0", "--out", "./out"]].concat());
    run.error_names(&["0 is no proof of the guest", "it is a mock"]);
}
