use alloy_primitives::{Address, B256};

/// The L2 chain's parameters as one L2 block carries them (rules S13): reconstructed from the block itself, the
/// input of the next block's attributes.
///
/// Not to be confused with the batcher address that L1 traversal follows log by log: see
/// `kohala_derive` and its `Batcher`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemConfig {
    /// Who may post batches.
    pub batcher: Address,
    /// L1 fee overhead; zero from Ecotone on.
    pub overhead: B256,
    /// L1 fee scalar: one number before Ecotone, version byte and two packed scalars after.
    pub scalar: B256,
    /// Gas limit of L2 blocks.
    pub gas_limit: u64,
    /// Base fee parameters; zeros mean the chain's constants.
    pub eip1559_params: Eip1559Params,
    /// Operator fee (Isthmus).
    pub operator_fee: OperatorFee,
    /// Floor of the base fee in wei (Jovian).
    pub min_base_fee: u64,
    /// Data availability footprint per estimated byte (Jovian).
    pub da_footprint_gas_scalar: u16,
}

/// EIP-1559 parameters of the L2 base fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eip1559Params {
    /// Base fee change denominator.
    pub denominator: u32,
    /// Elasticity multiplier.
    pub elasticity: u32,
}

/// The operator fee's two parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperatorFee {
    /// Per unit of gas, in millionths of a wei (Isthmus) or hundreds of wei (Jovian).
    pub scalar: u32,
    /// Per transaction, in wei.
    pub constant: u64,
}
