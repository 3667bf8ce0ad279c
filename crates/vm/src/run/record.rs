//! What is told of states and steps, as JSON: the fields that op-challenger reads.

use crate::PreimageRead;
use alloy_primitives::{B256, Bytes};
use serde::Serialize;

/// A step and all that L1 needs to make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Proof {
    /// The step's number: how many were made before it.
    pub step: u64,
    /// The state hash before it.
    pub pre: B256,
    /// The state hash after it.
    pub post: B256,
    /// The witness of the state before it.
    pub state_data: Bytes,
    /// The proofs of what it touches.
    pub proof_data: Bytes,
    /// The preimage that it reads; nothing if it reads none.
    #[serde(flatten)]
    pub read: Option<Read>,
}

/// A preimage that a step reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Read {
    /// Its key.
    pub oracle_key: B256,
    /// The preimage, with its length in eight bytes before it.
    pub oracle_value: Bytes,
    /// Where in those bytes is read.
    #[serde(skip_serializing_if = "is_zero")]
    pub oracle_offset: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl From<PreimageRead<'_>> for Read {
    fn from(read: PreimageRead<'_>) -> Self {
        Self { oracle_key: read.key.into(), oracle_value: read.value.to_vec().into(), oracle_offset: read.offset }
    }
}
