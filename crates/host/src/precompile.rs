//! Outcomes of precompile calls: what keys of the kind precompile stand for.

use alloy_primitives::{Address, Bytes};
use revm::precompile::Precompiles;

/// A precompile call as it is hashed into a key: address (20 bytes), required gas (8), input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    /// Which precompile.
    pub address: Address,
    /// The gas that the call requires, as the program computed it. Without influence on the outcome.
    pub gas: u64,
    /// What it is called with.
    pub input: &'a [u8],
}

impl<'a> Call<'a> {
    /// Reads a key's preimage; `None` where it is too short.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (address, rest) = bytes.split_first_chunk::<20>()?;
        let (gas, input) = rest.split_first_chunk::<8>()?;
        Some(Self { address: Address::new(*address), gas: u64::from_be_bytes(*gas), input })
    }

    /// Executes the call, with more gas than any needs: 1 and the output after a success, 0 after a failure, `None`
    /// where there is no precompile at the address.
    ///
    /// What a precompile computes has never changed between forks, only its price and the size of its input have, and
    /// the program sees to both.
    pub fn outcome(&self) -> Option<Bytes> {
        let precompile = Precompiles::latest().get(&self.address)?;
        let failure = Bytes::from_static(&[0]);
        Some(match precompile.execute(self.input, u64::MAX, 0) {
            Ok(output) if output.is_success() => [&[1], &output.bytes[..]].concat().into(),
            _ => failure,
        })
    }
}
