//! Working ahead of the program: what the dispute's inputs say that it will need is under way before it asks.

use crate::{
    Cache,
    execution::{BlockAt, RawBlock, l2_parts},
    fetch::{FetchError, Fetcher, Job},
    rpc::RpcError,
};
use alloy_consensus::{Transaction, TxEnvelope, transaction::SignerRecoverable};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{Address, B256, Bytes};
use futures_util::{
    StreamExt,
    future::{join_all, ready},
    stream,
};
use kohala_preimage::Key;
use kohala_protocol::{L1Header, L2BlockInfo, RollupConfig, SystemConfig, may_hold_deposits_or_config};
use kohala_trie::{NodeSource, list};
use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};
use tokio::sync::Notify;

/// L1 blocks that are fetched whole beyond the newest that the program is known to have come to.
const L1_WINDOW: u64 = 96;
/// L1 blocks in one piece of work.
const L1_CHUNK: usize = 16;
/// L1 headers in one piece of work.
const HEADER_CHUNK: usize = 100;
/// Pieces of work on L1 under way at once.
const CONCURRENCY: usize = 8;
/// L2 blocks in a row that can't be fetched ahead before that is given up.
const FAILURES: u32 = L2_WINDOW as u32;
/// L2 blocks whose witnesses are fetched beyond the newest that the program has executed.
const L2_WINDOW: u64 = 32;

/// Where the program is.
#[derive(Debug, Default)]
pub(crate) struct Position {
    l1: AtomicU64,
    l2: AtomicU64,
    /// The first L1 block whose transactions were not there when the program asked for them.
    l1_missed: OnceLock<u64>,
    /// Something of the L2 state was not there.
    l2_missed: AtomicBool,
    changed: Notify,
}

impl Position {
    /// The program has come to this L1 block.
    pub(crate) fn reached_l1(&self, number: u64) {
        if self.l1.fetch_max(number, Ordering::AcqRel) < number {
            self.changed.notify_waiters();
        }
    }

    /// The program executes on this L2 block.
    pub(crate) fn reached_l2(&self, number: u64) {
        if self.l2.fetch_max(number, Ordering::AcqRel) < number {
            self.changed.notify_waiters();
        }
    }

    /// The program wants the transactions of an L1 block that isn't there.
    pub(crate) fn missed_l1(&self, number: u64) {
        let _ = self.l1_missed.set(number);
        self.reached_l1(number);
        self.changed.notify_waiters();
    }

    /// The program wants something of the L2 state that isn't there.
    pub(crate) fn missed_l2(&self) {
        if !self.l2_missed.swap(true, Ordering::AcqRel) {
            self.changed.notify_waiters();
        }
    }

    fn l1(&self) -> u64 {
        self.l1.load(Ordering::Acquire)
    }

    fn l2(&self) -> u64 {
        self.l2.load(Ordering::Acquire)
    }

    /// Waits until `there` holds.
    async fn until(&self, there: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if there(self) {
                return;
            }
            changed.await;
        }
    }
}

/// What is known of a dispute before anything was fetched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) l1_head: B256,
    pub(crate) claimed_block_number: u64,
}

/// The agreed block, as far as the work ahead starts from it.
#[derive(Debug, Clone, Copy)]
struct Start {
    number: u64,
    origin: u64,
    batcher: Address,
    /// The store has nothing of the agreed state.
    is_new: bool,
}

/// Works ahead until all is fetched or this is dropped. What fails here is fetched when it is asked for.
pub(crate) async fn run(fetcher: &Fetcher, cache: &Cache, plan: Plan) {
    let l1_is_new = header(cache, plan.l1_head).is_none();
    let head = async {
        if l1_is_new {
            let work = async || {
                let header = fetcher.l1.header(BlockAt::Hash(plan.l1_head)).await?;
                Ok(fetcher.keep_headers(cache, [header])?)
            };
            fetcher.together([Job::L1Headers(BlockAt::Hash(plan.l1_head))], work).await;
        }
        header(cache, plan.l1_head)
    };
    let (head, start) = futures_util::future::join(head, start(fetcher, cache)).await;
    let Some(start) = start else { return };
    fetcher.position.reached_l1(start.origin);
    fetcher.position.reached_l2(start.number);
    let l1 = async {
        if let Some(head) = head {
            l1(fetcher, cache, start, &head, l1_is_new).await;
        }
    };
    futures_util::future::join(l1, l2(fetcher, cache, start, plan.claimed_block_number)).await;
}

