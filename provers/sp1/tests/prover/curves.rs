//! BN254, BLS12-381 and KZG proofs on SP1's precompiles, beside revm's own software in the same guest.

use crate::support::{probe, probed};
use kohala_sp1::{execution::execute, guest::Guest};
use std::sync::LazyLock;

/// Added to a primitive's number, it has revm's own software answer.
const SOFTWARE: u8 = 128;

const BN254_ADD: u8 = 64;
const BN254_MUL: u8 = 65;
const BN254_PAIRING: u8 = 66;
const G1_ADD: u8 = 67;
const G1_MSM: u8 = 68;
const G2_ADD: u8 = 69;
const G2_MSM: u8 = 70;
const PAIRING: u8 = 71;
const MAP_TO_G1: u8 = 72;
const MAP_TO_G2: u8 = 73;
const VERIFY_KZG_PROOF: u8 = 74;
const OPENS: u8 = 75;

/// What the probe answers; `None` where it refuses the input.
fn answer(primitive: u8, input: &[u8]) -> Option<Vec<u8>> {
    static GUEST: LazyLock<Guest> = LazyLock::new(|| Guest::read(&probe()).unwrap());
    let run = execute(&GUEST, &probed(primitive, input), false).unwrap();
    assert_eq!(run.exit_code, 0, "{primitive}: {}", run.errors);
    let (is_refused, output) = run.public_values.split_first().unwrap();
    (*is_refused == 0).then(|| output.to_vec())
}

/// What the precompiles answer, and the software as well.
#[track_caller]
fn agreed(primitive: u8, input: &[&[u8]]) -> Option<Vec<u8>> {
    let input = input.concat();
    let ours = answer(primitive, &input);
    assert_eq!(ours, answer(primitive + SOFTWARE, &input), "{primitive}: {}", hex::encode(input));
    ours
}

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

/// The moduli of the fields, and the groups' orders.
const BN254_MODULUS: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
const BN254_ORDER: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
const MODULUS: &str =
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
const ORDER: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

/// A difference of big-endian integers, of which the second is the smaller one.
fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = false;
    let mut difference: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let (byte, first) = a.overflowing_sub(*b);
            let (byte, second) = byte.overflowing_sub(u8::from(borrow));
            borrow = first || second;
            byte
        })
        .collect();
    difference.reverse();
    assert!(!borrow);
    difference
}

/// A point with its second coordinate's opposite, coefficient by coefficient.
fn opposite(point: &[u8], modulus: &str) -> Vec<u8> {
    let (x, y) = point.split_at(point.len() / 2);
    let modulus = bytes(modulus);
    let y = y.chunks_exact(modulus.len()).flat_map(|element| minus(&modulus, element));
    x.iter().copied().chain(y).collect()
}

/// Factors: none, one, any, the group's order and those beside it, the greatest, and those whose digits are the greatest.
fn factors(order: &str) -> Vec<Vec<u8>> {
    let mut one = vec![0; 32];
    one[31] = 1;
    let order = bytes(order);
    let any = (0..32u8).map(|i| i.wrapping_mul(77).wrapping_add(201)).collect();
    vec![vec![0; 32], minus(&order, &one), order, one, any, vec![0xff; 32], vec![0x88; 32]]
}

#[test]
fn bn254_g1_is_revms() {
    let generator = [vec![0; 31], vec![1], vec![0; 31], vec![2]].concat();
    let mut points = vec![vec![0; 64]];
    for factor in factors(BN254_ORDER) {
        points.push(agreed(BN254_MUL, &[&generator, &factor]).unwrap());
    }
    for a in &points {
        for b in [&points[6], a] {
            assert!(agreed(BN254_ADD, &[a, b]).is_some());
        }
    }
    let negative = opposite(&generator, BN254_MODULUS);
    assert_eq!(agreed(BN254_ADD, &[&generator, &negative]), Some(vec![0; 64]));
    let unreduced = [&bytes(BN254_MODULUS), &generator[32..]].concat();
    let off_curve = [&generator[..63], &[3]].concat();
    for bad in [unreduced, off_curve] {
        assert_eq!(agreed(BN254_ADD, &[&generator, &bad]), None);
        assert_eq!(agreed(BN254_MUL, &[&bad, &[0; 32]]), None);
    }
}

/// EIP-197's example: the product of two pairings that is one.
#[test]
fn bn254_pairing_is_revms() {
    let pairs = bytes(concat!(
        "1c76476f4def4bb94541d57ebba1193381ffa7aa76ada664dd31c16024c43f593034dd2920f673e204fee2811c678745fc819b55d3e9d294e45c9b03a76aef41",
        "209dd15ebff5d46c4bd888e51a93cf99a7329636c63514396b4a452003a35bf704bf11ca01483bfa8b34b43561848d28905960114c8ac04049af4b6315a41678",
        "2bb8324af6cfc93537a2ad1a445cfd0ca2a71acd7ac41fadbf933c2a51be344d120a2a4cf30c1bf9845f20c6fe39e07ea2cce61f0c9bb048165fe5e4de877550",
        "111e129f1cf1097710d41c4ac70fcdfa5ba2023c6ff1cbeac322de49d1b6df7c2032c61a830e3c17286de9462bf242fca2883585b93870a73853face6a6bf411",
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c21800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed",
        "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa",
    ));
    assert_eq!(agreed(BN254_PAIRING, &[]), Some(vec![1]));
    assert_eq!(agreed(BN254_PAIRING, &[&pairs]), Some(vec![1]));
    assert_eq!(agreed(BN254_PAIRING, &[&pairs[..192]]), Some(vec![0]));
    assert_eq!(agreed(BN254_PAIRING, &[&pairs[..64], &[0; 128]]), Some(vec![1]));
    let mut off_curve = pairs.clone();
    off_curve[191] ^= 1;
    assert_eq!(agreed(BN254_PAIRING, &[&off_curve]), None);
}

