//! Probing nodes before a long run: what each can and can't do, and what to change.
//!
//! Every URL is probed on its own, by the calls that a run would make, and its answers are checked as a run checks them.
//! What a run waits out is a finding here: each probe ends after the limits' time-out, and trouble is met twice at most.
//!
//! | module | what |
//! |---|---|
//! | `ask` | one question to one node, in bounded time, and what may be repeated of its answer |
//! | `basics` | who a node is and how far it is |
//! | `sample` | which blocks the probes are about |
//! | `blocks`, `l1`, `l2`, `beacon`, `rollup` | what the nodes of each source can do |
//! | `findings` | what follows from all of that: ways to the state, and problems |

mod ask;
mod basics;
mod beacon;
mod blocks;
mod findings;
mod l1;
mod l2;
mod rollup;
mod sample;

use crate::{
    Deal, Sources, kzg,
    online::OnlineError,
    rpc::{Endpoint, RpcError, SourceKind},
};
use ask::Asker;
use basics::Basics;
use futures_util::future::join_all;
use kohala_preimage::BLOB_BYTES;
use kohala_protocol::RollupConfig;
use sample::Samples;
use std::time::Duration;
use tokio::runtime::Builder;
use url::Url;

pub use findings::{Findings, Problem, Way, WayFinding};
pub use sample::Span;

/// What is probed, and for what.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The nodes. A source without any is a problem that is found.
    pub sources: Sources,
    /// op-nodes, where there are any.
    pub rollup_node: Vec<Url>,
    /// The configuration in use; where there is none it is found out as a run finds it out.
    pub config: Option<RollupConfig>,
    /// How many L2 blocks behind the newest safe one the state must be there.
    pub age: u64,
    /// How hard nodes may be asked.
    pub deal: Deal,
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The answer was as it must be.
    Works,
    /// The node doesn't know the method; what it said, or the like.
    Missing,
    /// The node knows it, and answered something else than it must.
    Refused(String),
    /// There was no answer.
    Silent(String),
    /// It could not be tried.
    Untried(&'static str),
}

impl Status {
    /// True where the answer was as it must be.
    pub const fn works(&self) -> bool {
        matches!(self, Self::Works)
    }

    /// The status in one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Missing => "missing",
            Self::Refused(_) => "refused",
            Self::Silent(_) => "silent",
            Self::Untried(_) => "untried",
        }
    }

    /// What the node said, or what else there is to know.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Works => None,
            Self::Missing => Some("the node doesn't know the method"),
            Self::Refused(said) | Self::Silent(said) => Some(said),
            Self::Untried(why) => Some(why),
        }
    }
}

/// What something is good for. What shares a purpose stands in for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The node is one of this chain's.
    Chain,
    /// Headers.
    Headers,
    /// Blocks with their transactions.
    Blocks,
    /// Receipts.
    Receipts,
    /// L1 blocks from before the agreed L2 block.
    OldBlocks,
    /// Slots out of times.
    Clock,
    /// Blobs of recent blocks.
    Blobs,
    /// Blobs of blocks as old as the agreed L2 block.
    OldBlobs,
    /// Nodes of the agreed block's state.
    State,
    /// Nodes of the newest safe block's state, which nothing but younger claims need.
    NewestState,
    /// The output root of the agreed block.
    OutputRoot,
    /// Output roots that are to be judged.
    Outputs,
    /// Nothing that would be missed but for time.
    Speed,
}

impl Purpose {
    /// What is lacking without it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chain => "the right chain",
            Self::Headers => "headers",
            Self::Blocks => "blocks",
            Self::Receipts => "receipts",
            Self::OldBlocks => "old blocks",
            Self::Clock => "genesis time and slot length",
            Self::Blobs => "recent blobs",
            Self::OldBlobs => "old blobs",
            Self::State => "the state at that age",
            Self::NewestState => "the newest state",
            Self::OutputRoot => "the agreed output root",
            Self::Outputs => "output roots",
            Self::Speed => "speed",
        }
    }
}

