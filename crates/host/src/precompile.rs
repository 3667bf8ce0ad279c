//! Precompiles, natively: their outcomes, which keys of the kind precompile stand for, and their cryptography.

use crate::kzg;
use alloy_primitives::{Address, Bytes};
use kohala_preimage::Hint;
pub(crate) use kohala_program::is_accelerated;
use revm::precompile::{Crypto, PrecompileHalt, Precompiles, install_crypto};

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
    /// where the oracle does not stand in for a precompile at the address.
    ///
    /// What these precompiles compute has never changed between forks, only their price and the size of their input
    /// have, and the program sees to both. Others aren't called whatever a key says: without a price they may run for
    /// hours.
    pub fn outcome(&self) -> Option<Bytes> {
        let precompile = Precompiles::latest().get(&self.address).filter(|_| is_accelerated(self.address))?;
        let failure = Bytes::from_static(&[0]);
        Some(match precompile.execute(self.input, u64::MAX, 0) {
            Ok(output) if output.is_success() => [&[1], &output.bytes[..]].concat().into(),
            _ => failure,
        })
    }
}

/// The precompile that a hint announces a call of, and the call as it is hashed into its key.
pub(crate) fn announced(hint: &Hint) -> Option<(Address, Bytes)> {
    match hint {
        Hint::L1Precompile { address, payload } => Some((*address, [address.as_slice(), payload].concat().into())),
        Hint::L1PrecompileV2 { address, gas, input } => {
            Some((*address, [address.as_slice(), &gas.to_be_bytes(), input].concat().into()))
        }
        _ => None,
    }
}

/// revm's own cryptography, but for the point evaluation: that has a pairing with two constants here, which takes half
/// as long.
#[derive(Debug)]
struct NativeCrypto;

impl Crypto for NativeCrypto {
    fn verify_kzg_proof(
        &self,
        point: &[u8; 32],
        value: &[u8; 32],
        commitment: &[u8; 48],
        proof: &[u8; 48],
    ) -> Result<(), PrecompileHalt> {
        let holds = kzg::verify_proof(commitment, point, value, proof);
        if holds { Ok(()) } else { Err(PrecompileHalt::BlobVerifyKzgProofFailed) }
    }
}

/// Lets every EVM of this process compute precompiles by [`NativeCrypto`], if nobody has chosen otherwise before.
pub(crate) fn use_native_crypto() {
    install_crypto(NativeCrypto);
}

#[cfg(test)]
mod tests {
    use super::*;
    use revm::precompile::DefaultCrypto;

    #[test]
    fn only_accelerated_precompiles_are_called() {
        let call = |address| Call { address, gas: 0, input: &[] };
        let outcomes = (0..=0xff).filter(|last| call(Address::with_last_byte(*last)).outcome().is_some());
        let accelerated = [0x01, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11];
        assert!(outcomes.eq(accelerated));
        // P256VERIFY lies at 0x0100.
        assert!(call(Address::left_padding_from(&[1, 0])).outcome().is_none());
    }

    #[test]
    fn point_evaluation_is_what_revm_computes() {
        let mut infinity = [0; 48];
        infinity[0] = 0xc0;
        let mut opening = ([0; 48], [0; 32], [0; 32], [0; 48]);
        let data: Vec<u8> =
            (0..kohala_preimage::BLOB_BYTES).map(|index| if index % 32 == 0 { 0 } else { index as u8 }).collect();
        let blob = kzg::blob(&data).unwrap();
        blob.verify(|commitment, point, value, proof| {
            opening = (*commitment, *point, *value, *proof);
            true
        })
        .unwrap();
        let (commitment, point, value, proof) = opening;
        let cases = [
            (commitment, point, value, proof, true),
            (commitment, value, value, proof, false),
            (commitment, point, [0; 32], proof, false),
            (commitment, point, [0xff; 32], proof, false),
            (commitment, [0xff; 32], value, proof, false),
            (proof, point, value, commitment, false),
            ([0x80; 48], point, value, proof, false),
            (infinity, point, [0; 32], infinity, true),
            (infinity, point, value, infinity, false),
        ];
        for (number, (commitment, point, value, proof, holds)) in cases.into_iter().enumerate() {
            let ours = NativeCrypto.verify_kzg_proof(&point, &value, &commitment, &proof);
            let theirs = DefaultCrypto.verify_kzg_proof(&point, &value, &commitment, &proof);
            assert_eq!((ours.is_ok(), theirs.is_ok()), (holds, holds), "case {number}");
        }
    }
}
