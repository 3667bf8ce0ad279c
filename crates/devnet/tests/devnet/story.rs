//! The chain that the tests tell.

use alloy_consensus::{TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::{AccessList, AccessListItem},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, bytes};
use kohala_devnet::chain::{Config, ConfigUpdate, Deposit, Devnet, Fork, MESSAGE_PASSER, Posting, SET_SLOT};

/// Writes a slot of [`SET_SLOT`] or [`MESSAGE_PASSER`].
fn slot(key: u64, value: u64) -> Bytes {
    [U256::from(key), U256::from(value)].map(|word| word.to_be_bytes::<32>()).concat().into()
}

/// Twelve L2 blocks over two L1 blocks: transfers, writes and deletions, a withdrawal, a deposit with and one without
/// coins, a system config that changes in all it has; then all of it is posted, and one L1 block comes after.
pub(crate) fn tell(config: Config, posting: Posting) -> Devnet {
    let fees = match config.is_active(Fork::Ecotone, config.genesis_time) {
        true => ConfigUpdate::FeeScalars { base_fee: 2000, blob_base_fee: 900_000 },
        false => ConfigUpdate::Scalar { overhead: B256::with_last_byte(99), scalar: B256::with_last_byte(200) },
    };
    let mut devnet = Devnet::new(config);
    let (mut alice, mut bob) = (devnet.user(0), devnet.user(1));
    let nobody = Address::repeat_byte(0x77);
    devnet.l2_block(&[]);
    devnet.l2_block(&[alice.transfer(nobody, U256::from(1)), bob.transfer(alice.address(), U256::from(5))]);
    let writes: Vec<_> = (1..=9).map(|key| alice.call(SET_SLOT, U256::ZERO, slot(key, key * 1000))).collect();
    devnet.l2_block(&writes);
    let deposit = Deposit {
        from: nobody,
        to: SET_SLOT.into(),
        mint: 1_000_000,
        gas_limit: 100_000,
        data: slot(100, 1),
        ..Deposit::default()
    };
    let poor = Deposit { from: Address::repeat_byte(0x66), value: U256::from(1), mint: 0, ..deposit.clone() };
    devnet.l1_block(|block| {
        block
            .deposit(deposit)
            .config_update(fees)
            .config_update(ConfigUpdate::GasLimit(25_000_000))
            .config_update(ConfigUpdate::Eip1559 { denominator: 50, elasticity: 4 })
            .config_update(ConfigUpdate::OperatorFee { scalar: 7, constant: 11 })
            .config_update(ConfigUpdate::MinBaseFee(1_000_000))
            .config_update(ConfigUpdate::DaFootprintGasScalar(300))
            .deposit(poor)
    });
    for number in 4..=11 {
        let deletion = alice.call(SET_SLOT, U256::ZERO, slot(number - 3, 0));
        let withdrawal = bob.call(MESSAGE_PASSER, U256::ZERO, slot(number, 1));
        devnet.l2_block(&[deletion, withdrawal]);
    }
    devnet.l1_block(|block| block.batch(1..=11, posting));
    devnet.l2_block(&[]);
    devnet.l1_block(|block| block.batch(12..=12, posting));
    devnet.l1_block(|block| block);
    devnet
}

/// Two L2 blocks with every kind of transaction that L2 knows, posted as one span.
pub(crate) fn every_kind() -> Devnet {
    let mut devnet = Devnet::new(Config::default());
    let (mut alice, bob) = (devnet.user(0), devnet.user(1));
    let chain_id = devnet.config().l2_chain_id;
    let (to, gas_price, gas_limit) = (TxKind::Call(SET_SLOT), 20_000_000_000, 200_000);
    let access = AccessListItem { address: SET_SLOT, storage_keys: vec![B256::ZERO, B256::repeat_byte(1)] };
    let access_list = AccessList(vec![access]);
    let unprotected = TxLegacy { nonce: 0, to, gas_price, gas_limit, input: slot(1, 1), ..TxLegacy::default() };
    let legacy = TxLegacy { nonce: 1, chain_id: Some(chain_id), ..unprotected.clone() };
    let eip2930 = TxEip2930 {
        nonce: 2,
        chain_id,
        to,
        gas_price,
        gas_limit,
        access_list: access_list.clone(),
        input: slot(2, 2),
        ..TxEip2930::default()
    };
    let eip7702 = TxEip7702 {
        nonce: 3,
        chain_id,
        to: bob.address(),
        max_fee_per_gas: gas_price,
        gas_limit,
        access_list,
        authorization_list: vec![bob.authorize(SET_SLOT, bob.nonce)],
        input: slot(3, 3),
        ..TxEip7702::default()
    };
    let [unprotected, legacy] = [unprotected, legacy].map(|transaction| alice.sign(transaction).encoded_2718().into());
    let (eip2930, eip7702) = (alice.sign(eip2930).encoded_2718().into(), alice.sign(eip7702).encoded_2718().into());
    devnet.l2_block(&[unprotected, legacy, eip2930, eip7702]);
    alice = devnet.user(0);
    let creation = TxEip1559 {
        nonce: alice.nonce,
        chain_id,
        to: TxKind::Create,
        max_fee_per_gas: gas_price,
        gas_limit,
        // Returns one byte of code: STOP.
        input: bytes!("60015ff3"),
        ..TxEip1559::default()
    };
    devnet.l2_block(&[alice.sign(creation).encoded_2718().into()]);
    devnet.l1_block(|block| block.batch(1..=2, Posting::default()));
    devnet
}
