//! `cargo xtask registry`: facts of the superchain registry into the table of known chains.

use crate::step;
use alloy_primitives::{Address, B256};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

const TABLE: &str = "crates/protocol/src/chains/table.rs";

/// The registry's folders; each is the chains of one L1.
const NETWORKS: [&str; 2] = ["mainnet", "sepolia"];

/// The forks in their order, as the registry names their times; Bedrock and Regolith are active in all its chains.
const FORKS: [&str; 10] = [
    "canyon_time",
    "delta_time",
    "ecotone_time",
    "fjord_time",
    "granite_time",
    "holocene_time",
    "isthmus_time",
    "jovian_time",
    "karst_time",
    "lagoon_time",
];

/// Writes the table from the registry's folder, or compares only.
pub(crate) fn run(registry: &Path, check: bool) -> Result<()> {
    let path = step::root().join(TABLE);
    let table = table(registry)?;
    if check {
        ensure!(fs::read_to_string(&path)? == table, "{TABLE} is not what the registry says");
        println!("{TABLE} is what the registry says");
        return Ok(());
    }
    fs::write(&path, &table).with_context(|| path.display().to_string())?;
    println!("{TABLE}: {} chains", table.matches("Chain {").count());
    Ok(())
}

fn table(registry: &Path) -> Result<String> {
    let mut rows = String::new();
    for network in NETWORKS {
        let directory = registry.join(network);
        let superchain: Superchain = read(&directory.join("superchain.toml"))?;
        let files = fs::read_dir(&directory)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
        let mut chains = Vec::new();
        for file in files.iter().filter(|file| !file.ends_with("superchain.toml")) {
            let chain: Chain = read(file)?;
            let name = format!("{}-{network}", file.file_stem().unwrap_or_default().to_string_lossy());
            chains.push((chain, name));
        }
        chains.sort_by_key(|(chain, _)| chain.chain_id);
        for (chain, name) in chains {
            if chain.data_availability_type != "eth-da" {
                println!("{name}: left out, its data availability is {}", chain.data_availability_type);
                continue;
            }
            rows.push_str(&row(&chain, &name, &superchain).with_context(|| name.clone())?);
        }
    }
    let head = "// Made by `cargo xtask registry` from the superchain registry; not to be edited.\n\n\
                use super::Chain;\nuse alloy_primitives::{address as a, b256 as h};\n\n\
                pub(super) const CHAINS: &[Chain] = &[\n";
    Ok(format!("{head}{rows}];\n"))
}

fn row(chain: &Chain, name: &str, superchain: &Superchain) -> Result<String> {
    ensure!(chain.block_time > 0 && chain.seq_window_size > 1, "block time or sequencing window");
    let (l1, l2, system) = (&chain.genesis.l1, &chain.genesis.l2, &chain.genesis.system_config);
    let (fee, hardforks) = (&chain.optimism, &chain.hardforks);
    let mut row = String::new();
    writeln!(
        row,
        "    Chain {{\n        name: {name:?}, l1_chain_id: {}, l2_chain_id: {},\n        \
         block_time: {}, max_sequencer_drift: {}, seq_window_size: {},\n        \
         forks: &{:?},\n        pectra_blob_schedule_time: {:?}, keep_karst_upgrade_gas: {},\n        \
         base_fee: ({}, {}, {}),",
        superchain.l1.chain_id,
        chain.chain_id,
        chain.block_time,
        chain.max_sequencer_drift,
        chain.seq_window_size,
        fork_times(chain, superchain)?,
        hardforks.time("pectra_blob_schedule_time")?,
        matches!(hardforks.0.get("keep_karst_upgrade_gas"), Some(toml::Value::Boolean(true))),
        fee.eip1559_elasticity,
        fee.eip1559_denominator,
        fee.eip1559_denominator_canyon,
    )?;
    writeln!(
        row,
        "        batch_inbox: a!(\"{:x}\"),\n        deposit_contract: a!(\"{:x}\"),\n        \
         system_config_contract: a!(\"{:x}\"),\n        l1_genesis: ({}, h!(\"{:x}\")),\n        \
         l2_genesis: ({}, h!(\"{:x}\")), l2_time: {},\n        batcher: a!(\"{:x}\"),\n        \
         overhead: h!(\"{:x}\"),\n        scalar: h!(\"{:x}\"), gas_limit: {},\n    }},",
        chain.batch_inbox_addr,
        chain.addresses.portal,
        chain.addresses.system_config,
        l1.number,
        l1.hash,
        l2.number,
        l2.hash,
        chain.genesis.l2_time,
        system.batcher,
        system.overhead,
        system.scalar,
        system.gas_limit,
    )?;
    Ok(row)
}

