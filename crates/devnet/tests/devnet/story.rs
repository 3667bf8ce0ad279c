//! The chain that the tests tell.

use alloy_primitives::{Address, Bytes, U256};
use kohala_devnet::chain::{Config, ConfigUpdate, Deposit, Devnet, MESSAGE_PASSER, Posting, SET_SLOT};

/// Writes a slot of [`SET_SLOT`] or [`MESSAGE_PASSER`].
fn slot(key: u64, value: u64) -> Bytes {
    [U256::from(key), U256::from(value)].map(|word| word.to_be_bytes::<32>()).concat().into()
}

/// Twelve L2 blocks over two L1 blocks: transfers, writes and deletions, a withdrawal, a deposit with and one without
/// coins, a system config that changes in all it has; then all of it is posted, and one L1 block comes after.
pub(crate) fn tell(config: Config, posting: Posting) -> Devnet {
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
            .config_update(ConfigUpdate::FeeScalars { base_fee: 2000, blob_base_fee: 900_000 })
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
