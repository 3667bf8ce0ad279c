//! What is told of states and steps, as JSON: the fields that op-challenger reads.

use crate::{Preimage, mips, riscv};
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

impl From<Preimage> for Read {
    fn from(read: Preimage) -> Self {
        Self { oracle_key: read.key.into(), oracle_value: read.value.into(), oracle_offset: read.offset }
    }
}

/// The witness of a state of cannon's machine, and what op-challenger wants to know besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CannonWitness {
    /// The machine's version.
    pub state_version: u8,
    /// The state hash.
    pub witness_hash: B256,
    /// The witness.
    pub witness: Bytes,
    /// How many steps were made.
    pub step: u64,
    /// Whether the program has ended.
    pub exited: bool,
    /// How.
    pub exit_code: u8,
}

impl CannonWitness {
    /// That of a state.
    pub fn of(state: &mut mips::State) -> Self {
        let witness = state.witness();
        let core = &state.core;
        Self {
            state_version: mips::VERSION,
            witness_hash: witness.state_hash(),
            witness: witness.0.to_vec().into(),
            step: core.step,
            exited: core.exited,
            exit_code: core.exit_code,
        }
    }
}

/// The same of a state of asterisc's machine, in its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AsteriscWitness {
    /// The witness.
    pub witness: Bytes,
    /// The state hash.
    pub state_hash: B256,
    /// How many steps were made.
    pub step: u64,
    /// Whether the program has ended.
    pub exited: bool,
    /// How.
    pub exit_code: u8,
    /// The address of the instruction that is next.
    pub pc: u64,
}

impl AsteriscWitness {
    /// That of a state.
    pub fn of(state: &mut riscv::State) -> Self {
        let witness = state.witness();
        let core = &state.core;
        Self {
            witness: witness.0.to_vec().into(),
            state_hash: witness.state_hash(),
            step: core.step,
            exited: core.exited,
            exit_code: core.exit_code,
            pc: core.pc,
        }
    }
}
