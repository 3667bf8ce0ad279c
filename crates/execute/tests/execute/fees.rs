//! What a transaction pays, and to whom, to the wei at every fork (rules X10 to X16).

use crate::support::{
    fees::{
        BLOB_BASE_FEE, L1_BASE_FEE, OVERHEAD, SCALAR, bedrock_slots, calldata_gas, estimate, l1_fee, operator_fee,
        operator_slot, scalars, slots, vaults,
    },
    sandbox::{BASE_FEE, CONTRACT, FORKS, L1_BLOCK, Sandbox, account, call, deposit, depositor, sign, slot, to},
};
use alloy_consensus::{TxEip1559, TxEip2930, TxLegacy};
use alloy_primitives::{Bytes, TxKind, U256, hex, keccak256};
use kohala_execute::{ExecuteError, InvalidBlock};
use kohala_protocol::{Attributes, Fork};
use kohala_testdata::GenesisAccount;
use op_alloy_consensus::TxDeposit;

/// Transactions with tips and with none, of which gas is given back, or a floor taken: what the sender pays is what the
/// vaults have, by the gas that is used in the end.
#[test]
fn fees_reach_their_vaults_to_the_wei() {
    // PUSH1 0 PUSH1 1 SSTORE
    let code = hex!("6000600155");
    let to = TxKind::Call(CONTRACT);
    let (chain_id, gas_limit, value) = (901, 100_000, U256::from(3));
    let price = u128::from(BASE_FEE) + 7;
    let floor = Bytes::from(vec![1; 600]);
    let legacy = TxLegacy { gas_limit, gas_price: price, to, value, ..TxLegacy::default() };
    let with_list = TxEip2930 { chain_id, gas_limit, gas_price: price, to, value, ..TxEip2930::default() };
    let dynamic = TxEip1559 { chain_id, gas_limit, to, value, max_fee_per_gas: 3 * price, ..TxEip1559::default() };
    let tipping = TxEip1559 { max_priority_fee_per_gas: 5, ..dynamic.clone() };
    let capped = TxEip1559 { max_fee_per_gas: price, max_priority_fee_per_gas: price, ..dynamic.clone() };
    let heavy = TxEip1559 { input: floor, ..tipping.clone() };
    // 21,000, two pushes and 5,000, less 4,800. 600 bytes of data cost 9,600, or with all the rest no less than 45,000.
    let light = 21_206;
    for ((encoded, sender), tip, is_heavy) in [
        (sign(legacy), 7, false),
        (sign(with_list), 7, false),
        (sign(dynamic), 0, false),
        (sign(tipping), 5, false),
        (sign(capped), 7, false),
        (sign(heavy), 5, true),
    ] {
        for fork in FORKS {
            let gas: u64 = match (is_heavy, fork) {
                (false, _) => light,
                (true, _) if fork < Fork::Isthmus => light + 9_600,
                (true, _) => 45_000,
            };
            let l1_block = account(L1_BLOCK, &[0], slots());
            let contract = account(CONTRACT, &code, vec![slot(1, 9)]);
            let mut sandbox = Sandbox::new(fork, vec![l1_block.clone(), contract.clone(), sender.clone()]);
            let before = Sandbox::new(fork, vec![l1_block.clone()]).block(vec![]).header.gas_used;
            let block = sandbox.block(vec![encoded.clone()]);
            assert_eq!(block.header.gas_used - before, gas, "{fork:?}");
            let gas_wei = u128::from(gas);
            let (tip, base_fee) = (gas_wei * tip, gas_wei * u128::from(BASE_FEE));
            let (l1_fee, operator_fee) = (l1_fee(fork, &encoded, 0, L1_BASE_FEE), operator_fee(fork, gas));
            let paid = tip + base_fee + l1_fee + operator_fee;
            let mut accounts = vec![
                l1_block,
                GenesisAccount { balance: value, storage: vec![], ..contract },
                GenesisAccount { nonce: 1, balance: sender.balance - value - U256::from(paid), ..sender.clone() },
            ];
            accounts.extend(vaults(tip, base_fee, l1_fee, operator_fee));
            accounts.extend((fork >= Fork::Jovian).then(|| depositor(1)));
            assert_eq!(block.header.state_root, sandbox.root(&accounts), "{fork:?} {encoded}");
        }
    }
}

