use crate::{
    Deposit, EcotoneScalars, Fork, L1ChainConfig, L1Header, L2BlockError, L2BlockParts, OperatorFee, RollupConfig,
    ScalarError, Source, SystemConfig, blob_base_fee, predeploys,
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};

/// What the first transaction of an L2 block tells the chain about its L1 origin and the system config.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1Info {
    /// Number of the L1 origin.
    pub number: u64,
    /// Timestamp of the L1 origin.
    pub time: u64,
    /// Base fee of the L1 origin in wei.
    pub base_fee: U256,
    /// Hash of the L1 origin.
    pub hash: B256,
    /// How many blocks of the same epoch precede the block.
    pub sequence_number: u64,
    /// Who may post batches.
    pub batcher: Address,
    /// L1 fee overhead (before Ecotone).
    pub overhead: B256,
    /// L1 fee scalar (before Ecotone).
    pub scalar: B256,
    /// Weight of the L1 base fee (Ecotone).
    pub base_fee_scalar: u32,
    /// Weight of the L1 blob base fee (Ecotone).
    pub blob_base_fee_scalar: u32,
    /// Blob base fee of the L1 origin in wei (Ecotone).
    pub blob_base_fee: U256,
    /// Operator fee (Isthmus).
    pub operator_fee: OperatorFee,
    /// Data availability footprint per estimated byte (Jovian).
    pub da_footprint_gas_scalar: u16,
}

/// How the L1 info is laid out in the transaction's input (rules S21, S22), in fork order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum L1InfoLayout {
    /// `setL1BlockValues(uint64,uint64,uint256,bytes32,uint64,bytes32,uint256,uint256)`, ABI encoded.
    Bedrock,
    /// `setL1BlockValuesEcotone()`, packed.
    Ecotone,
    /// `setL1BlockValuesIsthmus()`: and the operator fee.
    Isthmus,
    /// `setL1BlockValuesJovian()`: and the data availability footprint.
    Jovian,
}

impl L1InfoLayout {
    /// The layout in the block at `l2_timestamp`. A fork's activation block still has the one before: the contract that
    /// reads it is upgraded by the transactions that follow (rules S23).
    pub const fn at(config: &RollupConfig, l2_timestamp: u64) -> Self {
        if Self::follows(config, Fork::Jovian, l2_timestamp) {
            Self::Jovian
        } else if Self::follows(config, Fork::Isthmus, l2_timestamp) {
            Self::Isthmus
        } else if Self::follows(config, Fork::Ecotone, l2_timestamp) {
            Self::Ecotone
        } else {
            Self::Bedrock
        }
    }

    const fn follows(config: &RollupConfig, fork: Fork, l2_timestamp: u64) -> bool {
        config.is_active(fork, l2_timestamp) && !config.is_activation_block(fork, l2_timestamp)
    }

    /// The function's selector.
    const fn selector(self) -> [u8; 4] {
        match self {
            Self::Bedrock => [0x01, 0x5d, 0x8e, 0xb9],
            Self::Ecotone => [0x44, 0x0a, 0x5e, 0x20],
            Self::Isthmus => [0x09, 0x89, 0x99, 0xbe],
            Self::Jovian => [0x3d, 0xb6, 0xbe, 0x2b],
        }
    }

    /// Bytes with the selector.
    const fn length(self) -> usize {
        match self {
            Self::Bedrock => 4 + 8 * 32,
            Self::Ecotone => 164,
            Self::Isthmus => 176,
            Self::Jovian => 178,
        }
    }
}

impl L1Info {
    /// Gas limit of the transaction from Regolith on (rules F18).
    const GAS: u64 = 1_000_000;
    /// Gas limit before Regolith, when it was not taken from the block's.
    const GAS_BEDROCK: u64 = 150_000_000;
    /// What a data availability footprint of zero stands for in the system config.
    const DEFAULT_DA_FOOTPRINT_GAS_SCALAR: u16 = 400;

    /// Reads the L1 info out of an L2 block that isn't the genesis block.
    pub(crate) fn of_block(config: &RollupConfig, block: L2BlockParts<'_>) -> Result<Self, L2BlockError> {
        let transaction = Deposit::decode(block.first_transaction.ok_or(L2BlockError::NoTransaction)?)?;
        Ok(Self::decode(L1InfoLayout::at(config, block.info.timestamp), &transaction.data)?)
    }

