//! Hashes and signatures in SP1's executor, by its precompiles, beside the crates that compute them elsewhere.

use crate::support::{SHA256, probe, probed};
use k256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use kohala_sp1::{execution::execute, guest::Guest};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use tiny_keccak::{Hasher, Keccak};

/// The probe's numbers of primitives.
const KECCAK: u8 = 0;
const PLACED_KECCAK: u8 = 1;
const RECOVER_OF_REVM: u8 = 3;
const RECOVER_OF_ALLOY: u8 = 4;
const VERIFY_OF_ALLOY: u8 = 5;
const P256: u8 = 6;

/// What the probe gives for the input; `None` if it refuses it.
#[track_caller]
fn run(primitive: u8, input: &[u8]) -> Option<Vec<u8>> {
    static PROBE: LazyLock<Guest> = LazyLock::new(|| Guest::read(&probe()).unwrap());
    let run = execute(&PROBE, &probed(primitive, input), false).unwrap();
    assert_eq!(run.exit_code, 0, "{run:?}");
    match run.public_values.split_first() {
        Some((0, output)) => Some(output.to_vec()),
        Some((1, [])) => None,
        _ => panic!("{run:?}"),
    }
}

fn keccak256(input: &[u8]) -> Vec<u8> {
    let mut hash = vec![0; 32];
    let mut keccak = Keccak::v256();
    keccak.update(input);
    keccak.finalize(&mut hash);
    hash
}

/// Bytes that nobody chose, the same ones every time.
fn bytes(seed: &str, count: usize) -> Vec<u8> {
    let blocks = (0_u64..).flat_map(|at| keccak256(format!("{seed} {at}").as_bytes()));
    blocks.take(count).collect()
}

fn word(seed: &str) -> [u8; 32] {
    bytes(seed, 32).try_into().unwrap()
}

fn number(hex: &str) -> [u8; 32] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

/// `number` more than what 32 bytes say.
fn plus(mut bytes: [u8; 32], mut number: i64) -> [u8; 32] {
    for byte in bytes.iter_mut().rev() {
        number += i64::from(*byte);
        *byte = number as u8;
        number >>= 8;
    }
    bytes
}

/// The curves' moduli and orders.
const K256_ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const K256_MODULUS: &str = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// Lengths around words and blocks, at every place in a word.
#[test]
fn hashes_what_keccak256_hashes() {
    for length in [0, 7, 32, 135, 136, 700] {
        let input = bytes("keccak", length);
        assert_eq!(run(KECCAK, &input), Some(keccak256(&input)));
        for from in 0..8 {
            let to = ((from + length) % 8) as u8;
            let placed = [&[from as u8, to], input.as_slice()].concat();
            assert_eq!(run(PLACED_KECCAK, &placed), Some(keccak256(&input)), "{length} bytes, {from} to {to}");
        }
    }
}

#[test]
fn hashes_what_sha256_hashes() {
    for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000] {
        let input = bytes("sha256", length);
        assert_eq!(run(SHA256, &input), Some(Sha256::digest(&input).to_vec()), "{length} bytes");
    }
}

/// The address that k256 recovers, as alloy and revm have it do so; `None` if there is none.
fn recovered(r: [u8; 32], s: [u8; 32], recovery: u8, hash: &[u8; 32]) -> Option<Vec<u8>> {
    use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
    let signature = Signature::from_scalars(r, s).ok()?;
    let (signature, recovery) = match signature.normalize_s() {
        Some(low) => (low, recovery ^ 1),
        None => (signature, recovery),
    };
    let key = VerifyingKey::recover_from_prehash(hash, &signature, RecoveryId::from_byte(recovery)?).ok()?;
    Some(keccak256(&key.to_encoded_point(false).as_bytes()[1..])[12..].to_vec())
}

#[track_caller]
fn compare_recovery(r: [u8; 32], s: [u8; 32], recovery: u8, hash: &[u8; 32]) -> bool {
    let input = [&r, &s, [recovery].as_slice(), hash].concat();
    let expected = recovered(r, s, recovery, hash);
    assert_eq!(run(RECOVER_OF_ALLOY, &input), expected, "{}", hex::encode(&input));
    let padded = expected.as_ref().map(|address| [&[0; 12], address.as_slice()].concat());
    assert_eq!(run(RECOVER_OF_REVM, &input), padded, "{}", hex::encode(&input));
    expected.is_some()
}

#[test]
fn recovers_whom_k256_recovers() {
    let (mut signed, mut others) = (0, 0);
    for seed in 0..12 {
        let key = k256::ecdsa::SigningKey::from_slice(&word(&format!("key {seed}"))).unwrap();
        let hash = word(&format!("hash {seed}"));
        let (signature, recovery) = key.sign_prehash_recoverable(&hash).unwrap();
        let (r, s) = (signature.r().to_bytes().into(), signature.s().to_bytes().into());
        signed += usize::from(compare_recovery(r, s, recovery.to_byte(), &hash));
        // Half of all numbers are no x of a point.
        others += usize::from(compare_recovery(word(&format!("r {seed}")), s, (seed % 2) as u8, &hash));
    }
    assert_eq!(signed, 12);
    assert!((1..12).contains(&others), "{others}");
}

