use crate::{ConfigError, L1Header, RollupConfig};
use alloc::{collections::BTreeMap, string::String, vec::Vec};
use alloy_primitives::U256;
use serde::Deserialize;

/// What the rules of L1 are, as far as a rollup depends on them: the blob base fee's parameters over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1ChainConfig {
    /// Chain id.
    pub chain_id: u64,
    /// When which parameters come into force, in order of time.
    pub blob_schedule: Vec<(u64, BlobParams)>,
}

/// Parameters of the blob market (EIP-7840, rules F90).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobParams {
    /// Blobs per block that leave the blob base fee as it is.
    pub target: u64,
    /// Blobs per block at most.
    pub max: u64,
    /// How slowly the blob base fee follows the excess.
    pub update_fraction: u64,
}

impl BlobParams {
    const CANCUN: Self = Self { target: 3, max: 6, update_fraction: 3_338_477 };
    const PRAGUE: Self = Self { target: 6, max: 9, update_fraction: 5_007_716 };
    const BPO1: Self = Self { target: 10, max: 15, update_fraction: 8_346_193 };
    const BPO2: Self = Self { target: 14, max: 21, update_fraction: 11_684_671 };

    /// Wei per unit of blob gas at this excess (EIP-4844); `None` where no 256-bit number holds it.
    pub fn base_fee(&self, excess_blob_gas: u64) -> Option<U256> {
        // e to the power of excess / fraction by its Taylor series, rounded down at every step like EIP-4844 does.
        let fraction = U256::from(self.update_fraction);
        let (mut sum, mut term) = (U256::ZERO, fraction);
        for index in 1u64.. {
            if term.is_zero() {
                break;
            }
            sum = sum.checked_add(term)?;
            term = term.checked_mul(U256::from(excess_blob_gas))?.checked_div(fraction)? / U256::from(index);
        }
        sum.checked_div(fraction)
    }
}

impl L1ChainConfig {
    /// The forks of L1 that a configuration may name, in fork order.
    const FORKS: [&str; 10] =
        ["shanghai", "cancun", "prague", "osaka", "bpo1", "bpo2", "bpo3", "bpo4", "bpo5", "amsterdam"];

    /// The public L1 chains: Ethereum, Sepolia, Holesky, Hoodi (rules F90).
    pub fn by_id(chain_id: u64) -> Option<Self> {
        let [cancun, prague, osaka, bpo1, bpo2] = match chain_id {
            1 => [1710338135, 1746612311, 1764798551, 1765290071, 1767747671],
            11155111 => [1706655072, 1741159776, 1760427360, 1761017184, 1761607008],
            17000 => [1707305664, 1740434112, 1759308480, 1759800000, 1760389824],
            560048 => [0, 1742999832, 1761677592, 1762365720, 1762955544],
            _ => return None,
        };
        let blob_schedule = Vec::from([
            (cancun, BlobParams::CANCUN),
            (prague, BlobParams::PRAGUE),
            (osaka, BlobParams::PRAGUE),
            (bpo1, BlobParams::BPO1),
            (bpo2, BlobParams::BPO2),
        ]);
        Some(Self { chain_id, blob_schedule })
    }

    /// The parameters in force in the L1 block at `l1_time`; `None` before Cancun.
    pub fn blob_params(&self, l1_time: u64) -> Option<BlobParams> {
        self.blob_schedule.iter().rev().find(|(time, _)| *time <= l1_time).map(|(_, params)| *params)
    }

