//! Flags of `kohala vm`, by the names that cannon and asterisc have for them.

use super::LogFormat;
use clap::{Args, Subcommand, ValueEnum};
use kohala_vm::run::{Names, Pattern};
use std::{ffi::OsString, path::PathBuf};

/// Fault proof VMs.
#[derive(Subcommand)]
pub(crate) enum Vm {
    /// Load a program, an ELF file, into a VM's first state: the prestate of disputes
    LoadElf(LoadElf),
    /// Run a program from a state on: write snapshots, and proofs of the steps that L1 is to make
    Run(Box<Run>),
    /// Print a state's witness and its hash
    Witness(Witness),
}

/// Which VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VmType {
    /// Cannon: MIPS with 64 bits and threads, state version 8
    #[value(name = "multithreaded64-5")]
    Cannon,
    /// Asterisc: RISC-V with 64 bits
    #[value(name = "asterisc")]
    Asterisc,
}

/// Load a program.
#[derive(Args)]
#[command(after_help = "Example:
    kohala vm load-elf --type multithreaded64-5 --path kohala-client-mips64.elf --out prestate.bin.gz --meta ''
    kohala vm witness --input prestate.bin.gz")]
pub(crate) struct LoadElf {
    /// The VM: cannon's bears the name that it has for this version of its states
    #[arg(long = "type", value_name = "VM")]
    pub(crate) vm: VmType,
    /// The program
    #[arg(long, value_name = "FILE")]
    pub(crate) path: PathBuf,
    /// The state's file, compressed if its name ends in .gz; - for the standard output, nothing if empty. It is binary if its
    /// name ends in .bin or .bin.gz, or else JSON, which only asterisc has
    #[arg(long, value_name = "FILE", default_value = "state.bin.gz")]
    pub(crate) out: String,
    /// Where the program's symbols go, as JSON; as above
    #[arg(long, value_name = "FILE", default_value = "meta.json")]
    pub(crate) meta: String,
}

/// Run a program.
#[derive(Args)]
#[command(
    after_help = "PATTERN says at which steps something is done: never, always, =123 at exactly that one, %123 at every
multiple of it. A FORMAT is a file's name in which %d stands for the step's number.

Example, as op-challenger calls it:
    kohala vm run --input prestate.bin.gz --output final.bin.gz --meta '' --info-at %10000000 \\
      --proof-at =1234 --proof-fmt proofs/%d.json.gz --snapshot-at %1000000000 --snapshot-fmt snapshots/%d.bin.gz \\
      --stop-at =1235 -- kohala host single --server --chain op-mainnet \\
      --claim claim.json --l1 $L1 --beacon $BEACON --l2 $L2 --data-dir data

Exit codes: 0 if the run went as far as it should, however the program ended, 2 if the VM or its server can't go on, 1 for
whatever else is wrong."
)]
pub(crate) struct Run {
    /// The state to begin with: its content says which VM it is of
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Where the last state is written to; - for the standard output, nothing if empty
    #[arg(long, value_name = "FILE", default_value = "out.bin.gz")]
    pub(crate) output: String,
    /// When to write a proof of the step that is next
    #[arg(long, value_name = "PATTERN", default_value = "never")]
    pub(crate) proof_at: Pattern,
    /// Where proofs are written to; - for the standard output
    #[arg(long, value_name = "FORMAT", default_value = "proof-%d.json")]
    pub(crate) proof_fmt: Names,
    /// When to write the state
    #[arg(long, value_name = "PATTERN", default_value = "never")]
    pub(crate) snapshot_at: Pattern,
    /// Where it is written to then
    #[arg(long, value_name = "FORMAT", default_value = "state-%d.bin.gz")]
    pub(crate) snapshot_fmt: Names,
    /// When to stop
    #[arg(long, value_name = "PATTERN", default_value = "never")]
    pub(crate) stop_at: Pattern,
    /// Stop after the first read of a preimage whose key begins so, at this offset (0 if not given; the length's eight bytes
    /// count), from this step on
    #[arg(long, value_name = "KEY[@OFFSET[@STEP]]")]
    pub(crate) stop_at_preimage: Option<String>,
    /// Stop after the first read of a preimage of this type; --stop-at-preimage comes before it
    #[arg(long, value_name = "local|keccak|sha256|blob|precompile|any")]
    pub(crate) stop_at_preimage_type: Option<String>,
    /// Stop after the first read of a preimage of more bytes than that; if its key or type is given, of such a one
    #[arg(long, value_name = "BYTES")]
    pub(crate) stop_at_preimage_larger_than: Option<usize>,
    /// A file with the program's symbols, which `load-elf` has written; none if empty
    #[arg(long, value_name = "FILE", default_value = "meta.json")]
    pub(crate) meta: String,
    /// When to say how far it is
    #[arg(long, value_name = "PATTERN", default_value = "%1000000000")]
    pub(crate) info_at: Pattern,
    /// Write figures of the run to this file, as JSON (cannon only)
    #[arg(long, value_name = "FILE")]
    pub(crate) debug_info: Option<String>,
    /// Refused: cannon would write a stack trace
    #[arg(long, hide = true)]
    pub(crate) debug: bool,
    /// Refused: cannon would profile itself
    #[arg(long = "pprof.cpu", hide = true)]
    pub(crate) pprof_cpu: bool,
    /// How logs are written, which go to the standard error
    #[arg(
        long = "logs.stdout.format",
        env = "KOHALA_LOGS_STDOUT_FORMAT",
        value_name = "FORMAT",
        default_value = "compact"
    )]
    pub(crate) logs: LogFormat,
    /// The preimage server, a program and its arguments: it is started with pipes on file descriptors 3 to 6
    #[arg(last = true, value_name = "SERVER")]
    pub(crate) server: Vec<OsString>,
}

/// Print a witness.
#[derive(Args)]
#[command(after_help = "Example:
    kohala vm witness --input prestate.bin.gz

`witnessHash` is the state's hash; that of a state before its first step is the absolute prestate of games.")]
pub(crate) struct Witness {
    /// The state
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// A file to write the witness to, as it is
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
