//! `kohala vm` in cannon's place: the same command line, with our host as the preimage server, leaves the same files.

#[path = "vm/calls.rs"]
mod calls;
mod program;
#[expect(dead_code, reason = "nothing is made by chance here")]
mod run;

use anyhow::{Context, Result, ensure};
use calls::{Client, call, content, server};
use kohala_interop::{
    cannon::{Cannon, reader},
    shared,
};
use program::kohala;
use run::Subject;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

const CANNON: Subject = Subject { name: "VM", peer: "cannon" };

/// Both VMs: name and how each is called.
fn vms(cannon: &Cannon) -> Result<[(&'static str, Vec<OsString>); 2]> {
    Ok([("cannon", vec![cannon.vm().into()]), ("ours", vec![kohala()?.into(), "vm".into()])])
}

/// Cannon, if there is Go, or has to be.
fn cannon() -> Result<Option<Cannon>> {
    if CANNON.is_possible() { Cannon::build().map(Some) } else { Ok(None) }
}

/// All files below a folder, by name, as they are when they aren't compressed.
fn files(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        files.insert(path.strip_prefix(folder)?.to_owned(), content(&path)?);
    }
    Ok(files)
}

/// Both have left the same files, and what they said on their standard output is the same.
fn same(what: &str, theirs: &BTreeMap<PathBuf, Vec<u8>>, ours: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    ensure!(theirs.keys().eq(ours.keys()), "{what}: {:?} and {:?}", theirs.keys(), ours.keys());
    for (name, content) in theirs {
        let ours = &ours[name];
        let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).into_owned();
        ensure!(content == ours, "{what}: {} differs:\n{}\n{}", name.display(), text(content), text(ours));
    }
    Ok(())
}

#[test]
fn leaves_the_files_that_cannon_leaves() -> Result<()> {
    let Some(cannon) = cannon()? else { return Ok(()) };
    let server = server("main", "0-1", Client::OpProgram, true)?;
    let [theirs, ours] = vms(&cannon)?.map(|(name, vm)| -> Result<_> {
        let folder = tempfile::tempdir()?;
        let call = |arguments: &[&str], server: &[OsString]| {
            let call = call(&vm, arguments, server, folder.path()).with_context(|| format!("{name}: {arguments:?}"))?;
            ensure!(call.code == Some(0), "{name}: {arguments:?}: {call:?}");
            Ok(call)
        };
        fs::write(folder.path().join("start.bin"), reader().encode())?;
        // As op-challenger calls it.
        let mut run = vec!["run", "--input", "start.bin", "--output", "final.bin.gz", "--meta", ""];
        run.extend(["--info-at", "%1000000", "--proof-at", "=2000000", "--proof-fmt", "proof-%d.json.gz"]);
        run.extend(["--snapshot-at", "%1000000", "--snapshot-fmt", "snapshot-%d.bin.gz"]);
        run.extend(["--stop-at", "=2000001", "--debug-info", "debug.json"]);
        call(&run, &server)?;
        // All steps that read the oracle among them, each proved.
        let mut run = vec!["run", "--input", "start.bin", "--output", "", "--meta", "", "--stop-at", "=150"];
        run.extend(["--proof-at", "always", "--proof-fmt", "all-%d.json"]);
        call(&run, &server)?;
        // From a snapshot to the end, whose exit code is the program's and not the call's.
        let mut run = vec!["run", "--input", "snapshot-1000000.bin.gz", "--output", "end.bin", "--meta", ""];
        run.extend(["--proof-at", "%99991", "--proof-fmt", "some-%d.json", "--debug-info", "end.json"]);
        call(&run, &[])?;
        // Where a read stops it.
        for (name, stop) in [
            ("any", ["--stop-at-preimage-type", "any"]),
            ("local", ["--stop-at-preimage-type", "local"]),
            ("keccak", ["--stop-at-preimage-type", "keccak"]),
            ("larger", ["--stop-at-preimage-larger-than", "39"]),
            ("too large", ["--stop-at-preimage-larger-than", "40"]),
            ("key", ["--stop-at-preimage", &format!("0x01{:062x}", 2)]),
            ("offset", ["--stop-at-preimage", "1@16"]),
            ("step", ["--stop-at-preimage", "01@16@80"]),
        ] {
            let output = format!("{name}.bin.gz");
            let mut run = vec!["run", "--input", "start.bin", "--output", &output, "--meta", "", "--stop-at", "=1000"];
            run.extend(stop);
            call(&run, &server)?;
        }
        let witness = call(&["witness", "--input", "final.bin.gz", "--output", "witness.bin"], &[])?;
        let end = call(&["witness", "--input", "end.bin"], &[])?;
        let mut files = files(folder.path())?;
        files.insert("a witness".into(), witness.output);
        files.insert("the last witness".into(), end.output);
        Ok(files)
    });
    let (theirs, ours) = (theirs?, ours?);
    let count = |start: &str| theirs.keys().filter(|path| path.to_string_lossy().starts_with(start)).count();
    ensure!(
        [count("all-"), count("proof-"), count("some-"), count("snapshot-")] == [150, 1, 20, 3],
        "{:?}",
        theirs.keys()
    );
    let is_read = |proof: &&Vec<u8>| String::from_utf8_lossy(proof).contains("oracle-key");
    let proofs = theirs.iter().filter(|(path, _)| path.to_string_lossy().starts_with("all-"));
    ensure!(proofs.map(|(_, proof)| proof).filter(is_read).count() == 15, "each read of the oracle is proved");
    let end: Value = serde_json::from_slice(&theirs[Path::new("the last witness")])?;
    ensure!(end["exited"] == true && end["exitCode"] == 1, "{end}");
    same("files", &theirs, &ours)
}

