//! Stores, blobs and serving, over one small set of preimages.

mod common;
mod database;
mod kzg;
mod serving;
mod stores;