    /// Reads a chain configuration as geth writes it.
    ///
    /// A fork's time that is set but unknown here is an error that names its key, unless `blobSchedule` says what it
    /// changes.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        let json: L1ConfigJson = serde_json::from_slice(json)?;
        let mut activations = Vec::new();
        for (key, value) in json.rest.iter().filter(|(_, value)| !value.is_null()) {
            let Some(name) = key.strip_suffix("Time") else { continue };
            let params = json.blob_schedule.get(name);
            let rank = Self::FORKS.iter().position(|fork| *fork == name);
            if rank.is_none() && params.is_none() {
                return Err(ConfigError::UnknownFork(key.clone()));
            }
            let time = value.as_u64().ok_or_else(|| ConfigError::ForkTime(key.clone()))?;
            // One that is unknown here comes after all others.
            activations.extend(params.map(|params| (time, rank.unwrap_or(Self::FORKS.len()), params)));
        }
        // Of the forks that are active the last one counts, in fork order: one that comes after a later one is without
        // effect.
        activations.sort_by_key(|(time, rank, _)| (*time, *rank));
        let mut last = 0;
        activations.retain(|(_, rank, _)| {
            last = last.max(*rank);
            *rank == last
        });
        let blob_schedule = activations
            .into_iter()
            .map(|(time, _, params)| match params.base_fee_update_fraction {
                0 => Err(ConfigError::Zero("baseFeeUpdateFraction")),
                update_fraction => Ok((time, BlobParams { target: params.target, max: params.max, update_fraction })),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { chain_id: json.chain_id, blob_schedule })
    }
}

/// Wei per unit of blob gas that L2 is told of the L1 origin (rules F91, F38).
///
/// It is 1 where the origin has no blob gas yet. `None` where a schedule is missing for a block that has, or the fee
/// exceeds 256 bits: the L1 configuration is not that of the chain.
pub fn blob_base_fee(origin: &L1Header, l1: &L1ChainConfig, rollup: &RollupConfig) -> Option<U256> {
    let Some(excess) = origin.excess_blob_gas else { return Some(U256::ONE) };
    let params = match rollup.pectra_blob_schedule_time {
        Some(time) if origin.timestamp < time => BlobParams::CANCUN,
        _ => l1.blob_params(origin.timestamp)?,
    };
    params.base_fee(excess)
}

