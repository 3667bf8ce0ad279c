//! `kohala prove`: what a backend is told, and what becomes of what it says. Real backends are run by other tests.

use crate::support::{Run, VARIABLES, but, claim, claim_flags, data_flags, file, run};
use alloy_primitives::{B256, hex};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A backend that writes down what it is told and given, and ends with the code 7.
const BACKEND: &str = r#"#!/bin/sh
printf '%s\n' "$@" > "$0.arguments"
cat > "$0.input"
echo '{"said":"so"}'
exit 7
"#;

/// A folder with such a backend and a guest.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_backend(folder.path(), BACKEND);
    fs::write(folder.path().join("guest.elf"), "a guest").unwrap();
    folder
}

/// Linux starts no file that is open for writing, and children of other tests have for a moment open what we have: a child writes it.
fn write_backend(folder: &Path, script: &str) {
    let backend = folder.join("backend");
    let mut command = Command::new("sh");
    let mut writer = command.args(["-c", "cat > \"$0\""]).arg(&backend).stdin(Stdio::piped()).spawn().unwrap();
    writer.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
    fs::set_permissions(&backend, fs::Permissions::from_mode(0o755)).unwrap();
}

/// `kohala prove` with the folder's backend.
fn prove(folder: &Path, arguments: &[String]) -> Run {
    let backend = format!("--backend-path={}", folder.join("backend").display());
    run([&["prove".to_owned()], arguments, &[backend]].concat())
}

fn strings(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|argument| (*argument).to_owned()).collect()
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// What the backend was told.
fn told(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join("backend.arguments")).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_backend_gets_the_input_of_a_right_claim() {
    let (folder, claim) = (folder(), claim("main", "0-1"));
    let (elf, out) = (path(folder.path(), "guest.elf"), path(folder.path(), "proof"));
    let more = ["--mode", "core", "--prover", "in-order", "--unchecked", "--elf", &elf, "--out", &out, "--json"];
    let asked = [claim_flags(&claim), data_flags("main"), strings(&more)].concat();
    let ran = prove(folder.path(), &asked);
    // All that is said is the backend's, and so is the exit code.
    assert_eq!((ran.code, &*ran.stdout), (7, "{\"said\":\"so\"}\n"), "{ran:?}");
    let told = told(folder.path());
    let start = ["prove", "--json", &elf, "--mode", "core"];
    assert_eq!(told[..start.len()], start);
    let more = ["--prover", "in-order", "--out", &out, "--unchecked", "--input", "-", "--public-values"];
    assert_eq!(told[start.len()..told.len() - 1], more);
    // The statement: the claim's words, between the version and the chain before them and nothing behind.
    let statement = hex::decode(told.last().unwrap()).unwrap();
    let words: Vec<B256> = statement.chunks(32).map(B256::from_slice).collect();
    let number = B256::left_padding_from(&claim.claimed_l2_block_number.to_be_bytes());
    assert_eq!(words[2..], [claim.l1_head, claim.agreed_l2_output_root, claim.claimed_l2_output_root, number]);
    // Its input is what can be written to a file, too, and given from there.
    let input = path(folder.path(), "input");
    let write = [strings(&["witness", "--zkvm", &input]), claim_flags(&claim), data_flags("main")].concat();
    let ran = run(write);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("VALID"), "{ran:?}");
    assert_eq!(fs::read(&input).unwrap(), fs::read(folder.path().join("backend.input")).unwrap());
    let ran = prove(folder.path(), &strings(&["--input", &input, "--elf", &elf]));
    assert_eq!(ran.code, 7, "{ran:?}");
    assert_eq!(self::told(folder.path()), ["prove", &elf, "--mode", "execute", "--input", &input]);
}

#[test]
fn nothing_is_proven_of_a_wrong_claim() {
    let folder = folder();
    let claim = but(&claim("main", "0-1"), |claim| claim.claimed_l2_output_root = B256::repeat_byte(0x5a));
    let more = strings(&["--json", "--elf", &path(folder.path(), "guest.elf")]);
    let ran = prove(folder.path(), &[claim_flags(&claim), data_flags("main"), more].concat());
    assert!(!ran.is_valid());
    assert!(ran.stderr.contains("there is nothing to prove"), "{ran:?}");
    assert!(!folder.path().join("backend.arguments").exists());
}

