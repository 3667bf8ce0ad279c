use crate::{InvalidBlock, transaction::Transaction};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{Bytes, U256};
use kohala_protocol::{Attributes, Eip1559Params, ExtraData, Fork, RollupConfig};
use op_revm::{
    L1BlockInfo, OpSpecId,
    constants::{L1_BLOCK_CONTRACT, L1_SCALAR_SLOT},
    transaction::estimate_tx_compressed_size,
};
use revm::Database;

/// Base fee of the block at `timestamp` on top of `parent`, in wei (rules X20). `None` if the parent's header lacks
/// what its fork demands, so that no block can follow.
pub(crate) fn base_fee(config: &RollupConfig, parent: &Header, timestamp: u64) -> Option<u64> {
    let (params, floor) = if config.is_active(Fork::Holocene, parent.timestamp) {
        let extra = ExtraData::decode(config, parent.timestamp, &parent.extra_data).ok()?;
        (extra.eip1559_params, extra.min_base_fee)
    } else {
        (default_params(config, timestamp), 0)
    };
    let metered = if config.is_active(Fork::Jovian, parent.timestamp) {
        parent.gas_used.max(parent.blob_gas_used?)
    } else {
        parent.gas_used
    };
    let base_fee = parent.base_fee_per_gas?;
    let target = parent.gas_limit.checked_div(params.elasticity.into())?;
    // Two divisions, each rounding down, as in EIP-1559; 2^64 * 2^64 fits.
    let step = |delta: u64| {
        let scaled = u128::from(delta).checked_mul(base_fee.into())?.checked_div(target.into())?;
        scaled.checked_div(params.denominator.into())
    };
    let next = if metered > target {
        u128::from(base_fee) + step(metered - target)?.max(1)
    } else if metered < target {
        u128::from(base_fee).saturating_sub(step(target - metered)?)
    } else {
        base_fee.into()
    };
    u64::try_from(next).ok().map(|next| next.max(floor))
}

/// Extra data of the header that `attributes` make (rules X21): the base fee parameters of the next block, the
/// chain's constants where the attributes leave them zero.
pub(crate) fn extra_data(config: &RollupConfig, attributes: &Attributes) -> Result<Bytes, InvalidBlock> {
    let jovian = config.is_active(Fork::Jovian, attributes.timestamp);
    let holocene = config.is_active(Fork::Holocene, attributes.timestamp);
    if attributes.eip1559_params.is_some() != holocene || attributes.min_base_fee.is_some() != jovian {
        return Err(InvalidBlock::Fields);
    }
    let Some(params) = attributes.eip1559_params else { return Ok(Bytes::new()) };
    let params = match params {
        Eip1559Params { denominator: 0, elasticity: 0 } => default_params(config, attributes.timestamp),
        Eip1559Params { denominator: 0, .. } | Eip1559Params { elasticity: 0, .. } => return Err(InvalidBlock::Fields),
        params => params,
    };
    let mut out = Vec::with_capacity(17);
    out.push(u8::from(jovian));
    out.extend_from_slice(&params.denominator.to_be_bytes());
    out.extend_from_slice(&params.elasticity.to_be_bytes());
    out.extend(attributes.min_base_fee.into_iter().flat_map(u64::to_be_bytes));
    Ok(out.into())
}

/// The chain's constants for a block at `timestamp`.
const fn default_params(config: &RollupConfig, timestamp: u64) -> Eip1559Params {
    let constants = &config.base_fee;
    let canyon = config.is_active(Fork::Canyon, timestamp);
    Eip1559Params {
        denominator: if canyon { constants.denominator_canyon } else { constants.denominator },
        elasticity: constants.elasticity,
    }
}

/// Data availability footprint of a Jovian block, in gas (rules X16).
///
/// The scalar is the one that the L1 info transaction carries; in the activation block it can't carry one yet, and
/// there may be deposits only.
pub(crate) fn da_footprint(transactions: &[Transaction]) -> Result<u64, InvalidBlock> {
    const ISTHMUS_L1_INFO_LENGTH: usize = 176;
    const JOVIAN_L1_INFO_LENGTH: usize = 178;
    const JOVIAN_SELECTOR: [u8; 4] = [0x3d, 0xb6, 0xbe, 0x2b];
    let l1_info = transactions.first().filter(|first| first.is_deposit()).ok_or(InvalidBlock::L1Info)?;
    let data = &l1_info.env.base.data;
    if data.len() == ISTHMUS_L1_INFO_LENGTH && transactions.iter().all(Transaction::is_deposit) {
        return Ok(0);
    }
    if data.len() < JOVIAN_L1_INFO_LENGTH || !data.starts_with(&JOVIAN_SELECTOR) {
        return Err(InvalidBlock::L1Info);
    }
    let scalar = u64::from(u16::from_be_bytes([data[JOVIAN_L1_INFO_LENGTH - 2], data[JOVIAN_L1_INFO_LENGTH - 1]]));
    let footprint = |transaction: &Transaction| {
        let encoded = transaction.env.enveloped_tx.as_ref()?;
        Some(estimate_tx_compressed_size(encoded) / 1_000_000 * scalar)
    };
    Ok(transactions.iter().filter_map(footprint).fold(0, u64::saturating_add))
}

/// What the L1 and operator fees of one block depend on, read from the L1 block contract after the block's first
/// transaction has written it (rules X10, X11).
pub(crate) struct L1Fees {
    /// op-revm's view, to be put into its context before every transaction that pays.
    pub(crate) info: L1BlockInfo,
    /// The block is the first of Ecotone: the contract doesn't know the new parameters yet, and the fee is still
    /// Bedrock's, whatever other forks are active besides (rules X13).
    first_of_ecotone: bool,
}

impl L1Fees {
    /// Reads the contract's slots.
    pub(crate) fn read<D: Database>(database: &mut D, number: u64, spec: OpSpecId) -> Result<Self, D::Error> {
        let mut info = L1BlockInfo::try_fetch(database, U256::from(number), spec)?;
        let first_of_ecotone = info.empty_ecotone_scalars && info.l1_blob_base_fee.is_some_and(|fee| fee.is_zero());
        if first_of_ecotone {
            // op-revm leaves the scalar of the new slot here, zero, where Bedrock's own still holds.
            info.l1_base_fee_scalar = database.storage(L1_BLOCK_CONTRACT, L1_SCALAR_SLOT)?;
        }
        Ok(Self { info, first_of_ecotone })
    }

    /// The view for one transaction, whose EIP-2718 bytes are `encoded`.
    pub(crate) fn of(&self, encoded: &[u8]) -> L1BlockInfo {
        let mut info = self.info.clone();
        if self.first_of_ecotone {
            // Kept in `info`, so that the EVM takes it for what it would compute itself.
            info.calculate_tx_l1_cost(encoded, OpSpecId::ECOTONE);
        }
        info
    }
}
