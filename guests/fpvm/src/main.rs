//! The fault proof program on a fault proof VM. It reads a dispute's inputs from the preimage oracle and exits with 0 for
//! a right claim, 1 for a wrong one, 2 where there is no verdict. It fetches nothing and takes no arguments.
#![no_std]
#![no_main]

use kohala_fpvm::{Exit, HostOracle, entry, stderr};
use kohala_program::{OracleInputs, run};

entry!(judge);

fn judge() -> Exit {
    match run(OracleInputs::new(HostOracle).accelerated().opening_blobs()) {
        Ok(verdict) if verdict.is_valid() => Exit::Valid,
        Ok(_) => Exit::Invalid,
        Err(error) => {
            stderr(format_args!("no verdict: {error}\n"));
            Exit::NoVerdict
        }
    }
}
