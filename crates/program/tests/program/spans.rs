//! Before Holocene a span batch is safe as a whole or not at all (rules D72, D101), also after blocks of it ran.
//!
//! The chain is the genesis of `staged` under an L1 and a batcher of our own.

use crate::support::Recording;
use alloy_consensus::{SignableTransaction, TxLegacy, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, keccak256};
use alloy_rlp::Encodable;
use kohala_program::{Progress, Verdict};
use kohala_protocol::{Fork, L1Header, RollupConfig};
use kohala_testdata::Chain;
use std::sync::Arc;

/// Seconds between L1 blocks: as short as L2's, so that a block after the first may be of either of two origins.
pub(crate) const BLOCK_TIME: u64 = 2;

/// Whoever signs with this key.
#[derive(Clone, Copy)]
pub(crate) struct Key(pub(crate) u8);

/// Who may post from genesis on.
pub(crate) const BATCHER: Key = Key(1);

impl Key {
    fn sign(self, hash: B256) -> Signature {
        sign_message(B256::repeat_byte(self.0), hash).unwrap()
    }

    pub(crate) fn address(self) -> Address {
        self.sign(B256::ZERO).recover_address_from_prehash(&B256::ZERO).unwrap()
    }
}

pub(crate) fn l1_hash(chain: &Chain, number: u64) -> B256 {
    match number {
        0 => chain.l1[0].hash,
        number => keccak256([b"l1", &number.to_be_bytes()[..]].concat()),
    }
}

/// Blocks in a span batch.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    Empty,
    /// A transaction that its sender can't pay for.
    Invalid,
}

/// A span batch on genesis: for each block whether it begins an epoch, and its content.
fn span(recording: &Recording, blocks: &[(bool, Content)]) -> Bytes {
    let last_origin = blocks.iter().filter(|(begins, _)| *begins).count() as u64;
    let bits = |bits: Vec<bool>| {
        let mut bytes = vec![0u8; bits.len().div_ceil(8)];
        let length = bytes.len();
        bits.iter().enumerate().filter(|(_, bit)| **bit).for_each(|(i, _)| bytes[length - 1 - i / 8] |= 1 << (i % 8));
        bytes
    };
    let transactions = blocks.iter().filter(|(_, content)| matches!(content, Content::Invalid)).count();
    let mut item = vec![1];
    // Every number here is below 128 but the gas: a varint of one byte.
    item.extend([BLOCK_TIME as u8, last_origin as u8]);
    item.extend(&recording.chain.l2[0].hash[..20]);
    item.extend(&l1_hash(&recording.chain, last_origin)[..20]);
    item.push(blocks.len() as u8);
    item.extend(bits(blocks.iter().map(|(begins, _)| *begins).collect()));
    item.extend(blocks.iter().map(|(_, content)| matches!(content, Content::Invalid) as u8));
    item.extend(bits(vec![false; transactions])); // creates a contract
    item.extend(bits(vec![false; transactions])); // parity
    (0..transactions).for_each(|_| item.extend([B256::with_last_byte(1), B256::with_last_byte(1)].concat()));
    (0..transactions).for_each(|_| item.extend(Address::with_last_byte(9)));
    // Type 2: value, tip, fee, input and access list are all empty.
    (0..transactions).for_each(|_| item.extend([2, 0xC5, 0x80, 0x80, 0x80, 0x80, 0xC0]));
    (0..transactions).for_each(|nonce| item.push(nonce as u8));
    (0..transactions).for_each(|_| item.extend([0x88, 0xA4, 0x01])); // 21,000
    item.into()
}

/// A compressed channel with one batch.
pub(crate) fn channel(item: &Bytes) -> Bytes {
    let mut stream = Vec::new();
    item.encode(&mut stream);
    miniz_oxide::deflate::compress_to_vec_zlib(&stream, 6).into()
}

/// A transaction to the inbox with one frame of the channel `id`.
pub(crate) fn post(config: &RollupConfig, key: Key, id: u8, (number, data, is_last): (u8, &[u8], bool)) -> Bytes {
    let mut input = vec![0];
    input.extend([id; 16]);
    input.extend([0, number]);
    input.extend((data.len() as u32).to_be_bytes());
    input.extend(data);
    input.push(is_last.into());
    let transaction = TxLegacy {
        chain_id: Some(config.l1_chain_id),
        gas_limit: 1_000_000,
        to: TxKind::Call(config.batch_inbox_address),
        input: input.into(),
        ..TxLegacy::default()
    };
    let signature = key.sign(transaction.signature_hash());
    transaction.into_signed(signature).encoded_2718().into()
}

