//! One channel, from its compressed bytes to all batches with all transactions.

use alloy_primitives::{B256, Bytes, FixedBytes};
use kohala_protocol::{Batch, ChannelReader, SpanContext};
use kona_genesis::{ChainGenesis, HardForkConfig, RollupConfig as KonaConfig};
use kona_protocol::{Batch as KonaBatch, BatchReader, SingleBatch, SpanBatch as KonaSpanBatch};
use std::io::Write;

/// Most bytes that a channel may decompress to, from Fjord on.
const LIMIT: u64 = 100_000_000;

/// A channel and what both sides need to read it.
pub(crate) struct Channel {
    bytes: Bytes,
    context: SpanContext,
    kona: KonaConfig,
}

/// What our side makes of a channel: each batch, and the transactions of each block of it if it is a span.
type Batches = Vec<(Batch, Vec<Vec<Bytes>>)>;

/// How a channel is compressed.
#[derive(Clone, Copy)]
pub(crate) enum Compression {
    Zlib,
    Brotli,
}

/// How big a channel is.
pub(crate) struct Size {
    pub(crate) compressed: usize,
    pub(crate) decompressed: usize,
    pub(crate) blocks: usize,
    pub(crate) transactions: usize,
}

impl Channel {
    pub(crate) fn new(bytes: Vec<u8>, context: SpanContext) -> Self {
        let kona = KonaConfig {
            genesis: ChainGenesis { l2_time: context.genesis_time, ..ChainGenesis::default() },
            block_time: context.block_time,
            l2_chain_id: context.chain_id.into(),
            hardforks: HardForkConfig { fjord_time: Some(0), ..HardForkConfig::default() },
            ..KonaConfig::default()
        };
        Self { bytes: bytes.into(), context, kona }
    }

    /// One channel of `items`, each an encoded batch.
    pub(crate) fn of_items(items: &[Vec<u8>], compression: Compression, context: SpanContext) -> Self {
        let mut stream = Vec::new();
        items.iter().for_each(|item| alloy_rlp::Encodable::encode(&item[..], &mut stream));
        Self::new(compression.compress(&stream), context)
    }

    pub(crate) const fn context(&self) -> &SpanContext {
        &self.context
    }

    pub(crate) fn size(&self) -> Size {
        let plain = plain_ours(&self.ours());
        let blocks: Vec<_> = plain.into_iter().flat_map(|batch| batch.blocks).collect();
        Size {
            compressed: self.bytes.len(),
            decompressed: self.items().iter().map(|item| alloy_rlp::Encodable::length(&item[..])).sum(),
            blocks: blocks.len(),
            transactions: blocks.iter().map(|block| block.transactions.len()).sum(),
        }
    }

    /// The encoded batches.
    pub(crate) fn items(&self) -> Vec<Vec<u8>> {
        let mut reader = self.reader();
        let items = std::iter::from_fn(|| reader.next_item());
        items.map(|item| item.expect("a whole channel").to_vec()).collect()
    }

    /// Panics unless both sides read the same out of the channel.
    pub(crate) fn agree(&self) {
        let (ours, theirs) = (plain_ours(&self.ours()), plain_kona(&self.kona()));
        assert!(!ours.is_empty() && ours == theirs, "both read the same batches");
    }

    fn reader(&self) -> ChannelReader {
        ChannelReader::new(vec![self.bytes.clone()], LIMIT, true).expect("a channel")
    }

    pub(crate) fn ours(&self) -> Batches {
        let mut reader = self.reader();
        let mut batches = Vec::new();
        while let Some(item) = reader.next_item() {
            let batch = Batch::decode(item.expect("a whole channel"), &self.context).expect("a batch");
            let blocks = match &batch {
                Batch::Singular(batch) => vec![batch.transactions.slices().collect()],
                Batch::Span(span) => (0..span.len()).map(|block| span.transactions(block).collect()).collect(),
            };
            batches.push((batch, blocks));
        }
        batches
    }

    pub(crate) fn kona(&self) -> Vec<KonaBatch> {
        let mut reader = BatchReader::new(&self.bytes[..], LIMIT as usize);
        std::iter::from_fn(|| reader.next_batch(&self.kona)).collect()
    }
}

