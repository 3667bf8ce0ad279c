//! The command line: what can be asked, in whose words. Flags of `verify` bear the names that kona's host gave them, so
//! that scripts keep working.

mod about;
#[cfg(test)]
mod examples;
mod prove;
mod vm;

pub(crate) use about::{Completions, Man, Version};
pub(crate) use prove::{
    AggregateFlags, Backend, BackendFlags, ProofFlags, Prove, ProveCommand, ProverFlags, VkeyFlags,
};
pub(crate) use vm::{LoadElf, Run, Vm, VmType, Witness as VmWitness};

use alloy_primitives::B256;
use clap::{Args, Parser, Subcommand, ValueEnum};
use kohala_host::discover::Target;
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// Proves claims about OP Stack chains from L1 data.
///
/// A claim says: «at block N, this L2 chain has this output root». Kohala takes an L1 block hash and an earlier output
/// root as given, derives every block in between from L1 data, executes it, and says whether the claim is right.
///
/// Exit codes: 0 the claim is right, 1 it is wrong, 2 anything else (missing data, bad input): never a verdict.
#[derive(Parser)]
#[command(name = "kohala", version = crate::version::LINE, max_term_width = 100)]
#[command(after_help = "Examples:
  See what it does, on a chain that is made for it:
    kohala demo

  See what your nodes can do, and judge a block of a known chain by them:
    kohala check --chain op-mainnet --l1 $L1 --beacon $BEACON --l2 $L2
    kohala verify --chain op-mainnet --block latest-safe --l1 $L1 --beacon $BEACON --l2 $L2

  Keep what a claim took in one file, and judge it by that anywhere:
    kohala witness --chain op-mainnet --block 145000000 --l1 $L1 --beacon $BEACON --l2 $L2 claim.kohala
    kohala verify --witness claim.kohala

`kohala COMMAND --help` has examples of each command, `kohala man` the same as manual pages.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Judge a claim: from nodes, or offline from a store or a witness
    Verify(Box<Verify>),
    /// Judge a claim and pack all that it takes into one file: with it the claim can be judged anywhere
    Witness(Box<Witness>),
    /// Prove a claim by a zkVM, or see what that takes; check proofs, and join them
    Prove(Box<Prove>),
    /// Serve preimages, or judge with them, as `kona-host` does: for op-challenger, VMs and scripts
    #[command(subcommand)]
    #[command(after_help = "Example:
    kohala host single --native --chain op-mainnet --claim claim.json --l1 $L1 --beacon $BEACON --l2 $L2

`kohala host single --help` has more.")]
    Host(Host),
    /// The same as `host single`: what is told to start a kona-host at some path says only this
    #[command(hide = true)]
    Single(Box<Single>),
    /// Run the program on file descriptors 3 to 6, as a child of a host: exit code 0, 1 or 2 as always
    Client(ClientFlags),
    /// Probe nodes: what they can and can't do for Kohala, and what to change
    Check(Box<Check>),
    /// Make a small chain, prove a true claim about it from its nodes and refute a false one, with everything explained
    #[command(after_help = "Examples:
    kohala demo
    kohala demo -v            # a line for each block besides")]
    Demo(Output),
    /// Convert, unpack and examine stores of preimages, and make calls for L1 out of them
    #[command(subcommand)]
    #[command(after_help = "Examples:
    kohala store import data/preimages preimages.kohala
    kohala store inspect preimages.kohala")]
    Store(Store),
    /// Run a program on a fault proof VM, as cannon does, for disputes: load it, run it, prove its steps
    #[command(subcommand)]
    #[command(after_help = "Examples:
    kohala vm load-elf --type multithreaded64-5 --path target/guests/kohala-client-mips64.elf --out prestate.bin.gz --meta ''
    kohala vm witness --input prestate.bin.gz
    kohala vm run --input prestate.bin.gz --meta '' -- kohala host single --server --chain op-mainnet --claim claim.json \\
      --data-dir data")]
    Vm(Vm),
    /// Print what completes commands and flags in a shell
    Completions(Completions),
    /// Print a command's manual page, or write those of all
    Man(Man),
    /// Say which build this is: version, commit, forks, and the prestates and verifying keys of the guests that it finds
    Version(Version),
}

