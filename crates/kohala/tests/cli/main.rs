//! The built binary: claims judged, input refused, stores converted, nodes probed; and what a claim's preimages mean to its
//! verdict.

mod check;
mod claims;
mod input;
mod metrics;
mod online;
mod preimages;
mod prove;
mod stores;
mod support;
mod vm;
