//! The command line: what can be asked, in whose words. Flags of `verify` bear the names that kona's host gave them, so
//! that scripts keep working.

use alloy_primitives::B256;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Proves claims about OP Stack chains from L1 data.
///
/// A claim says: «at block N, this L2 chain has this output root». Kohala takes an L1 block hash and an earlier output
/// root as given, derives every block in between from L1 data, executes it, and says whether the claim is right.
///
/// Exit codes: 0 the claim is right, 1 it is wrong, 2 anything else (missing data, bad input): never a verdict.
#[derive(Parser)]
#[command(name = "kohala", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Judge a claim from a store of preimages, offline
    Verify(Box<Verify>),
    /// Pack the preimages that one claim needs into a file: with it the claim can be judged anywhere
    Witness(Box<Witness>),
    /// Prove a true claim about a small recorded chain and refute a false one, with everything explained
    Demo(Output),
    /// Convert, unpack and examine stores of preimages
    #[command(subcommand)]
    Store(Store),
}

/// Judge a claim.
#[derive(Args)]
#[command(after_help = "Example:
  kohala verify --data-dir testdata/chains/main/preimages.kohala \\
    --rollup-config-path testdata/chains/main/rollup.json \\
    --l1-config-path testdata/chains/main/l1-chain-config.json \\
    --claim testdata/chains/main/claims/60-110.json")]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) claim: ClaimFlags,
    #[command(flatten)]
    pub(crate) chain: ChainFlags,
    /// Where the preimages are: a packed store (a file), a database (`.db`), a folder that op-program or kona's host
    /// wrote, or a plain stream of records (`.kv`, `.kv.zst`)
    #[arg(long, visible_alias = "db", env = "DATA_DIR", value_name = "PATH")]
    pub(crate) data_dir: PathBuf,
    /// What kind of store that must be [default: found out from its content]
    #[arg(long, env = "DATA_FORMAT", value_name = "FORMAT")]
    pub(crate) data_format: Option<DataFormat>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Judge a claim and keep what it took.
#[derive(Args)]
#[command(after_help = "Example:
  kohala witness --data-dir testdata/chains/main/preimages.kohala \\
    --rollup-config-path testdata/chains/main/rollup.json \\
    --l1-config-path testdata/chains/main/l1-chain-config.json \\
    --claim testdata/chains/main/claims/40-41.json main-40-41.kohala")]
pub(crate) struct Witness {
    /// The packed file to write
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) verify: Verify,
}

/// How a store lies on disk.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataFormat {
    /// One file, compressed and indexed: Kohala's own
    Packed,
    /// A folder with a file for each preimage (kona's `directory`, op-program's `directory` and `file`)
    Directory,
    /// An embedded database (redb), one process at a time
    Database,
    /// A stream of key, length and value, plain or compressed by zstd
    Stream,
}

/// The dispute's inputs.
#[derive(Args)]
pub(crate) struct ClaimFlags {
    /// A file with the dispute's inputs as JSON; flags below override what it says
    #[arg(long, value_name = "FILE")]
    pub(crate) claim: Option<PathBuf>,
    /// Hash of the newest L1 block that may be used
    #[arg(long, env = "L1_HEAD", value_name = "HASH")]
    pub(crate) l1_head: Option<B256>,
    /// Hash of the agreed L2 block; checked against the agreed output root if given
    #[arg(long, visible_alias = "l2-head", env = "AGREED_L2_HEAD_HASH", value_name = "HASH")]
    pub(crate) agreed_l2_head_hash: Option<B256>,
    /// The output root that both parties agree on
    #[arg(long, visible_alias = "l2-output-root", env = "AGREED_L2_OUTPUT_ROOT", value_name = "ROOT")]
    pub(crate) agreed_l2_output_root: Option<B256>,
    /// The output root that is claimed
    #[arg(long, visible_alias = "l2-claim", env = "CLAIMED_L2_OUTPUT_ROOT", value_name = "ROOT")]
    pub(crate) claimed_l2_output_root: Option<B256>,
    /// Number of the L2 block that it is claimed for
    #[arg(long, visible_alias = "l2-block-number", env = "CLAIMED_L2_BLOCK_NUMBER", value_name = "NUMBER")]
    pub(crate) claimed_l2_block_number: Option<u64>,
}

/// The chain that the claim is about.
#[derive(Args)]
pub(crate) struct ChainFlags {
    /// Id of a chain that Kohala knows
    #[arg(long, env = "L2_CHAIN_ID", value_name = "ID", conflicts_with = "rollup_config_path")]
    pub(crate) l2_chain_id: Option<u64>,
    /// The rollup configuration as op-node reads it (rollup.json)
    #[arg(long, visible_alias = "rollup-cfg", env = "ROLLUP_CONFIG_PATH", value_name = "FILE")]
    pub(crate) rollup_config_path: Option<PathBuf>,
    /// The L1 chain's configuration as geth writes it; needed if Kohala does not know the L1 chain
    #[arg(long, visible_alias = "l1-cfg", env = "L1_CONFIG_PATH", value_name = "FILE")]
    pub(crate) l1_config_path: Option<PathBuf>,
}

/// How to say what came out.
#[derive(Args, Clone, Copy)]
pub(crate) struct Output {
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Say what each step does: -v blocks, -vv also what derivation dropped and why
    #[arg(short, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// Work on stores of preimages.
#[derive(Subcommand)]
pub(crate) enum Store {
    /// Check every preimage of a store and pack them into one file, or add them to a database
    #[command(after_help = "Examples:
  kohala store import data/preimages preimages.kohala
  kohala store import data/preimages preimages.db")]
    Import {
        /// The store to read, of any kind
        from: PathBuf,
        /// The packed file (`.kohala`) to write, or the database (`.db`) to add to
        to: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Unpack a store into a folder that op-program, kona's host and op-challenger can read
    #[command(after_help = "Example:\n  kohala store export preimages.kohala data/preimages")]
    Export {
        /// The store to read, of any kind
        from: PathBuf,
        /// The folder to write
        to: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Say what a store holds, having checked every preimage of it
    #[command(after_help = "Example:\n  kohala store inspect testdata/chains/main/preimages.kohala")]
    Inspect {
        /// The store, of any kind
        store: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

impl Store {
    /// How to say what came out.
    pub(crate) const fn output(&self) -> Output {
        match self {
            Self::Import { output, .. } | Self::Export { output, .. } | Self::Inspect { output, .. } => *output,
        }
    }
}