/// Judge a claim.
#[derive(Args)]
#[command(after_help = "Examples:
  A block of a known chain, everything else found out:
    kohala verify --chain op-mainnet --block 145000000 --l1 $L1 --beacon $BEACON --l2 $L2

  All blocks from 61 to 110 of a chain of your own, what is fetched kept for the next time:
    kohala verify --rollup-config-path rollup.json --l1-config-path l1.json --block 61..110 \\
      --l1 $L1 --beacon $BEACON --l2 $L2 --rollup-node $ROLLUP_NODE --data-dir preimages.db

  A recorded claim, offline:
    kohala verify --data-dir testdata/chains/main/preimages.kohala \\
      --rollup-config-path testdata/chains/main/rollup.json \\
      --l1-config-path testdata/chains/main/l1-chain-config.json \\
      --claim testdata/chains/main/claims/60-110.json

  A witness, offline: the file says all:
    kohala verify --witness claim.kohala")]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) claim: ClaimFlags,
    /// The L2 block to judge, or the first and the last of several (61..110), or latest-safe or latest-finalized:
    /// what else a claim has is asked of the nodes
    #[arg(long, value_name = "BLOCK", conflicts_with_all = ["claim", "claimed_l2_output_root", "claimed_l2_block_number", "agreed_l2_output_root", "agreed_l2_head_hash"])]
    pub(crate) block: Option<BlockRange>,
    /// A witness file (`kohala witness` writes one): it has the claim too
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data_dir", "data_format", "l1", "beacon", "l2", "block"])]
    pub(crate) witness: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) chain: ChainFlags,
    #[command(flatten)]
    pub(crate) data: DataFlags,
    #[command(flatten)]
    pub(crate) sources: SourceFlags,
    #[command(flatten)]
    pub(crate) metrics: MetricsFlags,
    /// Write the run as a page to look at: verdict, phases and blocks over time, what nodes were asked, what was dropped
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Judge a claim and keep what it took.
#[derive(Args)]
#[command(after_help = "Examples:
    kohala witness --chain op-mainnet --block 145000000 --l1 $L1 --beacon $BEACON --l2 $L2 claim.kohala
    kohala verify --witness claim.kohala

    kohala witness --data-dir testdata/chains/main/preimages.kohala \\
      --rollup-config-path testdata/chains/main/rollup.json \\
      --l1-config-path testdata/chains/main/l1-chain-config.json \\
      --claim testdata/chains/main/claims/40-41.json main-40-41.kohala

  What a guest in a zkVM reads, of the same claim:
    kohala witness --witness main-40-41.kohala --zkvm main-40-41.zkvm
    kohala prove --input main-40-41.zkvm")]
pub(crate) struct Witness {
    /// The file to write: a packed store, whose name ends in .kohala
    pub(crate) to: PathBuf,
    /// Write the input of a zkVM's guest instead: what the program reads, in the order in which it does
    #[arg(long, conflicts_with = "report")]
    pub(crate) zkvm: bool,
    #[command(flatten)]
    pub(crate) verify: Verify,
}

/// The host.
#[derive(Subcommand)]
pub(crate) enum Host {
    /// One chain, one claim: a drop-in for `kona-host single`
    Single(Box<Single>),
}

/// Serve or judge one claim.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("mode").required(true))]
#[command(after_help = "Examples:
  Judge here (exit code 0: the claim is right, 1: it is wrong, 2: no verdict):
    kohala host single --native --l1-head $L1_HEAD --agreed-l2-head-hash $HASH --agreed-l2-output-root $ROOT \\
      --claimed-l2-output-root $CLAIM --claimed-l2-block-number 110 --l2-chain-id 10 \\
      --l1-node-address $L1 --l1-beacon-address $BEACON --l2-node-address $L2 --data-dir data

  Serve a program whose VM has started this with pipes on file descriptors 3 to 6:
    cannon run --input prestate.bin.gz -- kohala host single --server --chain op-mainnet --claim claim.json \\
      --l1 $L1 --beacon $BEACON --l2 $L2 --data-dir data")]
