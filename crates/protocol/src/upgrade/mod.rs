//! Transactions that a fork's activation block brings along: new code for the predeploys (rules U01 to U13).

mod ecotone;
mod fjord;
mod isthmus;
mod jovian;

use crate::{Deposit, Fork, RollupConfig, Source};
use alloc::vec::Vec;
use alloy_primitives::{Address, Bytes, TxKind, U256};

/// The upgrade transactions of the block at `l2_timestamp`, in order; none if no fork with any activates there.
pub fn upgrade_transactions(config: &RollupConfig, l2_timestamp: u64) -> Vec<Bytes> {
    let bundles: [(Fork, fn() -> Vec<Upgrade>); 4] = [
        (Fork::Ecotone, ecotone::upgrades),
        (Fork::Fjord, fjord::upgrades),
        (Fork::Isthmus, isthmus::upgrades),
        (Fork::Jovian, jovian::upgrades),
    ];
    bundles
        .into_iter()
        .filter(|(fork, _)| config.is_activation_block(*fork, l2_timestamp))
        .flat_map(|(_, upgrades)| upgrades())
        .map(|upgrade| upgrade.into_deposit().encode())
        .collect()
}

/// Gas that the block at `l2_timestamp` has on top of the system config's limit, for its upgrade transactions (rules
/// U13). Up to Jovian they have to do with the block's own.
pub const fn upgrade_gas(_config: &RollupConfig, _l2_timestamp: u64) -> u64 {
    0
}

/// A transaction of an activation block.
struct Upgrade {
    /// What it does, in the words of the fork's spec; identifies the transaction.
    intent: &'static str,
    from: Address,
    to: TxKind,
    gas: u64,
    data: Vec<u8>,
}

impl Upgrade {
    /// Deploys a contract. The deployer is an address that is used once, so the contract's address is known.
    fn deploy(intent: &'static str, from: Address, gas: u64, code: &[u8]) -> Self {
        Self { intent, from, to: TxKind::Create, gas, data: code.to_vec() }
    }

    /// Points a predeploy's proxy to new code. Address zero is entitled to.
    fn point_proxy(intent: &'static str, proxy: Address, deployer: Address) -> Self {
        const UPGRADE_TO: [u8; 4] = [0x36, 0x59, 0xcf, 0xe6];
        let data = [&UPGRADE_TO[..], &deployer.create(0).into_word().0].concat();
        Self { intent, from: Address::ZERO, to: TxKind::Call(proxy), gas: 50_000, data }
    }

    /// Calls a function of a predeploy that only the depositor may call.
    fn call(intent: &'static str, predeploy: Address, gas: u64, selector: [u8; 4]) -> Self {
        let (from, to) = (crate::predeploys::DEPOSITOR, TxKind::Call(predeploy));
        Self { intent, from, to, gas, data: selector.to_vec() }
    }

    fn into_deposit(self) -> Deposit {
        Deposit {
            source_hash: Source::Upgrade { intent: self.intent }.hash(),
            from: self.from,
            to: self.to,
            mint: U256::ZERO,
            value: U256::ZERO,
            gas: self.gas,
            is_system: false,
            data: self.data.into(),
        }
    }
}
