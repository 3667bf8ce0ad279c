//! One piece of data at a time: what a key and a hint ask for, brought from the sources into the cache.

use crate::{
    Cache, HostError, NotFetched, StoreError,
    ahead::Position,
    beacon::BeaconNode,
    execution::{self, BlockAt, ExecutionClient, RawBlock},
    lock,
    native::Wanted,
    precompile,
    rpc::RpcError,
};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_rlp::Decodable;
use kohala_preimage::{BlockRef, Hint, Key, KeyKind};
use kohala_protocol::{Attributes, L1Header, RollupConfig};
use kohala_trie::{EMPTY_ROOT, list::list_commit};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep},
};

/// Headers that are fetched together with one that was asked for: whoever asks for one asks for its ancestors next.
const HEADER_WINDOW: u64 = 255;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No node has it, or knows the way to ask for it.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The store can't be written or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A block is not one, though it has the hash that was asked for.
    #[error("block {0} has a header that can't be read")]
    Header(B256),
    /// The agreed output root is not that of the agreed block.
    #[error("the agreed output root is {agreed}, but block {block} has the output root {found}")]
    AgreedRoot {
        /// The agreed output root.
        agreed: B256,
        /// The block's number.
        block: u64,
        /// The block's output root.
        found: B256,
    },
    /// No L1 node has the state that the program reads.
    #[error(
        "the state after L1 block {block}: {reason}. Ordinary nodes have it for some 128 blocks only: use an L1 archive \
         node, or a program that does without (a client without --l1-history)"
    )]
    L1State {
        /// The block's hash.
        block: B256,
        /// What the nodes say.
        reason: RpcError,
    },
    /// The hint is about a precompile that no oracle stands in for.
    #[error("nothing is told of the precompile at {0}")]
    Precompile(Address),
    /// Nothing that was brought is what was asked for.
    #[error("the nodes answer, but not with what was asked for")]
    Nothing,
}

impl FetchError {
    /// True where another try can't end otherwise.
    fn is_final(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Header(_) | Self::AgreedRoot { .. } | Self::Precompile(_))
            || matches!(
                self,
                Self::Rpc(RpcError::Unsupported { .. }) | Self::L1State { reason: RpcError::Unsupported { .. }, .. }
            )
    }
}

/// The agreed block, as far as it is known before anything was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// Its output root.
    pub output_root: B256,
    /// Its hash, without which nobody can say which block the root is of.
    pub block_hash: B256,
}

/// Brings data from the sources into the cache.
#[derive(Debug)]
pub struct Fetcher {
    pub(crate) l1: ExecutionClient,
    pub(crate) beacon: BeaconNode,
    pub(crate) l2: ExecutionClient,
    pub(crate) config: Arc<RollupConfig>,
    pub(crate) agreed: Agreed,
    /// How long nodes that answer may go on saying that they don't have it.
    pub(crate) patience: Duration,
    jobs: Mutex<HashMap<Job, Arc<OnceCell<()>>>>,
    /// The payload that the program executes.
    pub(crate) payload: Mutex<Option<Arc<Attributes>>>,
    numbers: Mutex<HashMap<B256, u64>>,
    pub(crate) paths: Mutex<BTreeSet<(Address, Option<B256>)>>,
    /// Jobs that failed while the program waited, or brought nothing of what it waited for: not tried again.
    pub(crate) futile: Mutex<HashSet<Job>>,
    /// Where the program is, for whoever works ahead of it.
    pub(crate) position: Position,
}

/// Something that is fetched as one, and only once while it isn't lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Job {
    L1Headers(BlockAt),
    L1Block(BlockAt),
    L1Receipts(B256),
    Blobs(B256, u64),
    L2Headers(BlockAt),
    L2Block(B256),
    L2Receipts(B256),
    Output,
    Witness(u64),
    Payload(B256, B256),
    Touched(u64),
}

impl Fetcher {
    /// A fetcher for one dispute about the chain of `config`.
    pub fn new(
        l1: ExecutionClient,
        beacon: BeaconNode,
        l2: ExecutionClient,
        config: Arc<RollupConfig>,
        agreed: Agreed,
        patience: Duration,
    ) -> Self {
        Self {
            l1,
            beacon,
            l2,
            config,
            agreed,
            patience,
            jobs: Mutex::default(),
            payload: Mutex::default(),
            numbers: Mutex::default(),
            paths: Mutex::default(),
            futile: Mutex::default(),
            position: Position::default(),
        }
    }

