//! A node that embeds the pipeline: it pushes L1 blocks as they come, and an engine of its own builds what follows from them.
//!
//! ```text
//! cargo run -p kohala-derive --example node
//! ```

#[path = "../tests/recording/mod.rs"]
mod recording;

use alloy_primitives::Bytes;
use kohala_derive::{IndexedBlobHash, L1Block, L2Block, Need, Pipeline, SafeHead, Source, Step};
use kohala_protocol::{Attributes, BlockInfo};
use recording::Recording;
use std::{error::Error, ops::RangeInclusive};

// ANCHOR: engine
/// Whatever builds blocks: an execution client behind the Engine API, or a state machine of your own.
trait Engine {
    /// Builds a block of attributes; `None` if they make no block. Who lacks data to tell has an error: that says nothing of
    /// the block.
    fn build(&mut self, attributes: &Attributes) -> Result<Option<SafeHead>, Box<dyn Error>>;

    /// Blocks that were built.
    fn blocks(&mut self, numbers: RangeInclusive<u64>) -> Vec<L2Block>;
}
// ANCHOR_END: engine

// ANCHOR: node
/// The part of a node that follows L1.
struct Node<E> {
    pipeline: Pipeline,
    engine: E,
}

impl<E: Engine> Node<E> {
    /// Takes the next L1 block, and builds all that follows from it. `blobs` fetches blobs of the block.
    fn push(
        &mut self,
        block: L1Block,
        mut blobs: impl FnMut(&BlockInfo, &[IndexedBlobHash]) -> Vec<Bytes>,
    ) -> Result<(), Box<dyn Error>> {
        let mut block = Some(block);
        loop {
            match self.pipeline.step() {
                Step::Attributes(attributes) => self.build(*attributes)?,
                Step::Need(Need::L1Block { .. }) => match block.take() {
                    Some(block) => self.pipeline.provide_l1_block(block)?,
                    // Nothing more follows until there is another one.
                    None => return Ok(()),
                },
                Step::Need(Need::Blobs { block, hashes }) => self.pipeline.provide_blobs(blobs(&block, &hashes))?,
                Step::Need(Need::L2Blocks { numbers }) => {
                    self.pipeline.provide_l2_blocks(self.engine.blocks(numbers))?;
                }
                Step::Halted(halted) => return Err(halted.into()),
            }
        }
    }

    /// Builds a block, or what takes its place if the batcher's transactions make none.
    fn build(&mut self, attributes: Attributes) -> Result<(), Box<dyn Error>> {
        if let Some(head) = self.engine.build(&attributes)? {
            self.pipeline.accept(head);
        } else if let Some(deposits_only) = self.pipeline.reject() {
            let head = self.engine.build(&deposits_only)?.ok_or("deposits make a block always")?;
            self.pipeline.accept(head);
        }
        Ok(())
    }
}
// ANCHOR_END: node

/// An engine that looks up in a recording what op-geth built.
impl Engine for Recording {
    fn build(&mut self, attributes: &Attributes) -> Result<Option<SafeHead>, Box<dyn Error>> {
        let built = self.chain.l2.get(attributes.number() as usize).ok_or("the recording ends here")?;
        Ok((built.transactions == attributes.transactions).then(|| self.safe_head(attributes.number())))
    }

    fn blocks(&mut self, numbers: RangeInclusive<u64>) -> Vec<L2Block> {
        self.l2_blocks(numbers).unwrap_or_else(|never| match never {})
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut l1 = Recording::load("main");
    let engine = Recording::load("main");
    let mut node = Node { pipeline: engine.pipeline(0), engine };
    let last = l1.chain.l2.len() as u64 - 1;
    let mut numbers = 1..=l1.l1_head;
    while let Some(number) = numbers.next()
        && node.pipeline.safe_head().info.block.number < last
    {
        let block = l1.l1_block_record(number);
        let pushed = node.push(block, |block, hashes| l1.blobs(block, hashes).unwrap_or_else(|never| match never {}));
        let head = node.pipeline.safe_head().info.block;
        println!("L1 block {number}: the safe head is block {}, {}", head.number, head.hash);
        if head.number < last {
            pushed?;
        }
    }
    let head = node.pipeline.safe_head().info.block;
    if head.hash != l1.chain.l2[last as usize].hash {
        return Err(format!("op-node came to block {last}, and not to {}", head.number).into());
    }
    Ok(())
}

#[test]
fn pushed_blocks_lead_where_op_node_came() {
    main().unwrap();
}
