use crate::{
    ConfigUpdate, ExtraData, Fork, L1Info, L1InfoLayout, L2BlockError, L2BlockParts, RollupConfig, upgrade_gas,
};
use alloy_primitives::{Address, B256};

/// The L2 chain's parameters as one L2 block carries them (rules S13): reconstructed from the block itself, the
/// input of the next block's attributes.
///
/// Not to be confused with the batcher address that L1 traversal follows log by log: see
/// `kohala_derive` and its `Batcher`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemConfig {
    /// Who may post batches.
    pub batcher: Address,
    /// L1 fee overhead; zero from Ecotone on.
    pub overhead: B256,
    /// L1 fee scalar: one number before Ecotone, version byte and two packed scalars after.
    pub scalar: B256,
    /// Gas limit of L2 blocks.
    pub gas_limit: u64,
    /// Base fee parameters; zeros mean the chain's constants.
    pub eip1559_params: Eip1559Params,
    /// Operator fee (Isthmus).
    pub operator_fee: OperatorFee,
    /// Floor of the base fee in wei (Jovian).
    pub min_base_fee: u64,
    /// Data availability footprint per estimated byte (Jovian).
    pub da_footprint_gas_scalar: u16,
}

impl SystemConfig {
    /// Applies what the `SystemConfig` contract on L1 announced.
    pub const fn apply(&mut self, update: ConfigUpdate) {
        match update {
            ConfigUpdate::Batcher(batcher) => self.batcher = batcher,
            ConfigUpdate::FeeScalars { overhead, scalar } => {
                self.overhead = overhead;
                self.scalar = scalar;
            }
            ConfigUpdate::GasLimit(gas_limit) => self.gas_limit = gas_limit,
            ConfigUpdate::UnsafeBlockSigner => {}
            ConfigUpdate::Eip1559(params) => self.eip1559_params = params,
            ConfigUpdate::OperatorFee(fee) => self.operator_fee = fee,
            ConfigUpdate::MinBaseFee(wei) => self.min_base_fee = wei,
            ConfigUpdate::DaFootprintGasScalar(scalar) => self.da_footprint_gas_scalar = scalar,
        }
    }

    /// Reads the system config out of an L2 block (rules S13, S14): what its L1 info transaction and header carry.
    ///
    /// Whatever a fork hasn't made part of the block yet is zero, also where L1 announced it before: updates of the
    /// operator fee before Isthmus are lost, for one.
    pub fn of_block(config: &RollupConfig, block: L2BlockParts<'_>) -> Result<Self, L2BlockError> {
        if block.is_genesis(config)? {
            return Ok(config.genesis.system_config);
        }
        let info = L1Info::of_block(config, block)?;
        let extra = ExtraData::decode(config, block.info.timestamp, block.extra_data)?;
        // Back to the gas limit that the activation block's upgrade transactions came on top of (rules U13, Z17).
        let added = if config.keep_karst_upgrade_gas && config.is_activation_block(Fork::Karst, block.info.timestamp) {
            0
        } else {
            upgrade_gas(config, block.info.timestamp)
        };
        let scalar = match L1InfoLayout::at(config, block.info.timestamp) {
            L1InfoLayout::Bedrock => info.scalar,
            // Whether L1 announced version 0 or 1 is unknown here; as version 1 both mean the same.
            _ => EcotoneScalars { base_fee: info.base_fee_scalar, blob_base_fee: info.blob_base_fee_scalar }.encode(),
        };
        Ok(Self {
            batcher: info.batcher,
            overhead: info.overhead,
            scalar,
            gas_limit: block.gas_limit.checked_sub(added).ok_or(L2BlockError::GasLimit)?,
            eip1559_params: extra.eip1559_params,
            operator_fee: info.operator_fee,
            min_base_fee: extra.min_base_fee,
            da_footprint_gas_scalar: info.da_footprint_gas_scalar,
        })
    }
}

/// The two L1 fee scalars that [`SystemConfig::scalar`] packs from Ecotone on (rules S12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EcotoneScalars {
    /// Weight of the L1 base fee.
    pub base_fee: u32,
    /// Weight of the L1 blob base fee.
    pub blob_base_fee: u32,
}