impl Compression {
    /// As the batcher compresses by its default settings.
    fn compress(self, stream: &[u8]) -> Vec<u8> {
        match self {
            Self::Zlib => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
                encoder.write_all(stream).and_then(|()| encoder.finish()).expect("memory takes everything")
            }
            Self::Brotli => {
                let mut channel = vec![1];
                let params =
                    brotli::enc::BrotliEncoderParams { quality: 10, ..brotli::enc::BrotliEncoderParams::default() };
                brotli::BrotliCompress(&mut &stream[..], &mut channel, &params).expect("memory takes everything");
                channel
            }
        }
    }
}

/// A batch of either side.
#[derive(Debug, PartialEq, Eq)]
struct Plain {
    /// The parent's hash, cut to 20 bytes in a span.
    parent: Bytes,
    /// The hash of the last block's L1 origin, cut to 20 bytes in a span.
    l1_origin: Bytes,
    blocks: Vec<PlainBlock>,
}

#[derive(Debug, PartialEq, Eq)]
struct PlainBlock {
    timestamp: u64,
    l1_origin: u64,
    transactions: Vec<Bytes>,
}

fn plain_ours(batches: &Batches) -> Vec<Plain> {
    let plain = |(batch, blocks): &(Batch, Vec<Vec<Bytes>>)| match batch {
        Batch::Singular(batch) => {
            plain_singular(batch.parent_hash, batch.epoch.hash, batch.timestamp, batch.epoch.number, &blocks[0])
        }
        Batch::Span(span) => Plain {
            parent: Bytes::copy_from_slice(span.parent_check()),
            l1_origin: Bytes::copy_from_slice(span.l1_origin_check()),
            blocks: blocks
                .iter()
                .enumerate()
                .map(|(index, transactions)| PlainBlock {
                    timestamp: span.timestamp(index),
                    l1_origin: span.origin_number(index),
                    transactions: transactions.clone(),
                })
                .collect(),
        },
    };
    batches.iter().map(plain).collect()
}

fn plain_kona(batches: &[KonaBatch]) -> Vec<Plain> {
    let plain = |batch: &KonaBatch| match batch {
        KonaBatch::Single(batch) => {
            plain_singular(batch.parent_hash, batch.epoch_hash, batch.timestamp, batch.epoch_num, &batch.transactions)
        }
        KonaBatch::Span(span) => {
            let blocks = span.batches.iter().map(|block| PlainBlock {
                timestamp: block.timestamp,
                l1_origin: block.epoch_num,
                transactions: block.transactions.clone(),
            });
            let bytes = |check: FixedBytes<20>| Bytes::copy_from_slice(&check[..]);
            Plain { parent: bytes(span.parent_check), l1_origin: bytes(span.l1_origin_check), blocks: blocks.collect() }
        }
    };
    batches.iter().map(plain).collect()
}

fn plain_singular(parent: B256, l1_origin: B256, timestamp: u64, number: u64, transactions: &[Bytes]) -> Plain {
    let block = PlainBlock { timestamp, l1_origin: number, transactions: transactions.to_vec() };
    Plain { parent: parent.into(), l1_origin: l1_origin.into(), blocks: vec![block] }
}

/// A span batch of singular ones, put together by kona: neither side's reader is tested with our own writer.
pub(crate) fn span_item(blocks: impl IntoIterator<Item = SingleBatch>, context: &SpanContext) -> Vec<u8> {
    let mut span = KonaSpanBatch {
        genesis_timestamp: context.genesis_time,
        chain_id: context.chain_id,
        ..KonaSpanBatch::default()
    };
    for block in blocks {
        // The first block's origin bit says nothing that the reader needs.
        span.append_singular_batch(block, 1).expect("a recorded block");
    }
    encode(&KonaBatch::Span(span))
}

/// A singular batch, put together by kona.
pub(crate) fn singular_item(block: SingleBatch) -> Vec<u8> {
    encode(&KonaBatch::Single(block))
}

fn encode(batch: &KonaBatch) -> Vec<u8> {
    let mut item = Vec::new();
    batch.encode(&mut item).expect("a batch of recorded blocks");
    item
}
