//! Times of single parts on recorded chains and on random tries. Figures of whole claims come from `cargo xtask bench`
//! without `--micro`; nothing here is a test.

mod recording;

use alloy_primitives::{B256, keccak256};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kohala_host::Store;
use kohala_protocol::{Batch, ChannelReader, SpanContext};
use kohala_trie::{NodeSource, Trie, list};
use recording::{Recording, Witness};
use std::convert::Infallible;

/// A trie that was built here is never asked for.
struct Nowhere;

impl NodeSource for Nowhere {
    type Error = Infallible;

    fn node(&mut self, hash: B256) -> Result<alloy_primitives::Bytes, Infallible> {
        unreachable!("every node is open, {hash} too")
    }
}

/// Inserts a key; the value is as long as an account's leaf.
fn insert(trie: &mut Trie, key: u64, version: u64) {
    let value = [keccak256(version.to_be_bytes()).0, [7; 32]].concat();
    let Ok(()) = trie.insert(&keccak256(key.to_be_bytes()), &value, &mut Nowhere).map(drop) else { unreachable!() };
}

fn trie(c: &mut Criterion) {
    const KEYS: u64 = 100_000;
    let build = || {
        let mut trie = Trie::empty();
        (0..KEYS).for_each(|key| insert(&mut trie, key, 0));
        trie
    };
    let mut group = c.benchmark_group("trie");
    group.sample_size(10);
    group.bench_function("insert 100,000 keys, then root", |b| b.iter(|| build().root()));
    group.bench_function("one key into an open trie of 100,000, then root", |b| {
        let mut open = build();
        open.root();
        let mut version = 0;
        b.iter(|| {
            version += 1;
            insert(&mut open, version * 7 % KEYS, version);
            open.root()
        });
    });
    let transactions: Vec<_> = (0..1_000u64).map(|index| [keccak256(index.to_be_bytes()).0; 5].concat()).collect();
    group.bench_function("list root of 1,000 transactions of 160 bytes", |b| {
        b.iter(|| list::list_root(transactions.iter().map(|transaction| &transaction[..])));
    });
    group.finish();
}

fn channels(c: &mut Criterion) {
    let mut group = c.benchmark_group("channels");
    for name in ["main", "full"] {
        let recording = Recording::load(name);
        let config = &recording.config;
        let (chain_id, block_time) = (config.l2_chain_id, config.block_time);
        let context = SpanContext { genesis_time: config.genesis.l2_time, block_time, chain_id };
        let channels = recording.channels();
        // Bytes that come out, transactions of span batches included.
        let read = || {
            let mut bytes = 0;
            for channel in &channels {
                let mut reader = ChannelReader::new(channel.clone(), 100_000_000, true).expect("a recorded channel");
                while let Some(item) = reader.next_item() {
                    let item = item.expect("a recorded batch");
                    bytes += item.len();
                    match Batch::decode(item, &context).expect("a recorded batch") {
                        Batch::Singular(_) => {}
                        Batch::Span(span) => (0..span.len()).for_each(|block| span.transactions(block).for_each(drop)),
                    }
                }
            }
            bytes
        };
        group.throughput(Throughput::Bytes(read() as u64));
        group.bench_function(format!("all {} of {name} to transactions", channels.len()), |b| b.iter(read));
    }
    group.finish();
}

fn derivation(c: &mut Criterion) {
    let mut group = c.benchmark_group("derivation");
    group.sample_size(20);
    for name in ["main", "staged"] {
        let mut recording = Recording::load(name);
        let blocks = recording.derive_all();
        group.bench_function(format!("all {blocks} blocks of {name}"), |b| b.iter(|| recording.derive_all()));
    }
    group.finish();
}

fn execution(c: &mut Criterion) {
    let recording = Recording::load("main");
    let store = Store::open(kohala_testdata::path("chains/main/preimages.kohala")).expect("the chain's preimages");
    let mut witness = Witness(store.load().expect("sound preimages"));
    let attributes: Vec<_> = (61..=110).map(|number| recording.attributes(number)).collect();
    let mut group = c.benchmark_group("execution");
    group.sample_size(20).throughput(Throughput::Elements(50));
    group.bench_function("blocks 60 to 110 of main", |b| {
        b.iter_batched_ref(
            || recording.state(60),
            |state| {
                for attributes in &attributes {
                    state.execute(attributes, &mut witness).expect("a recorded block");
                }
                assert_eq!(state.head().hash(), recording.chain.l2[110].hash);
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(micro, trie, channels, derivation, execution);
criterion_main!(micro);
