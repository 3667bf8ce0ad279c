//! Transactions that a fork's activation block brings along: new code for the predeploys (rules U01 to U13).

mod ecotone;
mod fjord;
mod isthmus;
mod jovian;

use crate::{Deposit, Fork, RollupConfig, Source};
use alloc::vec::Vec;
use alloy_primitives::{Address, Bytes, TxKind, U256};

/// What a fork brings along.
struct Bundle {
    fork: Fork,
    upgrades: fn() -> Vec<Upgrade>,
    /// Gas on top of the system config's limit. Up to Jovian the upgrades have to do with the block's own.
    added_gas: u64,
}

/// Every fork that upgrades predeploys, in fork order.
const BUNDLES: [Bundle; 4] = [
    Bundle { fork: Fork::Ecotone, upgrades: ecotone::upgrades, added_gas: 0 },
    Bundle { fork: Fork::Fjord, upgrades: fjord::upgrades, added_gas: 0 },
    Bundle { fork: Fork::Isthmus, upgrades: isthmus::upgrades, added_gas: 0 },
    Bundle { fork: Fork::Jovian, upgrades: jovian::upgrades, added_gas: 0 },
];

fn activating(config: &RollupConfig, l2_timestamp: u64) -> impl Iterator<Item = &'static Bundle> {
    BUNDLES.iter().filter(move |bundle| config.is_activation_block(bundle.fork, l2_timestamp))
}

/// The upgrade transactions of the block at `l2_timestamp`, in order; none if no fork with any activates there.
pub fn upgrade_transactions(config: &RollupConfig, l2_timestamp: u64) -> Vec<Bytes> {
    activating(config, l2_timestamp)
        .flat_map(|bundle| (bundle.upgrades)())
        .map(|upgrade| upgrade.into_deposit().encode())
        .collect()
}

