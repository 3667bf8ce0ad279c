//! Mocks: made, checked against what is expected, and never taken for proofs.

use crate::support::{HELLO, Run, folder, probe, run_in};
use kohala_sp1::{key::Key, proof};
use sp1_sdk::{SP1_CIRCUIT_VERSION, SP1ProofMode, SP1ProofWithPublicValues, SP1PublicValues};
use std::{fs, path::Path};
use tempfile::TempDir;

/// A folder with a mock, `proof`.
fn mock() -> TempDir {
    let folder = folder();
    let probe = probe().display().to_string();
    let input = ["--input", "./primitive", "--input", "./bytes", "--public-values", HELLO, "--json"];
    let run = run_in(
        folder.path(),
        &[&["prove", &probe, "--mode", "mock", "--vkey", "./key", "--out", "./proof"][..], &input].concat(),
    );
    assert_eq!(run.code, 0, "{run:?}");
    let json = run.json();
    assert_eq!((&json["mode"], &json["public_values"]), (&"mock".into(), &HELLO.into()));
    assert_eq!(json["bytes"], fs::metadata(folder.path().join("proof")).unwrap().len());
    folder
}

fn verify(folder: &Path, more: &[&str]) -> Run {
    run_in(folder, &[&["verify", "./proof", "--vkey", "./key", "--json"][..], more].concat())
}

/// Why a proof doesn't hold.
#[track_caller]
fn reason(run: &Run) -> String {
    let json = run.json();
    assert_eq!((run.code, &json["holds"]), (1, &false.into()), "{run:?}");
    json["reasons"][0].as_str().unwrap().to_owned()
}

#[test]
fn a_mock_is_made_and_verified_and_is_no_proof() {
    let folder = mock();
    assert!(reason(&verify(folder.path(), &[])).contains("it is a mock: it proves nothing"));
    let run = verify(folder.path(), &["--mock", "--public-values", HELLO]);
    assert_eq!((run.code, &run.json()["holds"]), (0, &true.into()), "{run:?}");
    let text = run_in(folder.path(), &["verify", "./proof", "--vkey", "./key", "--mock"]);
    assert!(text.stdout.contains("PROVES NOTHING"), "{text:?}");
}

#[test]
fn what_is_expected_is_compared() {
    let folder = mock();
    let other = reason(&verify(folder.path(), &["--mock", "--public-values", "0x00"]));
    assert!(other.contains(&format!("the public values are {HELLO}, not 0x00")), "{other}");
    let no_statement = reason(&verify(folder.path(), &["--mock", "--claimed-l2-block-number", "7"]));
    assert!(no_statement.contains("the public values are no statement"), "{no_statement}");
    // What the prover is told to expect it compares before it proves.
    let probe = probe().display().to_string();
    let input = ["--input", "./primitive", "--input", "./bytes", "--public-values", "0x00"];
    let prove = [&["prove", &probe, "--mode", "mock", "--vkey", "./key", "--out", "./other"][..], &input].concat();
    run_in(folder.path(), &prove).error_names(&["the public values are", "not 0x00"]);
    assert!(!folder.path().join("other").exists());
}

#[test]
fn a_mock_for_another_guest_or_other_values_does_not_hold() {
    let folder = mock();
    let path = folder.path().join("proof");
    let mut changed = proof::read(&path).unwrap();
    changed.public_values = SP1PublicValues::from(b"other values");
    proof::write(&changed, &path).unwrap();
    assert!(reason(&verify(folder.path(), &["--mock"])).contains("public values hash mismatch"));

    let mut other = Key::read("", &folder.path().join("key")).unwrap();
    other.sp1.vk.pc_start.reverse();
    let values = SP1PublicValues::from(b"values");
    let of_other =
        SP1ProofWithPublicValues::create_mock_proof(&other.sp1, values, SP1ProofMode::Groth16, SP1_CIRCUIT_VERSION);
    proof::write(&of_other, &path).unwrap();
    assert!(reason(&verify(folder.path(), &["--mock"])).contains("vkey hash mismatch"));
}

/// Proofs that were made up, of each kind, are refused: none of them ends the verifier.
#[test]
fn what_only_looks_like_a_proof_does_not_hold() {
    let folder = mock();
    let key = Key::read("", &folder.path().join("key")).unwrap();
    let modes = [SP1ProofMode::Core, SP1ProofMode::Compressed, SP1ProofMode::Groth16, SP1ProofMode::Plonk];
    for mode in modes {
        let values = SP1PublicValues::from(&[0; 33]);
        let mut made_up = SP1ProofWithPublicValues::create_mock_proof(&key.sp1, values, mode, SP1_CIRCUIT_VERSION);
        match &mut made_up.proof {
            sp1_sdk::SP1Proof::Groth16(proof) => proof.encoded_proof = "00".repeat(352),
            sp1_sdk::SP1Proof::Plonk(proof) => proof.encoded_proof = "00".repeat(964),
            _ => {}
        }
        assert!(proof::verify(&made_up, &key, false).is_some(), "{mode:?}");
        // Where mocks are let pass, what is none is verified all the same.
        let is_mock = proof::is_mock(&made_up.proof);
        assert_eq!(proof::verify(&made_up, &key, true).is_none(), is_mock, "{mode:?}");
    }
    let mut old = proof::read(&folder.path().join("proof")).unwrap();
    old.sp1_version = "v5.0.0".to_owned();
    let sp1_sdk::SP1Proof::Groth16(groth16) = &mut old.proof else { panic!("mocks are of this kind") };
    groth16.encoded_proof = "00".repeat(352);
    let reason = proof::verify(&old, &key, false).unwrap();
    assert!(reason.contains("it is of SP1 v5.0.0"), "{reason}");
}

#[test]
fn broken_files_are_no_proofs_and_no_keys() {
    let folder = mock();
    let path = folder.path().join("proof");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    verify(folder.path(), &["--mock"]).error_names(&["proof is no proof of SP1"]);
    fs::remove_file(&path).unwrap();
    verify(folder.path(), &["--mock"]).error_names(&["there is no proof", "proof"]);
    fs::write(&path, &whole).unwrap();
    fs::write(folder.path().join("key"), b"kohala-sp1 verifying key 1\nand no more").unwrap();
    verify(folder.path(), &["--mock"]).error_names(&["--vkey", "is no verifying key"]);
    fs::remove_file(folder.path().join("key")).unwrap();
    verify(folder.path(), &["--mock"]).error_names(&["--vkey", "can't be read"]);
}
