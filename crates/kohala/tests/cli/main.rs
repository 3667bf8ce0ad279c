//! The built binary: claims judged, input refused, stores converted; and what a claim's preimages mean to its verdict.

mod claims;
mod input;
mod preimages;
mod stores;
mod support;