    /// Encodes the transaction's input.
    pub fn encode(&self, layout: L1InfoLayout) -> Vec<u8> {
        let mut input = Vec::with_capacity(layout.length());
        input.extend_from_slice(&layout.selector());
        if layout == L1InfoLayout::Bedrock {
            let word = |number: u64| B256::from(U256::from(number));
            let (number, time, sequence_number) = (word(self.number), word(self.time), word(self.sequence_number));
            let (base_fee, batcher) = (self.base_fee.into(), self.batcher.into_word());
            for word in [number, time, base_fee, self.hash, sequence_number, batcher, self.overhead, self.scalar] {
                input.extend_from_slice(&word.0);
            }
            return input;
        }
        input.extend_from_slice(&self.base_fee_scalar.to_be_bytes());
        input.extend_from_slice(&self.blob_base_fee_scalar.to_be_bytes());
        for number in [self.sequence_number, self.time, self.number] {
            input.extend_from_slice(&number.to_be_bytes());
        }
        for word in [self.base_fee.into(), self.blob_base_fee.into(), self.hash, self.batcher.into_word()] {
            let word: B256 = word;
            input.extend_from_slice(&word.0);
        }
        if layout >= L1InfoLayout::Isthmus {
            input.extend_from_slice(&self.operator_fee.scalar.to_be_bytes());
            input.extend_from_slice(&self.operator_fee.constant.to_be_bytes());
        }
        if layout >= L1InfoLayout::Jovian {
            input.extend_from_slice(&self.da_footprint_gas_scalar.to_be_bytes());
        }
        input
    }

    /// Decodes the transaction's input, strictly: selector and length are those of the layout, padding is zero.
    pub fn decode(layout: L1InfoLayout, input: &[u8]) -> Result<Self, L1InfoError> {
        let fields = input.strip_prefix(&layout.selector()).ok_or(L1InfoError::Selector)?;
        if input.len() != layout.length() {
            return Err(L1InfoError::Length);
        }
        let mut fields = Fields(fields);
        if layout == L1InfoLayout::Bedrock {
            return Ok(Self {
                number: fields.padded_number()?,
                time: fields.padded_number()?,
                base_fee: fields.word()?.into(),
                hash: fields.word()?,
                sequence_number: fields.padded_number()?,
                batcher: fields.padded_address()?,
                overhead: fields.word()?,
                scalar: fields.word()?,
                ..Self::default()
            });
        }
        let mut info = Self {
            base_fee_scalar: u32::from_be_bytes(fields.take()?),
            blob_base_fee_scalar: u32::from_be_bytes(fields.take()?),
            sequence_number: u64::from_be_bytes(fields.take()?),
            time: u64::from_be_bytes(fields.take()?),
            number: u64::from_be_bytes(fields.take()?),
            base_fee: fields.word()?.into(),
            blob_base_fee: fields.word()?.into(),
            hash: fields.word()?,
            batcher: fields.padded_address()?,
            ..Self::default()
        };
        if layout >= L1InfoLayout::Isthmus {
            info.operator_fee.scalar = u32::from_be_bytes(fields.take()?);
            info.operator_fee.constant = u64::from_be_bytes(fields.take()?);
        }
        if layout >= L1InfoLayout::Jovian {
            info.da_footprint_gas_scalar = u16::from_be_bytes(fields.take()?);
        }
        Ok(info)
    }
}

/// The rest of a transaction's input, read from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], L1InfoError> {
        let (field, rest) = self.0.split_first_chunk().ok_or(L1InfoError::Length)?;
        self.0 = rest;
        Ok(*field)
    }

    fn word(&mut self) -> Result<B256, L1InfoError> {
        self.take().map(B256::new)
    }

    fn padded_number(&mut self) -> Result<u64, L1InfoError> {
        u64::try_from(U256::from_be_bytes(self.take::<32>()?)).map_err(|_| L1InfoError::Padding)
    }

    fn padded_address(&mut self) -> Result<Address, L1InfoError> {
        let word = self.word()?;
        let address = Address::from_word(word);
        if address.into_word() == word { Ok(address) } else { Err(L1InfoError::Padding) }
    }
}

