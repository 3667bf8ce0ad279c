//! Where L1 gives rise to no block with the claimed number, the last output root is right (rules Z01, Z02).

use crate::support::Recording;
use alloy_primitives::B256;
use kohala_program::{Contradiction, ProgramError};

/// An L1 head at which the safe head of `main` is past genesis and the chain has not ended.
const L1_HEAD: usize = 12;
const BEYOND: u64 = 1_000;

fn safe_head(recording: &Recording, l1_head: usize) -> u64 {
    recording.claiming(l1_head, BEYOND, B256::ZERO).verdict().block_number
}

#[test]
fn last_root_is_right_beyond_the_safe_head() {
    let recording = Recording::load("main");
    let last = safe_head(&recording, L1_HEAD);
    assert!(last > 3 && last < 100, "{last}");
    for number in [last, last + 1, last + 2, BEYOND, u64::MAX] {
        let extended = recording.claiming(L1_HEAD, number, recording.root(last)).verdict();
        assert!(extended.is_valid(), "{number}");
        assert_eq!((extended.block_number, extended.claimed_block_number), (last, number));
    }
}

#[test]
fn other_roots_are_wrong_beyond_the_safe_head() {
    let recording = Recording::load("main");
    let last = safe_head(&recording, L1_HEAD);
    // The root that the block will have once L1 goes on, the root before, the agreed one, junk.
    let wrong =
        [recording.root(last + 1), recording.root(last - 1), recording.root(0), B256::repeat_byte(7), B256::ZERO];
    for root in wrong {
        let verdict = recording.claiming(L1_HEAD, last + 1, root).verdict();
        assert_eq!((verdict.is_valid(), verdict.output_root), (false, recording.root(last)), "{root}");
    }
}

#[test]
fn repeated_root_is_wrong_at_a_reachable_block() {
    let recording = Recording::load("main");
    let last = safe_head(&recording, L1_HEAD);
    for number in 1..=last {
        let verdict = recording.claiming(L1_HEAD, number, recording.root(0)).verdict();
        assert_eq!((verdict.is_valid(), verdict.block_number), (false, number));
        let verdict = recording.claiming(L1_HEAD, number, recording.root(number - 1)).verdict();
        assert_eq!((verdict.is_valid(), verdict.output_root), (false, recording.root(number)));
    }
}

#[test]
fn without_new_blocks_the_agreed_root_is_right() {
    let recording = Recording::load("main");
    assert_eq!(safe_head(&recording, 0), 0);
    for number in [1, 2, BEYOND] {
        assert!(recording.claiming(0, number, recording.root(0)).verdict().is_valid(), "{number}");
        for wrong in [B256::ZERO, B256::repeat_byte(7), recording.root(1)] {
            let verdict = recording.claiming(0, number, wrong).verdict();
            assert_eq!((verdict.is_valid(), verdict.output_root), (false, recording.root(0)), "{number} {wrong}");
            assert_eq!(verdict.block_number, 0);
        }
    }
}

#[test]
fn agreed_block_needs_no_derivation() {
    let recording = Recording::load("main");
    for l1_head in [0, L1_HEAD, recording.chain.l1.len() - 1] {
        let (verdict, steps) = recording.claiming(l1_head, 0, recording.root(0)).run().unwrap();
        assert!(verdict.is_valid() && steps.is_empty());
        assert!(!recording.claiming(l1_head, 0, B256::ZERO).verdict().is_valid());
        assert!(!recording.claiming(l1_head, 0, recording.root(1)).verdict().is_valid());
    }
}

/// What is safe stays: at each later L1 head the chain is the same and no shorter.
#[test]
fn safe_head_grows_with_l1() {
    let recording = Recording::load("staged");
    let mut before = 0;
    for l1_head in [9, 10, 12, 17, 20, 21, 32, 42] {
        let verdict = recording.claiming(l1_head, BEYOND, B256::ZERO).verdict();
        assert!(verdict.block_number > before, "{} at L1 block {l1_head}", verdict.block_number);
        assert_eq!(verdict.output_root, recording.root(verdict.block_number), "at L1 block {l1_head}");
        before = verdict.block_number;
    }
    assert_eq!(before, 82);
}

#[test]
fn claims_below_the_agreed_block_are_no_claims() {
    let recording = Recording::load("main");
    let mut agreed = recording.clone();
    // Genesis under another number: what lies above the claim is all that counts.
    let output = agreed.inputs.outputs[&recording.root(0)];
    agreed.inputs.l2_headers.get_mut(&output.block_hash).unwrap().number = 5;
    agreed.boot.claimed_block_number = 4;
    let error = agreed.start().err().unwrap();
    let expected = Contradiction::ClaimBelowAgreed { claimed: 4, agreed: 5 };
    assert!(matches!(&error, ProgramError::Contradiction(found) if *found == expected), "{error}");
    assert_eq!(error.to_string(), "the claimed block number 4 is below the agreed block's, 5");
}
