//! Flags of `kohala prove`. What a backend is told bears the same names there.

use super::{ChainFlags, ClaimFlags, Output, Verify};
use alloy_primitives::B256;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Prove a claim.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  What a proof of a recorded claim would take:
    kohala prove --data-dir testdata/chains/main/preimages.kohala \\
      --rollup-config-path testdata/chains/main/rollup.json \\
      --l1-config-path testdata/chains/main/l1-chain-config.json \\
      --claim testdata/chains/main/claims/0-1.json

  A core proof of a block of a known chain, and its verification:
    kohala prove --chain op-mainnet --block 145000000 --l1 $L1 --beacon $BEACON --l2 $L2 --mode core --out proof.bin
    kohala prove verify proof.bin --elf kohala-sp1-range.elf --chain op-mainnet --l1-head $L1_HEAD --agreed-l2-output-root $AGREED \\
      --claimed-l2-output-root $CLAIMED --claimed-l2-block-number 145000000

  A proof for L1 by Succinct's prover network:
    NETWORK_PRIVATE_KEY=… kohala prove --witness claim.kohala --mode groth16 --prover network --out proof.bin

The claim is judged here first, and of a wrong one nothing is proven. What proves is a program of its own, kohala-sp1, since it takes
minutes to build: `cargo build --release --manifest-path provers/sp1/Cargo.toml`. It is looked for beside kohala, in
provers/sp1/target/release and in PATH. `cargo xtask guests --target sp1` builds the guests.

Exit codes: 0 the proof was made (or the guest run); 1 the claim is wrong; 2 anything else.")]
pub(crate) struct Prove {
    #[command(subcommand)]
    pub(crate) command: Option<ProveCommand>,
    /// What to make of the claim
    #[arg(long, value_name = "MODE", default_value = "execute")]
    pub(crate) mode: Mode,
    /// The guest's input, which `kohala witness --zkvm` wrote, in place of a claim and where its data comes from
    #[arg(long, value_name = "FILE", conflicts_with_all = ["witness", "data_dir", "l1", "block", "claim", "l1_head", "agreed_l2_head_hash", "agreed_l2_output_root", "claimed_l2_output_root", "claimed_l2_block_number", "chain", "l2_chain_id", "rollup_config_path"])]
    pub(crate) input: Option<PathBuf>,
    /// The guest [default: kohala-sp1-range.elf beside kohala or in target/guests]
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) prover: ProverFlags,
    #[command(flatten)]
    pub(crate) backend: BackendFlags,
    #[command(flatten)]
    pub(crate) verify: Verify,
}

/// What can be done with proofs.
#[derive(Subcommand)]
pub(crate) enum ProveCommand {
    /// Check a proof, and print what it commits to
    Verify(Box<ProofFlags>),
    /// Print the key that a guest's proofs are verified by: contracts on L1 are told it
    Vkey(VkeyFlags),
    /// Join proofs of ranges that follow each other into one
    Aggregate(AggregateFlags),
}

/// Check a proof.
#[derive(Args)]
#[command(after_help = "Example:
    kohala prove verify proof.bin --elf target/guests/kohala-sp1-range.elf --claim testdata/chains/main/claims/0-1.json \\
      --rollup-config-path testdata/chains/main/rollup.json --l1-config-path testdata/chains/main/l1-chain-config.json

A proof says that the guest ended well and committed to a statement. If it is the one that you mean only you can know: say what you
expect (what is not said may be anything), or compare what is printed.

Exit codes: 0 it holds and is for what you expect, 1 it isn't, 2 anything else.")]
pub(crate) struct ProofFlags {
    /// The proof
    pub(crate) proof: PathBuf,
    /// The guest that it must be of
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: Option<PathBuf>,
    /// The verifying key of that guest, a file that `vkey --out` wrote, in place of the guest
    #[arg(long, value_name = "FILE", conflicts_with = "elf")]
    pub(crate) vkey: Option<PathBuf>,
    /// Let a mock pass, which proves nothing: for tests
    #[arg(long)]
    pub(crate) mock: bool,
    #[command(flatten)]
    pub(crate) claim: ClaimFlags,
    #[command(flatten)]
    pub(crate) chain: ChainFlags,
    /// Of joined proofs: the hash of the range guest, which `vkey` prints as program
    #[arg(long, value_name = "HASH", value_parser = super::hash)]
    pub(crate) program: Option<B256>,
    #[command(flatten)]
    pub(crate) backend: BackendFlags,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Print a verifying key.
#[derive(Args)]
#[command(after_help = "Examples:
    kohala prove vkey --out range.vkey
    kohala prove vkey --elf target/guests/kohala-sp1-aggregation.elf