    /// The job of a block by its number, if that is known, so that it is the same job whoever asks.
    fn numbered(&self, cache: &Cache, hash: B256) -> BlockAt {
        let known = lock(&self.numbers).get(&hash).copied();
        // Headers that were in the store did not come by here.
        let number = known.or_else(|| {
            let header = cache.get(Key::keccak256(hash)).ok()??;
            Some(L1Header::decode(hash, &header).ok()?.number)
        });
        number.map_or(BlockAt::Hash(hash), BlockAt::Number)
    }

    /// Does several jobs as one, unless they are being done: whoever asks for one of them waits for all.
    pub(crate) async fn together(
        &self,
        jobs: impl IntoIterator<Item = Job>,
        work: impl AsyncFnOnce() -> Result<(), FetchError>,
    ) {
        let cell = Arc::new(OnceCell::new());
        self.register(jobs, &cell);
        // A failure is for whoever needs it: he asks again.
        if let Err(error) = cell.get_or_try_init(|| work()).await {
            tracing::debug!("looking ahead: {error}");
        }
    }

    fn register(&self, jobs: impl IntoIterator<Item = Job>, cell: &Arc<OnceCell<()>>) {
        let mut known = lock(&self.jobs);
        for job in jobs {
            known.entry(job).or_insert_with(|| Arc::clone(cell));
        }
    }

    /// Says which payload the program executes from now on.
    pub(crate) fn executes(&self, attributes: &Attributes) {
        *lock(&self.payload) = Some(Arc::new(attributes.clone()));
        lock(&self.futile).clear();
        self.position.reached_l1(attributes.l1_origin.number);
        self.position.reached_l2(attributes.parent.number);
    }

    /// Answers the program: brings what it wants, as long as it takes.
    ///
    /// Trouble on the way is waited out. Where the nodes answer that they don't have it, they are asked again for as
    /// long as `patience` says, for a node may lag behind.
    ///
    /// # Errors
    /// Where nothing can bring it.
    pub async fn answer(&self, cache: &Cache, wanted: &Wanted) -> Result<Bytes, HostError> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(200);
        loop {
            let failure = match self.bring(cache, wanted).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => FetchError::Nothing,
                Err(failure) => failure,
            };
            if failure.is_final() || start.elapsed() + pause > self.patience {
                let missing = wanted.missing();
                return Err(HostError::NotFetched(Box::new(NotFetched { missing, reason: failure })));
            }
            tracing::warn!(wait = ?pause, "{}: {failure}; asking again", wanted.missing());
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    pub(crate) fn found(&self, cache: &Cache, wanted: &Wanted) -> Result<Option<Bytes>, StoreError> {
        match wanted.whole_blob {
            Some(hash) => cache.blob(hash),
            None => cache.get(wanted.key),
        }
    }

    /// One try: `None` if everything was answered and it still isn't there.
    async fn bring(&self, cache: &Cache, wanted: &Wanted) -> Result<Option<Bytes>, FetchError> {
        if let Some(found) = self.found(cache, wanted)? {
            return Ok(Some(found));
        }
        if let Some(hint) = &wanted.hint {
            self.follow(cache, hint, wanted).await?;
        }
        Ok(self.found(cache, wanted)?)
    }

    /// Does a job unless it was done; a second time where what it brought is gone.
    pub(crate) async fn once(
        &self,
        job: Job,
        work: impl AsyncFn() -> Result<(), FetchError>,
        is_there: impl Fn() -> Result<bool, StoreError>,
    ) -> Result<(), FetchError> {
        let cell = Arc::clone(lock(&self.jobs).entry(job).or_default());
        let mut is_new = false;
        let now = async || {
            is_new = true;
            work().await
        };
        cell.get_or_try_init(now).await?;
        if is_new || is_there()? {
            return Ok(());
        }
        // Done before, and not there: it fell out of memory, or never was in what this job brings.
        lock(&self.jobs).remove(&job);
        work().await
    }