impl EcotoneScalars {
    /// Reads the packed word as an L1 log has to carry it: version 0 or 1 with zeros as padding.
    pub fn decode(scalar: &B256) -> Result<Self, ScalarError> {
        let [version, .., b0, b1, b2, b3, s0, s1, s2, s3] = scalar.0;
        let zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        let base_fee = u32::from_be_bytes([s0, s1, s2, s3]);
        match version {
            0 if zero(&scalar[1..28]) => Ok(Self { base_fee, blob_base_fee: 0 }),
            0 => Err(ScalarError::BedrockPadding),
            1 if zero(&scalar[1..24]) => Ok(Self { base_fee, blob_base_fee: u32::from_be_bytes([b0, b1, b2, b3]) }),
            1 => Err(ScalarError::EcotonePadding),
            _ => Err(ScalarError::Version),
        }
    }

    /// Reads the word in force. Unlike a log's, a word left from before Ecotone may be too large for 32 bits: it then
    /// counts as the largest scalar.
    pub fn in_force(scalar: &B256) -> Result<Self, ScalarError> {
        match Self::decode(scalar) {
            Err(ScalarError::BedrockPadding) => Ok(Self { base_fee: u32::MAX, blob_base_fee: 0 }),
            scalars => scalars,
        }
    }

    /// Packs the scalars as version 1.
    pub fn encode(self) -> B256 {
        let mut word = B256::ZERO;
        word[0] = 1;
        word[24..28].copy_from_slice(&self.blob_base_fee.to_be_bytes());
        word[28..].copy_from_slice(&self.base_fee.to_be_bytes());
        word
    }
}

/// Why a word doesn't pack two L1 fee scalars (rules S12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScalarError {
    /// Version 0 with more than a 32-bit number.
    #[error("L1 fee scalar of version 0 exceeds 32 bits")]
    BedrockPadding,
    /// Version 1 with more than two 32-bit numbers.
    #[error("L1 fee scalar of version 1 has padding that isn't zero")]
    EcotonePadding,
    /// Neither version 0 nor 1.
    #[error("L1 fee scalar of unknown version")]
    Version,
}

/// EIP-1559 parameters of the L2 base fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eip1559Params {
    /// Base fee change denominator.
    pub denominator: u32,
    /// Elasticity multiplier.
    pub elasticity: u32,
}

impl Eip1559Params {
    /// Reads denominator and elasticity, four big-endian bytes each.
    pub const fn from_bytes([d0, d1, d2, d3, e0, e1, e2, e3]: [u8; 8]) -> Self {
        Self { denominator: u32::from_be_bytes([d0, d1, d2, d3]), elasticity: u32::from_be_bytes([e0, e1, e2, e3]) }
    }

    /// Writes denominator and elasticity, four big-endian bytes each.
    pub const fn to_bytes(self) -> [u8; 8] {
        (((self.denominator as u64) << 32) | self.elasticity as u64).to_be_bytes()
    }
}

/// The operator fee's two parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperatorFee {
    /// Per unit of gas, in millionths of a wei (Isthmus) or hundreds of wei (Jovian).
    pub scalar: u32,
    /// Per transaction, in wei.
    pub constant: u64,
}

