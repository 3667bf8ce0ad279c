//! The built binary: claims judged, input refused, stores converted, nodes probed; what a claim's preimages mean to its verdict;
//! and what the binary tells about itself.

mod about;
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
mod refusals;
mod stores;
mod support;
mod vm;
