//! What a scenario may start from besides the devnet's own defaults.

use alloy_primitives::{Address, Bytes, U256};
use kohala_devnet::chain::{Account, Config, Devnet, Fork};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

/// The newest fork that is judged.
pub(crate) const NEWEST: Fork = Fork::Karst;

/// All forks of L2 up to `newest` from genesis on, and the upgrade transactions of those that may follow.
pub(crate) fn config(newest: Fork) -> Config {
    static UPGRADES: LazyLock<Arc<BTreeMap<Fork, Vec<Bytes>>>> = LazyLock::new(|| {
        let upgrades = kohala_testdata::upgrades();
        let of = |fork: &Fork| upgrades.get(fork.name()).map(|transactions| (*fork, transactions.clone()));
        Arc::new(Fork::ALL.iter().filter_map(of).collect())
    });
    Config { upgrades: Arc::clone(&UPGRADES), ..Config::up_to(newest) }
}

/// The genesis accounts of a real chain, Fjord from genesis on: all predeploys behind their proxies.
pub(crate) fn real_genesis() -> Arc<BTreeMap<Address, Account>> {
    static ACCOUNTS: LazyLock<Arc<BTreeMap<Address, Account>>> = LazyLock::new(|| {
        let accounts = kohala_testdata::chain("staged").genesis_alloc.into_iter().map(|account| {
            let storage = account.storage.iter().map(|slot| (slot.key, slot.value)).collect();
            let (nonce, balance, code) = (account.nonce, account.balance, account.code);
            (account.address, Account { nonce, balance, code, storage })
        });
        Arc::new(accounts.collect())
    });
    Arc::clone(&ACCOUNTS)
}

/// A chain with so many blocks, each with a transfer, before there is any L1 block but the first.
pub(crate) fn with_transfers(config: Config, count: usize) -> Devnet {
    let mut devnet = Devnet::new(config);
    let mut alice = devnet.user(0);
    for _ in 0..count {
        devnet.l2_block(&[alice.transfer(Address::repeat_byte(0xb0), U256::from(1))]);
    }
    devnet
}
