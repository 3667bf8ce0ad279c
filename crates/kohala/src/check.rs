//! `kohala check`: nodes are probed, and a table says what they can and can't do.

use crate::{
    NO_VERDICT, claim,
    cli::{Check, SourceFlags},
    logs, report,
    source::{self, deal, urls},
};
use anyhow::{Result, bail};
use kohala_host::{
    Sources,
    probe::{self, Capability, Findings, Heads, Need, NodeFindings, Probe, Status, Way},
};
use serde_json::{Value, json};
use std::{fmt::Write, process::ExitCode};

/// Probes the nodes that the flags name. Exit code 0: claims can be judged with them.
pub(crate) fn check(flags: &Check) -> Result<ExitCode> {
    logs::start(flags.output, "warn");
    let sources = &flags.sources;
    let chain = claim::chain_of(&flags.chain)?;
    let probe = Probe {
        sources: named(sources)?,
        rollup_node: urls("--rollup-node", &sources.rollup_node)?,
        config: chain.as_ref().map(claim::config_of).transpose()?,
        age: flags.age,
        deal: deal(sources),
    };
    let findings = probe::probe(&probe)?;
    match flags.output.json {
        true => report::say(as_json(&findings)),
        false => report::say(as_text(&findings)),
    }
    Ok(if findings.suffice() { ExitCode::SUCCESS } else { ExitCode::from(NO_VERDICT) })
}

/// The nodes: unlike for a run, some may be left out, to probe the others alone.
fn named(flags: &SourceFlags) -> Result<Sources> {
    let lists = [&flags.l1, &flags.beacon, &flags.l2, &flags.rollup_node];
    if lists.iter().all(|urls| urls.is_empty()) {
        bail!("which nodes are to be probed? Name them with --l1, --beacon, --l2 and --rollup-node");
    }
    source::sources(flags)
}

fn as_json(findings: &Findings) -> Value {
    let ways = findings.ways.iter();
    let ways: Vec<Value> =
        ways.map(|found| json!({ "way": found.way.name(), "newest": found.newest, "at_age": found.at_age })).collect();
    let problems = findings.problems.iter();
    let problems: Vec<Value> = problems
        .map(|problem| json!({ "source": problem.kind.name(), "what": problem.what, "advice": problem.advice }))
        .collect();
    json!({
        "suffices": findings.suffice(),
        "chain_id": findings.chain,
        "safe_block": findings.span.map(|span| span.safe),
        "agreed_block": findings.span.map(|span| span.agreed),
        "nodes": findings.nodes.iter().map(node_json).collect::<Vec<_>>(),
        "state": { "used": findings.way().map(Way::name), "ways": ways },
        "problems": problems,
    })
}

fn node_json(node: &NodeFindings) -> Value {
    let Heads { newest, safe, finalized } = node.heads;
    let capability = |found: &Capability| {
        let (need, replaced_by) = match found.need {
            Need::Needed => ("needed", None),
            Need::Helpful => ("helpful", None),
            Need::Replaced(by) => ("replaced", Some(by)),
        };
        json!({
            "name": found.name,
            "block": found.block,
            "for": found.purpose.name(),
            "status": found.status.name(),
            "reason": found.status.reason(),
            "need": need,
            "replaced_by": replaced_by,
            "advice": Some(found.advice).filter(|_| is_lacking(found)),
        })
    };
    json!({
        "source": node.kind.name(),
        "node": node.node,
        "reachable": node.silence.is_none(),
        "error": node.silence,
        "chain_id": node.chain_id,
        "version": node.version,
        "blocks": { "newest": newest, "safe": safe, "finalized": finalized },
        "milliseconds": node.latency.map(|latency| latency.as_secs_f64() * 1e3),
        "capabilities": node.capabilities.iter().map(capability).collect::<Vec<_>>(),
    })
}

/// It was tried, and doesn't work.
fn is_lacking(found: &Capability) -> bool {
    !matches!(found.status, Status::Works | Status::Untried(_))
}

/// Text that grows; writing to it doesn't fail.
macro_rules! line {
    ($text:expr, $($arguments:tt)*) => { let _ = writeln!($text, $($arguments)*); };
}

fn as_text(findings: &Findings) -> String {
    let mut text = String::new();
    for node in &findings.nodes {
        node_text(&mut text, node);
    }
    if let Some(span) = findings.span {
        line!(text, "Ways to the L2 state, the best first");
        line!(text, "  {:<20} {:<14} block {}", "", format!("block {}", span.safe - 1), span.agreed);
        for found in &findings.ways {
            let word = |leads| if leads { "yes" } else { "no" };
            let used = if findings.way() == Some(found.way) { "   <- will be used" } else { "" };
            let name = found.way.name();
            line!(text, "  {name:<20} {:<14} {}{used}", word(found.newest), word(found.at_age));
        }
        if findings.way().is_some_and(|way| way > Way::PayloadWitness) {
            line!(text, "  An L2 node with debug_executionWitness for blocks of that age takes far fewer calls.");
        }
        line!(text, "");
    }
    let age = findings.span.map(|span| format!(" on top of block {}", span.agreed)).unwrap_or_default();
    if findings.suffice() {
        let _ = write!(text, "A claim{age} can be judged with these nodes.");
        return text;
    }
    let _ = write!(text, "No claim can be judged with these nodes:");
    for problem in &findings.problems {
        let _ = write!(text, "\n  - {}: {}\n    {}", problem.kind, problem.what, problem.advice);
    }
    text
}

fn node_text(text: &mut String, node: &NodeFindings) {
    line!(text, "{} {}", node.kind, node.node);
    if let Some(silence) = &node.silence {
        line!(text, "  silent: {silence}\n");
        return;
    }
    let Heads { newest, safe, finalized } = node.heads;
    let heads = [("newest", newest), ("safe", safe), ("final", finalized)];
    let heads = heads.iter().filter_map(|(name, number)| Some(format!("{name} {}", (*number)?)));
    let about = node.version.clone().into_iter().chain(node.chain_id.map(|id| format!("chain {id}"))).chain(heads);
    let latency = node.latency.map(|latency| format!("answers in {:.0} ms", latency.as_secs_f64() * 1e3));
    line!(text, "  {}", about.chain(latency).collect::<Vec<_>>().join(", "));
    for found in &node.capabilities {
        let name = match found.block {
            Some(block) => format!("{} (block {block})", found.name),
            None => found.name.to_owned(),
        };
        let need = match found.need {
            Need::Needed if found.status.works() => String::new(),
            Need::Needed => "needed: ".to_owned(),
            Need::Helpful if is_lacking(found) => "helpful: ".to_owned(),
            Need::Helpful => String::new(),
            Need::Replaced(by) => format!("{by} does instead: "),
        };
        let note = format!("{need}{}", found.status.reason().unwrap_or_default());
        line!(text, "{}", format!("  {:<8} {name:<40} {note}", found.status.name()).trim_end());
        if is_lacking(found) && !matches!(found.need, Need::Replaced(_)) {
            line!(text, "  {:<8} {:<40} -> {}", "", "", found.advice);
        }
    }
    line!(text, "");
}
