//! Precompile calls by the oracle (rules P01, P25, X42).

use alloy_primitives::{Address, B256, Bytes};
use kohala_preimage::{Hint, Key, KeyKind, Missing, PreimageError, Preimages};
use kohala_program::{Expected, Inputs, OracleInputs, PrecompileOutcome, ReadError};

const ADDRESS: Address = Address::with_last_byte(8);
const GAS: u64 = 45_000;
const INPUT: [u8; 3] = [1, 2, 3];

/// What becomes of a call whose outcome is `value`.
fn read(value: &'static [u8]) -> Result<PrecompileOutcome, ReadError<PreimageError>> {
    let mut preimages = Preimages::new();
    preimages.insert_precompile(ADDRESS, GAS, &INPUT, Bytes::from_static(value));
    outcome(&mut OracleInputs::new(preimages).accelerated())
}

fn outcome(inputs: &mut OracleInputs<Preimages>) -> Result<PrecompileOutcome, ReadError<PreimageError>> {
    assert!(inputs.is_accelerated());
    inputs.l1_precompile(ADDRESS, GAS, &INPUT).map(Option::unwrap)
}

#[test]
fn outcome_is_a_status_and_the_output_of_a_success() {
    let success = |output| PrecompileOutcome::Success(Bytes::from_static(output));
    assert_eq!(read(&[1]).unwrap(), success(&[]));
    assert_eq!(read(&[1, 0]).unwrap(), success(&[0]));
    assert_eq!(read(&[1, 7, 8, 9]).unwrap(), success(&[7, 8, 9]));
    assert_eq!(read(&[0]).unwrap(), PrecompileOutcome::Failure);
}

/// Another status, none, or a failure with an output says nothing of the call.
#[test]
fn unknown_status_is_no_outcome() {
    let key = Key::precompile(ADDRESS, GAS, &INPUT);
    for value in [&[][..], &[2], &[0xff, 1], &[0, 0], &[0, 1, 2]] {
        match read(value) {
            Err(ReadError::Malformed { hash, expected }) => {
                assert_eq!((hash, expected), (B256::from(key), Expected::Outcome));
            }
            other => panic!("{value:?}: {other:?}"),
        }
    }
}

#[test]
fn missing_outcome_is_named_with_its_hint() {
    let mut inputs = OracleInputs::new(Preimages::new()).accelerated();
    let Err(ReadError::Oracle(PreimageError::Missing(missing))) = outcome(&mut inputs) else {
        panic!("there is none");
    };
    let hint = Hint::L1PrecompileV2 { address: ADDRESS, gas: GAS, input: INPUT.into() };
    assert_eq!(hint.text(), format!("l1-precompile-v2 {ADDRESS:?}000000000000afc8010203"));
    assert_eq!(missing.key.kind(), Some(KeyKind::Precompile));
    assert_eq!(missing, Missing { key: Key::precompile(ADDRESS, GAS, &INPUT), hint: Some(hint) });
}

/// Unless told so, the program computes all that it can.
#[test]
fn outcome_is_not_asked_for_unless_accelerated() {
    let mut inputs = OracleInputs::new(Preimages::new());
    assert!(!inputs.is_accelerated());
    assert_eq!(inputs.l1_precompile(ADDRESS, GAS, &INPUT).unwrap(), None);
}
