//! Our derivation of a case, in the words of op-node's.

use alloy_primitives::{Address, B256, Bytes, address, keccak256};
use kohala_derive::{
    Batcher, Event, Halted, IndexedBlobHash, L1Block, L2Block, NextError, Pipeline, SafeHead, Source, Start,
    next_attributes, steps_back,
};
use kohala_interop::streams::{Answer, Case, Derived, End};
use kohala_protocol::{
    Attributes, BlockInfo, Eip1559Params, ExtraData, Fork, L1ChainConfig, L1Header, L2BlockInfo, L2BlockParts, Receipt,
    RollupConfig, SystemConfig, may_hold_deposits_or_config,
};
use std::{collections::BTreeMap, convert::Infallible, ops::RangeInclusive, sync::Arc};

/// Of every block.
const FEE_RECIPIENT: Address = address!("4200000000000000000000000000000000000011");

/// What our pipeline makes of the case, and what it dropped meanwhile.
pub(crate) fn derive(case: &Case) -> (Answer, Vec<Event>) {
    Ours::new(case).derive()
}

struct Ours<'a> {
    case: &'a Case,
    config: Arc<RollupConfig>,
    l1_config: Arc<L1ChainConfig>,
    chain: Chain<'a>,
    refused: Vec<u64>,
    restarts: Vec<u64>,
    derived: Vec<Derived>,
    events: Vec<Event>,
}

/// Both chains as a source.
struct Chain<'a> {
    case: &'a Case,
    l1: Vec<L1Block>,
    /// The newest block of each number.
    l2: BTreeMap<u64, (SafeHead, Vec<Bytes>)>,
}

impl<'a> Ours<'a> {
    fn new(case: &'a Case) -> Self {
        let config = RollupConfig::from_json(case.rollup.to_string().as_bytes()).unwrap();
        let l1_config = L1ChainConfig::from_json(case.l1_config.to_string().as_bytes()).unwrap();
        let genesis = config.genesis;
        let block = BlockInfo {
            number: genesis.l2.number,
            hash: genesis.l2.hash,
            parent_hash: B256::ZERO,
            timestamp: genesis.l2_time,
        };
        let info = L2BlockInfo { block, l1_origin: genesis.l1, sequence_number: 0 };
        let head = SafeHead { info, system_config: genesis.system_config };
        let chain = Chain {
            case,
            l1: case.l1.iter().map(|block| l1_block(&config, block)).collect(),
            l2: BTreeMap::from([(genesis.l2.number, (head, Vec::new()))]),
        };
        Self {
            case,
            config: Arc::new(config),
            l1_config: Arc::new(l1_config),
            chain,
            refused: case.refused.clone(),
            restarts: case.restarts.clone(),
            derived: Vec::new(),
            events: Vec::new(),
        }
    }

    /// A pipeline on top of this safe block.
    fn pipeline(&self, number: u64) -> Pipeline {
        let (safe_head, _) = self.chain.l2[&number];
        let mut l2 = safe_head;
        loop {
            let origin = self.chain.l1(l2.info.l1_origin.number).unwrap();
            match steps_back(&self.config, &safe_head.info, &l2.info, origin.header.timestamp) {
                0 => {
                    let start = Start { safe_head, origin: origin.clone(), batcher: Batcher(l2.system_config.batcher) };
                    return Pipeline::new(self.config.clone(), self.l1_config.clone(), start);
                }
                steps => (l2, _) = self.chain.l2[&(l2.info.block.number - steps)],
            }
        }
    }

    fn derive(mut self) -> (Answer, Vec<Event>) {
        let mut pipeline = self.pipeline(self.config.genesis.l2.number);
        let (end, error) = loop {
            match next_attributes(&mut pipeline, &mut self.chain) {
                Ok(None) => break (End::End, String::new()),
                Ok(Some(attributes)) => {
                    let number = attributes.number();
                    if !self.process(&mut pipeline, attributes) {
                        continue;
                    }
                    let is_safe = pipeline.safe_head().info.block.number == number;
                    if is_safe && take(&mut self.restarts, number) {
                        self.events.extend(pipeline.events());
                        pipeline = self.pipeline(number);
                    }
                }
                Err(NextError::Halted(halted)) => {
                    let end = match halted {
                        Halted::Deposit { .. } | Halted::L1Info { .. } | Halted::DepositsOnlyRejected { .. } => {
                            End::Critical
                        }
                        Halted::OriginMismatch { .. } | Halted::OlderThanOrigin { .. } => End::Reset,
                    };
                    break (end, halted.to_string());
                }
                Err(error) => panic!("{}: {error}", self.case.name),
            }
        };
        self.events.extend(pipeline.events());
        let safe = pipeline.safe_head().info.block.number;
        let answer = Answer {
            derived: self.derived,
            end,
            error,
            origin: pipeline.origin().number,
            safe,
            pending: pipeline.pending_safe_head().info.block.number,
            // Where op-node asks for a reset, beginning anew on the same L1 must lead to the same end.
            safe_after_reset: safe,
        };
        (answer, self.events)
    }

