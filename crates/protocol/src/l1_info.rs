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