#[test]
fn loads_programs_as_cannon_does() -> Result<()> {
    let Some(cannon) = cannon()? else { return Ok(()) };
    let elf = cannon.op_program_client();
    let elf = elf.to_str().context("a path as text")?;
    let [theirs, ours] = vms(&cannon)?.map(|(name, vm)| -> Result<_> {
        let folder = tempfile::tempdir()?;
        let load = ["load-elf", "--type", "multithreaded64-5", "--path", elf, "--out", "state.bin.gz"];
        let call = call(&vm, &load, &[], folder.path())?;
        ensure!(call.code == Some(0), "{name}: {call:?}");
        let mut files = files(folder.path())?;
        // The order of symbols at one address is chance in cannon.
        let metadata = files.get_mut(Path::new("meta.json")).context("the symbols")?;
        let mut symbols: Value = serde_json::from_slice(metadata)?;
        let addresses = |symbol: &Value| (symbol["start"].as_u64(), symbol.to_string());
        symbols["symbols"].as_array_mut().context("a list")?.sort_by_key(addresses);
        *metadata = symbols.to_string().into_bytes();
        Ok(files)
    });
    same("a program", &theirs?, &ours?)
}

/// A run's end is told by the same exit code, whatever ends it.
#[test]
fn ends_as_cannon_ends() -> Result<()> {
    let Some(cannon) = cannon()? else { return Ok(()) };
    let elf = cannon.op_program_client();
    let elf = elf.to_str().context("a path as text")?;
    // It lives long enough for cannon not to have looked whether it has ended.
    let dying: Vec<OsString> = vec!["sleep".into(), "1".into()];
    let absent: Vec<OsString> = vec!["/nowhere/at/all/host".into()];
    let codes = vms(&cannon)?.map(|(_, vm)| -> Result<_> {
        let folder = tempfile::tempdir()?;
        let code = |arguments: &[&str], server: &[OsString]| {
            let call = call(&vm, arguments, server, folder.path())?;
            Ok::<_, anyhow::Error>((call.code, String::from_utf8_lossy(&call.errors).into_owned()))
        };
        fs::write(folder.path().join("a.bin"), reader().encode())?;
        let run = |more: &[&'static str]| [&["run", "--input", "a.bin", "--output", "", "--meta", ""], more].concat();
        Ok([
            ("no server", code(&run(&[]), &[])?),
            ("a server that ends", code(&run(&[]), &dying)?),
            ("a server that can't be started", code(&run(&[]), &absent)?),
            ("a folder that is not there", code(&run(&["--snapshot-at", "%1", "--snapshot-fmt", "no/%d.bin"]), &[])?),
            ("no pattern", code(&run(&["--proof-at", "sometimes"]), &[])?),
            ("no such flag", code(&run(&["--fast"]), &[])?),
            ("a snapshot as JSON", code(&run(&["--snapshot-fmt", "%d.json"]), &[])?),
            ("no such type", code(&run(&["--stop-at-preimage-type", "sha"]), &[])?),
            ("a state that is not there", code(&["run", "--input", "b.bin.gz", "--meta", ""], &[])?),
            ("a state as JSON", code(&["witness", "--input", "b.json"], &[])?),
            ("another version", code(&["load-elf", "--type", "multithreaded64-4", "--path", elf], &[])?),
            ("no ELF file", code(&["load-elf", "--type", "multithreaded64-5", "--path", "a.bin"], &[])?),
        ])
    });
    let [theirs, ours] = codes;
    for ((what, theirs), (_, ours)) in theirs?.into_iter().zip(ours?) {
        println!("{what}: {:?}, {:?}: {}", theirs.0, ours.0, ours.1.lines().last().unwrap_or_default());
        ensure!(theirs.0 == ours.0 && theirs.0 != Some(0), "{what}:\n{theirs:?}\n{ours:?}");
        ensure!(!ours.1.contains("panicked"), "{what}: {}", ours.1);
    }
    Ok(())
}

/// Our own guest, if it was built, or has to be.
fn guest() -> Result<Option<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("this crate lies in the workspace's root")?;
    let path = root.join("target/guests/kohala-client-mips64.elf");
    if path.exists() {
        return Ok(Some(path));
    }
    if env::var_os("CI").is_none() {
        println!("NOT TESTED: our guest runs on cannon only where `cargo xtask guests` has built it");
        return Ok(None);
    }
    let built = Command::new(env!("CARGO")).args(["xtask", "guests"]).current_dir(root).status()?;
    ensure!(built.success() && path.exists(), "`cargo xtask guests` has built no {}", path.display());
    Ok(Some(path))
}