#[test]
fn a_verifier_is_told_what_to_expect() {
    let folder = folder();
    let (elf, claims) = (path(folder.path(), "guest.elf"), file("main", "claims/0-1.json").display().to_string());
    let verify = ["verify", "proof.bin", "--mock", "--elf", &elf, "--claim", &claims, "--claimed-l2-block-number", "7"];
    let (rollup, l1) = (file("main", "rollup.json"), file("main", "l1-chain-config.json"));
    let chain = [format!("--rollup-config-path={}", rollup.display()), format!("--l1-config-path={}", l1.display())];
    let ran = prove(folder.path(), &[strings(&verify), chain.to_vec()].concat());
    assert_eq!(ran.code, 7, "{ran:?}");
    let claim = claim("main", "0-1");
    let told = told(folder.path());
    let expected = [
        ["--l1-head".to_owned(), claim.l1_head.to_string()],
        ["--agreed-l2-output-root".to_owned(), claim.agreed_l2_output_root.to_string()],
        ["--claimed-l2-output-root".to_owned(), claim.claimed_l2_output_root.to_string()],
    ];
    assert_eq!(told[..5], ["verify", "proof.bin", "--elf", &elf, "--mock"]);
    assert_eq!(told[5..11], expected.concat());
    assert_eq!((&*told[11], told[12].len()), ("--chain-hash", 66));
    // A flag comes before the file.
    assert_eq!(told[13..], ["--claimed-l2-block-number", "7"]);

    let ran = prove(folder.path(), &strings(&["verify", "proof.bin", "--vkey", "key", "--json"]));
    assert_eq!(ran.code, 7, "{ran:?}");
    assert_eq!(self::told(folder.path()), ["verify", "--json", "proof.bin", "--vkey", "key"]);
}

#[test]
fn keys_and_joining_are_the_backends() {
    let folder = folder();
    let elf = path(folder.path(), "guest.elf");
    prove(folder.path(), &strings(&["vkey", "--elf", &elf, "--out", "key"]));
    assert_eq!(told(folder.path()), ["vkey", &elf, "--out", "key"]);
    let join = ["aggregate", "a", "b", "--elf", &elf, "--range-elf", &elf, "--mode", "groth16", "--prover", "network"];
    prove(folder.path(), &strings(&join));
    let told = told(folder.path());
    let start = ["aggregate", "--elf", &elf, "--range-elf", &elf, "--mode", "groth16", "--prover", "network", "a", "b"];
    assert_eq!(told, start);
}

#[test]
fn what_is_missing_is_named_before_anything_is_judged() {
    let folder = folder();
    let claim = [claim_flags(&claim("main", "0-1")), data_flags("main"), strings(&["--json"])].concat();
    // No guest is beside the binary of a test, nor below its folder.
    prove(folder.path(), &claim).error_names(&["--elf is missing", "kohala-sp1-range.elf", "cargo xtask guests"]);
    let nowhere = [claim.clone(), strings(&["--elf", "nowhere.elf"])].concat();
    prove(folder.path(), &nowhere).error_names(&["--elf", "nowhere.elf"]);
    let nowhere = [strings(&["prove"]), claim.clone(), strings(&["--backend-path=nowhere"])].concat();
    run(nowhere).error_names(&["--backend-path", "nowhere"]);
    // Without a flag it is looked for, here where there is none.
    let mut command = Command::new(env!("CARGO_BIN_EXE_kohala"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    let output =
        command.arg("prove").args(&claim).env("PATH", folder.path()).current_dir(folder.path()).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let error = json["error"].as_str().unwrap();
    assert!(error.contains("kohala-sp1") && error.contains("cargo build --release"), "{error}");
    let input = [strings(&["prove", "--input", "x"]), claim].concat();
    run(input).usage_error_names(&["--input"]);
}

/// One that can't be started, and one that a signal ends.
#[test]
fn a_backend_that_dies_is_no_verdict() {
    let folder = folder();
    let elf = path(folder.path(), "guest.elf");
    let arguments = strings(&["--json", "--elf", &elf, "--input", &elf]);
    let with = |script: &str| {
        write_backend(folder.path(), script);
        prove(folder.path(), &arguments)
    };
    with("#!/bin/sh\nkill -9 $$\n").error_names(&["the backend", "was stopped", "memory"]);
    with("#!/nowhere/sh\n").error_names(&["the backend", "can't be started"]);
}
