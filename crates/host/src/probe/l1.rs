//! What an execution client of L1 can do.

use super::{
    Basics, Capability, Purpose, RpcError, Samples, SourceKind, Status,
    blocks::{blocks, raw_transaction, receipts},
};
use crate::execution::{BlockAt, ExecutionClient};
use kohala_protocol::L1Header;

const KEEP_HISTORY: &str = "use an L1 node that keeps old blocks and receipts (no history expiry, no receipt pruning), or \
                            judge younger blocks";

pub(super) async fn probe(basics: &Basics<'_>, samples: &Samples) -> Vec<Capability> {
    let asker = basics.asker;
    let Some(newest) = basics.heads.newest else {
        let status = Status::Refused("the node does not tell its newest block".to_owned());
        return vec![Capability::new("eth_getBlockByNumber", Purpose::Headers, status, "let the node sync first")];
    };
    let (mut capabilities, block) = blocks(asker, newest).await;
    if let Some(block) = block {
        capabilities.extend(receipts(asker, &block).await);
        capabilities.push(raw_transaction(asker, &block).await);
    }
    capabilities.push(match samples.oldest_l1 {
        Some(number) => {
            let status = asker.status(old_block(basics, number)).await;
            Capability::new("old block and receipts", Purpose::OldBlocks, status, KEEP_HISTORY).at(number)
        }
        None => {
            let status = Status::Untried("it is not known how old a block is needed");
            Capability::new("old block and receipts", Purpose::OldBlocks, status, KEEP_HISTORY)
        }
    });
    capabilities
}

/// A whole block with its receipts, by whatever method.
async fn old_block(basics: &Basics<'_>, number: u64) -> Result<(), RpcError> {
    let client = ExecutionClient::new(basics.asker.endpoint().0);
    let block = client.block(BlockAt::Number(number)).await?;
    let header = L1Header::decode(block.hash, &block.header).map_err(|error| RpcError::Refused {
        source_kind: SourceKind::L1,
        node: basics.asker.node.clone(),
        method: "debug_getRawBlock",
        reason: format!("a header that can't be read: {error}"),
    })?;
    client.receipts(&[(block.hash, header.receipts_root)]).await.pop().expect("one for one").map(drop)
}
