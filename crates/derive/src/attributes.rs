//! Payload attributes of one block (rules S04, S13, D100; spec: derivation, «Deriving payload attributes»).

use crate::{Halted, SafeHead, origins::Origins};
use alloc::vec::Vec;
use kohala_protocol::{
    Attributes, Fork, L1ChainConfig, RollupConfig, SingularBatch, l1_info_transaction, upgrade_gas,
    upgrade_transactions,
};

/// Builds the attributes of the block that `batch` describes on top of `parent`.
///
/// The first block of an epoch takes over what its origin's logs say: updates of the system config and deposits.
pub(crate) fn build(
    config: &RollupConfig,
    l1: &L1ChainConfig,
    parent: &SafeHead,
    batch: SingularBatch,
    origins: &Origins,
) -> Result<Attributes, Halted> {
    let parent_origin = parent.info.l1_origin;
    let mismatch = Halted::OriginMismatch { safe_head: parent_origin.number, l1_block: batch.epoch.number };
    let origin = origins.get(batch.epoch.number).ok_or(mismatch)?;
    let header = &origin.header;
    let timestamp = parent.info.block.timestamp + config.block_time;

    let mut system_config = parent.system_config;
    let begins_epoch = header.number != parent_origin.number;
    let before = if begins_epoch { header.parent_hash } else { header.hash };
    if before != parent_origin.hash {
        return Err(mismatch);
    }
    if timestamp < header.timestamp {
        return Err(Halted::OlderThanOrigin { timestamp, l1_block: header.number });
    }
    let mut deposits: &[_] = &[];
    let mut sequence_number = parent.info.sequence_number + 1;
    if begins_epoch {
        origin.updates.iter().for_each(|update| system_config.apply(*update));
        deposits = match &origin.deposits {
            Ok(deposits) => deposits,
            Err(error) => return Err(Halted::Deposit { number: header.number, error: *error }),
        };
        sequence_number = 0;
    }
    let l1_info = l1_info_transaction(config, l1, &system_config, header, sequence_number, timestamp)
        .map_err(|error| Halted::L1Info { number: header.number, error })?;
    let upgrades = upgrade_transactions(config, timestamp);

    let derived = 1 + deposits.len() + upgrades.len();
    let mut transactions = Vec::with_capacity(derived + batch.transactions.len());
    transactions.push(l1_info);
    transactions.extend_from_slice(deposits);
    transactions.extend(upgrades);
    transactions.extend(batch.transactions);

    Ok(Attributes {
        parent: parent.info.block.id(),
        timestamp,
        prev_randao: header.mix_hash,
        // Wraps as op-node's does: what no block can have, the executor refuses.
        gas_limit: system_config.gas_limit.wrapping_add(upgrade_gas(config, timestamp)),
        parent_beacon_block_root: config
            .is_active(Fork::Ecotone, timestamp)
            .then(|| header.parent_beacon_block_root.unwrap_or_default()),
        eip1559_params: config.is_active(Fork::Holocene, timestamp).then_some(system_config.eip1559_params),
        min_base_fee: config.is_active(Fork::Jovian, timestamp).then_some(system_config.min_base_fee),
        transactions,
        deposits: derived,
        l1_origin: header.info().id(),
        sequence_number,
    })
}
