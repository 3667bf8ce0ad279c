//! Chains that op-node derived and op-geth executed, as a source of the pipeline's data: for tests and examples.

use alloy_consensus::{Header, Transaction, TxEnvelope};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::Bytes;
use alloy_rlp::Decodable;
use kohala_derive::{Batcher, IndexedBlobHash, L1Block, L2Block, Pipeline, SafeHead, Source, Start, steps_back};
use kohala_protocol::{
    BlockInfo, L1ChainConfig, L1Header, L2BlockInfo, L2BlockParts, Receipt, RollupConfig, SystemConfig,
    may_hold_deposits_or_config,
};
use kohala_testdata::{Chain, L2Record};
use std::{convert::Infallible, ops::RangeInclusive, sync::Arc};

/// A chain that op-node derived, its L1 data, and its L2 blocks in place of an executor that would build them.
pub(crate) struct Recording {
    pub(crate) chain: Chain,
    pub(crate) config: Arc<RollupConfig>,
    l1: Arc<L1ChainConfig>,
    /// Beyond this L1 block there is nothing.
    pub(crate) l1_head: u64,
    pub(crate) blobs_read: usize,
}

impl Recording {
    pub(crate) fn load(name: &str) -> Self {
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

    pub(crate) fn safe_head(&self, number: u64) -> SafeHead {
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
    pub(crate) fn pipeline(&self, number: u64) -> Pipeline {
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

    pub(crate) fn l1_block_record(&self, number: u64) -> L1Block {
        let record = &self.chain.l1[number as usize];
        let header = self.l1_header(number);
        let needs_receipts = may_hold_deposits_or_config(&header, &self.config);
        let receipts = needs_receipts.then(|| record.receipts.iter().map(|r| Receipt::decode(r).unwrap()).collect());
        L1Block { header, transactions: record.transactions.clone(), receipts, senders: None }
    }
}

pub(crate) fn l2_header(block: &L2Record) -> Header {
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
