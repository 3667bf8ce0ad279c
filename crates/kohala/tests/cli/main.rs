//! The built binary: claims judged, input refused, stores converted, nodes probed; and what a claim's preimages mean to its
//! verdict.

mod check;
mod claims;
mod input;
mod metrics;
mod nodes;
mod online;
mod preimages;
mod prove;
#[expect(dead_code, reason = "claims are read by the support here")]
#[path = "../../../host/tests/support/recorded.rs"]
mod recorded;
mod stores;
mod support;
mod vm;
