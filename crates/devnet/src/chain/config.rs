use alloy_eips::eip1559::BaseFeeParams;
use alloy_op_hardforks::{ForkCondition, OpChainHardforks, OpHardfork};
use alloy_primitives::{Address, B64, B256, Bytes, Log, LogData, U256, address, keccak256};
use serde_json::{Value, json};

/// Where the batcher sends its transactions on L1.
pub const BATCH_INBOX: Address = address!("ff00000000000000000000000000000000000901");
/// The L1 contract that emits deposits.
pub const DEPOSIT_CONTRACT: Address = address!("00000000000000000000000000000000000de905");
/// The L1 contract that emits updates of the system config.
pub const SYSTEM_CONFIG: Address = address!("0000000000000000000000000000000000c0f160");

/// What a chain is made from. Equal configurations and scripts make equal chains, byte by byte.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Seed of the keys and of everything on L1 that nobody chooses.
    pub seed: u64,
    /// The newest fork of L2; it and all before it are active from the genesis block on. Fjord to Jovian.
    pub fork: OpHardfork,
    /// Timestamp of both genesis blocks.
    pub genesis_time: u64,
    /// Seconds between two L1 blocks.
    pub l1_block_time: u64,
    /// Seconds between two L2 blocks.
    pub l2_block_time: u64,
    /// L1 blocks in which a batch of an epoch may be included.
    pub seq_window_size: u64,
    /// L1 blocks that a channel may take before Granite.
    pub channel_timeout: u64,
    /// L1's headers have the fields of Amsterdam.
    pub l1_amsterdam: bool,
    /// Chain id of L1.
    pub l1_chain_id: u64,
    /// Chain id of L2.
    pub l2_chain_id: u64,
    /// Constants of the L2 base fee.
    pub base_fee: BaseFeeParams,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            fork: OpHardfork::Jovian,
            genesis_time: 1_800_000_000,
            l1_block_time: 12,
            l1_amsterdam: false,
            l2_block_time: 2,
            seq_window_size: 60,
            channel_timeout: 40,
            l1_chain_id: 900,
            l2_chain_id: 901,
            base_fee: BaseFeeParams::new(250, 6),
        }
    }
}

impl Config {
    /// True if `fork` is active on L2.
    pub fn is_active(&self, fork: OpHardfork) -> bool {
        fork <= self.fork
    }

    /// The same as the executor wants to be told.
    pub(crate) fn hardforks(&self) -> OpChainHardforks {
        let condition = |active| if active { ForkCondition::Timestamp(0) } else { ForkCondition::Never };
        OpChainHardforks::new(OpHardfork::VARIANTS.iter().map(|fork| (*fork, condition(self.is_active(*fork)))))
    }

    /// Bytes that belong to nothing but this chain: what the L1 of a script leaves open.
    pub(crate) fn noise(&self, purpose: &str, number: u64) -> B256 {
        keccak256([&self.seed.to_be_bytes(), purpose.as_bytes(), &number.to_be_bytes()].concat())
    }

    /// `rollup.json` as op-node has it.
    pub(crate) fn rollup_json(&self, l1_genesis: B256, l2_genesis: B256, system_config: &SystemConfig) -> Value {
        let mut json = json!({
            "genesis": {
                "l1": { "hash": l1_genesis, "number": 0 },
                "l2": { "hash": l2_genesis, "number": 0 },
                "l2_time": self.genesis_time,
                "system_config": system_config.json(),
            },
            "block_time": self.l2_block_time,
            "max_sequencer_drift": 600,
            "seq_window_size": self.seq_window_size,
            "channel_timeout": self.channel_timeout,
            "l1_chain_id": self.l1_chain_id,
            "l2_chain_id": self.l2_chain_id,
            "regolith_time": 0,
            "canyon_time": 0,
            "delta_time": 0,
            "ecotone_time": 0,
            "batch_inbox_address": BATCH_INBOX,
            "deposit_contract_address": DEPOSIT_CONTRACT,
            "l1_system_config_address": SYSTEM_CONFIG,
            "protocol_versions_address": Address::ZERO,
            "chain_op_config": {
                "eip1559Elasticity": self.base_fee.elasticity_multiplier,
                "eip1559Denominator": self.base_fee.max_change_denominator,
                "eip1559DenominatorCanyon": self.base_fee.max_change_denominator,
            },
        });
        let named = [
            (OpHardfork::Fjord, "fjord_time"),
            (OpHardfork::Granite, "granite_time"),
            (OpHardfork::Holocene, "holocene_time"),
            (OpHardfork::Isthmus, "isthmus_time"),
            (OpHardfork::Jovian, "jovian_time"),
        ];
        for (fork, key) in named {
            if self.is_active(fork) {
                json[key] = 0.into();
            }
        }
        json
    }