pub(crate) struct Single {
    #[command(flatten)]
    pub(crate) claim: ClaimFlags,
    #[command(flatten)]
    pub(crate) chain: ChainFlags,
    #[command(flatten)]
    pub(crate) data: DataFlags,
    #[command(flatten)]
    pub(crate) sources: SourceFlags,
    /// Judge the claim in this process
    #[arg(long, env = "NATIVE", group = "mode")]
    pub(crate) native: bool,
    /// Serve a program that runs elsewhere: hints on file descriptors 3 and 4, preimages on 5 and 6
    #[arg(long, env = "SERVER", group = "mode")]
    pub(crate) server: bool,
    /// Whose program is served: they look for the configuration of a chain that they don't know in different places
    #[arg(long, value_name = "PROGRAM", default_value = "kona", conflicts_with = "native")]
    pub(crate) program: ServedProgram,
    /// Taken for kona's sake, without effect: witnesses are used wherever nodes have them
    #[arg(long, env = "ENABLE_EXPERIMENTAL_WITNESS_ENDPOINT")]
    pub(crate) enable_experimental_witness_endpoint: bool,
    #[command(flatten)]
    pub(crate) metrics: MetricsFlags,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// The program behind pipes.
#[derive(Args)]
#[command(after_help = "Example, with the host beside it (a VM opens such pipes itself):
    mkfifo hints.up hints.down keys.up keys.down
    kohala host single --server --chain op-mainnet --claim claim.json --data-dir data \\
      3<hints.up 4>hints.down 5<keys.up 6>keys.down &
    kohala client 4>hints.up 3<hints.down 6>keys.up 5<keys.down")]
pub(crate) struct ClientFlags {
    /// Ask the host for the outcomes of precompiles, for who signed transactions and for sums of points that show where a
    /// blob ends, as on a fault proof VM, instead of computing them; the host's word is taken for all of them
    #[arg(long)]
    pub(crate) accelerated: bool,
    /// Look up the hashes of L1 blocks far below the L1 head in L1's state (EIP-2935) instead of reading every header on the
    /// way: Kohala's host knows how, others don't, and it needs an L1 archive node once the L1 head is 128 blocks old
    #[arg(long)]
    pub(crate) l1_history: bool,
}

/// Whose program a host serves.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServedProgram {
    /// kona's client, or Kohala's
    Kona,
    /// op-program's client
    OpProgram,
}

/// Probe nodes.
#[derive(Args)]
#[command(after_help = "Example:
    kohala check --chain op-mainnet --l1 $L1 --beacon $BEACON --l2 $L2 --rollup-node $ROLLUP_NODE")]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) chain: ChainFlags,
    #[command(flatten)]
    pub(crate) sources: SourceFlags,
    /// How many L2 blocks behind the newest safe one the state must be there
    #[arg(long, value_name = "BLOCKS", default_value_t = 1800, value_parser = number)]
    pub(crate) age: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// L2 blocks in a row that are judged together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockRange {
    /// The first; the last alone where there is none.
    pub(crate) first: Option<u64>,
    pub(crate) last: Target,
}

impl std::str::FromStr for BlockRange {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let last = |text: &str| match text {
            "latest-safe" => Ok(Target::LatestSafe),
            "latest-finalized" => Ok(Target::LatestFinalized),
            number => {
                number.parse().map(Target::Number).map_err(|_| "a number, latest-safe or latest-finalized is due")
            }
        };
        let Some((first, end)) = text.split_once("..") else { return Ok(Self { first: None, last: last(text)? }) };
        let first = first.parse().map_err(|_| "the first block of a range must be a number")?;
        match last(end)? {
            Target::Number(end) if end < first => Err("the range's last block comes before its first"),
            last => Ok(Self { first: Some(first), last }),
        }
    }
}

