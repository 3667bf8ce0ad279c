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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemConfig;
    use alloc::{vec, vec::Vec};
    use alloy_primitives::Bytes;

    const CONTRACT: Address = Address::repeat_byte(0xcc);

    fn log(kind: u8, payload: &[u8]) -> Log {
        let mut data = [U256::from(32), U256::from(payload.len())].map(|word| word.to_be_bytes::<32>()).concat();
        data.extend_from_slice(payload);
        Log::new_unchecked(CONTRACT, vec![CONFIG_UPDATE, B256::ZERO, B256::with_last_byte(kind)], data.into())
    }

    fn number(value: u64) -> [u8; 32] {
        U256::from(value).to_be_bytes()
    }

    fn decode(kind: u8, payload: &[u8]) -> Result<ConfigUpdate, ConfigUpdateError> {
        ConfigUpdate::decode(&log(kind, payload), true)
    }

    #[test]
    fn reads_every_type() {
        let batcher = Address::repeat_byte(7);
        assert_eq!(decode(0, &batcher.into_word().0), Ok(ConfigUpdate::Batcher(batcher)));
        assert_eq!(decode(2, &number(30_000_000)), Ok(ConfigUpdate::GasLimit(30_000_000)));
        assert_eq!(decode(3, &number(1)), Ok(ConfigUpdate::UnsafeBlockSigner));
        let params = Eip1559Params { denominator: 250, elasticity: 6 };
        assert_eq!(decode(4, &number(250 << 32 | 6)), Ok(ConfigUpdate::Eip1559(params)));
        assert_eq!(decode(4, &number(0)), Ok(ConfigUpdate::Eip1559(Eip1559Params::default())));
        let mut word = number(0x70d08);
        word[23] = 5;
        let fee = OperatorFee { scalar: 5, constant: 0x70d08 };
        assert_eq!(decode(5, &word), Ok(ConfigUpdate::OperatorFee(fee)));
        assert_eq!(decode(6, &number(u64::MAX)), Ok(ConfigUpdate::MinBaseFee(u64::MAX)));
        assert_eq!(decode(7, &number(65535)), Ok(ConfigUpdate::DaFootprintGasScalar(65535)));
    }

    #[test]
    fn fee_scalars_have_a_format_from_ecotone_on() {
        let scalars = |scalar: B256, ecotone| {
            let payload = [B256::with_last_byte(0xbc), scalar].concat();
            ConfigUpdate::decode(&log(1, &payload), ecotone)
        };
        let overhead = B256::with_last_byte(0xbc);
        let mut packed = B256::with_last_byte(8);
        (packed[0], packed[24]) = (1, 9);
        let mut dirty = packed;
        dirty[23] = 1;
        let mut large = B256::with_last_byte(8);
        large[27] = 1;
        let unknown = B256::repeat_byte(2);
        for scalar in [packed, dirty, large, unknown] {
            assert_eq!(scalars(scalar, false), Ok(ConfigUpdate::FeeScalars { overhead, scalar }));
        }
        assert_eq!(scalars(packed, true), Ok(ConfigUpdate::FeeScalars { overhead: B256::ZERO, scalar: packed }));
        for scalar in [dirty, large, unknown] {
            assert_eq!(scalars(scalar, true), Err(ConfigUpdateError::Scalar), "{scalar}");
        }
    }

    #[test]
    fn refuses_values_larger_than_their_type() {
        assert_eq!(decode(0, &[1; 32]), Err(ConfigUpdateError::Padding));
        assert_eq!(decode(7, &number(65536)), Err(ConfigUpdateError::Padding));
        let mut beyond = number(0);
        beyond[23] = 1;
        for kind in [2, 6, 7] {
            assert_eq!(decode(kind, &beyond), Err(ConfigUpdateError::Padding), "{kind}");
        }
    }

    #[test]
    fn refuses_half_of_the_base_fee_parameters() {
        assert_eq!(decode(4, &number(1 << 32)), Err(ConfigUpdateError::Eip1559));
        assert_eq!(decode(4, &number(1)), Err(ConfigUpdateError::Eip1559));
    }

    #[test]
    fn refuses_a_lax_encoding() {
        for kind in [0, 1, 2, 4, 5, 6, 7] {
            let length = if kind == 1 { 64 } else { 32 };
            assert!(decode(kind, &vec![0; length]).is_ok(), "{kind}");
            for wrong in [0, length - 1, length + 1, length + 32] {
                assert_eq!(decode(kind, &vec![0; wrong]), Err(ConfigUpdateError::Data), "{kind} {wrong}");
            }
            let good = log(kind, &vec![0; length]);
            for index in [0, 31, 32, 63] {
                let mut bad = good.data.data.to_vec();
                bad[index] ^= 1;
                let bad = Log::new_unchecked(CONTRACT, good.topics().to_vec(), bad.into());
                assert_eq!(ConfigUpdate::decode(&bad, true), Err(ConfigUpdateError::Data), "{kind} {index}");
            }
            for length in 0..64 + length {
                let cut = Bytes::copy_from_slice(&good.data.data[..length]);
                let cut = Log::new_unchecked(CONTRACT, good.topics().to_vec(), cut);
                assert_eq!(ConfigUpdate::decode(&cut, true), Err(ConfigUpdateError::Data), "{kind} {length}");
            }
        }
    }

    #[test]
    fn refuses_unknown_versions_and_types() {
        let with_topics =
            |topics: Vec<B256>| ConfigUpdate::decode(&Log::new_unchecked(CONTRACT, topics, number(0).into()), true);
        assert_eq!(with_topics(vec![CONFIG_UPDATE]), Err(ConfigUpdateError::Topics));
        assert_eq!(with_topics(vec![CONFIG_UPDATE; 4]), Err(ConfigUpdateError::Topics));
        assert_eq!(
            with_topics(vec![CONFIG_UPDATE, B256::with_last_byte(1), B256::ZERO]),
            Err(ConfigUpdateError::Version)
        );
        assert_eq!(decode(8, &number(0)), Err(ConfigUpdateError::Kind));
        let beyond = vec![CONFIG_UPDATE, B256::ZERO, B256::right_padding_from(&[1])];
        assert_eq!(with_topics(beyond), Err(ConfigUpdateError::Kind));
    }

    #[test]
    fn a_bad_log_does_not_keep_others_from_counting() {
        let elsewhere = Log { address: Address::ZERO, ..log(2, &number(1)) };
        let receipts = [
            Receipt { succeeded: false, logs: vec![log(2, &number(2))] },
            Receipt { succeeded: true, logs: vec![elsewhere, log(2, &number(3)), log(2, &[]), log(9, &number(0))] },
            Receipt { succeeded: true, logs: vec![log(6, &number(4))] },
        ];
        let updates: Vec<_> = config_updates(&receipts, CONTRACT, true).collect();
        let expected = [
            Ok(ConfigUpdate::GasLimit(3)),
            Err(ConfigUpdateError::Data),
            Err(ConfigUpdateError::Kind),
            Ok(ConfigUpdate::MinBaseFee(4)),
        ];
        assert_eq!(updates, expected);
        let mut config = SystemConfig::default();
        updates.into_iter().flatten().for_each(|update| config.apply(update));
        assert_eq!(config, SystemConfig { gas_limit: 3, min_base_fee: 4, ..SystemConfig::default() });
    }

    #[test]
    fn updates_change_their_own_fields_only() {
        let base = SystemConfig { gas_limit: 1, ..SystemConfig::default() };
        let (overhead, scalar) = (B256::with_last_byte(1), B256::with_last_byte(2));
        let (params, fee) = (Eip1559Params { denominator: 3, elasticity: 4 }, OperatorFee { scalar: 5, constant: 6 });
        let expected = [
            (ConfigUpdate::Batcher(CONTRACT), SystemConfig { batcher: CONTRACT, ..base }),
            (ConfigUpdate::FeeScalars { overhead, scalar }, SystemConfig { overhead, scalar, ..base }),
            (ConfigUpdate::GasLimit(7), SystemConfig { gas_limit: 7, ..base }),
            (ConfigUpdate::UnsafeBlockSigner, base),
            (ConfigUpdate::Eip1559(params), SystemConfig { eip1559_params: params, ..base }),
            (ConfigUpdate::OperatorFee(fee), SystemConfig { operator_fee: fee, ..base }),
            (ConfigUpdate::MinBaseFee(8), SystemConfig { min_base_fee: 8, ..base }),
            (ConfigUpdate::DaFootprintGasScalar(9), SystemConfig { da_footprint_gas_scalar: 9, ..base }),
        ];
        for (update, expected) in expected {
            let mut config = base;
            config.apply(update);
            assert_eq!(config, expected, "{update:?}");
        }
    }
}
