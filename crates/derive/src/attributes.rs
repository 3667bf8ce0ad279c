//! Payload attributes of one block (rules S04, S13, D100; spec: derivation, «Deriving payload attributes»).

use crate::{Halted, SafeHead, origins::Origins};
use alloc::vec::Vec;
use kohala_protocol::{
    Attributes, Fork, L1ChainConfig, RollupConfig, SingularBatch, l1_info_transaction, upgrade_gas,
    upgrade_transactions,
};

/// Least gas that a transaction of a batch uses: what every one costs, less the fifth that may come back.
const LEAST_GAS: u64 = 21_000 / 5 * 4;

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

    // Wraps as op-node's does: what no block can have, the executor refuses.
    let gas_limit = system_config.gas_limit.wrapping_add(upgrade_gas(config, timestamp));

    let derived = 1 + deposits.len() + upgrades.len();
    let most = most_transactions(config, timestamp, gas_limit);
    let mut transactions = Vec::with_capacity(derived + batch.transactions.iter().take(most).count());
    transactions.push(l1_info);
    transactions.extend_from_slice(deposits);
    transactions.extend(upgrades);
    transactions.extend(batch.transactions.slices().take(most));

    Ok(Attributes {
        parent: parent.info.block.id(),
        timestamp,
        prev_randao: header.mix_hash,
        gas_limit,
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

/// How many transactions of a batch are looked at: more than a block of this gas limit can hold by one.
///
/// A block that is cut here is invalid with or without the rest, and is rejected all the same. Without this, a batch of
/// transactions of a byte each, which takes nothing on L1, would take more than thirty times its decompressed size.
fn most_transactions(config: &RollupConfig, timestamp: u64, gas_limit: u64) -> usize {
    // From Lagoon on there are transactions that use no gas.
    if config.is_active(Fork::Lagoon, timestamp) {
        return usize::MAX;
    }
    usize::try_from(gas_limit / LEAST_GAS).unwrap_or(usize::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{config, l1_header, l2_block, origins, singular};
    use alloy_primitives::Bytes;
    use kohala_protocol::{BlobParams, SystemConfig};

    /// How many transactions the block after block 11 gets of a batch of `count` bytes, each a transaction.
    fn taken(fork: Fork, gas_limit: u64, count: usize) -> usize {
        let config = config(fork);
        let blob_params = BlobParams { target: 6, max: 9, update_fraction: 5_007_716 };
        let l1 = L1ChainConfig { chain_id: config.l1_chain_id, blob_schedule: [(0, blob_params)].into() };
        let system_config = SystemConfig { gas_limit, ..config.genesis.system_config };
        let parent = SafeHead { info: l2_block(10), system_config };
        let transactions = (0..count).map(|_| Bytes::from_static(&[1])).collect();
        let batch = SingularBatch { transactions, ..singular(11, 0) };
        let attributes = build(&config, &l1, &parent, batch, &origins(1..=1)).unwrap();
        assert_eq!((attributes.gas_limit, attributes.deposits), (gas_limit, 1));
        attributes.transactions.len() - attributes.deposits
    }

    #[test]
    fn cuts_transactions_that_no_block_can_hold() {
        assert_eq!(l1_header(1).number, l2_block(11).l1_origin.number);
        for fork in [Fork::Regolith, Fork::Jovian] {
            // Ten fit by their least gas, so the eleventh makes the block invalid.
            assert_eq!(taken(fork, 10 * LEAST_GAS, 10), 10);
            assert_eq!(taken(fork, 10 * LEAST_GAS, 11), 11);
            assert_eq!(taken(fork, 10 * LEAST_GAS, 5000), 11);
            assert_eq!(taken(fork, 11 * LEAST_GAS - 1, 5000), 11);
            assert_eq!(taken(fork, u64::MAX, 5000), 5000);
        }
    }

    #[test]
    fn cuts_nothing_where_transactions_may_use_no_gas() {
        assert_eq!(taken(Fork::Lagoon, 0, 5000), 5000);
    }
}