    /// Brings what a hint announces.
    async fn follow(&self, cache: &Cache, hint: &Hint, wanted: &Wanted) -> Result<(), FetchError> {
        let is_there = || Ok(self.found(cache, wanted)?.is_some());
        match hint {
            Hint::L1BlockHeader(hash) => {
                let job = Job::L1Headers(self.numbered(cache, *hash));
                self.once(job, async || self.l1_headers(cache, *hash).await, is_there).await
            }
            Hint::L1Transactions(hash) => {
                let job = self.numbered(cache, *hash);
                if let BlockAt::Number(number) = job {
                    self.position.missed_l1(number);
                }
                let work = async || self.l1_block(cache, *hash).await;
                self.once(Job::L1Block(job), work, is_there).await
            }
            Hint::L1Receipts(hash) => {
                let job = Job::L1Receipts(*hash);
                self.once(job, async || self.receipts(cache, &self.l1, *hash).await, is_there).await
            }
            Hint::L1Blob { versioned_hash, l1_time, .. } => {
                let work = async || self.blobs(cache, *l1_time, &[*versioned_hash]).await;
                self.once(Job::Blobs(*versioned_hash, *l1_time), work, is_there).await
            }
            Hint::L1Precompile { .. } | Hint::L1PrecompileV2 { .. } => self.precompile(cache, wanted, hint),
            Hint::L1AccountStorageProof { block, address, slot } => self.l1_proof(cache, *block, *address, *slot).await,
            Hint::L2BlockHeader { hash, .. } => {
                let job = Job::L2Headers(BlockAt::Hash(*hash));
                self.once(job, async || self.l2_headers(cache, *hash).await, is_there).await
            }
            Hint::L2Transactions { hash, .. } => self.l2_block(cache, *hash).await,
            Hint::L2Receipts { hash, .. } => {
                let job = Job::L2Receipts(*hash);
                self.once(job, async || self.receipts(cache, &self.l2, *hash).await, is_there).await
            }
            Hint::L2Output { .. } => self.once(Job::Output, async || self.output(cache).await, is_there).await,
            Hint::L2Code { hash, .. } => self.code(cache, wanted, *hash).await,
            Hint::L2StateNode { hash, .. } => self.state_node(cache, wanted, *hash).await,
            Hint::L2AccountProof { block, address, .. } => {
                let at = match block {
                    BlockRef::Hash(hash) => BlockAt::Hash(*hash),
                    BlockRef::Number(number) => BlockAt::Number(*number),
                };
                self.proof(cache, at, *address, None).await.map(drop)
            }
            Hint::L2AccountStorageProof { number, address, slot, .. } => {
                self.proof(cache, BlockAt::Number(*number), *address, Some(*slot)).await.map(drop)
            }
            // Nothing is to be had for these that isn't had otherwise: by single nodes, or by proofs.
            Hint::L2PayloadWitness(_)
            | Hint::L2BlockData { .. }
            | Hint::AgreedPrestate(_)
            | Hint::L2BlockHashLookup { .. } => Ok(()),
        }
    }

    /// An L1 header, and those before it: they are asked for next.
    async fn l1_headers(&self, cache: &Cache, hash: B256) -> Result<(), FetchError> {
        self.headers(cache, &self.l1, hash, 0).await
    }

    async fn l2_headers(&self, cache: &Cache, hash: B256) -> Result<(), FetchError> {
        self.headers(cache, &self.l2, hash, self.config.genesis.l2.number).await
    }

    /// A header, and those below it where its number is known.
    async fn headers(
        &self,
        cache: &Cache,
        client: &ExecutionClient,
        hash: B256,
        lowest: u64,
    ) -> Result<(), FetchError> {
        let number = lock(&self.numbers).get(&hash).copied();
        let below = number.map_or(0..0, |number| number.saturating_sub(HEADER_WINDOW).max(lowest)..number);
        let mut blocks = vec![BlockAt::Hash(hash)];
        blocks.extend(below.rev().map(BlockAt::Number));
        let mut found = client.headers(&blocks).await.into_iter();
        let first = found.next().expect("one for each")?;
        self.keep_headers(cache, std::iter::once(first).chain(found.flatten()))?;
        Ok(())
    }

    /// Keeps headers, and the numbers of their parents.
    pub(crate) fn keep_headers(
        &self,
        cache: &Cache,
        headers: impl IntoIterator<Item = (B256, Bytes)>,
    ) -> Result<(), StoreError> {
        let mut values = Vec::new();
        let mut numbers = lock(&self.numbers);
        for (hash, header) in headers {
            if let Ok(decoded) = L1Header::decode(hash, &header) {
                numbers.insert(hash, decoded.number);
                numbers.insert(decoded.parent_hash, decoded.number.saturating_sub(1));
            }
            values.push((Key::keccak256(hash), header));
        }
        drop(numbers);
        cache.put(&values, &[])
    }

    /// An L1 block with its transactions.
    async fn l1_block(&self, cache: &Cache, hash: B256) -> Result<(), FetchError> {
        let block = self.l1.block(BlockAt::Hash(hash)).await?;
        Ok(self.keep_block(cache, &block)?)
    }

