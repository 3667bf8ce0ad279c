//! The command line. `kohala prove` passes its flags on, so that they bear the same names here.

use clap::{Args, Parser, Subcommand};
use kohala_sp1::{
    proof::{Mode, Prover},
    statement::{Expected, Word},
};
use std::path::PathBuf;

/// Executes, proves and verifies guests with SP1.
///
/// Exit codes: 0 done, and a proof that was to be verified holds; 1 it does not hold; 2 anything else.
#[derive(Parser)]
#[command(name = "kohala-sp1", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a guest without a proof: what it commits to, and the cycles, precompiles and gas that it takes
    Execute(Execute),
    /// Make a proof of a guest's run
    Prove(Prove),
    /// Check a proof, and print what it commits to
    Verify(Verify),
    /// Print the key that a guest's proofs are verified by
    Vkey(Vkey),
    /// Join proofs of ranges that follow each other into one
    Aggregate(Aggregate),
}

/// How to say what came out.
#[derive(Args, Clone, Copy)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Run a guest.
#[derive(Args)]
#[command(after_help = "Example:
    kohala-sp1 execute kohala-sp1-range.elf --input claim.sp1")]
pub(crate) struct Execute {
    /// The guest, an ELF file
    pub(crate) elf: PathBuf,
    /// What it reads, a file or - for the standard input; several are read one after another
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// Count nothing but cycles: phases, precompiles and gas take ten times the time
    #[arg(long)]
    pub(crate) quick: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Who proves, and what that may take.
#[derive(Args)]
pub(crate) struct ProverFlags {
    /// What to make
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Mode,
    /// Who makes it [default: in-order for core proofs, otherwise cpu]
    #[arg(long, value_name = "PROVER")]
    pub(crate) prover: Option<Prover>,
    /// The guest's verifying key, a file that `vkey --out` wrote: mocks are made at once with it
    #[arg(long, value_name = "FILE")]
    pub(crate) vkey: Option<PathBuf>,
    /// With --mode execute, count nothing but cycles: phases, precompiles and gas take ten times the time
    #[arg(long)]
    pub(crate) quick: bool,
    /// Let SP1 fetch the circuit that Groth16 and Plonk proofs need, if it isn't there: some gigabytes
    #[arg(long)]
    pub(crate) download: bool,
    /// Begin even if there is less memory, or less of whatever else it takes, than was seen to be needed
    #[arg(long)]
    pub(crate) unchecked: bool,
    /// The file to write the proof to, as SP1's tools write and read it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Make a proof.
#[derive(Args)]
#[command(after_help = "Examples:
  A mock, to try out what comes after a proof:
    kohala-sp1 prove kohala-sp1-range.elf --input claim.sp1 --mode mock --out proof.bin

  A core proof on this machine:
    kohala-sp1 prove kohala-sp1-range.elf --input claim.sp1 --mode core --out proof.bin

  A proof for L1 by Succinct's prover network:
    NETWORK_PRIVATE_KEY=… kohala-sp1 prove kohala-sp1-range.elf --input claim.sp1 --mode groth16 --prover network \\
      --out proof.bin

The guest is run first, and nothing is proven of a run that fails. SP1's log lines are shown if RUST_LOG asks for them (RUST_LOG=info).

SP1 reads from the environment how much it does at once. With little memory, smaller shards help:
    ELEMENT_THRESHOLD=134217728        area of a shard's trace, in field elements of 4 bytes [SP1's default: 402653184]
    HEIGHT_THRESHOLD=1048576           rows of a table of it at most [4194304]
    MINIMAL_TRACE_CHUNK_THRESHOLD, TRACE_CHUNK_SLOTS     memory reads that are handed on at once, and how often [16777216, 5]
    SP1_WORKER_NUM_CORE_WORKERS, SP1_WORKER_NUM_RECURSION_PROVER_WORKERS, …     of --prover cpu: how many at once")]
pub(crate) struct Prove {
    /// The guest, an ELF file
    pub(crate) elf: PathBuf,
    /// What it reads, a file or - for the standard input; several are read one after another
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// What it must commit to, in hexadecimal digits: looked at before anything is proven
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) public_values: Option<Bytes>,
    #[command(flatten)]
    pub(crate) prover: ProverFlags,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Check a proof.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("whose").required(true))]
#[command(after_help = "Example:
    kohala-sp1 verify proof.bin --elf kohala-sp1-range.elf --l1-head $L1_HEAD --agreed-l2-output-root $AGREED \\
      --claimed-l2-output-root $CLAIMED --claimed-l2-block-number 110

A proof says: the guest ended well and committed to these values. If they are the ones that you mean only you can know: say what you
expect, or compare what is printed.

