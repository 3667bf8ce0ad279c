//! The rules that Karst takes over from Osaka, and those that it doesn't (rules F41), each beside Jovian's.
//!
//! What is asked of precompiles are the probes of op-acceptance-tests' `osaka_on_l2_test.go`, and prices by the EIPs'
//! formulas.

use crate::support::{
    precompiles::{BLS_G1_MSM, BLS_G2_MSM, BLS_PAIRING, P256_VERIFY, PAIRING, precompile, succeeds},
    sandbox::{CONTRACT, Sandbox, account, call, deposit, depositor, signed, slot, succeeded, to},
};
use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use kohala_execute::{ExecuteError, InvalidBlock, InvalidTransaction};
use kohala_protocol::Fork;
use kohala_testdata::GenesisAccount;
use op_alloy_consensus::TxDeposit;

/// Gas that EIP-7825 lets a transaction have.
const CAP: u64 = 1 << 24;

const MODEXP: u16 = 0x05;

/// A transaction that sends nothing to nobody, and who sent it.
fn transaction(gas_limit: u64) -> (Bytes, GenesisAccount) {
    let to = TxKind::Call(Address::with_last_byte(0x99));
    signed(TxEip1559 { gas_limit, to, ..TxEip1559::default() })
}

/// Input of the precompile with operands of these lengths: ones, but for an exponent of three.
fn modexp(base: usize, exponent: &[u8], modulus: usize) -> Vec<u8> {
    let word = |length: usize| U256::from(length).to_be_bytes::<32>();
    let mut input = [word(base), word(exponent.len()), word(modulus)].concat();
    input.extend(vec![1; base]);
    input.extend(exponent);
    input.extend(vec![1; modulus]);
    input
}

