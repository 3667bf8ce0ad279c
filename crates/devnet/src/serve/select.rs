use super::rpc::RpcError;
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::B256;
use serde_json::Value;

/// The heads of a chain that a tag can name, by number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    pub(super) latest: u64,
    pub(super) safe: u64,
}

/// Where the block is that a parameter names: by tag, number or hash, or by an object with one of the two (EIP-1898).
/// `Ok(None)` if there is no such block.
pub(super) fn select(
    name: Option<&Value>,
    heads: Heads,
    hashes: impl IntoIterator<Item = B256>,
) -> Result<Option<usize>, RpcError> {
    let name = name.ok_or(RpcError::Params)?;
    let name = name.get("blockHash").or_else(|| name.get("blockNumber")).unwrap_or(name);
    let text = name.as_str().ok_or(RpcError::Params)?;
    if let Ok(hash) = text.parse::<B256>() {
        return Ok(hashes.into_iter().position(|known| known == hash));
    }
    let number = match text.parse().map_err(|_| RpcError::Params)? {
        BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => heads.latest,
        BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized => heads.safe,
        BlockNumberOrTag::Earliest => 0,
        BlockNumberOrTag::Number(number) => number,
    };
    Ok((number <= heads.latest).then_some(number as usize))
}
