use super::Upgrade;
use crate::predeploys::{GAS_PRICE_ORACLE, L1_BLOCK};
use alloc::vec::Vec;
use alloy_primitives::{Address, address};

const L1_BLOCK_DEPLOYER: Address = address!("4210000000000000000000000000000000000006");
const GAS_PRICE_ORACLE_DEPLOYER: Address = address!("4210000000000000000000000000000000000007");

/// Upgrades of Jovian (rules U05).
pub(super) fn upgrades() -> Vec<Upgrade> {
    Vec::from([
        Upgrade::deploy(
            "Jovian: L1 Block Deployment",
            L1_BLOCK_DEPLOYER,
            447_315,
            include_bytes!("bytecode/jovian-l1-block.bin"),
        ),
        Upgrade::point_proxy("Jovian: L1 Block Proxy Update", L1_BLOCK, L1_BLOCK_DEPLOYER),
        Upgrade::deploy(
            "Jovian: Gas Price Oracle Deployment",
            GAS_PRICE_ORACLE_DEPLOYER,
            1_750_714,
            include_bytes!("bytecode/jovian-gas-price-oracle.bin"),
        ),
        Upgrade::point_proxy("Jovian: Gas Price Oracle Proxy Update", GAS_PRICE_ORACLE, GAS_PRICE_ORACLE_DEPLOYER),
        Upgrade::call("Jovian: Gas Price Oracle Set Jovian", GAS_PRICE_ORACLE, 90_000, [0xb3, 0xd7, 0x20, 0x79]),
    ])
}
