//! An L1 that is newer than the program: fields of headers, transactions and receipts that came after it (rules F92,
//! Z19).

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bloom, Bytes, Log, bytes, hex, keccak256};
use alloy_rlp::Encodable;
use kohala_preimage::Preimages;
use kohala_program::{Inputs, OracleInputs};
use kohala_trie::list::list_commit;

/// The list of these items, each RLP.
fn list(payload: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut encoded);
    encoded.extend_from_slice(payload);
    encoded
}

/// Puts a list of the block in; its root.
fn put(oracle: &mut Preimages, items: &[Bytes]) -> B256 {
    list_commit(items.iter().map(AsRef::as_ref), |_, node| {
        oracle.insert_keccak256(Bytes::copy_from_slice(node));
    })
}

#[test]
fn reads_l1_blocks_whose_fields_and_types_are_unknown() {
    let mut oracle = Preimages::new();
    let transactions =
        [bytes!("c3010203"), bytes!("05c3010203"), bytes!("7fff"), Bytes::from([&[6][..], &[0; 200]].concat())];
    // Three fields more than receipts have today, of a transaction of an unknown type.
    let log = Log::new_unchecked(Address::repeat_byte(1), vec![B256::repeat_byte(2)], bytes!("03"));
    let mut fields = Vec::new();
    1u64.encode(&mut fields);
    21_000u64.encode(&mut fields);
    Bloom::ZERO.encode(&mut fields);
    vec![log.clone()].encode(&mut fields);
    fields.extend(hex!("05c20102820304"));
    let receipts = [Bytes::from([&[5][..], &list(&fields)].concat())];
    let header = Header {
        number: 77,
        timestamp: 9,
        transactions_root: put(&mut oracle, &transactions),
        receipts_root: put(&mut oracle, &receipts),
        base_fee_per_gas: Some(7),
        withdrawals_root: Some(B256::ZERO),
        blob_gas_used: Some(131_072),
        excess_blob_gas: Some(5),
        parent_beacon_block_root: Some(B256::repeat_byte(8)),
        requests_hash: Some(B256::ZERO),
        block_access_list_hash: Some(B256::repeat_byte(6)),
        slot_number: Some(9),
        ..Header::default()
    };
    // Amsterdam's two fields, and three that nobody knows.
    let amsterdam = alloy_rlp::encode(&header);
    let mut known = &amsterdam[..];
    let known = alloy_rlp::Header::decode_bytes(&mut known, true).unwrap();
    let rlp = list(&[known, &hex!("c20102"), &hex!("80"), &hex!("8407070707")].concat());
    let hash = keccak256(&rlp);
    oracle.insert_keccak256(rlp.into());

    let mut inputs = OracleInputs::new(oracle);
    let read = inputs.l1_header(hash).unwrap();
    assert_eq!((read.hash, read.number, read.timestamp, read.excess_blob_gas), (hash, 77, 9, Some(5)));
    assert_eq!(read.parent_beacon_block_root, Some(B256::repeat_byte(8)));
    assert_eq!(inputs.l1_transactions(&read).unwrap(), transactions);
    let receipts = inputs.l1_receipts(&read).unwrap();
    assert_eq!((receipts.len(), receipts[0].succeeded, &receipts[0].logs[..]), (1, true, &[log][..]));
}
