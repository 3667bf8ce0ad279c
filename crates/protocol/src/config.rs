use crate::{BlockId, Eip1559Params, Fork, ForkTimes, OperatorFee, SystemConfig};
use alloc::{collections::BTreeMap, string::String};
use alloy_primitives::{Address, B64, B256};
use serde::Deserialize;

/// A rollup's configuration (rules F05): what a chain's rules depend on besides its L1 data.
///
/// [`RollupConfig::from_json`] reads it from op-node's `rollup.json`; a VM gets it compiled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollupConfig {
    /// Where the chain starts.
    pub genesis: Genesis,
    /// Seconds between two L2 blocks; never zero.
    pub block_time: u64,
    /// Seconds that L2 time may run ahead of its L1 origin before Fjord: see
    /// [`max_sequencer_drift`](Self::max_sequencer_drift).
    pub max_sequencer_drift: u64,
    /// L1 blocks in which a batch of an epoch may be included; at least 2.
    pub seq_window_size: u64,
    /// L1 blocks that a channel may take before Granite: see [`channel_timeout`](Self::channel_timeout).
    pub channel_timeout: u64,
    /// Chain id of L1.
    pub l1_chain_id: u64,
    /// Chain id of L2.
    pub l2_chain_id: u64,
    /// When the forks activate, in fork order.
    pub forks: ForkTimes,
    /// While an L1 origin is older than this, its blob base fee is computed with Cancun's parameters (rules F38).
    pub pectra_blob_schedule_time: Option<u64>,
    /// The gas of Karst's upgrade transactions stays in the gas limit after its activation block (rules Z17).
    pub keep_karst_upgrade_gas: bool,
    /// Where the batcher sends its transactions on L1.
    pub batch_inbox_address: Address,
    /// L1 contract whose `TransactionDeposited` logs are deposits.
    pub deposit_contract_address: Address,
    /// L1 contract whose `ConfigUpdate` logs change the system config.
    pub l1_system_config_address: Address,
    /// Constants of the L2 base fee.
    pub base_fee: BaseFeeConfig,
}

/// The first block of a rollup and where it hangs on L1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Genesis {
    /// The L1 block after which derivation starts.
    pub l1: BlockId,
    /// The L2 block that is not derived but given.
    pub l2: BlockId,
    /// Timestamp of the L2 genesis block.
    pub l2_time: u64,
    /// The system config in force at the L2 genesis block (rules S14).
    pub system_config: SystemConfig,
}

/// The chain's constants of EIP-1559, in force where the system config leaves them zero (rules X20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseFeeConfig {
    /// Elasticity multiplier.
    pub elasticity: u32,
    /// Base fee change denominator before Canyon.
    pub denominator: u32,
    /// Base fee change denominator from Canyon on.
    pub denominator_canyon: u32,
}

impl Default for BaseFeeConfig {
    /// OP Mainnet's constants, also those of a `rollup.json` without `chain_op_config`.
    fn default() -> Self {
        Self { elasticity: 6, denominator: 50, denominator_canyon: 250 }
    }
}

impl RollupConfig {
    /// Channel time-out from Granite on, in L1 blocks (rules F15).
    const CHANNEL_TIMEOUT_GRANITE: u64 = 50;

    /// True if `fork` is active at `timestamp` (rules F02); the caller chooses the clock (rules F03).
    pub const fn is_active(&self, fork: Fork, timestamp: u64) -> bool {
        self.forks.is_active(fork, timestamp)
    }

    /// True if the L2 block at `l2_timestamp` is the first one of `fork` (rules F02). A fork that is active at genesis
    /// has no activation block.
    pub const fn is_activation_block(&self, fork: Fork, l2_timestamp: u64) -> bool {
        match l2_timestamp.checked_sub(self.block_time) {
            Some(parent) => self.is_active(fork, l2_timestamp) && !self.is_active(fork, parent),
            None => false,
        }
    }

    /// Bytes that the batches of one channel may decompress to; `l1_time` is the L1 origin's (rules F10).
    pub const fn max_rlp_bytes_per_channel(&self, l1_time: u64) -> u64 {
        if self.is_active(Fork::Fjord, l1_time) { 100_000_000 } else { 10_000_000 }
    }

