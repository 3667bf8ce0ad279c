//! Claims proven by SP1 as far as tests can: the guests in SP1's executor, and mocks of proofs.

#[expect(dead_code, reason = "tests of the command line say more")]
#[path = "cli/support.rs"]
mod support;

use alloy_primitives::B256;
use kohala_testdata::{Claim, chain};
use std::{env, path::Path};
use support::{Run, but, claim, claim_flags, data_flags, file, run};

const RANGE: &str = "target/guests/kohala-sp1-range.elf";
const BACKEND: &str = "provers/sp1/target/release/kohala-sp1";

/// The flags with the guest and the backend; `None` without them, unless they have to be there.
fn built() -> Option<[String; 2]> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if env::var_os("CI").is_none() && [RANGE, BACKEND].iter().any(|file| !root.join(file).exists()) {
        println!(
            "NOT TESTED: claims are proven only where `cargo xtask guests` and `cargo build --release --manifest-path \
             provers/sp1/Cargo.toml` have built what it takes"
        );
        return None;
    }
    let flag = |name: &str, file: &str| format!("--{name}={}", root.join(file).display());
    Some([flag("elf", RANGE), flag("backend-path", BACKEND)])
}

fn strings(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|argument| (*argument).to_owned()).collect()
}

/// `kohala prove` of a claim from the chain's own store.
fn prove(built: &[String], chain: &str, claim: &Claim, more: &[&str]) -> Run {
    run([&strings(&["prove", "--json"]), &*claim_flags(claim), &data_flags(chain), built, &strings(more)].concat())
}

/// The guest commits to true claims, over calldata and blobs, of one block and of many, and to no false one.
#[test]
fn the_guest_proves_right_claims_and_fails_for_wrong_ones() {
    let Some(built) = built() else { return };
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input").display().to_string();
    for (chain, name) in CLAIMS {
        let right = claim(chain, name);
        let ran = prove(&built, chain, &right, &["--quick"]);
        assert_eq!(ran.code, 0, "{chain} {name}: {ran:?}");
        let json = ran.json();
        println!("{chain} {name}: {} cycles in {} s", json["cycles"], json["seconds"]);
        let statement = &json["statement"];
        assert_eq!(statement["l1_head"], right.l1_head.to_string());
        assert_eq!(statement["agreed_output_root"], right.agreed_l2_output_root.to_string());
        assert_eq!(statement["claimed_output_root"], right.claimed_l2_output_root.to_string());
        assert_eq!(statement["claimed_block_number"], right.claimed_l2_block_number);
        // The host won't have a wrong one proven, so that the guest is handed one from a file.
        let wrong = but(&right, |claim| claim.claimed_l2_output_root = B256::repeat_byte(0x5a));
        let write = run([strings(&["witness", "--zkvm", &input]), claim_flags(&wrong), data_flags(chain)].concat());
        assert_eq!(write.code, 1, "{write:?}");
        let execute = ["prove", "--json", "--quick", "--input", &input];
        let ran = run([&strings(&execute), &built[..]].concat());
        assert_eq!((ran.code, &ran.json()["public_values"]), (2, &"0x".into()), "{ran:?}");
        assert!(ran.stderr.contains("nothing is proven: the claim is wrong"), "{ran:?}");
    }
}

/// Six blocks of the chain whose batches fill blobs, from a witness.
#[test]
fn the_guest_proves_a_witness() {
    let Some(built) = built() else { return };
    let witness = file("full", "10-16.kohala").display().to_string();
    let ran = run([&strings(&["prove", "--json", "--quick", "--witness", &witness]), &built[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let json = ran.json();
    println!("full 10-16: {} cycles in {} s", json["cycles"], json["seconds"]);
    assert_eq!(json["statement"]["claimed_block_number"], 16);
    let claimed = &chain("full").l2[16];
    assert_eq!(json["statement"]["claimed_output_root"], claimed.output_root.to_string());
}

/// Where the cycles go is counted phase by phase, and they are all the guest's.
#[test]
fn cycles_are_counted_by_phase() {
    let Some(built) = built() else { return };
    let json = prove(&built, "main", &claim("main", "0-1"), &[]).json();
    let phases = json["phases"].as_object().unwrap();
    let names: Vec<&str> = phases.keys().map(String::as_str).collect();
    assert_eq!(names, ["boot", "derivation", "epilogue", "execution", "trie", "witness"]);
    let counted: u64 = phases.values().map(|phase| phase["cycles"].as_u64().unwrap()).sum();
    let cycles = json["cycles"].as_u64().unwrap();
    assert!(counted <= cycles && cycles - counted < cycles / 20, "{json}");
    assert!(json["precompiles"]["KECCAK_PERMUTE"].as_u64().unwrap() > 0, "{json}");
}

#[test]
fn a_mock_of_a_claim_is_made_and_compared_with_it() {
    let Some(built) = built() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (key, proof) = (path("key"), path("proof"));
    let vkey = run([&strings(&["prove", "vkey", "--json", "--out", &key]), &built[..]].concat());
    assert_eq!(vkey.code, 0, "{vkey:?}");
    let right = claim("main", "0-1");
    let made = prove(&built, "main", &right, &["--mode", "mock", "--vkey", &key, "--out", &proof]);
    assert_eq!((made.code, &made.json()["vkey"]), (0, &vkey.json()["vkey"]), "{made:?}");
    let verify = |claim: &Claim, more: &[&str]| {
        let verify = strings(&["prove", "verify", "--json", &proof, "--vkey", &key]);
        let chain = data_flags("main").into_iter().filter(|flag| !flag.starts_with("--data-dir"));
        run([verify, vec![built[1].clone()], claim_flags(claim), chain.collect(), strings(more)].concat())
    };
    let holds = verify(&right, &["--mock"]);
    assert_eq!((holds.code, &holds.json()["holds"]), (0, &true.into()), "{holds:?}");
    assert_eq!(verify(&right, &[]).code, 1);
    let wrong = but(&right, |claim| claim.l1_head = B256::repeat_byte(0x5a));
    let differs = verify(&wrong, &["--mock"]);
    assert_eq!(differs.code, 1, "{differs:?}");
    assert!(differs.json()["reasons"][0].as_str().unwrap().contains("L1 head"), "{differs:?}");
}

/// Claims by chain and name.
const CLAIMS: [(&str, &str); 6] =
    [("main", "0-1"), ("main", "40-41"), ("main", "60-110"), ("staged", "9-10"), ("full", "3-4"), ("full", "20-21")];
