//! Stores, blobs and serving, over one small set of preimages.

mod common;
mod kzg;
mod online;
mod serving;
mod stores;
