use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, keccak256};
use kohala_zkvm::{Aggregate, AggregationError, AggregationInput, Link, Statement, join};

/// Headers of L1 from a first one up, each the parent of the next.
fn l1(length: u64) -> Vec<Bytes> {
    let mut parent_hash = B256::ZERO;
    let header = |number| {
        let header = Header { number, parent_hash, base_fee_per_gas: Some(7), ..Header::default() };
        let rlp = Bytes::from(alloy_rlp::encode(header));
        parent_hash = keccak256(&rlp);
        rlp
    };
    (1..=length).map(header).collect()
}

/// Three claims, one after the other, each proven with the L1 head whose place is given.
fn range(heads: [usize; 3]) -> AggregationInput {
    let l1 = l1(10);
    let root = |index: usize| B256::repeat_byte(index as u8 + 1);
    let statement = |index: usize| Statement {
        chain_hash: B256::repeat_byte(0xcc),
        l1_head: keccak256(&l1[heads[index]]),
        agreed_output_root: root(index),
        claimed_output_root: root(index + 1),
        claimed_block_number: 100 * (index as u64 + 1),
    };
    let oldest = heads.iter().min().unwrap();
    AggregationInput {
        program: B256::repeat_byte(0xaa),
        statements: (0..3).map(statement).collect(),
        l1_headers: l1[oldest + 1..=heads[2]].iter().rev().cloned().collect(),
    }
}

#[test]
fn consecutive_statements_join() {
    for heads in [[9, 9, 9], [3, 5, 9], [5, 3, 9]] {
        let range = range(heads);
        let joined = join(&range).unwrap();
        let (first, last) = (range.statements[0], range.statements[2]);
        let expected = Statement { agreed_output_root: first.agreed_output_root, ..last };
        assert_eq!(joined, Aggregate { statement: expected, program: range.program });
        assert_eq!(Aggregate::decode(&joined.encode()), Some(joined));
        assert_eq!(joined.encode().len(), 7 * 32);
    }
}

#[test]
fn input_is_read_as_it_was_written() {
    let range = range([3, 5, 9]);
    let encoded = range.encode();
    assert_eq!(AggregationInput::decode(&encoded), Some(range));
    for length in 0..encoded.len() {
        assert_eq!(AggregationInput::decode(&encoded[..length]), None, "{length} bytes");
    }
    assert_eq!(AggregationInput::decode(&[&encoded[..], &[0]].concat()), None);
}

#[test]
fn gaps_are_refused() {
    let gap = |change: fn(&mut Statement), link| {
        let mut range = range([9, 9, 9]);
        change(&mut range.statements[1]);
        assert_eq!(join(&range), Err(AggregationError::Gap { index: 1, link }));
    };
    gap(|statement| statement.chain_hash = B256::ZERO, Link::Chain);
    gap(|statement| statement.agreed_output_root = B256::ZERO, Link::OutputRoot);
    gap(|statement| statement.l1_head = B256::ZERO, Link::L1Head);
    let mut other = range([9, 9, 9]);
    other.statements[1].claimed_output_root = B256::ZERO;
    assert_eq!(join(&other), Err(AggregationError::Gap { index: 2, link: Link::OutputRoot }));
}

#[test]
fn older_heads_must_be_ancestors_of_the_last() {
    // A newer one is none.
    let newer = range([9, 9, 9]);
    let mut other = range([3, 3, 3]);
    other.statements[0].l1_head = newer.statements[0].l1_head;
    assert_eq!(join(&other), Err(AggregationError::Gap { index: 0, link: Link::L1Head }));
    // The way has to be shown whole, and with the real headers.
    let mut short = range([3, 5, 9]);
    short.l1_headers.pop();
    assert_eq!(join(&short), Err(AggregationError::Gap { index: 0, link: Link::L1Head }));
    let mut gap = range([3, 5, 9]);
    gap.l1_headers.remove(1);
    assert_eq!(join(&gap), Err(AggregationError::Header(1)));
    let mut forged = range([3, 5, 9]);
    forged.l1_headers[2] =
        Bytes::from(alloy_rlp::encode(Header { number: 8, base_fee_per_gas: Some(7), ..Header::default() }));
    assert_eq!(join(&forged), Err(AggregationError::Header(2)));
}

#[test]
fn nothing_joins_to_nothing() {
    let range = AggregationInput { statements: Vec::new(), ..range([9, 9, 9]) };
    assert_eq!(join(&range), Err(AggregationError::Empty));
}
