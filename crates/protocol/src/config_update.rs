use crate::{EcotoneScalars, Eip1559Params, OperatorFee, Receipt};
use alloy_primitives::{Address, B256, Log, U256, b256};

/// `ConfigUpdate(uint256,uint8,bytes)`, the `SystemConfig` contract's event.
pub(crate) const CONFIG_UPDATE: B256 = b256!("1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be");

/// A change of the system config that L1 announces (rules S11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigUpdate {
    /// Type 0: who may post batches.
    Batcher(Address),
    /// Type 1: the L1 fee's scalars, as [`SystemConfig`](crate::SystemConfig) keeps them.
    FeeScalars {
        /// Zero from Ecotone on.
        overhead: B256,
        /// One number before Ecotone, two packed ones after.
        scalar: B256,
    },
    /// Type 2: gas limit of L2 blocks.
    GasLimit(u64),
    /// Type 3: who signs unsafe blocks. Nothing of derivation.
    UnsafeBlockSigner,
    /// Type 4: base fee parameters.
    Eip1559(Eip1559Params),
    /// Type 5: operator fee.
    OperatorFee(OperatorFee),
    /// Type 6: floor of the base fee in wei.
    MinBaseFee(u64),
    /// Type 7: data availability footprint.
    DaFootprintGasScalar(u16),
}

impl ConfigUpdate {
    /// Decodes a log whose first topic is the event's (rules S10 to S12). `ecotone`: Ecotone is active at the L1
    /// block's time.
    pub fn decode(log: &Log, ecotone: bool) -> Result<Self, ConfigUpdateError> {
        let &[_, version, kind] = log.topics() else { return Err(ConfigUpdateError::Topics) };
        if !version.is_zero() {
            return Err(ConfigUpdateError::Version);
        }
        let kind = u8::try_from(U256::from_be_bytes(kind.0)).map_err(|_| ConfigUpdateError::Kind)?;
        let data = &log.data.data[..];
        Ok(match kind {
            0 => Self::Batcher(address(payload(data)?)?),
            1 => fee_scalars(payload(data)?, ecotone)?,
            2 => Self::GasLimit(number(payload(data)?)?),
            3 => Self::UnsafeBlockSigner,
            4 => Self::Eip1559(eip1559_params(payload(data)?)?),
            5 => Self::OperatorFee(OperatorFee::from_word(&payload::<32>(data)?.0)),
            6 => Self::MinBaseFee(number(payload(data)?)?),
            7 => Self::DaFootprintGasScalar(number(payload(data)?)?),
            _ => return Err(ConfigUpdateError::Kind),
        })
    }
}

/// Reads the updates that an L1 block's logs announce, in order. Each stands for itself: one that is malformed changes
/// nothing and doesn't keep the others from counting (rules S10). `ecotone`: see [`ConfigUpdate::decode`].
pub fn config_updates(
    receipts: &[Receipt],
    system_config_address: Address,
    ecotone: bool,
) -> impl Iterator<Item = Result<ConfigUpdate, ConfigUpdateError>> {
    receipts
        .iter()
        .filter(|receipt| receipt.succeeded)
        .flat_map(|receipt| &receipt.logs)
        .filter(move |log| log.address == system_config_address && log.topics().first() == Some(&CONFIG_UPDATE))
        .map(move |log| ConfigUpdate::decode(log, ecotone))
}

/// Opens ABI encoded `bytes` of exactly `N` bytes.
fn payload<const N: usize>(data: &[u8]) -> Result<alloy_primitives::FixedBytes<N>, ConfigUpdateError> {
    let [pointer, length] = [0, 1].map(|word| data.get(32 * word..32 * (word + 1)).map(U256::from_be_slice));
    if pointer != Some(U256::from(32)) || length != Some(U256::from(N)) {
        return Err(ConfigUpdateError::Data);
    }
    data[64..].try_into().map_err(|_| ConfigUpdateError::Data)
}

/// Reads a number that fills its word.
fn number<T: TryFrom<U256>>(word: B256) -> Result<T, ConfigUpdateError> {
    T::try_from(word.into()).map_err(|_| ConfigUpdateError::Padding)
}

/// Reads an address that fills its word.
fn address(word: B256) -> Result<Address, ConfigUpdateError> {
    let address = Address::from_word(word);
    if address.into_word() == word { Ok(address) } else { Err(ConfigUpdateError::Padding) }
}

/// Reads overhead and scalar. From Ecotone on the overhead has no meaning and the scalar has a format (rules S12).
fn fee_scalars(words: alloy_primitives::FixedBytes<64>, ecotone: bool) -> Result<ConfigUpdate, ConfigUpdateError> {
    let (overhead, scalar) = words.split_at(32);
    let (overhead, scalar) = (B256::from_slice(overhead), B256::from_slice(scalar));
    if !ecotone {
        return Ok(ConfigUpdate::FeeScalars { overhead, scalar });
    }
    EcotoneScalars::decode(&scalar).map_err(|_| ConfigUpdateError::Scalar)?;
    Ok(ConfigUpdate::FeeScalars { overhead: B256::ZERO, scalar })
}

/// Reads base fee parameters from the end of their word: both or neither are zero.
fn eip1559_params(word: B256) -> Result<Eip1559Params, ConfigUpdateError> {
    let [.., b0, b1, b2, b3, b4, b5, b6, b7] = word.0;
    let params = Eip1559Params::from_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
    if (params.denominator == 0) != (params.elasticity == 0) {
        return Err(ConfigUpdateError::Eip1559);
    }
    Ok(params)
}

/// Why a log of the `SystemConfig` contract changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigUpdateError {
    /// Not three topics.
    #[error("not three topics")]
    Topics,
    /// A version of the event that the spec doesn't know.
    #[error("unknown version")]
    Version,
    /// A type of update that the spec doesn't know.
    #[error("unknown type of update")]
    Kind,
    /// Not ABI encoded bytes of the update's length.
    #[error("data isn't bytes of the update's length")]
    Data,
    /// A number or address that is larger than its type.
    #[error("value is larger than its type")]
    Padding,
    /// Fee scalars in none of Ecotone's formats.
    #[error("fee scalar is in none of Ecotone's formats")]
    Scalar,
    /// Only one of denominator and elasticity is zero.
    #[error("only one of denominator and elasticity is zero")]
    Eip1559,
}
