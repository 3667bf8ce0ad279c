use super::{Config, Fork, SYSTEM_CONFIG, l2::upgrade_gas};
use alloy_primitives::{Address, B64, B256, Bytes, Log, LogData, U256, keccak256};
use serde_json::{Value, json};

/// Data availability footprint per byte where nobody set any.
const DEFAULT_FOOTPRINT: u16 = 400;

/// The parameters of L2 that a contract on L1 keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemConfig {
    /// Who may post batches.
    pub batcher: Address,
    /// What is added to a transaction's share of L1 data; nothing from Ecotone on.
    pub overhead: B256,
    /// Weights of L1's fees: one number before Ecotone, then one or two packed ones with their version.
    pub scalar: B256,
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
    /// The same before Ecotone, or as it may also be announced after.
    Scalar {
        /// What is added to a transaction's share of L1 data.
        overhead: B256,
        /// The weights, as they are packed.
        scalar: B256,
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
        let at_genesis = |fork| config.is_active(fork, config.genesis_time);
        let (overhead, scalar) = match at_genesis(Fork::Ecotone) {
            true => (U256::ZERO, fee_scalars(1368, 810_949)),
            false => (U256::from(188), U256::from(684_000).into()),
        };
        let mut genesis = Self {
            batcher,
            overhead: overhead.into(),
            scalar,
            gas_limit: 30_000_000,
            eip1559: (0, 0),
            operator_fee_scalar: 0,
            operator_fee_constant: 0,
            min_base_fee: 0,
            da_footprint_gas_scalar: if at_genesis(Fork::Jovian) { DEFAULT_FOOTPRINT } else { 0 },
        };
        config.initially.iter().for_each(|update| genesis.apply(*update, config, config.genesis_time));
        genesis
    }

    /// Applies an update that is announced in an L1 block at `l1_time`. One that makes no sense changes nothing.
    pub(crate) fn apply(&mut self, update: ConfigUpdate, config: &Config, l1_time: u64) {
        match update {
            ConfigUpdate::Batcher(batcher) => self.batcher = batcher,
            ConfigUpdate::FeeScalars { base_fee, blob_base_fee } => {
                let scalar = fee_scalars(base_fee, blob_base_fee);
                self.apply(ConfigUpdate::Scalar { overhead: B256::ZERO, scalar }, config, l1_time);
            }
            ConfigUpdate::Scalar { scalar, .. } if config.is_active(Fork::Ecotone, l1_time) => {
                let padding = match scalar[0] {
                    0 => &scalar[1..28],
                    1 => &scalar[1..24],
                    _ => return,
                };
                if padding.iter().all(|byte| *byte == 0) {
                    (self.overhead, self.scalar) = (B256::ZERO, scalar);
                }
            }
            ConfigUpdate::Scalar { overhead, scalar } => (self.overhead, self.scalar) = (overhead, scalar),
            ConfigUpdate::GasLimit(gas_limit) => self.gas_limit = gas_limit,
            ConfigUpdate::Eip1559 { denominator, elasticity } => {
                if (denominator == 0) == (elasticity == 0) {
                    self.eip1559 = (denominator, elasticity);
                }
            }
            ConfigUpdate::OperatorFee { scalar, constant } => {
                (self.operator_fee_scalar, self.operator_fee_constant) = (scalar, constant);
            }
            ConfigUpdate::MinBaseFee(wei) => self.min_base_fee = wei,
            ConfigUpdate::DaFootprintGasScalar(scalar) => self.da_footprint_gas_scalar = scalar,
        }
    }

    /// What of it the L2 block at `timestamp` carries, and so all that the next block knows of it. What the block has
    /// no place for yet is lost.
    pub(crate) fn carried(self, config: &Config, timestamp: u64) -> Self {
        let active = |fork| config.is_active(fork, timestamp);
        let settled = |fork| config.is_settled(fork, timestamp);
        let mut carried = self;
        if settled(Fork::Ecotone) {
            let (base_fee, blob_base_fee) = self.fee_scalars();
            (carried.overhead, carried.scalar) = (B256::ZERO, fee_scalars(base_fee, blob_base_fee));
        }
        if config.keep_karst_upgrade_gas {
            carried.gas_limit += upgrade_gas(config, timestamp);
        }
        if !active(Fork::Holocene) {
            carried.eip1559 = (0, 0);
        }
        if !settled(Fork::Isthmus) {
            (carried.operator_fee_scalar, carried.operator_fee_constant) = (0, 0);
        }
        if !active(Fork::Jovian) {
            carried.min_base_fee = 0;
        }
        carried.da_footprint_gas_scalar = if settled(Fork::Jovian) { self.da_footprint_gas_scalar() } else { 0 };
        carried
    }

    /// The weights of the L1 base fee and the L1 blob base fee in L2's fees from Ecotone on.
    pub fn fee_scalars(&self) -> (u32, u32) {
        let number = |at: usize| U256::from_be_slice(&self.scalar[at..at + 4]).to::<u32>();
        match self.scalar[0] {
            0 if self.scalar[1..28].iter().any(|byte| *byte != 0) => (u32::MAX, 0),
            0 => (number(28), 0),
            _ => (number(28), number(24)),
        }
    }

    /// The footprint per byte, where zero stands for the default.
    pub(crate) fn da_footprint_gas_scalar(&self) -> u16 {
        if self.da_footprint_gas_scalar == 0 { DEFAULT_FOOTPRINT } else { self.da_footprint_gas_scalar }
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
            "overhead": self.overhead,
            "scalar": self.scalar,
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
    pub fn log(&self) -> Log {
        let word = |number: u64| U256::from(number);
        let (kind, payload): (u64, Vec<U256>) = match *self {
            Self::Batcher(batcher) => (0, vec![batcher.into_word().into()]),
            Self::FeeScalars { base_fee, blob_base_fee } => {
                (1, vec![U256::ZERO, fee_scalars(base_fee, blob_base_fee).into()])
            }
            Self::Scalar { overhead, scalar } => (1, vec![overhead.into(), scalar.into()]),
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
