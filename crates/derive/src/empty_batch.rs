//! The block that L1 itself makes when the batcher stays silent (rules D73; spec: derivation, «Batch queue»).

use crate::{origins::Origins, pull::At};
use kohala_protocol::{L2BlockInfo, SingularBatch, Transactions};

/// The empty batch for the block after `parent`, if the sequencing window of its epoch is over.
///
/// Empty blocks fill the epoch up to the next one's time, so that L2 time is never below L1 time, and every epoch gets
/// at least one. When the epoch is full it is ended and there is no batch yet: op-node looks for the next one only
/// after it has read another L1 block, and so do we.
///
/// `used_up` says that all of the origin was read.
pub(crate) fn next_empty_batch(
    at: &At<'_>,
    origins: &mut Origins,
    used_up: bool,
    parent: &L2BlockInfo,
) -> Option<SingularBatch> {
    let epoch = origins.epoch()?.info();
    let window_end = epoch.number.saturating_add(at.config.seq_window_size);
    let window_is_over = window_end < at.origin.number || (window_end == at.origin.number && used_up);
    if !window_is_over {
        return None;
    }
    let next_epoch_time = origins.next_epoch()?.header.timestamp;
    let timestamp = parent.block.timestamp + at.config.block_time;
    let epoch_has_no_block = epoch.number == parent.l1_origin.number + 1;
    if timestamp < next_epoch_time || epoch_has_no_block {
        return Some(SingularBatch {
            parent_hash: parent.block.hash,
            epoch: epoch.id(),
            timestamp,
            transactions: Transactions::default(),
        });
    }
    origins.end_epoch();
    None
}
