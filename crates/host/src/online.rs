//! Judging and serving while the data is fetched: from L1, beacon and L2 nodes, ahead of the program.

use crate::{
    Agreed, Cache, Chain, Dispute, HostError, JudgeError, Judgement, Layout, NativeOracle, Request, Requests, Sight,
    Store,
    ahead::{self, Plan},
    beacon::BeaconNode,
    execution::ExecutionClient,
    fetch::Fetcher,
    judge::run,
    meter::Meter,
    native::Halt,
    rpc::{Endpoint, Limits, SourceKind},
    server::{Channels, Fetching, Server, ServerError, serve},
    witness::collect,
};
use embedded_io::{Read, Write};
use futures_util::{StreamExt, stream::FuturesUnordered};
use kohala_preimage::Preimages;
use kohala_program::Progress;
use kohala_protocol::{ConfigError, RollupConfig, chains};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{
        mpsc::{UnboundedSender, unbounded_channel},
        watch,
    },
    time::Instant,
};
use url::Url;

/// The nodes that data comes from, one or more URLs each. Every URL of a list stands in for the others.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Execution clients of L1.
    pub l1: Vec<Url>,
    /// Beacon nodes of L1.
    pub beacon: Vec<Url>,
    /// Execution clients of L2.
    pub l2: Vec<Url>,
}

/// How data is fetched.
#[derive(Debug, Clone, Copy)]
pub struct Deal {
    /// How hard nodes may be asked.
    pub limits: Limits,
    /// How long nodes may go on answering that they don't have it, before that is believed.
    pub patience: Duration,
    /// When all of it has to be over, finding out what a claim has included; never if there is none.
    pub deadline: Option<std::time::Instant>,
    /// How long a slot of L1 takes, where the beacon node isn't to be asked.
    pub slot_duration: Option<Duration>,
    /// Bytes of fetched data in memory at most.
    pub memory: usize,
}

impl Default for Deal {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            patience: Duration::from_secs(120),
            deadline: None,
            slot_duration: None,
            memory: Cache::DEFAULT_BOUND,
        }
    }
}

