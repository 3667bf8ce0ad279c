//! Blocks that chance makes: random code in random transactions, some of them such that no block can hold them.
//!
//! A [`Chain`] is made from a seed and grows block by block, as it has to know nonces and which blocks were refused. Who
//! knows is op-geth: [`OpGeth`] is its real code as a process, which builds each block, says what it read for it, and what
//! the block's code reached. A [`Case`] is what can be kept of a chain and told again without chance.
//!
//! Nothing here judges a block, or knows what it should come to.

mod chain;
mod code;
mod op_geth;
mod opcode;
mod targets;
mod transaction;
mod users;
mod world;

pub use chain::Chain;
pub use op_geth::{Account, Built, Coverage, OpGeth, Witness};
pub use opcode::opcodes;
pub use targets::{Files, precompiles};
pub use users::faults;
pub use world::forks;

use alloy_primitives::{Address, B64, B256, Bytes, U64};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A chain: its genesis, and what blocks are to be built of, one after the other. Those that are refused are none.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Case {
    /// Where it comes from: fork, seed and number, or a name.
    pub name: String,
    /// `rollup.json`.
    pub rollup: Value,
    /// Genesis as geth reads it, but for the predeploys, which all chains have.
    pub genesis: Value,
    /// What its blocks are to be built of.
    pub blocks: Vec<Draft>,
}

/// What a block is to be built of.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Draft {
    /// What is special about it, wrong mostly; or nothing.
    pub note: String,
    /// The payload attributes.
    pub attributes: Attributes,
}

/// Payload attributes as the engine API has them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the engine API's names")]
pub struct Attributes {
    pub timestamp: U64,
    pub prev_randao: B256,
    pub suggested_fee_recipient: Address,
    pub withdrawals: Option<[(); 0]>,
    pub parent_beacon_block_root: Option<B256>,
    pub transactions: Vec<Bytes>,
    pub no_tx_pool: bool,
    pub gas_limit: U64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub eip1559_params: Option<B64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub min_base_fee: Option<u64>,
}
