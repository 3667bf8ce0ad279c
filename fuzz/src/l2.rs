use crate::{chain, script::Script};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{B256, U256};
use kohala_protocol::{
    BlockInfo, Deposit, ExtraData, Fork, L1Info, L1InfoLayout, L2BlockInfo, L2BlockParts, SystemConfig,
};
use op_alloy_consensus::TxDeposit;

/// What an L2 block tells of its origin and its configuration: its first transaction and its extra data.
///
/// A deposit is one for op-alloy too, L1 info is the bytes that it was read from, and a block that tells its origin
/// tells the same one again.
pub fn l2_block(input: &[u8]) {
    let mut script = Script::new(input);
    let fork = Fork::ALL[script.pick(Fork::ALL.len())];
    let (number, gas_limit) = (1 + u64::from(script.byte()), script.number());
    let length = [0, 9, 17][usize::from(fork >= Fork::Holocene) + usize::from(fork >= Fork::Jovian)];
    let extra_data = if script.rarely(8) { script.string() } else { script.bytes(length) };
    let transaction = script.rest();

    let deposit = Deposit::decode(transaction).ok();
    let expected = TxDeposit::decode_2718_exact(transaction).ok();
    match (&deposit, &expected) {
        (Some(deposit), Some(expected)) => {
            assert_eq!(deposit.encode(), expected.encoded_2718());
            assert_eq!(deposit.encode()[..], *transaction);
            assert_eq!((deposit.from, deposit.to, &deposit.data), (expected.from, expected.to, &expected.input));
        }
        (Some(deposit), None) => assert!(deposit.mint > U256::from(u128::MAX), "op-alloy refuses {deposit:?}"),
        (None, Some(expected)) => assert_ne!(expected.encoded_2718(), transaction, "only op-alloy takes {expected:?}"),
        (None, None) => {}
    }
    let data = deposit.as_ref().map_or(transaction, |deposit| &deposit.data);
    for layout in [L1InfoLayout::Bedrock, L1InfoLayout::Ecotone, L1InfoLayout::Isthmus, L1InfoLayout::Jovian] {
        if let Ok(info) = L1Info::decode(layout, data) {
            assert_eq!(info.encode(layout), data);
        }
    }

    let config = chain::config(fork, None);
    let (hash, parent_hash, timestamp) = (B256::repeat_byte(1), B256::ZERO, chain::l2_time(number));
    let info = BlockInfo { number, hash, parent_hash, timestamp };
    let parts = L2BlockParts { info, gas_limit, extra_data, first_transaction: Some(transaction) };
    let place = L2BlockInfo::of_block(&config, parts);
    if let (Ok(place), Some(deposit)) = (place, &deposit) {
        let read = L1Info::decode(L1InfoLayout::at(&config, timestamp), &deposit.data).map(|info| info.number);
        assert_eq!(read, Ok(place.l1_origin.number));
    }
    if let Ok(system_config) = SystemConfig::of_block(&config, parts) {
        assert!(place.is_ok(), "a system config and no origin");
        assert!(system_config.gas_limit <= gas_limit);
    }
    if let Ok(read) = ExtraData::decode(&config, timestamp, extra_data) {
        assert_eq!(read.encode(&config, timestamp), extra_data);
    }
}
