use crate::{Eip1559Params, Fork, RollupConfig};
use alloc::vec::Vec;

/// What an L2 header's extra data says about the base fee of the blocks on top of it (rules X21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtraData {
    /// Base fee parameters; zeros before Holocene, never zero from then on.
    pub eip1559_params: Eip1559Params,
    /// Floor of the base fee in wei; zero before Jovian.
    pub min_base_fee: u64,
}

impl ExtraData {
    /// Reads the extra data of the block at `timestamp`. Only the form of the block's own fork is valid: nothing before
    /// Holocene, then a version byte (0) and the parameters, from Jovian on also the floor (and version 1).
    pub fn decode(config: &RollupConfig, timestamp: u64, extra_data: &[u8]) -> Result<Self, ExtraDataError> {
        if !config.is_active(Fork::Holocene, timestamp) {
            return if extra_data.is_empty() { Ok(Self::default()) } else { Err(ExtraDataError::Length) };
        }
        let jovian = config.is_active(Fork::Jovian, timestamp);
        let (&[version, ref params @ ..], floor) = extra_data.split_first_chunk::<9>().ok_or(ExtraDataError::Length)?;
        let min_base_fee = match (jovian, floor) {
            (true, floor) => u64::from_be_bytes(floor.try_into().map_err(|_| ExtraDataError::Length)?),
            (false, []) => 0,
            (false, _) => return Err(ExtraDataError::Length),
        };
        let eip1559_params = Eip1559Params::from_bytes(*params);
        if version != u8::from(jovian) {
            return Err(ExtraDataError::Version);
        }
        if eip1559_params.denominator == 0 || eip1559_params.elasticity == 0 {
            return Err(ExtraDataError::Zero);
        }
        Ok(Self { eip1559_params, min_base_fee })
    }

    /// Writes the extra data of the block at `timestamp`: see [`decode`](Self::decode).
    pub fn encode(&self, config: &RollupConfig, timestamp: u64) -> Vec<u8> {
        let mut extra_data = Vec::with_capacity(17);
        if config.is_active(Fork::Holocene, timestamp) {
            let jovian = config.is_active(Fork::Jovian, timestamp);
            extra_data.push(u8::from(jovian));
            extra_data.extend_from_slice(&self.eip1559_params.to_bytes());
            if jovian {
                extra_data.extend_from_slice(&self.min_base_fee.to_be_bytes());
            }
        }
        extra_data
    }
}

/// Why a header's extra data is not that of its fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtraDataError {
    /// Not the length of the block's fork.
    #[error("wrong length")]
    Length,
    /// Not the version of the block's fork.
    #[error("wrong version")]
    Version,
    /// A header has to name its parameters: zeros, which stand for the chain's constants, belong to attributes only.
    #[error("denominator or elasticity is zero")]
    Zero,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    const PARAMS: Eip1559Params = Eip1559Params { denominator: 250, elasticity: 6 };
    const HOLOCENE: [u8; 9] = [0, 0, 0, 0, 250, 0, 0, 0, 6];
    const JOVIAN: [u8; 17] = [1, 0, 0, 0, 250, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 1, 2];

    #[test]
    fn every_fork_has_its_form() {
        let config = config(&[(Fork::Holocene, 1000), (Fork::Jovian, 2000)]);
        let decode = |time, extra_data| ExtraData::decode(&config, time, extra_data);
        assert_eq!(decode(999, &[]), Ok(ExtraData::default()));
        let holocene = ExtraData { eip1559_params: PARAMS, min_base_fee: 0 };
        assert_eq!(decode(1000, &HOLOCENE), Ok(holocene));
        let jovian = ExtraData { eip1559_params: PARAMS, min_base_fee: 258 };
        assert_eq!(decode(2000, &JOVIAN), Ok(jovian));
        assert_eq!(jovian.encode(&config, 2000), JOVIAN);
        assert_eq!(jovian.encode(&config, 1000), HOLOCENE);
        assert!(jovian.encode(&config, 999).is_empty());
        // No other fork's form is valid.
        for (time, extra_data) in [
            (999, &HOLOCENE[..]),
            (999, &[0]),
            (1000, &[]),
            (1000, &JOVIAN),
            (1000, &HOLOCENE[..8]),
            (2000, &HOLOCENE),
            (2000, &JOVIAN[..16]),
            (2000, &[1; 18]),
        ] {
            assert_eq!(decode(time, extra_data), Err(ExtraDataError::Length), "{time} {extra_data:?}");
        }
    }

    #[test]
    fn version_and_parameters_are_checked() {
        let config = config(&[(Fork::Holocene, 1000), (Fork::Jovian, 2000)]);
        for (time, good) in [(1000, &HOLOCENE[..]), (2000, &JOVIAN)] {
            for (index, value, error) in
                [(0, 2, ExtraDataError::Version), (4, 0, ExtraDataError::Zero), (8, 0, ExtraDataError::Zero)]
            {
                let mut bad = good.to_vec();
                bad[index] = value;
                assert_eq!(ExtraData::decode(&config, time, &bad), Err(error), "{time} {index}");
            }
        }
    }
}
