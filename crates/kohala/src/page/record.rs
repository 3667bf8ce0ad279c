//! What a run did and when, as its page tells it.

use kohala_host::{
    Sight,
    meter::{Meter, SlowCall, Traffic},
    rpc::SourceKind,
};
use kohala_program::{Event, Progress, Reason, Subject};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    ops::AddAssign,
    time::{Duration, Instant},
};

/// Looks at a run as it goes on. Times are in milliseconds since its beginning.
pub(crate) struct Record {
    start: Instant,
    /// The end of the last phase that was seen to end.
    at: f64,
    chain_id: Option<u64>,
    agreed_block: Option<u64>,
    prologue: Option<f64>,
    /// How long it took to derive the block that is being executed.
    derivation: Option<f64>,
    blocks: Vec<Blocks>,
    epilogue: Option<f64>,
    dropped: Dropped,
}

/// L2 blocks in a row: a line of a table or a bar of a chart. Most often there is one.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Blocks {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) transactions: u64,
    pub(crate) gas: u64,
    /// How many of them were found invalid.
    pub(crate) rejected: u64,
    /// When the first one's derivation began.
    pub(crate) start: f64,
    pub(crate) derivation: f64,
    pub(crate) execution: f64,
}

impl AddAssign for Blocks {
    fn add_assign(&mut self, next: Self) {
        self.last = next.last;
        self.transactions += next.transactions;
        self.gas += next.gas;
        self.rejected += next.rejected;
        self.derivation += next.derivation;
        self.execution += next.execution;
    }
}

/// Blocks by equally many, but for the last.
#[derive(Serialize)]
pub(crate) struct Grouped {
    /// How many are in one group.
    pub(crate) by: usize,
    pub(crate) groups: Vec<Blocks>,
}

/// What derivation dropped.
#[derive(Clone, Default, Serialize)]
pub(crate) struct Dropped {
    pub(crate) number: u64,
    pub(crate) by_reason: BTreeMap<String, u64>,
    /// The first of them.
    pub(crate) first: Vec<Listed>,
}

impl Dropped {
    /// How many are not listed.
    pub(crate) const fn more(&self) -> u64 {
        self.number - self.first.len() as u64
    }
}

/// One thing that derivation dropped.
#[derive(Clone, Serialize)]
pub(crate) struct Listed {
    pub(crate) l1_block: u64,
    pub(crate) subject: String,
    pub(crate) reason: String,
}

/// What a source was asked by one method.
#[derive(Serialize)]
pub(crate) struct Method {
    pub(crate) source: &'static str,
    pub(crate) method: &'static str,
    pub(crate) requests: u64,
    pub(crate) calls: u64,
    pub(crate) bytes: u64,
    pub(crate) retries: u64,
}

/// One of the slowest calls, or a batch of them.
#[derive(Serialize)]
pub(crate) struct Call {
    pub(crate) source: &'static str,
    pub(crate) method: &'static str,
    pub(crate) calls: u64,
    pub(crate) start: f64,
    pub(crate) milliseconds: f64,
    /// None if it was given up without an answer.
    pub(crate) bytes: Option<u64>,
    pub(crate) retries: u64,
}

/// All that the page has of a run and `--json` hasn't.
#[derive(Serialize)]
pub(crate) struct Run {
    pub(crate) version: &'static str,
    pub(crate) chain_id: Option<u64>,
    pub(crate) agreed_block: Option<u64>,
    /// Until it ended, with or without a verdict.
    pub(crate) milliseconds: f64,
    pub(crate) prologue: Option<f64>,
    /// The phase that went on when the run ended without a verdict, and when it had begun.
    pub(crate) broken_off: Option<(&'static str, f64)>,
    pub(crate) epilogue: Option<f64>,
    /// For charts.
    pub(crate) bars: Grouped,
    /// For the table.
    pub(crate) blocks: Grouped,
    pub(crate) methods: Vec<Method>,
    pub(crate) slowest_calls: Vec<Call>,
    pub(crate) dropped: Dropped,
}

impl Record {
    /// Bars of a chart at most: so many can be told apart.
    pub(crate) const BARS: usize = 50;
    /// Lines of the table of blocks at most.
    pub(crate) const LINES: usize = 1000;
    /// Dropped things that are listed; beyond that they are counted.
    pub(crate) const LISTED: usize = 500;

