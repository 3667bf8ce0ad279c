//! Recorded claims in RISC Zero's machine: a right one is what the guest commits to, a wrong one and a spoilt witness end it.
//!
//! `cargo test --manifest-path provers/risc0/Cargo.toml`, after `cargo xtask guests --target risc0`. Witnesses are
//! made by `kohala witness`: the environment variable `KOHALA` says where that binary is, without it cargo builds it.

use serde_json::Value;
use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// Bytes of the statement, which a witness begins with.
const STATEMENT: usize = 192;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The guest.
fn elf() -> PathBuf {
    let path = root().join("target/guests/kohala-risc0-range.elf");
    assert!(path.exists(), "{} is missing: `cargo xtask guests --target risc0` builds it", path.display());
    path
}

/// Kohala's command line.
fn kohala() -> Command {
    if let Some(binary) = env::var_os("KOHALA") {
        return Command::new(binary);
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--locked", "--package", "kohala", "--manifest-path"]).arg(root().join("Cargo.toml"));
    cargo.arg("--");
    cargo
}

/// A recorded claim about the chain `main`.
fn claim(name: &str) -> Value {
    let path = root().join("testdata/chains/main/claims").join(name).with_extension("json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The guest's input for a claim, as `kohala witness` writes it. Its exit code says whether the claim is right.
fn witness(claim: &Value, code: i32) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (file, to) = (folder.path().join("claim.json"), folder.path().join("claim.zkvm"));
    fs::write(&file, claim.to_string()).unwrap();
    let chain = |name: &str| root().join("testdata/chains/main").join(name);
    let mut kohala = kohala();
    kohala.args(["witness", "--zkvm", "--data-dir"]).arg(chain("preimages.kohala"));
    kohala.arg("--rollup-config-path").arg(chain("rollup.json"));
    kohala.arg("--l1-config-path").arg(chain("l1-chain-config.json"));
    let output = kohala.arg("--claim").args([&file, &to]).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    fs::read(to).unwrap()
}

fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kohala-risc0")).args(arguments).output().unwrap()
}

/// Runs the guest on these bytes.
fn execute(input: &[u8]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    fs::write(&path, input).unwrap();
    run(["execute".as_ref(), elf().as_os_str(), "--json".as_ref(), "--input".as_ref(), path.as_os_str()])
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// It failed, and says why in these words.
#[track_caller]
fn fails(output: &Output, words: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    words.iter().for_each(|word| assert!(text.contains(word), "{word:?} is not in {text:?}"));
}

#[test]
fn right_claims_are_committed_to() {
    for name in ["0-1", "40-41"] {
        let claim = claim(name);
        let witness = witness(&claim, 0);
        let output = execute(&witness);
        assert!(output.status.success(), "{}", stderr(&output));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        println!("{name}: {json}");
        let journal = json["journal"].as_str().unwrap();
        assert_eq!(journal, format!("0x{}", hex::encode(&witness[..STATEMENT])));
        let word = |index: usize| &journal[2 + 64 * index..][..64];
        assert_eq!(word(0), format!("{:064x}", 1));
        for (index, name) in [(2, "l1_head"), (3, "agreed_l2_output_root"), (4, "claimed_l2_output_root")] {
            assert_eq!(word(index), &claim[name].as_str().unwrap()[2..], "{name}");
        }
        assert_eq!(word(5), format!("{:064x}", claim["claimed_l2_block_number"].as_u64().unwrap()));
    }
}

#[test]
fn wrong_claim_ends_the_guest() {
    let mut claim = claim("0-1");
    let right = claim["claimed_l2_output_root"].take();
    claim["claimed_l2_output_root"] = format!("0x{:064x}", 7).into();
    let output = execute(&witness(&claim, 1));
    fails(&output, &["the guest failed", "the claim is wrong: the output root of block 1 is", right.as_str().unwrap()]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("journal"));
}

#[test]
fn spoilt_witness_ends_the_guest() {
    let witness = witness(&claim("0-1"), 0);
    let flipped = |place: usize| {
        let mut witness = witness.clone();
        witness[place] ^= 1;
        execute(&witness)
    };
    // Of the statement: the L1 head's last byte, then the claimed number's.
    fails(&flipped(95), &["nothing is proven"]);
    fails(&flipped(STATEMENT - 1), &["nothing is proven"]);
    // The data begins with that of the one blob, behind the counts (16), the chain, the blob (56), the proof (48) and the values'
    // lengths.
    let count = |place: usize| u32::from_le_bytes(witness[place..][..4].try_into().unwrap()) as usize;
    let (chain, blobs, values) = (count(STATEMENT), count(STATEMENT + 4), count(STATEMENT + 8));
    assert_eq!(blobs, 1);
    let data = (STATEMENT + 16 + chain + 56 + 48 + 4 * values).next_multiple_of(8);
    fails(&flipped(data + 7), &["nothing is proven: the witness's blobs"]);
    // What is read last, and a length that lies.
    fails(&execute(&witness[..witness.len() - 8]), &["nothing is proven"]);
    fails(&execute(&[&witness[..], &[0; 8]].concat()), &["nothing is proven: the witness has more in it"]);
    fails(&execute(&[]), &["nothing is proven: the witness's Statement has another form"]);
}

#[test]
fn files_that_cant_be_used_are_named() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let bytes = folder.path().join("bytes");
    fs::write(&bytes, "no executable").unwrap();
    let (bytes, elf) = (bytes.to_str().unwrap().to_owned(), elf().to_str().unwrap().to_owned());
    let execute = |elf: &str, input: &str| run(["execute", elf, "--input", input]);
    fails(&execute("./nowhere.elf", &bytes), &["the guest ./nowhere.elf can't be read"]);
    fails(&execute(&bytes, &bytes), &["bytes can't be used", "Loading user ELF"]);
    // An executable, but of this machine.
    fails(&execute(env!("CARGO_BIN_EXE_kohala-risc0"), &bytes), &["can't be used", "Not a 32-bit ELF"]);
    fails(&execute(&elf, "./nowhere"), &["--input: ./nowhere can't be read"]);
    fails(&run(["execute", &elf]), &["--input"]);
}