    /// Builds the block, or another one in its place; false if there is none.
    fn process(&mut self, pipeline: &mut Pipeline, attributes: Attributes) -> bool {
        if !take(&mut self.refused, attributes.number()) {
            let head = self.build(&attributes);
            pipeline.accept(head);
            self.note(pipeline, &attributes, false);
            return true;
        }
        let replacement = pipeline.reject();
        self.note(pipeline, &attributes, true);
        replacement.is_some_and(|replacement| self.process(pipeline, replacement))
    }

    /// The block of these attributes, not executed: only what is read back from it.
    fn build(&mut self, attributes: &Attributes) -> SafeHead {
        let batched = &attributes.transactions[attributes.deposits..];
        let hash = self.case.l2_hash(attributes.number(), attributes.parent.hash, attributes.l1_origin.hash, batched);
        let info = BlockInfo {
            number: attributes.number(),
            hash,
            parent_hash: attributes.parent.hash,
            timestamp: attributes.timestamp,
        };
        let extra_data = self.extra_data(attributes);
        let parts = L2BlockParts {
            info,
            gas_limit: attributes.gas_limit,
            extra_data: &extra_data,
            first_transaction: attributes.transactions.first().map(|first| &first[..]),
        };
        let head = SafeHead {
            info: L2BlockInfo::of_block(&self.config, parts).unwrap(),
            system_config: SystemConfig::of_block(&self.config, parts).unwrap(),
        };
        assert_eq!(head.info.l1_origin, attributes.l1_origin);
        assert_eq!(head.info.sequence_number, attributes.sequence_number);
        self.chain.l2.insert(attributes.number(), (head, attributes.transactions.clone()));
        head
    }

    fn extra_data(&self, attributes: &Attributes) -> Vec<u8> {
        let mut eip1559_params = attributes.eip1559_params.unwrap_or_default();
        if eip1559_params == Eip1559Params::default() {
            let constants = &self.config.base_fee;
            eip1559_params.denominator = constants.denominator_canyon;
            eip1559_params.elasticity = constants.elasticity;
        }
        let extra = ExtraData { eip1559_params, min_base_fee: attributes.min_base_fee.unwrap_or_default() };
        extra.encode(&self.config, attributes.timestamp)
    }

    fn note(&mut self, pipeline: &Pipeline, attributes: &Attributes, refused: bool) {
        self.derived.push(Derived {
            parent: attributes.parent.number,
            parent_hash: attributes.parent.hash,
            timestamp: attributes.timestamp,
            prev_randao: attributes.prev_randao,
            fee_recipient: FEE_RECIPIENT,
            gas_limit: attributes.gas_limit,
            no_tx_pool: true,
            withdrawals: self.config.is_active(Fork::Canyon, attributes.timestamp).then_some(0),
            beacon_root: attributes.parent_beacon_block_root,
            eip1559: attributes.eip1559_params.map(|params| params.to_bytes().into()),
            min_base_fee: attributes.min_base_fee,
            transactions: attributes.transactions.clone(),
            derived_from: pipeline.origin().number,
            refused,
            safe: pipeline.safe_head().info.block.number,
        });
    }
}

/// Takes one `number` away; false if there is none.
fn take(numbers: &mut Vec<u64>, number: u64) -> bool {
    let place = numbers.iter().position(|each| *each == number);
    place.map(|place| numbers.remove(place)).is_some()
}

fn l1_block(config: &RollupConfig, block: &kohala_interop::streams::L1Block) -> L1Block {
    let header = L1Header::decode(keccak256(&block.header), &block.header).unwrap();
    let decode = |receipt: &Bytes| Receipt::decode(receipt).unwrap();
    // Where the filter says that they don't matter, they are not even fetched.
    let receipts = may_hold_deposits_or_config(&header, config).then(|| block.receipts.iter().map(decode).collect());
    L1Block { header, transactions: block.transactions.clone(), receipts, senders: None }
}

impl Chain<'_> {
    fn l1(&self, number: u64) -> Option<&L1Block> {
        self.l1.get(number.checked_sub(self.l1[0].header.number)? as usize)
    }
}

impl Source for Chain<'_> {
    type Error = Infallible;

    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, Infallible> {
        Ok(self.l1(number).cloned())
    }

    fn blobs(&mut self, _: &BlockInfo, hashes: &[IndexedBlobHash]) -> Result<Vec<Bytes>, Infallible> {
        let whole = |indexed: &IndexedBlobHash| {
            let mut blob = self.case.blobs[&indexed.hash].to_vec();
            blob.resize(131_072, 0);
            blob.into()
        };
        Ok(hashes.iter().map(whole).collect())
    }

    fn l2_blocks(&mut self, numbers: RangeInclusive<u64>) -> Result<Vec<L2Block>, Infallible> {
        let block = |number| {
            let (head, transactions) = &self.l2[&number];
            L2Block { info: head.info, transactions: transactions.clone() }
        };
        Ok(numbers.map(block).collect())
    }
}