    /// Bytes that the channel bank may hold; `l1_time` is the L1 origin's (rules F11).
    pub const fn max_channel_bank_size(&self, l1_time: u64) -> u64 {
        if self.is_active(Fork::Fjord, l1_time) { 1_000_000_000 } else { 100_000_000 }
    }

    /// Seconds that L2 time may run ahead of its L1 origin; `l1_time` is that of the batch's origin (rules F14).
    pub const fn max_sequencer_drift(&self, l1_time: u64) -> u64 {
        if self.is_active(Fork::Fjord, l1_time) { 1800 } else { self.max_sequencer_drift }
    }

    /// L1 blocks from a channel's first frame to its last; `l1_time` is the L1 origin's (rules F15).
    pub const fn channel_timeout(&self, l1_time: u64) -> u64 {
        if self.is_active(Fork::Granite, l1_time) { Self::CHANNEL_TIMEOUT_GRANITE } else { self.channel_timeout }
    }

    /// Timestamp of the L2 block `number`, which is not below genesis. Saturates where no `u64` holds it.
    pub const fn l2_timestamp(&self, number: u64) -> u64 {
        let blocks = number.saturating_sub(self.genesis.l2.number);
        self.genesis.l2_time.saturating_add(blocks.saturating_mul(self.block_time))
    }

    /// Number of the newest L2 block not after `timestamp`; `None` before genesis.
    pub const fn l2_number(&self, timestamp: u64) -> Option<u64> {
        match timestamp.checked_sub(self.genesis.l2_time) {
            Some(elapsed) => self.genesis.l2.number.checked_add(elapsed / self.block_time),
            None => None,
        }
    }

    /// Reads op-node's `rollup.json`, old and new (rules F05).
    ///
    /// Keys that have no meaning for the chain's rules are ignored. Not so a fork's time that is set but unknown here:
    /// judging a chain by rules that ended would be silently wrong, so the error names the key.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        let json: ConfigJson = serde_json::from_slice(json)?;
        let forks = fork_times(&json.rest)?;
        let config = Self {
            genesis: json.genesis.into(),
            block_time: json.block_time,
            max_sequencer_drift: json.max_sequencer_drift,
            seq_window_size: json.seq_window_size,
            channel_timeout: json.channel_timeout,
            l1_chain_id: json.l1_chain_id,
            l2_chain_id: json.l2_chain_id,
            forks,
            pectra_blob_schedule_time: json.pectra_blob_schedule_time,
            keep_karst_upgrade_gas: json.keep_karst_upgrade_gas,
            batch_inbox_address: json.batch_inbox_address,
            deposit_contract_address: json.deposit_contract_address,
            l1_system_config_address: json.l1_system_config_address,
            base_fee: json.chain_op_config.map(Into::into).unwrap_or_default(),
        };
        match json.granite_channel_timeout {
            None | Some(Self::CHANNEL_TIMEOUT_GRANITE) => {}
            Some(other) => return Err(ConfigError::GraniteChannelTimeout(other)),
        }
        if json.alt_da.is_some() {
            return Err(ConfigError::AltDa);
        }
        config.check()?;
        Ok(config)
    }

    /// Refuses values that no chain can run with. [`from_json`](Self::from_json) has done so already.
    ///
    /// # Errors
    /// The first value that is refused.
    pub fn check(&self) -> Result<(), ConfigError> {
        let fjord_at_genesis = self.is_active(Fork::Fjord, self.genesis.l2_time);
        let canyon_planned = self.forks.get(Fork::Canyon).is_some();
        let zeros = [
            ("block_time", self.block_time == 0),
            ("channel_timeout", self.channel_timeout == 0),
            // Fjord puts a constant in its place, so chains that start there may leave it out.
            ("max_sequencer_drift", self.max_sequencer_drift == 0 && !fjord_at_genesis),
            ("eip1559Elasticity", self.base_fee.elasticity == 0),
            ("eip1559Denominator", self.base_fee.denominator == 0),
            ("eip1559DenominatorCanyon", self.base_fee.denominator_canyon == 0 && canyon_planned),
        ];
        if let Some((key, _)) = zeros.iter().find(|(_, zero)| *zero) {
            return Err(ConfigError::Zero(key));
        }
        if self.seq_window_size < 2 {
            return Err(ConfigError::SequencingWindow(self.seq_window_size));
        }
        let planned = &Fork::ALL[Fork::Regolith as usize..];
        for (&before, &fork) in planned.iter().zip(&planned[1..]) {
            match (self.forks.get(before), self.forks.get(fork)) {
                (Some(earlier), Some(time)) if earlier <= time => {}
                (_, None) => {}
                (_, Some(time)) => return Err(ConfigError::ForkOrder { fork, time, before }),
            }
        }
        Ok(())
    }
}

