//! A range of L2 blocks, from the L1 blocks in memory to payload attributes.

use crate::chain::{KonaRecording, Recording};
use alloy_consensus_1::{Header, Receipt, TxEnvelope};
use alloy_eips_1::eip4844::{Blob, IndexedBlobHash as KonaBlobHash};
use alloy_primitives::{B64, B256, Bytes};
use async_trait::async_trait;
use futures_executor::block_on;
use kohala_derive::{Batcher, IndexedBlobHash, L1Block, L2Block, Pipeline, Source, Start, next_attributes};
use kohala_protocol::{Attributes, BlockInfo};
use kona_derive::{
    ActivationSignal, BlobProvider, ChainProvider, EthereumDataSource, L2ChainProvider, Pipeline as KonaPipeline,
    PipelineBuilder, PipelineError, PipelineErrorKind, SignalReceiver, StatefulAttributesBuilder, StepResult,
};
use kona_genesis::{RollupConfig as KonaConfig, SystemConfig as KonaSystemConfig};
use kona_protocol::{
    BatchValidationProvider, BlockInfo as KonaBlockInfo, L2BlockInfo as KonaL2BlockInfo, OpAttributesWithParent,
};
use op_alloy_consensus_0::OpBlock;
use std::{convert::Infallible, ops::RangeInclusive, sync::Arc};

/// All blocks of the recorded chain after genesis.
pub(crate) struct Derivation(Recording);

impl Derivation {
    pub(crate) fn load() -> Self {
        Self(Recording::load())
    }

    pub(crate) fn blocks(&self) -> usize {
        self.0.last()
    }

    /// Panics unless both sides derive the same attributes, with the batches' transactions that are in the recorded
    /// blocks.
    pub(crate) fn agree(&self) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        self.ours(|attributes| ours.push(attributes));
        self.kona(|attributes| theirs.push(attributes));
        assert_eq!((ours.len(), theirs.len()), (self.blocks(), self.blocks()));
        for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            same_attributes(ours, theirs);
            let recorded = &self.0.chain.l2[index + 1].transactions;
            assert_eq!(ours.transactions[1..], recorded[1..], "block {}", index + 1);
        }
    }

    pub(crate) fn ours(&self, mut taken: impl FnMut(Attributes)) {
        let Recording { config, l1_config, l1_blocks, safe_heads, .. } = &self.0;
        let safe_head = safe_heads[0];
        let origin = l1_blocks[safe_head.info.l1_origin.number as usize].clone();
        let start = Start { safe_head, origin, batcher: Batcher(safe_head.system_config.batcher) };
        let mut pipeline = Pipeline::new(config.clone(), l1_config.clone(), start);
        for next in &safe_heads[1..] {
            let Ok(Some(attributes)) = next_attributes(&mut pipeline, &mut Memory(&self.0)) else {
                panic!("block {} is derived", next.info.block.number)
            };
            taken(attributes);
            pipeline.accept(*next);
        }
    }

    /// As kona's own driver runs its pipeline.
    pub(crate) fn kona(&self, mut taken: impl FnMut(OpAttributesWithParent)) {
        let recording = &self.0.kona;
        let provider = Provider(recording.clone());
        let builder = StatefulAttributesBuilder::new(recording.config.clone(), provider.clone(), provider.clone());
        let source = EthereumDataSource::new_from_parts(provider.clone(), provider.clone(), &recording.config);
        let (mut safe_head, _) = recording.l2_blocks[0];
        let l1_origin = recording.l1_blocks[safe_head.l1_origin.number as usize].info;
        let mut pipeline = PipelineBuilder::new()
            .rollup_config(recording.config.clone())
            .dap_source(source)
            .l2_chain_provider(provider.clone())
            .chain_provider(provider)
            .builder(builder)
            .origin(l1_origin)
            .build_polled();
        let start = ActivationSignal { l2_safe_head: safe_head, l1_origin, system_config: None }.signal();
        block_on(pipeline.signal(start)).expect("a start");
        for (next, _) in &recording.l2_blocks[1..] {
            loop {
                match block_on(pipeline.step(safe_head)) {
                    StepResult::PreparedAttributes => break,
                    StepResult::AdvancedOrigin => {}
                    StepResult::StepFailed(PipelineErrorKind::Temporary(_)) => {}
                    other => panic!("block {} is derived: {other:?}", next.block_info.number),
                }
            }
            taken(pipeline.next().expect("prepared attributes"));
            safe_head = *next;
        }
    }
}

