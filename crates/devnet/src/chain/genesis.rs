use super::{Account, Config, State, signer::Signer};
use alloy_eips::{eip2935, eip4788};
use alloy_op_hardforks::OpHardfork;
use alloy_primitives::{Address, Bytes, U256, address, bytes, hex};

/// Keys that own coins on L2 from the start: the first so many.
pub const RICH: u32 = 8;

/// Where the L1 info transaction goes.
pub const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
/// The contract whose storage holds the withdrawals.
pub const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");
/// A contract that writes the second word of its input to the slot that the first word names.
pub const SET_SLOT: Address = address!("0000000000000000000000000000000000005e75");

/// Writes calldata's second word to the slot of the first.
const SET_SLOT_CODE: Bytes = bytes!("6020355f355500");

/// What the `L1Block` contract does with its packed inputs from Ecotone to Jovian, unchecked and in one go: a field
/// that the layout doesn't have yet reads as zero.
const L1_BLOCK_CODE: [u8; 61] = hex!(
    "601435 6080 1c 5f 55" // slot 0: time and number
    "602435 6001 55" // slot 1: base fee
    "606435 6002 55" // slot 2: hash
    "600435 6080 1c 6003 55" // slot 3: fee scalars and sequence number
    "608435 6004 55" // slot 4: batcher
    "604435 6007 55" // slot 7: blob base fee
    "60a435 60a0 1c" // slot 8: operator fee,
    "60b035 60f0 1c 6060 1b 17" // and the data availability scalar above it
    "6008 55 00"
);

/// The accounts of the L2 genesis block: the predeploys that consensus depends on, in their shortest form, a contract
/// that writes storage, and users with coins.
pub(crate) fn state(config: &Config) -> State {
    let mut contracts = vec![
        (L1_BLOCK, Bytes::from_static(&L1_BLOCK_CODE)),
        (MESSAGE_PASSER, SET_SLOT_CODE),
        (SET_SLOT, SET_SLOT_CODE),
        (eip4788::BEACON_ROOTS_ADDRESS, eip4788::BEACON_ROOTS_CODE.clone()),
    ];
    if config.is_active(OpHardfork::Isthmus) {
        contracts.push((eip2935::HISTORY_STORAGE_ADDRESS, eip2935::HISTORY_STORAGE_CODE.clone()));
    }
    let contracts =
        contracts.into_iter().map(|(address, code)| (address, Account { nonce: 1, code, ..Account::default() }));
    let users = (0..RICH).map(|index| {
        let balance = U256::from(10).pow(U256::from(24));
        (Signer::new(config, index, config.l2_chain_id).address(), Account { balance, ..Account::default() })
    });
    State { accounts: contracts.chain(users).collect() }
}