/// Our guest with our host: true claims and false ones of two chains, and one that lacks its data.
#[test]
fn judges_claims_as_on_cannon() -> Result<()> {
    let (Some(cannon), Some(guest)) = (cannon()?, guest()?) else { return Ok(()) };
    let guest = guest.to_str().context("a path as text")?;
    for (chain, claim, is_true) in
        [("main", "0-1", true), ("main", "0-1", false), ("full", "3-4", true), ("full", "3-4", false)]
    {
        let server = server(chain, claim, Client::Ours, is_true)?;
        let mut ends = Vec::new();
        for (name, vm) in vms(&cannon)? {
            let folder = tempfile::tempdir()?;
            let call = |arguments: &[&str], server: &[OsString]| {
                let call = call(&vm, arguments, server, folder.path())?;
                ensure!(call.code == Some(0), "{name}, {chain} {claim}: {arguments:?}: {call:?}");
                Ok(call)
            };
            let load = ["load-elf", "--type", "multithreaded64-5", "--path", guest, "--out", "a.bin.gz", "--meta", ""];
            call(&load, &[])?;
            let run = ["run", "--input", "a.bin.gz", "--output", "end.bin", "--meta", "", "--debug-info", "debug.json"];
            call(&run, &server)?;
            let witness: Value = serde_json::from_slice(&call(&["witness", "--input", "end.bin"], &[])?.output)?;
            println!(
                "{name}, {chain} {claim}, {is_true}: {} steps, exit code {}",
                witness["step"], witness["exitCode"]
            );
            ensure!(witness["exited"] == true && witness["exitCode"] == u8::from(!is_true), "{witness}");
            ends.push(files(folder.path())?);
        }
        same(&format!("{chain} {claim}, {is_true}"), &ends[0], &ends[1])?;
    }
    // A claim that is not of the store's chain: its data is missing, which is no verdict.
    let mut server = server("main", "0-1", Client::Ours, true)?;
    server.extend(["--l1-head".into(), format!("0x{}", "5a".repeat(32)).into()]);
    for (name, vm) in vms(&cannon)? {
        let folder = tempfile::tempdir()?;
        let load = ["load-elf", "--type", "multithreaded64-5", "--path", guest, "--out", "a.bin.gz", "--meta", ""];
        call(&vm, &load, &[], folder.path())?;
        let run = call(&vm, &["run", "--input", "a.bin.gz", "--output", "", "--meta", ""], &server, folder.path())?;
        ensure!(run.code == Some(2), "{name}: {run:?}");
    }
    Ok(())
}

