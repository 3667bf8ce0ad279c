//! A recorded chain as the source of derivation and of execution, without checks: the tests have made them.

use alloy_consensus::{Header, Sealed, Transaction, TxEnvelope};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::Decodable;
use kohala_derive::{Batcher, IndexedBlobHash, L1Block, L2Block, Pipeline, SafeHead, Source, Start, next_attributes};
use kohala_execute::{State, StateSource};
use kohala_preimage::{Key, Preimages};
use kohala_protocol::{
    Attributes, BlockId, BlockInfo, ChannelId, Eip1559Params, Frame, L1ChainConfig, L1Header, L2BlockInfo,
    L2BlockParts, Receipt, RollupConfig, SystemConfig, decode_blob, may_hold_deposits_or_config, parse_frames,
};
use kohala_testdata::Chain;
use kohala_trie::NodeSource;
use std::{collections::BTreeMap, convert::Infallible, ops::RangeInclusive, sync::Arc};

pub(crate) struct Recording {
    pub(crate) chain: Chain,
    pub(crate) config: Arc<RollupConfig>,
    l1: Arc<L1ChainConfig>,
    /// By number, as derivation takes them in.
    l1_blocks: Vec<L1Block>,
    /// By number.
    safe_heads: Vec<SafeHead>,
}

impl Recording {
    pub(crate) fn load(name: &str) -> Self {
        let chain = kohala_testdata::chain(name);
        let config = Arc::new(RollupConfig::from_json(&chain.rollup_json).expect("a recorded configuration"));
        let l1 = Arc::new(L1ChainConfig::from_json(&chain.l1_config_json).expect("a recorded configuration"));
        let l1_blocks = (0..chain.l1.len()).map(|number| l1_block(&chain, number, &config)).collect();
        let safe_heads = (0..chain.l2.len()).map(|number| safe_head(&chain, number, &config)).collect();
        Self { chain, config, l1, l1_blocks, safe_heads }
    }

    /// Derives every block from genesis on; their number.
    pub(crate) fn derive_all(&mut self) -> usize {
        let safe_head = self.safe_heads[0];
        let origin = self.l1_blocks[safe_head.info.l1_origin.number as usize].clone();
        let start = Start { safe_head, origin, batcher: Batcher(safe_head.system_config.batcher) };
        let mut pipeline = Pipeline::new(self.config.clone(), self.l1.clone(), start);
        let last = self.safe_heads.len() - 1;
        for number in 1..=last {
            let Ok(Some(attributes)) = next_attributes(&mut pipeline, self) else {
                panic!("block {number} is derived")
            };
            assert_eq!(attributes.number(), number as u64);
            pipeline.accept(self.safe_heads[number]);
        }
        last
    }

    /// The frames' data of every whole channel.
    pub(crate) fn channels(&self) -> Vec<Vec<Bytes>> {
        let mut channels: BTreeMap<ChannelId, BTreeMap<u16, Frame>> = BTreeMap::new();
        for data in self.chain.l1.iter().flat_map(|block| &block.transactions).flat_map(|bytes| self.inbox(bytes)) {
            for frame in parse_frames(&data).expect("recorded frames") {
                channels.entry(frame.id).or_default().insert(frame.number, frame);
            }
        }
        let is_whole = |frames: &BTreeMap<u16, Frame>| {
            frames.last_key_value().is_some_and(|(number, last)| last.is_last && frames.len() > usize::from(*number))
        };
        let channels = channels.into_values().filter(is_whole);
        channels.map(|frames| frames.into_values().map(|frame| frame.data).collect()).collect()
    }

    /// What a transaction brings to the batch inbox.
    fn inbox(&self, transaction: &[u8]) -> Vec<Bytes> {
        let transaction = TxEnvelope::decode_2718_exact(transaction).expect("a recorded transaction");
        if transaction.to() != Some(self.config.batch_inbox_address) {
            return Vec::new();
        }
        let Some(hashes) = transaction.blob_versioned_hashes() else { return vec![transaction.input().clone()] };
        hashes.iter().map(|hash| decode_blob(&self.chain.blobs[hash].data).expect("a recorded blob")).collect()
    }

