//! Runs without a proof.

use crate::support::{HELLO, SHA256, elf, folder, probe, probed, run_in};
use kohala_sp1::{execution::execute, guest::Guest};
use sp1_sdk::blocking::{LightProver, Prover};

#[test]
fn runs_are_counted_as_sp1_counts_them() {
    let guest = Guest::read(&probe()).unwrap();
    for length in [0, 137, 50_000_u64] {
        let input = probed(SHA256, &vec![7; length as usize]);
        let ours = execute(&guest, &input, true).unwrap();
        let counts = ours.counts.unwrap();
        let quick = execute(&guest, &input, false).unwrap();
        assert_eq!((quick.cycles, quick.exit_code, &quick.public_values), (ours.cycles, 0, &ours.public_values));
        let (values, theirs) = LightProver::new().execute(guest.elf.clone(), input).run().unwrap();
        assert_eq!(ours.public_values, values.to_vec());
        assert_eq!(ours.cycles, theirs.total_instruction_count());
        assert_eq!(Some(counts.gas), theirs.gas());
        assert_eq!(u64::from(ours.exit_code), theirs.exit_code);
        let calls = theirs.syscall_counts.iter().filter(|(_, count)| **count > 0);
        assert_eq!(counts.precompiles, calls.map(|(code, count)| (code.to_string(), *count)).collect());
        // The primitive's, and the one that public values are committed to by.
        assert!(counts.precompiles["SHA_COMPRESS"] > length / 64, "{counts:?}");
    }
}

#[test]
fn a_run_says_what_it_commits_to() {
    let folder = folder();
    let probe = probe().display().to_string();
    let run = run_in(folder.path(), &["execute", &probe, "--input", "./primitive", "--input", "./bytes", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let json = run.json();
    assert_eq!((&json["public_values"], &json["exit_code"]), (&HELLO.into(), &0.into()));
    assert!(json["cycles"].as_u64().unwrap() > 1000);
    assert!(json["statement"].is_null());
    let text = run_in(folder.path(), &["execute", &probe, "--input", "./primitive", "--input", "./bytes"]);
    assert!(text.stdout.contains(HELLO) && text.stdout.contains("SHA_COMPRESS"), "{text:?}");
}

#[test]
fn a_guest_that_fails_is_no_success_and_its_words_are_passed_on() {
    let folder = folder();
    let probe = probe().display().to_string();
    let run = run_in(folder.path(), &["execute", &probe, "--input", "./unknown", "--input", "./bytes", "--json"]);
    assert_eq!((run.code, &run.json()["exit_code"]), (2, &1.into()), "{run:?}");
    assert!(run.stderr.contains("the guest failed with exit code 1"), "{run:?}");
    assert!(run.stderr.contains("no primitive has the number 127"), "{run:?}");
    // Of its run there is no proof, not even a mock.
    let input = ["--input", "./unknown", "--input", "./bytes"];
    let prove = [&["prove", &probe, "--mode", "mock", "--vkey", "./key", "--out", "./proof"][..], &input].concat();
    run_in(folder.path(), &prove).error_names(&["the guest failed", "no primitive has the number 127"]);
    assert!(!folder.path().join("proof").exists());
}

#[test]
fn phases_are_counted_to_the_end_of_the_run() {
    // It fails at once, in its first phase.
    let folder = folder();
    let range = elf("kohala-sp1-range.elf").display().to_string();
    let run = run_in(folder.path(), &["execute", &range, "--input", "./bytes", "--json"]);
    assert_eq!(run.code, 2, "{run:?}");
    let json = run.json();
    let phases = json["phases"].as_object().unwrap();
    let (cycles, phase) = (json["cycles"].as_u64().unwrap(), &phases["witness"]);
    assert_eq!((phases.len(), &phase["times"]), (1, &1.into()));
    let counted = phase["cycles"].as_u64().unwrap();
    assert!(counted > 100 && counted < cycles, "{json}");
}
