//! Fuzz targets: everything that a batcher, a user of L1 or an oracle hands to `kohala-protocol`, `kohala-derive` and
//! `kohala-trie`.
//!
//! A target is a function of bytes. It builds what the code under test reads, and beyond «does not panic» asserts what
//! must hold: what was decoded encodes to what it came from, another decoder agrees, counts stay below what the input
//! can hold. `fuzz_targets/` gives each one to libFuzzer, `tests/` runs each one on its seeds and on mutations of
//! them, and [`TARGETS`] names all of them.
//!
//! Nothing here measures memory: counts of allocations stand beside the code that they are about.

mod batch;
mod blob;
mod chain;
mod channel;
mod channel_assembly;
mod frames;
mod l1;
mod l2;
mod logs;
mod mutation;
mod pipeline_chain;
mod pipeline_script;
mod script;
mod seeds;
mod span;
mod trie;

pub use batch::{singular_batch, span_batch, span_transactions};
pub use blob::blob;
pub use channel::{channel_items, channel_stream};
pub use channel_assembly::channel_assembly;
pub use frames::frames;
pub use l1::{l1_header, l1_receipt, l1_transaction};
pub use l2::l2_block;
pub use logs::{config_updates, deposit_logs};
pub use mutation::Mutations;
pub use pipeline_chain::pipeline_chain;
pub use pipeline_script::pipeline_script;
pub use trie::{trie_node, trie_script};

/// One target: what is run, and what it begins with.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The function's name, and that of the binary in `fuzz_targets/`.
    pub name: &'static str,
    /// Panics where something doesn't hold.
    pub run: fn(&[u8]),
    /// Inputs from the recorded chains and from cases that op-node judged.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 18] = [
    Target { name: "frames", run: frames, seeds: seeds::frames },
    Target { name: "blob", run: blob, seeds: seeds::blob },
    Target { name: "channel_stream", run: channel_stream, seeds: seeds::channel_stream },
    Target { name: "channel_items", run: channel_items, seeds: seeds::channel_items },
    Target { name: "channel_assembly", run: channel_assembly, seeds: seeds::scripts },
    Target { name: "singular_batch", run: singular_batch, seeds: seeds::singular_batch },
    Target { name: "span_batch", run: span_batch, seeds: seeds::span_batch },
    Target { name: "span_transactions", run: span_transactions, seeds: seeds::scripts },
    Target { name: "deposit_logs", run: deposit_logs, seeds: seeds::deposit_logs },
    Target { name: "config_updates", run: config_updates, seeds: seeds::config_updates },
    Target { name: "l1_header", run: l1_header, seeds: seeds::l1_header },
    Target { name: "l1_receipt", run: l1_receipt, seeds: seeds::l1_receipt },
    Target { name: "l1_transaction", run: l1_transaction, seeds: seeds::l1_transaction },
    Target { name: "l2_block", run: l2_block, seeds: seeds::l2_block },
    Target { name: "pipeline_script", run: pipeline_script, seeds: seeds::scripts },
    Target { name: "pipeline_chain", run: pipeline_chain, seeds: seeds::scripts },
    Target { name: "trie_script", run: trie_script, seeds: seeds::scripts },
    Target { name: "trie_node", run: trie_node, seeds: seeds::trie_node },
];
