//! Real peers in our tests: op-geth, op-node, op-batcher and op-program, built from their Go modules, and a chain that they
//! make with each other.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use kohala_interop::{Preimages, shared};
//! let peers = shared()?; // minutes the first time, a few seconds after that
//! let claim = peers.chain.claim(60, 110)?;
//! let run = peers.run(&peers.op_program(&claim, Preimages::Fetched))?;
//! assert_eq!(run.program.exit_code, 0);
//! assert!(run.calls.l2.calls > 0);
//! # Ok(())
//! # }
//! ```
//!
//! What is built and made lies below `interop` in cargo's target folder and is kept until the Go sources change. All of
//! it listens on loopback only, and ends with the process that started it.
//!
//! It knows none of our crates and judges nothing: tests compare what peers say with what `kohala` says.

pub mod cannon;
mod chain;
mod claim;
pub mod execution;
mod fork;
mod programs;
mod random;
mod rlp;
mod rpc;
mod run;
pub mod streams;

pub use chain::{Chain, Served, Urls};
pub use claim::Claim;
pub use fork::Fork;
pub use programs::{Programs, has_go, op_challenger, op_geth, optimism};
pub use rpc::{Calls, EndpointCalls, call};
pub use run::{Arguments, Peers, Preimages, Program, Run, shared};

use anyhow::{Context, Result};
use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
};

/// The folder of everything that is built and made here.
fn directory() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("this crate lies in the workspace's root")?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target));
    let directory = target.join("interop");
    fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    Ok(directory)
}

/// Waits for the one lock under which things are built and made; it is held until the file is dropped.
fn lock(directory: &Path) -> Result<File> {
    let file = File::create(directory.join("lock"))?;
    file.lock()?;
    Ok(file)
}