/// The times of the chain's forks in fork order, without gaps.
///
/// They are the chain's own, like op-node takes them. A chain that follows the superchain must repeat the superchain's
/// times from its `superchain_time` on: one that does not is an error here rather than a chain without its forks.
fn fork_times(chain: &Chain, superchain: &Superchain) -> Result<Vec<u64>> {
    let mut times = Vec::new();
    let mut last = None;
    for name in FORKS {
        let time = chain.hardforks.time(name)?;
        let shared = superchain.hardforks.time(name)?;
        if let (None, Some(since), Some(shared)) = (time, chain.superchain_time, shared) {
            ensure!(shared < since, "{name} of the superchain is missing");
        }
        match (time, last) {
            (Some(_), Some(gap)) => bail!("{name} is set, but not {gap}"),
            (Some(time), None) => times.push(time),
            (None, _) => last = last.or(Some(name)),
        }
    }
    let known =
        |key: &str| FORKS.contains(&key) || key == "pectra_blob_schedule_time" || key == "keep_karst_upgrade_gas";
    if let Some(unknown) = chain.hardforks.0.keys().find(|key| !known(key)) {
        bail!("{unknown} is unknown");
    }
    ensure!(times.is_sorted(), "the forks' times are out of order");
    Ok(times)
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<T> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    toml::from_str(&text).with_context(|| file.display().to_string())
}

#[derive(Deserialize)]
struct Superchain {
    hardforks: Hardforks,
    l1: L1,
}

#[derive(Deserialize)]
struct L1 {
    chain_id: u64,
}

#[derive(Deserialize)]
struct Chain {
    chain_id: u64,
    superchain_time: Option<u64>,
    data_availability_type: String,
    batch_inbox_addr: Address,
    block_time: u64,
    seq_window_size: u64,
    max_sequencer_drift: u64,
    hardforks: Hardforks,
    optimism: BaseFee,
    genesis: Genesis,
    addresses: Addresses,
}

#[derive(Deserialize)]
struct Hardforks(toml::Table);

impl Hardforks {
    fn time(&self, name: &str) -> Result<Option<u64>> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let seconds = value.as_integer().with_context(|| format!("{name} is not a number"))?;
        Ok(Some(seconds.try_into()?))
    }
}

#[derive(Deserialize)]
struct BaseFee {
    eip1559_elasticity: u32,
    eip1559_denominator: u32,
    eip1559_denominator_canyon: u32,
}

#[derive(Deserialize)]
struct Genesis {
    l2_time: u64,
    l1: BlockId,
    l2: BlockId,
    system_config: SystemConfig,
}

#[derive(Deserialize)]
struct BlockId {
    hash: B256,
    number: u64,
}

#[derive(Deserialize)]
struct SystemConfig {
    #[serde(rename = "batcherAddress")]
    batcher: Address,
    overhead: B256,
    scalar: B256,
    #[serde(rename = "gasLimit")]
    gas_limit: u64,
}

#[derive(Deserialize)]
struct Addresses {
    #[serde(rename = "OptimismPortalProxy")]
    portal: Address,
    #[serde(rename = "SystemConfigProxy")]
    system_config: Address,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUPERCHAIN: &str = "[hardforks]\ncanyon_time = 10\ndelta_time = 20\n[l1]\nchain_id = 1\n";

    /// The fork times of a chain with these hardforks and this superchain time.
    fn times(hardforks: &str, superchain_time: &str) -> Result<Vec<u64>> {
        let hash = B256::ZERO;
        let address = Address::ZERO;
        let chain = toml::from_str(&format!(
            "chain_id = 1\n{superchain_time}\ndata_availability_type = \"eth-da\"\nbatch_inbox_addr = \"{address}\"\n\
             block_time = 2\nseq_window_size = 2\nmax_sequencer_drift = 2\n[hardforks]\n{hardforks}\n\
             [optimism]\neip1559_elasticity = 1\neip1559_denominator = 1\neip1559_denominator_canyon = 1\n\
             [genesis]\nl2_time = 1\nl1 = {{ number = 1, hash = \"{hash}\" }}\nl2 = {{ number = 1, hash = \"{hash}\" }}\n\
             system_config = {{ batcherAddress = \"{address}\", overhead = \"{hash}\", scalar = \"{hash}\", gasLimit = 1 }}\n\
             [addresses]\nOptimismPortalProxy = \"{address}\"\nSystemConfigProxy = \"{address}\"\n"
        ))?;
        fork_times(&chain, &toml::from_str(SUPERCHAIN)?)
    }

    #[test]
    fn a_chains_own_times_are_taken_in_fork_order() {
        assert_eq!(times("delta_time = 8\ncanyon_time = 7\nkeep_karst_upgrade_gas = true", "").unwrap(), [7, 8]);
    }

    #[test]
    fn refuses_a_chain_that_lacks_its_superchains_fork() {
        assert_eq!(times("canyon_time = 10", "superchain_time = 21").unwrap(), [10]);
        let error = times("canyon_time = 10", "superchain_time = 0").unwrap_err();
        assert_eq!(error.to_string(), "delta_time of the superchain is missing");
    }

    #[test]
    fn refuses_gaps_disorder_and_unknown_forks() {
        for hardforks in ["delta_time = 1", "canyon_time = 2\ndelta_time = 1", "monsoon_time = 1", "canyon_time = -1"] {
            assert!(times(hardforks, "").is_err(), "{hardforks}");
        }
    }
}
