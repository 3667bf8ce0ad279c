//! What a rollup node can do.

use super::{Basics, Capability, Purpose, Samples, Status};
use crate::rollup::RollupNode;
use kohala_protocol::{Fork, RollupConfig};

const OUTPUTS: &str = "use an op-node that is synced and whose L2 node has the state of that block, or leave --rollup-node \
                       out: the L2 node alone tells output roots too";
const SYNC: &str = "without it there is no --block latest-safe or latest-finalized with this node";
const SAFE_HEADS: &str = "run op-node with --safedb.path: without it the L1 head is chosen where the sequencing window \
                          closes, and more of L1 is read than it takes";

pub(super) async fn probe(basics: &Basics<'_>, samples: &Samples) -> Vec<Capability> {
    let asker = basics.asker;
    let node = RollupNode::new(asker.endpoint().0);
    let sync = asker.ask(node.sync_status()).await;
    let mut capabilities = Vec::new();
    // Without an L2 node to go by, there is what the node itself says.
    let told = sync.as_ref().ok().map(|sync| sync.safe_l2.number);
    let safe = samples.span.map(|span| span.safe).or(told);
    for number in [safe, samples.span.map(|span| span.agreed)].into_iter().flatten() {
        let status = asker.status(node.output(number)).await;
        capabilities.push(Capability::new("optimism_outputAtBlock", Purpose::Outputs, status, OUTPUTS).at(number));
    }
    let l1 = sync.as_ref().ok().map(|sync| sync.current_l1.number.saturating_sub(1));
    let safe_heads = match l1 {
        Some(number) => asker.status(node.safe_head_at(number)).await,
        None => Status::Untried("optimism_syncStatus doesn't work"),
    };
    let sync = sync.map_or_else(|status| status, |_| Status::Works);
    capabilities.push(Capability::new("optimism_syncStatus", Purpose::Speed, sync, SYNC));
    let mut safe_heads = Capability::new("optimism_safeHeadAtL1Block", Purpose::Speed, safe_heads, SAFE_HEADS);
    safe_heads.block = l1;
    capabilities.push(safe_heads);
    capabilities
}

/// The keys in which two configurations differ, as far as that means anything for the chain's blocks.
pub(super) fn differing(ours: &RollupConfig, theirs: &RollupConfig) -> Vec<String> {
    let both_from_genesis =
        |fork| ours.is_active(fork, ours.genesis.l2_time) && theirs.is_active(fork, theirs.genesis.l2_time);
    let keys = [
        ("genesis.l1", ours.genesis.l1 == theirs.genesis.l1),
        ("genesis.l2", ours.genesis.l2 == theirs.genesis.l2),
        ("genesis.l2_time", ours.genesis.l2_time == theirs.genesis.l2_time),
        ("genesis.system_config", ours.genesis.system_config == theirs.genesis.system_config),
        ("block_time", ours.block_time == theirs.block_time),
        (
            "max_sequencer_drift",
            ours.max_sequencer_drift == theirs.max_sequencer_drift || both_from_genesis(Fork::Fjord),
        ),
        ("seq_window_size", ours.seq_window_size == theirs.seq_window_size),
        ("channel_timeout", ours.channel_timeout == theirs.channel_timeout || both_from_genesis(Fork::Granite)),
        ("l1_chain_id", ours.l1_chain_id == theirs.l1_chain_id),
        ("l2_chain_id", ours.l2_chain_id == theirs.l2_chain_id),
        ("pectra_blob_schedule_time", ours.pectra_blob_schedule_time == theirs.pectra_blob_schedule_time),
        ("keep_karst_upgrade_gas", ours.keep_karst_upgrade_gas == theirs.keep_karst_upgrade_gas),
        ("batch_inbox_address", ours.batch_inbox_address == theirs.batch_inbox_address),
        ("deposit_contract_address", ours.deposit_contract_address == theirs.deposit_contract_address),
        ("l1_system_config_address", ours.l1_system_config_address == theirs.l1_system_config_address),
        ("chain_op_config", ours.base_fee == theirs.base_fee),
    ];
    let forks = Fork::ALL.into_iter().filter(|fork| ours.forks.get(*fork) != theirs.forks.get(*fork));
    let keys = keys.into_iter().filter(|(_, equal)| !equal).map(|(key, _)| key.to_owned());
    keys.chain(forks.map(|fork| format!("{}_time", fork.name()))).collect()
}
