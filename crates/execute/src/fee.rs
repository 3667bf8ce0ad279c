use crate::{InvalidBlock, transaction::Transaction};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{Bytes, U256};
use kohala_protocol::{Attributes, Eip1559Params, ExtraData, Fork, RollupConfig, predeploys::L1_BLOCK};
use op_revm::{L1BlockInfo, OpSpecId, constants::L1_SCALAR_SLOT};
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
    out.extend_from_slice(&params.to_bytes());
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
    let footprint = |transaction: &Transaction| transaction.estimated_size / 1_000_000 * scalar;
    Ok(transactions.iter().map(footprint).fold(0, u64::saturating_add))
}

/// What the L1 and operator fees of one block depend on, read from the L1 block contract after the block's first
/// transaction has written it (rules X10, X11).
pub(crate) struct L1Fees {
    /// op-revm's view, to be put into its context before every transaction that pays.
    pub(crate) info: L1BlockInfo,
    /// The block is the first of Ecotone: the contract doesn't know the new parameters yet, and the fee is still
    /// Bedrock's, whatever other forks are active besides (rules X13).
    first_of_ecotone: bool,
    /// Fees are Fjord's.
    fjord: bool,
}

impl L1Fees {
    /// Reads the contract's slots.
    pub(crate) fn read<D: Database>(database: &mut D, number: u64, spec: OpSpecId) -> Result<Self, D::Error> {
        let mut info = L1BlockInfo::try_fetch(database, U256::from(number), spec)?;
        let first_of_ecotone = info.empty_ecotone_scalars && info.l1_blob_base_fee.is_some_and(|fee| fee.is_zero());
        if first_of_ecotone {
            // op-revm leaves the scalar of the new slot here, zero, where Bedrock's own still holds.
            info.l1_base_fee_scalar = database.storage(L1_BLOCK, L1_SCALAR_SLOT)?;
        }
        Ok(Self { info, first_of_ecotone, fjord: spec.is_enabled_in(OpSpecId::FJORD) })
    }

    /// The view for one transaction, whose EIP-2718 bytes are `encoded`. Where it has an L1 cost, the EVM takes that
    /// for what it would compute itself.
    pub(crate) fn of(&self, encoded: &[u8], estimated_size: u64) -> L1BlockInfo {
        let mut info = self.info.clone();
        if self.first_of_ecotone {
            info.calculate_tx_l1_cost(encoded, OpSpecId::ECOTONE);
        } else if self.fjord {
            info.tx_l1_cost = Some(self.fjord_cost(estimated_size));
        }
        info
    }

