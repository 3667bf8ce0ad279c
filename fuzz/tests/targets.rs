//! Each target on what it once failed on, on its seeds, and on so many changes of them that it takes seconds.

use kohala_fuzz::{Mutations, TARGETS};
use std::{fs, path::Path};

/// Runs a target; an input that fails is shown, to be kept as `fuzz/findings/<target>/<name>`.
fn run(name: &str, executions: usize) {
    let target = TARGETS.into_iter().find(|target| target.name == name).expect("a target");
    let seeds = (target.seeds)();
    assert!(seeds.len() >= 8, "{name} has {} seeds", seeds.len());
    let inputs = findings(name).into_iter().chain(seeds.clone()).chain(Mutations::new(seeds).take(executions));
    for input in inputs {
        if let Err(panic) = std::panic::catch_unwind(|| (target.run)(&input)) {
            eprintln!("{name} fails on {}", alloy_primitives::hex::encode(&input));
            std::panic::resume_unwind(panic);
        }
    }
}

/// Inputs that a target once failed on.
fn findings(name: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("findings").join(name);
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.map(|entry| fs::read(entry.expect("an entry").path()).expect("a finding")).collect()
}

macro_rules! tests {
    ($($name:ident: $executions:expr,)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name), $executions);
            }
        )*

        #[test]
        fn every_target_is_run_and_has_its_binary() {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
            for name in names {
                let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz_targets/{name}.rs"));
                assert!(fs::read_to_string(binary).expect("a binary").contains(&format!("kohala_fuzz::{name}(")));
            }
        }
    };
}

tests! {
    frames: 100_000,
    blob: 2_000,
    channel_stream: 5_000,
    channel_items: 2_000,
    channel_assembly: 3_000,
    singular_batch: 20_000,
    span_batch: 10_000,
    span_transactions: 10_000,
    deposit_logs: 20_000,
    config_updates: 20_000,
    l1_header: 20_000,
    l1_receipt: 20_000,
    l1_transaction: 3_000,
    l2_block: 20_000,
    pipeline_script: 2_000,
    pipeline_chain: 500,
    trie_script: 10_000,
    trie_node: 30_000,
}