/// How a store lies on disk.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataFormat {
    /// One file, compressed and indexed: Kohala's own, read only
    Packed,
    /// An embedded database (redb), which grows as data is fetched; one process at a time
    Database,
    /// A folder with a file for each preimage (kona's `directory`, op-program's `directory` and `file`)
    Directory,
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
    #[arg(long, env = "L1_HEAD", value_name = "HASH", value_parser = hash)]
    pub(crate) l1_head: Option<B256>,
    /// Hash of the agreed L2 block; checked against the agreed output root if given
    #[arg(long, visible_alias = "l2-head", env = "AGREED_L2_HEAD_HASH", value_name = "HASH", value_parser = hash)]
    pub(crate) agreed_l2_head_hash: Option<B256>,
    /// The output root that both parties agree on
    #[arg(long, visible_alias = "l2-output-root", env = "AGREED_L2_OUTPUT_ROOT", value_name = "ROOT", value_parser = hash)]
    pub(crate) agreed_l2_output_root: Option<B256>,
    /// The output root that is claimed
    #[arg(long, visible_alias = "l2-claim", env = "CLAIMED_L2_OUTPUT_ROOT", value_name = "ROOT", value_parser = hash)]
    pub(crate) claimed_l2_output_root: Option<B256>,
    /// Number of the L2 block that it is claimed for
    #[arg(
        long,
        visible_alias = "l2-block-number",
        env = "CLAIMED_L2_BLOCK_NUMBER",
        value_name = "NUMBER",
        value_parser = number,
        allow_negative_numbers = true
    )]
    pub(crate) claimed_l2_block_number: Option<u64>,
}

/// Where preimages are kept.
#[derive(Args)]
pub(crate) struct DataFlags {
    /// Where the preimages are: a packed store (a file), a database, a folder that op-program or kona's host wrote, or a
    /// plain stream of records (`.kv`, `.kv.zst`). With nodes to fetch from, what they bring is kept here
    #[arg(long, visible_alias = "db", env = "DATA_DIR", value_name = "PATH")]
    pub(crate) data_dir: Option<PathBuf>,
    /// What kind of store that must be, or is to be made [default: found out from its content; a new one is a
    /// directory for `host single --server`, or else a database]
    #[arg(long, env = "DATA_FORMAT", value_name = "FORMAT")]
    pub(crate) data_format: Option<DataFormat>,
}

/// The nodes that data is fetched from, and how. Several URLs of one flag, with commas between, stand in for each other.
#[derive(Args)]
#[command(next_help_heading = "Nodes")]
pub(crate) struct SourceFlags {
    /// Execution client of L1
    #[arg(
        long,
        visible_alias = "l1-node-address",
        env = "L1_NODE_ADDRESS",
        value_name = "URL",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub(crate) l1: Vec<String>,
    /// Beacon node of L1
    #[arg(
        long,
        visible_alias = "l1-beacon-address",
        env = "L1_BEACON_ADDRESS",
        value_name = "URL",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub(crate) beacon: Vec<String>,
    /// Execution client of L2
    #[arg(
        long,
        visible_alias = "l2-node-address",
        env = "L2_NODE_ADDRESS",
        value_name = "URL",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub(crate) l2: Vec<String>,
    /// op-node: only asked to find out what is to be judged
    #[arg(long, env = "ROLLUP_NODE_ADDRESS", value_name = "URL", value_delimiter = ',', hide_env_values = true)]
    pub(crate) rollup_node: Vec<String>,
    /// Seconds after which a request without an answer is repeated
    #[arg(long, env = "KOHALA_RPC_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) rpc_timeout: Duration,
    /// Requests under way at once, for each URL
    #[arg(long, env = "KOHALA_RPC_CONCURRENCY", value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) rpc_concurrency: u32,
    /// Requests a second at most, for each URL [default: no limit]
    #[arg(long, env = "KOHALA_RPC_RATE", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rpc_rate: Option<u32>,
    /// Calls in one JSON-RPC batch at most; 1 sends none
    #[arg(long, env = "KOHALA_RPC_BATCH", value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rpc_batch: u32,
    /// Seconds that nodes may go on answering that they don't have something (they may lag behind), before that ends the
    /// run without a verdict. Outages are waited out without end
    #[arg(long, env = "KOHALA_PATIENCE", value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub(crate) patience: Duration,
    /// Seconds after which the run ends without a verdict, whatever is missing [default: none]
    #[arg(long, env = "KOHALA_DEADLINE", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) deadline: Option<Duration>,
    /// Seconds that a slot of L1 takes [default: the beacon node is asked]
    #[arg(long, env = "KOHALA_L1_SLOT_DURATION", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) l1_slot_duration: Option<Duration>,
}