/// Collects the forks' times from the keys that have no field of their own.
fn fork_times(keys: &BTreeMap<String, serde_json::Value>) -> Result<ForkTimes, ConfigError> {
    let mut times = ForkTimes::default();
    for (key, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
        let Some(name) = key.strip_suffix("_time") else { continue };
        let fork = match name {
            "interop" => Some(Fork::Lagoon), // its name until 2026
            _ => Fork::ALL.into_iter().find(|fork| *fork != Fork::Bedrock && fork.name() == name),
        };
        let fork = fork.ok_or_else(|| ConfigError::UnknownFork(key.clone()))?;
        times.set(fork, Some(value.as_u64().ok_or_else(|| ConfigError::ForkTime(key.clone()))?));
    }
    Ok(times)
}

/// Why a `rollup.json` is not a configuration that this program can judge by.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not JSON, or a key is missing or has the wrong type: the cause names it and its place.
    #[error("not such a configuration: {0}")]
    Json(#[from] serde_json::Error),
    /// The time of a fork that this program doesn't know is set.
    #[error("`{0}` is set, but this version doesn't know that fork")]
    UnknownFork(String),
    /// A fork's time is not a number of seconds.
    #[error("`{0}` is not a time in seconds")]
    ForkTime(String),
    /// A fork is planned before the one that precedes it, or without it.
    #[error("{fork:?} is set to {time}, but the fork before it, {before:?}, isn't active by then")]
    ForkOrder {
        /// The fork that comes too early.
        fork: Fork,
        /// Its time.
        time: u64,
        /// The fork that must not come later.
        before: Fork,
    },
    /// This key must not be zero.
    #[error("`{0}` must not be zero")]
    Zero(&'static str),
    /// The sequencing window is too small to advance an epoch in.
    #[error("`seq_window_size` is {0}, it must be at least 2")]
    SequencingWindow(u64),
    /// The channel time-out from Granite on is a constant of the protocol.
    #[error("`granite_channel_timeout` is {0}, the protocol has 50")]
    GraniteChannelTimeout(u64),
    /// The chain's data lies elsewhere than on L1: nothing can be derived from L1 alone.
    #[error("`alt_da` is set: chains with alternative data availability are not supported")]
    AltDa,
}

/// `rollup.json` as it is written.
#[derive(Deserialize)]
struct ConfigJson {
    genesis: GenesisJson,
    block_time: u64,
    #[serde(default)]
    max_sequencer_drift: u64,
    seq_window_size: u64,
    channel_timeout: u64,
    granite_channel_timeout: Option<u64>,
    l1_chain_id: u64,
    l2_chain_id: u64,
    pectra_blob_schedule_time: Option<u64>,
    #[serde(default)]
    keep_karst_upgrade_gas: bool,
    batch_inbox_address: Address,
    deposit_contract_address: Address,
    l1_system_config_address: Address,
    chain_op_config: Option<BaseFeeJson>,
    alt_da: Option<serde::de::IgnoredAny>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// `genesis` of `rollup.json`.
#[derive(Deserialize)]
struct GenesisJson {
    l1: BlockIdJson,
    l2: BlockIdJson,
    l2_time: u64,
    system_config: SystemConfigJson,
}

/// A block's name in `rollup.json`.
#[derive(Deserialize)]
struct BlockIdJson {
    hash: B256,
    number: u64,
}

/// `genesis.system_config` of `rollup.json`; what came with later forks may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SystemConfigJson {
    #[serde(alias = "batcherAddress")]
    batcher_addr: Address,
    overhead: B256,
    scalar: B256,
    gas_limit: u64,
    #[serde(default)]
    eip1559_params: B64,
    #[serde(default)]
    operator_fee_params: B256,
    #[serde(default)]
    min_base_fee: u64,
    #[serde(default)]
    da_footprint_gas_scalar: u16,
}

/// `chain_op_config` of `rollup.json`.
#[derive(Deserialize)]
struct BaseFeeJson {
    #[serde(rename = "eip1559Elasticity")]
    elasticity: u32,
    #[serde(rename = "eip1559Denominator")]
    denominator: u32,
    #[serde(rename = "eip1559DenominatorCanyon")]
    denominator_canyon: Option<u32>,
}

impl From<GenesisJson> for Genesis {
    fn from(json: GenesisJson) -> Self {
        Self { l1: json.l1.into(), l2: json.l2.into(), l2_time: json.l2_time, system_config: json.system_config.into() }
    }
}

impl From<BlockIdJson> for BlockId {
    fn from(json: BlockIdJson) -> Self {
        Self { number: json.number, hash: json.hash }
    }
}

impl From<SystemConfigJson> for SystemConfig {
    fn from(json: SystemConfigJson) -> Self {
        Self {
            batcher: json.batcher_addr,
            overhead: json.overhead,
            scalar: json.scalar,
            gas_limit: json.gas_limit,
            eip1559_params: Eip1559Params::from_bytes(json.eip1559_params.0),
            operator_fee: OperatorFee::from_word(&json.operator_fee_params.0),
            min_base_fee: json.min_base_fee,
            da_footprint_gas_scalar: json.da_footprint_gas_scalar,
        }
    }
}

impl From<BaseFeeJson> for BaseFeeConfig {
    fn from(json: BaseFeeJson) -> Self {
        Self {
            elasticity: json.elasticity,
            denominator: json.denominator,
            denominator_canyon: json.denominator_canyon.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloc::{format, string::ToString};
    use alloy_primitives::{address, b256};
    use serde_json::{Value, json};

    /// A configuration with block time 2, genesis at time 100 and number 7, and these forks' times. Forks before the
    /// last of them are active from the start.
    pub(crate) fn config(times: &[(Fork, u64)]) -> RollupConfig {
        let mut config = RollupConfig::from_json(old_json().to_string().as_bytes()).unwrap();
        let last = times.iter().map(|(fork, _)| *fork).max().unwrap_or(Fork::Bedrock);
        config.forks = ForkTimes::default();
        for fork in Fork::ALL.into_iter().filter(|fork| *fork < last) {
            config.forks.set(fork, Some(0));
        }
        for &(fork, time) in times {
            config.forks.set(fork, Some(time));
        }
        config
    }

    fn old_json() -> Value {
        json!({
            "genesis": {
                "l1": { "hash": B256::repeat_byte(1), "number": 5 },
                "l2": { "hash": B256::repeat_byte(2), "number": 7 },
                "l2_time": 100,
                "system_config": {
                    "batcherAddr": "0x6887246668a3b87f54deb3b94ba47a6f63f32985",
                    "overhead": "0x00000000000000000000000000000000000000000000000000000000000000bc",
                    "scalar": "0x00000000000000000000000000000000000000000000000000000000000a6fe0",
                    "gasLimit": 30_000_000,
                },
            },
            "block_time": 2,
            "max_sequencer_drift": 600,
            "seq_window_size": 3600,
            "channel_timeout": 300,
            "l1_chain_id": 1,
            "l2_chain_id": 10,
            "regolith_time": 0,
            "canyon_time": null,
            "batch_inbox_address": "0xff00000000000000000000000000000000000010",
            "deposit_contract_address": "0xbeb5fc579115071764c7423a4f12edde41f106ed",
            "l1_system_config_address": "0x229047fed2591dbec1ef1118d64f7af3db9eb290",
            "protocol_versions_address": "0x8062abc286f5e7d9428a0ccb9abd71e50d93b935",
            "da_challenge_address": "0x0000000000000000000000000000000000000000",
            "use_plasma": false,
        })
    }

    fn parse(edit: impl FnOnce(&mut Value)) -> Result<RollupConfig, ConfigError> {
        let mut json = old_json();
        edit(&mut json);
        RollupConfig::from_json(json.to_string().as_bytes())
    }

    #[test]
    fn reads_an_old_rollup_json() {
        let config = parse(|_| {}).unwrap();
        assert_eq!(config.genesis.l1, BlockId { number: 5, hash: B256::repeat_byte(1) });
        assert_eq!(config.genesis.l2, BlockId { number: 7, hash: B256::repeat_byte(2) });
        assert_eq!(
            config.genesis.system_config,
            SystemConfig {
                batcher: address!("6887246668a3b87f54deb3b94ba47a6f63f32985"),
                overhead: b256!("00000000000000000000000000000000000000000000000000000000000000bc"),
                scalar: b256!("00000000000000000000000000000000000000000000000000000000000a6fe0"),
                gas_limit: 30_000_000,
                ..SystemConfig::default()
            }
        );
        assert_eq!(config.forks.get(Fork::Regolith), Some(0));
        assert_eq!(config.forks.get(Fork::Canyon), None);
        assert_eq!(config.base_fee, BaseFeeConfig { elasticity: 6, denominator: 50, denominator_canyon: 250 });
        assert_eq!((config.l1_chain_id, config.l2_chain_id), (1, 10));
        assert!(!config.keep_karst_upgrade_gas);
    }

    #[test]
    fn reads_what_later_forks_added() {
        let config = parse(|json| {
            for (index, fork) in Fork::ALL.into_iter().enumerate().skip(1) {
                json[format!("{}_time", fork.name())] = index.into();
            }
            json["pectra_blob_schedule_time"] = 1742486400.into();
            json["keep_karst_upgrade_gas"] = true.into();
            json["chain_op_config"] =
                json!({"eip1559Elasticity": 2, "eip1559Denominator": 8, "eip1559DenominatorCanyon": 30});
            let system_config = &mut json["genesis"]["system_config"];
            system_config["eip1559Params"] = "0x000000fa00000006".into();
            system_config["operatorFeeParams"] =
                "0x0000000000000000000000000000000000000000000000050000000000070d08".into();
            system_config["minBaseFee"] = 9.into();
            system_config["daFootprintGasScalar"] = 400.into();
        })
        .unwrap();
        for (index, fork) in (0..).zip(Fork::ALL).skip(1) {
            assert_eq!(config.forks.get(fork), Some(index), "{fork:?}");
        }
        assert_eq!(config.pectra_blob_schedule_time, Some(1742486400));
        assert!(config.keep_karst_upgrade_gas);
        assert_eq!(config.base_fee, BaseFeeConfig { elasticity: 2, denominator: 8, denominator_canyon: 30 });
        let system_config = config.genesis.system_config;
        assert_eq!(system_config.eip1559_params, Eip1559Params { denominator: 250, elasticity: 6 });
        assert_eq!(system_config.operator_fee, OperatorFee { scalar: 5, constant: 0x70d08 });
        assert_eq!((system_config.min_base_fee, system_config.da_footprint_gas_scalar), (9, 400));
    }

    #[test]
    fn names_the_fork_it_does_not_know() {
        let error = parse(|json| json["monsoon_time"] = 5.into()).unwrap_err();
        assert!(matches!(&error, ConfigError::UnknownFork(key) if key == "monsoon_time"), "{error}");
        assert!(error.to_string().contains("monsoon_time"));
        assert!(matches!(parse(|json| json["bedrock_time"] = 0.into()), Err(ConfigError::UnknownFork(_))));
        parse(|json| json["monsoon_time"] = Value::Null).expect("not planned");
        parse(|json| json["monsoon_window"] = 5.into()).expect("not a fork");
    }

    #[test]
    fn interop_is_lagoons_old_name() {
        let config = parse(|json| {
            for fork in &Fork::ALL[1..Fork::Lagoon as usize] {
                json[format!("{}_time", fork.name())] = 0.into();
            }
            json["interop_time"] = 50.into();
        });
        assert_eq!(config.unwrap().forks.get(Fork::Lagoon), Some(50));
    }

    #[test]
    fn names_the_key_that_is_missing() {
        for key in ["genesis", "block_time", "seq_window_size", "batch_inbox_address", "l2_chain_id"] {
            let error = parse(|json| drop(json.as_object_mut().unwrap().remove(key))).unwrap_err();
            assert!(error.to_string().contains(key), "{key}: {error}");
        }
    }

    #[test]
    fn refuses_forks_out_of_order() {
        let late = parse(|json| {
            json["canyon_time"] = 10.into();
            json["delta_time"] = 9.into();
        });
        let missing = parse(|json| json["delta_time"] = 9.into());
        for error in [late.unwrap_err(), missing.unwrap_err()] {
            assert!(
                matches!(error, ConfigError::ForkOrder { fork: Fork::Delta, time: 9, before: Fork::Canyon }),
                "{error}"
            );
        }
    }

    #[test]
    fn refuses_values_no_chain_can_run_with() {
        let zero = |key| move |json: &mut Value| json[key] = 0.into();
        for key in ["block_time", "channel_timeout", "max_sequencer_drift"] {
            assert!(matches!(parse(zero(key)), Err(ConfigError::Zero(name)) if name == key), "{key}");
        }
        for size in [0, 1] {
            let config = parse(|json| json["seq_window_size"] = size.into());
            assert!(matches!(config, Err(ConfigError::SequencingWindow(found)) if found == size));
        }
        let no_elasticity = json!({"eip1559Elasticity": 0, "eip1559Denominator": 8, "eip1559DenominatorCanyon": 30});
        assert!(matches!(parse(|json| json["chain_op_config"] = no_elasticity), Err(ConfigError::Zero(_))));
        let no_canyon = json!({"eip1559Elasticity": 2, "eip1559Denominator": 8});
        parse(|json| json["chain_op_config"] = no_canyon.clone()).expect("Canyon is not planned");
        assert!(matches!(
            parse(|json| {
                json["canyon_time"] = 0.into();
                json["chain_op_config"] = no_canyon;
            }),
            Err(ConfigError::Zero("eip1559DenominatorCanyon"))
        ));
        assert!(matches!(parse(|json| json["canyon_time"] = "soon".into()), Err(ConfigError::ForkTime(_))));
    }

    #[test]
    fn drift_may_be_left_out_where_fjord_is_there_from_the_start() {
        let config = parse(|json| {
            json.as_object_mut().unwrap().remove("max_sequencer_drift");
            for fork in ["canyon", "delta", "ecotone", "fjord"] {
                json[format!("{fork}_time")] = 0.into();
            }
        });
        assert_eq!(config.unwrap().max_sequencer_drift(0), 1800);
    }

    #[test]
    fn refuses_rules_that_are_not_the_protocols() {
        assert!(matches!(
            parse(|json| json["granite_channel_timeout"] = 60.into()),
            Err(ConfigError::GraniteChannelTimeout(60))
        ));
        parse(|json| json["granite_channel_timeout"] = 50.into()).unwrap();
        assert!(matches!(parse(|json| json["alt_da"] = json!({"da_commitment_type": "x"})), Err(ConfigError::AltDa)));
        parse(|json| json["alt_da"] = Value::Null).unwrap();
    }

    #[test]
    fn a_fork_activates_in_the_first_block_not_before_its_time() {
        let config = config(&[(Fork::Canyon, 105)]);
        let active = [103, 104, 105, 106, 107].map(|time| config.is_active(Fork::Canyon, time));
        assert_eq!(active, [false, false, true, true, true]);
        let activates = [104, 105, 106, 107].map(|time| config.is_activation_block(Fork::Canyon, time));
        assert_eq!(activates, [false, true, true, false]);
        assert!(!config.is_active(Fork::Delta, u64::MAX));
    }

    #[test]
    fn a_fork_at_genesis_has_no_activation_block() {
        let config = config(&[(Fork::Canyon, 0)]);
        for time in [0, 1, 2, 100, 102] {
            assert!(!config.is_activation_block(Fork::Canyon, time), "{time}");
        }
        assert!(!config.is_activation_block(Fork::Bedrock, 0));
    }

    #[test]
    fn limits_change_with_their_forks() {
        let config = config(&[(Fork::Fjord, 1000), (Fork::Granite, 2000)]);
        let limits = |time| {
            (
                config.max_rlp_bytes_per_channel(time),
                config.max_channel_bank_size(time),
                config.max_sequencer_drift(time),
                config.channel_timeout(time),
            )
        };
        assert_eq!(limits(999), (10_000_000, 100_000_000, 600, 300));
        assert_eq!(limits(1000), (100_000_000, 1_000_000_000, 1800, 300));
        assert_eq!(limits(2000), (100_000_000, 1_000_000_000, 1800, 50));
    }

    #[test]
    fn blocks_and_times_translate() {
        let config = config(&[]);
        assert_eq!([7, 8, 10].map(|number| config.l2_timestamp(number)), [100, 102, 106]);
        assert_eq!([99, 100, 101, 102].map(|time| config.l2_number(time)), [None, Some(7), Some(7), Some(8)]);
        assert_eq!(config.l2_timestamp(u64::MAX), u64::MAX);
    }
}