/// How much depends on a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it, here or at another URL of the source, no claim can be judged.
    Needed,
    /// It saves calls or time.
    Helpful,
    /// It does not work, and this does instead.
    Replaced(&'static str),
}

/// Something that a node can do, or can't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// The method, or what is looked at.
    pub name: &'static str,
    /// The block that it was tried with, where it matters.
    pub block: Option<u64>,
    /// What it is good for.
    pub purpose: Purpose,
    /// What came of the probe.
    pub status: Status,
    /// How much depends on it.
    pub need: Need,
    /// What to change where it doesn't work.
    pub advice: &'static str,
}

impl Capability {
    fn new(name: &'static str, purpose: Purpose, status: Status, advice: &'static str) -> Self {
        let need = match purpose {
            Purpose::Speed | Purpose::NewestState => Need::Helpful,
            _ => Need::Needed,
        };
        Self { name, block: None, purpose, status, need, advice }
    }

    const fn at(mut self, block: u64) -> Self {
        self.block = Some(block);
        self
    }
}

/// Blocks that a node has names for; of a beacon node, slots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heads {
    /// The newest.
    pub newest: Option<u64>,
    /// The newest that is safe.
    pub safe: Option<u64>,
    /// The newest that is final.
    pub finalized: Option<u64>,
}

/// One URL of a source: who is there and what it can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFindings {
    /// The source.
    pub kind: SourceKind,
    /// Where the node is, without what its URL may hide.
    pub node: String,
    /// Why there was no answer at all, if there was none.
    pub silence: Option<String>,
    /// The chain's id, as the node tells it.
    pub chain_id: Option<u64>,
    /// Name and version of the client.
    pub version: Option<String>,
    /// How far it is.
    pub heads: Heads,
    /// How long an answer took, the connection once made.
    pub latency: Option<Duration>,
    /// What it can do. Nothing where it doesn't answer.
    pub capabilities: Vec<Capability>,
}

/// Probes nodes. It takes a few times the limits' time-out at most.
///
/// # Errors
/// Where the system lacks something. What the nodes lack is in the findings.
pub fn probe(probe: &Probe) -> Result<Findings, OnlineError> {
    let askers = askers(probe)?;
    if !probe.sources.beacon.is_empty() {
        // The first commitment prepares points for all others: while it does, no other answer would be seen in time.
        let _ = kzg::commitment(&vec![0; BLOB_BYTES]);
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let basics = join_all(askers.iter().map(Basics::ask)).await;
        let config = basics::config_in_use(probe.config.clone(), &basics);
        let samples = Samples::find(probe, &basics, config.as_ref()).await;
        let probed = basics.iter().map(|basics| async {
            let mut capabilities = match (&basics.silence, basics.asker.kind) {
                (Some(_), _) => Vec::new(),
                (None, SourceKind::L1) => l1::probe(basics, &samples).await,
                (None, SourceKind::Beacon) => beacon::probe(basics, &samples, probe.deal.slot_duration).await,
                (None, SourceKind::L2) => l2::probe(basics, &samples).await,
                (None, SourceKind::RollupNode) => rollup::probe(basics, &samples).await,
            };
            if basics.silence.is_none() {
                capabilities.insert(0, basics.is_of(config.as_ref()));
            }
            findings::replaced(&mut capabilities);
            basics.findings(capabilities)
        });
        let nodes = join_all(probed).await;
        Ok(findings::of(nodes, config.map(|config| config.l2_chain_id), samples.span))
    })
}

/// Those who ask the URLs, one each.
fn askers(probe: &Probe) -> Result<Vec<Asker>, OnlineError> {
    let Sources { l1, beacon, l2 } = &probe.sources;
    let lists = [
        (SourceKind::L1, l1),
        (SourceKind::Beacon, beacon),
        (SourceKind::L2, l2),
        (SourceKind::RollupNode, &probe.rollup_node),
    ];
    let urls = lists.into_iter().flat_map(|(kind, urls)| urls.iter().map(move |url| (kind, url)));
    urls.map(|(kind, url)| Ok(Asker::new(kind, url.clone(), probe.deal.limits)?)).collect()
}
