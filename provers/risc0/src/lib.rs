//! RISC Zero's side of Kohala: runs a guest in the executor of RISC Zero's machine, as proving one would.
//!
//! The guest is `guests/risc0`, its input the witness that a guest for SP1 gets, too. Nothing is proven here. A proof takes
//! RISC Zero's prover (the crate `risc0-zkvm` with its feature `prove`, or its server `r0vm`), whose circuits are fetched
//! while it is built. It is given the same executable, made one with RISC Zero's kernel
//! (`risc0_binfmt::ProgramBinary`), and the witness by `ExecutorEnv::builder().write_frame(…)`. The proof is then verified by the image ID that is
//! printed here.
//!
//! In the repository's root, to build the guest (minutes), and to run recorded claims:
//!
//! ```text
//! cargo xtask guests --target risc0
//! cargo test --manifest-path provers/risc0/Cargo.toml
//! ```

mod execution;
mod guest;
mod host;

pub use execution::{Execution, execute};
pub use guest::Guest;
