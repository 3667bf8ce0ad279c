use super::Upgrade;
use crate::predeploys::{GAS_PRICE_ORACLE, L1_BLOCK};
use alloc::vec::Vec;
use alloy_primitives::{Address, address};

const L1_BLOCK_DEPLOYER: Address = address!("4210000000000000000000000000000000000000");
const GAS_PRICE_ORACLE_DEPLOYER: Address = address!("4210000000000000000000000000000000000001");
/// Sender of the transaction that EIP-4788 deploys its contract with on every chain.
const BEACON_ROOTS_DEPLOYER: Address = address!("0B799C86a49DEeb90402691F1041aa3AF2d3C875");

/// Upgrades of Ecotone (rules U01).
pub(super) fn upgrades() -> Vec<Upgrade> {
    Vec::from([
        Upgrade::deploy(
            "Ecotone: L1 Block Deployment",
            L1_BLOCK_DEPLOYER,
            375_000,
            include_bytes!("bytecode/ecotone-l1-block.bin"),
        ),
        Upgrade::deploy(
            "Ecotone: Gas Price Oracle Deployment",
            GAS_PRICE_ORACLE_DEPLOYER,
            1_000_000,
            include_bytes!("bytecode/ecotone-gas-price-oracle.bin"),
        ),
        Upgrade::point_proxy("Ecotone: L1 Block Proxy Update", L1_BLOCK, L1_BLOCK_DEPLOYER),
        Upgrade::point_proxy("Ecotone: Gas Price Oracle Proxy Update", GAS_PRICE_ORACLE, GAS_PRICE_ORACLE_DEPLOYER),
        Upgrade::call("Ecotone: Gas Price Oracle Set Ecotone", GAS_PRICE_ORACLE, 80_000, [0x22, 0xb9, 0x0a, 0xb3]),
        Upgrade::deploy(
            "Ecotone: beacon block roots contract deployment",
            BEACON_ROOTS_DEPLOYER,
            250_000,
            include_bytes!("bytecode/ecotone-beacon-roots.bin"),
        ),
    ])
}
