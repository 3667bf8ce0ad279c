use crate::{chain, frames, script::Script};
use alloy_primitives::Bytes;
use kohala_derive::{L1Block, Need, Pipeline, Reason, Step, Subject};
use kohala_protocol::{ChannelError, ChannelId, Fork, Frame};
use std::{collections::BTreeMap, sync::Arc};

/// The channels that came out, each with its first byte, and those that timed out.
type Outcome = Vec<(ChannelId, Option<Option<u8>>)>;

/// The L1 block with which Holocene begins on the chain that crosses it.
const HOLOCENE_AT: u64 = 4;

/// Frames of few channels in any order over some L1 blocks: exactly those channels come out that the rules name, in
/// their order, before Canyon, from Canyon on, from Holocene on and across Holocene's activation.
///
/// No channel has a known compression, so that each one is seen in the event that it ends with.
pub fn channel_assembly(input: &[u8]) {
    let mut script = Script::new(input);
    let later = (Fork::Holocene, chain::GENESIS_TIME + HOLOCENE_AT * chain::L1_BLOCK_TIME);
    let (fork, later) =
        [(Fork::Regolith, None), (Fork::Fjord, None), (Fork::Jovian, None), (Fork::Fjord, Some(later))][script.pick(4)];
    let mut config = chain::config(fork, later);
    config.seq_window_size = 1_000_000;
    let start = chain::start(&config);
    let mut pipeline = Pipeline::new(Arc::new(config.clone()), Arc::new(chain::l1_config()), start);
    let mut model = Model::default();

    let mut number = 1;
    while !script.is_empty() && number < 200 {
        let data: Vec<Vec<Frame>> = (0..script.pick(3)).map(|_| datum(&mut script)).collect();
        // Time passes, so that channels time out.
        let idle = if script.rarely(6) { 1 + script.pick(60) as u64 } else { 0 };
        let blocks = core::iter::once(data).chain((0..idle).map(|_| Vec::new()));
        for data in blocks {
            assert_eq!(pipeline.step(), Step::Need(Need::L1Block { number }));
            let transactions = data.iter().map(|frames| chain::carrier(&frames::encode(frames))).collect();
            let header = chain::l1_header(number);
            model.fork = (Fork::ALL.into_iter()).rfind(|fork| config.is_active(*fork, header.timestamp));
            pipeline.provide_l1_block(L1Block { header, transactions, receipts: None, senders: None }).expect("as asked");
            number += 1;
            assert_eq!(pipeline.step(), Step::Need(Need::L1Block { number }));
            let outcome: Outcome = pipeline.events().filter_map(|event| end(&event.subject, &event.reason)).collect();
            assert_eq!(outcome, model.block(number - 1, data));
        }
    }
}

/// Up to eight frames.
fn datum(script: &mut Script<'_>) -> Vec<Frame> {
    let frame = |script: &mut Script<'_>| {
        let [what, content] = script.array();
        Frame {
            id: ChannelId([what >> 6; 16]),
            number: u16::from(what >> 1 & 7).min(5),
            data: vec![content & 0xf0 | 2; usize::from(content & 3)].into(),
            is_last: what & 1 == 1,
        }
    };
    (0..1 + script.pick(8)).map(|_| frame(script)).collect()
}

/// How a channel ended, if the event says so.
fn end(subject: &Subject, reason: &Reason) -> Option<(ChannelId, Option<Option<u8>>)> {
    let Subject::Channel(id) = subject else { return None };
    match reason {
        Reason::Channel(ChannelError::Compression(first)) => Some((*id, Some(Some(*first)))),
        Reason::Channel(ChannelError::Empty) => Some((*id, Some(None))),
        Reason::TimedOut => Some((*id, None)),
        Reason::Replaced | Reason::Holocene => None,
        other => panic!("{other:?}"),
    }
}

/// The rules, D20 to D34, one after the other. What is pruned for its size is too long for a fuzzer.
#[derive(Default)]
struct Model {
    fork: Option<Fork>,
    /// In order of their first frame. From Holocene on at most one.
    open: Vec<Open>,
    is_holocene: bool,
}

