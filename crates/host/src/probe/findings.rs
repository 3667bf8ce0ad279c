//! What follows from what the nodes can do: the ways to the state, and problems.

use super::{Capability, Need, NodeFindings, Purpose, SourceKind, Span, Status, l2};

/// A way to the state of an L2 block, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// One call for each block.
    ExecutionWitness,
    /// The same, for blocks that need not be canonical.
    PayloadWitness,
    /// One call for each block, and proofs of all that it touches.
    TracerAndProofs,
    /// Proofs, each when it is needed.
    Proofs,
    /// Nodes one by one, out of the database.
    Database,
}

impl Way {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 5] =
        [Self::ExecutionWitness, Self::PayloadWitness, Self::TracerAndProofs, Self::Proofs, Self::Database];

    /// What the way is.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExecutionWitness => "execution witness",
            Self::PayloadWitness => "payload witness",
            Self::TracerAndProofs => "tracer and proofs",
            Self::Proofs => "proofs",
            Self::Database => "database",
        }
    }

    /// The capabilities that it takes.
    const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::ExecutionWitness => &[l2::EXECUTION_WITNESS],
            Self::PayloadWitness => &[l2::PAYLOAD_WITNESS],
            Self::TracerAndProofs => &[l2::PRESTATE_TRACER, l2::PROOFS],
            Self::Proofs => &[l2::PROOFS],
            Self::Database => &[l2::DATABASE_GET],
        }
    }
}

/// Whether a way leads to the state, at one of the L2 nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WayFinding {
    /// The way.
    pub way: Way,
    /// Of the newest safe block.
    pub newest: bool,
    /// Of the agreed block.
    pub at_age: bool,
}

/// Something without which no claim can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The source.
    pub kind: SourceKind,
    /// What is wrong.
    pub what: String,
    /// What to change.
    pub advice: &'static str,
}

/// What probing found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Id of the L2 chain whose configuration is in use.
    pub chain: Option<u64>,
    /// The blocks that it is about, if the L2 nodes tell.
    pub span: Option<Span>,
    /// The nodes, in the order of the sources and URLs.
    pub nodes: Vec<NodeFindings>,
    /// The ways to the state, the best first.
    pub ways: Vec<WayFinding>,
    /// What has to be changed. Without any, claims of that age can be judged with these nodes.
    pub problems: Vec<Problem>,
}

impl Findings {
    /// True if a claim can be judged with these nodes.
    pub const fn suffice(&self) -> bool {
        self.problems.is_empty()
    }

    /// The way to the state that a run will go.
    pub fn way(&self) -> Option<Way> {
        self.ways.iter().find(|way| way.at_age).map(|way| way.way)
    }
}

/// Says of what doesn't work what does instead, at the same node.
pub(super) fn replaced(capabilities: &mut [Capability]) {
    let working: Vec<_> = capabilities.iter().filter(|capability| capability.status.works()).cloned().collect();
    for capability in capabilities.iter_mut().filter(|capability| !capability.status.works()) {
        let same = |other: &&Capability| (other.purpose, other.block) == (capability.purpose, capability.block);
        if let Some(other) = working.iter().filter(|_| capability.purpose != Purpose::Speed).find(same) {
            capability.need = Need::Replaced(other.name);
        }
    }
}

pub(super) fn of(nodes: Vec<NodeFindings>, chain: Option<u64>, span: Option<Span>) -> Findings {
    let mut problems = Vec::new();
    if chain.is_none() {
        let what = "the chain is not known".to_owned();
        let advice = "name it with --chain, --l2-chain-id or --rollup-config-path, or give a --rollup-node";
        problems.push(Problem { kind: SourceKind::L2, what, advice });
    }
    for kind in SourceKind::ALL {
        let of_kind: Vec<&NodeFindings> = nodes.iter().filter(|node| node.kind == kind).collect();
        problems.extend(problems_of(kind, &of_kind));
    }
    Findings { chain, span, ways: ways(&nodes, span), nodes, problems }
}

