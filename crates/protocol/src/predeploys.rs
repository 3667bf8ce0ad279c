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
/// Keeps the parent beacon block roots, from Ecotone on (EIP-4788).
pub const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");
/// Keeps the hashes of the last blocks: on L2 from Isthmus on, on L1 from Prague on (EIP-2935).
pub const HISTORY: Address = address!("0000F90827F1C53a10cb7A02335B175320002935");
/// `OperatorFeeVault` (Isthmus).
pub const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");