/// Gas that the block at `l2_timestamp` has on top of the system config's limit, for its upgrade transactions (rules
/// U13).
pub fn upgrade_gas(config: &RollupConfig, l2_timestamp: u64) -> u64 {
    activating(config, l2_timestamp).map(|bundle| bundle.added_gas).sum()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use alloy_primitives::{B256, address, b256, keccak256};

    fn upgrades(fork: Fork) -> Vec<Deposit> {
        let config = config(&[(fork, 1000)]);
        upgrade_transactions(&config, 1000).iter().map(|tx| Deposit::decode(tx).unwrap()).collect()
    }

    #[test]
    fn source_hashes_are_those_of_the_specs() {
        let expected = [
            (Fork::Ecotone, "877a6077 a312b451 18acb38c ee4f9385 0c1cb38e 69b763c4"),
            (Fork::Fjord, "86122c53 1e6bb0c2 bac7bb0d"),
            (Fork::Isthmus, "3b2d0821 fc70b484 107a570d ebe8b5cb ecf2d916 ad74e1ad 3ddf4b13 bfb734da"),
            (Fork::Jovian, "bb1a656f f3275f82 239b7021 a70c60aa e836db6a"),
        ];
        for (fork, expected) in expected {
            let found: Vec<_> =
                upgrades(fork).iter().map(|tx| alloy_primitives::hex::encode(&tx.source_hash[..4])).collect();
            assert_eq!(found.join(" "), expected, "{fork:?}");
        }
    }

    #[test]
    fn gas_limits_are_those_of_the_specs() {
        let expected: [(Fork, &[u64]); 4] = [
            (Fork::Ecotone, &[375_000, 1_000_000, 50_000, 50_000, 80_000, 250_000]),
            (Fork::Fjord, &[1_450_000, 50_000, 90_000]),
            (Fork::Isthmus, &[425_000, 1_625_000, 500_000, 50_000, 50_000, 50_000, 90_000, 250_000]),
            (Fork::Jovian, &[447_315, 50_000, 1_750_714, 50_000, 90_000]),
        ];
        for (fork, expected) in expected {
            let found: Vec<_> = upgrades(fork).iter().map(|tx| tx.gas).collect();
            assert_eq!(found, expected, "{fork:?}");
        }
    }

    /// The specs state the hash of the code that a deployment leaves behind.
    #[test]
    fn deployed_code_has_the_hashes_of_the_specs() {
        let deployed = |fork, index: usize| {
            let data = upgrades(fork)[index].data.clone();
            let constructor = 32; // solc's, without arguments
            keccak256(&data[constructor..])
        };
        let l1_block = b256!("c88a313aa75dc4fbf0b6850d9f9ae41e04243b7008cf3eadb29256d4a71c1dfd");
        let gas_price_oracle = b256!("8b71360ea773b4cfaf1ae6d2bd15464a4e1e2e360f786e475f63aeaed8da0ae5");
        let gas_price_oracle_fjord = b256!("a88fa50a2745b15e6794247614b5298483070661adacb8d32d716434ed24c6b2");
        assert_eq!(deployed(Fork::Ecotone, 0), l1_block);
        assert_eq!(deployed(Fork::Ecotone, 1), gas_price_oracle);
        assert_eq!(deployed(Fork::Fjord, 0), gas_price_oracle_fjord);
    }

    #[test]
    fn proxies_point_to_what_was_deployed() {
        let target = |fork, index: usize| Address::from_word(B256::from_slice(&upgrades(fork)[index].data[4..]));
        let expected = [
            (Fork::Ecotone, 2, address!("07dbe8500fc591d1852b76fee44d5a05e13097ff")),
            (Fork::Ecotone, 3, address!("b528d11cc114e026f138fe568744c6d45ce6da7a")),
            (Fork::Fjord, 1, address!("a919894851548179a0750865e7974da599c0fac7")),
            (Fork::Isthmus, 3, address!("ff256497d61dcd71a9e9ff43967c13fde1f72d12")),
            (Fork::Isthmus, 4, address!("93e57a196454cb919193fa9946f14943cf733845")),
            (Fork::Isthmus, 5, address!("4fa2be8cd41504037f1838bce3bcc93bc68ff537")),
            (Fork::Jovian, 1, address!("3ba4007f5c922fbb33c454b41ea7a1f11e83df2c")),
            (Fork::Jovian, 3, address!("4f1db3c6abd250ba86e0928471a8f7db3afd88f1")),
        ];
        for (fork, index, address) in expected {
            assert_eq!(target(fork, index), address, "{fork:?} {index}");
        }
    }

    #[test]
    fn system_contracts_get_the_addresses_of_their_eips() {
        let (beacon_roots, block_hashes) = (&upgrades(Fork::Ecotone)[5], &upgrades(Fork::Isthmus)[7]);
        assert_eq!(beacon_roots.from.create(0), address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02"));
        assert_eq!(block_hashes.from.create(0), address!("0000F90827F1C53a10cb7A02335B175320002935"));
        // Both deploy what follows nine bytes of constructor.
        let eip_4788 = b256!("f57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c");
        assert_eq!(keccak256(&beacon_roots.data[9..]), eip_4788);
        let eip_2935 = &alloy_eips::eip2935::HISTORY_STORAGE_CODE;
        assert_eq!(block_hashes.data[9..], eip_2935[..]);
    }

    #[test]
    fn only_the_activation_block_upgrades() {
        let config = config(&[(Fork::Jovian, 1000)]);
        assert_eq!([998, 999, 1000, 1001, 1002].map(|time| upgrade_transactions(&config, time).len()), [0, 0, 5, 5, 0]);
        assert_eq!(upgrade_gas(&config, 1000), 0);
    }

    #[test]
    fn forks_of_one_block_upgrade_in_fork_order() {
        let config = config(&[(Fork::Ecotone, 1000), (Fork::Fjord, 999)]);
        let both: Vec<_> = [Fork::Ecotone, Fork::Fjord].into_iter().flat_map(upgrades).map(|tx| tx.encode()).collect();
        assert_eq!(upgrade_transactions(&config, 1000), both);
    }
}
