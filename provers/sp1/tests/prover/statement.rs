//! Statements: read, and compared with what is expected.

use kohala_sp1::statement::{Expected, Statement, Word};

fn words(numbers: &[u8]) -> Vec<u8> {
    numbers.iter().flat_map(|number| [[0; 31].as_slice(), &[*number]].concat()).collect()
}

fn word(last: u8) -> Word {
    let mut word = [0; 32];
    word[31] = last;
    word
}

#[test]
fn a_statement_is_six_words_or_seven() {
    let statement = Statement::decode(&words(&[1, 2, 3, 4, 5, 6])).unwrap();
    assert_eq!(statement.program, None);
    let joined = Statement::decode(&words(&[1, 2, 3, 4, 5, 6, 7])).unwrap();
    assert_eq!(joined, Statement { program: Some(word(7)), ..statement });
    assert_eq!(statement.claimed_block_number, 6);
    assert_eq!((statement.chain_hash, statement.l1_head), (word(2), word(3)));
    assert_eq!((statement.agreed_output_root, statement.claimed_output_root), (word(4), word(5)));
    let refused = |values: &[u8]| format!("{:#}", Statement::decode(values).unwrap_err());
    assert_eq!(refused(&[0; 160]), "a statement has six words or seven, and these are 5");
    assert_eq!(refused(&[0; 256]), "a statement has six words or seven, and these are 8");
    assert_eq!(refused(&[0; 191]), "191 bytes are not whole words");
    assert_eq!(refused(&words(&[2, 2, 3, 4, 5, 6])), "its version is 2, and this knows 1");
    assert!(refused(&[255; 192]).starts_with("the version: 0xff"));
}

#[test]
fn what_is_expected_and_is_not_there_is_named() {
    let values = words(&[1, 2, 3, 4, 5, 6, 7]);
    let right = Expected {
        public_values: Some(values.clone()),
        chain_hash: Some(word(2)),
        l1_head: Some(word(3)),
        agreed_output_root: Some(word(4)),
        claimed_output_root: Some(word(5)),
        claimed_block_number: Some(6),
        program: Some(word(7)),
    };
    assert_eq!(right.differences(&values), Vec::<String>::new());
    assert_eq!(Expected::default().differences(b"anything"), Vec::<String>::new());
    let wrong = |expected: Expected, start: &str| {
        let differences = expected.differences(&values);
        assert_eq!(differences.len(), 1, "{differences:?}");
        assert!(differences[0].starts_with(start), "{differences:?}");
    };
    let nothing = || Expected { program: Some(word(7)), ..Expected::default() };
    wrong(Expected { public_values: Some(vec![1]), ..nothing() }, "the public values are 0x");
    wrong(Expected { chain_hash: Some(word(9)), ..nothing() }, "the chain's hash is 0x");
    wrong(Expected { l1_head: Some(word(9)), ..nothing() }, "the L1 head is 0x");
    wrong(Expected { agreed_output_root: Some(word(9)), ..nothing() }, "the agreed output root is 0x");
    wrong(Expected { claimed_output_root: Some(word(9)), ..nothing() }, "the claimed output root is 0x");
    wrong(Expected { program: Some(word(9)), ..nothing() }, "the program is 0x");
    wrong(Expected { claimed_block_number: Some(9), ..nothing() }, "the claimed block is 6, not 9");
    // All words are as expected, but any program could have committed to them.
    let anybodys = Expected { program: None, public_values: None, ..right.clone() };
    wrong(anybodys, "it joins proofs of the program 0x");
    assert!(right.differences(b"x")[1].starts_with("the public values are no statement"));
}