/// Makes the first transaction of the L2 block at `l2_timestamp`: the L1 info of its origin (rules S20 to S23).
///
/// `system_config` is the one in force in that block, so after the updates of a new origin.
pub fn l1_info_transaction(
    config: &RollupConfig,
    l1: &L1ChainConfig,
    system_config: &SystemConfig,
    origin: &L1Header,
    sequence_number: u64,
    l2_timestamp: u64,
) -> Result<Bytes, L1InfoTransactionError> {
    let layout = L1InfoLayout::at(config, l2_timestamp);
    let mut info = L1Info {
        number: origin.number,
        time: origin.timestamp,
        base_fee: origin.base_fee,
        hash: origin.hash,
        sequence_number,
        batcher: system_config.batcher,
        overhead: system_config.overhead,
        scalar: system_config.scalar,
        operator_fee: system_config.operator_fee,
        da_footprint_gas_scalar: match system_config.da_footprint_gas_scalar {
            0 => L1Info::DEFAULT_DA_FOOTPRINT_GAS_SCALAR,
            scalar => scalar,
        },
        ..L1Info::default()
    };
    if layout >= L1InfoLayout::Ecotone {
        let scalars = EcotoneScalars::in_force(&system_config.scalar)?;
        info.base_fee_scalar = scalars.base_fee;
        info.blob_base_fee_scalar = scalars.blob_base_fee;
        info.blob_base_fee = blob_base_fee(origin, l1, config).ok_or(L1InfoTransactionError::BlobBaseFee)?;
    }
    let regolith = config.is_active(Fork::Regolith, l2_timestamp);
    let transaction = Deposit {
        source_hash: Source::L1Info { l1_hash: origin.hash, sequence_number }.hash(),
        from: predeploys::DEPOSITOR,
        to: TxKind::Call(predeploys::L1_BLOCK),
        mint: U256::ZERO,
        value: U256::ZERO,
        gas: if regolith { L1Info::GAS } else { L1Info::GAS_BEDROCK },
        is_system: !regolith,
        data: info.encode(layout).into(),
    };
    Ok(transaction.encode())
}

/// Why a transaction's input is not the L1 info of its fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum L1InfoError {
    /// Another function.
    #[error("wrong selector")]
    Selector,
    /// Not the length of the layout.
    #[error("wrong length")]
    Length,
    /// A number or address that is larger than its type.
    #[error("value is larger than its type")]
    Padding,
}

