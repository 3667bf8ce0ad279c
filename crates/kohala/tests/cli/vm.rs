//! `kohala vm`: a program on a fault proof VM, with the preimage server as its child.

use crate::support::{Run, claim, file, host, run};
use alloy_primitives::{B256, Bytes, hex};
use kohala_vm::{
    PreimageRead,
    mips::{State, Thread, Witness, replay},
    riscv,
};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::TempDir;

/// Where the program lies, and what it works on.
const CODE: u64 = 0x1_0000;
const DATA: u64 = 0x2_0000;

/// A folder with `start.bin`: a program that reads the first local input, the L1 head, and exits with code 1.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let set = |register: u32, value: u32| 0x3400_0000 | register << 16 | value;
    let mut code = Vec::new();
    let mut call = |number: u32, descriptor: u32, offset: u32| {
        // $2, $4, $5 = $16 + offset, $6, and the call.
        let address = 0x6605_0000 | offset;
        code.extend([set(2, number), set(4, descriptor), address, set(6, 8), 0x0000_000c]);
    };
    (0..4).for_each(|part| call(5001, 6, 8 * part));
    (0..5).for_each(|_| call(5000, 5, 64));
    call(5001, 1, 32);
    call(5205, 1, 0);
    let mut state = State::default();
    let mut thread = Thread { pc: CODE, next_pc: CODE + 4, ..Thread::default() };
    thread.registers[16] = DATA;
    state.core.left.threads.push(thread);
    state.memory.write(CODE, &code.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>());
    state.memory.write(DATA, &[&[1][..], &[0; 30], &[1], b"welcome\n"].concat());
    let mut bytes = Vec::new();
    state.serialize(&mut bytes).unwrap();
    fs::write(folder.path().join("start.bin"), bytes).unwrap();
    folder
}

/// `kohala vm run` from there on, with what else is given. What begins with `./` lies in the folder.
fn run_vm(folder: &Path, more: &[&str], server: &[String]) -> Run {
    let placed = |argument: &str| match argument.strip_prefix("./") {
        Some(name) => folder.join(name).display().to_string(),
        None => argument.to_owned(),
    };
    let mut arguments: Vec<String> = ["vm", "run", "--input", "./start.bin", "--output", "./end.bin", "--meta", ""]
        .iter()
        .chain(more)
        .map(|argument| placed(argument))
        .collect();
    if !server.is_empty() {
        arguments.push("--".to_owned());
        arguments.extend_from_slice(server);
    }
    run(arguments)
}

/// Our host on a recorded claim.
fn server() -> Vec<String> {
    host("main", &claim("main", "0-1"))
}

fn hash(value: &Value) -> B256 {
    value.as_str().unwrap().parse().unwrap()
}

