use super::{memory::Places, rpc::RpcError};
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::B256;
use serde_json::Value;

/// The heads of a chain that a tag can name, by number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    pub(super) latest: u64,
    pub(super) safe: u64,
}

/// What a method takes for a block's name. geth, reth and op-geth agree; more than they take, we don't: a client that
/// only we understand is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// A number or a tag.
    Number,
    /// A hash.
    Hash,
    /// Any of them, by itself or in an object (EIP-1898).
    Any,
}

impl Naming {
    fn of(method: &str) -> Self {
        let says = |parts: [&str; 2]| parts.iter().any(|part| method.contains(part));
        if says(["ByNumber", "ByBlockNumber"]) || method == "debug_executionWitness" {
            Self::Number
        } else if says(["ByHash", "ByBlockHash"]) {
            Self::Hash
        } else {
            Self::Any
        }
    }
}

/// Where the block is that a method's parameter names. `Ok(None)` if there is no such block.
pub(super) fn select(
    method: &str,
    name: Option<&Value>,
    heads: Heads,
    places: &Places,
) -> Result<Option<usize>, RpcError> {
    let naming = Naming::of(method);
    let name = name.ok_or(RpcError::Params)?;
    let inner = name.get("blockHash").or_else(|| name.get("blockNumber")).filter(|_| naming == Naming::Any);
    let text = inner.unwrap_or(name).as_str().ok_or(RpcError::Params)?;
    match (text.parse::<B256>(), naming) {
        // A hash has its prefix; that the parser is content without is its own affair.
        (Ok(hash), Naming::Hash | Naming::Any) if text.starts_with("0x") => return Ok(places.block(&hash)),
        (Err(_), Naming::Number | Naming::Any) => {}
        _ => return Err(RpcError::Params),
    }
    let number = match text.parse().map_err(|_| RpcError::Params)? {
        BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => heads.latest,
        BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized => heads.safe,
        BlockNumberOrTag::Earliest => 0,
        BlockNumberOrTag::Number(number) => number,
    };
    Ok((number <= heads.latest).then_some(number as usize))
}
