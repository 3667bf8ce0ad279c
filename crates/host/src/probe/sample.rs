//! Which blocks the probes are about.

use super::{Basics, Probe, SourceKind};
use crate::{
    execution::{BlockAt, ExecutionClient, RawBlock, blob_gas_used, l2_parts},
    rpc::Endpoint,
};
use alloy_consensus::{Header, Transaction, TxEnvelope};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::B256;
use alloy_rlp::Decodable;
use kohala_protocol::{Fork, L1Header, L2BlockInfo, RollupConfig};
use std::ops::Range;

/// L1 blocks among which one with blobs is looked for.
const SEARCHED: u64 = 64;

/// The L2 blocks between which claims are to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The newest safe block that all L2 nodes have.
    pub safe: u64,
    /// The block that is agreed on, as old as it was asked for: its state is needed.
    pub agreed: u64,
}

/// What the probes are about, as far as the nodes tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples {
    pub(super) span: Option<Span>,
    /// The output root of the agreed block can't be computed from its header alone.
    pub(super) proves_message_passer: bool,
    /// The oldest L1 block that a claim on top of the agreed block needs.
    pub(super) oldest_l1: Option<u64>,
    /// An L1 block with blobs, near the newest one.
    pub(super) recent_blobs: Option<BlobBlock>,
    /// One near the oldest.
    pub(super) old_blobs: Option<BlobBlock>,
}

/// An L1 block with blobs.
#[derive(Debug, Clone)]
pub(super) struct BlobBlock {
    pub(super) number: u64,
    pub(super) time: u64,
    /// One of its blobs.
    pub(super) hash: B256,
}

impl Samples {
    pub(super) async fn find(probe: &Probe, basics: &[Basics<'_>], config: Option<&RollupConfig>) -> Self {
        let genesis = config.map_or(0, |config| config.genesis.l2.number);
        let answering =
            |kind| basics.iter().filter(move |basics| basics.asker.kind == kind && basics.silence.is_none());
        let safe = answering(SourceKind::L2).filter_map(|basics| basics.heads.safe.or(basics.heads.newest)).min();
        // A claim needs a block on top of the agreed one.
        let span = safe
            .filter(|safe| *safe > genesis)
            .map(|safe| Span { safe, agreed: safe.saturating_sub(probe.age.max(1)).max(genesis) });
        let mut samples = Self { span, ..Self::default() };
        if let (Some(span), Some(config)) = (span, config) {
            for basics in answering(SourceKind::L2) {
                if let Some((origin, time)) = l1_origin(basics, config, span.agreed).await {
                    samples.proves_message_passer = !config.is_active(Fork::Isthmus, config.l2_timestamp(span.agreed));
                    let oldest = origin.saturating_sub(config.channel_timeout(time));
                    samples.oldest_l1 = Some(oldest.max(config.genesis.l1.number));
                    break;
                }
            }
        }
        for basics in answering(SourceKind::L1) {
            let Some(newest) = basics.heads.newest else { continue };
            let recent = newest.saturating_sub(SEARCHED)..newest + 1;
            samples.recent_blobs = blob_block(basics, recent, true).await;
            if let Some(oldest) = samples.oldest_l1 {
                samples.old_blobs = blob_block(basics, oldest..(oldest + SEARCHED).min(newest + 1), false).await;
            }
            if samples.recent_blobs.is_some() {
                break;
            }
        }
        samples
    }
}

fn client(endpoint: Endpoint) -> ExecutionClient {
    ExecutionClient::new(endpoint)
}

/// Number of the L1 block that an L2 block belongs to, and the L2 block's time, which is hardly later.
async fn l1_origin(basics: &Basics<'_>, config: &RollupConfig, number: u64) -> Option<(u64, u64)> {
    let client = client(basics.asker.endpoint().0);
    let block = basics.asker.ask(client.block(BlockAt::Number(number))).await.ok()?;
    let header = Header::decode(&mut &block.header[..]).ok()?;
    let parts = l2_parts(block.hash, &header, block.transactions.first());
    Some((L2BlockInfo::of_block(config, parts).ok()?.l1_origin.number, header.timestamp))
}

/// The first or last of some L1 blocks that has blobs.
async fn blob_block(basics: &Basics<'_>, numbers: Range<u64>, last: bool) -> Option<BlobBlock> {
    let client = client(basics.asker.endpoint().0);
    let numbers: Vec<BlockAt> = numbers.map(BlockAt::Number).collect();
    let headers = basics.asker.ask(async { Ok(client.headers(&numbers).await) }).await.ok()?;
    let with_blobs = headers.into_iter().flatten().filter(|(_, rlp)| blob_gas_used(rlp).is_some_and(|gas| gas > 0));
    let mut with_blobs = with_blobs.filter_map(|(hash, rlp)| L1Header::decode(hash, &rlp).ok());
    let header = if last { with_blobs.last() } else { with_blobs.next() }?;
    let block = basics.asker.ask(client.block(BlockAt::Number(header.number))).await.ok()?;
    Some(BlobBlock { number: header.number, time: header.timestamp, hash: first_blob(&block)? })
}

fn first_blob(block: &RawBlock) -> Option<B256> {
    let of_blobs = block.transactions.iter().filter(|bytes| bytes.first() == Some(&3));
    let mut transactions = of_blobs.filter_map(|bytes| TxEnvelope::decode_2718(&mut &bytes[..]).ok());
    transactions.find_map(|transaction| transaction.blob_versioned_hashes()?.first().copied())
}
