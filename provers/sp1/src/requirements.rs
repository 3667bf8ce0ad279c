//! What a proof takes before it can be begun: memory, circuits, programs, keys. Looked at first, since proofs take minutes to hours.

use crate::proof::{Mode, Prover};
use anyhow::{Context, Result, bail, ensure};
use std::{env, fs, path::PathBuf, process::Command};

/// The variable with the prover network's key.
pub const NETWORK_KEY: &str = "NETWORK_PRIVATE_KEY";

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Memory that is free, in bytes, if that can be found out.
    pub memory: Option<u64>,
    /// The folder where SP1 looks for Groth16's circuit.
    pub groth16: PathBuf,
    /// The folder where SP1 looks for Plonk's circuit.
    pub plonk: PathBuf,
    /// True if Docker answers.
    pub docker: bool,
    /// True if the prover network's key is given.
    pub network_key: bool,
}

impl Machine {
    /// This machine.
    pub fn here() -> Result<Self> {
        let circuit = |variable: &str, name: &str| -> Result<PathBuf> {
            let base = match env::var_os(variable) {
                Some(path) => PathBuf::from(path),
                None => env::home_dir()
                    .with_context(|| format!("{variable}: there is no home directory, so say where circuits are"))?
                    .join(".sp1/circuits")
                    .join(name),
            };
            Ok(base.join(sp1_sdk::SP1_CIRCUIT_VERSION))
        };
        Ok(Self {
            memory: fs::read_to_string("/proc/meminfo").ok().as_deref().and_then(available),
            groth16: circuit("SP1_GROTH16_CIRCUIT_PATH", "groth16")?,
            plonk: circuit("SP1_PLONK_CIRCUIT_PATH", "plonk")?,
            docker: Command::new("docker").arg("info").output().is_ok_and(|output| output.status.success()),
            network_key: env::var_os(NETWORK_KEY).is_some_and(|key| !key.is_empty()),
        })
    }

    /// Says what is missing for a proof; `download` allows SP1 to fetch circuits.
    pub fn check(&self, mode: Mode, prover: Prover, download: bool) -> Result<()> {
        if mode.is_trial() {
            return Ok(());
        }
        ensure!(
            mode == Mode::Core || prover != Prover::InOrder,
            "--prover in-order makes core proofs, and no {} proofs",
            mode.name()
        );
        if prover == Prover::Network {
            return self.check_network();
        }
        let needed = memory(mode, prover);
        if let Some(there) = self.memory.filter(|there| *there < needed) {
            let gib = |bytes: u64| bytes as f64 / (1 << 30) as f64;
            bail!(
                "a {} proof takes at least {:.0} GiB of memory here, and {:.1} GiB are free: free some, use a larger machine or \
                 --prover network, or try with --unchecked",
                mode.name(),
                gib(needed),
                gib(there)
            );
        }
        match mode {
            Mode::Groth16 => self.check_circuit(mode, &self.groth16, "SP1_GROTH16_CIRCUIT_PATH", download),
            Mode::Plonk => self.check_circuit(mode, &self.plonk, "SP1_PLONK_CIRCUIT_PATH", download),
            _ => Ok(()),
        }
    }

    fn check_network(&self) -> Result<()> {
        ensure!(
            cfg!(feature = "network"),
            "--prover network: this kohala-sp1 was built without it: `cargo build --release --features network --manifest-path \
             provers/sp1/Cargo.toml`"
        );
        ensure!(
            self.network_key,
            "--prover network: {NETWORK_KEY} is missing: the key of an account of Succinct's prover network"
        );
        Ok(())
    }

    /// SP1 fetches a circuit that is missing, which are gigabytes, after it has proven for hours.
    fn check_circuit(&self, mode: Mode, folder: &std::path::Path, variable: &str, download: bool) -> Result<()> {
        let name = mode.name();
        ensure!(
            download || folder.join(".complete").is_file(),
            "a {name} proof needs SP1's circuit, which is not in {}: {variable} says where else to look (the folder above \
             {version}), and with --download SP1 fetches it, some gigabytes",
            folder.display(),
            version = sp1_sdk::SP1_CIRCUIT_VERSION
        );
        ensure!(
            cfg!(feature = "native-gnark") || self.docker,
            "a {name} proof needs gnark: Docker, which doesn't answer (`docker info`), or a kohala-sp1 that was built with \
             `--features native-gnark`, for which there must be Go"
        );
        Ok(())
    }
}

/// The least memory that proofs were seen to take, in bytes.
const fn memory(mode: Mode, prover: Prover) -> u64 {
    const GIB: u64 = 1 << 30;
    match (mode, prover) {
        (Mode::Execute | Mode::Mock, _) | (_, Prover::Network) => 0,
        (Mode::Core, Prover::InOrder) => 8 * GIB,
        (Mode::Core, Prover::Cpu) => 12 * GIB,
        (Mode::Compressed, _) => 16 * GIB,
        (Mode::Groth16 | Mode::Plonk, _) => 32 * GIB,
    }
}

/// What Linux says is available, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
