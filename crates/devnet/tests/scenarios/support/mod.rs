//! What scenarios share: real contracts and upgrades to start from, a contract that asks others, and the judge that
//! they end with.

mod asker;
mod given;
mod judge;

pub(crate) use asker::{answers, ask, ask_for, with_asker};
pub(crate) use given::{
    GAS_PRICE_ORACLE, NEWEST, OPERATOR_FEE_VAULT, balance, config, implementation, posting, real, with_transfers, word,
};
pub(crate) use judge::{Judge, boot, inputs};
