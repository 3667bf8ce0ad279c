//! What scenarios share: real contracts and upgrades to start from, and the judge that they end with.

mod given;
mod judge;

pub(crate) use given::{config, real_genesis};
pub(crate) use judge::{Judge, boot, inputs};
