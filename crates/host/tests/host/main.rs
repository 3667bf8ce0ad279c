//! Stores, blobs and serving, over one small set of preimages.

mod common;
mod database;
mod kzg;
mod online;
mod resilience;
mod serving;
mod stores;
mod to_come;
