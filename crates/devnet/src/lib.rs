//! A deterministic OP Stack chain in one process: an independent witness for our tests.
//!
//! [`chain`] makes it: L1 blocks, the L2 blocks that hang on them and a batcher's posts, step by step as a script says;
//! equal scripts make equal chains. L2 is executed by alloy-op-evm and rooted by alloy-trie, and no crate of ours is
//! known here, so that its blocks can judge our derivation and execution.
//!
//! Forks of both chains begin at any block ([`Config::then`](chain::Config::then)); the transactions that upgrade L2's
//! contracts then are the configuration's. What a batcher posts is data that a script may alter before it is encoded:
//! batches ([`Singular`](chain::Singular), [`Span`](chain::Span)), the [`Channel`](chain::Channel) that carries them, or
//! the [`OpenChannel`](chain::OpenChannel) that grows while it is posted, its [`Frame`](chain::Frame)s, and the
//! transaction with those ([`L1Call`](chain::L1Call)). The sequencer is told its L1 origins ([`Origin`](chain::Origin)),
//! drafts blocks that nobody executes, and goes back to build others: those that derivation makes instead.
//!
//! L1 is simulated as far as L2 can see it: headers, transactions, receipts, logs and blobs are real, and all hashes,
//! roots, filters, fees and signatures are what they commit to. But nothing is executed on L1: the script says what a
//! receipt holds, and the state roots there commit to nothing.
//!
//! [`serve`] answers for its nodes over HTTP on loopback as op-geth, op-node and a beacon node would, and counts what it
//! was asked. [`proxy`] stands between such a node, or a real one, and its client, and lets go wrong what a test wants.
//!
//! This crate doesn't reorganise L1, follow a network or derive: which blocks its L1 gives rise to is the script's to say.
//! Of the executor's fees in the block where Ecotone begins it makes op-geth's; it knows none where Fjord begins there
//! too. No fork after Karst is known.
//!
//! ```
//! use kohala_devnet::{
//!     chain::{Channel, Config, ConfigUpdate, Devnet, Posting},
//!     serve::{Endpoint, Server},
//! };
//! # use alloy_primitives::{Address, U256};
//!
//! let mut devnet = Devnet::new(Config::default());
//! let mut alice = devnet.user(0);
//! devnet.l2_block(&[alice.transfer(Address::ZERO, U256::from(1))]);
//! devnet.l1_block(|block| block.config_update(ConfigUpdate::GasLimit(20_000_000)));
//! devnet.l2_block(&[]);
//! devnet.l1_block(|block| block.batch(1..=2, Posting::default()));
//! // What the batcher would say of the next block, with somebody else's idea of its time.
//! devnet.l2_block(&[]);
//! let mut batch = devnet.singular(3);
//! batch.timestamp += 1;
//! let frames = Channel::of([batch]).cut(2);
//! devnet.l1_block(|block| block.frames(&frames[1..]).frames_in_blob(&frames[..1]));
//! let claim = devnet.claim(0, 2);
//! let server = Server::start(devnet)?;
//! println!("judge {claim:?} with {} and {}", server.url(Endpoint::L1), server.url(Endpoint::L2));
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod chain;
pub mod proxy;
pub mod serve;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock's content, even after a panic in another request: nothing here is left half written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