/// The URLs of a source stand in for each other: one that has it is enough, but none may be another chain's.
fn problems_of(kind: SourceKind, nodes: &[&NodeFindings]) -> Vec<Problem> {
    let flag = match kind {
        SourceKind::L1 => "--l1",
        SourceKind::Beacon => "--beacon",
        SourceKind::L2 => "--l2",
        SourceKind::RollupNode => "--rollup-node",
    };
    if nodes.is_empty() {
        // A rollup node only tells what is to be judged: without one the L2 node does.
        let what = format!("no {kind} node is given: name one with {flag}");
        let problem = Problem { kind, what, advice: "L1, beacon and L2 nodes are needed, a rollup node is helpful" };
        return if kind == SourceKind::RollupNode { Vec::new() } else { vec![problem] };
    }
    if nodes.iter().all(|node| node.silence.is_some()) {
        let reasons = nodes.iter().map(|node| (&node.node, node.silence.as_deref().unwrap_or_default()));
        let reasons: Vec<String> = reasons.map(|(node, reason)| format!("{node}: {reason}")).collect();
        let what = format!("no answer from {flag} {}", reasons.join("; "));
        let advice = match kind {
            SourceKind::RollupNode => "see that the URL and its key are right and the node runs, or leave the flag out",
            _ => "see that the URL and its key are right, the node runs, and nothing is in between",
        };
        return vec![Problem { kind, what, advice }];
    }
    lacking(kind, nodes)
}

/// What none of a source's nodes can do, and nodes of other chains.
fn lacking(kind: SourceKind, nodes: &[&NodeFindings]) -> Vec<Problem> {
    let capabilities: Vec<(&NodeFindings, &Capability)> =
        nodes.iter().flat_map(|node| node.capabilities.iter().map(|found| (*node, found))).collect();
    let mut problems = Vec::new();
    let mut settled: Vec<(Purpose, Option<u64>)> = capabilities
        .iter()
        .filter(|(_, found)| found.status.works() && found.purpose != Purpose::Chain)
        .map(|(_, found)| (found.purpose, found.block))
        .collect();
    for (node, found) in &capabilities {
        let fails = !found.status.works() && !matches!(found.status, Status::Untried(_));
        if found.need != Need::Needed || !fails || settled.contains(&(found.purpose, found.block)) {
            continue;
        }
        let (mut node, mut found) = (*node, *found);
        if found.purpose != Purpose::Chain {
            settled.push((found.purpose, found.block));
            // A method that is there and lacks data is nearer to working than one that is not there.
            let is_near = |other: &Capability| {
                (other.purpose, other.block) == (found.purpose, found.block)
                    && matches!(other.status, Status::Refused(_))
            };
            (node, found) = capabilities.iter().copied().find(|(_, other)| is_near(other)).unwrap_or((node, found));
        }
        let at = found.block.map(|block| format!(" at block {block}")).unwrap_or_default();
        let reason = found.status.reason().unwrap_or_default();
        let (node, purpose, name) = (&node.node, found.purpose.name(), found.name);
        let what = format!("{node} lacks {purpose}{at}: {name}: {reason}");
        problems.push(Problem { kind, what, advice: found.advice });
    }
    problems
}

fn ways(nodes: &[NodeFindings], span: Option<Span>) -> Vec<WayFinding> {
    let Some(span) = span else { return Vec::new() };
    let capabilities = || nodes.iter().flat_map(|node| &node.capabilities);
    let works = |name: &str, block: u64| {
        capabilities().any(|found| found.name == name && found.block == Some(block) && found.status.works())
    };
    let leads = |way: Way, block: u64| way.methods().iter().all(|name| works(name, block));
    let finding = |way| WayFinding { way, newest: leads(way, span.safe - 1), at_age: leads(way, span.agreed) };
    Way::ALL.into_iter().map(finding).collect()
}
