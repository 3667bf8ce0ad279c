//! Addresses that the protocol itself sends transactions from and to.

use alloy_primitives::{Address, address};

/// Sender of the L1 info transaction and of upgrade transactions that only it may send.
pub const DEPOSITOR: Address = address!("deaddeaddeaddeaddeaddeaddeaddeaddead0001");
/// `GasPriceOracle`.
pub const GAS_PRICE_ORACLE: Address = address!("420000000000000000000000000000000000000f");
/// `L1Block`: what L2 knows of L1.
pub const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
/// `OperatorFeeVault` (Isthmus).
pub const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");
