//! The base fee that follows from a parent's header (rules X20). The figures are those of op-geth's own tests of
//! `CalcBaseFee`, and of its formula at its edges.

use crate::support::sandbox::{GENESIS_TIME, Sandbox, config};
use alloy_consensus::Header;
use kohala_execute::ExecuteError;
use kohala_protocol::{Fork, RollupConfig};

/// What the child of a head with these fields has for a base fee; `None` if there can't be one.
fn child(config: RollupConfig, change: impl FnOnce(&mut Header)) -> Option<u64> {
    let mut sandbox = Sandbox::with(config, vec![], change);
    match sandbox.try_block(vec![]) {
        Ok(block) => block.header.base_fee_per_gas,
        Err(ExecuteError::Head) => None,
        Err(error) => panic!("{error:?}"),
    }
}

/// Version, denominator, elasticity and, from Jovian on, the floor.
fn extra_data(denominator: u32, elasticity: u32, floor: Option<u64>) -> Vec<u8> {
    let mut extra_data = vec![u8::from(floor.is_some())];
    extra_data.extend(denominator.to_be_bytes());
    extra_data.extend(elasticity.to_be_bytes());
    extra_data.extend(floor.into_iter().flat_map(u64::to_be_bytes));
    extra_data
}

/// Elasticity 6 and denominators 50 and 250: the target is 5 million.
#[test]
fn base_fee_goes_by_the_chains_constants_before_holocene() {
    for (gas_used, before_canyon, canyon) in [
        (5_000_000, 1_000_000_000, 1_000_000_000),
        (4_000_000, 996_000_000, 999_200_000),
        (10_000_000, 1_020_000_000, 1_004_000_000),
        (0, 980_000_000, 996_000_000),
        (5_000_001, 1_000_000_004, 1_000_000_001),
    ] {
        let used = |head: &mut Header| head.gas_used = gas_used;
        let expected = [before_canyon, before_canyon, canyon, canyon, canyon];
        let forks = [Fork::Bedrock, Fork::Regolith, Fork::Canyon, Fork::Ecotone, Fork::Granite];
        for (fork, expected) in forks.into_iter().zip(expected) {
            assert_eq!(child(config(fork), used), Some(expected), "{fork:?} {gas_used}");
        }
        // Canyon's own first block has Canyon's denominator; Holocene's first has no other parameters yet.
        for (before, fork) in [(Fork::Regolith, Fork::Canyon), (Fork::Granite, Fork::Holocene)] {
            let mut config = config(before);
            config.forks.set(fork, Some(GENESIS_TIME + 2));
            assert_eq!(child(config, used), Some(canyon), "{fork:?} {gas_used}");
        }
    }
}

#[test]
fn base_fee_goes_by_the_parents_parameters_from_holocene_on() {
    for (gas_used, expected, denominator, elasticity) in [
        (15_000_000, 10_000_000, 10, 2),
        (10_000_000, 9_666_667, 10, 2),
        (20_000_000, 10_333_333, 10, 2),
        (3_000_000, 10_000_000, 2, 10),
        (1_000_000, 6_666_667, 2, 10),
        (30_000_000, 55_000_000, 2, 10),
        // Whatever it is divided by, it grows by 1.
        (30_000_000, 10_000_001, u32::MAX, 2),
        (15_000_000 - 1, 10_000_000, 10, 2),
        // A target of one gas.
        (0, 9_000_000, 10, 30_000_000),
        (2, 11_000_000, 10, 30_000_000),
    ] {
        for (fork, floor) in
            [(Fork::Holocene, None), (Fork::Isthmus, None), (Fork::Jovian, Some(0)), (Fork::Karst, Some(0))]
        {
            let base_fee = child(config(fork), |head| {
                head.gas_used = gas_used;
                head.base_fee_per_gas = Some(10_000_000);
                head.extra_data = extra_data(denominator, elasticity, floor).into();
            });
            assert_eq!(base_fee, Some(expected), "{fork:?} {gas_used}");
        }
    }
}

/// Denominator 50 and elasticity 3: the target is 10 million.
#[test]
fn base_fee_goes_by_footprint_and_floor_from_the_child_of_jovian_on() {
    let target = 10_000_000;
    for (base_fee, gas_used, footprint, floor, before, jovian) in [
        (1, target - 1_000_000, 0, 1_000_000_000, 1, 1_000_000_000),
        (1, target, 0, 1_000_000_000, 1, 1_000_000_000),
        (1, target + 1_000_000, 0, 1_000_000_000, 2, 1_000_000_000),
        (2_000_000_000, target + 10_000_000, 0, 1_000_000_000, 2_040_000_000, 2_040_000_000),
        (2_097_152, target - 1_000_000, 0, 2_000_000, 2_092_958, 2_092_958),
        (10_000, target - 1, 0, 10_000, 10_000, 10_000),
        (10_000, target + 1, 0, 10_000, 10_001, 10_001),
        (10_000, target, 30_000_000, 1_000_000, 10_000, 1_000_000),
        (10_000, target, target + 1, 10_000, 10_000, 10_001),
        (2_000_000_000, target, target + 10_000_000, 1_000_000_000, 2_000_000_000, 2_040_000_000),
        (10_000, target + 1, target, 0, 10_001, 10_001),
        (1, 0, 0, u64::MAX, 1, u64::MAX),
    ] {
        let head = |floor: Option<u64>| {
            move |head: &mut Header| {
                head.base_fee_per_gas = Some(base_fee);
                head.gas_used = gas_used;
                head.blob_gas_used = Some(footprint);
                head.extra_data = extra_data(50, 3, floor).into();
            }
        };
        let name = format!("{base_fee} {gas_used} {footprint} {floor}");
        for fork in [Fork::Jovian, Fork::Karst] {
            assert_eq!(child(config(fork), head(Some(floor))), Some(jovian), "{fork:?} {name}");
        }
        // Jovian's first block goes by a parent that isn't Jovian's.
        let mut activation = config(Fork::Isthmus);
        activation.forks.set(Fork::Jovian, Some(GENESIS_TIME + 2));
        for config in [config(Fork::Isthmus), activation] {
            assert_eq!(child(config, head(None)), Some(before), "{name}");
        }
    }
}

/// op-geth divides by a target of zero only where there is something to divide, and doesn't end at 64 bits; no chain gets
/// there, and it is no verdict on a block.
#[test]
fn base_fee_that_can_not_be_is_no_verdict() {
    let small = |gas_used| {
        move |head: &mut Header| {
            head.gas_limit = 5;
            head.gas_used = gas_used;
        }
    };
    assert_eq!(child(config(Fork::Canyon), small(0)), Some(1_000_000_000));
    assert_eq!(child(config(Fork::Canyon), small(1)), None);
    let highest = |gas_used| {
        move |head: &mut Header| {
            head.base_fee_per_gas = Some(u64::MAX);
            head.gas_used = gas_used;
        }
    };
    assert_eq!(child(config(Fork::Canyon), highest(5_000_000)), Some(u64::MAX));
    assert_eq!(child(config(Fork::Canyon), highest(5_000_001)), None);
}