/// The nodes that are in the cache.
struct Kept<'a>(&'a Cache);

impl NodeSource for Kept<'_> {
    type Error = ();

    fn node(&mut self, hash: B256) -> Result<Bytes, ()> {
        self.0.get(Key::keccak256(hash)).ok().flatten().ok_or(())
    }
}

/// The L1 header with this hash, if it is there.
fn header(cache: &Cache, hash: B256) -> Option<L1Header> {
    L1Header::decode(hash, &cache.get(Key::keccak256(hash)).ok()??).ok()
}

async fn start(fetcher: &Fetcher, cache: &Cache) -> Option<Start> {
    // The program says what is wrong where this fails.
    fetcher.agreed_block(cache).await.ok()?;
    let header = fetcher.agreed_header(cache).ok()?;
    let first_transaction = list::list_item(header.transactions_root, 0, &mut Kept(cache)).ok()?;
    let parts = l2_parts(fetcher.agreed.block_hash, &header, first_transaction.as_ref());
    let origin = L2BlockInfo::of_block(&fetcher.config, parts).ok()?.l1_origin.number;
    let batcher = SystemConfig::of_block(&fetcher.config, parts).ok()?.batcher;
    let is_new = cache.get(Key::keccak256(header.state_root)).ok()?.is_none();
    Some(Start { number: header.number, origin, batcher, is_new })
}

/// L1 from where the oldest channel may begin that still matters: whole blocks in a window, and the headers above it.
async fn l1(fetcher: &Fetcher, cache: &Cache, start: Start, head: &L1Header, is_new: bool) {
    let (config, position) = (&fetcher.config, &fetcher.position);
    let mut first =
        start.origin.saturating_sub(config.channel_timeout(head.timestamp) + 1).max(config.genesis.l1.number);
    if !is_new {
        // What follows on what the store has begins where the program first misses something.
        position.until(|position| position.l1_missed.get().is_some()).await;
        first = position.l1_missed.get().copied().unwrap_or(first);
    }
    let headers = async {
        // From the head down, as the program walks.
        let above: Vec<u64> = (start.origin + L1_WINDOW + 1..head.number).rev().filter(|_| is_new).collect();
        let chunks = stream::iter(above.chunks(HEADER_CHUNK));
        chunks.for_each_concurrent(CONCURRENCY, |chunk| headers(fetcher, cache, chunk)).await;
    };
    let blocks = async {
        let numbers: Vec<u64> = (first..=head.number).collect();
        let chunks = stream::iter(numbers.chunks(L1_CHUNK));
        let work = async |chunk: &[u64]| {
            position.until(|position| position.l1() + L1_WINDOW >= chunk[0]).await;
            cache.caught_up().await;
            blocks(fetcher, cache, start.batcher, chunk).await;
        };
        chunks.for_each_concurrent(CONCURRENCY, work).await;
    };
    futures_util::future::join(headers, blocks).await;
}

async fn headers(fetcher: &Fetcher, cache: &Cache, numbers: &[u64]) {
    let jobs = numbers.iter().map(|number| Job::L1Headers(BlockAt::Number(*number)));
    let work = async || {
        let at: Vec<BlockAt> = numbers.iter().copied().map(BlockAt::Number).collect();
        let found = fetcher.l1.headers(&at).await.into_iter().flatten();
        Ok(fetcher.keep_headers(cache, found)?)
    };
    fetcher.together(jobs, work).await;
}

