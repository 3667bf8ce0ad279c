//! Inputs of a zkVM's guest: what proves a claim, and that nothing else does.

use crate::recorded::{self, store};
use alloy_primitives::{B256, Bytes, keccak256};
use kohala_host::{Dispute, GuestInput, GuestInputError, guest_input, guest_input::Native};
use kohala_zkvm::{ClaimError, STATEMENT_BYTES, Statement, WitnessError, judge};

fn dispute(chain: &str, claim: &str) -> Dispute {
    recorded::dispute(chain, &recorded::claim(chain, claim))
}

fn input(chain: &str, claim: &str) -> GuestInput {
    guest_input(&store(chain), &dispute(chain, claim)).unwrap()
}

fn tried(witness: &[u8]) -> Result<Statement, ClaimError> {
    judge::<Native>(Bytes::copy_from_slice(witness))
}

/// A witness taken apart, by its documented layout.
#[derive(Clone)]
struct Parts {
    statement: Vec<u8>,
    chain: Vec<u8>,
    /// Commitment, data without zeros at the end.
    blobs: Vec<(Vec<u8>, Vec<u8>)>,
    proof: Vec<u8>,
    /// Entry, and the value if it is one.
    values: Vec<(u32, Option<Vec<u8>>)>,
}

const AGAIN: u32 = 1 << 31;
const KEPT: u32 = 1 << 30;

impl Parts {
    fn of(witness: &[u8]) -> Self {
        fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
            let (taken, left) = rest.split_at(length);
            *rest = left;
            taken
        }
        fn number(rest: &mut &[u8]) -> u32 {
            u32::from_le_bytes(take(rest, 4).try_into().unwrap())
        }
        fn padded(rest: &mut &[u8], length: usize) -> Vec<u8> {
            take(rest, length.next_multiple_of(8))[..length].to_vec()
        }
        let mut rest = witness;
        let statement = take(&mut rest, STATEMENT_BYTES).to_vec();
        let [chain, blobs, values, _] = [(); 4].map(|()| number(&mut rest) as usize);
        let chain = take(&mut rest, chain).to_vec();
        let table: Vec<_> =
            (0..blobs).map(|_| (take(&mut rest, 48).to_vec(), number(&mut rest), number(&mut rest))).collect();
        let proof = take(&mut rest, if blobs == 0 { 0 } else { 48 }).to_vec();
        let mut entries = padded(&mut rest, 4 * values);
        let entries: Vec<u32> = entries.as_chunks_mut().0.iter().map(|entry| u32::from_le_bytes(*entry)).collect();
        let blobs = table.into_iter().map(|(commitment, length, _)| (commitment, padded(&mut rest, length as usize)));
        let blobs = blobs.collect();
        let value = |entry: u32| (entry, (entry & AGAIN == 0).then(|| padded(&mut rest, (entry & !KEPT) as usize)));
        let values = entries.into_iter().map(value).collect();
        assert!(rest.is_empty());
        Self { statement, chain, blobs, proof, values }
    }

    fn whole(&self) -> Vec<u8> {
        let mut bytes = self.statement.clone();
        let counts = [self.chain.len(), self.blobs.len(), self.values.len(), 0];
        bytes.extend(counts.iter().flat_map(|count| (*count as u32).to_le_bytes()));
        bytes.extend(&self.chain);
        for (commitment, data) in &self.blobs {
            bytes.extend(commitment);
            bytes.extend((data.len() as u64).to_le_bytes());
        }
        bytes.extend(&self.proof);
        bytes.extend(self.values.iter().flat_map(|(entry, _)| entry.to_le_bytes()));
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        let values = self.values.iter().filter_map(|(_, value)| value.as_ref());
        for data in self.blobs.iter().map(|(_, data)| data).chain(values) {
            bytes.extend(data);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        bytes
    }
}

#[test]
fn recorded_claims_are_proven_by_less_than_their_preimages() {
    for (chain, claim) in [("main", "0-1"), ("main", "40-41"), ("main", "60-110"), ("full", "20-21")] {
        let input = input(chain, claim);
        let statement = tried(&input.witness).unwrap();
        let expected = dispute(chain, claim);
        assert_eq!(statement, input.statement);
        assert_eq!((statement.l1_head, statement.agreed_output_root), (expected.l1_head, expected.agreed_output_root));
        assert_eq!(
            (statement.claimed_output_root, statement.claimed_block_number),
            (expected.claimed_output_root, expected.claimed_block_number)
        );
        let parts = Parts::of(&input.witness);
        assert_eq!(parts.whole(), input.witness);
        // Eight bytes of a value's entry and padding at most; a plain store has a key of 32 for each.
        let values = parts.values.iter().filter(|(_, value)| value.is_some()).count();
        println!(
            "{chain} {claim}: {} bytes, {} plain, {values} values, {} again, {} blobs",
            input.witness.len(),
            input.plain_bytes,
            parts.values.len() - values,
            parts.blobs.len()
        );
        assert!(input.witness.len() < input.plain_bytes + 32 * values);
    }
}

