//! What a scenario may start from besides the devnet's own defaults.

use alloy_primitives::{Address, Bytes};
use kohala_devnet::chain::{Account, Config, Fork};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

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
