//! A chain whose batches lie elsewhere than on L1: the batcher posts their hashes, and a source of one's own puts in the data.
//!
//! ```text
//! cargo run -p kohala-derive --example own_da
//! ```

#[path = "../tests/recording/mod.rs"]
mod recording;

use alloy_consensus::{Signed, Transaction, TxEnvelope, crypto::secp256k1::recover_signer};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{B256, Bytes, keccak256};
use kohala_derive::{IndexedBlobHash, L1Block, L2Block, Source, inbox_senders, next_attributes};
use kohala_protocol::{BlockInfo, RollupConfig};
use recording::Recording;
use std::{collections::HashMap, error::Error, ops::RangeInclusive, sync::Arc};

/// The first byte of calldata that is a commitment: the hash of the data follows.
const COMMITMENT: u8 = 1;

// ANCHOR: source
/// L1 as `inner` tells it, with the batcher's data in place of commitments to it.
struct OwnDa<S> {
    inner: S,
    config: Arc<RollupConfig>,
    /// Where the data lies: a client of your layer.
    layer: HashMap<B256, Bytes>,
}

impl<S: Source> Source for OwnDa<S>
where
    S::Error: From<Unavailable>,
{
    type Error = S::Error;

    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, S::Error> {
        let Some(mut block) = self.inner.l1_block(number)? else { return Ok(None) };
        // Who signed it is told of what was posted, before the data takes its place.
        if block.senders.is_none() {
            let senders = inbox_senders(&self.config, &block.transactions, |signature, hash| {
                Ok::<_, S::Error>(recover_signer(signature, hash).ok())
            })?;
            block.senders = Some(senders);
        }
        for transaction in &mut block.transactions {
            if let Some(commitment) = commitment(&self.config, transaction) {
                // Data that is missing ends the loop. To derive on without it would be another chain.
                let data = self.layer.get(&commitment).ok_or(Unavailable(commitment))?;
                *transaction = with_calldata(transaction, data.clone());
            }
        }
        Ok(Some(block))
    }

    fn blobs(&mut self, block: &BlockInfo, hashes: &[IndexedBlobHash]) -> Result<Vec<Bytes>, S::Error> {
        self.inner.blobs(block, hashes)
    }

    fn l2_blocks(&mut self, numbers: RangeInclusive<u64>) -> Result<Vec<L2Block>, S::Error> {
        self.inner.l2_blocks(numbers)
    }
}

/// The hash that a transaction to the inbox commits to.
fn commitment(config: &RollupConfig, transaction: &[u8]) -> Option<B256> {
    let transaction = TxEnvelope::decode_2718_exact(transaction).ok()?;
    let is_to_inbox = transaction.to() == Some(config.batch_inbox_address);
    let hash = transaction.input().strip_prefix(&[COMMITMENT]).filter(|_| is_to_inbox)?;
    B256::try_from(hash).ok()
}

/// The transaction with other calldata. Nothing but its recipient and that is read of it any more.
fn with_calldata(transaction: &[u8], data: Bytes) -> Bytes {
    match TxEnvelope::decode_2718_exact(transaction) {
        Ok(TxEnvelope::Eip1559(signed)) => {
            let (mut transaction, signature, _) = signed.into_parts();
            transaction.input = data;
            TxEnvelope::Eip1559(Signed::new_unhashed(transaction, signature)).encoded_2718().into()
        }
        // Your batcher posts no others.
        _ => Bytes::copy_from_slice(transaction),
    }
}
// ANCHOR_END: source

/// Data that the layer doesn't have.
#[derive(Debug, thiserror::Error)]
#[error("nobody has the data with the hash {0}")]
struct Unavailable(B256);

/// A recorded chain as if its batcher had posted hashes of its calldata.
struct Posted {
    recording: Recording,
    posted: HashMap<B256, Bytes>,
}

impl Posted {
    fn load(name: &str) -> Self {
        let mut recording = Recording::load(name);
        let mut posted = HashMap::new();
        for block in &mut recording.chain.l1 {
            for transaction in &mut block.transactions {
                let Ok(envelope) = TxEnvelope::decode_2718_exact(transaction) else { continue };
                if envelope.to() == Some(recording.config.batch_inbox_address) && !envelope.input().is_empty() {
                    let hash = keccak256(envelope.input());
                    posted.insert(hash, envelope.input().clone());
                    *transaction = with_calldata(transaction, [&[COMMITMENT], &hash[..]].concat().into());
                }
            }
        }
        Self { recording, posted }
    }
}

impl Source for Posted {
    type Error = Unavailable;

    fn l1_block(&mut self, number: u64) -> Result<Option<L1Block>, Unavailable> {
        let block = self.recording.l1_block(number).unwrap_or_else(|never| match never {});
        // The batcher's key isn't recorded, so that hashes can't be signed with it. It stands here for all signatures.
        let to_inbox = |bytes: &&Bytes| {
            let transaction = TxEnvelope::decode_2718_exact(bytes).ok();
            transaction.and_then(|it| it.to()) == Some(self.recording.config.batch_inbox_address)
        };
        Ok(block.map(|block| {
            let batcher = self.recording.config.genesis.system_config.batcher;
            let count = block.transactions.iter().filter(to_inbox).count();
            L1Block { senders: Some(vec![Some(batcher); count]), ..block }
        }))
    }

    fn blobs(&mut self, block: &BlockInfo, hashes: &[IndexedBlobHash]) -> Result<Vec<Bytes>, Unavailable> {
        Ok(self.recording.blobs(block, hashes).unwrap_or_else(|never| match never {}))
    }

    fn l2_blocks(&mut self, numbers: RangeInclusive<u64>) -> Result<Vec<L2Block>, Unavailable> {
        Ok(self.recording.l2_blocks(numbers).unwrap_or_else(|never| match never {}))
    }
}

/// Derives the whole chain.
fn derive(source: &mut OwnDa<Posted>) -> Result<(), Box<dyn Error>> {
    let mut pipeline = source.inner.recording.pipeline(0);
    for number in 1..source.inner.recording.chain.l2.len() as u64 {
        let attributes = next_attributes(&mut pipeline, source)?.ok_or("L1 ends too early")?;
        if attributes.transactions != source.inner.recording.chain.l2[number as usize].transactions {
            return Err(format!("block {number} is not op-node's").into());
        }
        pipeline.accept(source.inner.recording.safe_head(number));
    }
    println!("derived {} blocks", pipeline.safe_head().info.block.number);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut inner = Posted::load("main");
    let layer = std::mem::take(&mut inner.posted);
    println!("{} data lie elsewhere", layer.len());
    let mut source = OwnDa { config: inner.recording.config.clone(), inner, layer };
    derive(&mut source)
}

#[test]
fn data_from_elsewhere_make_the_same_chain() {
    main().unwrap();
}

#[test]
fn data_that_is_missing_ends_derivation() {
    let inner = Posted::load("main");
    let mut source = OwnDa { config: inner.recording.config.clone(), inner, layer: HashMap::new() };
    let error = derive(&mut source).unwrap_err();
    assert!(error.to_string().contains("nobody has the data"), "{error}");
}
