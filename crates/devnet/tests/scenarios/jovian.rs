//! Jovian: what data takes of a block's gas, and the floor of the base fee.

use crate::support::{Judge, NEWEST, config};
use alloy_primitives::{Address, Bytes, U256, keccak256};
use kohala_devnet::chain::{Channel, ConfigUpdate, Devnet, Fork, L2Block, Origin, Posting};

/// The block's gas limit in these stories: low, so that few transactions fill it.
const GAS_LIMIT: u64 = 6_000_000;
/// Bytes that no compression makes shorter, in each transaction.
const DATA: usize = 5_000;

/// Transactions with data.
fn heavy(devnet: &Devnet, count: usize) -> Vec<Bytes> {
    let mut alice = devnet.user(0);
    let data: Vec<u8> =
        (0..DATA as u64 / 32 + 1).flat_map(|number| keccak256(number.to_be_bytes())).take(DATA).collect();
    let transaction = |_| {
        let mut transaction = alice.prepare(Address::repeat_byte(0xb0), U256::ZERO, data.clone().into());
        transaction.gas_limit = 21_000 + 40 * DATA as u64;
        alice.encode(transaction)
    };
    (0..count).map(transaction).collect()
}

/// The scalar that a block tells L2's contract.
fn told_scalar(block: &L2Block) -> u64 {
    let info = &block.transactions[0];
    u64::from(u16::from_be_bytes([info[info.len() - 2], info[info.len() - 1]]))
}

/// The base fee after a block that used more than its target.
fn raised(block: &L2Block, used: u64) -> u64 {
    let (target, base_fee) = (GAS_LIMIT / 6, block.header.base_fee_per_gas.unwrap());
    base_fee + u64::try_from(u128::from(base_fee) * u128::from(used - target) / u128::from(target) / 250).unwrap()
}

/// Data takes gas by a scalar: 400 where nobody set any, then 1000, 400 again for 0, and 30, by which it takes less
/// than execution does. The header says how much, and whatever is more moves the base fee (T-JOV-DA).
#[test]
fn footprint_of_data_moves_the_base_fee_where_it_exceeds_gas() {
    for after in [0, 4] {
        let start = config(Fork::Isthmus).then(Fork::Jovian, after).initially(ConfigUpdate::GasLimit(GAS_LIMIT));
        let mut devnet = Devnet::new(start);
        devnet.l2_blocks(2);
        // Scalar to set, scalar in force, transactions that fit, op-geth's estimate of their sizes together.
        let steps = [
            (None, 400, 3, 13_068),
            (Some(1_000), 1_000, 1, 4_356),
            (Some(0), 400, 3, 13_067),
            (Some(30), 30, 25, 108_900),
        ];
        for (set, scalar, count, size) in steps {
            if let Some(set) = set {
                devnet.l1_block(|block| block.config_update(ConfigUpdate::DaFootprintGasScalar(set)));
                devnet.catch_up();
            }
            let transactions = heavy(&devnet, count);
            let block = devnet.l2_block(&transactions).clone();
            let (gas, footprint) = (block.header.gas_used, block.header.blob_gas_used.unwrap());
            assert_eq!((told_scalar(&block), footprint), (scalar, size * scalar));
            assert!(footprint < GAS_LIMIT && gas < GAS_LIMIT);
            assert_eq!(footprint > gas, scalar > 30);
            let next = devnet.l2_block(&[]);
            assert_eq!(next.header.base_fee_per_gas, Some(raised(&block, gas.max(footprint))));
        }
        let head = devnet.head().header.number;
        devnet.l1_block(|block| block.batch(1..=head, Posting::default()));
        Judge::of(&devnet).safe_head(head);
    }
}

/// More data than a block has gas for makes it invalid: its deposits are left. Before Jovian nobody counts.
#[test]
fn footprint_beyond_the_gas_limit_makes_the_block_invalid() {
    for fork in [Fork::Isthmus, Fork::Jovian, NEWEST] {
        let mut devnet = Devnet::new(config(fork).initially(ConfigUpdate::GasLimit(GAS_LIMIT)));
        let transactions = heavy(&devnet, 4);
        let channel = Channel::of([devnet.draft(Origin::Stay, &transactions)]);
        let valid = fork < Fork::Jovian;
        devnet.l2_block_at(Origin::Stay, if valid { &transactions } else { &[] });
        devnet.l1_block(|block| block.channel(&channel));
        let run = Judge::of(&devnet).safe_head(1);
        assert_eq!(run.rejected.len(), usize::from(!valid), "{fork:?}");
    }
}

/// What headers say of the base fee: the chain's constants, and from Jovian on the floor.
fn extra_data(floor: Option<u64>) -> Vec<u8> {
    let version = u8::from(floor.is_some());
    let floor = floor.map(|floor| floor.to_be_bytes().to_vec()).unwrap_or_default();
    [&[version][..], &250u32.to_be_bytes(), &6u32.to_be_bytes(), &floor].concat()
}

/// The base fee falls from 1 gwei with every empty block, until the header of one names a floor (T-JOV-MBF).
#[test]
fn base_fee_does_not_fall_below_its_floor() {
    const GWEI: u64 = 1_000_000_000;
    for (after, floor) in [(0, 0), (0, GWEI), (0, 2 * GWEI), (10, 0), (10, GWEI), (10, 2 * GWEI)] {
        let mut devnet = Devnet::new(config(Fork::Isthmus).then(Fork::Jovian, after));
        devnet.l2_blocks(5);
        for number in 0..5 {
            let expected = extra_data((number * 2 >= after).then_some(0));
            assert_eq!(devnet.l2()[number as usize].header.extra_data[..], expected);
        }
        assert_eq!(devnet.head().header.extra_data[..], extra_data(Some(0)), "the activation block, if there is one");
        devnet.l1_block(|block| block.config_update(ConfigUpdate::MinBaseFee(floor)));
        devnet.l2_blocks(3);
        let headers = [5, 6, 7, 8].map(|number| &devnet.l2()[number].header);
        let floors = headers.map(|header| header.extra_data[..].to_vec());
        assert_eq!(floors, [0, floor, floor, floor].map(|floor| extra_data(Some(floor))));
        let fees = headers.map(|header| header.base_fee_per_gas.unwrap());
        assert!(fees[0] < GWEI && fees[1] < fees[0], "nothing holds it yet");
        if floor == 0 {
            assert!(fees[2] < fees[1] && fees[3] < fees[2], "nothing holds it");
        } else {
            assert_eq!(fees[2..], [floor, floor]);
        }
        devnet.l1_block(|block| block.batch(1..=8, Posting::default()));
        Judge::of(&devnet).safe_head(8);
    }
}