    /// The L1 cost of a transaction from Fjord on, in wei (rules X14). As op-revm computes it; but the estimate, which
    /// takes a look at every byte, is made once for each transaction and not here again.
    fn fjord_cost(&self, estimated_size: u64) -> U256 {
        let L1BlockInfo { l1_base_fee, l1_base_fee_scalar, l1_blob_base_fee, l1_blob_base_fee_scalar, .. } = self.info;
        let calldata = l1_base_fee.saturating_mul(U256::from(16)).saturating_mul(l1_base_fee_scalar);
        let blobs = l1_blob_base_fee.unwrap_or_default().saturating_mul(l1_blob_base_fee_scalar.unwrap_or_default());
        let scaled = U256::from(estimated_size).saturating_mul(calldata.saturating_add(blobs));
        scaled / U256::from(1_000_000_000_000u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloy_eips::eip1559::{BaseFeeParams, calc_next_block_base_fee};
    use alloy_primitives::{Address, B256, bytes, hex};
    use kohala_protocol::{BaseFeeConfig, BlockId, ForkTimes, Genesis};
    use op_revm::transaction::estimate_tx_compressed_size;

    const CONSTANTS: BaseFeeConfig = BaseFeeConfig { elasticity: 6, denominator: 50, denominator_canyon: 250 };

    /// The forks activate in order at times 10, 20, 30 and so on.
    fn config() -> RollupConfig {
        let forks = [Fork::Regolith, Fork::Canyon, Fork::Ecotone, Fork::Holocene, Fork::Isthmus, Fork::Jovian];
        let mut times = ForkTimes::default();
        for (fork, time) in forks.into_iter().zip((10..).step_by(10)) {
            times.set(fork, Some(time));
        }
        RollupConfig {
            genesis: Genesis::default(),
            block_time: 2,
            max_sequencer_drift: 600,
            seq_window_size: 3600,
            channel_timeout: 300,
            l1_chain_id: 900,
            l2_chain_id: 901,
            forks: times,
            pectra_blob_schedule_time: None,
            keep_karst_upgrade_gas: false,
            batch_inbox_address: Address::ZERO,
            deposit_contract_address: Address::ZERO,
            l1_system_config_address: Address::ZERO,
            base_fee: CONSTANTS,
        }
    }

    const CANYON: u64 = 20;
    const HOLOCENE: u64 = 40;
    const JOVIAN: u64 = 60;

    fn parent(timestamp: u64, gas_used: u64) -> Header {
        let base_fee_per_gas = Some(1_000_000);
        Header { timestamp, gas_used, gas_limit: 30_000_000, base_fee_per_gas, ..Header::default() }
    }

    fn attributes(timestamp: u64, params: Option<(u32, u32)>, min_base_fee: Option<u64>) -> Attributes {
        let eip1559_params = params.map(|(denominator, elasticity)| Eip1559Params { denominator, elasticity });
        Attributes {
            parent: BlockId::default(),
            timestamp,
            prev_randao: B256::ZERO,
            gas_limit: 30_000_000,
            parent_beacon_block_root: None,
            eip1559_params,
            min_base_fee,
            transactions: vec![],
            deposits: 0,
            l1_origin: BlockId::default(),
            sequence_number: 0,
        }
    }

    #[test]
    fn base_fee_follows_eip1559() {
        let params = BaseFeeParams::new(250, 6);
        for gas_used in [0, 1, 4_999_999, 5_000_000, 5_000_001, 5_001_249, 5_001_250, 12_345_678, 30_000_000] {
            for wei in [0, 1, 7, 249, 250, 1_000_000, 1 << 40, 1 << 60] {
                let parent = Header { base_fee_per_gas: Some(wei), ..parent(CANYON, gas_used) };
                let expected = calc_next_block_base_fee(gas_used, 30_000_000, wei, params);
                assert_eq!(base_fee(&config(), &parent, CANYON + 2), Some(expected), "{gas_used} {wei}");
            }
        }
    }

    #[test]
    fn canyon_changes_the_denominator_with_its_first_block() {
        // Full block: 25 of 5 million above the target. 1_000_000 * 5 / 50 and / 250.
        let full = parent(CANYON - 2, 30_000_000);
        assert_eq!(base_fee(&config(), &full, CANYON - 1), Some(1_100_000));
        assert_eq!(base_fee(&config(), &full, CANYON), Some(1_020_000));
    }

    #[test]
    fn holocene_takes_the_parameters_of_the_parent() {
        // The first block on a Holocene parent: elasticity 2, denominator 8.
        let mut full = parent(HOLOCENE, 30_000_000);
        full.extra_data = hex!("000000000800000002").into();
        assert_eq!(base_fee(&config(), &full, HOLOCENE + 2), Some(1_125_000));
        // The first Holocene block itself: still the constants.
        assert_eq!(base_fee(&config(), &parent(HOLOCENE - 2, 30_000_000), HOLOCENE), Some(1_020_000));
    }

    #[test]
    fn head_without_parameters_has_no_child() {
        for extra_data in ["", "000000000000000002", "000000000800000000", "0000000008000000020000000000000000"] {
            let extra_data = hex::decode(extra_data).unwrap().into();
            let parent = Header { extra_data, ..parent(HOLOCENE, 1) };
            assert_eq!(base_fee(&config(), &parent, HOLOCENE + 2), None);
        }
        let tiny = Header { gas_limit: 5, ..parent(CANYON, 1) };
        assert_eq!(base_fee(&config(), &tiny, CANYON + 2), None, "a target of zero");
        let london = Header { base_fee_per_gas: None, ..parent(CANYON, 1) };
        assert_eq!(base_fee(&config(), &london, CANYON + 2), None);
        let jovian = Header { extra_data: hex!("01000000fa000000060000000000000000").into(), ..parent(JOVIAN, 1) };
        assert_eq!(base_fee(&config(), &jovian, JOVIAN + 2), None, "no footprint");
    }

    #[test]
    fn jovian_meters_the_footprint_and_keeps_the_floor() {
        let mut parent = parent(JOVIAN, 1_000_000);
        parent.extra_data = hex!("01000000fa00000006000000000000ffff").into();
        parent.blob_gas_used = Some(30_000_000);
        assert_eq!(base_fee(&config(), &parent, JOVIAN + 2), Some(1_020_000));
        parent.blob_gas_used = Some(999_999);
        assert_eq!(base_fee(&config(), &parent, JOVIAN + 2), Some(996_800));
        // 2_000_000 is above both what the fee falls to and what it rises to.
        parent.extra_data = hex!("01000000fa0000000600000000001e8480").into();
        assert_eq!(base_fee(&config(), &parent, JOVIAN + 2), Some(2_000_000));
        parent.gas_used = 30_000_000;
        assert_eq!(base_fee(&config(), &parent, JOVIAN + 2), Some(2_000_000));
    }

    #[test]
    fn extra_data_has_the_form_of_its_fork() {
        let extra = |timestamp, params, floor| extra_data(&config(), &attributes(timestamp, params, floor));
        assert_eq!(extra(HOLOCENE - 1, None, None).unwrap(), Bytes::new());
        assert_eq!(extra(HOLOCENE, Some((8, 2)), None).unwrap(), bytes!("000000000800000002"));
        assert_eq!(extra(HOLOCENE, Some((0, 0)), None).unwrap(), bytes!("00000000fa00000006"));
        assert_eq!(extra(JOVIAN, Some((8, 2)), Some(3)).unwrap(), bytes!("0100000008000000020000000000000003"));
        assert_eq!(extra(JOVIAN, Some((0, 0)), Some(0)).unwrap(), bytes!("01000000fa000000060000000000000000"));
        for (timestamp, params, floor) in [
            (HOLOCENE, Some((8, 0)), None),
            (HOLOCENE, Some((0, 2)), None),
            (HOLOCENE, None, None),
            (HOLOCENE, Some((8, 2)), Some(1)),
            (HOLOCENE - 1, Some((8, 2)), None),
            (JOVIAN, Some((8, 2)), None),
        ] {
            assert_eq!(extra(timestamp, params, floor), Err(InvalidBlock::Fields));
        }
    }

    fn deposit(data: Vec<u8>) -> Transaction {
        let deposit = op_alloy_consensus::TxDeposit { input: data.into(), ..Default::default() };
        Transaction::decode(&alloy_eips::Encodable2718::encoded_2718(&deposit).into()).unwrap().0
    }

    fn l1_info(scalar: u16) -> Transaction {
        let mut data = vec![0; 178];
        data[..4].copy_from_slice(&hex!("3db6be2b"));
        data[176..].copy_from_slice(&scalar.to_be_bytes());
        deposit(data)
    }

    /// A transaction that takes part in the footprint with these bytes, whatever they mean.
    fn paying(encoded: Bytes) -> Transaction {
        let mut transaction = deposit(vec![]);
        transaction.env.base.tx_type = 2;
        transaction.estimated_size = estimate_tx_compressed_size(&encoded);
        transaction.env.enveloped_tx = Some(encoded);
        transaction
    }

    #[test]
    fn fjord_cost_is_what_op_revm_computes() {
        let noise: Vec<u8> = (0..1000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for wei in [0, 1, 7, 1_000_000_007, u64::MAX] {
            let info = L1BlockInfo {
                l1_base_fee: U256::from(wei),
                l1_base_fee_scalar: U256::from(wei / 3),
                l1_blob_base_fee: (wei != 7).then(|| U256::from(wei / 5)),
                l1_blob_base_fee_scalar: (wei != 7).then(|| U256::from(810_949)),
                ..L1BlockInfo::default()
            };
            let fees = L1Fees { info: info.clone(), first_of_ecotone: false, fjord: true };
            for encoded in [&[2; 10][..], &noise] {
                let expected = info.clone().calculate_tx_l1_cost(encoded, OpSpecId::FJORD);
                assert_eq!(fees.of(encoded, estimate_tx_compressed_size(encoded)).tx_l1_cost, Some(expected), "{wei}");
            }
        }
    }

    #[test]
    fn da_footprint_sums_what_is_no_deposit() {
        let small = || paying(vec![2; 10].into());
        // FastLZ length of bytes without repetition is above their number: -42_585_600 + 836_500 * 1_031.
        let noise: Vec<u8> = (0..1000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let estimate = estimate_tx_compressed_size(&noise) / 1_000_000;
        assert!((700..900).contains(&estimate), "{estimate}");
        let footprint = |transactions: Vec<Transaction>| da_footprint(&transactions);
        assert_eq!(footprint(vec![l1_info(400), deposit(vec![1; 500])]), Ok(0));
        assert_eq!(footprint(vec![l1_info(400), small(), small()]), Ok(2 * 100 * 400));
        assert_eq!(footprint(vec![l1_info(3), paying(noise.into()), small()]), Ok((estimate + 100) * 3));
        assert_eq!(footprint(vec![l1_info(0), small()]), Ok(0));
    }

    #[test]
    fn da_footprint_of_the_activation_block_is_zero_without_users() {
        let isthmus = || deposit(vec![0; 176]);
        assert_eq!(da_footprint(&[isthmus(), deposit(vec![])]), Ok(0));
        assert_eq!(da_footprint(&[isthmus(), paying(vec![2].into())]), Err(InvalidBlock::L1Info));
        assert_eq!(da_footprint(&[]), Err(InvalidBlock::L1Info));
        assert_eq!(da_footprint(&[paying(vec![2].into())]), Err(InvalidBlock::L1Info));
        assert_eq!(da_footprint(&[deposit(vec![0; 178])]), Err(InvalidBlock::L1Info), "another selector");
    }
}