struct Open {
    id: ChannelId,
    since: u64,
    frames: BTreeMap<u16, Bytes>,
    end: Option<u16>,
}

impl Open {
    fn is_ready(&self) -> bool {
        self.end.is_some_and(|end| (0..=end).all(|number| self.frames.contains_key(&number)))
    }

    fn completed(self) -> (ChannelId, Option<Option<u8>>) {
        let first = self.frames.values().find_map(|data| data.first().copied());
        (self.id, Some(first))
    }
}

impl Model {
    fn block(&mut self, number: u64, data: Vec<Vec<Frame>>) -> Outcome {
        let is_active = |fork| self.fork >= Some(fork);
        let timeout = if is_active(Fork::Granite) { 50 } else { chain::CHANNEL_TIMEOUT };
        let is_canyon = is_active(Fork::Canyon);
        if is_active(Fork::Holocene) && !self.is_holocene {
            self.open.clear();
            self.is_holocene = true;
        }
        let mut outcome = Vec::new();
        self.read(number, timeout, is_canyon, &mut outcome);
        for frames in data {
            for frame in if self.is_holocene { pruned(frames) } else { frames } {
                if self.is_holocene {
                    self.assemble(frame, number, &mut outcome);
                } else {
                    self.ingest(frame, number, timeout);
                    self.read(number, timeout, is_canyon, &mut outcome);
                }
            }
        }
        outcome
    }

    /// Everything that happens before the next frame: heads time out, channels are read.
    fn read(&mut self, number: u64, timeout: u64, is_canyon: bool, outcome: &mut Outcome) {
        loop {
            while self.open.first().is_some_and(|open| open.since + timeout < number) {
                outcome.push((self.open.remove(0).id, None));
            }
            let is_readable = |open: &Open| open.is_ready() && open.since + timeout >= number;
            let count = if is_canyon { self.open.len() } else { self.open.len().min(1) };
            let Some(place) = self.open[..count].iter().position(is_readable) else { return };
            outcome.push(self.open.remove(place).completed());
        }
    }

    fn ingest(&mut self, frame: Frame, number: u64, timeout: u64) {
        let place = self.open.iter().position(|open| open.id == frame.id).unwrap_or_else(|| {
            self.open.push(Open { id: frame.id, since: number, frames: BTreeMap::new(), end: None });
            self.open.len() - 1
        });
        let open = &mut self.open[place];
        let is_closed_again = frame.is_last && open.end.is_some();
        let is_beyond = open.end.is_some_and(|end| frame.number >= end);
        if open.since + timeout < number || is_closed_again || is_beyond || open.frames.contains_key(&frame.number) {
            return;
        }
        if frame.is_last {
            open.end = Some(frame.number);
            open.frames.retain(|number, _| *number < frame.number);
        }
        open.frames.insert(frame.number, frame.data);
    }

    fn assemble(&mut self, frame: Frame, number: u64, outcome: &mut Outcome) {
        if frame.number == 0 {
            self.open = vec![Open { id: frame.id, since: number, frames: BTreeMap::new(), end: None }];
        }
        let Some(open) = self.open.first_mut() else { return };
        if open.id != frame.id || open.frames.len() != usize::from(frame.number) {
            return;
        }
        open.frames.insert(frame.number, frame.data);
        if frame.is_last {
            outcome.extend(self.open.pop().map(Open::completed));
        }
    }
}

/// Looks at adjacent frames until nothing changes that comes before the cursor (D30).
fn pruned(mut frames: Vec<Frame>) -> Vec<Frame> {
    let mut at = 0;
    while at + 1 < frames.len() {
        let (current, next) = (&frames[at], &frames[at + 1]);
        let is_same = current.id == next.id;
        let follows = !current.is_last && next.number == current.number + 1;
        if (is_same && !follows) || (!is_same && next.number != 0) {
            frames.remove(at + 1);
        } else if !is_same && !current.is_last {
            frames.remove(at);
            at = at.saturating_sub(1);
        } else {
            at += 1;
        }
    }
    frames
}
