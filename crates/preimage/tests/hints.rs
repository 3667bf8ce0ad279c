//! Hints in op-program's dialect and in kona's.

use alloy_primitives::{Address, B256, Bytes, hex};
use kohala_preimage::{BlockRef, Hint, HintError};
use proptest::{collection::vec, prelude::*};

const HASH: B256 = B256::repeat_byte(0xaa);
const OTHER: B256 = B256::repeat_byte(0xbb);
const ADDRESS: Address = Address::repeat_byte(0xcc);
const AA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const BB: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const CC: &str = "cccccccccccccccccccccccccccccccccccccccc";
const CHAIN: &str = "000000000000000a";

/// Text as op-program sends it and as we do, and what it says; with the hint that is ours alone.
fn op_program() -> Vec<(String, Hint)> {
    let chain_id = Some(10);
    let time = "0000000000000102";
    vec![
        (format!("l1-block-header 0x{AA}"), Hint::L1BlockHeader(HASH)),
        (format!("l1-transactions 0x{AA}"), Hint::L1Transactions(HASH)),
        (format!("l1-receipts 0x{AA}"), Hint::L1Receipts(HASH)),
        (format!("l1-blob 0x{AA}{time}"), Hint::L1Blob { versioned_hash: HASH, index: None, l1_time: 0x102 }),
        (
            format!("l1-precompile 0x{CC}0000000000000bb801"),
            Hint::L1Precompile { address: ADDRESS, payload: hex!("0000000000000bb801").into() },
        ),
        (
            format!("l1-precompile-v2 0x{CC}0000000000000bb801"),
            Hint::L1PrecompileV2 { address: ADDRESS, gas: 3000, input: hex!("01").into() },
        ),
        (
            format!("l1-account-storage-proof 0x{AA}{CC}{BB}"),
            Hint::L1AccountStorageProof { block: HASH, address: ADDRESS, slot: OTHER },
        ),
        (format!("l2-block-header 0x{AA}"), Hint::L2BlockHeader { hash: HASH, chain_id: None }),
        (format!("l2-block-header 0x{AA}{CHAIN}"), Hint::L2BlockHeader { hash: HASH, chain_id }),
        (format!("l2-transactions 0x{AA}"), Hint::L2Transactions { hash: HASH, chain_id: None }),
        (format!("l2-transactions 0x{AA}{CHAIN}"), Hint::L2Transactions { hash: HASH, chain_id }),
        (format!("l2-receipts 0x{AA}{CHAIN}"), Hint::L2Receipts { hash: HASH, chain_id }),
        (format!("l2-code 0x{AA}"), Hint::L2Code { hash: HASH, chain_id: None }),
        (format!("l2-code 0x{AA}{CHAIN}"), Hint::L2Code { hash: HASH, chain_id }),
        (format!("l2-state-node 0x{AA}"), Hint::L2StateNode { hash: HASH, chain_id: None }),
        (format!("l2-state-node 0x{AA}{CHAIN}"), Hint::L2StateNode { hash: HASH, chain_id }),
        (format!("l2-output 0x{AA}"), Hint::L2Output { root: HASH, chain_id: None }),
        (format!("l2-output 0x{AA}{CHAIN}"), Hint::L2Output { root: HASH, chain_id }),
        (
            format!("l2-account-proof 0x{AA}{CC}{CHAIN}"),
            Hint::L2AccountProof { block: BlockRef::Hash(HASH), address: ADDRESS, chain_id },
        ),
        (
            format!("l2-payload-witness 0x{}", hex::encode(r#"{"parentBlockHash":"0xaa"}"#)),
            Hint::L2PayloadWitness(Bytes::from_static(br#"{"parentBlockHash":"0xaa"}"#)),
        ),
        (format!("l2-block-data 0x{AA}{BB}{CHAIN}"), Hint::L2BlockData { agreed: HASH, block: OTHER, chain_id: 10 }),
        (format!("agreed-pre-state 0x{AA}"), Hint::AgreedPrestate(HASH)),
        (
            format!("l2-block-hash-lookup 0x0000000000000102{AA}{CHAIN}"),
            Hint::L2BlockHashLookup { number: 0x102, head: HASH, chain_id: 10 },
        ),
    ]
}

#[test]
fn sends_and_reads_op_programs_dialect() {
    for (text, hint) in op_program() {
        assert_eq!(hint.to_string(), text);
        assert_eq!(Hint::parse(text.as_bytes()), Ok(hint), "{text}");
    }
}

#[test]
fn reads_konas_dialect() {
    let number = "0000000000000102";
    let account = |chain_id| Hint::L2AccountProof { block: BlockRef::Number(0x102), address: ADDRESS, chain_id };
    let storage = |chain_id| Hint::L2AccountStorageProof { number: 0x102, address: ADDRESS, slot: OTHER, chain_id };
    let cases = [
        (format!("starting-l2-output {AA}"), Hint::L2Output { root: HASH, chain_id: None }),
        (format!("l2-output-root {AA}{CHAIN}"), Hint::L2Output { root: HASH, chain_id: Some(10) }),
        (format!("l2-account-proof {number}{CC}"), account(None)),
        (format!("l2-account-proof {number}{CC}{CHAIN}"), account(Some(10))),
        (format!("l2-account-storage-proof {number}{CC}{BB}"), storage(None)),
        (format!("l2-account-storage-proof {number}{CC}{BB}{CHAIN}"), storage(Some(10))),
        (format!("l1-block-header {AA}"), Hint::L1BlockHeader(HASH)),
        (
            format!("l1-blob {AA}0000000000000003{number}"),
            Hint::L1Blob { versioned_hash: HASH, index: Some(3), l1_time: 0x102 },
        ),
    ];
    for (text, hint) in cases {
        assert_eq!(Hint::parse(text.as_bytes()), Ok(hint), "{text}");
    }
}

#[test]
fn refuses_what_is_no_hint() {
    let cases = [
        ("", HintError::NoData),
        ("l1-block-header", HintError::NoData),
        ("l1-block-heading 0xaa", HintError::UnknownType),
        (" 0xaa", HintError::UnknownType),
        ("l1-block-header 0xag", HintError::NotHex),
        ("l1-block-header 0xaaa", HintError::NotHex),
        ("l1-block-header 0xaa", HintError::Length(1)),
        ("l1-precompile 0xaa", HintError::Length(1)),
    ];
    for (text, error) in cases {
        assert_eq!(Hint::parse(text.as_bytes()), Err(error), "{text}");
    }
}

#[test]
fn refuses_every_other_length() {
    for name in
        ["l1-block-header", "l1-blob", "l1-account-storage-proof", "l2-state-node", "l2-account-proof", "l2-block-data"]
    {
        let lengths: Vec<_> =
            (0..120).filter(|len| Hint::parse(format!("{name} 0x{}", "11".repeat(*len)).as_bytes()).is_ok()).collect();
        let expected: &[usize] = match name {
            "l1-block-header" => &[32],
            "l1-blob" => &[40, 48],
            "l1-account-storage-proof" => &[84],
            "l2-state-node" => &[32, 40],
            "l2-account-proof" => &[28, 36, 52, 60],
            _ => &[72],
        };
        assert_eq!(lengths, expected, "{name}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in vec(any::<u8>(), 0..200)) {
        let _ = Hint::parse(&text);
    }

    #[test]
    fn what_is_read_is_sent_the_same(place in any::<prop::sample::Index>(), data in vec(any::<u8>(), 0..100)) {
        let name = place.get(&op_program()).1.name();
        if let Ok(hint) = Hint::parse(format!("{name} 0x{}", hex::encode(&data)).as_bytes()) {
            prop_assert_eq!(hint.to_string(), format!("{name} 0x{}", hex::encode(&data)));
        }
    }
}
