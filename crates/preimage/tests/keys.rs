//! Keys as the specification and other programs make them.

use alloy_primitives::{B256, U256, address, b256, hex, keccak256};
use kohala_preimage::{BlobKeys, Key, KeyKind, versioned_hash};
use proptest::prelude::*;

/// A commitment on a recorded chain.
const COMMITMENT: [u8; 48] =
    hex!("b88ea3205665bca7a57155999531c2062acf7d3cf1602a3f7ff2da4f4ae9d7f81d3eca431f9a49dbc4e020005049b8b3");
/// Keys of its field elements as op-program recorded them.
const RECORDED: [(usize, [u8; 32]); 6] = [
    (0, hex!("05b62707512b3ac38ace301129988a2978dca4db22b1d44d4e063aeceb95d9d9")),
    (1, hex!("05fba8c58a58fed1e34bb6c542fc2337bed660044e1cf92a5bd8832fada7e32f")),
    (2, hex!("0561eb8a023a32c193077d7e33f6a44a509afb41f9771c0079b9f5b512a8cd90")),
    (3, hex!("05691e5210a870831abba456d045162572d6641ffeca1efcb0425c87ca6b87c1")),
    (2047, hex!("052329236f8f0aec79515a50572f320795714f1e22212563e8e30668ade9157e")),
    (4095, hex!("05ea2ef6fac45ca921973407fa9f6e4abdb9c2bc360dd0cb8d57793c43184fe8")),
];

#[test]
fn local_key_ends_in_its_identifier() {
    let key = Key::local(0x0102_0304_0506_0708);
    assert_eq!(B256::from(key), b256!("0100000000000000000000000000000000000000000000000102030405060708"));
    assert_eq!(key.kind(), Some(KeyKind::Local));
}

#[test]
fn hash_keys_replace_the_first_byte_alone() {
    let hash = b256!("ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100");
    assert_eq!(Key::keccak256(hash).as_bytes()[0], 2);
    assert_eq!(Key::sha256(hash).as_bytes()[0], 4);
    for key in [Key::keccak256(hash), Key::sha256(hash)] {
        assert_eq!(key.as_bytes()[1..], hash[1..]);
    }
}

#[test]
fn versioned_hash_names_its_commitment() {
    let recorded = hex!("04029388a75b37a30d44c8f32bbb5862bfd34e568b01e9cb321f0d1e1b97f927");
    let hash = versioned_hash(&COMMITMENT);
    assert_eq!(hash[0], 1);
    assert_eq!(Key::sha256(hash), Key::from(recorded));
}

#[test]
fn blob_keys_equal_recorded_ones() {
    let keys: Vec<_> = BlobKeys::new(COMMITMENT).collect();
    assert_eq!(keys.len(), 4096);
    for (index, recorded) in RECORDED {
        assert_eq!(keys[index].0, Key::from(recorded), "element {index}");
        assert_eq!(Key::blob(&COMMITMENT, index), Key::from(recorded), "element {index}");
    }
}

#[test]
fn blob_key_is_the_digest_of_its_preimage() {
    for (index, (key, preimage)) in BlobKeys::new(COMMITMENT).enumerate() {
        assert_eq!(Key::keccak256(keccak256(preimage)), key.with_kind(KeyKind::Keccak256));
        assert_eq!(Key::blob_preimage(&COMMITMENT, index), preimage);
    }
}

#[test]
fn precompile_key_equals_a_recorded_one() {
    let input = hex!(
        "92aef1b955b9de564fc50e31a55b470b0c8cdb931f186485d620729fb03d6f2c000000000000000000000000000000000000000000000000000000000000001c8a87a1697267a85544cd7e1f7354fd759ad5f617f0e61ed46413e5fe2a8ec6b033b139823acf03152c91c005952abbbc867dbbc3295287fee23546280c6d4b0c"
    );
    let key = Key::precompile(address!("0000000000000000000000000000000000000001"), 3000, &input);
    assert_eq!(B256::from(key), b256!("066882469dcf6f7a970030221875ae88bafd180c423d0d1676a741375f51ab63"));
}

#[test]
fn kind_is_the_first_byte() {
    for byte in 0..=255u8 {
        let kind = Key::from([byte; 32]).kind();
        assert_eq!(kind.map(|kind| kind as u8), (1..=6).contains(&byte).then_some(byte));
    }
    for kind in KeyKind::ALL {
        assert_eq!(Key::from([0xff; 32]).with_kind(kind).kind(), Some(kind));
    }
}

#[test]
fn key_is_shown_in_hexadecimal() {
    let text = "0x0000000000000000000000000000000000000000000000000000000000000102";
    assert_eq!(Key::from(U256::from(0x102).to_be_bytes()).to_string(), text);
}

proptest! {
    #[test]
    fn keys_order_as_their_bytes(a: [u8; 32], b: [u8; 32]) {
        prop_assert_eq!(Key::from(a).cmp(&Key::from(b)), a.cmp(&b));
    }
}
