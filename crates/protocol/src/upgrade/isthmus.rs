use super::Upgrade;
use crate::predeploys::{GAS_PRICE_ORACLE, L1_BLOCK, OPERATOR_FEE_VAULT};
use alloc::vec::Vec;
use alloy_primitives::{Address, address};

const L1_BLOCK_DEPLOYER: Address = address!("4210000000000000000000000000000000000003");
const GAS_PRICE_ORACLE_DEPLOYER: Address = address!("4210000000000000000000000000000000000004");
const OPERATOR_FEE_VAULT_DEPLOYER: Address = address!("4210000000000000000000000000000000000005");
/// Sender of the transaction that EIP-2935 deploys its contract with on every chain.
const BLOCK_HASHES_DEPLOYER: Address = address!("3462413Af4609098e1E27A490f554f260213D685");

/// Upgrades of Isthmus (rules U03).
pub(super) fn upgrades() -> Vec<Upgrade> {
    Vec::from([
        Upgrade::deploy(
            "Isthmus: L1 Block Deployment",
            L1_BLOCK_DEPLOYER,
            425_000,
            include_bytes!("bytecode/isthmus-l1-block.bin"),
        ),
        Upgrade::deploy(
            "Isthmus: Gas Price Oracle Deployment",
            GAS_PRICE_ORACLE_DEPLOYER,
            1_625_000,
            include_bytes!("bytecode/isthmus-gas-price-oracle.bin"),
        ),
        Upgrade::deploy(
            "Isthmus: Operator Fee Vault Deployment",
            OPERATOR_FEE_VAULT_DEPLOYER,
            500_000,
            include_bytes!("bytecode/isthmus-operator-fee-vault.bin"),
        ),
        Upgrade::point_proxy("Isthmus: L1 Block Proxy Update", L1_BLOCK, L1_BLOCK_DEPLOYER),
        Upgrade::point_proxy("Isthmus: Gas Price Oracle Proxy Update", GAS_PRICE_ORACLE, GAS_PRICE_ORACLE_DEPLOYER),
        Upgrade::point_proxy(
            "Isthmus: Operator Fee Vault Proxy Update",
            OPERATOR_FEE_VAULT,
            OPERATOR_FEE_VAULT_DEPLOYER,
        ),
        Upgrade::call("Isthmus: Gas Price Oracle Set Isthmus", GAS_PRICE_ORACLE, 90_000, [0x29, 0x1b, 0x03, 0x83]),
        Upgrade::deploy(
            "Isthmus: EIP-2935 Contract Deployment",
            BLOCK_HASHES_DEPLOYER,
            250_000,
            include_bytes!("bytecode/isthmus-block-hashes.bin"),
        ),
    ])
}
