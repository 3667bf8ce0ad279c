//! Chains that op-node derived and op-geth executed, derived anew from their L1 data alone.

use alloy_consensus::{Header, Transaction, TxEnvelope};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::Bytes;
use alloy_rlp::Decodable;
use kohala_derive::{
    Batcher, IndexedBlobHash, L1Block, L2Block, Need, Pipeline, SafeHead, Source, Start, Step, next_attributes,
    steps_back,
};
use kohala_protocol::{
    Attributes, BlockInfo, L1ChainConfig, L1Header, L2BlockInfo, L2BlockParts, Receipt, RollupConfig, SystemConfig,
    may_hold_deposits_or_config,
};
use kohala_testdata::{Chain, L2Record};
use std::{convert::Infallible, ops::RangeInclusive, sync::Arc};

struct Recording {
    chain: Chain,
    config: Arc<RollupConfig>,
    l1: Arc<L1ChainConfig>,
    /// Beyond this L1 block there is nothing.
    l1_head: u64,
    blobs_read: usize,
}

impl Recording {
    fn load(name: &str) -> Self {
        let chain = kohala_testdata::chain(name);
        Self {
            config: Arc::new(RollupConfig::from_json(&chain.rollup_json).unwrap()),
            l1: Arc::new(L1ChainConfig::from_json(&chain.l1_config_json).unwrap()),
            l1_head: chain.l1.len() as u64 - 1,
            blobs_read: 0,
            chain,
        }
    }

    fn l1_header(&self, number: u64) -> L1Header {
        let record = &self.chain.l1[number as usize];
        L1Header::decode(record.hash, &record.header_rlp).unwrap()
    }

    fn safe_head(&self, number: u64) -> SafeHead {
        let block = &self.chain.l2[number as usize];
        let header = l2_header(block);
        let parts = L2BlockParts {
            info: BlockInfo { number, hash: block.hash, parent_hash: header.parent_hash, timestamp: header.timestamp },
            gas_limit: header.gas_limit,
            extra_data: &header.extra_data,
            first_transaction: block.transactions.first().map(|transaction| &transaction[..]),
        };
        SafeHead {
            info: L2BlockInfo::of_block(&self.config, parts).unwrap(),
            system_config: SystemConfig::of_block(&self.config, parts).unwrap(),
        }
    }

    /// A pipeline on top of the L2 block `number`, begun as rules D60 say.
    fn pipeline(&self, number: u64) -> Pipeline {
        let safe_head = self.safe_head(number);
        let mut oldest = safe_head;
        loop {
            let origin = self.l1_header(oldest.info.l1_origin.number);
            let steps = steps_back(&self.config, &safe_head.info, &oldest.info, origin.timestamp);
            if steps == 0 {
                break;
            }
            oldest = self.safe_head(oldest.info.block.number - steps);
        }
        let origin = self.l1_block_record(oldest.info.l1_origin.number);
        let batcher = Batcher(oldest.system_config.batcher);
        Pipeline::new(self.config.clone(), self.l1.clone(), Start { safe_head, origin, batcher })
    }

    fn l1_block_record(&self, number: u64) -> L1Block {
        let record = &self.chain.l1[number as usize];
        let header = self.l1_header(number);
        let needs_receipts = may_hold_deposits_or_config(&header, &self.config);
        let receipts = needs_receipts.then(|| record.receipts.iter().map(|r| Receipt::decode(r).unwrap()).collect());
        L1Block { header, transactions: record.transactions.clone(), receipts, senders: None }
    }

    /// What op-geth sealed must be what the attributes say.
    fn check(&self, attributes: &Attributes) {
        let number = attributes.number();
        let block = &self.chain.l2[number as usize];
        let header = l2_header(block);
        assert_eq!(attributes.parent.hash, header.parent_hash, "parent of {number}");
        assert_eq!(attributes.timestamp, header.timestamp, "time of {number}");
        assert_eq!(attributes.prev_randao, header.mix_hash, "randao of {number}");
        assert_eq!(attributes.gas_limit, header.gas_limit, "gas limit of {number}");
        assert_eq!(attributes.parent_beacon_block_root, header.parent_beacon_block_root, "beacon root of {number}");
        assert_eq!(attributes.l1_origin.hash, block.l1_origin_hash, "origin of {number}");
        assert_eq!(attributes.sequence_number, block.sequence_number, "sequence number of {number}");
        assert_eq!(self.extra_data(attributes), header.extra_data, "extra data of {number}");
        assert_eq!(attributes.transactions, block.transactions, "transactions of {number}");
        let deposits = block.transactions.iter().filter(|transaction| transaction[0] == 0x7E).count();
        assert_eq!(attributes.deposits, deposits, "deposits of {number}");
    }