    /// What makes the block `number`, on a chain that begins with Jovian.
    pub(crate) fn attributes(&self, number: usize) -> Attributes {
        let (parent, record) = (&self.chain.l2[number - 1], &self.chain.l2[number]);
        let header = header(&record.header_rlp);
        let word = |from: usize| u32::from_be_bytes(header.extra_data[from..from + 4].try_into().expect("four bytes"));
        Attributes {
            parent: BlockId { number: parent.number, hash: parent.hash },
            timestamp: header.timestamp,
            prev_randao: header.mix_hash,
            gas_limit: header.gas_limit,
            parent_beacon_block_root: header.parent_beacon_block_root,
            eip1559_params: Some(Eip1559Params { denominator: word(1), elasticity: word(5) }),
            min_base_fee: Some(u64::from(word(9)) << 32 | u64::from(word(13))),
            transactions: record.transactions.clone(),
            deposits: record.transactions.iter().take_while(|transaction| transaction[0] == 0x7e).count(),
            l1_origin: BlockId { number: record.l1_origin_number, hash: record.l1_origin_hash },
            sequence_number: record.sequence_number,
        }
    }

    /// The state after the block `number`, no node of it open.
    pub(crate) fn state(&self, number: usize) -> State {
        let record = &self.chain.l2[number];
        State::at(self.config.clone(), Sealed::new_unchecked(header(&record.header_rlp), record.hash))
    }
}

fn header(rlp: &Bytes) -> Header {
    Header::decode(&mut &rlp[..]).expect("a recorded header")
}

fn l1_block(chain: &Chain, number: usize, config: &RollupConfig) -> L1Block {
    let record = &chain.l1[number];
    let header = L1Header::decode(record.hash, &record.header_rlp).expect("a recorded header");
    let receipts = || record.receipts.iter().map(|receipt| Receipt::decode(receipt).expect("a recorded receipt"));
    let receipts = may_hold_deposits_or_config(&header, config).then(|| receipts().collect());
    L1Block { header, transactions: record.transactions.clone(), receipts, senders: None }
}

fn safe_head(chain: &Chain, number: usize, config: &RollupConfig) -> SafeHead {
    let record = &chain.l2[number];
    let header = header(&record.header_rlp);
    let (hash, parent_hash, timestamp) = (record.hash, header.parent_hash, header.timestamp);
    let parts = L2BlockParts {
        info: BlockInfo { number: record.number, hash, parent_hash, timestamp },
        gas_limit: header.gas_limit,
        extra_data: &header.extra_data,
        first_transaction: record.transactions.first().map(|transaction| &transaction[..]),
    };
    SafeHead {
        info: L2BlockInfo::of_block(config, parts).expect("a recorded block"),
        system_config: SystemConfig::of_block(config, parts).expect("a recorded block"),
    }
}

impl Source for Recording {
    type Error = Infallible;

    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, Infallible> {
        Ok(self.l1_blocks.get(number as usize).cloned())
    }

    fn blobs(&mut self, _: &BlockInfo, hashes: &[IndexedBlobHash]) -> Result<Vec<Bytes>, Infallible> {
        Ok(hashes.iter().map(|blob| self.chain.blobs[&blob.hash].data.clone()).collect())
    }

    fn l2_blocks(&mut self, numbers: RangeInclusive<u64>) -> Result<Vec<L2Block>, Infallible> {
        let block = |number: u64| L2Block {
            info: self.safe_heads[number as usize].info,
            transactions: self.chain.l2[number as usize].transactions.clone(),
        };
        Ok(numbers.map(block).collect())
    }
}

/// Preimages as the source of execution.
pub(crate) struct Witness(pub(crate) Preimages);

/// Nothing has this hash.
#[derive(Debug)]
pub(crate) struct Absent(#[expect(dead_code, reason = "shown where a benchmark panics")] B256);

impl NodeSource for Witness {
    type Error = Absent;

    fn node(&mut self, hash: B256) -> Result<Bytes, Absent> {
        self.0.value(Key::keccak256(hash)).cloned().ok_or(Absent(hash))
    }
}

impl StateSource for Witness {
    fn code(&mut self, hash: B256) -> Result<Bytes, Absent> {
        self.node(hash)
    }

    fn header(&mut self, hash: B256) -> Result<Header, Absent> {
        self.node(hash).map(|rlp| header(&rlp))
    }
}