#[test]
fn recovers_whom_k256_recovers_at_the_edges() {
    let zero = [0; 32];
    let places = [zero, number(K256_ORDER), number(K256_MODULUS)];
    let edges: Vec<_> = places.into_iter().flat_map(|place| (-2..3).map(move |by| plus(place, by))).collect();
    let mut reduced = 0;
    for (at, r) in edges.iter().enumerate() {
        let recovery = at as u8 % 4;
        compare_recovery(*r, edges[(at + 6) % edges.len()], recovery, &edges[(at + 3) % edges.len()]);
        // x is r and the order: only a small r is another number than x.
        reduced += usize::from(compare_recovery(plus(zero, at as i64 + 3), plus(zero, 5), recovery | 2, r));
    }
    assert!(reduced > 3, "{reduced}");
}

/// The point that a key would come of is the generator, and the message is s: the key would be the neutral point.
#[test]
fn neutral_point_is_nobody() {
    let one = plus([0; 32], 1);
    let generator = k256::ecdsa::SigningKey::from_slice(&one).unwrap().verifying_key().to_encoded_point(false);
    let x: [u8; 32] = generator.as_bytes()[1..33].try_into().unwrap();
    let recovery = generator.as_bytes()[64] & 1;
    assert!(!compare_recovery(x, one, recovery, &one));
    assert!(compare_recovery(x, one, recovery ^ 1, &one));
    // And where the message is twice s, it is the generator's negative, which the same sum passes through.
    assert!(compare_recovery(x, one, recovery, &plus([0; 32], 2)));
}

#[test]
fn verifies_what_k256_verifies() {
    use k256::ecdsa::{Signature, SigningKey, VerifyingKey};
    let verified = |key: &[u8], signature: &[u8], hash: &[u8]| {
        let key = VerifyingKey::from_sec1_bytes(key).ok()?;
        let signature = Signature::from_slice(signature).ok()?;
        key.verify_prehash(hash, &signature.normalize_s().unwrap_or(signature)).ok()?;
        Some(keccak256(&key.to_encoded_point(false).as_bytes()[1..])[12..].to_vec())
    };
    for seed in 0..2 {
        let secret = SigningKey::from_slice(&word(&format!("key {seed}"))).unwrap();
        let key = secret.verifying_key().to_encoded_point(false).as_bytes().to_vec();
        let hash = word(&format!("hash {seed}"));
        let signature: Signature = secret.sign_prehash(&hash).unwrap();
        let turned = Signature::from_scalars(signature.r(), -signature.s()).unwrap();
        for signature in [signature.to_vec(), turned.to_vec()] {
            // Nothing is another, then a byte of each part is, of the key its tag and its y's last.
            for changed in [None, Some(0), Some(64), Some(66), Some(100), Some(130)] {
                let mut input = [key.as_slice(), &signature, &hash].concat();
                changed.into_iter().for_each(|at: usize| input[at] ^= 2);
                let expected = verified(&input[..65], &input[65..129], &input[129..]);
                assert_eq!(expected.is_some(), changed.is_none());
                assert_eq!(run(VERIFY_OF_ALLOY, &input), expected, "{changed:?}");
            }
        }
    }
}

#[test]
fn verifies_what_p256_verifies() {
    use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
    let verified = |hash: &[u8], signature: &[u8], key: &[u8]| {
        let key = VerifyingKey::from_sec1_bytes(&[&[4], key].concat());
        let signature = Signature::from_slice(signature);
        key.is_ok_and(|key| signature.is_ok_and(|signature| key.verify_prehash(hash, &signature).is_ok()))
    };
    let compare = |input: &[u8]| {
        let expected = verified(&input[..32], &input[32..96], &input[96..]);
        assert_eq!(run(P256, input), Some(vec![expected.into()]), "{}", hex::encode(input));
        expected
    };
    let order = number(P256_ORDER);
    for seed in 0..3 {
        let secret = SigningKey::from_slice(&word(&format!("key {seed}"))).unwrap();
        let key = secret.verifying_key().to_encoded_point(false).as_bytes()[1..].to_vec();
        // Some messages aren't below the order.
        let hash = if seed < 2 { plus(order, seed) } else { word(&format!("hash {seed}")) };
        let signature: Signature = secret.sign_prehash(&hash).unwrap();
        let turned = Signature::from_scalars(signature.r(), -signature.s()).unwrap();
        for signature in [signature, turned] {
            let input = [&hash, signature.to_vec().as_slice(), &key].concat();
            assert!(compare(&input));
            for changed in [0, 40, 70, 100, 159] {
                let mut input = input.clone();
                input[changed] ^= 1;
                assert!(!compare(&input));
            }
        }
        for edge in [[0; 32], order, plus(order, 1), [255; 32]] {
            let (r, s): ([u8; 32], [u8; 32]) = (signature.r().to_bytes().into(), signature.s().to_bytes().into());
            assert!(!compare(&[&hash, &edge, &s, key.as_slice()].concat()));
            assert!(!compare(&[&hash, &r, &edge, key.as_slice()].concat()));
            assert!(!compare(&[hash, r, s, edge, edge].concat()));
        }
    }
}
