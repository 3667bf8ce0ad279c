//! Transactions that a fork's activation block brings along: new code for the predeploys (rules U01 to U13).

mod ecotone;
mod fjord;
mod isthmus;
mod jovian;
mod karst;

use crate::{Deposit, Fork, RollupConfig, Source};
use alloc::vec::Vec;
use alloy_primitives::{Address, Bytes, TxKind, U256};

/// What a fork brings along.
struct Bundle {
    fork: Fork,
    upgrades: fn() -> Vec<Upgrade>,
    /// Gas on top of the system config's limit. Up to Jovian the upgrades make do with the block's own.
    added_gas: u64,
}

/// Every fork that upgrades predeploys, in fork order.
const BUNDLES: [Bundle; 5] = [
    Bundle { fork: Fork::Ecotone, upgrades: ecotone::upgrades, added_gas: 0 },
    Bundle { fork: Fork::Fjord, upgrades: fjord::upgrades, added_gas: 0 },
    Bundle { fork: Fork::Isthmus, upgrades: isthmus::upgrades, added_gas: 0 },
    Bundle { fork: Fork::Jovian, upgrades: jovian::upgrades, added_gas: 0 },
    Bundle { fork: Fork::Karst, upgrades: karst::upgrades, added_gas: karst::GAS },
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
    data: Bytes,
}

impl Upgrade {
    /// Deploys a contract. The deployer is an address that is used once, so the contract's address is known.
    fn deploy(intent: &'static str, from: Address, gas: u64, code: &'static [u8]) -> Self {
        Self { intent, from, to: TxKind::Create, gas, data: Bytes::from_static(code) }
    }

    /// Points a predeploy's proxy to new code. Address zero is entitled to.
    fn point_proxy(intent: &'static str, proxy: Address, deployer: Address) -> Self {
        const UPGRADE_TO: [u8; 4] = [0x36, 0x59, 0xcf, 0xe6];
        let data = [&UPGRADE_TO[..], &deployer.create(0).into_word().0].concat().into();
        Self { intent, from: Address::ZERO, to: TxKind::Call(proxy), gas: 50_000, data }
    }

    /// Calls a function of a predeploy that only the depositor may call.
    fn call(intent: &'static str, predeploy: Address, gas: u64, selector: [u8; 4]) -> Self {
        let (from, to) = (crate::predeploys::DEPOSITOR, TxKind::Call(predeploy));
        Self { intent, from, to, gas, data: Bytes::copy_from_slice(&selector) }
    }

    /// A call as a bundle lists it (rules U10).
    const fn bundled(intent: &'static str, from: Address, to: Address, gas: u64, data: &'static [u8]) -> Self {
        Self { intent, from, to: TxKind::Call(to), gas, data: Bytes::from_static(data) }
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
            data: self.data,
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
    fn source_hashes_are_those_of_op_node() {
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

    /// Karst's transactions written as op-node's file of them has to have this hash, so no byte of them is another.
    #[test]
    fn karst_bundle_is_the_file_that_op_node_locks() {
        use alloc::{format, string::String};
        use sha2::{Digest, Sha256};
        let rows: Vec<String> = upgrades(Fork::Karst)
            .iter()
            .zip(karst::upgrades())
            .enumerate()
            .map(|(index, (deposit, upgrade))| {
                let intent = upgrade.intent.strip_prefix(&format!("Karst {index}: ")).unwrap();
                let to = deposit.to.to().unwrap();
                let (data, from, gas) = (&deposit.data, deposit.from, deposit.gas);
                format!(
                    "    {{\n      \"data\": \"{data}\",\n      \"from\": \"{from}\",\n      \"gasLimit\": {gas},\n      \
                     \"intent\": \"{intent}\",\n      \"to\": \"{to}\"\n    }}"
                )
            })
            .collect();
        let rows = rows.join(",\n");
        let json = format!(
            "{{\n  \"metadata\": {{\n    \"version\": \"1.0.0\"\n  }},\n  \"transactions\": [\n{rows}\n  ]\n}}"
        );
        let locked = b256!("08f5df36f7ff29a9421ab84beebe96684a7455df9a5d234a2468613a4008ad91");
        assert_eq!(B256::from_slice(&Sha256::digest(json)), locked);
    }

    #[test]
    fn karst_transactions_are_ordinary_deposits_without_value() {
        let transactions = upgrades(Fork::Karst);
        assert_eq!(transactions.len(), 31);
        assert_eq!(transactions.iter().map(|tx| tx.gas).sum::<u64>(), 55_370_657);
        assert!(transactions.iter().all(|tx| tx.mint.is_zero() && tx.value.is_zero() && !tx.is_system));
        for (index, (tx, upgrade)) in transactions.iter().zip(karst::upgrades()).enumerate() {
            // The domain of upgrades is 2; the intent says which fork's it is, and its place.
            assert!(upgrade.intent.starts_with(&alloc::format!("Karst {index}: ")), "{}", upgrade.intent);
            let identity = [B256::with_last_byte(2), keccak256(upgrade.intent)].concat();
            assert_eq!(tx.source_hash, keccak256(identity), "{}", upgrade.intent);
        }
        let intents: Vec<_> = karst::upgrades().iter().map(|upgrade| upgrade.intent).collect();
        assert_eq!(intents[0], "Karst 0: ConditionalDeployer Deployment");
        assert_eq!(intents[30], "Karst 30: L2ProxyAdmin Upgrade Predeploys");
        assert_eq!(transactions[0].source_hash[..4], [0x7e, 0x71, 0xce, 0xb6]);
    }

    #[test]
    fn karst_adds_the_gas_of_its_upgrades_to_its_activation_block_only() {
        let config = config(&[(Fork::Karst, 1000)]);
        assert_eq!(
            [998, 999, 1000, 1001, 1002].map(|time| upgrade_transactions(&config, time).len()),
            [0, 0, 31, 31, 0]
        );
        let gas = 55_370_657;
        assert_eq!([998, 999, 1000, 1001, 1002].map(|time| upgrade_gas(&config, time)), [0, 0, gas, gas, 0]);
        let keeps = RollupConfig { keep_karst_upgrade_gas: true, ..config };
        assert_eq!(upgrade_gas(&keeps, 1000), gas, "who keeps the gas has to get it first");
        let since_genesis = self::config(&[(Fork::Karst, 0)]);
        assert_eq!((upgrade_gas(&since_genesis, 100), upgrade_transactions(&since_genesis, 100).len()), (0, 0));
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