    /// A run that began at `start`.
    pub(crate) fn new(start: Instant) -> Self {
        Self {
            start,
            at: 0.0,
            chain_id: None,
            agreed_block: None,
            prologue: None,
            derivation: None,
            blocks: Vec::new(),
            epilogue: None,
            dropped: Dropped::default(),
        }
    }

    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        match sight {
            Sight::Started { boot, agreed } => {
                (self.chain_id, self.agreed_block) = (Some(boot.rollup.l2_chain_id), Some(*agreed));
                self.prologue = Some(self.lap());
            }
            Sight::Dropped(event) => self.dropped.add(event),
            Sight::Step(Progress::Derived(_)) => self.derivation = Some(self.lap()),
            Sight::Step(Progress::Executed(block)) => {
                self.block(block.header.number, block.receipts.len() as u64, block.header.gas_used, 0);
            }
            Sight::Step(Progress::Rejected { number }) => self.block(*number, 0, 0, 1),
            Sight::Step(Progress::Judged(_)) => self.epilogue = Some(self.lap()),
        }
    }

    /// The time since the last phase ended, which ends another one.
    fn lap(&mut self) -> f64 {
        let now = millis(self.start.elapsed());
        now - std::mem::replace(&mut self.at, now)
    }

    fn block(&mut self, number: u64, transactions: u64, gas: u64, rejected: u64) {
        let derivation = self.derivation.take().unwrap_or_default();
        let start = self.at - derivation;
        let execution = self.lap();
        let (first, last) = (number, number);
        self.blocks.push(Blocks { first, last, transactions, gas, rejected, start, derivation, execution });
    }

    /// The run is over, after `wall`; `meter` says what nodes were asked, if there were any.
    pub(crate) fn finish(&self, wall: Duration, meter: Option<&Meter>) -> Run {
        let phase = match (self.prologue, self.derivation) {
            (None, _) => "prologue",
            (_, None) => "derivation",
            (_, Some(_)) => "execution",
        };
        Run {
            version: env!("CARGO_PKG_VERSION"),
            chain_id: self.chain_id,
            agreed_block: self.agreed_block,
            milliseconds: millis(wall),
            prologue: self.prologue,
            broken_off: self.epilogue.is_none().then_some((phase, self.at)),
            epilogue: self.epilogue,
            bars: grouped(&self.blocks, Self::BARS),
            blocks: grouped(&self.blocks, Self::LINES),
            methods: meter.map(methods).unwrap_or_default(),
            slowest_calls: meter.map(|meter| self.slowest(meter)).unwrap_or_default(),
            dropped: self.dropped.clone(),
        }
    }

    fn slowest(&self, meter: &Meter) -> Vec<Call> {
        let call = |SlowCall { source, method, calls, sent, took, bytes, retries }| Call {
            source: source.name(),
            method,
            calls,
            start: millis(sent.saturating_duration_since(self.start)),
            milliseconds: millis(took),
            bytes,
            retries,
        };
        meter.slowest().into_iter().map(call).collect()
    }
}

impl Dropped {
    fn add(&mut self, event: &Event) {
        // One event may tell of many that were not kept.
        let number = if let Reason::Lost(number) = event.reason { number } else { 1 };
        let reason = reason(&event.reason);
        if self.first.len() < Record::LISTED {
            let (l1_block, subject) = (event.origin.number, subject(&event.subject));
            self.first.push(Listed { l1_block, subject, reason: reason.clone() });
        }
        *self.by_reason.entry(reason).or_default() += number;
        self.number += number;
    }
}

/// The blocks in at most so many groups.
fn grouped(blocks: &[Blocks], at_most: usize) -> Grouped {
    let by = blocks.len().div_ceil(at_most).max(1);
    let group = |blocks: &[Blocks]| {
        let (mut sum, rest) = (blocks[0], &blocks[1..]);
        rest.iter().for_each(|block| sum += *block);
        sum
    };
    Grouped { by, groups: blocks.chunks(by).map(group).collect() }
}

