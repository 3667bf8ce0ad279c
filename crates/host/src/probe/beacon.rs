//! What a beacon node can do.

use super::{Basics, Capability, Need, Purpose, Samples, Status, sample::BlobBlock};
use crate::beacon::BeaconNode;
use std::time::Duration;

const COMMON: &str = "every beacon node has eth/v1/beacon/genesis and eth/v1/config/spec: is the URL that of its REST API? \
                      For the slot's length alone there is --l1-slot-duration";
const WHOLE_BLOBS: &str = "use a beacon node that serves eth/v1/beacon/blobs, which since Fusaka takes all or half of the data \
                           columns (Lighthouse, Prysm: --supernode or --semi-supernode), or a blob archive";
const RETENTION: &str = "beacon nodes drop blobs after about 18 days: use one that keeps them (Lighthouse: \
                         --prune-blobs=false, Prysm: --blob-retention-epochs), a blob archive, or judge younger blocks";

pub(super) async fn probe(basics: &Basics<'_>, samples: &Samples, slot: Option<Duration>) -> Vec<Capability> {
    let asker = basics.asker;
    let node = BeaconNode::new(asker.endpoint().0, slot);
    let clock = asker.status(node.slot(0)).await;
    let has_clock = clock.works();
    let mut capabilities = vec![Capability::new("genesis, spec", Purpose::Clock, clock, COMMON)];
    let none = "no L1 node tells of a block with blobs near there";
    for (block, purpose, advice) in
        [(&samples.recent_blobs, Purpose::Blobs, WHOLE_BLOBS), (&samples.old_blobs, Purpose::OldBlobs, RETENTION)]
    {
        match block {
            None => capabilities.push(Capability::new("blobs", purpose, Status::Untried(none), advice)),
            Some(_) if !has_clock => {
                let status = Status::Untried("without the clock no slot is known");
                capabilities.push(Capability::new("blobs", purpose, status, advice));
            }
            Some(block) => capabilities.extend(blobs(basics, &node, block, purpose, advice).await),
        }
    }
    capabilities
}

/// Whether the blobs of a block are to be had, and by which of two methods.
async fn blobs(
    basics: &Basics<'_>,
    node: &BeaconNode,
    block: &BlobBlock,
    purpose: Purpose,
    advice: &'static str,
) -> Vec<Capability> {
    let asker = basics.asker;
    let Ok(slot) = asker.ask(node.slot(block.time)).await else { return Vec::new() };
    let whole = asker.status(node.whole_blobs(slot, &[block.hash])).await;
    if whole.works() {
        return vec![Capability::new("blobs", purpose, whole, advice).at(block.number)];
    }
    // All of a slot's sidecars are megabytes: they are asked for only where a run would do so too.
    let sidecars = asker.status(node.sidecars(slot, &[block.hash])).await;
    let mut sidecars = Capability::new("blob_sidecars", purpose, sidecars, advice).at(block.number);
    if !sidecars.status.works() {
        // The advice is for one of the two, and the newer one is the way to go.
        sidecars.need = Need::Helpful;
    }
    vec![Capability::new("blobs", purpose, whole, advice).at(block.number), sidecars]
}
