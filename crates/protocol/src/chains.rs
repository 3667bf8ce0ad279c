//! The chains whose configuration is compiled in, so that an id names one and a VM parses nothing.
//!
//! The table holds the superchain registry's facts. Chains whose data lies elsewhere than on L1 (`alt-da`) are not in
//! it: nothing can be derived from L1 alone there, and an id without an entry is the caller's to report.

#[rustfmt::skip]
mod table;

use crate::{BaseFeeConfig, BlockId, Fork, ForkTimes, Genesis, L1ChainConfig, RollupConfig, SystemConfig};
use alloy_primitives::{Address, B256};

/// Every known chain: its name, as op-node's `--network` takes it, and its chain id. The order is by L1, then by id.
pub fn all() -> impl Iterator<Item = (&'static str, u64)> {
    table::CHAINS.iter().map(|chain| (chain.name, chain.l2_chain_id))
}

/// The configuration of the chain with this id and that of its L1; `None` if it isn't known or its data is not on L1.
pub fn by_id(l2_chain_id: u64) -> Option<(RollupConfig, L1ChainConfig)> {
    table::CHAINS.iter().find(|chain| chain.l2_chain_id == l2_chain_id)?.configs()
}

/// Like [`by_id`], by name: `op-mainnet`, `ink-sepolia`.
pub fn by_name(name: &str) -> Option<(RollupConfig, L1ChainConfig)> {
    table::CHAINS.iter().find(|chain| chain.name == name)?.configs()
}

/// A row of the table: what differs between the known chains.
struct Chain {
    name: &'static str,
    l1_chain_id: u64,
    l2_chain_id: u64,
    block_time: u64,
    max_sequencer_drift: u64,
    seq_window_size: u64,
    /// Times from Canyon on, in fork order; the forks after the last one aren't planned.
    forks: &'static [u64],
    pectra_blob_schedule_time: Option<u64>,
    keep_karst_upgrade_gas: bool,
    /// Elasticity, denominator, denominator from Canyon on.
    base_fee: (u32, u32, u32),
    batch_inbox: Address,
    deposit_contract: Address,
    system_config_contract: Address,
    l1_genesis: (u64, B256),
    l2_genesis: (u64, B256),
    l2_time: u64,
    batcher: Address,
    overhead: B256,
    scalar: B256,
    gas_limit: u64,
}

impl Chain {
    /// Channel time-out before Granite, the same in every chain (rules F15).
    const CHANNEL_TIMEOUT: u64 = 300;

    fn configs(&self) -> Option<(RollupConfig, L1ChainConfig)> {
        let rollup = RollupConfig {
            genesis: self.genesis(),
            block_time: self.block_time,
            max_sequencer_drift: self.max_sequencer_drift,
            seq_window_size: self.seq_window_size,
            channel_timeout: Self::CHANNEL_TIMEOUT,
            l1_chain_id: self.l1_chain_id,
            l2_chain_id: self.l2_chain_id,
            forks: self.fork_times(),
            pectra_blob_schedule_time: self.pectra_blob_schedule_time,
            keep_karst_upgrade_gas: self.keep_karst_upgrade_gas,
            batch_inbox_address: self.batch_inbox,
            deposit_contract_address: self.deposit_contract,
            l1_system_config_address: self.system_config_contract,
            base_fee: BaseFeeConfig {
                elasticity: self.base_fee.0,
                denominator: self.base_fee.1,
                denominator_canyon: self.base_fee.2,
            },
        };
        Some((rollup, L1ChainConfig::by_id(self.l1_chain_id)?))
    }

    fn genesis(&self) -> Genesis {
        let (l1_number, l1_hash) = self.l1_genesis;
        let (l2_number, l2_hash) = self.l2_genesis;
        Genesis {
            l1: BlockId { number: l1_number, hash: l1_hash },
            l2: BlockId { number: l2_number, hash: l2_hash },
            l2_time: self.l2_time,
            system_config: SystemConfig {
                batcher: self.batcher,
                overhead: self.overhead,
                scalar: self.scalar,
                gas_limit: self.gas_limit,
                ..Default::default()
            },
        }
    }

