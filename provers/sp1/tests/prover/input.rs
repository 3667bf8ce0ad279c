//! Input that is refused, each with a message that says what is wrong with which of it.

use crate::support::{folder, probe, run_in};
use std::fs;

#[test]
fn guests_that_cant_be_used_are_named() {
    let folder = folder();
    let execute = |elf: &str| run_in(folder.path(), &["execute", elf, "--input", "./bytes"]);
    execute("./nowhere.elf").error_names(&["nowhere.elf can't be read"]);
    execute("./bytes").error_names(&["bytes can't be used", "it is no ELF file"]);
    // An executable, but of this machine.
    execute(env!("CARGO_BIN_EXE_kohala-sp1")).error_names(&[
        "can't be used",
        "not for RISC-V 64",
        "cargo xtask guests",
    ]);
    // One for RISC-V, spoilt in all ways that cost nothing to try.
    let elf = fs::read(probe()).unwrap();
    for length in [20, 64, 100, 1000, elf.len() / 2] {
        fs::write(folder.path().join("short.elf"), &elf[..length]).unwrap();
        execute("./short.elf").error_names(&["short.elf can't be used", "SP1 can't run it"]);
    }
    for place in (64..elf.len().min(500)).step_by(24) {
        let mut spoilt = elf.clone();
        spoilt[place..place + 8].fill(0xff);
        fs::write(folder.path().join("spoilt.elf"), spoilt).unwrap();
        let run = execute("./spoilt.elf");
        assert!(!run.stderr.contains("panicked at src"), "{place}: {run:?}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let folder = folder();
    let probe = probe().display().to_string();
    let run = |arguments: &[&str]| run_in(folder.path(), arguments);
    run(&["execute", &probe]).error_names(&["--input"]);
    run(&["execute", &probe, "--input", "./nowhere"]).error_names(&["--input", "nowhere can't be read"]);
    let input = ["--input", "./primitive", "--input", "./bytes"];
    let prove = |more: &[&str]| run(&[&["prove", &probe][..], &input, more].concat());
    prove(&[]).error_names(&["--mode"]);
    prove(&["--mode", "mock"]).error_names(&["--out is missing"]);
    prove(&["--mode", "mock", "--out", "./nowhere/proof", "--vkey", "./key"]).error_names(&["--out", "nowhere"]);
    prove(&["--mode", "stark", "--out", "./proof"]).error_names(&["stark", "compressed"]);
    run(&["verify", "./bytes"]).error_names(&["--elf", "--vkey"]);
    run(&["verify", "./bytes", "--vkey", "./key", "--l1-head", "0x00"]).error_names(&["--l1-head", "32 bytes are due"]);
    // The key of another guest.
    let mut other = fs::read(folder.path().join("key")).unwrap();
    other[30] ^= 1;
    fs::write(folder.path().join("other"), other).unwrap();
    prove(&["--mode", "mock", "--out", "./proof", "--vkey", "./other"]).error_names(&["--vkey", "of another guest"]);
}

/// What a proof takes is said before anything is run. (What memory and circuits take is held by tests of `requirements`.)
#[test]
fn a_prover_that_isnt_there_is_named() {
    let folder = folder();
    let probe = probe().display().to_string();
    let prove = |more: &[&str]| {
        run_in(folder.path(), &[&["prove", &probe, "--input", "./bytes", "--out", "./proof"][..], more].concat())
    };
    if cfg!(feature = "network") {
        prove(&["--mode", "core", "--prover", "network"]).error_names(&["NETWORK_PRIVATE_KEY is missing"]);
    } else {
        prove(&["--mode", "core", "--prover", "network"]).error_names(&["--features network"]);
    }
    prove(&["--mode", "compressed", "--prover", "in-order"])
        .error_names(&["--prover in-order", "no compressed proofs"]);
}