/// The genesis of `staged` with all forks up to `fork`, and L1 blocks 1 to 4: each posts the span in its place, if there
/// is one. `root` is claimed for block `number`.
pub(crate) fn chain(fork: Fork, spans: &[&[(bool, Content)]], number: u64, root: B256) -> Recording {
    let mut recording = Recording::load("staged");
    let mut config = RollupConfig::clone(&recording.boot.rollup);
    config.genesis.system_config.batcher = BATCHER.address();
    for later in [Fork::Granite, Fork::Holocene, Fork::Isthmus, Fork::Jovian] {
        // From the first block on: the genesis block's header is Fjord's.
        config.forks.set(later, (later <= fork).then_some(config.genesis.l2_time + BLOCK_TIME));
    }
    let genesis = recording.inputs.l1_headers[&recording.chain.l1[0].hash].clone();
    for number in 1..=4 {
        let hash = l1_hash(&recording.chain, number);
        let header = L1Header {
            hash,
            parent_hash: l1_hash(&recording.chain, number - 1),
            number,
            // In step with L2's, so that a block may be of the L1 block with its own number or the one before.
            timestamp: config.genesis.l2_time + number * BLOCK_TIME,
            logs_bloom: Default::default(),
            ..genesis.clone()
        };
        let posted = spans.get(number as usize - 1).map(|span_blocks| span(&recording, span_blocks));
        let transactions =
            posted.iter().map(|item| post(&config, BATCHER, number as u8, (0, &channel(item), true))).collect();
        recording.inputs.l1_headers.insert(hash, header);
        recording.inputs.l1_transactions.insert(hash, transactions);
        recording.inputs.l1_receipts.insert(hash, Vec::new());
    }
    // A span that begins at block 1 again is held to its parent.
    recording.inputs.l2_transactions.insert(recording.chain.l2[0].hash, Vec::new());
    recording.boot.l1_head = l1_hash(&recording.chain, 4);
    recording.boot.claimed_block_number = number;
    recording.boot.claimed_output_root = root;
    recording.boot.rollup = Arc::new(config);
    recording
}

/// The verdict, and the steps before it as letters and block numbers: derived, executed, rejected.
fn run(recording: &Recording) -> (Verdict, String) {
    let (verdict, steps) = recording.run().unwrap();
    let name = |step: &Progress| match step {
        Progress::Derived(attributes) => format!("d{}", attributes.number()),
        Progress::Executed(block) => format!("e{}", block.header.number),
        Progress::Rejected { number } => format!("r{number}"),
        Progress::Judged(_) => "j".to_owned(),
    };
    (verdict, steps.iter().map(name).collect::<Vec<_>>().join(" "))
}

use Content::{Empty, Invalid};

const BAD: &[(bool, Content)] = &[(false, Empty), (false, Empty), (false, Invalid), (false, Empty)];
/// Two blocks like the first of [`BAD`].
const SAME: &[(bool, Content)] = &[(false, Empty), (false, Empty)];
/// Two blocks in the place of the first of [`BAD`], of another origin.
const OTHER: &[(bool, Content)] = &[(true, Empty), (false, Empty)];

#[test]
fn an_invalid_block_takes_its_spans_blocks_back() {
    let agreed = Recording::load("staged").root(0);
    let (same, steps) = run(&chain(Fork::Granite, &[SAME], 2, agreed));
    assert_eq!(steps, "d1 e1 d2 e2");
    let first = run(&chain(Fork::Granite, &[SAME], 1, agreed)).0.output_root;
    for (number, root) in [(1, first), (2, same.output_root), (3, same.output_root), (4, agreed)] {
        let (verdict, steps) = run(&chain(Fork::Granite, &[BAD], number, root));
        assert_eq!(steps, "d1 e1 d2 e2 d3 r3", "{number}");
        assert_eq!((verdict.output_root, verdict.block_number), (agreed, 0), "{number}");
        assert_eq!(verdict.is_valid(), root == agreed);
    }
}