Exit codes: 0 it holds and is for what you expect, 1 it isn't, 2 anything else.")]
pub(crate) struct Verify {
    /// The proof
    pub(crate) proof: PathBuf,
    /// The guest that it must be of
    #[arg(long, value_name = "FILE", group = "whose")]
    pub(crate) elf: Option<PathBuf>,
    /// The verifying key of that guest, a file that `vkey --out` wrote
    #[arg(long, value_name = "FILE", group = "whose")]
    pub(crate) vkey: Option<PathBuf>,
    /// Let a mock pass, which proves nothing: for tests
    #[arg(long)]
    pub(crate) mock: bool,
    #[command(flatten)]
    pub(crate) expected: ExpectedFlags,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What the proof must commit to.
#[derive(Args)]
#[command(next_help_heading = "Expected")]
pub(crate) struct ExpectedFlags {
    /// Hash of the newest L1 block that counts
    #[arg(long, value_name = "HASH", value_parser = word)]
    pub(crate) l1_head: Option<Word>,
    /// The output root that was agreed on
    #[arg(long, value_name = "ROOT", value_parser = word)]
    pub(crate) agreed_l2_output_root: Option<Word>,
    /// The output root that was claimed
    #[arg(long, value_name = "ROOT", value_parser = word)]
    pub(crate) claimed_l2_output_root: Option<Word>,
    /// Number of the L2 block that it was claimed for
    #[arg(long, value_name = "NUMBER")]
    pub(crate) claimed_l2_block_number: Option<u64>,
    /// Hash of the chain's configuration
    #[arg(long, value_name = "HASH", value_parser = word)]
    pub(crate) chain_hash: Option<Word>,
    /// Of joined proofs: hash of the verifying key that each was verified by
    #[arg(long, value_name = "HASH", value_parser = word)]
    pub(crate) program: Option<Word>,
    /// All public values as they are, in hexadecimal digits: for guests that commit to something else
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) public_values: Option<Bytes>,
}

/// Bytes of a flag.
pub(crate) type Bytes = std::vec::Vec<u8>;

impl ExpectedFlags {
    pub(crate) fn expected(&self) -> Expected {
        Expected {
            public_values: self.public_values.clone(),
            chain_hash: self.chain_hash,
            l1_head: self.l1_head,
            agreed_output_root: self.agreed_l2_output_root,
            claimed_output_root: self.claimed_l2_output_root,
            claimed_block_number: self.claimed_l2_block_number,
            program: self.program,
        }
    }
}

/// Print a verifying key.
#[derive(Args)]
#[command(after_help = "Example:
    kohala-sp1 vkey kohala-sp1-range.elf --out range.vkey")]
pub(crate) struct Vkey {
    /// The guest, an ELF file
    pub(crate) elf: PathBuf,
    /// A file to write the whole key to, for `verify --vkey`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Join proofs.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("range").required(true))]
#[command(after_help = "Example:
    kohala-sp1 prove kohala-sp1-range.elf --input 60-85.sp1 --mode compressed --out 60-85.bin
    kohala-sp1 prove kohala-sp1-range.elf --input 85-110.sp1 --mode compressed --out 85-110.bin
    kohala-sp1 aggregate --elf kohala-sp1-aggregation.elf --range-elf kohala-sp1-range.elf --mode groth16 --out 60-110.bin \\
      60-85.bin 85-110.bin

With --mode mock or execute, which prove nothing, the proofs may be mocks.")]
pub(crate) struct Aggregate {
    /// The aggregation guest
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: PathBuf,
    /// The guest that the proofs are of
    #[arg(long, value_name = "FILE", group = "range")]
    pub(crate) range_elf: Option<PathBuf>,
    /// The verifying key of that guest, a file that `vkey --out` wrote
    #[arg(long, value_name = "FILE", group = "range")]
    pub(crate) range_vkey: Option<PathBuf>,
    /// If their L1 heads differ, a file with L1 headers from the last one's down to a child of the oldest: RLP in hexadecimal digits,
    /// a line each (`debug_getRawHeader` has them)
    #[arg(long, value_name = "FILE")]
    pub(crate) l1_headers: Option<PathBuf>,
    /// The proofs, compressed ones, in the order of their ranges
    #[arg(required = true)]
    pub(crate) proofs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) prover: ProverFlags,
    #[command(flatten)]
    pub(crate) output: Output,
}

fn bytes(text: &str) -> Result<Bytes, String> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|error| error.to_string())
}

fn word(text: &str) -> Result<Word, String> {
    bytes(text)?.try_into().map_err(|bytes: Bytes| format!("32 bytes are due, and these are {}", bytes.len()))
}