/// The figures of op-program's `OperatorFeeFixTransition`; where no parameters are set there is no such fee.
#[test]
fn operator_fee_is_of_isthmus_and_multiplied_in_jovian() {
    let (encoded, sender) = carrying(vec![]);
    let base_fee = 21_000 * u128::from(BASE_FEE);
    for (fork, fee) in [(Fork::Holocene, 0), (Fork::Isthmus, 8_475_000), (Fork::Jovian, 724_500_001_230_000)] {
        for (slots, fee) in [(vec![operator_slot()], fee), (vec![], 0)] {
            let l1_block = account(L1_BLOCK, &[0], slots);
            let mut sandbox = Sandbox::new(fork, vec![l1_block.clone(), sender.clone()]);
            let block = sandbox.block(vec![encoded.clone()]);
            let balance = sender.balance - U256::from(base_fee + fee);
            let mut accounts = vec![l1_block, GenesisAccount { balance, nonce: 1, ..sender.clone() }];
            accounts.extend(vaults(0, base_fee, 0, fee));
            accounts.extend((fork >= Fork::Jovian).then(|| depositor(1)));
            assert_eq!(block.header.state_root, sandbox.root(&accounts), "{fork:?}, {fee} wei");
        }
    }
}

/// The fees of a block go by what its first transaction leaves in the L1 block contract, for all of the block: what later
/// ones do to the contract counts for the next block.
#[test]
fn fees_go_by_what_the_first_transaction_left() {
    // Whoever calls it raises L1's base fee: PUSH4 1e9 PUSH1 1 SLOAD ADD PUSH1 1 SSTORE
    let code = hex!("633b9aca00600154016001550000");
    let raising = |value| {
        let (to, value) = (TxKind::Call(L1_BLOCK), U256::from(value));
        let call = TxEip1559 { chain_id: 901, gas_limit: 50_000, to, value, ..TxEip1559::default() };
        sign(TxEip1559 { max_fee_per_gas: BASE_FEE.into(), ..call })
    };
    // 21,000; three pushes, a cold read, an addition, a write.
    let gas = 21_000 + 9 + 2_100 + 3 + 2_900;
    for fork in FORKS {
        let mut slots = slots();
        // Of two senders, as each signature is somebody's.
        let [(first, mut alice), (second, mut bob)] = [raising(1), raising(2)];
        let l1_block = account(L1_BLOCK, &code, slots.clone());
        let mut sandbox = Sandbox::new(fork, vec![l1_block, alice.clone(), bob.clone()]);
        let mut transactions = vec![first.clone(), second.clone()];
        if fork < Fork::Jovian {
            transactions.insert(0, call(L1_BLOCK, 100_000));
        }
        let block = sandbox.block(transactions);
        let (base_fee, operator_fee) = (u128::from(gas * BASE_FEE), operator_fee(fork, gas));
        let l1_fees = [first, second].map(|encoded| l1_fee(fork, &encoded, 0, 2 * L1_BASE_FEE));
        for (sender, l1_fee, value) in [(&mut alice, l1_fees[0], 1), (&mut bob, l1_fees[1], 2)] {
            sender.balance -= U256::from(l1_fee + base_fee + operator_fee + value);
            sender.nonce = 1;
        }
        slots[0] = slot(1, 4 * L1_BASE_FEE);
        let l1_block = GenesisAccount { balance: U256::from(3), ..account(L1_BLOCK, &code, slots) };
        let mut accounts = vec![l1_block, alice, bob, depositor(1)];
        accounts.extend(vaults(0, 2 * base_fee, l1_fees.iter().sum(), 2 * operator_fee));
        assert_eq!(block.header.state_root, sandbox.root(&accounts), "{fork:?}");
    }
}

/// Bytes without order, none zero, that begin anew after `period` bytes, and one of `change` bytes changed.
fn data(period: usize, length: usize, change: Option<usize>) -> Vec<u8> {
    let noise: Vec<u8> = (0..period.min(length)).map(|seed| keccak256(seed.to_be_bytes())[0] | 1).collect();
    let mut data: Vec<u8> = noise.iter().copied().cycle().take(length).collect();
    for at in (0..length).step_by(change.unwrap_or(usize::MAX)).skip(1) {
        data[at] ^= 0x55;
    }
    data
}

/// A transaction with this input.
fn carrying(input: Vec<u8>) -> (Bytes, GenesisAccount) {
    let to = TxKind::Call(CONTRACT);
    let transaction = TxEip1559 { chain_id: 901, gas_limit: 16_000_000, to, ..TxEip1559::default() };
    sign(TxEip1559 { input: input.into(), max_fee_per_gas: BASE_FEE.into(), ..transaction })
}

