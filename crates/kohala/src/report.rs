//! What came out, in words and as JSON.

use crate::cli::Output;
use anyhow::{Context, Error, Result};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use kohala_host::{
    Argument, Count, Counts, Dispute, HostError, JudgeError, Judgement, Sight, Upload,
    meter::{Meter, Traffic},
    rpc::SourceKind,
};
use kohala_preimage::KeyKind;
use kohala_program::{ProgramError, Progress as Step, ReadError};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt::Display,
    io::{self, Write},
    time::Duration,
};

/// Progress while a claim is judged: a bar on a terminal, a line a block with `-v`.
pub(crate) struct Progress {
    bar: ProgressBar,
    claimed: u64,
}

impl Progress {
    pub(crate) fn new(dispute: &Dispute, output: Output) -> Self {
        let bar = if output.json || output.verbose > 0 { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let style = ProgressStyle::with_template("{bar:30} block {pos} of {len}").expect("the template is well-formed");
        Self { bar: bar.with_style(style), claimed: dispute.claimed_block_number }
    }

    pub(crate) fn see(&mut self, sight: Sight<'_>) {
        match sight {
            Sight::Started { agreed, .. } => {
                self.bar.set_length(self.claimed);
                self.bar.set_position(agreed);
                self.bar.reset_eta();
            }
            Sight::Step(Step::Executed(block)) => {
                self.bar.set_position(block.header.number);
                let header = &block.header;
                let (number, hash, gas, transactions) =
                    (header.number, header.hash(), header.gas_used, block.receipts.len());
                tracing::info!(number, %hash, transactions, gas, "executed a block");
            }
            Sight::Step(Step::Rejected { number }) => {
                tracing::info!(number, "what this block's batch says is invalid and counts for nothing");
            }
            Sight::Dropped(event) => {
                let (origin, subject, reason) = (event.origin.number, event.subject, event.reason);
                tracing::debug!(l1_block = origin, ?subject, ?reason, "derivation dropped something");
            }
            Sight::Step(_) => {}
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Prints a line. That nobody reads on is no reason to end otherwise than with the verdict's exit code.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Prints what is made for other programs to read, as it is. That nobody reads on is no error.
pub(crate) fn print(bytes: &[u8]) -> Result<()> {
    match io::stdout().write_all(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("the standard output can't be written to")
        }
        _ => Ok(()),
    }
}

/// Says what was judged and how.
pub(crate) fn judgement(
    dispute: &Dispute,
    judgement: &Judgement,
    asked: Option<&Meter>,
    wall: Duration,
    output: Output,
) {
    if output.json {
        say(judgement_json(dispute, judgement, asked, wall));
    } else {
        let lines = judgement_lines(dispute, judgement, asked, wall);
        let lines: Vec<_> = lines.iter().map(|(label, what)| format!("  {label:<9} {what}")).collect();
        say(lines.join("\n"));
    }
}

fn meter_json(meter: &Meter) -> Value {
    let by_method = meter.by_method();
    let source = |(source, traffic): (SourceKind, Traffic)| {
        let Traffic { requests, bytes, retries, .. } = traffic;
        let methods = by_method.iter().filter(|((of, _), _)| *of == source);
        let calls: BTreeMap<_, _> = methods.map(|((_, method), traffic)| (method, traffic.calls)).collect();
        (source.name().to_owned(), json!({ "requests": requests, "calls": calls, "bytes": bytes, "retries": retries }))
    };
    json!({
        "round_trips_in_sequence": meter.round_trips(),
        "sources": meter.traffic().into_iter().map(source).collect::<serde_json::Map<_, _>>(),
    })
}

/// What was judged and how, as the one object that `--json` prints.
pub(crate) fn judgement_json(dispute: &Dispute, judgement: &Judgement, asked: Option<&Meter>, wall: Duration) -> Value {
    let verdict = &judgement.verdict;
    let phases = &judgement.phases;
    let mut json = json!({
        "verdict": if verdict.is_valid() { "valid" } else { "invalid" },
        "l1_head": dispute.l1_head,
        "agreed_output_root": dispute.agreed_output_root,
        "claimed_output_root": verdict.claimed_output_root,
        "claimed_block_number": verdict.claimed_block_number,
        "output_root": verdict.output_root,
        "block_number": verdict.block_number,
        "blocks": judgement.blocks,
        "transactions": judgement.transactions,
        "gas_used": judgement.gas_used,
        "seconds": {
            "prologue": phases.prologue.as_secs_f64(),
            "derivation": phases.derivation.as_secs_f64(),
            "execution": phases.execution.as_secs_f64(),
            "epilogue": phases.epilogue.as_secs_f64(),
            "total": wall.as_secs_f64(),
        },
        "preimages": counts_json(&judgement.reads),
    });
    if let Some(meter) = asked {
        json["nodes"] = meter_json(meter);
    }
    json
}

/// What was judged and how, in words: labels, of which a further line has none, and what is to be said.
pub(crate) fn judgement_lines(
    dispute: &Dispute,
    judgement: &Judgement,
    asked: Option<&Meter>,
    wall: Duration,
) -> Vec<(&'static str, String)> {
    let verdict = &judgement.verdict;
    let phases = &judgement.phases;
    let total = judgement.reads.total();
    let mut lines = Vec::new();
    let mut line = |label, what| lines.push((label, what));
    line(
        "claimed",
        format!("block {} has the output root {}", verdict.claimed_block_number, verdict.claimed_output_root),
    );
    line("trusted", format!("L1 block          {}", dispute.l1_head));
    line("", format!("agreed output root {}", dispute.agreed_output_root));
    if let Some(meter) = asked {
        fetched_lines(meter, &mut line);
    }
    line(
        "read",
        format!(
            "{} preimages ({}) and {} blobs, each checked against its hash",
            HumanCount(total.number),
            HumanBytes(total.bytes),
            HumanCount(judgement.reads.blobs.number)
        ),
    );
    line(
        "derived",
        format!("{} blocks from L1 data in {}", judgement.blocks, millis(phases.prologue + phases.derivation)),
    );
    line(
        "executed",
        format!(
            "{} transactions, {} gas in {}",
            HumanCount(judgement.transactions),
            HumanCount(judgement.gas_used),
            millis(phases.execution + phases.epilogue)
        ),
    );
    line("computed", format!("block {} has the output root {}", verdict.block_number, verdict.output_root));
    if verdict.block_number < verdict.claimed_block_number {
        let (last, claimed) = (verdict.block_number, verdict.claimed_block_number);
        line(
            "",
            format!(
                "L1 up to the head gives rise to no block {claimed}: {last} is the last, and its root is the answer"
            ),
        );
    }
    let conclusion = if verdict.is_valid() { "VALID: the claim is right" } else { "INVALID: the claim is wrong" };
    line("verdict", format!("{conclusion} ({})", millis(wall)));
    lines
}

/// What was asked of nodes, in words.
fn fetched_lines(meter: &Meter, line: &mut impl FnMut(&'static str, String)) {
    let traffic = meter.traffic();
    if traffic.is_empty() {
        line("fetched", "nothing: all is in the store".to_owned());
    }
    for (place, (source, Traffic { requests, calls, bytes, .. })) in traffic.into_iter().enumerate() {
        let (calls, bytes) = (HumanCount(calls), HumanBytes(bytes));
        let text = format!("{:<11} {calls} calls in {requests} requests, {bytes}", source.name());
        line(if place == 0 { "fetched" } else { "" }, text);
    }
    if meter.round_trips() > 0 {
        line("", format!("{} round trips in sequence", meter.round_trips()));
    }
}

fn millis(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1e3)
}

/// Says what a store holds.
pub(crate) fn store(counts: &Counts, bytes_on_disk: u64, json: bool) {
    if json {
        say(json!({ "preimages": counts_json(counts), "bytes_on_disk": bytes_on_disk }));
        return;
    }
    let line = |name: &str, count: Count| {
        let (number, bytes) = (HumanCount(count.number).to_string(), HumanBytes(count.bytes).to_string());
        say(format_args!("{name:>10} {number:>10} {bytes:>12}"));
    };
    kinds(counts).for_each(|(name, count)| line(name, count));
    say(format_args!("{:>10} {:>23}", "on disk", HumanBytes(bytes_on_disk).to_string()));
}

/// Says what is to be called on L1.
pub(crate) fn upload(upload: &Upload, json: bool) {
    let (contract, signature, calldata) = (upload.contract, upload.signature(), upload.calldata());
    if json {
        let argument = |(name, argument): &(&str, Argument)| json!({ "name": name, "type": argument.type_name(), "value": argument.to_string() });
        let arguments: Vec<_> = upload.arguments.iter().map(argument).collect();
        say(json!({ "contract": contract, "function": signature, "arguments": arguments, "calldata": calldata }));
        return;
    }
    say(format_args!("contract  {contract}\nfunction  {signature}"));
    for (name, argument) in &upload.arguments {
        say(format_args!("  {name:<12} {argument}"));
    }
    say(format_args!("calldata  {calldata}"));
}

/// Says why there is no verdict.
pub(crate) fn failure(error: &Error, json: bool) {
    let text = why(error);
    if json {
        say(json!({ "verdict": null, "error": text }));
    }
    eprintln!("error: {text}");
}

/// An error with its causes, from what was asked to what went wrong. A cause that the error above it says already is left out.
pub(crate) fn why(error: &Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.is_empty() {
        true => cause,
        false if text.ends_with(&cause) => text,
        false => format!("{text}: {cause}"),
    })
}

/// Adds what a user can do about it to an error of a run.
pub(crate) fn advise(error: JudgeError) -> Error {
    let advice = match &error {
        ProgramError::Read(ReadError::Oracle(HostError::Missing(_))) => {
            "no verdict: the store lacks data that this claim needs. Check the L1 head and the agreed output root, or \
             record the claim's preimages again"
        }
        ProgramError::Read(ReadError::Oracle(HostError::NotFetched(_))) => {
            "no verdict: the nodes do not have what this claim needs. `kohala check` says what they can do"
        }
        ProgramError::Read(ReadError::Oracle(HostError::Deadline | HostError::Interrupted)) => {
            "no verdict. With --data-dir what was fetched is kept, and the same command goes on from there"
        }
        ProgramError::Read(ReadError::Oracle(HostError::Store(_))) => "no verdict: the store is damaged",
        ProgramError::Contradiction(_) => "no verdict: the inputs contradict each other",
        _ => "no verdict",
    };
    Error::new(error).context(advice)
}

fn counts_json(counts: &Counts) -> Value {
    kinds(counts)
        .map(|(name, count)| (name.to_owned(), json!({ "number": count.number, "bytes": count.bytes })))
        .collect()
}

/// The kinds that occur, by name; whole blobs come last.
pub(crate) fn kinds(counts: &Counts) -> impl Iterator<Item = (&'static str, Count)> {
    let kinds = KeyKind::ALL.into_iter().map(|kind| (kind.name(), counts.of(kind)));
    kinds.chain([("blobs", counts.blobs)]).filter(|(_, count)| count.number > 0)
}
