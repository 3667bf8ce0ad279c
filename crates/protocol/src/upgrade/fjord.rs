use super::Upgrade;
use crate::predeploys::GAS_PRICE_ORACLE;
use alloc::vec::Vec;
use alloy_primitives::{Address, address};

const GAS_PRICE_ORACLE_DEPLOYER: Address = address!("4210000000000000000000000000000000000002");

/// Upgrades of Fjord (rules U02).
pub(super) fn upgrades() -> Vec<Upgrade> {
    Vec::from([
        Upgrade::deploy(
            "Fjord: Gas Price Oracle Deployment",
            GAS_PRICE_ORACLE_DEPLOYER,
            1_450_000,
            include_bytes!("bytecode/fjord-gas-price-oracle.bin"),
        ),
        Upgrade::point_proxy("Fjord: Gas Price Oracle Proxy Update", GAS_PRICE_ORACLE, GAS_PRICE_ORACLE_DEPLOYER),
        Upgrade::call("Fjord: Gas Price Oracle Set Fjord", GAS_PRICE_ORACLE, 90_000, [0x8e, 0x98, 0xb1, 0x06]),
    ])
}