/// What op-geth's `FlzCompressLen` says of transactions that carry [`data`]: by period, by what is changed, and by these
/// lengths. Matches are 3 to 264 bytes long and lie 8,192 bytes back at most.
const LENGTHS: [usize; 11] = [0, 1, 13, 31, 33, 262, 270, 1_000, 8_190, 20_000, 60_001];
const FASTLZ: [(usize, Option<usize>, [u64; LENGTHS.len()]); 24] = [
    (1, None, [31, 31, 37, 38, 38, 41, 43, 50, 134, 269, 725]),
    (1, Some(5), [31, 31, 43, 42, 42, 45, 45, 54, 138, 273, 729]),
    (1, Some(33), [31, 31, 37, 38, 38, 46, 46, 55, 139, 274, 730]),
    (3, None, [31, 31, 44, 40, 40, 43, 45, 52, 136, 271, 727]),
    (3, Some(5), [31, 31, 44, 52, 52, 55, 55, 64, 148, 283, 739]),
    (3, Some(33), [31, 31, 44, 40, 40, 48, 48, 57, 141, 276, 732]),
    (8, None, [31, 31, 44, 45, 45, 48, 48, 57, 141, 276, 732]),
    (8, Some(5), [31, 31, 44, 62, 64, 80, 80, 89, 173, 308, 764]),
    (8, Some(33), [31, 31, 44, 45, 45, 98, 104, 115, 199, 334, 790]),
    (250, None, [31, 31, 44, 64, 66, 297, 297, 303, 387, 522, 981]),
    (250, Some(5), [31, 31, 44, 64, 66, 299, 299, 305, 389, 524, 983]),
    (250, Some(33), [31, 31, 44, 64, 66, 297, 302, 510, 2_429, 5_511, 16_406]),
    (8_191, None, [31, 31, 44, 64, 66, 305, 313, 1_066, 8_476, 8_617, 9_073]),
    (8_191, Some(5), [31, 31, 44, 64, 66, 305, 313, 1_066, 8_480, 20_314, 60_422]),
    (8_191, Some(33), [31, 31, 44, 64, 66, 305, 313, 1_066, 8_477, 12_563, 27_692]),
    (8_192, None, [31, 31, 44, 64, 66, 305, 313, 1_066, 8_476, 20_646, 61_862]),
    (8_192, Some(5), [31, 31, 44, 64, 66, 305, 313, 1_066, 8_480, 20_655, 61_894]),
    (8_192, Some(33), [31, 31, 44, 64, 66, 305, 313, 1_066, 8_477, 20_647, 61_867]),
    (8_193, None, [31, 31, 44, 64, 66, 305, 313, 1_066, 8_476, 20_646, 61_862]),
    (8_193, Some(5), [31, 31, 44, 64, 66, 305, 313, 1_066, 8_480, 20_658, 61_901]),
    (8_193, Some(33), [31, 31, 44, 64, 66, 305, 313, 1_066, 8_477, 20_648, 61_872]),
    (100_000, None, [31, 31, 44, 64, 66, 305, 313, 1_066, 8_476, 20_643, 61_834]),
    (100_000, Some(5), [31, 31, 44, 64, 66, 305, 313, 1_066, 8_480, 20_656, 61_889]),
    (100_000, Some(33), [31, 31, 44, 64, 66, 305, 313, 1_066, 8_477, 20_647, 61_848]),
];

#[test]
fn l1_fee_and_footprint_go_by_the_length_that_op_geth_compresses_to() {
    let scalar = 400;
    for (period, change, lengths) in FASTLZ {
        for (length, fastlz) in LENGTHS.into_iter().zip(lengths) {
            let (encoded, sender) = carrying(data(period, length, change));
            for fork in [Fork::Fjord, Fork::Jovian] {
                let l1_block = account(L1_BLOCK, &[0], slots());
                let mut sandbox = Sandbox::new(fork, vec![l1_block.clone(), sender.clone()]);
                let mut attributes = sandbox.attributes(vec![encoded.clone()]);
                let l1_info = with_footprint_scalar(&mut attributes, scalar);
                let block = sandbox.state.execute(&attributes, &mut sandbox.memory).unwrap();
                let footprint = (fork >= Fork::Jovian).then(|| estimate(fastlz) / 1_000_000 * u64::from(scalar));
                assert_eq!(block.header.blob_gas_used, footprint.or(Some(0)), "{period} {length} {change:?}");
                let gas = block.header.gas_used - l1_info;
                let (base_fee, operator_fee) = (u128::from(gas * BASE_FEE), operator_fee(fork, gas));
                let l1_fee = l1_fee(fork, &encoded, fastlz, L1_BASE_FEE);
                let balance = sender.balance - U256::from(base_fee + operator_fee + l1_fee);
                let mut accounts = vec![l1_block, GenesisAccount { balance, nonce: 1, ..sender.clone() }];
                accounts.extend(vaults(0, base_fee, l1_fee, operator_fee));
                accounts.extend((fork >= Fork::Jovian).then(|| depositor(1)));
                assert_eq!(block.header.state_root, sandbox.root(&accounts), "{period} {length} {change:?}");
            }
        }
    }
}

