//! What alloy and revm ask for.

use crate::{
    curve::{Curve, bytes},
    ecdsa,
    secp256k1::Secp256k1,
    secp256r1::Secp256r1,
    sha256::sha256,
};
use alloy_consensus::crypto::{RecoveryError, backend::CryptoProvider};
use alloy_primitives::{Address, keccak256};
use kohala_sp1_curves::{bls12_381, bn254, kzg};
use revm::precompile::{
    Crypto, PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
};

/// SP1's precompiles. Without a word here it is revm's own software: RIPEMD-160, BLAKE2, modular powers.
#[derive(Debug)]
pub(crate) struct Precompiles;

impl Crypto for Precompiles {
    fn sha256(&self, input: &[u8]) -> [u8; 32] {
        sha256(input)
    }

    fn secp256k1_ecrecover(
        &self,
        signature: &[u8; 64],
        recovery: u8,
        hash: &[u8; 32],
    ) -> Result<[u8; 32], PrecompileHalt> {
        let key = ecdsa::recover::<Secp256k1>(signature, recovery, hash);
        let mut address = keccak256(bytes(key.ok_or(PrecompileHalt::Secp256k1RecoverFailed)?)).0;
        address[..12].fill(0);
        Ok(address)
    }

    fn secp256r1_verify_signature(&self, hash: &[u8; 32], signature: &[u8; 64], key: &[u8; 64]) -> bool {
        Secp256r1::point_of_bytes(key).is_some_and(|key| ecdsa::verify::<Secp256r1>(&key, signature, hash))
    }

    fn bn254_g1_add(&self, a: &[u8], b: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        bn254::bn254_g1_add(a, b)
    }

    fn bn254_g1_mul(&self, point: &[u8], scalar: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        bn254::bn254_g1_mul(point, scalar)
    }

    fn bn254_pairing_check(&self, pairs: &[(&[u8], &[u8])]) -> Result<bool, PrecompileHalt> {
        bn254::bn254_pairing_check(pairs)
    }

    fn verify_kzg_proof(
        &self,
        point: &[u8; 32],
        value: &[u8; 32],
        commitment: &[u8; 48],
        proof: &[u8; 48],
    ) -> Result<(), PrecompileHalt> {
        kzg::verify_kzg_proof(point, value, commitment, proof)
    }

    fn bls12_381_g1_add(&self, a: G1Point, b: G1Point) -> Result<[u8; 96], PrecompileHalt> {
        bls12_381::bls12_381_g1_add(a, b)
    }

    fn bls12_381_g1_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G1PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 96], PrecompileHalt> {
        bls12_381::bls12_381_g1_msm(pairs)
    }

    fn bls12_381_g2_add(&self, a: G2Point, b: G2Point) -> Result<[u8; 192], PrecompileHalt> {
        bls12_381::bls12_381_g2_add(a, b)
    }

    fn bls12_381_g2_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G2PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 192], PrecompileHalt> {
        bls12_381::bls12_381_g2_msm(pairs)
    }

    fn bls12_381_pairing_check(&self, pairs: &[(G1Point, G2Point)]) -> Result<bool, PrecompileHalt> {
        bls12_381::bls12_381_pairing_check(pairs)
    }

    fn bls12_381_fp_to_g1(&self, element: &[u8; 48]) -> Result<[u8; 96], PrecompileHalt> {
        bls12_381::bls12_381_fp_to_g1(element)
    }

    fn bls12_381_fp2_to_g2(&self, element: ([u8; 48], [u8; 48])) -> Result<[u8; 192], PrecompileHalt> {
        bls12_381::bls12_381_fp2_to_g2(element)
    }
}

impl CryptoProvider for Precompiles {
    fn recover_signer_unchecked(&self, signature: &[u8; 65], hash: &[u8; 32]) -> Result<Address, RecoveryError> {
        let [signature @ .., recovery] = signature;
        let key = ecdsa::recover::<Secp256k1>(signature, *recovery, hash).ok_or_else(RecoveryError::new)?;
        Ok(Address::from_raw_public_key(&bytes(key)))
    }

    fn verify_and_compute_signer_unchecked(
        &self,
        key: &[u8; 65],
        signature: &[u8; 64],
        hash: &[u8; 32],
    ) -> Result<Address, RecoveryError> {
        // Of SEC 1's keys of 65 bytes there are hybrid ones too, which begin with 6 or 7: k256 knows no form of that length but
        // this.
        let [4, key @ ..] = key else { return Err(RecoveryError::new()) };
        let point = Secp256k1::point_of_bytes(key).ok_or_else(RecoveryError::new)?;
        let is_signer = ecdsa::verify::<Secp256k1>(&point, signature, hash);
        is_signer.then(|| Address::from_raw_public_key(key)).ok_or_else(RecoveryError::new)
    }
}
