use super::{Account, Config, Fork, State, signer::Signer};
use alloy_eips::{eip2935, eip4788};
use alloy_primitives::{Address, Bytes, U256, address, bytes, hex};
use std::collections::BTreeMap;

/// Keys that own coins on L2 from the start: the first so many.
pub const RICH: u32 = 8;

/// Where the L1 info transaction goes.
pub const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
/// The contract whose storage holds the withdrawals.
pub const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");
/// A contract that writes the second word of its input to the slot that the first word names.
pub const SET_SLOT: Address = address!("0000000000000000000000000000000000005e75");

/// Writes calldata's second word to the slot of the first.
const SET_SLOT_CODE: Bytes = bytes!("6020356000355500");

/// What the `L1Block` contract does with what it is told, by the length of its input: with the words of Bedrock, with
/// the packed fields of Ecotone to Jovian, where one that the layout doesn't have yet reads as zero, and with anything
/// else, like an upgrade, nothing.
const L1_BLOCK_CODE: [u8; 129] = hex!(
    "610104 36 14 604e 57" // 260 bytes: Bedrock
    "60a3 36 11 6010 57 00" // at least 164: packed
    "5b"
    "601435 6080 1c 5f 55" // slot 0: time and number
    "602435 6001 55" // slot 1: base fee
    "606435 6002 55" // slot 2: hash
    "600435 6080 1c 6003 55" // slot 3: fee scalars and sequence number
    "608435 6004 55" // slot 4: batcher
    "604435 6007 55" // slot 7: blob base fee
    "60a435 60a0 1c" // slot 8: operator fee,
    "60b035 60f0 1c 6060 1b 17" // and the data availability scalar above it
    "6008 55 00"
    "5b"
    "602435 6040 1b 600435 17 6000 55" // slot 0: time and number
    "604435 6001 55" // slot 1: base fee
    "606435 6002 55" // slot 2: hash
    "608435 6003 55" // slot 3: sequence number
    "60a435 6004 55" // slot 4: batcher
    "60c435 6005 55" // slot 5: overhead
    "60e435 6006 55 00" // slot 6: scalar
);

/// The accounts of the L2 genesis block: the configuration's contracts, or else the predeploys that consensus depends
/// on, in their shortest form; the script's own accounts, a contract that writes storage, and users with coins.
pub(crate) fn state(config: &Config) -> State {
    let mut accounts = BTreeMap::clone(&config.genesis);
    accounts.extend(config.accounts.clone());
    let mut contract = |address, code| {
        accounts.entry(address).or_insert_with(|| Account { nonce: 1, code, ..Account::default() });
    };
    contract(SET_SLOT, SET_SLOT_CODE);
    if config.genesis.is_empty() {
        contract(L1_BLOCK, Bytes::from_static(&L1_BLOCK_CODE));
        contract(MESSAGE_PASSER, SET_SLOT_CODE);
        // Later on, upgrade transactions bring these.
        if config.is_active(Fork::Ecotone, config.genesis_time) {
            contract(eip4788::BEACON_ROOTS_ADDRESS, eip4788::BEACON_ROOTS_CODE.clone());
        }
        if config.is_active(Fork::Isthmus, config.genesis_time) {
            contract(eip2935::HISTORY_STORAGE_ADDRESS, eip2935::HISTORY_STORAGE_CODE.clone());
        }
    }
    for index in 0..RICH {
        let address = Signer::new(config, index, config.l2_chain_id).address();
        let balance = U256::from(10).pow(U256::from(24));
        accounts.insert(address, Account { balance, ..Account::default() });
    }
    State::of(accounts)
}
