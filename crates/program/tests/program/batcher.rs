//! The batcher that counts where derivation starts is not the one that the agreed block carries (rules Z03).

use crate::{
    spans::{BATCHER, BLOCK_TIME, Key, chain, channel, l1_hash, post},
    support::Recording,
};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bloom, Bytes, Log, b256, keccak256};
use alloy_rlp::Encodable;
use kohala_protocol::{Fork, OutputRootPreimage, Receipt, SystemConfig, l1_info_transaction};

const SUCCESSOR: Key = Key(2);
const CONFIG_UPDATE: B256 = b256!("1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be");

/// L1 block 1 makes the successor the batcher. Block 1, of that origin, is agreed on; block 2 is claimed, and its batch
/// is in a channel of two frames: the first in L1 block 0, the second in L1 block 2.
fn handover(first: Key, second: Key) -> Recording {
    let mut recording = chain(Fork::Granite, &[], 2, B256::ZERO);
    let config = recording.boot.rollup.clone();
    let [l1_0, l1_1, l1_2] = [0, 1, 2].map(|number| l1_hash(&recording.chain, number));
    let inputs = &mut recording.inputs;

    let words = [B256::with_last_byte(32), B256::with_last_byte(32), SUCCESSOR.address().into_word()];
    let topics = vec![CONFIG_UPDATE, B256::ZERO, B256::ZERO];
    let log = Log::new_unchecked(config.l1_system_config_address, topics, words.concat().into());
    let origin = inputs.l1_headers.get_mut(&l1_1).unwrap();
    origin.logs_bloom = Bloom::default();
    origin.logs_bloom.accrue_log(&log);
    let origin = origin.clone();
    inputs.l1_receipts.insert(l1_1, vec![Receipt { succeeded: true, logs: vec![log] }]);

    let carried = SystemConfig { batcher: SUCCESSOR.address(), ..config.genesis.system_config };
    let timestamp = config.genesis.l2_time + BLOCK_TIME;
    let info = l1_info_transaction(&config, &recording.boot.l1, &carried, &origin, 0, timestamp).unwrap();
    let genesis = inputs.l2_headers[&config.genesis.l2.hash].clone();
    let hash = keccak256(b"block 1");
    let mut output: OutputRootPreimage = inputs.outputs[&recording.boot.agreed_output_root];
    output.block_hash = hash;
    let agreed =
        Header { number: 1, parent_hash: config.genesis.l2.hash, timestamp, extra_data: Bytes::new(), ..genesis };
    inputs.l2_headers.insert(hash, agreed);
    inputs.l2_transactions.insert(hash, vec![info]);
    inputs.outputs.insert(output.hash(), output);
    recording.boot.agreed_output_root = output.hash();

    let mut batch = Vec::new();
    hash.encode(&mut batch);
    1u64.encode(&mut batch);
    l1_1.encode(&mut batch);
    (timestamp + BLOCK_TIME).encode(&mut batch);
    Vec::<Bytes>::new().encode(&mut batch);
    let mut item = vec![0];
    alloy_rlp::Header { list: true, payload_length: batch.len() }.encode(&mut item);
    item.extend(batch);
    let channel = channel(&item.into());
    let (start, end) = channel.split_at(channel.len() / 2);
    inputs.l1_transactions.insert(l1_0, vec![post(&config, first, 1, (0, start, false))]);
    inputs.l1_transactions.insert(l1_2, vec![post(&config, second, 1, (1, end, true))]);
    recording
}

#[test]
fn frames_count_by_the_batcher_of_their_own_l1_block() {
    for (first, second, reached) in
        [(BATCHER, SUCCESSOR, 2), (SUCCESSOR, SUCCESSOR, 1), (BATCHER, BATCHER, 1), (SUCCESSOR, BATCHER, 1)]
    {
        let verdict = handover(first, second).verdict();
        assert_eq!(verdict.block_number, reached, "{} {}", first.0, second.0);
    }
}
