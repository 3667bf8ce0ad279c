//! Addresses that the protocol itself knows.

use alloy_primitives::{Address, address};

/// Sender of the L1 info transaction and of upgrade transactions that only it may send.
pub const DEPOSITOR: Address = address!("deaddeaddeaddeaddeaddeaddeaddeaddead0001");
/// `GasPriceOracle`.
pub const GAS_PRICE_ORACLE: Address = address!("420000000000000000000000000000000000000f");
/// `SequencerFeeVault`, the fee recipient of every block.
pub const SEQUENCER_FEE_VAULT: Address = address!("4200000000000000000000000000000000000011");
/// `L1Block`: what L2 knows of L1.
pub const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
/// `L2ToL1MessagePasser`, whose storage root is part of the output root.
pub const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");
/// `OperatorFeeVault` (Isthmus).
pub const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");