/// Whole L1 blocks, then what their receipts and blobs are needed for.
async fn blocks(fetcher: &Fetcher, cache: &Cache, batcher: Address, numbers: &[u64]) {
    let mut found = Vec::new();
    let jobs = numbers.iter().flat_map(|number| {
        let at = BlockAt::Number(*number);
        [Job::L1Headers(at), Job::L1Block(at)]
    });
    let work = async || {
        let at: Vec<BlockAt> = numbers.iter().copied().map(BlockAt::Number).collect();
        found = fetcher.l1.blocks(&at).await.into_iter().flatten().collect();
        Ok(found.iter().try_for_each(|block: &RawBlock| fetcher.keep_block(cache, block))?)
    };
    fetcher.together(jobs, work).await;
    let mut with_receipts = Vec::new();
    let mut blobs = Vec::new();
    for block in &found {
        let Ok(header) = L1Header::decode(block.hash, &block.header) else { continue };
        if may_hold_deposits_or_config(&header, &fetcher.config) {
            with_receipts.push((header.hash, header.receipts_root));
        }
        let hashes = blob_hashes(&fetcher.config, batcher, &block.transactions);
        if !hashes.is_empty() {
            blobs.push((header.timestamp, hashes));
        }
    }
    let receipts = async {
        let jobs = with_receipts.iter().map(|(hash, _)| Job::L1Receipts(*hash));
        let work = async || fetcher.some_receipts(cache, &fetcher.l1, &with_receipts).await;
        if !with_receipts.is_empty() {
            fetcher.together(jobs, work).await;
        }
    };
    let blobs = join_all(blobs.iter().map(|(time, hashes)| async move {
        let jobs = hashes.iter().map(|hash| Job::Blobs(*hash, *time));
        fetcher.together(jobs, async || fetcher.blobs(cache, *time, hashes).await).await;
    }));
    futures_util::future::join(receipts, blobs).await;
}

/// Blobs of the batcher's transactions among these.
fn blob_hashes(config: &RollupConfig, batcher: Address, transactions: &[Bytes]) -> Vec<B256> {
    let of_batcher = |bytes: &Bytes| {
        // Only blob transactions have blobs; what can't be read is not the batcher's.
        let transaction =
            bytes.first().filter(|kind| **kind == 3).and_then(|_| TxEnvelope::decode_2718(&mut &bytes[..]).ok())?;
        let sent = transaction.to() == Some(config.batch_inbox_address);
        let hashes = transaction.blob_versioned_hashes().filter(|_| sent)?.to_vec();
        (transaction.recover_signer().ok()? == batcher).then_some(hashes)
    };
    transactions.iter().filter_map(of_batcher).flatten().collect()
}

/// Witnesses of the L2 blocks to come.
async fn l2(fetcher: &Fetcher, cache: &Cache, start: Start, claimed: u64) {
    let position = &fetcher.position;
    // A store that has the agreed state may have all that comes after it: then it is the first miss that says otherwise.
    if !start.is_new {
        position.until(|position| position.l2_missed.load(Ordering::Acquire)).await;
    }
    let failures = AtomicU32::new(0);
    let numbers = stream::iter(position.l2() + 1..=claimed);
    let numbers = numbers.take_while(|_| ready(failures.load(Ordering::Relaxed) < FAILURES));
    let work = async |number: u64| {
        position.until(|position| position.l2() + L2_WINDOW >= number).await;
        cache.caught_up().await;
        // What fails is fetched when it is needed. Beyond the node's newest block all fails, and there is an end to it.
        while position.l2() < number {
            match l2_block(fetcher, cache, number).await {
                Ok(()) => failures.store(0, Ordering::Relaxed),
                Err(FetchError::Rpc(RpcError::Trouble { .. })) => continue,
                Err(_) => drop(failures.fetch_add(1, Ordering::Relaxed)),
            }
            break;
        }
    };
    numbers.for_each_concurrent(L2_WINDOW as usize, work).await;
}

async fn l2_block(fetcher: &Fetcher, cache: &Cache, number: u64) -> Result<(), FetchError> {
    match fetcher.witness(cache, number, || true).await {
        Err(FetchError::Rpc(RpcError::Refused { .. } | RpcError::Unsupported { .. })) => {
            fetcher.touched(cache, number).await
        }
        done => done,
    }
}
