//! `kohala store call` beside op-challenger: both make the same call of L1's contracts out of the same folder.

mod program;

use alloy_primitives::{hex, keccak256};
use anyhow::{Context, Result, ensure};
use program::kohala;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

/// The claim of the game below which the steps lie.
const CLAIM: &str = "61";

/// Kinds of keys, by their first byte.
const LOCAL: u8 = 1;
const KECCAK256: u8 = 2;
const SHA256: u8 = 4;
const BLOB: u8 = 5;
const PRECOMPILE: u8 = 6;

type Key = [u8; 32];
/// Preimages by the kind of their keys, in order.
type Kept = BTreeMap<u8, Vec<(Key, Vec<u8>)>>;

/// What a step of a VM reads of a preimage.
struct Read {
    key: Key,
    value: Vec<u8>,
    offset: u64,
}

impl Read {
    /// The part of a proof file that says it.
    fn proof(&self) -> Value {
        let value = [&(self.value.len() as u64).to_be_bytes(), &self.value[..]].concat();
        let (key, value) = (hex::encode_prefixed(self.key), hex::encode_prefixed(value));
        json!({ "oracle-key": key, "oracle-value": value, "oracle-offset": self.offset })
    }
}

/// Runs our program, which has to succeed, and gives what it prints.
fn run(arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(kohala()?).args(arguments).output()?;
    ensure!(output.status.success(), "kohala {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// What our program says of a call.
fn call(folder: &str, read: &Read) -> Result<Value> {
    let (key, offset) = (hex::encode_prefixed(read.key), read.offset.to_string());
    let flags = ["store", "call", folder, "--json", "--key", &key, "--offset", &offset, "--claim-index", CLAIM];
    Ok(serde_json::from_slice(&run(&flags)?)?)
}

/// What op-challenger sends for each, in order, or why it sends nothing.
fn op_challenger(folder: &Path, reads: &[Read]) -> Result<Vec<String>> {
    let questions = folder.with_extension("jsonl");
    let lines: Vec<_> = reads.iter().map(|read| format!("{}\n", read.proof())).collect();
    fs::write(&questions, lines.concat())?;
    let mut program = Command::new(kohala_interop::op_challenger()?);
    program.arg(folder).arg(CLAIM).stdin(File::open(questions)?).stderr(Stdio::inherit());
    let output = program.output()?;
    ensure!(output.status.success(), "{program:?}: {}", output.status);
    let answers: Vec<_> = String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
    ensure!(answers.len() == reads.len(), "{answers:?}");
    Ok(answers)
}

/// The preimages of a recorded claim in a folder, as the host fills it.
fn fill(folder: &Path) -> Result<()> {
    let chain = kohala_testdata::path("chains/staged");
    let flag = |name: &str, file: &str| format!("--{name}={}", chain.join(file).display());
    let witness = folder.with_extension("kohala").display().to_string();
    let flags = [
        flag("data-dir", "preimages.kohala"),
        flag("rollup-config-path", "rollup.json"),
        flag("l1-config-path", "l1-chain-config.json"),
        flag("claim", "claims/9-10.json"),
    ];
    run(&[&["witness", &witness], &flags.each_ref().map(String::as_str)[..]].concat())?;
    run(&["store", "export", &witness, &folder.display().to_string()])?;
    // The program did not ask for outcomes of precompiles: they are put in as a host does that is asked.
    let accelerated = [0x01, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11];
    for call in kohala_testdata::precompile_calls() {
        if accelerated.contains(&call.address[19]) && call.address[..19] == [0; 19] {
            let preimage = [call.address.as_slice(), &70_000u64.to_be_bytes(), &call.input].concat();
            put(folder, PRECOMPILE, keccak256(&preimage).0, &[&[1], &call.output[..]].concat())?;
            put(folder, KECCAK256, keccak256(&preimage).0, &preimage)?;
        }
    }
    Ok(())
}

fn put(folder: &Path, kind: u8, mut key: Key, value: &[u8]) -> Result<Key> {
    key[0] = kind;
    let digits = hex::encode(key);
    fs::create_dir_all(folder.join(&digits[..4]))?;
    fs::write(folder.join(&digits[..4]).join(format!("{}.txt", &digits[4..])), hex::encode(value))?;
    Ok(key)
}

/// What is in the folder, by kind.
fn kept(folder: &Path) -> Result<Kept> {
    let mut kept = Kept::new();
    for entry in fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?.iter().filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(entry.path())? {
            let path = file?.path();
            let rest = path.file_stem().context("files have names")?.to_string_lossy().into_owned();
            let key: Key = hex::decode_to_array(format!("{}{rest}", entry.file_name().to_string_lossy()))?;
            kept.entry(key[0]).or_default().push((key, hex::decode(fs::read_to_string(path)?)?));
        }
    }
    kept.values_mut().for_each(|preimages| preimages.sort());
    Ok(kept)
}

/// Rule V34.
#[test]
fn calls_are_those_that_op_challenger_makes() -> Result<()> {
    if !kohala_interop::has_go() && env::var_os("CI").is_none() {
        println!("NOT TESTED: our calls of L1's oracle are compared with op-challenger's only where there is Go");
        return Ok(());
    }
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path().join("preimages");
    fill(&folder)?;
    let kept = kept(&folder)?;
    every_kind(&folder, &kept)?;
    point_of_no_element(&folder, &kept[&SHA256][0].1)
}

/// A sample of each kind of key.
fn every_kind(folder: &Path, kept: &Kept) -> Result<()> {
    let mut reads: Vec<_> = [(1, 32), (2, 32), (3, 32), (4, 8), (5, 8)]
        .into_iter()
        .map(|(ident, len)| {
            let mut key = [0; 32];
            (key[0], key[31]) = (LOCAL, ident);
            Read { key, value: vec![ident; len], offset: u64::from(ident) }
        })
        .collect();
    // op-challenger puts a whole blob together for each element: few of them, none of its zeros, and of the thousands of
    // their keys' preimages none either.
    let is_telling = |value: &[u8]| value.len() != 80 && value.iter().any(|byte| *byte != 0);
    for (kind, number) in [(KECCAK256, 30), (SHA256, 3), (BLOB, 3), (PRECOMPILE, 20)] {
        let preimages: Vec<_> = kept[&kind].iter().filter(|(_, value)| is_telling(value)).collect();
        for (index, (key, value)) in preimages.iter().step_by(preimages.len().div_ceil(number)).enumerate() {
            let end = value.len() as u64 + 8;
            reads.push(Read { key: *key, value: value.clone(), offset: [0, 8, end - 1, end / 2][index % 4] });
        }
    }
    let theirs = op_challenger(folder, &reads)?;
    let mut functions = BTreeMap::<String, usize>::new();
    for (read, theirs) in reads.iter().zip(theirs) {
        let ours = call(&folder.display().to_string(), read)?;
        assert_eq!(ours["calldata"], theirs, "{} at {}", hex::encode(read.key), read.offset);
        *functions.entry(ours["function"].to_string()).or_default() += 1;
    }
    println!("{functions:?}");
    assert_eq!(functions.len(), 5);
    Ok(())
}

/// The contract takes a blob's value at any point, and so do we; op-challenger, only at the points of the blob's elements. A
/// program that reads others can't be disputed with it.
fn point_of_no_element(folder: &Path, commitment: &[u8]) -> Result<()> {
    let mut point = [0; 32];
    point[31] = 2;
    let preimage = [commitment, &point].concat();
    let mut key = put(folder, KECCAK256, keccak256(&preimage).0, &preimage)?;
    key[0] = BLOB;
    let mut read = Read { key, value: Vec::new(), offset: 8 };
    let ours = call(&folder.display().to_string(), &read)?;
    assert_eq!((ours["arguments"][0]["value"].as_str(), ours["arguments"][1]["name"].as_str()), (Some("2"), Some("y")));
    read.value = hex::decode(ours["arguments"][1]["value"].as_str().context("a word")?)?;
    let theirs = op_challenger(folder, &[read])?;
    assert_eq!(theirs, ["error: constructed fe claim does not match source at index 0"]);
    Ok(())
}