/// Elements: small and great ones, one that the isogeny to G1's curve has no value for, and what isn't one.
fn elements() -> Vec<Vec<u8>> {
    let mut seven = vec![0; 48];
    seven[47] = 7;
    vec![
        vec![0; 48],
        minus(&bytes(MODULUS), &seven),
        (0..48u8).map(|i| i.wrapping_mul(91) % 200).collect(),
        bytes("0ec1d2551f80abe70136a7f42e52133ebddf9b619a88147ae422a98e57581f2b0961dc019c74599f12a1b5513649a2e8"),
        bytes(MODULUS),
    ]
}

#[test]
fn bls12_381_g1_is_revms() {
    let mut points: Vec<_> = elements().iter().filter_map(|element| agreed(MAP_TO_G1, &[element])).collect();
    assert_eq!((points.len(), &points[3]), (4, &vec![0; 96]));
    let factors = factors(ORDER);
    let terms: Vec<u8> =
        points.iter().cycle().zip(&factors).flat_map(|(point, factor)| [&point[..], factor].concat()).collect();
    points.push(agreed(G1_MSM, &[&terms]).unwrap());
    for factor in &factors {
        assert!(agreed(G1_MSM, &[&points[0], factor]).is_some());
    }
    // Of order three.
    points.push([&[0; 95][..], &[2]].concat());
    let of_order_three = points.last().unwrap();
    assert_eq!(agreed(G1_MSM, &[of_order_three, &[1; 32]]), None);
    for a in &points {
        for b in [of_order_three, a] {
            assert!(agreed(G1_ADD, &[a, b]).is_some());
        }
    }
    assert_eq!(agreed(G1_ADD, &[&points[1], &opposite(&points[1], MODULUS)]), Some(vec![0; 96]));
    assert_eq!(agreed(G1_ADD, &[&points[1], &[1; 96]]), None);
    assert_eq!(agreed(G1_ADD, &[&points[1], &[0xff; 96]]), None);
}

#[test]
fn bls12_381_g2_and_pairing_are_revms() {
    let elements = elements();
    let point = |i: usize, j: usize| agreed(MAP_TO_G2, &[&elements[i], &elements[j]]);
    assert_eq!(point(0, 4), None);
    let (a, b) = (point(0, 1).unwrap(), point(2, 0).unwrap());
    let negative = opposite(&a, MODULUS);
    for (a, b) in [(&a, &b), (&a, &a), (&a, &vec![0; 192])] {
        assert!(agreed(G2_ADD, &[a, b]).is_some());
    }
    assert_eq!(agreed(G2_ADD, &[&a, &negative]), Some(vec![0; 192]));
    assert_eq!(agreed(G2_ADD, &[&a, &[1; 192]]), None);
    let factors = factors(ORDER);
    for factor in &factors[..4] {
        assert!(agreed(G2_MSM, &[&a, factor]).is_some());
    }
    assert!(agreed(G2_MSM, &[&a, &factors[4], &b, &factors[5], &negative, &factors[6]]).is_some());

    let point = agreed(MAP_TO_G1, &[&elements[2]]).unwrap();
    assert_eq!(agreed(PAIRING, &[&point, &a, &point, &negative]), Some(vec![1]));
    assert_eq!(agreed(PAIRING, &[&point, &a]), Some(vec![0]));
    assert_eq!(agreed(PAIRING, &[&point, &[0; 192], &[0; 96], &a]), Some(vec![1]));
}

/// A proof from c-kzg's tests (`verify_kzg_proof_case_correct_proof_4_4`).
#[test]
fn kzg_proofs_are_judged_as_revm_judges_them() {
    let z = bytes("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000");
    let y = bytes("1522a4a7f34e1ea350ae07c29c96c7e79655aa926122e95fe69fcbd932ca49e9");
    let commitment =
        bytes("8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7");
    let proof =
        bytes("a62ad71d14c5719385c0686f1871430475bf3a00f0aa3f7b8dd99a9abc2160744faf0070725e00b60ad9a026a15b1a8c");
    assert_eq!(agreed(VERIFY_KZG_PROOF, &[&z, &y, &commitment, &proof]), Some(vec![]));
    assert_eq!(agreed(VERIFY_KZG_PROOF, &[&z, &z, &commitment, &proof]), None);
    assert_eq!(agreed(VERIFY_KZG_PROOF, &[&z, &y, &proof, &proof]), None);
    assert_eq!(agreed(VERIFY_KZG_PROOF, &[&z, &bytes(ORDER), &commitment, &proof]), None);
    assert_eq!(agreed(VERIFY_KZG_PROOF, &[&z, &y, &[0xff; 48], &proof]), None);

    // Twice the polynomial, less it.
    let minus_one = &factors(ORDER)[1];
    let mut two = [0; 32];
    two[31] = 2;
    let opens = |value: &[u8], weight: &[u8]| {
        answer(OPENS, &[&z, value, &proof, &commitment, minus_one, &commitment, weight].concat())
    };
    assert_eq!(opens(&y, &two), Some(vec![1]));
    assert_eq!(opens(&z, &two), Some(vec![0]));
    assert_eq!(opens(&y, minus_one), Some(vec![0]));
}