    /// The L1 chain's configuration as geth has it: Prague from the genesis block on.
    pub(crate) fn l1_json(&self) -> Value {
        let mut json = json!({
            "chainId": self.l1_chain_id,
            "terminalTotalDifficulty": 0,
            "shanghaiTime": 0,
            "cancunTime": 0,
            "pragueTime": 0,
            "blobSchedule": {
                "cancun": { "target": 3, "max": 6, "baseFeeUpdateFraction": 3_338_477 },
                "prague": { "target": 6, "max": 9, "baseFeeUpdateFraction": 5_007_716 },
            },
        });
        let forks = ["homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg"];
        for fork in forks.into_iter().chain(["istanbul", "berlin", "london"]) {
            json[format!("{fork}Block")] = 0.into();
        }
        json
    }
}

/// The parameters of L2 that a contract on L1 keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemConfig {
    /// Who may post batches.
    pub batcher: Address,
    /// Weight of the L1 base fee in L2 fees.
    pub base_fee_scalar: u32,
    /// Weight of the L1 blob base fee in L2 fees.
    pub blob_base_fee_scalar: u32,
    /// Gas limit of L2 blocks.
    pub gas_limit: u64,
    /// Base fee change denominator and elasticity (Holocene); zeros mean the chain's constants.
    pub eip1559: (u32, u32),
    /// Operator fee in a millionth of a wei per gas (Isthmus); per gas times 100 from Jovian on.
    pub operator_fee_scalar: u32,
    /// Operator fee per transaction in wei (Isthmus).
    pub operator_fee_constant: u64,
    /// Floor of the L2 base fee in wei (Jovian).
    pub min_base_fee: u64,
    /// Data availability footprint per estimated byte (Jovian).
    pub da_footprint_gas_scalar: u16,
}

/// A change of the system config, as the contract on L1 logs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigUpdate {
    /// Who may post batches.
    Batcher(Address),
    /// The weights of the L1 fees.
    FeeScalars {
        /// Of the base fee.
        base_fee: u32,
        /// Of the blob base fee.
        blob_base_fee: u32,
    },
    /// The gas limit of L2 blocks.
    GasLimit(u64),
    /// The parameters of the L2 base fee.
    Eip1559 {
        /// Base fee change denominator.
        denominator: u32,
        /// Elasticity multiplier.
        elasticity: u32,
    },
    /// The operator fee.
    OperatorFee {
        /// Per gas.
        scalar: u32,
        /// Per transaction.
        constant: u64,
    },
    /// The floor of the L2 base fee.
    MinBaseFee(u64),
    /// Data availability footprint per estimated byte.
    DaFootprintGasScalar(u16),
}

impl SystemConfig {
    /// What a chain starts with.
    pub(crate) fn genesis(config: &Config, batcher: Address) -> Self {
        let jovian = config.is_active(OpHardfork::Jovian);
        Self {
            batcher,
            base_fee_scalar: 1368,
            blob_base_fee_scalar: 810_949,
            gas_limit: 30_000_000,
            eip1559: (0, 0),
            operator_fee_scalar: 0,
            operator_fee_constant: 0,
            min_base_fee: 0,
            da_footprint_gas_scalar: if jovian { 400 } else { 0 },
        }
    }

