//! KZG proofs are judged as c-kzg judges them.

mod support;

use ark_bls12_381::Fr;
use ark_ff::{BigInteger, PrimeField};
use c_kzg::{BYTES_PER_BLOB, Blob, Bytes32, KzgSettings, ethereum_kzg_settings};
use kohala_sp1_curves::kzg::{opens, verify_kzg_proof};
use proptest::prelude::*;
use revm_precompile::{Crypto, DefaultCrypto, PrecompileHalt};

fn settings() -> &'static KzgSettings {
    ethereum_kzg_settings(8)
}

fn bytes(scalar: Fr) -> [u8; 32] {
    scalar.into_bigint().to_bytes_be().try_into().unwrap()
}

/// A blob of few elements that aren't zero.
fn blob(seed: u64) -> Blob {
    let mut bytes = [0; BYTES_PER_BLOB];
    for i in 0..4 {
        let at = (seed as usize % 1000 + 500 * i) * 32;
        bytes[at + 8..at + 16].copy_from_slice(&seed.to_be_bytes());
    }
    Blob::new(bytes)
}

/// A commitment, with the value at a point and the proof.
fn opened(blob: &Blob, point: &[u8; 32]) -> ([u8; 48], [u8; 32], [u8; 48]) {
    let commitment = settings().blob_to_kzg_commitment(blob).unwrap();
    let (proof, value) = settings().compute_kzg_proof(blob, &Bytes32::new(*point)).unwrap();
    (*commitment.to_bytes(), *value, *proof.to_bytes())
}

/// The compressed form of infinity.
const INFINITY: [u8; 48] = {
    let mut bytes = [0; 48];
    bytes[0] = 0xc0;
    bytes
};

/// Both say the same.
fn agree(z: &[u8; 32], y: &[u8; 32], commitment: &[u8; 48], proof: &[u8; 48]) -> bool {
    let ours = verify_kzg_proof(z, y, commitment, proof);
    assert_eq!(ours, DefaultCrypto.verify_kzg_proof(z, y, commitment, proof));
    assert!(matches!(ours, Ok(()) | Err(PrecompileHalt::BlobVerifyKzgProofFailed)));
    ours.is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn proofs_hold_and_changed_ones_do_not(seed: u64, z: [u8; 32], bit in 0usize..8, at in 0usize..48) {
        let z = bytes(Fr::from_be_bytes_mod_order(&z));
        let (commitment, value, proof) = opened(&blob(seed), &z);
        prop_assert!(agree(&z, &value, &commitment, &proof));
        let flipped = |bytes: [u8; 48]| { let mut bytes = bytes; bytes[at] ^= 1 << bit; bytes };
        prop_assert!(!agree(&z, &value, &flipped(commitment), &proof));
        prop_assert!(!agree(&z, &value, &commitment, &flipped(proof)));
        let mut other = value;
        other[at % 32] ^= 1 << bit;
        prop_assert!(!agree(&z, &other, &commitment, &proof));
        let mut other = z;
        other[at % 32] ^= 1 << bit;
        prop_assert!(!agree(&other, &value, &commitment, &proof));
    }

    #[test]
    fn sums_of_polynomials_open_with_one_proof(seeds: [u64; 3], weights: [[u8; 32]; 3], z: [u8; 32]) {
        let z = bytes(Fr::from_be_bytes_mod_order(&z));
        let weights = weights.map(|weight| Fr::from_be_bytes_mod_order(&weight));
        let mut sum = [Fr::from(0); 4096];
        let mut commitments = Vec::new();
        for (seed, weight) in seeds.into_iter().zip(weights) {
            let blob = blob(seed);
            for (sum, element) in sum.iter_mut().zip(blob.chunks_exact(32)) {
                *sum += weight * Fr::from_be_bytes_mod_order(element);
            }
            commitments.push((opened(&blob, &z).0, bytes(weight)));
        }
        let sum = Blob::new(sum.map(bytes).concat().try_into().unwrap());
        let (_, value, proof) = opened(&sum, &z);
        prop_assert!(opens(&commitments, &z, &value, &proof));
        let mut other = commitments.clone();
        other[1].1[31] ^= 1;
        prop_assert!(!opens(&other, &z, &value, &proof));
        let mut other = commitments.clone();
        other[2].0[0] ^= 0x20;
        prop_assert!(!opens(&other, &z, &value, &proof));
        prop_assert!(!opens(&commitments[..2], &z, &value, &proof));
    }
}

#[test]
fn constant_polynomials_are_proven_by_infinity() {
    let mut elements = [0; BYTES_PER_BLOB];
    elements.iter_mut().skip(31).step_by(32).for_each(|byte| *byte = 7);
    let (commitment, value, proof) = opened(&Blob::new(elements), &[1; 32]);
    assert_eq!(proof, INFINITY);
    assert!(agree(&[1; 32], &value, &commitment, &INFINITY));
    assert!(!agree(&[1; 32], &[0; 32], &commitment, &INFINITY));
    assert!(agree(&[1; 32], &[0; 32], &INFINITY, &INFINITY));
}

#[test]
fn forms_that_are_not_canonical_do_not_hold() {
    let order: [u8; 32] = Fr::MODULUS.to_bytes_be().try_into().unwrap();
    assert!(!agree(&order, &[0; 32], &INFINITY, &INFINITY));
    assert!(!agree(&[0; 32], &order, &INFINITY, &INFINITY));
    let (commitment, value, proof) = opened(&blob(5), &[1; 32]);
    assert!(opens(&[(commitment, bytes(Fr::from(1)))], &[1; 32], &value, &proof));
    assert!(!opens(&[(commitment, bytes(Fr::from(1))), (INFINITY, order)], &[1; 32], &value, &proof));
    let modulus: [u8; 48] = ark_bls12_381::Fq::MODULUS.to_bytes_be().try_into().unwrap();
    for flags in 0..8 {
        for form in [[0; 48], modulus, commitment, {
            let mut form = [0; 48];
            form[47] = 1;
            form
        }] {
            let mut form = form;
            form[0] = form[0] & 0x1f | flags << 5;
            let is_infinity = flags == 0b110 && form == INFINITY;
            assert_eq!(agree(&[1; 32], &[0; 32], &form, &INFINITY), is_infinity, "{form:02x?}");
            agree(&[1; 32], &value, &form, &proof);
            agree(&[1; 32], &value, &commitment, &form);
        }
    }
}

/// The sum of no polynomials is zero everywhere.
#[test]
fn no_commitment_opens_to_zero() {
    assert!(opens(&[], &[3; 32], &[0; 32], &INFINITY));
    assert!(!opens(&[], &[3; 32], &[1; 32], &INFINITY));
}