fn same_attributes(ours: &Attributes, theirs: &OpAttributesWithParent) {
    let OpAttributesWithParent { inner, parent, .. } = theirs;
    assert_eq!(ours.parent.hash, parent.block_info.hash);
    assert_eq!(ours.timestamp, inner.payload_attributes.timestamp);
    assert_eq!(ours.prev_randao, inner.payload_attributes.prev_randao);
    assert_eq!(ours.parent_beacon_block_root, inner.payload_attributes.parent_beacon_block_root);
    assert_eq!(Some(ours.gas_limit), inner.gas_limit);
    let params =
        ours.eip1559_params.map(|params| B64::from(u64::from(params.denominator) << 32 | u64::from(params.elasticity)));
    assert_eq!(params, inner.eip_1559_params);
    assert_eq!(Some(&ours.transactions), inner.transactions.as_ref(), "block {}", ours.number());
}

/// Our side's source.
struct Memory<'a>(&'a Recording);

impl Source for Memory<'_> {
    type Error = Infallible;

    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, Infallible> {
        Ok(self.0.l1_blocks.get(number as usize).cloned())
    }

    fn blobs(&mut self, _: &BlockInfo, hashes: &[IndexedBlobHash]) -> Result<Vec<Bytes>, Infallible> {
        Ok(hashes.iter().map(|blob| self.0.chain.blobs[&blob.hash].data.clone()).collect())
    }

    fn l2_blocks(&mut self, numbers: RangeInclusive<u64>) -> Result<Vec<L2Block>, Infallible> {
        let block = |number| L2Block {
            info: self.0.safe_heads[number as usize].info,
            transactions: self.0.chain.l2[number as usize].transactions.clone(),
        };
        Ok(numbers.map(block).collect())
    }
}

/// Kona's sources of everything.
#[derive(Clone, Debug)]
struct Provider(Arc<KonaRecording>);

fn absent(what: &str) -> PipelineErrorKind {
    PipelineError::Provider(format!("{what} was not recorded")).crit()
}

#[async_trait]
impl ChainProvider for Provider {
    type Error = PipelineErrorKind;

    async fn header_by_hash(&mut self, hash: B256) -> Result<Header, Self::Error> {
        self.0.l1(hash).map(|block| block.header.clone()).ok_or_else(|| absent("header"))
    }

    async fn block_info_by_number(&mut self, number: u64) -> Result<KonaBlockInfo, Self::Error> {
        self.0.l1_blocks.get(number as usize).map(|block| block.info).ok_or_else(|| absent("L1 block"))
    }

    async fn receipts_by_hash(&mut self, hash: B256) -> Result<Vec<Receipt>, Self::Error> {
        self.0.l1(hash).map(|block| block.receipts.clone()).ok_or_else(|| absent("L1 block"))
    }

    async fn block_info_and_transactions_by_hash(
        &mut self,
        hash: B256,
    ) -> Result<(KonaBlockInfo, Vec<TxEnvelope>), Self::Error> {
        let block = self.0.l1(hash).ok_or_else(|| absent("L1 block"))?;
        Ok((block.info, block.transactions.clone()))
    }
}

#[async_trait]
impl BlobProvider for Provider {
    type Error = PipelineErrorKind;

    async fn get_blobs(&mut self, _: &KonaBlockInfo, hashes: &[KonaBlobHash]) -> Result<Vec<Box<Blob>>, Self::Error> {
        let mut blobs = Vec::with_capacity(hashes.len());
        for KonaBlobHash { hash, .. } in hashes {
            blobs.push(self.0.blobs.get(hash).cloned().ok_or_else(|| absent("blob"))?);
        }
        Ok(blobs)
    }
}

#[async_trait]
impl BatchValidationProvider for Provider {
    type Error = PipelineErrorKind;

    async fn l2_block_info_by_number(&mut self, number: u64) -> Result<KonaL2BlockInfo, Self::Error> {
        self.0.l2_blocks.get(number as usize).map(|(info, _)| *info).ok_or_else(|| absent("L2 block"))
    }

    /// Asked for where a span overlaps the safe chain: no recorded one does.
    async fn block_by_number(&mut self, _: u64) -> Result<OpBlock, Self::Error> {
        Err(absent("L2 block's body"))
    }
}

#[async_trait]
impl L2ChainProvider for Provider {
    type Error = PipelineErrorKind;

    async fn system_config_by_number(
        &mut self,
        number: u64,
        _: Arc<KonaConfig>,
    ) -> Result<KonaSystemConfig, PipelineErrorKind> {
        self.0.l2_blocks.get(number as usize).map(|(_, config)| *config).ok_or_else(|| absent("L2 block"))
    }
}