fn bytes(value: &Value) -> Bytes {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn each_proof_that_is_written_shows_its_step() {
    let folder = folder();
    let more = ["--proof-at", "always", "--proof-fmt", "./%d.json", "--debug-info", "./debug.json"];
    let ran = run_vm(folder.path(), &more, &server());
    assert_eq!((ran.code, &*ran.stdout), (0, "welcome\n"), "{ran:?}");
    let read = |name: String| serde_json::from_slice::<Value>(&fs::read(folder.path().join(name)).unwrap()).unwrap();
    let (mut reads, mut last) = (0, None);
    for step in 0..55 {
        let proof = read(format!("{step}.json"));
        assert_eq!(proof["step"], step);
        assert!(last.is_none_or(|last| last == hash(&proof["pre"])), "step {step} follows the one before");
        let value = proof.get("oracle-value").map(bytes);
        if let Some(value) = &value {
            assert_eq!(
                hash(&proof["oracle-key"]),
                B256::new(hex!("0100000000000000000000000000000000000000000000000000000000000001"))
            );
            assert_eq!(value[..], [&32_u64.to_be_bytes()[..], &claim("main", "0-1").l1_head.0].concat());
            assert_eq!(proof["oracle-offset"].as_u64().unwrap_or(0), 8 * reads);
            reads += 1;
        }
        let offset = proof["oracle-offset"].as_u64().unwrap_or(0);
        let preimage = value.as_ref().map(|value| PreimageRead { key: hash(&proof["oracle-key"]).0, value, offset });
        let witness = Witness(bytes(&proof["state-data"])[..].try_into().unwrap());
        assert_eq!(witness.state_hash(), hash(&proof["pre"]));
        let after = replay(&witness, &bytes(&proof["proof-data"]), preimage).unwrap();
        assert_eq!(after.state_hash(), hash(&proof["post"]), "step {step}");
        last = Some(hash(&proof["post"]));
    }
    assert_eq!(reads, 5);
    assert_eq!(read("debug.json".to_owned())["total_steps"], 55);
    let end = run(["vm", "witness", "--input", &folder.path().join("end.bin").display().to_string()]);
    let end: Value = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!((Some(hash(&end["witnessHash"])), &end["exitCode"], &end["exited"]), (last, &1.into(), &true.into()));
}

#[test]
fn a_run_goes_on_from_a_snapshot() {
    let folder = folder();
    let more = ["--snapshot-at", "%20", "--snapshot-fmt", "./%d.bin.gz", "--stop-at", "=50"];
    assert_eq!(run_vm(folder.path(), &more, &server()).code, 0);
    let stopped = fs::read(folder.path().join("end.bin")).unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (input, output) = (at("40.bin.gz"), at("again.bin"));
    let again = ["vm", "run", "--input", &input, "--output", &output, "--meta", "", "--stop-at", "=50", "--"];
    let again = [again.map(str::to_owned).to_vec(), server()].concat();
    assert_eq!(run(again).code, 0);
    assert_eq!(fs::read(folder.path().join("again.bin")).unwrap(), stopped);
    assert!(folder.path().join("0.bin.gz").exists() && !folder.path().join("60.bin.gz").exists());
}

#[test]
fn what_keeps_the_vm_from_going_on_is_said() {
    let folder = folder();
    // 2 where the VM or its server can't go on, 1 for all else.
    let says = |code: i32, more: &[&str], server: &[&str], words: &[&str]| {
        let server: Vec<String> = server.iter().map(|word| (*word).to_owned()).collect();
        let ran = run_vm(folder.path(), more, &server);
        assert_eq!(ran.code, code, "{ran:?}");
        words.iter().for_each(|word| assert!(ran.stderr.contains(word), "{word:?} is not in {:?}", ran.stderr));
    };
    says(2, &[], &[], &["step 24", "no preimage server"]);
    says(2, &[], &["false"], &["the preimage server false", "step 24"]);
    says(1, &[], &["/nowhere/host"], &["/nowhere/host", "can't be started"]);
    says(1, &["--proof-at", "5"], &[], &["--proof-at", "never, always"]);
    says(1, &["--info-at", "%0"], &[], &["--info-at", "%0"]);
    says(1, &["--proof-fmt", "%x"], &[], &["--proof-fmt"]);
    says(1, &["--snapshot-fmt", "%d.json"], &[], &["--snapshot-fmt", ".bin.gz"]);
    says(1, &["--snapshot-at", "=0", "--snapshot-fmt", "/nowhere/%d.bin"], &[], &["/nowhere/0.bin"]);
    says(1, &["--stop-at-preimage", "xy"], &[], &["--stop-at-preimage xy", "hexadecimal"]);
    says(1, &["--stop-at-preimage", "01@2@3@4"], &[], &["--stop-at-preimage", "no more"]);
    says(1, &["--stop-at-preimage-type", "sha"], &[], &["--stop-at-preimage-type", "sha256"]);
    says(1, &["--debug"], &[], &["--debug"]);
    says(1, &["--pprof.cpu"], &[], &["--pprof.cpu"]);
    let witness = run(["vm", "witness", "--input", "/nowhere/a.bin"]);
    assert_eq!(witness.code, 1);
    assert!(witness.stderr.contains("--input: /nowhere/a.bin"), "{witness:?}");
    fs::write(folder.path().join("old.bin"), [3; 100]).unwrap();
    let old = run(["vm", "witness", "--input", &folder.path().join("old.bin").display().to_string()]);
    assert!(old.code == 1 && old.stderr.contains("state version 3"), "{old:?}");
    let elf = run([
        "vm",
        "load-elf",
        "--type",
        "multithreaded64-5",
        "--path",
        file("main", "rollup.json").to_str().unwrap(),
        "--meta",
        "",
    ]);
    assert!(elf.code == 1 && elf.stderr.contains("--path") && elf.stderr.contains("ELF"), "{elf:?}");
}

#[test]
fn states_of_asterisc_are_told_by_their_content() {
    let folder = tempfile::tempdir().unwrap();
    let core = riscv::Core {
        preimage_key: B256::ZERO,
        preimage_offset: 0,
        pc: CODE,
        exit_code: 0,
        exited: false,
        step: 0,
        heap: 0,
        registers: riscv::Registers::new([0; 32], 0),
    };
    let (last_hint, recorded_witness) = (Vec::new(), Vec::new());
    let mut start =
        riscv::State { memory: Default::default(), core, last_hint, recorded_witness, recorded_hash: B256::ZERO };
    // a0 = 1, a7 = 93 (exit), and the call.
    let code = [0x0010_0513_u32, 0x05d0_0893, 0x0000_0073];
    start.memory.write(CODE, code.map(u32::to_le_bytes).as_flattened());
    let mut bytes = Vec::new();
    start.serialize(&mut bytes).unwrap();
    fs::write(folder.path().join("start.bin"), bytes).unwrap();
    let more =
        ["--snapshot-at", "=1", "--snapshot-fmt", "./%d.json.gz", "--proof-at", "always", "--proof-fmt", "./%d.proof"];
    let ran = run_vm(folder.path(), &more, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let witness = |name: &str| {
        let witness = run(["vm", "witness", "--input", &folder.path().join(name).display().to_string()]);
        serde_json::from_str::<Value>(&witness.stdout).unwrap_or_else(|error| panic!("{error}: {witness:?}"))
    };
    let (snapshot, end) = (witness("1.json.gz"), witness("end.bin"));
    assert_eq!(
        (&snapshot["step"], &snapshot["pc"], &snapshot["exited"]),
        (&1.into(), &(CODE + 4).into(), &false.into())
    );
    assert_eq!((&end["step"], &end["exited"], &end["exitCode"]), (&3.into(), &true.into(), &1.into()));
    let proof: Value = serde_json::from_slice(&fs::read(folder.path().join("2.proof")).unwrap()).unwrap();
    assert_eq!((&proof["post"], &proof["step"]), (&end["stateHash"], &2.into()));
    // Files on the way hold the witness that the first one does, the last file holds its own.
    let read = |name: &str| kohala_vm::file::open(&folder.path().join(name)).unwrap();
    let snapshot = riscv::State::read_json(read("1.json.gz")).unwrap();
    assert_eq!((snapshot.recorded_witness.len(), snapshot.recorded_hash), (0, B256::ZERO));
    let last = riscv::State::deserialize(read("end.bin")).unwrap();
    assert_eq!(end["witness"], hex::encode_prefixed(last.recorded_witness));
    assert_eq!(last.recorded_hash, hash(&end["stateHash"]));
    let debug_info = run_vm(folder.path(), &["--debug-info", "./debug.json"], &[]);
    assert!(debug_info.code == 1 && debug_info.stderr.contains("--debug-info"), "{debug_info:?}");
}