fn methods(meter: &Meter) -> Vec<Method> {
    let method = |((source, method), traffic): ((SourceKind, _), _)| {
        let Traffic { requests, calls, bytes, retries } = traffic;
        Method { source: source.name(), method, requests, calls, bytes, retries }
    };
    meter.by_method().into_iter().map(method).collect()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Transaction(place) => format!("transaction {place}"),
        Subject::Blob(hash) => format!("blob {hash}"),
        Subject::Datum => "datum".to_owned(),
        Subject::Frame { channel, number } => format!("frame {number} of channel {channel:?}"),
        Subject::Channel(channel) => format!("channel {channel:?}"),
        Subject::Item => "item".to_owned(),
        Subject::Batch { timestamp } => format!("batch of time {timestamp}"),
        Subject::ConfigUpdate => "system config update".to_owned(),
        Subject::Attributes(number) => format!("attributes of block {number}"),
        Subject::Events => "events".to_owned(),
    }
}

/// A reason in words, which are its names in the code: no figures, so that there are few of them however many are dropped.
fn reason(reason: &Reason) -> String {
    let code = format!("{reason:?}");
    let names = code.split(|char: char| !char.is_alphanumeric());
    let names = names.filter(|name| name.starts_with(|char: char| char.is_ascii_uppercase()));
    let words = |name: &str| {
        let apart = |(at, char): (usize, char)| {
            let space = (at > 0 && char.is_ascii_uppercase()).then_some(' ');
            space.into_iter().chain([char.to_ascii_lowercase()])
        };
        name.char_indices().flat_map(apart).collect::<String>()
    };
    names.map(words).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kohala_protocol::{BlockId, FrameError};

    fn block(number: u64) -> Blocks {
        let start = number as f64 * 3.0;
        let (first, last) = (number, number);
        Blocks { first, last, transactions: 2, gas: 10, rejected: 0, start, derivation: 1.0, execution: 2.0 }
    }

    #[test]
    fn blocks_are_grouped_as_few_as_possible_and_none_is_lost() {
        for (blocks, at_most, by, groups) in [(0, 50, 1, 0), (50, 50, 1, 50), (51, 50, 2, 26), (999, 50, 20, 50)] {
            let blocks: Vec<_> = (0..blocks).map(block).collect();
            let grouped = grouped(&blocks, at_most);
            assert_eq!((grouped.by, grouped.groups.len()), (by, groups));
            let gas: u64 = grouped.groups.iter().map(|group| group.gas).sum();
            assert_eq!(gas, 10 * blocks.len() as u64);
            // Each begins where the one before it ends.
            for pair in grouped.groups.windows(2) {
                assert_eq!(pair[0].last + 1, pair[1].first);
                assert_eq!(pair[0].start + pair[0].derivation + pair[0].execution, pair[1].start);
            }
        }
    }

    fn event(reason: Reason) -> Event {
        let origin = BlockId { number: 7, ..BlockId::default() };
        Event { origin, subject: Subject::Datum, reason }
    }

    #[test]
    fn all_that_is_dropped_is_counted_and_the_first_listed() {
        let mut dropped = Dropped::default();
        (0..600).for_each(|size| dropped.add(&event(Reason::Frames(FrameError::TooLong(size)))));
        dropped.add(&event(Reason::NotTheBatcher));
        dropped.add(&event(Reason::Lost(30)));
        assert_eq!((dropped.number, dropped.first.len(), dropped.more()), (631, 500, 131));
        let reasons = [("frames: too long", 600), ("lost", 30), ("not the batcher", 1)];
        assert_eq!(dropped.by_reason, reasons.map(|(reason, number)| (reason.to_owned(), number)).into());
        assert_eq!((dropped.first[0].l1_block, &*dropped.first[0].subject), (7, "datum"));
    }

    #[test]
    fn run_that_is_broken_off_says_in_which_phase() {
        let mut record = Record::new(Instant::now());
        let phase = |record: &Record| record.finish(Duration::ZERO, None).broken_off.map(|(phase, _)| phase);
        assert_eq!(phase(&record), Some("prologue"));
        record.prologue = Some(1.0);
        assert_eq!(phase(&record), Some("derivation"));
        record.derivation = Some(1.0);
        assert_eq!(phase(&record), Some("execution"));
        record.epilogue = Some(1.0);
        assert_eq!(phase(&record), None);
    }
}