/// Why nothing can be fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum OnlineError {
    /// The system has no threads or sockets to spare.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No HTTP client can be made.
    #[error("no HTTP client can be set up: {0}")]
    Http(#[from] reqwest::Error),
    /// The rollup configuration can't be used.
    #[error("the rollup configuration: {0}")]
    Config(#[from] ConfigError),
    /// The chain is not known.
    #[error("chain {0} is not known")]
    Chain(u64),
}

/// One dispute, the nodes that its data comes from, and what was fetched so far.
#[derive(Debug)]
pub struct Online {
    runtime: Runtime,
    fetcher: Fetcher,
    store: Store,
    meter: Arc<Meter>,
    dispute: Dispute,
    deadline: Option<Instant>,
    /// Told to the host's thread, and to programs in this process.
    stop: watch::Sender<bool>,
    halt: Halt,
}

impl Online {
    /// What it takes to judge `dispute`, whose agreed block has the hash `agreed_block`. What is fetched is put into
    /// `below`, if there is one, and what that has isn't fetched again.
    ///
    /// # Errors
    /// Where the chain's configuration can't be used or the system lacks something. Nothing is fetched yet.
    pub fn new(
        sources: Sources,
        deal: Deal,
        dispute: Dispute,
        agreed_block: alloy_primitives::B256,
        below: Option<Store>,
    ) -> Result<Self, OnlineError> {
        let deadline = deal.deadline.map(Instant::from_std);
        let meter = Arc::new(Meter::default());
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let endpoint = |kind, urls| Endpoint::new(kind, urls, deal.limits, Arc::clone(&meter));
        let agreed = Agreed { output_root: dispute.agreed_output_root, block_hash: agreed_block };
        let fetcher = Fetcher::new(
            ExecutionClient::new(endpoint(SourceKind::L1, sources.l1)?),
            BeaconNode::new(endpoint(SourceKind::Beacon, sources.beacon)?, deal.slot_duration),
            ExecutionClient::new(endpoint(SourceKind::L2, sources.l2)?),
            Arc::new(config_of(&dispute.chain)?),
            agreed,
            deal.patience,
        );
        Ok(Self {
            runtime,
            fetcher,
            store: Store::Cache(Cache::new(below, deal.memory)),
            meter,
            dispute,
            deadline,
            stop: watch::Sender::new(false),
            halt: Halt::at(deal.deadline),
        })
    }

    /// What is judged.
    pub const fn dispute(&self) -> &Dispute {
        &self.dispute
    }

    /// What was asked of the nodes.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The same, for whoever looks at it while a run goes on.
    pub fn shared_meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    /// Ends whatever goes on: the program gets no more answers. What was fetched stays in the store.
    pub fn stop(&self) {
        self.halt.stop();
        self.stop.send_replace(true);
    }

    fn cache(&self) -> &Cache {
        match &self.store {
            Store::Cache(cache) => cache,
            _ => unreachable!("made as a cache"),
        }
    }

    /// Judges the dispute in this process.
    ///
    /// # Errors
    /// Where there is no verdict. None of them says anything about the claim.
    pub fn judge(&self, watch: impl FnMut(Sight<'_>)) -> Result<Judgement, JudgeError> {
        let (sender, requests) = unbounded_channel();
        thread::scope(|scope| {
            scope.spawn(|| self.fetch(requests));
            self.run_program(sender, watch)
        })
    }

    /// Judges the dispute and collects what the program read: with that it comes to the same verdict anywhere.
    ///
    /// # Errors
    /// As [`Online::judge`].
    pub fn witness(&self, watch: impl FnMut(Sight<'_>)) -> Result<(Judgement, Preimages), JudgeError> {
        let (sender, requests) = unbounded_channel();
        thread::scope(|scope| {
            scope.spawn(|| self.fetch(requests));
            let oracle = NativeOracle::new(&self.store, self.dispute.inputs()).asking(sender).halted_by(&self.halt);
            let oracle = oracle.metered(self.shared_meter());
            collect(oracle, &self.store, &self.dispute, self.followed(watch))
        })
    }

    /// Serves a program that runs elsewhere, until it closes its ends. A program in this process runs ahead of it.
    /// `layout` is how the served one wants its boot inputs.
    ///
    /// # Errors
    /// As [`serve`].
    pub fn serve<R, W>(&self, channels: Channels<R, W>, layout: Layout) -> Result<(), ServerError>
    where
        R: Read + Send + 'static,
        W: Write + Send + 'static,
    {
        let (sender, requests) = unbounded_channel();
        let runs_ahead = AtomicBool::new(true);
        thread::scope(|scope| {
            scope.spawn(|| self.fetch(requests));
            let ahead = sender.clone();
            scope.spawn(|| {
                // Even if the program panics: the served one must not wait for it.
                let _running = Running(&runs_ahead);
                match self.run_program(ahead, |_| ()) {
                    Ok(judgement) => tracing::info!(valid = judgement.verdict.is_valid(), "all is fetched"),
                    // It is for the served program to end, not for this one.
                    Err(error) => tracing::warn!("the program that runs ahead has ended: {error}"),
                }
            });
            let fetching = Fetching { requests: sender, cache: self.cache(), runs_ahead: &runs_ahead };
            let server = Server::new(&self.store, self.dispute.inputs_for(layout)).fetching(fetching);
            let served = serve(server, channels);
            // The served program has ended: nobody needs what is still under way.
            self.stop();
            served
        })
    }

    /// The program, its reads from the store or else by requests.
    fn run_program(
        &self,
        requests: UnboundedSender<Request>,
        watch: impl FnMut(Sight<'_>),
    ) -> Result<Judgement, JudgeError> {
        // It moves in here, so that it is gone at the end: the host's thread waits for requests till then.
        let oracle = NativeOracle::new(&self.store, self.dispute.inputs()).asking(requests).halted_by(&self.halt);
        let mut oracle = oracle.metered(self.shared_meter());
        let judgement = run(&mut oracle, self.followed(watch))?;
        Ok(Judgement { reads: oracle.reads(), ..judgement })
    }

    /// Tells whoever works ahead where the program is, and then `watch`.
    fn followed<'a>(&'a self, mut watch: impl FnMut(Sight<'_>) + 'a) -> impl FnMut(Sight<'_>) + 'a {
        move |sight| {
            match &sight {
                Sight::Step(Progress::Derived(attributes)) => self.fetcher.executes(attributes),
                Sight::Step(Progress::Executed(block)) => self.fetcher.position.reached_l2(block.header.number),
                _ => {}
            }
            watch(sight);
        }
    }

    /// The host's thread: answers requests and works ahead until all programs have ended.
    fn fetch(&self, mut requests: Requests) {
        let plan = Plan { l1_head: self.dispute.l1_head, claimed_block_number: self.dispute.claimed_block_number };
        let over = async || {
            let mut stop = self.stop.subscribe();
            let stopped = stop.wait_for(|stop| *stop);
            match self.deadline {
                Some(deadline) => match tokio::time::timeout_at(deadline, stopped).await {
                    Ok(_) => HostError::Interrupted,
                    Err(_) => HostError::Deadline,
                },
                None => {
                    let _ = stopped.await;
                    HostError::Interrupted
                }
            }
        };
        let answer = async |request: Request| {
            let answer = tokio::select! {
                answer = self.fetcher.answer(self.cache(), &request.wanted) => answer,
                reason = over() => Err(reason),
            };
            request.answer(answer);
        };
        let answering = async {
            let mut under_way = FuturesUnordered::new();
            loop {
                tokio::select! {
                    request = requests.recv() => match request {
                        Some(request) => under_way.push(answer(request)),
                        None => break,
                    },
                    Some(()) = under_way.next() => {}
                }
            }
        };
        let ahead = async {
            tokio::select! {
                () = ahead::run(&self.fetcher, self.cache(), plan) => {}
                _ = over() => {}
            }
            std::future::pending::<()>().await;
        };
        self.runtime.block_on(async {
            tokio::select! {
                () = answering => {}
                () = ahead => {}
            }
        });
    }
}

/// True while this lives.
struct Running<'a>(&'a AtomicBool);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn config_of(chain: &Chain) -> Result<RollupConfig, OnlineError> {
    match chain {
        Chain::Known(id) => chains::by_id(*id).map(|(rollup, _)| rollup).ok_or(OnlineError::Chain(*id)),
        Chain::Custom { rollup, .. } => Ok(RollupConfig::from_json(rollup)?),
    }
}
