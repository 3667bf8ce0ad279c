//! `kohala version`: which build this is, what it knows, and which guests it finds.

use crate::{
    cli::{Version, VmType},
    guests, report,
};
use alloy_primitives::{B256, hex};
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use kohala_program::UNSUPPORTED;
use kohala_protocol::{Fork, chains};
use kohala_vm::{elf::Elf, mips, riscv};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Version and commit, in one line.
pub(crate) const LINE: &str = env!("KOHALA_VERSION");
/// The commit's hash, or the name that a packager has given it; nothing if it is unknown.
const COMMIT: &str = env!("KOHALA_BUILT_COMMIT");
/// `true` if the sources were other than the commit's, `false` if not; nothing if that is unknown.
const CHANGED: &str = env!("KOHALA_BUILT_CHANGED");

pub(crate) fn version(flags: &Version) -> Result<ExitCode> {
    let guests = Guest::all();
    match flags.json {
        true => report::say(as_json(&guests)),
        false => report::say(as_text(&guests)),
    }
    Ok(ExitCode::SUCCESS)
}

/// The forks whose blocks are judged, in fork order.
fn forks() -> Vec<&'static str> {
    Fork::ALL.iter().filter(|fork| **fork < UNSUPPORTED).map(|fork| fork.name()).collect()
}

/// A VM's name in the command line.
fn vm(vm: VmType) -> String {
    vm.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn as_json(guests: &[Guest]) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commit": Some(COMMIT).filter(|commit| !commit.is_empty()),
        "changed": CHANGED.parse::<bool>().ok(),
        "forks": forks(),
        "chains": chains::all().count(),
        "vms": [
            { "type": vm(VmType::Cannon), "state_version": mips::VERSION },
            { "type": vm(VmType::Asterisc), "state_version": null },
        ],
        "statement_version": kohala_zkvm::VERSION,
        "guests": guests.iter().map(Guest::json).collect::<Vec<_>>(),
    })
}

fn as_text(guests: &[Guest]) -> String {
    let commit = match (COMMIT, CHANGED) {
        ("", _) => "unknown",
        (commit, "true") => &format!("{commit}, and the sources were changed"),
        (commit, _) => commit,
    };
    let mut lines = vec![
        format!("kohala     {}", env!("CARGO_PKG_VERSION")),
        format!("commit     {commit}"),
        format!("forks      {}", forks().join(", ")),
        format!("chains     {} of the superchain registry", chains::all().count()),
        format!("VMs        {} (state version {}), {}", vm(VmType::Cannon), mips::VERSION, vm(VmType::Asterisc)),
        format!("proofs     statements of version {}", kohala_zkvm::VERSION),
        "guests".to_owned(),
    ];
    lines.extend(guests.iter().flat_map(Guest::lines));
    lines.join("\n")
}

/// A guest: what is built apart from this program.
struct Guest {
    name: &'static str,
    /// How it is built.
    build: &'static str,
    found: Option<Found>,
}

/// A guest's file.
struct Found {
    path: PathBuf,
    identity: Result<Identity>,
}

/// What a guest is known by.
struct Identity {
    sha256: B256,
    known_by: KnownBy,
}

/// What L1 knows a guest by.
enum KnownBy {
    /// The hash of a fault proof VM's state before the first step.
    Prestate(B256),
    /// SP1's verifying key, if it was written down.
    Vkey(Option<Vkey>),
}

/// What `kohala prove vkey --json` prints.
#[derive(Deserialize)]
struct Vkey {
    vkey: B256,
    program: B256,
    elf_sha256: B256,
}

impl Guest {
    fn all() -> Vec<Self> {
        let known = [
            (guests::CANNON, "cargo xtask guests"),
            (guests::ASTERISC, "cargo xtask guests"),
            (guests::RANGE, "cargo xtask guests --target sp1"),
            (guests::AGGREGATION, "cargo xtask guests --target sp1"),
        ];
        let found = |name| guests::find(name).map(|path| Found { identity: identity(name, &path), path });
        known.into_iter().map(|(name, build)| Self { name, build, found: found(name) }).collect()
    }

    fn json(&self) -> Value {
        let mut json = json!({ "name": self.name, "path": self.found.as_ref().map(|found| &found.path) });
        match self.found.as_ref().map(|found| &found.identity) {
            None => {}
            Some(Err(error)) => json["error"] = report::why(error).into(),
            Some(Ok(Identity { sha256, known_by })) => {
                json["sha256"] = sha256.to_string().into();
                match known_by {
                    KnownBy::Prestate(hash) => json["absolute_prestate"] = hash.to_string().into(),
                    KnownBy::Vkey(vkey) => {
                        json["vkey"] = json!(vkey.as_ref().map(|vkey| vkey.vkey));
                        json["program"] = json!(vkey.as_ref().map(|vkey| vkey.program));
                    }
                }
            }
        }
        json
    }

    fn lines(&self) -> Vec<String> {
        let Some(Found { path, identity }) = &self.found else {
            return vec![format!("  {} is not built: `{}` builds it", self.name, self.build)];
        };
        let mut lines = vec![format!("  {}", path.display())];
        let mut line = |name: &str, what: &str| lines.push(format!("    {name:<18} {what}"));
        match identity {
            Err(error) => line("can't be used", &report::why(error)),
            Ok(Identity { sha256, known_by }) => {
                line("sha256", &hex::encode(sha256));
                match known_by {
                    KnownBy::Prestate(hash) => line("absolute prestate", &hash.to_string()),
                    KnownBy::Vkey(Some(vkey)) => {
                        line("verifying key", &vkey.vkey.to_string());
                        line("program", &vkey.program.to_string());
                    }
                    KnownBy::Vkey(None) => line(
                        "verifying key",
                        &format!(
                            "not computed: kohala prove vkey --elf {} --json > {}",
                            path.display(),
                            vkey_file(path).display()
                        ),
                    ),
                }
            }
        }
        lines
    }
}

fn identity(name: &str, path: &Path) -> Result<Identity> {
    let data = fs::read(path)?;
    let sha256 = B256::new(Sha256::digest(&data).into());
    let known_by = match name {
        guests::CANNON => KnownBy::Prestate(mips::State::load(&Elf::parse(&data)?)?.hash()),
        guests::ASTERISC => KnownBy::Prestate(riscv::State::load(&Elf::parse(&data)?)?.hash()),
        _ => KnownBy::Vkey(vkey(path, sha256)?),
    };
    Ok(Identity { sha256, known_by })
}

/// Where a guest's verifying key is written down: computing it takes SP1.
fn vkey_file(guest: &Path) -> PathBuf {
    guest.with_extension("vkey.json")
}

/// The verifying key that was written down for the guest at `path`, whose hash is `sha256`.
fn vkey(path: &Path, sha256: B256) -> Result<Option<Vkey>> {
    let file = vkey_file(path);
    if !file.exists() {
        return Ok(None);
    }
    let again = || format!("{}: write it again by `kohala prove vkey --elf {} --json`", file.display(), path.display());
    let vkey: Vkey = serde_json::from_slice(&fs::read(&file).with_context(again)?).with_context(again)?;
    ensure!(vkey.elf_sha256 == sha256, "{} is the verifying key of another guest", again());
    Ok(Some(vkey))
}