/// Why the L1 info of a block can't be told. None of these can come about on a chain whose configuration is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum L1InfoTransactionError {
    /// The system config's scalar is in none of Ecotone's formats; set before Ecotone, because since then such an
    /// update is ignored.
    #[error("{0}")]
    Scalar(#[from] ScalarError),
    /// The L1 configuration has no blob schedule for the origin: see [`blob_base_fee`].
    #[error("no blob base fee for the L1 origin in the L1 configuration")]
    BlobBaseFee,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use alloy_primitives::{address, b256, hex, keccak256};

    const LAYOUTS: [L1InfoLayout; 4] =
        [L1InfoLayout::Bedrock, L1InfoLayout::Ecotone, L1InfoLayout::Isthmus, L1InfoLayout::Jovian];

    /// Input of the first transaction of an OP Mainnet block from before Ecotone.
    const OP_MAINNET: [u8; 260] = hex!(
        "015d8eb9"
        "000000000000000000000000000000000000000000000000000000000117c4eb"
        "0000000000000000000000000000000000000000000000000000000065280377"
        "000000000000000000000000000000000000000000000000000000026d05d953"
        "392012032675be9f94aae5ab442de73c5f4fb1bf30fa7dd0d2442239899a40fc"
        "0000000000000000000000000000000000000000000000000000000000000004"
        "0000000000000000000000006887246668a3b87f54deb3b94ba47a6f63f32985"
        "00000000000000000000000000000000000000000000000000000000000000bc"
        "00000000000000000000000000000000000000000000000000000000000a6fe0"
    );

    fn example(layout: L1InfoLayout) -> L1Info {
        let mut info = L1Info {
            number: 1,
            time: 2,
            base_fee: U256::from(3),
            hash: B256::repeat_byte(4),
            sequence_number: 5,
            batcher: Address::repeat_byte(6),
            ..L1Info::default()
        };
        if layout == L1InfoLayout::Bedrock {
            info.overhead = B256::repeat_byte(7);
            info.scalar = B256::repeat_byte(8);
        } else {
            info.base_fee_scalar = 9;
            info.blob_base_fee_scalar = 10;
            info.blob_base_fee = U256::from(11);
        }
        if layout >= L1InfoLayout::Isthmus {
            info.operator_fee = OperatorFee { scalar: 12, constant: 13 };
        }
        if layout >= L1InfoLayout::Jovian {
            info.da_footprint_gas_scalar = 14;
        }
        info
    }

    #[test]
    fn selectors_are_those_of_the_functions() {
        let functions = [
            "setL1BlockValues(uint64,uint64,uint256,bytes32,uint64,bytes32,uint256,uint256)",
            "setL1BlockValuesEcotone()",
            "setL1BlockValuesIsthmus()",
            "setL1BlockValuesJovian()",
        ];
        for (layout, function) in LAYOUTS.into_iter().zip(functions) {
            assert_eq!(layout.selector(), keccak256(function)[..4], "{function}");
        }
    }

    #[test]
    fn every_layout_round_trips() {
        for layout in LAYOUTS {
            let input = example(layout).encode(layout);
            assert_eq!(input.len(), layout.length());
            assert_eq!(L1Info::decode(layout, &input), Ok(example(layout)));
        }
    }

    #[test]
    fn reads_an_op_mainnet_block_before_ecotone() {
        let info = L1Info::decode(L1InfoLayout::Bedrock, &OP_MAINNET).unwrap();
        let expected = L1Info {
            number: 18_334_955,
            time: 1_697_121_143,
            base_fee: U256::from(10_419_034_451u64),
            hash: b256!("392012032675be9f94aae5ab442de73c5f4fb1bf30fa7dd0d2442239899a40fc"),
            sequence_number: 4,
            batcher: address!("6887246668a3b87f54deb3b94ba47a6f63f32985"),
            overhead: B256::with_last_byte(0xbc),
            scalar: b256!("00000000000000000000000000000000000000000000000000000000000a6fe0"),
            ..L1Info::default()
        };
        assert_eq!(info, expected);
        assert_eq!(info.encode(L1InfoLayout::Bedrock), OP_MAINNET);
    }

    #[test]
    fn decodes_strictly() {
        for layout in LAYOUTS {
            let input = example(layout).encode(layout);
            for length in 4..input.len() {
                assert_eq!(L1Info::decode(layout, &input[..length]), Err(L1InfoError::Length));
            }
            assert_eq!(L1Info::decode(layout, &[&input[..], &[0]].concat()), Err(L1InfoError::Length));
            assert_eq!(L1Info::decode(layout, &input[..3]), Err(L1InfoError::Selector));
            for other in LAYOUTS.into_iter().filter(|other| *other != layout) {
                assert_eq!(L1Info::decode(other, &input), Err(L1InfoError::Selector));
            }
        }
        // First bytes of number, time, sequence number and batcher; and the batcher's in the packed layouts.
        let padding = [4, 36, 132, 164].map(|index| (L1InfoLayout::Bedrock, index));
        for (layout, index) in padding.into_iter().chain([(L1InfoLayout::Ecotone, 132), (L1InfoLayout::Jovian, 143)]) {
            let mut input = example(layout).encode(layout);
            input[index] = 1;
            assert_eq!(L1Info::decode(layout, &input), Err(L1InfoError::Padding), "{layout:?} {index}");
        }
    }

    #[test]
    fn an_activation_block_still_has_the_layout_before() {
        let config = config(&[(Fork::Ecotone, 1000), (Fork::Isthmus, 1010), (Fork::Jovian, 1020)]);
        let layouts = [998, 1000, 1002, 1010, 1012, 1020, 1022].map(|time| L1InfoLayout::at(&config, time));
        use L1InfoLayout::*;
        assert_eq!(layouts, [Bedrock, Bedrock, Ecotone, Ecotone, Isthmus, Isthmus, Jovian]);
    }

    #[test]
    fn forks_of_one_block_keep_the_layout_before_all_of_them() {
        let config = config(&[(Fork::Isthmus, 1000), (Fork::Jovian, 1000)]);
        assert_eq!(L1InfoLayout::at(&config, 1000), L1InfoLayout::Ecotone);
        assert_eq!(L1InfoLayout::at(&config, 1002), L1InfoLayout::Jovian);
    }

    #[test]
    fn a_fork_at_genesis_has_its_layout_from_the_first_block() {
        assert_eq!(L1InfoLayout::at(&config(&[(Fork::Jovian, 100)]), 102), L1InfoLayout::Jovian);
        assert_eq!(L1InfoLayout::at(&config(&[(Fork::Jovian, 0)]), 102), L1InfoLayout::Jovian);
    }

    fn transaction(forks: &[(Fork, u64)], system_config: &SystemConfig) -> Result<Deposit, L1InfoTransactionError> {
        let l1 = L1ChainConfig::by_id(1).unwrap();
        let origin = L1Header { number: 1, hash: B256::repeat_byte(4), ..L1Header::default() };
        let encoded = l1_info_transaction(&config(forks), &l1, system_config, &origin, 3, 1000)?;
        Ok(Deposit::decode(&encoded).unwrap())
    }

    #[test]
    fn the_depositor_tells_l1_block() {
        let deposit = transaction(&[(Fork::Jovian, 0)], &SystemConfig::default()).unwrap();
        assert_eq!(deposit.from, address!("deaddeaddeaddeaddeaddeaddeaddeaddead0001"));
        assert_eq!(deposit.to, TxKind::Call(address!("4200000000000000000000000000000000000015")));
        assert_eq!((deposit.mint, deposit.value), (U256::ZERO, U256::ZERO));
        let source = Source::L1Info { l1_hash: B256::repeat_byte(4), sequence_number: 3 };
        assert_eq!(deposit.source_hash, source.hash());
    }

    #[test]
    fn before_regolith_it_is_a_system_transaction() {
        let gas = |forks| transaction(forks, &SystemConfig::default()).map(|tx| (tx.gas, tx.is_system));
        assert_eq!(gas(&[]), Ok((150_000_000, true)));
        assert_eq!(gas(&[(Fork::Regolith, 1001)]), Ok((150_000_000, true)));
        assert_eq!(gas(&[(Fork::Regolith, 1000)]), Ok((1_000_000, false)));
    }

    #[test]
    fn a_da_footprint_of_zero_stands_for_the_default() {
        let scalar = |da_footprint_gas_scalar| {
            let system_config = SystemConfig { da_footprint_gas_scalar, ..SystemConfig::default() };
            let deposit = transaction(&[(Fork::Jovian, 0)], &system_config).unwrap();
            L1Info::decode(L1InfoLayout::Jovian, &deposit.data).unwrap().da_footprint_gas_scalar
        };
        assert_eq!([0, 1, 400, 65535].map(scalar), [400, 1, 400, 65535]);
    }

    #[test]
    fn a_scalar_from_before_ecotone_is_translated() {
        let scalars = |scalar| {
            let system_config = SystemConfig { scalar, ..SystemConfig::default() };
            let deposit = transaction(&[(Fork::Ecotone, 0)], &system_config)?;
            let info = L1Info::decode(L1InfoLayout::Ecotone, &deposit.data).unwrap();
            Ok((info.base_fee_scalar, info.blob_base_fee_scalar))
        };
        let mut word = b256!("00000000000000000000000000000000000000000000000000000000000a6fe0");
        assert_eq!(scalars(word), Ok((684_000, 0)));
        word[20] = 1;
        assert_eq!(scalars(word), Ok((u32::MAX, 0)), "larger than 32 bits");
        word[0] = 1;
        assert_eq!(scalars(word), Err(L1InfoTransactionError::Scalar(ScalarError::EcotonePadding)));
        word[0] = 2;
        assert_eq!(scalars(word), Err(L1InfoTransactionError::Scalar(ScalarError::Version)));
        let packed = b256!("010000000000000000000000000000000000000000000000000c5fc500000558");
        assert_eq!(scalars(packed), Ok((1368, 810_949)));
    }

    #[test]
    fn an_origin_with_blobs_needs_a_schedule() {
        let l1 = L1ChainConfig { chain_id: 1, blob_schedule: Vec::new() };
        let origin = L1Header { excess_blob_gas: Some(0), ..L1Header::default() };
        let make = |fork| l1_info_transaction(&config(&[(fork, 0)]), &l1, &SystemConfig::default(), &origin, 0, 1000);
        assert_eq!(make(Fork::Ecotone), Err(L1InfoTransactionError::BlobBaseFee));
        assert!(make(Fork::Delta).is_ok(), "L2 isn't told before Ecotone");
    }
}
