use alloy_primitives::{B256, hex};
use kohala_zkvm::{STATEMENT_BYTES, Statement};

fn statement() -> Statement {
    Statement {
        chain_hash: B256::repeat_byte(1),
        l1_head: B256::repeat_byte(2),
        agreed_output_root: B256::repeat_byte(3),
        claimed_output_root: B256::repeat_byte(4),
        claimed_block_number: 0x0506,
    }
}

/// `cast abi-encode "f((uint64,bytes32,bytes32,bytes32,bytes32,uint64))"` of the same values.
#[test]
fn statement_is_encoded_as_solidity_does() {
    let expected = hex!(
        "0000000000000000000000000000000000000000000000000000000000000001"
        "0101010101010101010101010101010101010101010101010101010101010101"
        "0202020202020202020202020202020202020202020202020202020202020202"
        "0303030303030303030303030303030303030303030303030303030303030303"
        "0404040404040404040404040404040404040404040404040404040404040404"
        "0000000000000000000000000000000000000000000000000000000000000506"
    );
    assert_eq!(statement().encode(), expected);
    assert_eq!(expected.len(), STATEMENT_BYTES);
    assert_eq!(Statement::decode(&expected), Some(statement()));
}

#[test]
fn statement_has_one_form() {
    let encoded = statement().encode();
    let spoiled = |place: usize| {
        let mut other = encoded.clone();
        other[place] ^= 0x10;
        Statement::decode(&other)
    };
    assert_eq!(spoiled(31), None, "another version");
    assert_eq!(spoiled(0), None, "no number of 64 bits");
    assert_eq!(spoiled(160), None, "no number of 64 bits");
    assert_eq!(Statement::decode(&encoded[..191]), None);
    assert_eq!(Statement::decode(&[&encoded[..], &[0]].concat()), None);
    for place in 32..160 {
        assert_ne!(spoiled(place), Some(statement()), "byte {place}");
    }
}
