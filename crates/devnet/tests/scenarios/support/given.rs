//! What a scenario may start from besides the devnet's own defaults.

use alloy_primitives::{Address, Bytes, U256, address, keccak256};
use kohala_devnet::chain::{
    Account, Batches, Carrier, Compression, Config, ConfigUpdate, Devnet, Fork, L2Block, Posting,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

/// The contract that tells what L1 takes of a transaction.
pub(crate) const GAS_PRICE_ORACLE: Address = address!("420000000000000000000000000000000000000f");
/// Where the operator fee goes.
pub(crate) const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");
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
fn real_genesis() -> Arc<BTreeMap<Address, Account>> {
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

/// All forks of L2 up to `newest` from genesis on, and real contracts of Fjord's time.
pub(crate) fn real(newest: Fork) -> Config {
    Config { genesis: real_genesis(), ..config(newest) }.initially(ConfigUpdate::GasLimit(60_000_000))
}

/// Wei that an account has after a block.
pub(crate) fn balance(block: &L2Block, account: Address) -> U256 {
    block.state.accounts.get(&account).map_or(U256::ZERO, |account| account.balance)
}

/// A word of an account's storage after a block.
pub(crate) fn word(block: &L2Block, account: Address, slot: U256) -> U256 {
    block.state.accounts.get(&account).and_then(|account| account.storage.get(&slot)).copied().unwrap_or_default()
}

/// The contract behind a proxy after a block (EIP-1967), and its code.
pub(crate) fn implementation(block: &L2Block, proxy: Address) -> (Address, Bytes) {
    let slot = U256::from_be_bytes(keccak256("eip1967.proxy.implementation").0) - U256::from(1);
    let address = Address::from_word(word(block, proxy, slot).into());
    (address, block.state.accounts.get(&address).map(|account| account.code.clone()).unwrap_or_default())
}

/// The newest way of posting that a fork has.
pub(crate) fn posting(fork: Fork) -> Posting {
    Posting {
        compression: if fork < Fork::Fjord { Compression::ZLIB } else { Compression::BROTLI },
        carrier: if fork < Fork::Ecotone { Carrier::Calldata } else { Carrier::Blobs },
        batches: if fork < Fork::Delta { Batches::Singular } else { Batches::Span },
        ..Posting::default()
    }
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
