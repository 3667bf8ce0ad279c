//! The primitives of `kohala-sp1-curves`: points and elements as they come in its functions' arguments, one after the other.

use kohala_sp1_curves::kzg::opens;
use revm::precompile::Crypto;

/// The result of a primitive; `None` where it refuses the input.
pub(crate) fn run(crypto: &dyn Crypto, primitive: u8, input: &[u8]) -> Option<Vec<u8>> {
    Some(match primitive {
        64 => crypto.bn254_g1_add(&input[..64], &input[64..]).ok()?.to_vec(),
        65 => crypto.bn254_g1_mul(&input[..64], &input[64..]).ok()?.to_vec(),
        66 => {
            let pairs: Vec<_> = input.chunks_exact(192).map(|pair| pair.split_at(64)).collect();
            vec![crypto.bn254_pairing_check(&pairs).ok()?.into()]
        }
        67 => crypto.bls12_381_g1_add(g1(input), g1(&input[96..])).ok()?.to_vec(),
        68 => {
            let mut terms = input.chunks_exact(128).map(|term| Ok((g1(term), array(term, 96))));
            crypto.bls12_381_g1_msm(&mut terms).ok()?.to_vec()
        }
        69 => crypto.bls12_381_g2_add(g2(input), g2(&input[192..])).ok()?.to_vec(),
        70 => {
            let mut terms = input.chunks_exact(224).map(|term| Ok((g2(term), array(term, 192))));
            crypto.bls12_381_g2_msm(&mut terms).ok()?.to_vec()
        }
        71 => {
            let pairs: Vec<_> = input.chunks_exact(288).map(|pair| (g1(pair), g2(&pair[96..]))).collect();
            vec![crypto.bls12_381_pairing_check(&pairs).ok()?.into()]
        }
        72 => crypto.bls12_381_fp_to_g1(&array(input, 0)).ok()?.to_vec(),
        73 => crypto.bls12_381_fp2_to_g2((array(input, 0), array(input, 48))).ok()?.to_vec(),
        74 => {
            crypto.verify_kzg_proof(&array(input, 0), &array(input, 32), &array(input, 64), &array(input, 112)).ok()?;
            Vec::new()
        }
        75 => {
            let commitments: Vec<_> =
                input[112..].chunks_exact(80).map(|term| (array(term, 0), array(term, 48))).collect();
            vec![opens(&commitments, &array(input, 0), &array(input, 32), &array(input, 64)).into()]
        }
        _ => panic!("no primitive has the number {primitive}"),
    })
}

/// The bytes at a place.
fn array<const LEN: usize>(input: &[u8], at: usize) -> [u8; LEN] {
    *input[at..].first_chunk().expect("an input of the primitive's length")
}

fn g1(input: &[u8]) -> ([u8; 48], [u8; 48]) {
    (array(input, 0), array(input, 48))
}

fn g2(input: &[u8]) -> ([u8; 48], [u8; 48], [u8; 48], [u8; 48]) {
    (array(input, 0), array(input, 48), array(input, 96), array(input, 144))
}
