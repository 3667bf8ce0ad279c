//! What transactions pay, and to whom.

use super::sandbox::{account, slot};
use alloy_primitives::{Address, Bytes, U256, address};
use kohala_protocol::Fork;
use kohala_testdata::{GenesisAccount, GenesisSlot};

const BASE_FEE_VAULT: Address = address!("4200000000000000000000000000000000000019");
const L1_FEE_VAULT: Address = address!("420000000000000000000000000000000000001a");
const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");
const SEQUENCER_FEE_VAULT: Address = address!("4200000000000000000000000000000000000011");

/// L1's base fee and its weight, the same of its blobs, overhead and scalar of before Ecotone, and the operator's.
pub(crate) const L1_BASE_FEE: u64 = 1_000_000_000;
pub(crate) const BLOB_BASE_FEE: u64 = 30_000_000;
const SCALARS: (u32, u32) = (1_368, 810_949);
pub(crate) const OVERHEAD: u64 = 188;
pub(crate) const SCALAR: u64 = 684_000;
const OPERATOR: (u32, u64) = (345_000_000, 1_230_000);

pub(crate) fn calldata_gas(encoded: &Bytes) -> u64 {
    encoded.iter().map(|byte| if *byte == 0 { 4 } else { 16 }).sum()
}

/// Slot 3 of the L1 block contract: weights of L1's base fee and of its blob base fee.
pub(crate) fn scalars(base_fee: u32, blob_base_fee: u32) -> GenesisSlot {
    let value = U256::from(base_fee) << 96 | U256::from(blob_base_fee) << 64;
    GenesisSlot { key: U256::from(3), value }
}

/// Slots 1, 5 and 6: L1's base fee, overhead and scalar.
pub(crate) fn bedrock_slots() -> Vec<GenesisSlot> {
    vec![slot(1, L1_BASE_FEE), slot(5, OVERHEAD), slot(6, SCALAR)]
}

/// Slot 8: the operator's scalar and constant.
pub(crate) fn operator_slot() -> GenesisSlot {
    GenesisSlot { key: U256::from(8), value: U256::from(OPERATOR.0) << 64 | U256::from(OPERATOR.1) }
}

/// The L1 block contract's slots for all of them.
pub(crate) fn slots() -> Vec<GenesisSlot> {
    let mut slots = bedrock_slots();
    slots.extend([scalars(SCALARS.0, SCALARS.1), slot(7, BLOB_BASE_FEE)]);
    slots.push(operator_slot());
    slots
}

/// The L1 fee where the transaction's bytes compress to `fastlz`.
pub(crate) fn l1_fee(fork: Fork, encoded: &Bytes, fastlz: u64, l1_base_fee: u64) -> u128 {
    let base_fee = u128::from(l1_base_fee);
    let per_byte = 16 * base_fee * u128::from(SCALARS.0) + u128::from(BLOB_BASE_FEE) * u128::from(SCALARS.1);
    let gas = u128::from(calldata_gas(encoded));
    match fork {
        Fork::Bedrock => (gas + 68 * 16 + u128::from(OVERHEAD)) * base_fee * u128::from(SCALAR) / 1_000_000,
        _ if fork < Fork::Ecotone => (gas + u128::from(OVERHEAD)) * base_fee * u128::from(SCALAR) / 1_000_000,
        Fork::Ecotone => gas * per_byte / 16_000_000,
        _ => u128::from(estimate(fastlz)) * per_byte / 1_000_000_000_000,
    }
}

/// Millionths of a byte that a transaction of this FastLZ length is estimated to take.
pub(crate) fn estimate(fastlz: u64) -> u64 {
    (836_500 * fastlz).saturating_sub(42_585_600).max(100_000_000)
}

pub(crate) fn operator_fee(fork: Fork, gas: u64) -> u128 {
    let (scalar, constant) = (u128::from(OPERATOR.0), u128::from(OPERATOR.1));
    match fork {
        _ if fork < Fork::Isthmus => 0,
        Fork::Isthmus => u128::from(gas) * scalar / 1_000_000 + constant,
        _ => u128::from(gas) * scalar * 100 + constant,
    }
}

fn has(address: Address, wei: u128) -> GenesisAccount {
    GenesisAccount { balance: U256::from(wei), ..account(address, &[], vec![]) }
}

/// The vaults after these payments, in wei; those that got nothing are not there.
pub(crate) fn vaults(
    tip: u128,
    base_fee: u128,
    l1_fee: u128,
    operator_fee: u128,
) -> impl Iterator<Item = GenesisAccount> {
    let all = [
        (SEQUENCER_FEE_VAULT, tip),
        (BASE_FEE_VAULT, base_fee),
        (L1_FEE_VAULT, l1_fee),
        (OPERATOR_FEE_VAULT, operator_fee),
    ];
    all.into_iter().filter(|(_, wei)| *wei > 0).map(|(vault, wei)| has(vault, wei))
}