/// geth's chain configuration as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct L1ConfigJson {
    chain_id: u64,
    #[serde(default)]
    blob_schedule: BTreeMap<String, BlobParamsJson>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// An entry of `blobSchedule`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlobParamsJson {
    target: u64,
    max: u64,
    base_fee_update_fraction: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use alloc::{format, string::ToString};
    use alloy_eips::eip4844::fake_exponential;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn parse(json: Value) -> Result<L1ChainConfig, ConfigError> {
        L1ChainConfig::from_json(json.to_string().as_bytes())
    }

    fn origin(timestamp: u64, excess_blob_gas: Option<u64>) -> L1Header {
        L1Header { timestamp, excess_blob_gas, ..L1Header::default() }
    }

    proptest! {
        #[test]
        fn the_fee_is_eip_4844s(excess in 0u64..300_000_000, fraction in 2_000_000u64..20_000_000) {
            let params = BlobParams { target: 0, max: 0, update_fraction: fraction };
            let expected = fake_exponential(1, excess.into(), fraction.into());
            prop_assume!(expected != u128::MAX);
            prop_assert_eq!(params.base_fee(excess), Some(U256::from(expected)));
        }
    }

    #[test]
    fn a_fee_beyond_256_bits_is_none() {
        assert_eq!(BlobParams::CANCUN.base_fee(u64::MAX), None);
        assert_eq!(BlobParams::CANCUN.base_fee(0), Some(U256::ONE));
    }

    #[test]
    fn public_chains_follow_their_schedule() {
        let mainnet = L1ChainConfig::by_id(1).unwrap();
        let limits = |time| mainnet.blob_params(time).map(|params| (params.target, params.max, params.update_fraction));
        assert_eq!(limits(1710338134), None);
        assert_eq!(limits(1710338135), Some((3, 6, 3_338_477)));
        assert_eq!(limits(1746612310), Some((3, 6, 3_338_477)));
        assert_eq!(limits(1746612311), Some((6, 9, 5_007_716)));
        assert_eq!(limits(1764798551), Some((6, 9, 5_007_716)));
        assert_eq!(limits(1765290071), Some((10, 15, 8_346_193)));
        assert_eq!(limits(1767747671), Some((14, 21, 11_684_671)));
        let schedule = [BlobParams::CANCUN, BlobParams::PRAGUE, BlobParams::PRAGUE, BlobParams::BPO1, BlobParams::BPO2];
        for (id, times) in [
            (1, [1710338135, 1746612311, 1764798551, 1765290071, 1767747671]),
            (11155111, [1706655072, 1741159776, 1760427360, 1761017184, 1761607008]),
            (17000, [1707305664, 1740434112, 1759308480, 1759800000, 1760389824]),
            (560048, [0, 1742999832, 1761677592, 1762365720, 1762955544]),
        ] {
            let chain = L1ChainConfig::by_id(id).unwrap();
            assert_eq!(chain.chain_id, id);
            for (index, time) in times.into_iter().enumerate() {
                assert_eq!(chain.blob_params(time), Some(schedule[index]), "{id} {time}");
                let before = index.checked_sub(1).map(|index| schedule[index]);
                assert_eq!(time.checked_sub(1).and_then(|time| chain.blob_params(time)), before, "{id} {time}");
            }
        }
        assert_eq!(L1ChainConfig::by_id(5), None);
    }

    #[test]
    fn reads_the_schedule_in_order_of_time() {
        let params = |target: u64| json!({"target": target, "max": 9, "baseFeeUpdateFraction": 7});
        let config = parse(json!({
            "chainId": 900, "londonBlock": 0, "terminalTotalDifficulty": 0, "shanghaiTime": 0, "cancunTime": 0,
            "pragueTime": 0, "osakaTime": 50, "bpo1Time": 60, "bpo2Time": null, "amsterdamTime": 70,
            "blobSchedule": {
                "prague": params(2), "cancun": params(1), "bpo1": params(4), "bpo2": params(5), "osaka": params(3),
            },
        }));
        let config = config.unwrap();
        assert_eq!(config.chain_id, 900);
        let target = |time| config.blob_params(time).unwrap().target;
        assert_eq!([0, 49, 50, 59, 60, 100].map(target), [2, 2, 3, 3, 4, 4], "Prague follows Cancun, BPO2 has no time");
    }

    /// Parameters by fork as devnets have them, to BPO5, which has none of its own but those.
    #[test]
    fn reads_schedules_of_every_fork_from_the_configuration() {
        let forks = [
            ("cancun", 10, BlobParams::CANCUN),
            ("prague", 20, BlobParams::PRAGUE),
            ("osaka", 30, BlobParams::PRAGUE),
            ("bpo1", 40, BlobParams::BPO1),
            ("bpo2", 50, BlobParams::BPO2),
            ("bpo3", 60, BlobParams { target: 21, max: 32, update_fraction: 20_609_697 }),
            ("bpo4", 70, BlobParams { target: 14, max: 21, update_fraction: 13_739_630 }),
            ("bpo5", 80, BlobParams { target: 15, max: 22, update_fraction: 13_739_631 }),
        ];
        let mut config = json!({"chainId": 900, "amsterdamTime": 90, "blobSchedule": {}});
        for (fork, time, BlobParams { target, max, update_fraction }) in forks {
            config[format!("{fork}Time")] = time.into();
            config["blobSchedule"][fork] =
                json!({"target": target, "max": max, "baseFeeUpdateFraction": update_fraction});
        }
        let l1 = parse(config).unwrap();
        assert_eq!(l1.blob_params(9), None);
        for (fork, time, params) in forks {
            assert_eq!(l1.blob_params(time), Some(params), "{fork}");
            assert_eq!(l1.blob_params(time + 9), Some(params), "{fork}");
            let fee = blob_base_fee(&origin(time, Some(200_000_000)), &l1, &self::config(&[]));
            let expected = fake_exponential(1, 200_000_000, params.update_fraction.into());
            assert_eq!(fee, Some(U256::from(expected)), "{fork}");
        }
        assert_eq!(l1.blob_params(95), l1.blob_params(80), "Amsterdam has no schedule here, so none that changes");
    }

    /// As geth has it: it asks which is the last fork that is active, not which has become so last.
    #[test]
    fn of_active_forks_the_last_in_fork_order_counts() {
        let params = |target: u64| json!({"target": target, "max": 9, "baseFeeUpdateFraction": 7});
        let schedule = json!({"cancun": params(1), "bpo1": params(2), "bpo2": params(3), "bpo3": params(4)});
        let times = json!({
            "chainId": 1, "cancunTime": 0, "bpo1Time": 30, "bpo2Time": 20, "bpo3Time": 30, "blobSchedule": schedule,
        });
        let l1 = parse(times).unwrap();
        assert_eq!([0, 19, 20, 29, 30, 99].map(|time| l1.blob_params(time).unwrap().target), [1, 1, 3, 3, 4, 4]);
    }

    #[test]
    fn names_the_fork_it_does_not_know() {
        let error = parse(json!({"chainId": 1, "parisTime": 5})).unwrap_err();
        assert!(matches!(&error, ConfigError::UnknownFork(key) if key == "parisTime"), "{error}");
        assert!(error.to_string().contains("parisTime"));
        parse(json!({"chainId": 1, "parisTime": null})).expect("not planned");
        let schedule = json!({"bpo9": {"target": 1, "max": 2, "baseFeeUpdateFraction": 3}});
        let config = parse(json!({"chainId": 1, "bpo9Time": 5, "blobSchedule": schedule})).unwrap();
        assert_eq!(config.blob_params(5).unwrap().target, 1, "all that matters of it is in the schedule");
    }

    #[test]
    fn refuses_what_cannot_be_computed_with() {
        let schedule = json!({"cancun": {"target": 1, "max": 2, "baseFeeUpdateFraction": 0}});
        let config = parse(json!({"chainId": 1, "cancunTime": 5, "blobSchedule": schedule}));
        assert!(matches!(config, Err(ConfigError::Zero("baseFeeUpdateFraction"))));
        assert!(matches!(parse(json!({"chainId": 1, "cancunTime": "5"})), Err(ConfigError::ForkTime(_))));
        assert!(parse(json!({})).unwrap_err().to_string().contains("chainId"));
    }

    #[test]
    fn the_fee_is_one_before_blobs() {
        let l1 = L1ChainConfig { chain_id: 1, blob_schedule: Vec::new() };
        assert_eq!(blob_base_fee(&origin(5, None), &l1, &config(&[])), Some(U256::ONE));
        assert_eq!(blob_base_fee(&origin(5, Some(0)), &l1, &config(&[])), None, "no schedule for a block with blobs");
    }

    #[test]
    fn the_schedule_is_that_of_the_origins_time() {
        let l1 = L1ChainConfig::by_id(11155111).unwrap();
        let excess = 40_000_000;
        let fee = |time, rollup: &RollupConfig| blob_base_fee(&origin(time, Some(excess)), &l1, rollup);
        let (cancun, prague) = (BlobParams::CANCUN.base_fee(excess), BlobParams::PRAGUE.base_fee(excess));
        assert_ne!(cancun, prague);
        let mut rollup = config(&[]);
        assert_eq!(fee(1741159775, &rollup), cancun);
        assert_eq!(fee(1741159776, &rollup), prague);
        // Chains that went on with Cancun's parameters have a time until which they do.
        rollup.pectra_blob_schedule_time = Some(1742486400);
        assert_eq!(fee(1742486399, &rollup), cancun);
        assert_eq!(fee(1742486400, &rollup), prague);
    }
}