#[test]
fn blocks_that_were_taken_back_may_come_again() {
    let agreed = Recording::load("staged").root(0);
    let expected = run(&chain(Fork::Granite, &[SAME], 2, agreed)).0.output_root;
    for number in [2, 3, 9] {
        let (verdict, steps) = run(&chain(Fork::Granite, &[BAD, SAME], number, expected));
        assert_eq!(steps, "d1 e1 d2 e2 d3 r3 d1 e1 d2 e2", "{number}");
        assert!(verdict.is_valid(), "{number}");
        assert_eq!(verdict.block_number, 2);
    }
}

#[test]
fn other_blocks_may_come_in_the_place_of_those_taken_back() {
    let agreed = Recording::load("staged").root(0);
    let roots = |span| [1, 2].map(|number| run(&chain(Fork::Granite, &[span], number, agreed)).0.output_root);
    let (taken_back, expected) = (roots(SAME), roots(OTHER));
    assert!(taken_back.iter().zip(&expected).all(|(a, b)| a != b));
    for number in [1, 2] {
        for (root, valid) in [(expected[number - 1], true), (taken_back[number - 1], false), (agreed, false)] {
            let (verdict, _) = run(&chain(Fork::Granite, &[BAD, OTHER], number as u64, root));
            assert_eq!((verdict.is_valid(), verdict.output_root), (valid, expected[number - 1]), "{number}");
        }
    }
}

/// A later span may begin with safe blocks: it is held to those that stayed, not to those that were taken back.
#[test]
fn safe_blocks_stay_when_a_later_span_is_taken_back() {
    let agreed = Recording::load("staged").root(0);
    let invalid: &[_] = &[(false, Empty), (false, Empty), (false, Empty), (false, Invalid)];
    let good = |count| &[(false, Empty); 5][..count];
    let expected = run(&chain(Fork::Granite, &[good(5)], 5, agreed)).0.output_root;
    let (verdict, steps) = run(&chain(Fork::Granite, &[SAME, invalid, good(4), good(5)], 5, expected));
    assert_eq!(steps, "d1 e1 d2 e2 d3 e3 d4 r4 d3 e3 d4 e4 d5 e5");
    assert!(verdict.is_valid());
}

/// The claimed block may lie within a span: its root counts once the span's last block has shown to be valid.
#[test]
fn a_span_is_run_to_its_end_beyond_the_claimed_block() {
    let agreed = Recording::load("staged").root(0);
    let expected = run(&chain(Fork::Granite, &[SAME], 2, agreed)).0.output_root;
    let (verdict, steps) = run(&chain(Fork::Granite, &[&[(false, Empty); 4]], 2, expected));
    assert_eq!(steps, "d1 e1 d2 e2 d3 e3 d4 e4");
    assert!(verdict.is_valid());
    assert_eq!(verdict.block_number, 2);
}

/// The rule of later forks, on the same data: an invalid block is made of deposits alone, and those before it stay.
#[test]
fn from_holocene_on_earlier_blocks_of_a_span_stay() {
    let agreed = Recording::load("staged").root(0);
    let expected = run(&chain(Fork::Holocene, &[SAME], 2, agreed)).0.output_root;
    let (verdict, steps) = run(&chain(Fork::Holocene, &[BAD], 2, expected));
    assert_eq!(steps, "d1 e1 d2 e2");
    assert!(verdict.is_valid());
    let (verdict, steps) = run(&chain(Fork::Holocene, &[BAD], 4, agreed));
    assert_eq!(steps, "d1 e1 d2 e2 d3 r3 e3");
    assert_eq!((verdict.is_valid(), verdict.block_number), (false, 3));
}

/// The blocks before the span stay, and so does their state: nobody else has it.
#[test]
fn state_before_blocks_taken_back_is_not_asked_for() {
    const BAD_FOURTH: &[(bool, Content)] = &[(false, Empty), (false, Empty), (false, Empty), (false, Invalid)];
    const LONGER: &[(bool, Content)] = &[(false, Empty), (false, Empty), (false, Empty)];
    let agreed = Recording::load("staged").root(0);
    let expected = run(&chain(Fork::Granite, &[LONGER], 3, agreed)).0.output_root;
    let (verdict, steps) = run(&chain(Fork::Granite, &[SAME, BAD_FOURTH, LONGER], 3, expected));
    assert_eq!(steps, "d1 e1 d2 e2 d3 e3 d4 r4 d3 e3");
    assert!(verdict.is_valid());
}
