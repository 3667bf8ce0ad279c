//! Stores, blobs and serving, over one small set of preimages.

#[expect(dead_code, reason = "scenarios ask for more")]
#[path = "../../../devnet/tests/scenarios/support/asker.rs"]
mod asker;
mod common;
mod database;
mod guest_input;
mod history;
mod kzg;
mod online;
mod precompiles;
#[path = "../support/recorded.rs"]
mod recorded;
mod redirects;
mod resilience;
mod serving;
mod short_blobs;
mod stores;
mod to_come;
