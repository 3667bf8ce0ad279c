//! What the binary tells about itself: its version, its manual, and completions for shells.

use crate::support::{Run, VARIABLES, run};
use alloy_primitives::B256;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

const BINARY: &str = env!("CARGO_BIN_EXE_kohala");

/// `kohala version` in a folder.
fn version(folder: &Path, more: &[&str]) -> Run {
    let mut command = Command::new(BINARY);
    for name in VARIABLES {
        command.env_remove(name);
    }
    let output = command.arg("version").args(more).current_dir(folder).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// Where the sources are a repository's, and nobody names another commit.
#[test]
fn version_says_the_commit_that_was_built() {
    let ran = run(["version", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let json = ran.json();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if option_env!("KOHALA_COMMIT").is_none() {
        let known = root.join(".git").exists().then(|| git(&["rev-parse", "HEAD"])).flatten();
        assert_eq!(json["commit"].as_str().map(str::to_owned), known);
    }
    let line = run(["--version"]).stdout;
    let short = json["commit"].as_str().map_or("unknown", |commit| commit.get(..12).unwrap_or(commit));
    let mark = if json["changed"] == true { ", changed" } else { "" };
    assert_eq!(line, format!("kohala {} (commit {short}{mark})\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn version_says_what_is_known() {
    let json = run(["version", "--json"]).json();
    let forks: Vec<_> = json["forks"].as_array().unwrap().iter().map(|fork| fork.as_str().unwrap()).collect();
    assert_eq!((forks.first(), forks.last()), (Some(&"bedrock"), Some(&"karst")));
    assert_eq!(json["vms"][0], json!({ "type": "multithreaded64-5", "state_version": 8 }));
    let text = run(["version"]).stdout;
    for said in ["karst", "multithreaded64-5 (state version 8)", "asterisc", "statements of version 1"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

/// A static executable of MIPS with one segment, whose code is four bytes.
fn elf() -> Vec<u8> {
    const ADDRESS: u64 = 0x1_0000;
    let ident = [0x7f, b'E', b'L', b'F', 2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    // Values and how many bytes each takes.
    let header = [2, 8].map(|value| (value, 2)).into_iter().chain([(1, 4)]);
    let header = header.chain([ADDRESS, 64, 0].map(|value| (value, 8))).chain([(0, 4)]);
    let header = header.chain([64, 56, 1, 64, 0, 0].map(|value| (value, 2)));
    let segment = [1, 5].map(|value| (value, 4)).into_iter();
    let segment = segment.chain([120, ADDRESS, ADDRESS, 4, 4, 0x1000].map(|value| (value, 8)));
    let numbers = header.chain(segment).flat_map(|(value, bytes)| value.to_be_bytes()[8 - bytes..].to_vec());
    ident.into_iter().chain(numbers).chain([0; 4]).collect()
}

/// The guests that are found are told with the hash that `kohala vm` has of them. (Those that are really built are compared by
/// the tests that run them.)
#[test]
fn version_says_the_prestates_of_the_guests_that_it_finds() {
    let folder = tempfile::tempdir().unwrap();
    let ran = version(folder.path(), &[]);
    assert!(ran.stdout.contains("kohala-client-mips64.elf is not built: `cargo xtask guests` builds it"), "{ran:?}");
    let guests = folder.path().join("target/guests");
    fs::create_dir_all(&guests).unwrap();
    let (path, state) = (guests.join("kohala-client-mips64.elf"), guests.join("state.bin").display().to_string());
    fs::write(&path, elf()).unwrap();
    let (name, ran) = (path.display().to_string(), version(folder.path(), &["--json"]));
    let load = ["vm", "load-elf", "--type", "multithreaded64-5", "--path", &name, "--out", &state, "--meta", ""];
    let loaded = run(load);
    assert_eq!(loaded.code, 0, "{loaded:?}");
    let witness: Value = serde_json::from_str(&run(["vm", "witness", "--input", &state]).stdout).unwrap();
    let guest = &ran.json()["guests"][0];
    assert_eq!(guest["name"], "kohala-client-mips64.elf");
    assert_eq!(guest["absolute_prestate"], witness["witnessHash"]);
    let (prestate, sha256) = (guest["absolute_prestate"].as_str().unwrap(), guest["sha256"].as_str().unwrap());
    let text = version(folder.path(), &[]).stdout;
    assert!(text.contains(prestate) && text.contains(&sha256[2..]), "{text}");
    // One that is damaged is said to be, and the rest is told all the same.
    fs::write(&path, "not a program").unwrap();
    let ran = version(folder.path(), &["--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.json()["guests"][0]["error"].as_str().unwrap().contains("ELF"), "{ran:?}");
}

/// What `kohala prove vkey --json` printed is believed of the guest that it is of.
#[test]
fn version_says_the_verifying_keys_that_were_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let guests = folder.path().join("target/guests");
    fs::create_dir_all(&guests).unwrap();
    fs::write(guests.join("kohala-sp1-range.elf"), "a guest").unwrap();
    let range = || version(folder.path(), &["--json"]).json()["guests"][2].clone();
    assert_eq!((&range()["name"], &range()["vkey"]), (&json!("kohala-sp1-range.elf"), &Value::Null));
    let text = version(folder.path(), &[]).stdout;
    let command =
        "kohala prove vkey --elf target/guests/kohala-sp1-range.elf --json > target/guests/kohala-sp1-range.vkey.json";
    assert!(text.contains(command), "{text}");

    let (vkey, program) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let write = |sha256: &str| {
        let said = json!({ "vkey": vkey, "program": program, "elf_sha256": sha256 });
        fs::write(guests.join("kohala-sp1-range.vkey.json"), said.to_string()).unwrap();
    };
    // Of «a guest», by sha256sum.
    write("0xd20abaadbe8b30600c6488d7a63be8c82b4837d6692d8ae0fc1072aa2d885bae");
    assert_eq!((&range()["vkey"], &range()["program"]), (&json!(vkey), &json!(program)));
    assert!(version(folder.path(), &[]).stdout.contains(&vkey.to_string()));
    write(&B256::ZERO.to_string());
    let error = range()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("another guest") && error.contains("kohala prove vkey"), "{error}");
    assert_eq!(range()["vkey"], Value::Null);
}

/// What bash offers behind a line, with the completions as a user would load them.
fn completed(words: &[&str]) -> Vec<String> {
    let line: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <(\"$0\" completions bash) && COMP_WORDS=({}) COMP_CWORD={} && _kohala kohala '{}' '{}' \
         && printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        line.join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2]
    );
    let output = Command::new("bash").args(["--norc", "-c", &script, BINARY]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    assert_eq!(completed(&["kohala", "veri"]), ["verify"]);
    assert_eq!(completed(&["kohala", "vm", "lo"]), ["load-elf"]);
    assert_eq!(completed(&["kohala", "verify", "--rollup-n"]), ["--rollup-node"]);
    let formats = completed(&["kohala", "verify", "--data-format", ""]);
    assert_eq!(formats, ["packed", "database", "directory", "stream"]);
}

#[test]
fn completions_are_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}");
        assert!(ran.stdout.contains("latest-finalized") || ran.stdout.contains("load-elf"), "{shell}");
    }
}

/// Every command has a page, which typesetters take without a complaint where there is one.
#[test]
fn manual_pages_are_for_every_command_and_well_formed() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let ran = run(["man", "--out", &pages.display().to_string()]);
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (0, "", ""));
    let mut names: Vec<_> = fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in ["kohala.1", "kohala-verify.1", "kohala-host-single.1", "kohala-prove-vkey.1", "kohala-vm-run.1"] {
        assert!(names.iter().any(|found| found == name), "{name}: {names:?}");
    }
    // It is there for kona's sake.
    assert!(!names.iter().any(|found| found == "kohala-single.1"), "{names:?}");
    for name in &names {
        let page = fs::read_to_string(pages.join(name)).unwrap();
        let title = name.to_str().unwrap().strip_suffix(".1").unwrap();
        assert!(page.contains(&format!("\n.TH {title} 1 ")), "{title}: {page}");
        let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES"] {
            assert!(sections.contains(&section), "{title}: {sections:?}");
        }
        // No compressor of lines may join what is to be copied.
        assert!(page.contains(".nf\n    "), "{title}: {page}");
    }
    let groff = |path: &Path| Command::new("groff").args(["-k", "-man", "-ww", "-z"]).arg(path).output();
    for name in &names {
        let Ok(output) = groff(&pages.join(name)) else {
            println!("NOT TESTED: pages are typeset only where there is groff");
            break;
        };
        assert!(output.status.success() && output.stderr.is_empty(), "{name:?}: {output:?}");
    }
    let one = run(["man", "vm", "run"]);
    assert_eq!(one.stdout, fs::read_to_string(pages.join("kohala-vm-run.1")).unwrap());
    assert_eq!(run(["man"]).stdout, fs::read_to_string(pages.join("kohala.1")).unwrap());
}
