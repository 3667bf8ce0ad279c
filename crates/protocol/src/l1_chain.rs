use crate::{L1Header, RollupConfig};
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
    pub fn from_json(json: &[u8]) -> Result<Self, L1ConfigError> {
        let json: L1ConfigJson = serde_json::from_slice(json)?;
        let mut activations = Vec::new();
        for (key, value) in json.rest.iter().filter(|(_, value)| !value.is_null()) {
            let Some(name) = key.strip_suffix("Time") else { continue };
            let params = json.blob_schedule.get(name);
            let rank = Self::FORKS.iter().position(|fork| *fork == name);
            if rank.is_none() && params.is_none() {
                return Err(L1ConfigError::UnknownFork(key.clone()));
            }
            let time = value.as_u64().ok_or_else(|| L1ConfigError::ForkTime(key.clone()))?;
            // Of forks at the same time the last one counts; one that is unknown here comes after all others.
            activations.extend(params.map(|params| (time, rank.unwrap_or(Self::FORKS.len()), params)));
        }
        activations.sort_by_key(|(time, rank, _)| (*time, *rank));
        let blob_schedule = activations
            .into_iter()
            .map(|(time, _, params)| match params.base_fee_update_fraction {
                0 => Err(L1ConfigError::UpdateFraction),
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

/// Why an L1 chain configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum L1ConfigError {
    /// Not JSON, or a key is missing or has the wrong type: the cause names it and its place.
    #[error("not an L1 chain configuration: {0}")]
    Json(#[from] serde_json::Error),
    /// The time of a fork is set that this program doesn't know and that has no entry in `blobSchedule`.
    #[error("`{0}` is set, but this version doesn't know that fork")]
    UnknownFork(String),
    /// A fork's time is not a number of seconds.
    #[error("`{0}` is not a time in seconds")]
    ForkTime(String),
    /// Nothing can be divided by a fraction of zero.
    #[error("`baseFeeUpdateFraction` must not be zero")]
    UpdateFraction,
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