    /// Applies an update. One that belongs to a fork which isn't active has nowhere to be kept in L2 and is lost.
    pub(crate) fn apply(&mut self, update: ConfigUpdate, config: &Config) {
        match update {
            ConfigUpdate::Batcher(batcher) => self.batcher = batcher,
            ConfigUpdate::FeeScalars { base_fee, blob_base_fee } => {
                (self.base_fee_scalar, self.blob_base_fee_scalar) = (base_fee, blob_base_fee);
            }
            ConfigUpdate::GasLimit(gas_limit) => self.gas_limit = gas_limit,
            ConfigUpdate::Eip1559 { denominator, elasticity } if config.is_active(OpHardfork::Holocene) => {
                self.eip1559 = (denominator, elasticity);
            }
            ConfigUpdate::OperatorFee { scalar, constant } if config.is_active(OpHardfork::Isthmus) => {
                (self.operator_fee_scalar, self.operator_fee_constant) = (scalar, constant);
            }
            ConfigUpdate::MinBaseFee(wei) if config.is_active(OpHardfork::Jovian) => self.min_base_fee = wei,
            ConfigUpdate::DaFootprintGasScalar(scalar) if config.is_active(OpHardfork::Jovian) => {
                // Zero stands for the default.
                self.da_footprint_gas_scalar = if scalar == 0 { 400 } else { scalar };
            }
            _ => {}
        }
    }

    /// Denominator and elasticity as headers carry them.
    pub(crate) fn eip1559_bytes(&self) -> B64 {
        B64::from((u64::from(self.eip1559.0) << 32 | u64::from(self.eip1559.1)).to_be_bytes())
    }

    /// `genesis.system_config` of `rollup.json`.
    pub(crate) fn json(&self) -> Value {
        let operator_fee = operator_fee(self.operator_fee_scalar, self.operator_fee_constant);
        json!({
            "batcherAddr": self.batcher,
            "overhead": B256::ZERO,
            "scalar": fee_scalars(self.base_fee_scalar, self.blob_base_fee_scalar),
            "gasLimit": self.gas_limit,
            "eip1559Params": self.eip1559_bytes(),
            "operatorFeeParams": B256::from(operator_fee),
            "minBaseFee": self.min_base_fee,
            "daFootprintGasScalar": self.da_footprint_gas_scalar,
        })
    }
}

impl ConfigUpdate {
    /// The log that announces the update: `ConfigUpdate(uint256 indexed, uint8 indexed, bytes)`.
    pub(crate) fn log(&self) -> Log {
        let word = |number: u64| U256::from(number);
        let (kind, payload): (u64, Vec<U256>) = match *self {
            Self::Batcher(batcher) => (0, vec![batcher.into_word().into()]),
            Self::FeeScalars { base_fee, blob_base_fee } => {
                (1, vec![U256::ZERO, fee_scalars(base_fee, blob_base_fee).into()])
            }
            Self::GasLimit(gas_limit) => (2, vec![word(gas_limit)]),
            Self::Eip1559 { denominator, elasticity } => {
                (4, vec![word(u64::from(denominator) << 32 | u64::from(elasticity))])
            }
            Self::OperatorFee { scalar, constant } => (5, vec![operator_fee(scalar, constant)]),
            Self::MinBaseFee(wei) => (6, vec![word(wei)]),
            Self::DaFootprintGasScalar(scalar) => (7, vec![word(scalar.into())]),
        };
        let topics = vec![keccak256("ConfigUpdate(uint256,uint8,bytes)"), B256::ZERO, B256::from(word(kind))];
        let data: Bytes = abi_bytes(&payload.iter().flat_map(|word| word.to_be_bytes::<32>()).collect::<Vec<_>>());
        Log { address: SYSTEM_CONFIG, data: LogData::new_unchecked(topics, data) }
    }
}

/// Encodes one `bytes` argument: where it starts, its length, itself, zeros to the next word.
pub(crate) fn abi_bytes(payload: &[u8]) -> Bytes {
    let words = [U256::from(32), U256::from(payload.len())];
    let mut encoded: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect();
    encoded.extend_from_slice(payload);
    encoded.resize(encoded.len().next_multiple_of(32), 0);
    encoded.into()
}

/// Version 1 of the packed scalars.
fn fee_scalars(base_fee: u32, blob_base_fee: u32) -> B256 {
    let mut scalar = B256::ZERO;
    scalar[0] = 1;
    scalar[24..28].copy_from_slice(&blob_base_fee.to_be_bytes());
    scalar[28..].copy_from_slice(&base_fee.to_be_bytes());
    scalar
}

/// Scalar and constant of the operator fee in one word.
fn operator_fee(scalar: u32, constant: u64) -> U256 {
    U256::from(scalar) << 64 | U256::from(constant)
}