/// Figures for Prometheus while a run goes on.
#[derive(Args, Clone, Copy)]
#[command(next_help_heading = "Metrics")]
pub(crate) struct MetricsFlags {
    /// Port to serve figures of the run on, for Prometheus (`/metrics`); 0 takes a free one, which -v says [default: none
    /// are served]
    #[arg(long = "metrics.port", env = "KOHALA_METRICS_PORT", value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// Address to serve them on
    #[arg(long = "metrics.addr", env = "KOHALA_METRICS_ADDR", value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) addr: IpAddr,
}

fn hash(text: &str) -> Result<B256, &'static str> {
    text.parse().map_err(|_| "32 bytes are due, 64 hexadecimal digits")
}

fn number(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "a whole number in decimal digits is due")
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds is due".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("it must not be zero".to_owned()) } else { Ok(duration) }
}

/// The chain that the claim is about.
#[derive(Args)]
pub(crate) struct ChainFlags {
    /// Name or id of a chain that Kohala knows, such as op-mainnet or 10
    #[arg(long, env = "KOHALA_CHAIN", value_name = "NAME", conflicts_with_all = ["l2_chain_id", "rollup_config_path"])]
    pub(crate) chain: Option<String>,
    /// Id of a chain that Kohala knows
    #[arg(long, env = "L2_CHAIN_ID", value_name = "ID", value_parser = number, conflicts_with = "rollup_config_path")]
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
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Say what each step does: -v blocks, -vv also what derivation dropped and why, and what is asked of nodes
    #[arg(short, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How logs are written, which go to the standard error
    #[arg(
        long = "logs.stdout.format",
        env = "KOHALA_LOGS_STDOUT_FORMAT",
        value_name = "FORMAT",
        default_value = "compact"
    )]
    pub(crate) logs: LogFormat,
}

/// How log lines look, by the names that kona's tools have for it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line each, with time, level, target and fields
    Full,
    /// A JSON object each
    Json,
    /// Several lines each
    Pretty,
    /// A short line each
    Compact,
    /// A line of key=value each
    Logfmt,
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
    #[command(after_help = "Example:\n    kohala store export preimages.kohala data/preimages")]
    Export {
        /// The store to read, of any kind
        from: PathBuf,
        /// The folder to write
        to: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Say what a store holds, having checked every preimage of it
    #[command(after_help = "Example:\n    kohala store inspect testdata/chains/main/preimages.kohala")]
    Inspect {
        /// The store, of any kind
        store: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Print the call of a contract on L1 that loads a part of a preimage there, with all that it takes to be believed
    ///
    /// It is the call that op-challenger sends before a step that reads the part. Nothing is sent.
    #[command(after_help = "Examples:
  The first 32 bytes of a preimage, its length before it:
    kohala store call data/preimages --key $KEY --offset 0

  A boot input, the L1 head, for a step below claim 61 of a game:
    kohala store call data/preimages --key 0x0100000000000000000000000000000000000000000000000000000000000001 --claim-index 61")]
    Call {
        /// The store, of any kind
        store: PathBuf,
        /// The preimage's key, with its type in the first byte
        #[arg(long, value_name = "KEY", value_parser = hash)]
        key: B256,
        /// Where the part begins, counted from the eight bytes of length before the preimage
        #[arg(long, value_name = "BYTES", default_value_t = 0, value_parser = number)]
        offset: u64,
        /// For local keys: the index of the game's claim below which the step lies
        #[arg(long, value_name = "INDEX", value_parser = number)]
        claim_index: Option<u64>,
        #[command(flatten)]
        output: Output,
    },
}

impl Store {
    /// How to say what came out.
    pub(crate) const fn output(&self) -> Output {
        match self {
            Self::Import { output, .. }
            | Self::Export { output, .. }
            | Self::Inspect { output, .. }
            | Self::Call { output, .. } => *output,
        }
    }
}
