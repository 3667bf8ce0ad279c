//! What scenarios share: real contracts and upgrades to start from, and the judge that they end with.

mod given;
mod judge;

pub(crate) use given::{NEWEST, config, real_genesis, with_transfers};
pub(crate) use judge::{Judge, boot, inputs};