impl OperatorFee {
    /// Reads the parameters from the word that `SystemConfig` packs them in (rules S11, type 5).
    pub fn from_word(word: &[u8; 32]) -> Self {
        let [.., s0, s1, s2, s3, c0, c1, c2, c3, c4, c5, c6, c7] = *word;
        Self {
            scalar: u32::from_be_bytes([s0, s1, s2, s3]),
            constant: u64::from_be_bytes([c0, c1, c2, c3, c4, c5, c6, c7]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        BlockInfo, Deposit, DepositDecodeError, ExtraDataError, L1InfoError, L2BlockInfo, Source, config::tests::config,
    };
    use alloc::vec::Vec;
    use alloy_primitives::{Bytes, TxKind, U256, b256};

    const EXTRA: ExtraData =
        ExtraData { eip1559_params: Eip1559Params { denominator: 250, elasticity: 6 }, min_base_fee: 77 };

    fn info() -> L1Info {
        L1Info {
            number: 11,
            hash: B256::repeat_byte(12),
            sequence_number: 13,
            batcher: Address::repeat_byte(1),
            overhead: B256::repeat_byte(2),
            scalar: B256::repeat_byte(3),
            base_fee_scalar: 4,
            blob_base_fee_scalar: 5,
            operator_fee: OperatorFee { scalar: 6, constant: 7 },
            da_footprint_gas_scalar: 8,
            ..L1Info::default()
        }
    }

    /// A block with the L1 info and the extra data of its time.
    struct Block {
        config: RollupConfig,
        timestamp: u64,
        transaction: Bytes,
        extra_data: Vec<u8>,
    }

    impl Block {
        fn at(forks: &[(Fork, u64)], timestamp: u64) -> Self {
            let config = config(forks);
            let transaction = Deposit {
                source_hash: Source::L1Info { l1_hash: B256::ZERO, sequence_number: 0 }.hash(),
                from: Address::ZERO,
                to: TxKind::Call(Address::ZERO),
                mint: U256::ZERO,
                value: U256::ZERO,
                gas: 0,
                is_system: false,
                data: info().encode(L1InfoLayout::at(&config, timestamp)).into(),
            };
            let extra_data = EXTRA.encode(&config, timestamp);
            Self { config, timestamp, transaction: transaction.encode(), extra_data }
        }

        fn parts(&self) -> L2BlockParts<'_> {
            let number = 7 + (self.timestamp - 100) / 2;
            L2BlockParts {
                info: BlockInfo { number, timestamp: self.timestamp, ..BlockInfo::default() },
                gas_limit: 30_000_000,
                extra_data: &self.extra_data,
                first_transaction: Some(&self.transaction),
            }
        }

        fn system_config(&self) -> Result<SystemConfig, L2BlockError> {
            SystemConfig::of_block(&self.config, self.parts())
        }
    }

    #[test]
    fn a_block_carries_what_its_fork_has_made_part_of_it() {
        let bedrock = SystemConfig {
            batcher: Address::repeat_byte(1),
            overhead: B256::repeat_byte(2),
            scalar: B256::repeat_byte(3),
            gas_limit: 30_000_000,
            ..SystemConfig::default()
        };
        let scalar = b256!("0100000000000000000000000000000000000000000000000000000500000004");
        let ecotone = SystemConfig { overhead: B256::ZERO, scalar, ..bedrock };
        let holocene = SystemConfig { eip1559_params: EXTRA.eip1559_params, ..ecotone };
        let isthmus = SystemConfig { operator_fee: OperatorFee { scalar: 6, constant: 7 }, ..holocene };
        let jovian_activation = SystemConfig { min_base_fee: 77, ..isthmus };
        let jovian = SystemConfig { da_footprint_gas_scalar: 8, ..jovian_activation };
        let forks = [(Fork::Ecotone, 1000), (Fork::Holocene, 1010), (Fork::Isthmus, 1020), (Fork::Jovian, 1030)];
        let expected = [
            (998, bedrock),
            (1000, bedrock),
            (1002, ecotone),
            (1010, holocene),
            (1020, holocene),
            (1022, isthmus),
            (1030, jovian_activation),
            (1032, jovian),
        ];
        for (timestamp, expected) in expected {
            assert_eq!(Block::at(&forks, timestamp).system_config(), Ok(expected), "{timestamp}");
        }
    }

    /// What comes with the upgrade transactions goes with them, unless the chain has kept it from the start.
    #[test]
    fn karsts_upgrade_gas_is_for_its_activation_block_unless_the_chain_keeps_it() {
        const UPGRADES: u64 = 55_370_657;
        let gas_limit = |timestamp, keep, header_gas_limit| {
            let mut block = Block::at(&[(Fork::Karst, 1030)], timestamp);
            block.config.keep_karst_upgrade_gas = keep;
            let parts = L2BlockParts { gas_limit: header_gas_limit, ..block.parts() };
            SystemConfig::of_block(&block.config, parts).map(|config| config.gas_limit)
        };
        for keep in [false, true] {
            for timestamp in [1028, 1032] {
                assert_eq!(gas_limit(timestamp, keep, 30_000_000), Ok(30_000_000), "{timestamp} {keep}");
            }
        }
        let activation = 30_000_000 + UPGRADES;
        assert_eq!(gas_limit(1030, false, activation), Ok(30_000_000));
        assert_eq!(gas_limit(1030, true, activation), Ok(activation));
        // Less than what was added is no block of op-node's.
        assert_eq!(gas_limit(1030, false, UPGRADES), Ok(0));
        assert_eq!(gas_limit(1030, false, UPGRADES - 1), Err(L2BlockError::GasLimit));
        assert_eq!(gas_limit(1030, true, UPGRADES - 1), Ok(UPGRADES - 1));
    }

    #[test]
    fn genesis_has_the_configurations() {
        let config = config(&[(Fork::Jovian, 0)]);
        let genesis = |hash| L2BlockParts {
            info: BlockInfo { number: 7, hash, ..BlockInfo::default() },
            gas_limit: 1,
            extra_data: b"BEDROCK",
            first_transaction: None,
        };
        let right = genesis(config.genesis.l2.hash);
        assert_eq!(SystemConfig::of_block(&config, right), Ok(config.genesis.system_config));
        let info = L2BlockInfo { block: right.info, l1_origin: config.genesis.l1, sequence_number: 0 };
        assert_eq!(L2BlockInfo::of_block(&config, right), Ok(info));
        let wrong = genesis(B256::ZERO);
        assert_eq!(SystemConfig::of_block(&config, wrong), Err(L2BlockError::Genesis));
        assert_eq!(L2BlockInfo::of_block(&config, wrong), Err(L2BlockError::Genesis));
    }

    #[test]
    fn a_block_names_its_origin() {
        let block = Block::at(&[(Fork::Jovian, 0)], 1000);
        let info = L2BlockInfo::of_block(&block.config, block.parts()).unwrap();
        assert_eq!((info.l1_origin.number, info.l1_origin.hash, info.sequence_number), (11, B256::repeat_byte(12), 13));
        assert_eq!(info.block, block.parts().info);
    }

    #[test]
    fn refuses_blocks_that_no_node_would_build() {
        let good = || Block::at(&[(Fork::Jovian, 0)], 1000);
        let mut parts = good();
        parts.extra_data[0] = 0;
        assert_eq!(parts.system_config(), Err(L2BlockError::ExtraData(ExtraDataError::Version)));
        parts = good();
        parts.transaction = Bytes::from_static(&[2]);
        assert_eq!(parts.system_config(), Err(L2BlockError::Deposit(DepositDecodeError::Type)));
        parts = good();
        parts.config = config(&[(Fork::Isthmus, 0)]);
        assert_eq!(parts.system_config(), Err(L2BlockError::L1Info(L1InfoError::Selector)));
        let empty = good();
        let empty_parts = L2BlockParts { first_transaction: None, ..empty.parts() };
        assert_eq!(SystemConfig::of_block(&empty.config, empty_parts), Err(L2BlockError::NoTransaction));
    }

    #[test]
    fn scalars_round_trip_as_version_one() {
        let scalars = EcotoneScalars { base_fee: 1368, blob_base_fee: 810_949 };
        let word = b256!("010000000000000000000000000000000000000000000000000c5fc500000558");
        assert_eq!(scalars.encode(), word);
        assert_eq!(EcotoneScalars::decode(&word), Ok(scalars));
    }

    #[test]
    fn base_fee_parameters_round_trip() {
        let params = Eip1559Params { denominator: 0x01020304, elasticity: 0x05060708 };
        assert_eq!(Eip1559Params::from_bytes([1, 2, 3, 4, 5, 6, 7, 8]), params);
        assert_eq!(params.to_bytes(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
