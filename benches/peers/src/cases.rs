//! What is measured.

use crate::{
    chain::Recording,
    channel::{Channel, Compression, singular_item, span_item},
    derivation::Derivation,
    execution::Execution,
};
use alloy_primitives::B256;
use kohala_protocol::SpanContext;
use kohala_testdata::sepolia;
use kona_protocol::SingleBatch;
use rayon::ThreadPoolBuilder;
use std::{fs, path::Path, rc::Rc, sync::Arc};

/// How many recorded blocks the big channels hold.
const BLOCKS: usize = 143;

/// Compressed size of the small channel.
const SMALL: usize = 2_000;

/// One thing that both sides do.
pub struct Case {
    /// Its group, and its place there: how `kohala-peers run` is told of it.
    pub place: (&'static str, usize),
    /// What it is, and how much of it.
    pub name: String,
    /// What a second is a rate of, and how many of that one run is.
    pub rate: (&'static str, f64),
    /// What we hold ourselves to.
    pub bars: Bars,
    /// Whether our side uses two threads: then it is by the clock on the wall that the two are compared.
    pub two_threads: bool,
    /// Whether its instructions are counted.
    pub instructions: bool,
    pub(crate) ours: Box<dyn Fn()>,
    pub(crate) kona: Box<dyn Fn()>,
}

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Kohala.
    Ours,
    /// Kona, or the peer that the case's name says.
    Kona,
}

/// What a case should reach.
#[derive(Clone, Copy, Default)]
pub struct Bars {
    /// Kona's time over ours, at least.
    pub speed: Option<f64>,
    /// Our allocations over kona's, at most.
    pub allocations: Option<f64>,
    /// Our peak of memory in bytes, at most.
    pub peak: Option<u64>,
}

impl Case {
    fn at(self, group: &'static str, index: usize) -> Self {
        Self { place: (group, index), ..self }
    }