/// Gives the L1 info deposit, if there is one, this scalar; the gas that it takes.
fn with_footprint_scalar(attributes: &mut Attributes, scalar: u16) -> u64 {
    if attributes.deposits == 0 {
        return 0;
    }
    let mut input = vec![0; 178];
    input[..4].copy_from_slice(&hex!("3db6be2b"));
    input[176..].copy_from_slice(&scalar.to_be_bytes());
    let set = input.iter().filter(|byte| **byte != 0).count() as u64;
    attributes.transactions[0] = deposit(TxDeposit { input: input.into(), ..to(L1_BLOCK, 100_000) });
    // The floor of its data is above what the data itself costs.
    21_000 + 10 * (178 - set + 4 * set)
}

/// Rules X16.
#[test]
fn footprint_may_fill_the_gas_limit_and_no_more() {
    let plain = TxEip1559 { chain_id: 901, gas_limit: 21_000, to: TxKind::Call(CONTRACT), ..TxEip1559::default() };
    let (encoded, sender) = sign(TxEip1559 { max_fee_per_gas: BASE_FEE.into(), ..plain });
    for fork in [Fork::Jovian, Fork::Karst] {
        for (gas_limit, fits) in [(100 * 65_535, true), (100 * 65_535 - 1, false)] {
            let mut sandbox = Sandbox::new(fork, vec![sender.clone()]);
            let mut attributes = sandbox.attributes(vec![encoded.clone()]);
            with_footprint_scalar(&mut attributes, u16::MAX);
            attributes.gas_limit = gas_limit;
            let outcome = sandbox.state.execute(&attributes, &mut sandbox.memory);
            match fits {
                true => assert_eq!(outcome.unwrap().header.blob_gas_used, Some(gas_limit)),
                false => assert!(matches!(outcome, Err(ExecuteError::Invalid(InvalidBlock::DaFootprint(6_553_500))))),
            }
        }
    }
}

/// Ecotone's parameters count as soon as any of them is set; until then, as in its first block, Bedrock's do (rules X13).
#[test]
fn any_parameter_of_ecotone_ends_bedrocks_l1_fee() {
    let (encoded, sender) = carrying(vec![]);
    let gas = u128::from(calldata_gas(&encoded));
    let base_fee = u128::from(L1_BASE_FEE);
    let bedrock = (gas + u128::from(OVERHEAD)) * base_fee * u128::from(SCALAR) / 1_000_000;
    let cases: [(u32, u32, u64, Option<u128>); 4] = [
        (0, 0, 0, None),
        (0, 0, BLOB_BASE_FEE, Some(0)),
        (1_000, 0, 0, Some(16 * base_fee * 1_000)),
        (0, 810_949, 0, Some(0)),
    ];
    for (base, blob, blob_base_fee, per_byte) in cases {
        for fork in [Fork::Ecotone, Fork::Fjord, Fork::Isthmus] {
            let expected = match (per_byte, fork) {
                (None, _) => bedrock,
                (Some(per_byte), Fork::Ecotone) => gas * per_byte / 16_000_000,
                (Some(per_byte), _) => 100_000_000 * per_byte / 1_000_000_000_000,
            };
            let mut slots = bedrock_slots();
            slots
                .extend([scalars(base, blob), slot(7, blob_base_fee)].into_iter().filter(|slot| !slot.value.is_zero()));
            let l1_block = account(L1_BLOCK, &[0], slots);
            let mut sandbox = Sandbox::new(fork, vec![l1_block.clone(), sender.clone()]);
            let block = sandbox.block(vec![encoded.clone()]);
            let wei = u128::from(block.header.gas_used * BASE_FEE);
            let balance = sender.balance - U256::from(wei + expected);
            let mut accounts = vec![l1_block, GenesisAccount { balance, nonce: 1, ..sender.clone() }];
            accounts.extend(vaults(0, wei, expected, 0));
            assert_eq!(block.header.state_root, sandbox.root(&accounts), "{base} {blob} {blob_base_fee}, {fork:?}");
        }
    }
}