    /// Rules X21, from the attributes.
    fn extra_data(&self, attributes: &Attributes) -> Bytes {
        let Some(mut params) = attributes.eip1559_params else { return Bytes::new() };
        if params.denominator == 0 {
            params.denominator = self.config.base_fee.denominator_canyon;
            params.elasticity = self.config.base_fee.elasticity;
        }
        let mut data = vec![u8::from(attributes.min_base_fee.is_some())];
        data.extend(params.denominator.to_be_bytes());
        data.extend(params.elasticity.to_be_bytes());
        data.extend(attributes.min_base_fee.iter().flat_map(|fee| fee.to_be_bytes()));
        data.into()
    }

    /// Derives and checks blocks on top of `agreed` up to `last`, or to the end of L1; returns the last one.
    fn derive(&mut self, agreed: u64, last: u64) -> u64 {
        let mut pipeline = self.pipeline(agreed);
        let mut head = agreed;
        while head < last {
            let Some(attributes) = next_attributes(&mut pipeline, self).unwrap() else { break };
            self.check(&attributes);
            head = attributes.number();
            pipeline.accept(self.safe_head(head));
        }
        assert_eq!(pipeline.safe_head().info.block.number, head);
        head
    }
}

fn l2_header(block: &L2Record) -> Header {
    Header::decode(&mut &block.header_rlp[..]).unwrap()
}

impl Source for Recording {
    type Error = Infallible;

    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, Infallible> {
        Ok((number <= self.l1_head).then(|| self.l1_block_record(number)))
    }

    fn blobs(&mut self, block: &BlockInfo, hashes: &[IndexedBlobHash]) -> Result<Vec<Bytes>, Infallible> {
        let transactions = &self.chain.l1[block.number as usize].transactions;
        let all: Vec<_> = transactions
            .iter()
            .map(|transaction| TxEnvelope::decode_2718(&mut &transaction[..]).unwrap())
            .flat_map(|transaction| transaction.blob_versioned_hashes().map_or(vec![], <[_]>::to_vec))
            .collect();
        self.blobs_read += hashes.len();
        Ok(hashes
            .iter()
            .map(|IndexedBlobHash { index, hash }| {
                assert_eq!(all[*index as usize], *hash);
                self.chain.blobs[hash].data.clone()
            })
            .collect())
    }

    fn l2_blocks(&mut self, numbers: RangeInclusive<u64>) -> Result<Vec<L2Block>, Infallible> {
        Ok(numbers
            .map(|number| L2Block {
                info: self.safe_head(number).info,
                transactions: self.chain.l2[number as usize].transactions.clone(),
            })
            .collect())
    }
}

#[test]
fn derives_every_block_of_the_recorded_chains() {
    for name in kohala_testdata::CHAINS {
        let mut recording = Recording::load(name);
        let last = recording.chain.l2.len() as u64 - 1;
        assert_eq!(recording.derive(0, last), last, "{name}");
        assert!(recording.blobs_read > 0, "{name} has blobs");
    }
}

#[test]
fn derives_from_every_agreed_block() {
    for name in ["main", "staged"] {
        let mut recording = Recording::load(name);
        let last = recording.chain.l2.len() as u64 - 1;
        for agreed in 0..last {
            assert_eq!(recording.derive(agreed, agreed + 1), agreed + 1, "{name}");
        }
    }
}

#[test]
fn derives_the_claimed_blocks_up_to_their_l1_head() {
    for name in kohala_testdata::CHAINS {
        let mut recording = Recording::load(name);
        for claim in recording.chain.claims.clone() {
            recording.l1_head = claim.l1_head_number;
            let claimed = claim.claimed_l2_block_number;
            assert_eq!(recording.derive(claim.agreed_block, claimed), claimed, "{name} {}", claim.name());
        }
    }
}

#[test]
fn says_the_same_until_it_is_fed() {
    let mut recording = Recording::load("staged");
    let mut pipeline = recording.pipeline(1);
    loop {
        let first = pipeline.step();
        assert_eq!(pipeline.step(), first);
        match first {
            Step::Attributes(attributes) if attributes.number() == 80 => return,
            Step::Attributes(attributes) => pipeline.accept(recording.safe_head(attributes.number())),
            Step::Need(Need::L1Block { number }) => match recording.l1_block(number).unwrap() {
                Some(block) => pipeline.provide_l1_block(block).unwrap(),
                None => panic!("L1 ended before block 80"),
            },
            Step::Need(Need::Blobs { block, hashes }) => {
                pipeline.provide_blobs(recording.blobs(&block, &hashes).unwrap()).unwrap();
            }
            Step::Need(Need::L2Blocks { numbers }) => {
                pipeline.provide_l2_blocks(recording.l2_blocks(numbers).unwrap()).unwrap();
            }
            Step::Halted(halted) => panic!("{halted}"),
        }
    }
}
