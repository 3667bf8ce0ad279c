//! The fault proof program on a fault proof VM. It reads a dispute's inputs from the preimage oracle and exits with 0 for
//! a right claim, 1 for a wrong one, 2 where there is no verdict. It fetches nothing and takes no arguments.
#![no_std]
#![no_main]

use kohala_fpvm::{Exit, HostOracle, entry, stderr};
use kohala_program::{OracleInputs, run_knowing};
use kohala_protocol::{L1ChainConfig, RollupConfig, chains};

entry!(judge);

fn judge() -> Exit {
    let inputs = OracleInputs::new(HostOracle).accelerated();
    let inputs = if cfg!(feature = "l1-history") { inputs.by_history() } else { inputs };
    match run_knowing(inputs, known) {
        Ok(verdict) if verdict.is_valid() => Exit::Valid,
        Ok(_) => Exit::Invalid,
        Err(error) => {
            stderr(format_args!("no verdict: {error}\n"));
            Exit::NoVerdict
        }
    }
}

/// The chain that was compiled in, or one that every build knows.
///
/// The files are as they were given, and checked when `cargo xtask guests` has built this: to read them takes some ten
/// thousand steps, once.
fn known(chain_id: u64) -> Option<(RollupConfig, L1ChainConfig)> {
    let own = option_env!("KOHALA_ROLLUP_CONFIG").map(compiled_in);
    own.filter(|(rollup, _)| rollup.l2_chain_id == chain_id).or_else(|| chains::by_id(chain_id))
}

fn compiled_in(rollup: &str) -> (RollupConfig, L1ChainConfig) {
    let rollup = RollupConfig::from_json(rollup.as_bytes()).expect("KOHALA_ROLLUP_CONFIG was checked");
    let l1 = match option_env!("KOHALA_L1_CONFIG") {
        Some(json) => L1ChainConfig::from_json(json.as_bytes()).expect("KOHALA_L1_CONFIG was checked"),
        None => L1ChainConfig::by_id(rollup.l1_chain_id).expect("the L1 chain was checked to be a known one"),
    };
    (rollup, l1)
}