/// EIP-7825.
#[test]
fn karst_caps_the_gas_of_transactions() {
    for (fork, gas_limit, valid) in
        [(Fork::Jovian, CAP + 1, true), (Fork::Karst, CAP, true), (Fork::Karst, CAP + 1, false)]
    {
        let (encoded, sender) = transaction(gas_limit);
        let mut sandbox = Sandbox::new(fork, vec![sender]);
        // Whatever a deposit before it was let have.
        let outcome = sandbox.try_block(vec![call(CONTRACT, 1_000_000), encoded]);
        match outcome {
            Ok(block) => assert!(valid && succeeded(&block, 2), "{fork:?} {gas_limit}"),
            Err(ExecuteError::Invalid(InvalidBlock::Transaction { index: 2, reason })) => {
                assert!(!valid, "{fork:?} {gas_limit}");
                let InvalidTransaction::Refused(reason) = reason else { panic!("{reason}") };
                assert!(reason.to_string().contains("cap"), "{reason}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Deposits are exempt from EIP-7825: not only valid, but run with all the gas that they have.
#[test]
fn karst_does_not_cap_the_gas_of_deposits() {
    // GAS PUSH0 SSTORE
    let code = hex!("5a5f5500");
    for gas_limit in [CAP - 1, CAP, CAP + 1, 20_000_000, 29_000_000] {
        for fork in [Fork::Jovian, Fork::Karst] {
            let mut sandbox = Sandbox::new(fork, vec![account(CONTRACT, &code, vec![])]);
            let block = sandbox.block(vec![call(CONTRACT, gas_limit)]);
            assert!(succeeded(&block, 1));
            let left = slot(0, gas_limit - 21_000 - 2);
            let expected = sandbox.root(&[account(CONTRACT, &code, vec![left]), depositor(2)]);
            assert_eq!(block.header.state_root, expected, "{fork:?} {gas_limit}");
        }
    }
}

#[test]
fn karst_deposits_may_use_more_gas_than_transactions_may_have() {
    // JUMPDEST PUSH4 1000000 GAS GT PUSH0 JUMPI: until a million is left.
    let code = hex!("5b62 0f4240 5a 11 5f 57 00");
    let mut used = Vec::new();
    for fork in [Fork::Jovian, Fork::Karst] {
        let mut sandbox = Sandbox::new(fork, vec![account(CONTRACT, &code, vec![])]);
        let block = sandbox.block(vec![call(CONTRACT, 20_000_000)]);
        assert!(succeeded(&block, 1));
        used.push(block.header.gas_used);
    }
    assert_eq!(used[0], used[1]);
    assert!(used[1] > CAP + 2_000_000, "{used:?}");
}

/// EIP-7823.
#[test]
fn karst_bounds_the_operands_of_modexp() {
    let inputs = |length: usize| {
        let exponent = [&vec![0; length - 1][..], &[3]].concat();
        [modexp(length, &[3], 1), modexp(1, &exponent, 1), modexp(1, &[3], length)]
    };
    for input in inputs(1024) {
        assert!(succeeds(Fork::Karst, MODEXP, 20_000_000, &input));
    }
    for input in inputs(1025) {
        assert!(succeeds(Fork::Jovian, MODEXP, 20_000_000, &input));
        assert!(!succeeds(Fork::Karst, MODEXP, 20_000_000, &input));
    }
}

/// EIP-7883, beside EIP-2565.
#[test]
fn karst_prices_modexp_higher() {
    // Complexity: squared words of eight bytes; twice that, and 16 for short ones. Iterations: bits of the exponent
    // behind its first; of a long exponent 8 bits, or 16, for every byte beyond the first 32.
    let long_exponent = [&[1][..], &[0; 32]].concat();
    let cases = [
        (vec![], 200, 500),
        (modexp(64, &[1, 0, 1], 64), 64 * 16 / 3, 2 * 64 * 16),
        (modexp(32, &[1, 0, 1], 32), 200, 500),
        (modexp(32, &[0xff; 32], 32), 16 * 255 / 3, 16 * 255),
        (modexp(64, &long_exponent, 64), 64 * (8 + 248) / 3, 2 * 64 * (16 + 248)),
    ];
    for (input, jovian, karst) in cases {
        for (fork, gas) in [(Fork::Jovian, jovian), (Fork::Karst, karst)] {
            assert!(succeeds(fork, MODEXP, gas, &input), "{fork:?} {gas}");
            assert!(!succeeds(fork, MODEXP, gas - 1, &input), "{fork:?} {gas}");
        }
    }
}

/// EIP-7939.
#[test]
fn karst_counts_leading_zeros() {
    for (operand, zeros) in [("5f", 256), ("6001", 255), ("60ff", 248), ("5f19", 0)] {
        // The operand, CLZ PUSH0 SSTORE
        let code = hex::decode(format!("{operand}1e5f5500")).unwrap();
        let mut sandbox = Sandbox::new(Fork::Karst, vec![account(CONTRACT, &code, vec![])]);
        let block = sandbox.block(vec![call(CONTRACT, 100_000)]);
        assert!(succeeded(&block, 1));
        let storage = (zeros > 0).then(|| slot(0, zeros)).into_iter().collect();
        let expected = sandbox.root(&[account(CONTRACT, &code, storage), depositor(2)]);
        assert_eq!(block.header.state_root, expected, "{operand}");
        let mut before = Sandbox::new(Fork::Jovian, vec![account(CONTRACT, &code, vec![])]);
        assert!(!succeeded(&before.block(vec![call(CONTRACT, 100_000)]), 1));
    }
}

/// EIP-7951.
#[test]
fn karst_prices_p256_verify_twice() {
    // The first example of RIP-7212.
    let valid = hex!(
        "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d
         a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac
         36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60
         4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3
         7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
    );
    let mut invalid = valid;
    invalid[0] ^= 1;
    for (fork, gas) in [(Fork::Jovian, 3_450), (Fork::Karst, 6_900)] {
        for (input, output) in [(&valid[..], 32), (&invalid, 0), (&valid[1..], 0), (&[], 0)] {
            assert_eq!(precompile(fork, P256_VERIFY, gas, input), Some(output), "{fork:?}");
            assert_eq!(precompile(fork, P256_VERIFY, gas - 1, input), None, "{fork:?}");
        }
    }
}

#[test]
fn karst_bounds_the_input_of_the_pairing_check() {
    // Zeros are points at infinity: what is paired is 1, whatever their number.
    let pairs = |count: usize| vec![0; 192 * count];
    let gas = |count: u32| 45_000 + 34_000 * count;
    assert_eq!(precompile(Fork::Karst, PAIRING, gas(300), &pairs(300)), Some(32));
    assert_eq!(precompile(Fork::Jovian, PAIRING, gas(301), &pairs(301)), Some(32));
    assert_eq!(precompile(Fork::Karst, PAIRING, gas(301), &pairs(301)), None);
    assert_eq!(precompile(Fork::Jovian, PAIRING, gas(427), &pairs(427)), Some(32));
    assert_eq!(precompile(Fork::Jovian, PAIRING, gas(428), &pairs(428)), None);
    // The price is as before, and too long an input costs all the gas there is.
    assert_eq!(precompile(Fork::Karst, PAIRING, gas(2) - 1, &pairs(2)), None);
    let mut sandbox = Sandbox::new(Fork::Karst, vec![]);
    let pairing = Address::with_last_byte(PAIRING as u8);
    let l1_info = Sandbox::new(Fork::Karst, vec![]).block(vec![]).header.gas_used;
    let block = sandbox.block(vec![deposit(TxDeposit { input: pairs(301).into(), ..to(pairing, 12_000_000) })]);
    assert!(!succeeded(&block, 1));
    assert_eq!(block.header.gas_used, l1_info + 12_000_000);
}

#[test]
fn karst_leaves_the_bounds_of_bls_as_jovian_has_them() {
    for (address, limit, element) in
        [(BLS_G1_MSM, 288_960, 160), (BLS_G2_MSM, 278_784, 288), (BLS_PAIRING, 156_672, 384)]
    {
        for fork in [Fork::Jovian, Fork::Karst] {
            let zeros = vec![0; limit + element];
            assert!(succeeds(fork, address, 28_000_000, &zeros[..limit]), "{fork:?} {address}");
            assert!(!succeeds(fork, address, 28_000_000, &zeros), "{fork:?} {address}");
        }
    }
}

/// EIP-7934 is not among Karst's: what bounds an L2 block is the data on L1.
#[test]
fn karst_does_not_bound_the_size_of_blocks() {
    let sized = || deposit(TxDeposit { input: vec![0; 6 << 20].into(), ..to(CONTRACT, 70_000_000) });
    let mut sandbox = Sandbox::new(Fork::Karst, vec![]);
    let mut attributes = sandbox.attributes(vec![sized(), sized()]);
    attributes.gas_limit = 200_000_000;
    let size: usize = attributes.transactions.iter().map(|bytes| bytes.len()).sum();
    assert!(size > 10 << 20);
    let block = sandbox.state.execute(&attributes, &mut sandbox.memory).unwrap();
    assert!(succeeded(&block, 1) && succeeded(&block, 2));
}

/// EIP-7918 and the schedules of EIP-7892 move the price of blobs; there are none on L2.
#[test]
fn karst_has_no_price_of_blobs() {
    // BLOBBASEFEE PUSH0 SSTORE
    let code = hex!("4a5f5500");
    let mut sandbox = Sandbox::new(Fork::Karst, vec![account(CONTRACT, &code, vec![])]);
    let block = sandbox.block(vec![call(CONTRACT, 100_000)]);
    assert_eq!((block.header.blob_gas_used, block.header.excess_blob_gas), (Some(0), Some(0)));
    assert_eq!(block.header.state_root, sandbox.root(&[account(CONTRACT, &code, vec![slot(0, 1)]), depositor(2)]));
}
