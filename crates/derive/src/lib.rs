//! L1 blocks in, payload attributes out: the derivation pipeline of the OP Stack (spec: derivation; rules D01 to D103),
//! as a machine without input or output.
//!
//! [`Pipeline::step`] answers with the next [`Attributes`](kohala_protocol::Attributes) or with what it [`Need`]s to
//! go on; the caller feeds it ([`Pipeline::provide_l1_block`], [`Pipeline::provide_blobs`],
//! [`Pipeline::provide_l2_blocks`]) and says what became of the attributes ([`Pipeline::accept`],
//! [`Pipeline::reject`]). [`next_attributes`] is that loop for a caller whose data comes from a blocking [`Source`].
//!
//! Data flows upwards through plain parts, each a file: `inbox` (the batcher's transactions of one L1 block),
//! `frame_queue`, `channel_bank` before Holocene and `channel_assembler` after it, `batch_reader`, `batch_queue`
//! before Holocene and `batch_stage` after it, `attributes`. Each is pulled by the one above, in op-node's order.
//!
//! This crate does not fetch, check hashes of what it is fed, execute blocks, or decide that missing data is an
//! invalid block: what is not there is asked for, for ever. What a batcher or a user posts on L1 is dropped with an
//! [`Event`] exactly where op-node drops it, and goes on; [`Halted`] is for where op-node can't go on either.
//!
//! ```
//! use kohala_derive::{NextError, Pipeline, SafeHead, Source, next_attributes};
//! use kohala_protocol::Attributes;
//!
//! /// Derives until L1 is used up; `build` makes a block of attributes.
//! fn derive<S: Source>(
//!     pipeline: &mut Pipeline,
//!     source: &mut S,
//!     mut build: impl FnMut(&Attributes) -> SafeHead,
//! ) -> Result<(), NextError<S::Error>> {
//!     while let Some(attributes) = next_attributes(pipeline, source)? {
//!         pipeline.accept(build(&attributes));
//!     }
//!     Ok(())
//! }
//! ```
//!
//! `examples/node.rs` pushes L1 blocks instead, and `examples/own_da.rs` has a source whose data lies elsewhere than on L1.
#![no_std]

extern crate alloc;

mod attributes;
mod batch_queue;
mod batch_reader;
mod batch_stage;
mod channel_assembler;
mod channel_bank;
mod empty_batch;
mod event;
mod frame_queue;
mod inbox;
mod open_span;
mod origins;
mod pipeline;
mod pull;
mod singular_validity;
mod source;
mod span_validity;
mod start;
mod upstream;

#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod testing;

pub use event::{Event, Reason, Subject};
pub use inbox::{Senders, inbox_senders};
pub use pipeline::{Mismatch, Pipeline, Step};
pub use pull::{Halted, IndexedBlobHash, Need};
pub use source::{L1Block, L2Block, NextError, Source, next_attributes};
pub use start::{Batcher, SafeHead, Start, steps_back};
