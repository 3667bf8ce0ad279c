//! `cargo xtask upgrades`: op-node's bundle of Karst's upgrade transactions into the protocol crate.

use crate::step;
use alloy_primitives::{Address, Bytes};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

const FOLDER: &str = "crates/protocol/src/upgrade";

/// What the bundle's intents begin with. Not always a fork's name: Lagoon's bundle says `Interop`.
const LABEL: &str = "Karst";

/// The only form of bundles there is (rules U10).
const VERSION: &str = "1.0.0";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    metadata: Metadata,
    transactions: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Metadata {
    version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Transaction {
    intent: String,
    from: Address,
    to: Address,
    data: Bytes,
    gas_limit: u64,
}

/// Writes the table of transactions and a file for the data of each, or compares only.
pub(crate) fn run(bundle: &Path, check: bool) -> Result<()> {
    let json = fs::read(bundle).with_context(|| bundle.display().to_string())?;
    let bundle: Bundle = serde_json::from_slice(&json)?;
    ensure!(bundle.metadata.version == VERSION, "a bundle of version {}", bundle.metadata.version);
    let files = files(&bundle.transactions)?;
    for (path, content) in &files {
        let path = step::root().join(FOLDER).join(path);
        if check {
            let found = fs::read(&path).with_context(|| path.display().to_string())?;
            ensure!(found == *content, "{} is not what the bundle says", path.display());
        } else {
            fs::write(&path, content).with_context(|| path.display().to_string())?;
        }
    }
    println!("{FOLDER}: {} transactions of {LABEL}", bundle.transactions.len());
    Ok(())
}

/// The files below the folder, by path.
fn files(transactions: &[Transaction]) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut rows = String::new();
    for (index, Transaction { intent, from, to, data, gas_limit }) in transactions.iter().enumerate() {
        ensure!(!intent.is_empty(), "transaction {index} says no intent");
        let file = format!("bytecode/{}-{index:02}.bin", LABEL.to_lowercase());
        writeln!(
            rows,
            "        Upgrade::bundled(\n            \"{LABEL} {index}: {}\",\n            a!(\"{from:x}\"),\n            \
             a!(\"{to:x}\"),\n            {},\n            include_bytes!(\"{file}\"),\n        ),",
            intent.escape_default(),
            grouped(*gas_limit),
        )?;
        files.push((PathBuf::from(file), data.to_vec()));
    }
    let gas = transactions.iter().try_fold(0_u64, |gas, transaction| gas.checked_add(transaction.gas_limit));
    let table = format!(
        "// Made by `cargo xtask upgrades` from op-node's bundle; not to be edited.\n\n\
         use super::Upgrade;\nuse alloc::vec::Vec;\nuse alloy_primitives::address as a;\n\n\
         /// Sum of the gas limits.\npub(super) const GAS: u64 = {};\n\n\
         /// Upgrades of {LABEL} (rules U11).\n\
         pub(super) fn upgrades() -> Vec<Upgrade> {{\n    Vec::from([\n{rows}    ])\n}}\n",
        grouped(gas.context("the gas limits' sum")?),
    );
    files.push((PathBuf::from(format!("{}.rs", LABEL.to_lowercase())), table.into_bytes()));
    Ok(files)
}

/// The number with its thousands apart, as the source rules want it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0, 999, 1_000, 55_370_657].map(grouped), ["0", "999", "1_000", "55_370_657"]);
    }

    #[test]
    fn a_transaction_becomes_a_row_and_a_file() {
        let json = r#"{"metadata": {"version": "1.0.0"}, "transactions": [{
            "intent": "Do it", "data": "0x0102", "gasLimit": 12345,
            "from": "0x0000000000000000000000000000000000000001", "to": "0x0000000000000000000000000000000000000002"
        }]}"#;
        let bundle: Bundle = serde_json::from_str(json).unwrap();
        let files = files(&bundle.transactions).unwrap();
        assert_eq!(files[0], (PathBuf::from("bytecode/karst-00.bin"), vec![1, 2]));
        let table = String::from_utf8_lossy(&files[1].1);
        for part in ["\"Karst 0: Do it\"", "GAS: u64 = 12_345", "bytecode/karst-00.bin"] {
            assert!(table.contains(part), "{part} in {table}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let unknown = r#"{"intent": "x", "data": "0x", "gasLimit": 1, "value": 1,
            "from": "0x0000000000000000000000000000000000000001", "to": "0x0000000000000000000000000000000000000002"}"#;
        assert!(serde_json::from_str::<Transaction>(unknown).is_err());
        assert!(serde_json::from_str::<Transaction>(&unknown.replace(r#""value": 1,"#, "")).is_ok());
    }
}