    /// Does it once.
    pub fn run(&self, side: Side) {
        match side {
            Side::Ours => (self.ours)(),
            Side::Kona => (self.kona)(),
        }
    }
}

/// What the cases are about, in the order of the table.
const GROUPS: [&str; 4] = ["channels", "derivation", "trie", "execution"];

/// The cases that a program's arguments ask for: `all` or a group, and then, for channels, a file with the channel that
/// kona's own tests read, in hexadecimal. Both sides' answers have been compared.
///
/// # Panics
/// If the answers differ, or there is no such group.
pub fn cases(arguments: &[&str]) -> Vec<Case> {
    let [group, channel @ ..] = arguments else { panic!("give `all` or one of {GROUPS:?}") };
    let of = |group: &str| match group {
        "channels" => channels(channel.first().map(Path::new)),
        "derivation" => vec![derivation()],
        "trie" => crate::trie::cases(),
        "execution" => execution(),
        other => panic!("{other} is none of {GROUPS:?}"),
    };
    let asked = GROUPS.into_iter().filter(|name| group == name || *group == "all");
    let cases: Vec<_> =
        asked.flat_map(|group| (0..).zip(of(group)).map(move |(index, case)| case.at(group, index))).collect();
    assert!(!cases.is_empty(), "{group} is none of {GROUPS:?}");
    cases
}

/// Channels, with kona's own before the recorded ones if there is a file of it.
fn channels(kona_channel: Option<&Path>) -> Vec<Case> {
    let tenth = Some(0.1);
    let zlib = Bars { speed: Some(2.0), allocations: tenth, peak: None };
    let brotli = Bars { speed: Some(6.0), ..zlib };
    let small = Bars { speed: Some(300.0), allocations: None, peak: Some(200_000) };

    let mut cases = Vec::new();
    if let Some(file) = kona_channel {
        let channel = published_channel(file);
        let items = channel.items();
        let again = Channel::of_items(&items, Compression::Brotli, *channel.context());
        cases.push(channel_case("kona's channel, span, zlib", channel, zlib));
        cases.push(channel_case("the same, brotli", again, brotli));
    }
    let recording = Recording::load();
    let context = SpanContext {
        genesis_time: recording.config.genesis.l2_time,
        block_time: recording.config.block_time,
        chain_id: recording.config.l2_chain_id,
    };
    let blocks = (1..=BLOCKS).map(|number| singular(&recording, number));
    let span = [span_item(blocks.clone(), &context)];
    let singular: Vec<_> = blocks.clone().map(singular_item).collect();
    let of = |items: &[Vec<u8>], compression| Channel::of_items(items, compression, context);
    cases.push(channel_case("recorded blocks, span, zlib", of(&span, Compression::Zlib), zlib));
    cases.push(channel_case("recorded blocks, span, brotli", of(&span, Compression::Brotli), brotli));
    // The bars are those of spans: there is little in a singular batch to do better.
    cases.push(channel_case("recorded blocks, singular, zlib", of(&singular, Compression::Zlib), Bars::default()));
    let first = |count| of(&[span_item(blocks.clone().take(count), &context)], Compression::Brotli);
    let small_channel = (1..=BLOCKS).map(first).find(|channel| channel.size().compressed >= SMALL);
    cases.push(channel_case("a small channel, span, brotli", small_channel.expect("more blocks"), small));
    cases
}

/// The blocks of OP Sepolia together with one thread and with two, and the largest alone.
fn execution() -> Vec<Case> {
    let blocks: Arc<Vec<_>> = Arc::new(sepolia::blocks().into_iter().map(Execution::new).collect());
    let gas: Vec<(u64, u64)> = blocks.iter().map(Execution::agree).collect();
    let all = 0..blocks.len();
    let largest = gas.iter().position(|(number, _)| *number == 26_208_384).expect("one of them");
    let fifth = Some(0.2);
    let case = |name: &str, range: std::ops::Range<usize>, two_threads, bars| {
        let gas = gas[range.clone()].iter().map(|(_, gas)| *gas).sum::<u64>() as f64 / 1e6;
        let (ours, kona) = ((blocks.clone(), range.clone()), (blocks.clone(), range.clone()));
        let pool = ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
        let run = move || ours.0[ours.1.clone()].iter().for_each(|block| assert_ne!(block.ours(), B256::ZERO));
        Case {
            place: <_>::default(),
            name: format!("{name}, {gas:.1} Mgas"),
            rate: ("Mgas/s", gas),
            bars,
            two_threads,
            instructions: range.len() == 1,
            ours: if two_threads { Box::new(move || pool.install(&run)) } else { Box::new(run) },
            kona: Box::new(move || {
                kona.0[kona.1.clone()].iter().for_each(|block| assert_ne!(block.kona(), B256::ZERO))
            }),
        }
    };
    vec![
        case("8 blocks of OP Sepolia", all.clone(), false, Bars { speed: Some(1.8), allocations: fifth, peak: None }),
        case("the same on two threads", all, true, Bars { speed: Some(2.5), ..Bars::default() }),
        case(
            "block 26208384 of OP Sepolia",
            largest..largest + 1,
            false,
            Bars { allocations: fifth, ..Bars::default() },
        ),
    ]
}

/// All blocks of a recorded chain.
fn derivation() -> Case {
    let derivation = Rc::new(Derivation::load());
    derivation.agree();
    let (ours, kona) = (derivation.clone(), derivation.clone());
    let blocks = derivation.blocks();
    Case {
        place: <_>::default(),
        name: format!("derivation of {blocks} blocks"),
        rate: ("blocks/s", blocks as f64),
        bars: Bars::default(),
        two_threads: false,
        instructions: true,
        ours: Box::new(move || ours.ours(drop)),
        kona: Box::new(move || kona.kona(drop)),
    }
}

fn channel_case(name: &str, channel: Channel, bars: Bars) -> Case {
    channel.agree();
    let size = channel.size();
    let channel = Rc::new(channel);
    let (ours, kona) = (channel.clone(), channel);
    let count = |number: usize, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
    Case {
        place: <_>::default(),
        name: format!(
            "{name}: {}, {}, {} bytes of {}",
            count(size.blocks, "block"),
            count(size.transactions, "transaction"),
            size.compressed,
            size.decompressed
        ),
        rate: ("MB/s", size.decompressed as f64 / 1e6),
        bars,
        two_threads: false,
        instructions: false,
        ours: Box::new(move || drop(ours.ours())),
        kona: Box::new(move || drop(kona.kona())),
    }
}

/// The channel of kona's own tests; what chain it is of doesn't matter.
fn published_channel(file: &Path) -> Channel {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let bytes = alloy_primitives::hex::decode(text.trim()).expect("hexadecimal");
    Channel::new(bytes, SpanContext { genesis_time: 0, block_time: 2, chain_id: 10 })
}

/// A recorded block as the batcher would post it.
fn singular(recording: &Recording, number: usize) -> SingleBatch {
    let (record, head) = (&recording.chain.l2[number], &recording.safe_heads[number].info);
    let deposit = |transaction: &&alloy_primitives::Bytes| transaction.first() == Some(&0x7e);
    SingleBatch {
        parent_hash: head.block.parent_hash,
        epoch_num: head.l1_origin.number,
        epoch_hash: head.l1_origin.hash,
        timestamp: head.block.timestamp,
        transactions: record.transactions.iter().skip_while(deposit).cloned().collect(),
    }
}
