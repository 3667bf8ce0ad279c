//! What the streams exercised.

use anyhow::{Result, ensure};
use kohala_derive::Event;
use kohala_interop::streams::{Answer, Case, End, Flaw};
use std::{collections::BTreeMap, fmt};

/// Why our pipeline drops things: all reasons but `EpochUnknown`, which other rules leave nothing to do, and `Lost`, which
/// is about the list of events itself.
const REASONS: [&str; 36] = [
    "ConfigUpdate",
    "Signature",
    "NotTheBatcher",
    "Blob",
    "Frames",
    "FrameOutOfOrder",
    "FrameTwice",
    "ClosedTwice",
    "FrameBeyondEnd",
    "FrameWithoutChannel",
    "FrameOfOtherChannel",
    "TimedOut",
    "Replaced",
    "Holocene",
    "BehindSafeHead",
    "Channel",
    "Batch",
    "SpanBeforeDelta",
    "Future",
    "Past",
    "Misaligned",
    "ParentHash",
    "WindowExpired",
    "EpochTooOld",
    "EpochTooNew",
    "EpochHash",
    "OlderThanEpoch",
    "SequencerDrift",
    "NotEmptyAtActivation",
    "EmptyTransaction",
    "TransactionType",
    "Overlap",
    "Undecided",
    "SpanInterrupted",
    "Flushed",
    "Rejected",
];

/// Reasons that take more than 100 MB: only a longer run is sure to meet them.
const LARGE_REASONS: [&str; 2] = ["Pruned", "TooLarge"];

/// Counts over many cases.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    blocks: u64,
    batched: u64,
    ends: BTreeMap<String, u64>,
    flaws: BTreeMap<String, u64>,
    forks: BTreeMap<String, u64>,
    reasons: BTreeMap<String, u64>,
}

impl Summary {
    pub(crate) fn count(&mut self, case: &Case, answer: &Answer, events: &[Event]) {
        self.blocks += answer.derived.len() as u64;
        let batched = |transactions: &[alloy_primitives::Bytes]| {
            transactions.last().is_some_and(|last| last.first() != Some(&0x7E))
        };
        self.batched += answer.derived.iter().filter(|derived| batched(&derived.transactions)).count() as u64;
        count(&mut self.ends, format!("{:?}", answer.end));
        if answer.end != End::End {
            let words: String = answer.error.chars().filter(|char| !char.is_ascii_digit()).take(60).collect();
            count(&mut self.ends, words);
        }
        case.flaws.iter().for_each(|flaw| count(&mut self.flaws, format!("{flaw:?}")));
        events.iter().for_each(|event| count(&mut self.reasons, name(&format!("{:?}", event.reason))));
        let times: Vec<u64> = answer.derived.iter().map(|derived| derived.timestamp).collect();
        if let (Some(first), Some(last), Some(keys)) = (times.first(), times.last(), case.rollup.as_object()) {
            for (key, time) in keys {
                let Some(fork) = key.strip_suffix("_time").filter(|name| !matches!(*name, "block" | "l2")) else {
                    continue;
                };
                match time.as_u64() {
                    Some(time) if time <= *first => count(&mut self.forks, format!("{fork} from the start")),
                    Some(time) if time <= *last => count(&mut self.forks, format!("{fork} on the way")),
                    _ => {}
                }
            }
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.blocks += other.blocks;
        self.batched += other.batched;
        let maps = [
            (&mut self.ends, &other.ends),
            (&mut self.flaws, &other.flaws),
            (&mut self.forks, &other.forks),
            (&mut self.reasons, &other.reasons),
        ];
        for (mine, other) in maps {
            other.iter().for_each(|(key, count)| *mine.entry(key.clone()).or_default() += count);
        }
    }

    /// Too little exercised is a defect of the generator; what chance seldom makes, the kept cases may have met.
    pub(crate) fn check(&self, cases: u64) -> Result<()> {
        for flaw in Flaw::ALL {
            ensure!(self.flaws.contains_key(&format!("{flaw:?}")), "no stream was spoilt by {flaw:?}");
        }
        let large = LARGE_REASONS.iter().filter(|_| cases >= 10_000);
        for reason in REASONS.iter().chain(large) {
            let is_meant = |name: &String| name.split('(').next() == Some(*reason);
            ensure!(self.reasons.keys().any(is_meant), "no stream had anything dropped because of {reason}");
        }
        for end in ["End", "Reset", "Critical"] {
            ensure!(self.ends.contains_key(end), "no stream ended by {end}");
        }
        Ok(())
    }
}

fn count(counts: &mut BTreeMap<String, u64>, key: String) {
    *counts.entry(key).or_default() += 1;
}

/// A reason without its figures.
fn name(debug: &str) -> String {
    debug.chars().filter(|char| !char.is_ascii_digit()).collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} attributes, {} of them with transactions from batches", self.blocks, self.batched)?;
        let maps = [("ends", &self.ends), ("flaws", &self.flaws), ("forks", &self.forks), ("reasons", &self.reasons)];
        for (title, counts) in maps {
            let line: Vec<String> = counts.iter().map(|(key, count)| format!("{key} {count}")).collect();
            writeln!(f, "{title}: {}", line.join(", "))?;
        }
        Ok(())
    }
}
