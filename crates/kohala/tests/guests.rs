//! The program as the fault proof VMs' executables, on our VMs, with our host as their preimage server.

#[expect(dead_code, reason = "tests of the command line say more")]
#[path = "cli/support.rs"]
mod support;

use alloy_primitives::B256;
use kohala_testdata::Claim;
use serde_json::Value;
use std::{env, path::Path, process::Command};
use support::{but, claim, host, run};

/// The VMs, as `load-elf` calls them, and their executables and files of states.
const VMS: [(&str, &str, &str); 2] = [
    ("multithreaded64-5", "kohala-client-mips64.elf", "state.bin.gz"),
    ("asterisc", "kohala-client-riscv64.elf", "state.json"),
];

/// A folder for each VM with the state before the first step; `None` without the executables, unless they have to be there.
fn prestates() -> Option<[tempfile::TempDir; 2]> {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests");
    if env::var_os("CI").is_none() && VMS.iter().any(|(_, elf, _)| !guests.join(elf).exists()) {
        println!("NOT TESTED: the guests run on our VMs only where `cargo xtask guests` has built them");
        return None;
    }
    Some(VMS.map(|(vm, elf, state)| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join(state);
        let (path, out) = (guests.join(elf).display().to_string(), out.display().to_string());
        let load = run(["vm", "load-elf", "--type", vm, "--path", &path, "--out", &out, "--meta", ""]);
        assert_eq!(load.code, 0, "{load:?}");
        folder
    }))
}

/// `kohala version` finds them, and computes what `load-elf` has written.
#[test]
fn version_says_the_guests_prestates() {
    let Some(folders) = prestates() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut version = Command::new(env!("CARGO_BIN_EXE_kohala"));
    let output = version.args(["version", "--json"]).current_dir(root).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    for ((_, elf, state), folder) in VMS.iter().zip(&folders) {
        let guests = said["guests"].as_array().unwrap();
        let guest = guests.iter().find(|guest| guest["name"] == *elf).unwrap();
        let witness = run(["vm", "witness", "--input", &folder.path().join(state).display().to_string()]);
        let witness: Value = serde_json::from_str(&witness.stdout).unwrap();
        // Cannon and asterisc have names of their own for it.
        let hash = witness.get("witnessHash").or_else(|| witness.get("stateHash")).unwrap();
        assert_eq!(guest["absolute_prestate"], *hash, "{elf}");
    }
}

/// The program's exit code, for a claim from the chain's own store.
fn judge(folder: &Path, state: &str, chain: &str, claim: &Claim) -> u64 {
    let (start, end) = (folder.join(state).display().to_string(), folder.join(format!("end-{state}")));
    let end = end.display().to_string();
    let call = ["vm", "run", "--input", &start, "--output", &end, "--meta", "", "--"].map(str::to_owned);
    let run_vm = run([call.to_vec(), host(chain, claim)].concat());
    assert_eq!(run_vm.code, 0, "{run_vm:?}");
    let witness = run(["vm", "witness", "--input", &end]);
    let witness: Value = serde_json::from_str(&witness.stdout).unwrap();
    assert_eq!(witness["exited"], true);
    println!("{} steps", witness["step"]);
    witness["exitCode"].as_u64().unwrap()
}

/// True claims exit with 0 and false ones with 1, on both VMs, over calldata and blobs, one chain and another.
#[test]
fn guests_judge_claims() {
    let Some(folders) = prestates() else { return };
    for (chain, name) in [("main", "0-1"), ("main", "40-41"), ("staged", "9-10"), ("full", "3-4")] {
        let right = claim(chain, name);
        let wrong = but(&right, |claim| claim.claimed_l2_output_root = B256::repeat_byte(0x5a));
        for ((_, elf, state), folder) in VMS.iter().zip(&folders) {
            for (claim, code) in [(&right, 0), (&wrong, 1)] {
                assert_eq!(judge(folder.path(), state, chain, claim), code, "{elf}, {chain} {name}");
            }
        }
    }
}