    /// An L2 block with its transactions.
    pub(crate) async fn l2_block(&self, cache: &Cache, hash: B256) -> Result<(), FetchError> {
        let work = async || {
            let block = self.l2.block(BlockAt::Hash(hash)).await?;
            Ok(self.keep_block(cache, &block)?)
        };
        // A header alone may have come with others: the block is there if its transactions are.
        let is_there = || {
            let header = cache.get(Key::keccak256(hash))?;
            let root = header.and_then(|header| execution::transactions_root(&header));
            root.map_or(Ok(false), |root| Ok(root == EMPTY_ROOT || cache.get(Key::keccak256(root))?.is_some()))
        };
        if is_there()? {
            return Ok(());
        }
        self.once(Job::L2Block(hash), work, is_there).await
    }

    /// Keeps a header and the nodes of the transactions' list.
    pub(crate) fn keep_block(&self, cache: &Cache, block: &RawBlock) -> Result<(), StoreError> {
        self.keep_list(cache, &block.transactions)?;
        self.keep_headers(cache, [(block.hash, block.header.clone())])
    }

    fn keep_list(&self, cache: &Cache, items: &[Bytes]) -> Result<(), StoreError> {
        let mut nodes = Vec::new();
        list_commit(items.iter().map(AsRef::as_ref), |hash, node| {
            nodes.push((Key::keccak256(hash), Bytes::copy_from_slice(node)));
        });
        cache.put(&nodes, &[])
    }

    async fn receipts(&self, cache: &Cache, client: &ExecutionClient, hash: B256) -> Result<(), FetchError> {
        let header = match cache.get(Key::keccak256(hash))? {
            Some(header) => header,
            None => {
                let found = client.header(BlockAt::Hash(hash)).await?;
                self.keep_headers(cache, [found.clone()])?;
                found.1
            }
        };
        let header = L1Header::decode(hash, &header).map_err(|_| FetchError::Header(hash))?;
        self.some_receipts(cache, client, &[(hash, header.receipts_root)]).await
    }

    /// The receipts of blocks, by hash and root.
    pub(crate) async fn some_receipts(
        &self,
        cache: &Cache,
        client: &ExecutionClient,
        blocks: &[(B256, B256)],
    ) -> Result<(), FetchError> {
        let mut failure = None;
        for receipts in client.receipts(blocks).await {
            match receipts {
                Ok(receipts) => self.keep_list(cache, &receipts)?,
                Err(error) => failure = Some(error.into()),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Blobs of the L1 block with this time.
    pub(crate) async fn blobs(&self, cache: &Cache, l1_time: u64, hashes: &[B256]) -> Result<(), FetchError> {
        let blobs = self.beacon.blobs(l1_time, hashes).await?;
        Ok(cache.put(&[], &blobs)?)
    }

    /// What a precompile's key is computed from; the outcome is computed from that.
    fn precompile(&self, cache: &Cache, wanted: &Wanted, hint: &Hint) -> Result<(), FetchError> {
        let Some((address, call)) = precompile::announced(hint) else { return Ok(()) };
        if !precompile::is_accelerated(address) {
            return Err(FetchError::Precompile(address));
        }
        let key = Key::keccak256(keccak256(&call));
        if key.with_kind(KeyKind::Precompile) == wanted.key || key == wanted.key {
            cache.put(&[(key, call)], &[])?;
        }
        Ok(())
    }

    /// The agreed output root's preimage.
    pub(crate) async fn output(&self, cache: &Cache) -> Result<(), FetchError> {
        let Agreed { output_root, block_hash } = self.agreed;
        self.agreed_block(cache).await?;
        let header = self.agreed_header(cache)?;
        let output = self.l2.output(&self.config, block_hash, &header).await?;
        if output.hash() != output_root {
            return Err(FetchError::AgreedRoot { agreed: output_root, block: header.number, found: output.hash() });
        }
        let encoded = Bytes::copy_from_slice(&output.encode());
        Ok(cache.put(&[(Key::keccak256(output_root), encoded)], &[])?)
    }

    /// The agreed block's first transaction lies in the store or is fetched with all of the block.
    pub(crate) async fn agreed_block(&self, cache: &Cache) -> Result<(), FetchError> {
        self.l2_block(cache, self.agreed.block_hash).await
    }

    /// The agreed block's header, once the block was fetched.
    pub(crate) fn agreed_header(&self, cache: &Cache) -> Result<Header, FetchError> {
        let hash = self.agreed.block_hash;
        let rlp = cache.get(Key::keccak256(hash))?.ok_or(FetchError::Nothing)?;
        Header::decode(&mut &rlp[..]).map_err(|_| FetchError::Header(hash))
    }
}