    /// Regolith is active from the start in all of them.
    fn fork_times(&self) -> ForkTimes {
        let mut times = ForkTimes::default();
        times.set(Fork::Regolith, Some(0));
        for (fork, time) in Fork::ALL.into_iter().skip(Fork::Canyon as usize).zip(self.forks) {
            times.set(fork, Some(*time));
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BlobParams;
    use alloc::{collections::BTreeSet, vec::Vec};
    use alloy_primitives::{address, b256};

    /// The forks' times from Canyon on.
    fn times(config: &RollupConfig) -> Vec<Option<u64>> {
        Fork::ALL[Fork::Canyon as usize..].iter().map(|fork| config.forks.get(*fork)).collect()
    }

    #[test]
    fn op_mainnet_forks_at_the_registrys_times() {
        let (config, _) = by_name("op-mainnet").unwrap();
        let expected = [
            1704992401, 1708560000, 1710374401, 1720627201, 1726070401, 1736445601, 1746806401, 1764691201, 1783526401,
        ];
        assert_eq!(times(&config), expected.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
        assert_eq!(config.forks.get(Fork::Regolith), Some(0));
        assert_eq!((config.pectra_blob_schedule_time, config.keep_karst_upgrade_gas), (None, true));
    }

    #[test]
    fn op_sepolia_forks_at_the_registrys_times() {
        let (config, l1) = by_name("op-sepolia").unwrap();
        let expected = [
            1699981200, 1703203200, 1708534800, 1716998400, 1723478400, 1732633200, 1744905600, 1763568001, 1781712001,
        ];
        assert_eq!(times(&config), expected.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
        assert_eq!((config.pectra_blob_schedule_time, config.keep_karst_upgrade_gas), (Some(1742486400), true));
        assert_eq!((config.l1_chain_id, config.l2_chain_id, l1.chain_id), (11155111, 11155420, 11155111));
    }

    #[test]
    fn op_mainnet_has_the_constants_of_its_deployment() {
        let (config, l1) = by_id(10).unwrap();
        assert_eq!(config.batch_inbox_address, address!("ff00000000000000000000000000000000000010"));
        assert_eq!(config.deposit_contract_address, address!("beb5fc579115071764c7423a4f12edde41f106ed"));
        assert_eq!(config.l1_system_config_address, address!("229047fed2591dbec1ef1118d64f7af3db9eb290"));
        assert_eq!((config.block_time, config.seq_window_size, config.channel_timeout), (2, 3600, 300));
        assert_eq!(config.max_sequencer_drift, 600);
        assert_eq!(config.base_fee, BaseFeeConfig { elasticity: 6, denominator: 50, denominator_canyon: 250 });
        assert_eq!((config.genesis.l1.number, config.genesis.l2.number), (17_422_590, 105_235_063));
        let l2_hash = b256!("dbf6a80fef073de06add9b0d14026d6e5a86c85f6d102c36d3d8e9cf89c2afd3");
        assert_eq!((config.genesis.l2.hash, config.genesis.l2_time), (l2_hash, 1_686_068_903));
        let system_config = config.genesis.system_config;
        assert_eq!(system_config.batcher, address!("6887246668a3b87f54deb3b94ba47a6f63f32985"));
        assert_eq!((system_config.overhead.0[31], system_config.gas_limit), (0xbc, 30_000_000));
        assert_eq!(l1.blob_params(1746612311).map(|params| params.max), Some(9));
        assert_eq!(l1.blob_params(1746612310), Some(BlobParams { target: 3, max: 6, update_fraction: 3338477 }));
    }

    #[test]
    fn forks_that_a_chain_does_not_plan_stay_inactive() {
        let (config, _) = by_name("cyber-sepolia").unwrap();
        assert_eq!(times(&config), [Some(0), Some(0), Some(0), None, None, None, None, None, None, None]);
        assert!(!config.is_active(Fork::Fjord, u64::MAX));
    }

    #[test]
    fn known_chains_can_be_run_and_some_keep_karsts_gas() {
        let configs: Vec<RollupConfig> = all().map(|(name, _)| by_name(name).unwrap().0).collect();
        for (config, (name, _)) in configs.iter().zip(all()) {
            config.check().expect(name);
        }
        let on_karst = configs.iter().filter(|config| config.forks.get(Fork::Karst).is_some());
        let keeping = configs.iter().filter(|config| config.keep_karst_upgrade_gas);
        assert!(keeping.clone().all(|config| config.forks.get(Fork::Karst).is_some()));
        assert_eq!((on_karst.count(), keeping.count()), (18, 12));
    }

    #[test]
    fn chains_without_their_data_on_l1_are_unknown() {
        // Celo keeps its data with EigenDA.
        assert!(by_id(42220).is_none() && by_name("celo-mainnet").is_none());
        assert!(by_id(901).is_none() && by_name("op").is_none());
    }

    #[test]
    fn ids_and_names_are_unique_and_give_the_same_configuration() {
        let (names, ids): (BTreeSet<_>, BTreeSet<_>) = all().unzip();
        assert_eq!((names.len(), ids.len()), (40, 40));
        for (name, id) in all() {
            let (config, l1) = by_id(id).unwrap();
            assert_eq!((config.l2_chain_id, config.l1_chain_id), (id, l1.chain_id), "{name}");
            assert_eq!(by_name(name).unwrap(), (config, l1));
        }
    }
}
