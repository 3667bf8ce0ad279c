use alloy_consensus::{Transaction, TxEnvelope};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::Bytes;
use kohala_protocol::{
    Batch, ChannelId, ChannelReader, Fork, Frame, RollupConfig, SpanContext, decode_blob, parse_frames,
};
use kohala_testdata::{CHAINS, Chain, L1Record, chain};
use std::collections::{BTreeMap, HashMap};

/// The data that the batch inbox got in a block, in order.
fn data(chain: &Chain, block: &L1Record, config: &RollupConfig) -> Vec<Bytes> {
    let mut data = Vec::new();
    for bytes in &block.transactions {
        let transaction = TxEnvelope::decode_2718(&mut &bytes[..]).unwrap();
        if transaction.to() != Some(config.batch_inbox_address) {
            continue;
        }
        match transaction.blob_versioned_hashes() {
            Some(hashes) => data.extend(hashes.iter().map(|hash| decode_blob(&chain.blobs[hash].data).unwrap())),
            None => data.push(transaction.input().clone()),
        }
    }
    data
}

/// What a channel says of its blocks: times and transactions.
fn blocks(frames: BTreeMap<u16, Frame>, config: &RollupConfig, is_span: &mut [usize; 2]) -> Vec<(u64, Vec<Bytes>)> {
    let context = SpanContext {
        genesis_time: config.genesis.l2_time,
        block_time: config.block_time,
        chain_id: config.l2_chain_id,
    };
    let data = frames.into_values().map(|frame| frame.data).collect();
    let mut reader = ChannelReader::new(data, 100_000_000, true).unwrap();
    let mut blocks = Vec::new();
    while let Some(item) = reader.next_item() {
        match Batch::decode(item.unwrap(), &context).unwrap() {
            Batch::Singular(batch) => {
                is_span[0] += 1;
                blocks.push((batch.timestamp, batch.transactions.slices().collect()));
            }
            Batch::Span(span) => {
                is_span[1] += 1;
                blocks.extend((0..span.len()).map(|index| (span.timestamp(index), span.transactions(index).collect())));
            }
        }
    }
    blocks
}

#[test]
fn channels_hold_the_transactions_of_the_blocks_that_op_node_derived() {
    let mut batches = [0, 0];
    for name in CHAINS {
        let chain = chain(name);
        let config = RollupConfig::from_json(&chain.rollup_json).unwrap();
        assert!(config.is_active(Fork::Fjord, config.genesis.l2_time));
        let expected: HashMap<u64, Vec<Bytes>> = (chain.l2.iter())
            .map(|block| {
                let transactions = block.transactions.iter().filter(|bytes| bytes[0] != 0x7e).cloned().collect();
                (config.genesis.l2_time + block.number * config.block_time, transactions)
            })
            .collect();

        let mut channels: BTreeMap<ChannelId, BTreeMap<u16, Frame>> = BTreeMap::new();
        let mut found = 0;
        for datum in chain.l1.iter().flat_map(|block| data(&chain, block, &config)) {
            for frame in parse_frames(&datum).unwrap() {
                channels.entry(frame.id).or_default().insert(frame.number, frame);
            }
        }
        let is_complete = |frames: &BTreeMap<u16, Frame>| {
            let (number, last) = frames.last_key_value().unwrap();
            last.is_last && frames.len() == usize::from(*number) + 1
        };
        for frames in channels.into_values().filter(is_complete) {
            for (timestamp, transactions) in blocks(frames, &config, &mut batches) {
                if let Some(expected) = expected.get(&timestamp) {
                    assert_eq!(&transactions, expected, "{name}, block at {timestamp}");
                    found += 1;
                }
            }
        }
        assert!(found + 1 >= expected.len(), "{name}: {found} of {} blocks", expected.len());
    }
    assert!(batches.iter().all(|count| *count > 0), "both kinds of batches: {batches:?}");
}
