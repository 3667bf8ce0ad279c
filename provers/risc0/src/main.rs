//! The binary: parses, calls the library, says what came out.

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use kohala_risc0::{Execution, Guest, execute};
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

/// The guest failed, or something else did.
const FAILURE: u8 = 2;

/// Runs Kohala's guest in RISC Zero's executor.
///
/// Nothing is proven here: a proof takes RISC Zero's own prover (crate risc0-zkvm with its feature `prove`, or r0vm), which is given the
/// same executable and input.
///
/// Exit codes: 0 the guest succeeded, 2 anything else.
#[derive(Parser)]
#[command(name = "kohala-risc0", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a guest without a proof: what it commits to, and the cycles that it takes
    #[command(after_help = "Example:
    kohala-risc0 execute target/guests/kohala-risc0-range.elf --input claim.witness")]
    Execute {
        /// The guest, an ELF file
        elf: PathBuf,
        /// What it reads, a witness: a file or - for the standard input
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let Cli { command: Command::Execute { elf, input, json } } = Cli::parse();
    // A panic is a bug, of ours or of RISC Zero, and says nothing about a claim.
    let run = thread::spawn(move || match run(&elf, &input, json) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if json {
                println!("{}", serde_json::json!({ "error": format!("{error:#}") }));
            }
            eprintln!("error: {error:#}");
            ExitCode::from(FAILURE)
        }
    });
    run.join().unwrap_or(ExitCode::from(FAILURE))
}

fn run(elf: &Path, input: &Path, json: bool) -> Result<()> {
    let guest = Guest::read(elf)?;
    let input = read(input).with_context(|| format!("--input: {} can't be read", input.display()))?;
    let Execution { journal, cycles, total_cycles, segments, permutations } = execute(&guest, &input)?;
    let (journal, image_id) = (format!("0x{}", hex::encode(journal)), format!("0x{}", hex::encode(guest.image_id)));
    if json {
        let json = serde_json::json!({
            "journal": journal, "image_id": image_id, "exit_code": 0, "cycles": cycles, "total_cycles": total_cycles,
            "segments": segments, "keccak_permutations": permutations,
        });
        println!("{json}");
    } else {
        println!("journal              {journal}");
        println!("image ID             {image_id}");
        println!("cycles               {cycles}, {total_cycles} in {segments} segments with paging and padding");
        println!("Keccak permutations  {permutations}");
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new("-") {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}