/// op-challenger's own code calls each VM, with our host in kona's place, and reads the files: it is told the same of both.
#[test]
fn serves_op_challenger_as_cannon_does() -> Result<()> {
    let (Some(cannon), Some(guest)) = (cannon()?, guest()?) else { return Ok(()) };
    let peers = shared()?;
    let claim = peers.chain.claim(40, 41)?;
    let mut told = Vec::new();
    // It calls a VM by a path alone: ours is a script of two words.
    let scripts = tempfile::tempdir()?;
    let ours = scripts.path().join("vm");
    fs::write(&ours, format!("#!/bin/sh\nexec {} vm \"$@\"\n", kohala()?.display()))?;
    fs::set_permissions(&ours, Permissions::from_mode(0o755))?;
    for vm in [cannon.vm(), ours] {
        let folder = tempfile::tempdir()?;
        let prestate = folder.path().join("prestate.bin.gz");
        let load = Command::new(&vm)
            .args(["load-elf", "--type", "multithreaded64-5", "--meta", "", "--path"])
            .arg(guest.as_os_str())
            .arg("--out")
            .arg(&prestate)
            .status()?;
        ensure!(load.success(), "{} loads no program", vm.display());
        let mut arguments: Vec<OsString> = vec![cannon.challenger().into()];
        let mut add = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
        add("-vm", vm.into());
        add("-server", kohala()?.into());
        add("-prestate", prestate.into());
        add("-dir", folder.path().join("game").into());
        add("-l1", peers.chain.urls.l1.clone().into());
        add("-beacon", peers.chain.urls.beacon.clone().into());
        add("-l2", peers.chain.urls.l2.clone().into());
        add("-rollup", peers.chain.file("rollup.json").into());
        add("-l1-config", peers.chain.file("l1-config.json").into());
        add("-l1-head", claim.l1_head.to_string().into());
        add("-agreed-head", claim.agreed_l2_head_hash.to_string().into());
        add("-agreed-root", claim.agreed_l2_output_root.to_string().into());
        add("-claimed-root", claim.claimed_l2_output_root.to_string().into());
        add("-claimed-block", claim.claimed_l2_block_number.to_string().into());
        add("-snapshots", "1000000".into());
        // In the midst, from a snapshot on, and behind the end.
        arguments.extend(["1000", "1500000", "18446744073709551614"].map(OsString::from));
        let output = Command::new(&arguments[0]).args(&arguments[1..]).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{errors}");
        let steps: Vec<Value> =
            serde_json::Deserializer::from_slice(&output.stdout).into_iter().collect::<Result<_, _>>()?;
        ensure!(steps.len() == 4, "{steps:?}");
        told.push(steps);
    }
    println!("the last state of the trace: {}", told[0][3]["claim"]);
    ensure!(told[0] == told[1], "{told:?}");
    Ok(())
}