#[test]
fn wrong_claim_is_not_proven() {
    let mut dispute = dispute("main", "40-41");
    dispute.claimed_output_root = B256::repeat_byte(7);
    let input = guest_input(&store("main"), &dispute).unwrap();
    assert!(!input.verdict.is_valid());
    match tried(&input.witness) {
        Err(ClaimError::Wrong(verdict)) => assert_eq!(verdict, input.verdict),
        other => panic!("{other:?}"),
    }
}

/// In a dispute the last block's root is the right claim for a number that L1 gives rise to no block for. A proof names the
/// block that it is of.
#[test]
fn claim_ahead_of_l1_is_not_proven() {
    // Its root is that of the chain's last block.
    let mut dispute = dispute("main", "120-170");
    dispute.claimed_block_number = u64::MAX;
    match guest_input(&store("main"), &dispute) {
        Err(GuestInputError::Guest(ClaimError::Short(verdict))) => assert!(verdict.is_valid()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_may_be_missing() {
    for (chain, claim) in [("main", "0-1"), ("main", "40-41")] {
        let parts = Parts::of(&input(chain, claim).witness);
        assert!(tried(&parts.whole()).is_ok());
        for place in 0..parts.values.len() {
            let mut less = parts.clone();
            less.values.remove(place);
            assert!(tried(&less.whole()).is_err(), "{chain} {claim} without value {place}");
        }
        for place in 0..parts.blobs.len() {
            let mut less = parts.clone();
            less.blobs.remove(place);
            assert!(tried(&less.whole()).is_err(), "{chain} {claim} without blob {place}");
        }
    }
}

#[test]
fn nothing_may_be_too_much() {
    let parts = Parts::of(&input("main", "40-41").witness);
    let mut more = parts.clone();
    more.values.push((3, Some(vec![1, 2, 3])));
    assert!(matches!(tried(&more.whole()), Err(ClaimError::Witness(WitnessError::Unread))));
    let mut more = parts.clone();
    more.values.push((0, Some(Vec::new())));
    assert!(matches!(tried(&more.whole()), Err(ClaimError::Witness(WitnessError::Unread))));
    let mut more = parts.whole();
    more.extend([0; 8]);
    assert!(matches!(tried(&more), Err(ClaimError::Witness(WitnessError::Unread))));
    let mut zeros = parts.clone();
    zeros.blobs[0].1.push(0);
    assert!(matches!(tried(&zeros.whole()), Err(ClaimError::Witness(WitnessError::Form(_)))));
    // The same blob once more: the proof is then of another sum.
    let mut more = parts.clone();
    more.blobs.push(parts.blobs[0].clone());
    assert!(tried(&more.whole()).is_err());
}

#[test]
fn no_bit_may_be_another() {
    let witness = input("main", "0-1").witness;
    let beginning =
        witness.len() - Parts::of(&witness).values.iter().flat_map(|(_, value)| value).map(Vec::len).sum::<usize>();
    for byte in 0..beginning {
        let mut other = witness.clone();
        other[byte] ^= 1 << (byte % 8);
        assert!(tried(&other).is_err(), "byte {byte} of 0-1");
    }
    let witness = input("main", "40-41").witness;
    for sample in 0_u64..400 {
        let draw = keccak256(sample.to_be_bytes());
        let byte = u64::from_be_bytes(*draw.first_chunk().unwrap()) as usize % witness.len();
        let mut other = witness.clone();
        other[byte] ^= 1 << (draw[31] % 8);
        assert!(tried(&other).is_err(), "byte {byte} of 40-41");
    }
}

#[test]
fn witness_that_is_cut_is_none() {
    let witness = input("main", "0-1").witness;
    for length in 0..witness.len().min(3_000) {
        assert!(tried(&witness[..length]).is_err(), "{length} bytes");
    }
}

/// All blobs are shown by one proof: data of two that were exchanged, or one made up, is not.
#[test]
fn blobs_are_bound_to_their_commitments() {
    let parts = Parts::of(&input("main", "60-110").witness);
    assert!(parts.blobs.len() > 30);
    let mut exchanged = parts.clone();
    let (first, second) = (parts.blobs[0].1.clone(), parts.blobs[1].1.clone());
    (exchanged.blobs[0].1, exchanged.blobs[1].1) = (second, first);
    let mut flipped = parts.clone();
    flipped.blobs[20].1[77] ^= 1;
    let mut longer = parts.clone();
    longer.blobs[3].1.push(1);
    let mut large = parts.clone();
    large.blobs[3].1 = vec![1; 131_073];
    let mut not_canonical = parts.clone();
    not_canonical.blobs[3].1[..32].fill(0xff);
    for (other, name) in [
        (exchanged, "exchanged"),
        (flipped, "flipped"),
        (longer, "longer"),
        (large, "large"),
        (not_canonical, "not canonical"),
    ] {
        assert!(matches!(tried(&other.whole()), Err(ClaimError::Witness(WitnessError::Blobs(_)))), "{name}");
    }
}