  Written down where `kohala version` looks for it:
    kohala prove vkey --elf target/guests/kohala-sp1-range.elf --json > target/guests/kohala-sp1-range.vkey.json")]
pub(crate) struct VkeyFlags {
    /// The guest [default: kohala-sp1-range.elf beside kohala or in target/guests]
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: Option<PathBuf>,
    /// A file to write the whole key to, for `verify --vkey`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backend: BackendFlags,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Join proofs.
#[derive(Args)]
#[command(after_help = "Example:
    kohala prove --input 61-85.zkvm --mode compressed --out 61-85.bin
    kohala prove --input 86-110.zkvm --mode compressed --out 86-110.bin
    kohala prove aggregate 61-85.bin 86-110.bin --mode groth16 --out 61-110.bin
    kohala prove verify 61-110.bin --elf target/guests/kohala-sp1-aggregation.elf --program $PROGRAM \\
      --claim claim.json --chain op-mainnet

With --mode mock or execute, which prove nothing, the proofs may be mocks.")]
pub(crate) struct AggregateFlags {
    /// The proofs, compressed ones, in the order of their ranges
    #[arg(required = true)]
    pub(crate) proofs: Vec<PathBuf>,
    /// What to make
    #[arg(long, value_name = "MODE", default_value = "execute")]
    pub(crate) mode: Mode,
    /// The guest that joins [default: kohala-sp1-aggregation.elf beside kohala or in target/guests]
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: Option<PathBuf>,
    /// The guest that the proofs are of [default: kohala-sp1-range.elf beside kohala or in target/guests]
    #[arg(long, value_name = "FILE")]
    pub(crate) range_elf: Option<PathBuf>,
    /// If their L1 heads differ, a file with L1 headers from the last one's down to a child of the oldest: RLP in hexadecimal
    /// digits, a line each (`debug_getRawHeader` has them)
    #[arg(long, value_name = "FILE")]
    pub(crate) l1_headers: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) prover: ProverFlags,
    #[command(flatten)]
    pub(crate) backend: BackendFlags,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Who proves, and what that may take.
#[derive(Args)]
#[command(next_help_heading = "Proof")]
pub(crate) struct ProverFlags {
    /// Who makes the proof [default: in-order for core proofs, otherwise cpu]
    #[arg(long, value_name = "PROVER")]
    pub(crate) prover: Option<Prover>,
    /// The file to write the proof to
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The guest's verifying key, a file that `vkey --out` wrote: mocks are made at once with it
    #[arg(long, value_name = "FILE")]
    pub(crate) vkey: Option<PathBuf>,
    /// With --mode execute, count nothing but cycles: phases, precompiles and gas take ten times the time
    #[arg(long)]
    pub(crate) quick: bool,
    /// Let the backend fetch the circuit that Groth16 and Plonk proofs need, if it isn't there: some gigabytes
    #[arg(long)]
    pub(crate) download: bool,
    /// Begin even if there is less memory, or less of whatever else it takes, than was seen to be needed
    #[arg(long)]
    pub(crate) unchecked: bool,
}

/// The zkVM, and the program that knows it.
#[derive(Args)]
#[command(next_help_heading = "Backend")]
pub(crate) struct BackendFlags {
    /// The zkVM
    #[arg(long, value_name = "ZKVM", default_value = "sp1")]
    pub(crate) backend: Backend,
    /// The program that proves with it [default: kohala-sp1, beside kohala, in provers/sp1/target/release or in PATH]
    #[arg(long, env = "KOHALA_BACKEND_PATH", value_name = "FILE")]
    pub(crate) backend_path: Option<PathBuf>,
}

/// zkVMs that there are guests for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// Succinct's SP1
    Sp1,
}

/// What is to be made of a run of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Nothing: the guest is run, and what that takes is counted
    Execute,
    /// No proof: what comes after one can be tried out with it
    Mock,
    /// A proof that grows with the run
    Core,
    /// A proof of constant size, which can be joined with others
    Compressed,
    /// A proof for L1
    Groth16,
    /// A proof for L1 that needs no ceremony of its own
    Plonk,
}

/// Who proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Prover {
    /// This machine
    Cpu,
    /// This machine, shard after shard: core proofs of short runs with less memory
    InOrder,
    /// The zkVM's prover network
    Network,
}
